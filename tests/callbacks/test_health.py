"""`HealthMonitor`: its rules on made-up snapshots, and its snapshots of tiny games."""

import dataclasses
import re
import warnings

import keras
import numpy as np
import pytest

import gankit
from gankit.callbacks import HealthMonitor, HealthWarning
from gankit.callbacks import _health_rules as rules
from gankit.callbacks._health_snapshot import Snapshot, Watcher, effective_number

RNG = np.random.default_rng(0)
WELL = Snapshot(
    step=0,
    real_logit=0.3,
    fake_logit=-0.2,
    auc=0.7,
    relative_slope=0.8,
    generator_gradient=0.1,
    discriminator_gradient=0.1,
    diversity=0.9,
    center=np.zeros(2),
)


def series(count=12, **given):
    """Snapshots that are well but for the values given: numbers, or one for each of them."""
    values = {name: np.broadcast_to(value, count) for name, value in given.items()}
    return [
        dataclasses.replace(WELL, step=10 * i, **{name: v[i] for name, v in values.items()})
        for i in range(count)
    ]


def swings(angles, size=1.0):
    return [
        dataclasses.replace(WELL, step=10 * i, center=size * np.array([np.cos(a), 0.0]))
        for i, a in enumerate(angles)
    ]


VANISHING = series(6, generator_gradient=[0.1] + 5 * [0.001], auc=0.99)


# --------------------------------------------------------------------------------------- the rules


@pytest.mark.parametrize(
    ("rule", "seen", "expected"),
    [
        (
            rules.discriminator_won,
            series(5, relative_slope=0.01),
            "Since step 0 .* 0.3 .* -0.2",
        ),
        (rules.discriminator_won, series(4, relative_slope=0.01), None),
        (
            rules.discriminator_won,
            series(5, relative_slope=[0.01, 0.01, 0.03, 0.01, 0.01]),
            None,
        ),
        (rules.collapse, series(6, diversity=0.2), "step 10 .* 20%"),
        (rules.collapse, series(4, diversity=0.2), None),
        (rules.collapse, series(5, diversity=[0.1, 0.1, 0.1, 0.1, 0.2]), None),
        (rules.collapse, series(5, diversity=[0.2, 0.2, 0.4, 0.2, 0.2]), None),
        (rules.collapse, series(5, diversity=0.2, relative_slope=0.01), None),
        (rules.oscillation, swings(range(12)), r"step 0 .* swings by 0\.\d\d"),
        (rules.oscillation, swings(range(11)), None),
        (rules.oscillation, swings(range(12), size=0.5), None),
        (rules.oscillation, swings(np.linspace(0, np.pi, 12)), None),
        (rules.vanishing_gradient, VANISHING, r"step 10 .*now 1.00%.*99%"),
        (rules.exploding_gradient, series(2, generator_gradient=500.0), "generator's .* 500 times"),
        (rules.exploding_gradient, series(2, discriminator_gradient=500.0), "discriminator's"),
        (rules.exploding_gradient, series(2, generator_gradient=[500.0, 50.0]), None),
        (rules.exploding_gradient, series(2, generator_gradient=np.inf), None),
    ],
)
def test_rules(rule, seen, expected):
    message = rule(seen)
    assert message is None if expected is None else re.search(expected, message)


def test_swings_that_die_down_are_none():
    angles = np.arange(12)
    dying = [
        dataclasses.replace(s, center=s.center * 0.8**i)
        for i, s in enumerate(swings(angles, size=3.0))
    ]
    assert rules.oscillation(swings(angles, size=3.0))
    assert rules.oscillation(dying) is None


def test_a_small_gradient_is_no_fault_where_nothing_is_auc():
    guessed = [dataclasses.replace(s, auc=0.5) for s in VANISHING]
    assert rules.vanishing_gradient(guessed) is None
    assert rules.vanishing_gradient(series(6)) is None
    assert rules.vanishing_gradient(series(5, auc=0.99)) is None


# ----------------------------------------------------------------------------------- the snapshots


