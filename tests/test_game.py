"""What `Game` guarantees, on a game of three players with shared layers and dropout."""

from pathlib import Path

import keras
import numpy as np
import pytest
from games.three_players import VAEGAN, networks, three_players
from keras import ops

import gankit
from gankit import feed
from gankit.averaging import Averaging
from gankit.game import Game

layers = keras.layers


def values(variables):
    return [ops.convert_to_numpy(v.value).copy() for v in variables]


def moved(before, variables):
    return [bool((a != b).any()) for a, b in zip(before, values(variables), strict=True)]


def dense(inputs=2, outputs=1, **options):
    return keras.Sequential([keras.Input((inputs,)), layers.Dense(outputs, **options)])


class TwoNumbers(Game):
    """Players x and y with losses that a test gives it."""

    def __init__(self, x=None, y=None, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y = x or dense(), y or dense()

    def players(self):
        return {"x": [self.x], "y": [self.y]}

    def step(self, batch):
        for player in ("x", "y"):
            self.update(player, getattr(self, f"{player}_loss"), batch)

    def x_loss(self, batch):
        return ops.mean(self.x(batch)), {"x": ops.mean(self.x(batch))}

    def y_loss(self, batch):
        return ops.mean(self.y(batch)), {}


# ------------------------------------------------------------------------------- gradients


def test_three_losses_from_one_pass_move_each_player_by_its_own_gradient(points):
    """Against each player's gradient found alone, and an SGD step by hand."""
    game = three_players(norm=False, dropout=0.0, optimizers=dict.fromkeys(PLAYERS, "sgd"))
    game.draws.normal = ops.zeros_like
    batch = ops.convert_to_tensor(points)
    groups = [game._teams[(name,)].variables[0] for name in PLAYERS]
    before = [values(group) for group in groups]
    expected = []
    for index, group in enumerate(groups):
        _, gradients = gankit.autodiff.value_and_gradients(
            lambda index=index: (game.losses(batch)[0][index], ()), group
        )
        expected.append([ops.convert_to_numpy(g) for g in gradients])
    game.step(batch)
    for group, old, gradients in zip(groups, before, expected, strict=True):
        for new, value, gradient in zip(values(group), old, gradients, strict=True):
            assert np.abs(gradient).max() > 0
            np.testing.assert_allclose(new, value - 0.01 * gradient, rtol=1e-4, atol=1e-6)


PLAYERS = ("encoder", "generator", "discriminator")


def test_a_step_runs_each_networks_forward_once(points):
    game, calls = three_players(run_eagerly=True), []
    for network in (game.encoder, game.generator, game.discriminator):
        inner = network.call

        def counted(*args, network=network, inner=inner, **kwargs):
            calls.append(network.name)
            return inner(*args, **kwargs)

        network.call = counted
    game.step(ops.convert_to_tensor(points))
    assert sorted(calls) == ["discriminator", "encoder", "generator"]


# ------------------------------------------------------------------------------- isolation


@pytest.mark.parametrize("player", PLAYERS)
def test_an_update_moves_its_player_and_nobody_else(points, player):
    """Shared layers too: they are the discriminator's, though the encoder's loss goes through."""
    averages = dict.fromkeys(PLAYERS, Averaging(50))
    game = three_players(averages=averages)
    networks = game.players()[player]
    own = {id(v): v for network in networks for v in network.weights}
    others = [v for v in game.weights if id(v) not in own]
    optimizers = [v for n in PLAYERS if n != player for v in game.optimizers[n].variables]
    seeds = [game.seed_generator.state]
    for network in (game.encoder, game.generator):
        weights = {id(v) for v in network.weights}
        seeds += [v for v in network.variables if id(v) not in weights]
    before = values(own.values()), values(others + optimizers), values(seeds)

    def loss(real):
        found, report = game.losses(real)
        return found[PLAYERS.index(player)], report

    game.update(player, loss, ops.convert_to_tensor(points))
    assert all(moved(before[0], own.values()))
    assert not any(moved(before[1], others + optimizers))
    assert all(moved(before[2], seeds)), "random state advances"


def test_a_shared_variable_counts_once_in_a_player():
    first = dense()
    both = keras.Sequential([first, dense(1)])

    class Sharing(TwoNumbers):
        def players(self):
            return {"x": [self.x, self.y]}

    game = Sharing(first, both)
    game.compile()
    (variables,) = game._teams[("x",)].variables
    assert len(variables) == 4 and len({id(v) for v in variables}) == 4


def test_state_of_the_game_itself_may_be_changed_in_a_loss(points):
    class Counting(TwoNumbers):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def x_loss(self, batch):
            self.count.assign_add(1.0)
            return super().x_loss(batch)

    game = Counting(seed=0)
    game.compile()
    game.fit(points, batch_size=16, verbose=0)
    assert float(game.count) == 3.0


# ------------------------------------------------------------- everything else, for any game


def test_every_player_moves_and_what_losses_report_is_a_mean(points, take_step):
    game = three_players()
    before = values(game.trainable_variables)
    history = game.fit(points, batch_size=20, epochs=2, verbose=0).history
    assert sorted(history) == ["distance", "judge", "prior"]
    assert all(moved(before, game.trainable_variables))
    # 20, 20 and 8 examples: the mean over the epoch weighs examples, not batches.
    game = three_players(optimizers=dict.fromkeys(PLAYERS, keras_sgd(0.0)), dropout=0.0)
    game.draws.normal = ops.zeros_like
    parts = []
    for rows in (points[:20], points[20:40], points[40:]):
        game.reset_metrics()
        parts.append(float(take_step(game, ops.convert_to_tensor(rows))["distance"]))
    fresh = three_players(optimizers=dict.fromkeys(PLAYERS, keras_sgd(0.0)), dropout=0.0)
    fresh.draws.normal = ops.zeros_like
    got = fresh.fit(points, batch_size=20, shuffle=False, verbose=0).history["distance"][0]
    assert got == pytest.approx(np.average(parts, weights=[20, 20, 8]), rel=1e-5)


def keras_sgd(rate):
    """A fresh optimizer for each use: a name with a rate cannot be given as text."""
    return {"class_name": "SGD", "config": {"learning_rate": rate}}


def test_a_saved_game_comes_back_whole(points, state_of, tmp_path):
    averages = {"generator": Averaging(40), "encoder": Averaging(20)}
    game = three_players(averages=averages, optimizers={"encoder": "rmsprop"})
    game.fit(points, batch_size=16, verbose=0)
    game.save(tmp_path / "game.keras")
    again = gankit.load_model(tmp_path / "game.keras")
    assert type(again) is VAEGAN and again.gamma == 0.1
    assert isinstance(again.optimizers["encoder"], keras.optimizers.RMSprop)
    assert again.averages.keys() == averages.keys()
    shared = [network.get_layer("shared") for network in (again.encoder, again.discriminator)]
    assert shared[0] is shared[1], "networks that shared layers share them again"
    for g in (game, again):
        g.fit(points, batch_size=16, epochs=2, initial_epoch=1, verbose=0)
    for a, b in zip(state_of(game), state_of(again), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_average_follows_its_own_player(points, take_step):
    game = three_players(averages={"generator": Averaging(16, ramp_up=None)})
    seen = []
    for start in (0, 16):
        take_step(game, ops.convert_to_tensor(points[start : start + 16]))
        seen.append(values(game.generator.weights))
    (copy,) = game.averages["generator"].networks
    for mean, first, second in zip(values(copy.weights), *seen, strict=True):
        np.testing.assert_allclose(mean, (first + 2 * second) / 3, rtol=1e-4, atol=1e-6)
    assert list(game.averages) == ["generator"]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_scales_every_players_loss(points, policy):
    keras.config.set_dtype_policy(policy)
    try:
        game = three_players()
    finally:
        keras.config.set_dtype_policy("float32")
    scaled = [isinstance(o, keras.optimizers.LossScaleOptimizer) for o in game.optimizers.values()]
    assert scaled == [policy == "mixed_float16"] * 3
    before = values(game.trainable_variables)
    history = game.fit(points, batch_size=16, epochs=2, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    assert all(moved(before, game.trainable_variables))


def test_a_loss_that_is_scaled_moves_its_player_as_far(points):
    """The gradient of x's loss is the mean of a batch."""
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.5))
    game = TwoNumbers(dense(kernel_initializer="ones"), dense())
    game.compile(optimizers={"x": optimizer})
    game.fit(points, batch_size=16, verbose=0)
    kernel = values(game.x.weights)[0][:, 0]
    np.testing.assert_allclose(kernel, 1 - 0.5 * 3 * points.mean(axis=0), rtol=1e-5)


def test_an_optimizers_own_average_becomes_the_weights(points):
    """Keras does this for a model with one optimizer; a game's players have their own."""

    def trained(**options):
        sgd = keras.optimizers.SGD(0.5, **options)
        game = TwoNumbers(dense(kernel_initializer="ones"), dense(kernel_initializer="ones"))
        game.compile(optimizers={"x": sgd, "y": "sgd"})
        game.fit(points, batch_size=16, shuffle=False, verbose=0)
        return game, sgd

    plain, _ = trained()
    averaged, sgd = trained(use_ema=True, ema_momentum=0.5)
    average = ops.convert_to_numpy(sgd._model_variables_moving_average[0])
    np.testing.assert_array_equal(values(averaged.x.weights)[0], average)
    assert (values(plain.x.weights)[0] != average).any()
    np.testing.assert_array_equal(values(plain.y.weights)[0], values(averaged.y.weights)[0])


def test_what_compile_was_told_comes_back(tmp_path):
    game = three_players(jit_compile=True, run_eagerly=False)
    game.save(tmp_path / "game.keras")
    again = gankit.load_model(tmp_path / "game.keras")
    assert again.jit_compile is True
    assert again.get_compile_config() == game.get_compile_config()
    plain = three_players(run_eagerly=True)
    assert plain.get_compile_config()["jit_compile"] is None
    plain.save(tmp_path / "plain.keras")
    assert gankit.load_model(tmp_path / "plain.keras").run_eagerly is True


def test_evaluate_says_what_to_do_instead(points):
    with pytest.raises(NotImplementedError, match="gankit.callbacks.Evaluate"):
        three_players().evaluate(points)


# -------------------------------------------------------------------------------- the data


class Translators(TwoNumbers):
    """Two sets that are not paired, of different lengths."""

    def batch_spec(self):
        return [
            (feed.Examples((2,), None, "horses"),),
            (feed.Examples((2,), None, "zebras"), feed.ClassNumbers(3)),
        ]

    def step(self, horses, zebras, labels):
        self.update("x", self.both, horses, zebras, labels)

    def both(self, horses, zebras, labels):
        return ops.mean(self.x(horses)), {"horses": ops.mean(horses)}


def test_a_game_of_unpaired_sets_trains_on_arrays(points):
    game = Translators(seed=0)
    game.compile()
    labels = np.array([0, 1, 2])
    history = game.fit((points, (points[:3], labels)), batch_size=16, epochs=2, verbose=0)
    assert history.history["horses"] == pytest.approx([points.mean()] * 2, rel=1e-4)
    with pytest.raises(ValueError, match=r"Zebras must have shape \(examples, 2\)"):
        game.fit((points, (points[:3, :1], labels)), verbose=0)
    with pytest.raises(ValueError, match="Labels must have shape"):
        game.fit((points, (points[:3], labels[:2])), verbose=0)
    with pytest.raises(ValueError, match="The data set is empty"):
        game.fit((points, (points[:0], labels[:0])), verbose=0)


def first_of_each_batch(points, **options):
    """The mean of the first row of each batch that `fit` trains on, in batches of half the rows."""
    seen = []

    class Recording(TwoNumbers):
        def x_loss(self, batch):
            return ops.mean(self.x(batch)), {"first": ops.mean(batch[0])}

    game = Recording(seed=3)
    game.compile(run_eagerly=True)

    class Log(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.reset_metrics()
            seen.append(logs["first"])

    game.fit(points, batch_size=24, verbose=0, callbacks=[Log()], **options)
    return seen


def first_in_order(points, passes):
    orders = [feed.order(48, 3, epoch) for epoch in passes]
    return [points[order[start]].mean() for order in orders for start in (0, 24)]


def test_every_epoch_has_the_order_that_its_number_decides(points):
    seen = first_of_each_batch(points, epochs=4, initial_epoch=2)
    assert seen == pytest.approx(first_in_order(points, (2, 3)), rel=1e-5)


def test_arrays_with_steps_per_epoch_have_a_new_order_in_each_pass(points):
    """Three passes of two steps, in epochs of three: on JAX and PyTorch the order used to stay."""
    seen = first_of_each_batch(points, epochs=2, steps_per_epoch=3)
    assert seen == pytest.approx(first_in_order(points, range(3)), rel=1e-5)


# ------------------------------------------------------------------------------- bad input


class NoPlayers(TwoNumbers):
    def players(self):
        return {}


class NoNetworks(TwoNumbers):
    def players(self):
        return {"x": [], "y": [self.y]}


class Outsider(TwoNumbers):
    def players(self):
        return {"x": [OUTSIDE], "y": [self.y]}


class Unbuilt(TwoNumbers):
    def players(self):
        return {"x": [layers.Dense(1, name="raw")], "y": [self.y]}


OUTSIDE = dense()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (NoPlayers, "NoPlayers has no players. Received: {}"),
        (NoNetworks, r"Player 'x' needs a list of at least one network. Received: \[\]"),
        (Outsider, "A network of player 'x' is not part of the game"),
        (Unbuilt, "The networks of player 'x' must be built Keras models. Received: <Dense"),
    ],
)
def test_players_without_networks_are_refused(kind, message):
    with pytest.raises(ValueError, match=message):
        kind().compile()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizers": {"generater": "adam"}}, "generater.*Did you mean 'generator'"),
        ({"averages": {"coder": Averaging()}}, "`averages` names .*Did you mean 'encoder'"),
        ({"penalties": {"judge": []}}, "`penalties` names .*Received: 'judge'. The players are"),
        ({"averages": {"encoder": 0.99}}, "gankit.averaging.Averaging, or None. Received: 0.99"),
    ],
)
def test_compile_refuses(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        three_players(**options)


def test_one_optimizer_cannot_serve_two_players():
    adam = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="The generator's optimizer has been built"):
        three_players(optimizers={"encoder": adam, "generator": adam})