def test_different_examples_are_counted():
    groups = np.repeat(100.0 * RNG.normal(size=(5, 3)), 4, axis=0)
    assert effective_number(groups, scale=1.0) == pytest.approx(5)
    assert effective_number(100.0 * RNG.normal(size=(20, 3)), scale=1.0) == pytest.approx(20)
    assert effective_number(np.ones((20, 3)), scale=1.0) == pytest.approx(1)
    pair = np.array([[0.0], [2.0]])
    assert effective_number(pair, scale=2.0) == pytest.approx(2 / (1 + np.exp(-1)))


def linear_game(**options):
    """x = a z + b and s = w x + c: everything about it is known in closed form."""
    networks = [keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]) for _ in range(2)]
    gan = gankit.GAN(*networks, latent_dim=1, data_range=None, seed=0)
    gan.compile(**options)
    gan.generator.set_weights([np.array([[0.5]]), np.array([-1.0])])
    gan.discriminator.set_weights([np.array([[2.0]]), np.array([0.25])])
    return gan


def test_a_snapshot_in_closed_form():
    real, game = RNG.normal(1, 2, (40, 1)).astype("float32"), linear_game(loss="non_saturating")
    seen = Watcher(real, seed=3).snapshot(game, step=7)
    latents = keras.ops.convert_to_numpy(game.sample_latents(40, 3))
    x, z = real.astype("float64"), latents.astype("float64")
    fake = 0.5 * z - 1
    s_real, s_fake = 2 * x + 0.25, 2 * fake + 0.25
    on_real, on_fake = -1 / (1 + np.exp(s_real)), 1 / (1 + np.exp(-s_fake))
    of_generator = -2 / (1 + np.exp(s_fake))
    generator = [(of_generator * z).mean(), of_generator.mean()]
    discriminator = [(on_real * x + on_fake * fake).mean(), (on_real + on_fake).mean()]
    distances = np.abs(x - x.T)[np.triu_indices(40, 1)]
    scale = np.median(distances) / 4
    numbers = [1 / np.exp(-((v - v.T) ** 2) / scale**2).mean() for v in (fake, x)]
    expected = Snapshot(
        step=7,
        real_logit=s_real.mean(),
        fake_logit=s_fake.mean(),
        auc=(s_real > s_fake.T).mean(),
        relative_slope=(np.abs(on_real) + on_fake).mean(),
        generator_gradient=np.linalg.norm(generator) / np.hypot(0.5, 1.0),
        discriminator_gradient=np.linalg.norm(discriminator) / np.hypot(2.0, 0.25),
        diversity=numbers[0] / numbers[1],
        center=fake.mean(axis=0) / x.std(),
    )
    for field in dataclasses.fields(Snapshot):
        value = getattr(seen, field.name)
        assert value == pytest.approx(getattr(expected, field.name), rel=1e-5), field.name


@pytest.mark.parametrize("loss", gankit.losses.names())
def test_every_loss_can_be_watched(loss):
    real = RNG.normal(1, 2, (40, 1)).astype("float32")
    seen = Watcher(real, seed=0).snapshot(linear_game(loss=loss), step=0)
    assert 0 < seen.relative_slope < np.inf and 0 < seen.generator_gradient < np.inf


class Pair:
    """The non-saturating loss as two methods and nothing else."""

    def discriminator(self, real_logits, fake_logits):
        return gankit.losses.NonSaturating().discriminator(real_logits, fake_logits)

    def generator(self, fake_logits):
        return gankit.losses.NonSaturating().generator(fake_logits)


def test_a_loss_of_two_methods_is_watched_like_ours():
    real = RNG.normal(1, 2, (40, 1)).astype("float32")
    games = linear_game(loss=Pair()), linear_game(loss="non_saturating")
    ours, theirs = (Watcher(real, seed=0).snapshot(game, step=0) for game in games)
    for field in dataclasses.fields(Snapshot):
        np.testing.assert_array_equal(getattr(ours, field.name), getattr(theirs, field.name))