def bad_losses():
    scalar, report = ops.ones(()), {}
    return {
        "too few": (
            ("x", "y"),
            lambda b: ((scalar,), report),
            r"1 values of shapes \[\(\)\] for x, y",
        ),
        "too many": ("x", lambda b: ((scalar, scalar), report), "2 values"),
        "no scalar": ("x", lambda b: (b, report), r"shapes \[\(48, 2\)\] for x"),
        "unknown": ("z", lambda b: (scalar, report), "`update` was called for .*Received: 'z'"),
    }


@pytest.mark.parametrize("case", bad_losses())
def test_losses_that_are_none_are_refused_at_the_first_step(case, points):
    players, loss, message = bad_losses()[case]
    game = TwoNumbers()
    game.compile()
    before = values(game.variables)
    with pytest.raises(ValueError, match=message):
        game.update(players, loss, ops.convert_to_tensor(points))
    assert not any(moved(before, game.variables))


def test_two_players_who_own_one_variable_cannot_move_in_one_update(points):
    shared = dense()

    class Sharing(TwoNumbers):
        def losses(self, batch):
            return (ops.mean(self.x(batch)), ops.mean(self.y(batch))), {}

    game = Sharing(shared, keras.Sequential([shared, dense(1)]))
    game.compile()
    batch = ops.convert_to_tensor(points)
    with pytest.raises(ValueError, match="own the same variable in one update. Received: '"):
        game.update(("x", "y"), game.losses, batch)
    game.update("x", game.x_loss, batch)  # one after the other they may
    game.update("y", game.y_loss, batch)


def test_two_losses_that_report_one_name_are_refused(points):
    class Clashing(TwoNumbers):
        def y_loss(self, batch):
            return ops.mean(self.y(batch)), {"x": ops.zeros(())}

    game = Clashing()
    game.compile()
    with pytest.raises(ValueError, match="Two losses report the same name.*Received: 'x'"):
        game.fit(points, verbose=0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((0, 2), "float32"), "empty"),
        (iter([]), "yields no batch"),
        ("points", "'points'"),
    ],
)
def test_data_of_a_game_that_declares_nothing_must_be_there(data, message):
    game = TwoNumbers()
    game.compile()
    with pytest.raises((TypeError, ValueError), match=message):
        game.fit(data, verbose=0)


def test_a_game_that_writes_no_step_says_so(points):
    class Unfinished(Game):
        pass

    with pytest.raises(NotImplementedError, match="Unfinished must implement `players`"):
        Unfinished().compile()


def test_networks_can_be_used_without_training():
    encoder, generator, _ = networks()
    assert generator(encoder(np.zeros((2, 2), "float32"))[:, :3]).shape == (2, 2)


# ------------------------------------------------------------------------- how far it is to see


@pytest.mark.tensorflow
def test_the_way_from_fit_to_the_first_gradient_is_short(run_process):
    """Counted in a process of its own, as it replaces TensorFlow's gradient: see the script."""
    script = Path(__file__).parents[1] / "scripts" / "path_to_gradient.py"
    program = """if True:
        import runpy
        names = runpy.run_path(script)
        functions = names["functions_on_the_way"]()
        files = {file for file, _ in functions}
        assert 20 < len(functions) <= 25 and len(files) <= 5, (len(functions), files)
        assert ("gan.py", "TwoPlayerGame.discriminator_loss") in functions
        assert names["hops"]() == ["train_step", "step", "update", "gradients_of_each"]
    """
    assert run_process(program, script=str(script)) == 0