def test_snapshots_are_the_same_however_far_the_random_state_is(make_gan, points, state_of):
    """Latents and dropout are those of the seed, and taking a snapshot leaves all as it was."""
    gan = make_gan()
    watcher = Watcher(points, seed=1)
    before = state_of(gan)
    first = watcher.snapshot(gan, 0)
    for one, other in zip(before, state_of(gan), strict=True):
        np.testing.assert_array_equal(one, other)
    gan.seed_generator.next()
    again, other = watcher.snapshot(gan, 0), Watcher(points, seed=2).snapshot(gan, 0)
    np.testing.assert_array_equal(first.center, again.center)
    assert (first.center != other.center).all()


# ----------------------------------------------------------------------------------- in a real run


@pytest.mark.usefixtures("untraced")
def test_training_does_not_notice(make_gan, points, state_of):
    states = []
    for callbacks in ([HealthMonitor(points, every=2)], []):
        gan = make_gan(dropout=0.3)
        gan.fit(points, batch_size=16, epochs=2, verbose=0, callbacks=callbacks)
        states.append(state_of(gan))
    for watched, alone in zip(*states, strict=True):
        np.testing.assert_array_equal(watched, alone)


DATA = RNG.normal(3, 0.1, (960, 1)).astype("float32")


def watch(gan):
    """Sixty steps, and that each finding was warned of once."""
    monitor = HealthMonitor(DATA, every=5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gan.fit(DATA, batch_size=16, verbose=0, callbacks=[monitor])
    warned = [str(w.message) for w in caught if issubclass(w.category, HealthWarning)]
    assert warned == [f"{found.message} {found.remedy}" for found in monitor.findings]
    return monitor


@pytest.mark.parametrize(
    ("kinds", "loss", "rates"),
    [
        ({"discriminator_won"}, "non_saturating", (0.0, 3.0)),
        ({"discriminator_won", "vanishing_gradient"}, "minimax", (0.0, 200.0)),
        ({"oscillation"}, "wasserstein", (0.2, 0.2)),
        ({"exploding_gradient"}, "wasserstein", (0.0, 1e4)),
        (set(), "non_saturating", (0.01, 0.01)),
    ],
)
def test_what_is_wrong_is_named(kinds, loss, rates):
    optimizers = [keras.optimizers.SGD(rate) for rate in rates]
    gan = linear_game(
        loss=loss,
        generator_optimizer=optimizers[0],
        discriminator_optimizer=optimizers[1],
    )
    monitor = watch(gan)
    assert {found.kind for found in monitor.findings} == kinds
    assert [s.step for s in monitor.snapshots] == list(range(0, 61, 5))


class Broken(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that is infinite in the seventh update."""

    def __call__(self, step):
        return keras.ops.where(keras.ops.equal(step, 6), np.inf, 0.01)


def test_nan_is_named_with_the_step_where_it_began():
    gan = linear_game(generator_optimizer=keras.optimizers.SGD(Broken()))
    monitor = HealthMonitor(DATA, every=5)
    words = "since step 8: discriminator_loss.*No epoch was good. There is no backup"
    with pytest.warns(HealthWarning, match=words), pytest.raises(FloatingPointError):
        gan.fit(DATA[:160], batch_size=16, epochs=2, verbose=0, callbacks=[monitor])
    (found,) = monitor.findings
    assert (found.kind, found.epoch, found.step) == ("nan", 1, 8)
    assert [s.step for s in monitor.snapshots] == [0, 5]


def test_weights_that_are_not_finite_are_seen_without_a_loss():
    """A rectifier can make 0 of NaN; then the losses stay finite for ever."""
    gan = linear_game(generator_optimizer=keras.optimizers.SGD(Broken()))
    monitor = HealthMonitor(DATA, every=1)
    words = "step 7: weights of the generator are not finite"
    with pytest.warns(HealthWarning, match=words), pytest.raises(FloatingPointError):
        gan.fit(DATA[:160], batch_size=16, epochs=2, verbose=0, callbacks=[monitor])
    (found,) = monitor.findings
    assert (found.kind, found.epoch, found.step) == ("nan", 1, 7)
    assert [s.step for s in monitor.snapshots] == list(range(7))


def test_of_several_steps_in_one_call_nan_names_the_first():
    monitor = HealthMonitor(DATA)
    monitor.set_model(linear_game())
    monitor.on_train_begin()
    monitor.on_epoch_begin(0)
    monitor.on_train_batch_end(4, {"generator_loss": 1.0})
    with pytest.warns(HealthWarning, match="since step 6: generator_loss"):
        monitor.on_train_batch_end(9, {"discriminator_loss": 1.0, "generator_loss": np.inf})
    monitor.on_train_batch_end(14, {"generator_loss": np.nan})
    assert [found.step for found in monitor.findings] == [6]


def test_steps_are_counted_over_epochs_and_resumption(make_gan, points):
    gan = make_gan(run_eagerly=True)
    gan.fit(points, batch_size=16, verbose=0)
    monitor = HealthMonitor(points, every=4)
    gan.fit(points, batch_size=16, epochs=3, initial_epoch=1, verbose=0, callbacks=[monitor])
    assert [s.step for s in monitor.snapshots] == [3, 4, 8]


def test_a_conditional_game_is_watched_with_labels(make_gan, points):
    labels = np.arange(48) % 3
    gan = make_gan(num_classes=3)
    monitor = HealthMonitor(points, labels=labels, n=20)
    gan.fit(points, labels, batch_size=24, verbose=0, callbacks=[monitor])
    assert monitor.real.shape == (20, 2)
    rows = {tuple(row): label for row, label in zip(points.tolist(), labels, strict=True)}
    assert [rows[tuple(row)] for row in monitor.real.tolist()] == monitor.labels.tolist()


@pytest.mark.parametrize(
    ("num_classes", "arguments", "error", "message"),
    [
        (None, {"real": np.zeros((48, 3), "float32")}, ValueError, "axis 1 is 3, not 2"),
        (None, {"real": np.zeros((48, 2), int)}, TypeError, "floating point"),
        (None, {"real": np.full((48, 2), np.nan)}, ValueError, "NaN"),
        (None, {"labels": np.zeros(48, int)}, ValueError, "GAN holds: real. .*: real, labels"),
        (None, {"inputs": np.zeros((48, 2))}, ValueError, "GAN holds: real. .*: real, inputs"),
        (3, {}, ValueError, "GAN holds: real, labels. Received: real.$"),
        (3, {"labels": np.arange(48)}, ValueError, r"Labels must lie in \[0, 3\)"),
        (3, {"labels": np.zeros(48)}, TypeError, "must be integers"),
        (3, {"labels": np.zeros((48, 2), int)}, ValueError, r"shape \(48,\). .* \(48, 2\)"),
    ],
)
def test_other_data_than_the_games_is_refused(
    make_gan, points, drive, num_classes, arguments, error, message
):
    monitor = HealthMonitor(**{"real": points, **arguments})
    with pytest.raises(error, match=message):
        drive(make_gan(num_classes=num_classes), monitor)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"real": np.zeros((15, 2))}, r"shape \(15, 2\)"),
        ({"real": np.zeros(48)}, r"shape \(48,\)"),
        ({"n": 15}, "n=15"),
        ({"every": 0}, "every=0"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 2**32}, "seed=4294967296"),
        ({"labels": []}, "`labels` .* Received: 0 entries for n=48"),
        ({"labels": [0, 1]}, "`labels` must hold one entry .* Received: 2 entries for n=48"),
        ({"inputs": np.zeros((47, 2))}, "`inputs` .* Received: 47 entries for n=48"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        HealthMonitor(**{"real": np.zeros((48, 2)), **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"real": None}, "`real` must be an array of numbers.* real=None"),
        ({"real": [["a"]] * 20}, "`real` must be an array of numbers"),
        ({"real": [[1, 2], [3]]}, r"rows of one length. Received: real=\[\[1, 2\], \[3\]\]"),
        ({"labels": 5}, "`labels` must hold one entry .* Received: 5"),
        ({"inputs": "a"}, "`inputs` must hold one entry .* Received: 'a'"),
        ({"labels": ["a"] * 48}, "`labels` must be an array of numbers"),
    ],
)
def test_other_types_are_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        HealthMonitor(**{"real": np.zeros((48, 2)), **arguments})
