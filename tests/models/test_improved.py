"""Improved techniques: closed forms of play, smoothed labels, and learning from a few labels."""

import keras
import numpy as np
import pytest
from listed import Listed
from scipy.special import expit, log_softmax, softmax

import gankit
from gankit import feed
from gankit.callbacks import BackupAndRestore
from gankit.models import improved, minimax
from gankit.models.feature_matching import layer_reader

SMALL = dict(classes=3, widths=(12, 8), generator_widths=(8,), latent_dim=4)
SHAPE = (6, 6, 1)


def numpy_of(x):
    return keras.ops.convert_to_numpy(x)


def game(seed=0):
    gan = improved.mlp(SHAPE, seed=seed, **SMALL)
    gan.compile()
    return gan


def still_game():
    """Without noise, and nothing is learned."""
    gan = improved.SemiSupervisedGAN(
        improved.build_generator(SHAPE, 4, (8,), seed=1),
        improved.build_discriminator(SHAPE, 3, (8,), input_noise=0.0, noise=0.0, seed=2),
        latent_dim=4,
        seed=0,
    )
    gan.compile(
        generator_optimizer=keras.optimizers.SGD(0.0),
        discriminator_optimizer=keras.optimizers.SGD(0.0),
    )
    return gan


def data(n=40, few=6):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (n, *SHAPE)).astype("float32")
    return images, (images[:few], np.arange(few) % 3)


# ---- the game of two numbers ---------------------------------------------------------------------


@pytest.mark.parametrize("rule", improved.RULES)
@pytest.mark.parametrize("h", [0.02, 0.3, 0.7])
def test_radii_are_those_of_play(rule, h):
    start = (0.6, -1.1)
    played = np.linalg.norm(improved.play(rule, start, h, 80), axis=1)
    np.testing.assert_allclose(improved.radii(rule, start, h, 80), played, rtol=1e-8)


def test_extragradient_and_optimistic_play_by_matrices():
    h, turn = 0.25, np.array([[0.0, -1.0], [1.0, 0.0]])
    one = np.eye(2) + h * turn @ (np.eye(2) + h * turn)
    z = np.linalg.matrix_power(one, 30) @ [1.0, 0.5]
    np.testing.assert_allclose(improved.play("extragradient", (1.0, 0.5), h, 30)[-1], z)
    two = np.block([[np.eye(2) + 2 * h * turn, -h * turn], [np.eye(2), np.zeros((2, 2))]])
    z = np.linalg.matrix_power(two, 30) @ [1.0, 0.5, 1.0, 0.5]
    np.testing.assert_allclose(improved.play("optimistic", (1.0, 0.5), h, 30)[-1], z[:2])


def test_bad_play_is_refused():
    with pytest.raises(ValueError, match="rule='chess'"):
        improved.play("chess")
    with pytest.raises(ValueError, match="step_size=-1"):
        improved.play("optimistic", step_size=-1)
    with pytest.raises(ValueError, match=r"in \(0, 2\).*2.5"):
        improved.radii("alternating", step_size=2.5)
    with pytest.raises(ValueError, match="step_size=0.5"):
        improved.radii("optimistic", step_size=0.5)


# ---- smoothed labels -----------------------------------------------------------------------------


def test_the_smoothed_discriminator_minimizes_the_smoothed_loss():
    loss, (p, q) = improved.SmoothedLabels(0.8, 0.15), (0.3, 0.7)
    s = np.linspace(-6, 6, 4801).astype("float32")
    softplus = np.logaddexp(0, s)
    cost = p * (softplus - 0.8 * s) + q * (softplus - 0.15 * s)
    found = improved.smoothed_discriminator([p], [q], 0.8, 0.15)[0]
    assert expit(s[cost.argmin()]) == pytest.approx(found, abs=1e-3)
    real, fake = s[100:103, None], s[2000:2003, None]
    expected = np.mean(np.logaddexp(0, real) - 0.8 * real)
    expected += np.mean(np.logaddexp(0, fake) - 0.15 * fake)
    assert float(loss.discriminator(real, fake)) == pytest.approx(expected, rel=1e-5)
    again = improved.SmoothedLabels.from_config(loss.get_config())
    assert (again.positive, again.negative) == (0.8, 0.15)


def test_one_side_is_the_library_loss():
    real, fake = np.array([[1.5], [-0.5]], "float32"), np.array([[0.3]], "float32")
    ours = improved.SmoothedLabels(0.9, 0.0).discriminator(real, fake)
    theirs = gankit.losses.NonSaturating(label_smoothing=0.1).discriminator(real, fake)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-6)


@pytest.mark.parametrize("targets", [(1.1, 0.0), (0.9, -0.1), (0.3, 0.4)])
def test_bad_targets_are_repeated(targets):
    with pytest.raises(ValueError, match=f"positive={targets[0]}, negative={targets[1]}"):
        improved.SmoothedLabels(*targets)


# ---- the techniques ------------------------------------------------------------------------------


@pytest.mark.parametrize("technique", improved.TECHNIQUES)
def test_every_technique_trains_on_points(technique):
    gan = improved.collapsing_game((2,), technique, width=8, latent_dim=3)
    history = gan.fit(minimax.ring(128, seed=0), batch_size=64, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert gan.generate(5, seed=0).shape == (5, 2)


def test_the_collapsing_game_makes_images_and_refuses_unknown_techniques():
    gan = improved.collapsing_game(SHAPE, "feature matching", width=8, latent_dim=3)
    assert gan.generate(2, seed=0).shape == (2, *SHAPE)
    with pytest.raises(ValueError, match="'luck'"):
        improved.collapsing_game((2,), "luck")


def test_feature_matching_moves_the_generator_towards_the_features():
    rate = dict(generator_rate=5e-3)
    gan = improved.collapsing_game((2,), "feature matching", width=8, latent_dim=3, **rate)
    gan.discriminator_optimizer.learning_rate = 0.0
    history = gan.fit(minimax.ring(2048, seed=0), batch_size=64, epochs=8, verbose=0).history
    assert history["generator_loss"][-1] < 0.8 * history["generator_loss"][0]
    points = minimax.points_gan(width=8)
    with pytest.raises(ValueError, match="no layer 'nowhere'"):
        improved.FeatureMatchingGAN(
            points.generator, points.discriminator, 2, "nowhere", data_range=None
        )


@pytest.mark.parametrize(("training", "expected"), [(True, [-1, 1]), (False, [0, 4])])
def test_features_are_read_in_the_mode_that_is_asked_for(training, expected):
    norm = keras.layers.BatchNormalization(name="features", epsilon=1e-6)
    network = keras.Sequential([keras.Input((1,)), norm, keras.layers.Dense(1)])
    see = layer_reader(network, "features")
    seen = numpy_of(see(np.array([[0.0], [4.0]], "float32"), training=training))
    np.testing.assert_allclose(seen[:, 0], expected, atol=1e-4)


# ---- few labels ----------------------------------------------------------------------------------


def test_root_adam_is_the_formula():
    v = keras.Variable(np.array([1.0, -2.0], "float32"))
    optimizer = improved.RootAdam(0.1, epsilon=1e-3)
    theta, m, s = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    for t, g in enumerate(np.random.default_rng(0).normal(0, 0.05, (5, 2)), start=1):
        optimizer.apply([keras.ops.convert_to_tensor(g.astype("float32"))], [v])
        m, s = 0.5 * m + 0.5 * g, 0.999 * s + 0.001 * g * g
        theta -= 0.1 * (m / (1 - 0.5**t)) / np.sqrt(s / (1 - 0.999**t) + 1e-3)
    np.testing.assert_allclose(numpy_of(v), theta, rtol=1e-5)
    with pytest.raises(ValueError, match="epsilon=0"):
        improved.RootAdam(epsilon=0)


def test_the_papers_sizes_are_the_defaults():
    gan = improved.mlp((28, 28, 1))
    assert gan.discriminator.count_params() - sum(
        int(np.prod(w.shape)) for w in gan.discriminator.weights if w.name == "g"
    ) == sum(
        i * o + o
        for i, o in zip(
            (784, 1000, 500, 250, 250, 250), (1000, 500, 250, 250, 250, 10), strict=True
        )
    )
    trained = [w for w in gan.discriminator.trainable_weights if w.name == "g"]
    assert [tuple(w.shape) for w in trained] == [(10,)]  # the last layer's alone
    optimizers = gan.default_optimizers()
    assert sorted(optimizers) == ["discriminator", "generator"]
    for optimizer in optimizers.values():
        assert float(optimizer.learning_rate) == pytest.approx(0.003)
        assert (optimizer.beta_1, optimizer.epsilon) == (0.5, 1e-8)
    z = numpy_of(gan.sample_latents(100, seed=0))
    assert z.shape == (100, 100) and z.min() >= 0 and z.max() <= 1


def test_the_discriminator_loss_is_that_of_a_softmax_over_one_class_more():
    images, (few, labels) = data(6)
    gan = still_game()
    fake = numpy_of(gan.generator(gan.sample_latents(6, seed=gan.seed_generator), training=True))
    gan.seed_generator.state.assign(keras.random.SeedGenerator(0).state)
    logs = gan.fit(images, (few, labels), batch_size=6, verbose=0).history

    def log_p(x):
        logits = numpy_of(improved.classifier(gan.discriminator)(x))
        return log_softmax(np.concatenate([logits, np.zeros((len(x), 1))], axis=1), axis=1)

    of_real = np.log(-np.expm1(log_p(images)[:, -1]))
    named = log_p(few) - np.log(-np.expm1(log_p(few)[:, -1:]))
    assert logs["supervised_loss"][0] == pytest.approx(-named[range(6), labels].mean(), rel=1e-4)
    expected = -0.5 * of_real.mean() - 0.5 * log_p(fake)[:, -1].mean()
    assert logs["unsupervised_loss"][0] == pytest.approx(expected, rel=1e-3)
    objective, report = gan.discriminator_loss(
        *map(keras.ops.convert_to_tensor, (images, few, labels))
    )
    parts = [numpy_of(report[f"{name}_loss"]) for name in ("supervised", "unsupervised")]
    assert numpy_of(objective) == pytest.approx(sum(parts), rel=1e-5)


def test_the_discriminator_sees_pixels_of_0_to_1():
    layer = improved.build_discriminator((3,), classes=2, widths=(4,)).get_layer("zero_to_one")
    seen = numpy_of(layer(np.array([[-1.0, 0.0, 1.0]], "float32")))
    np.testing.assert_array_equal(seen, [[0.0, 0.5, 1.0]])


def test_the_first_layer_is_fitted_to_the_data():
    gan = game()
    images, few = data()
    gan.check_data((images, *few, images), whole=True)
    hidden = gan.discriminator.get_layer("hidden_1")
    flat = keras.layers.Flatten()(images) * 0.5 + 0.5
    before = numpy_of(flat) @ numpy_of(hidden.normalized_kernel()) + numpy_of(hidden.layer.bias)
    assert before.mean() == pytest.approx(0, abs=0.25)
    assert before.std() == pytest.approx(0.75, abs=0.3)  # the noise makes up for the rest of 1
    gan.fit(images, few, verbose=0)
    trained = gan.get_weights()
    gan.check_data((images, *few, images), whole=True)
    for a, b in zip(trained, gan.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # once, before the first step


def test_it_trains_saves_and_loads(tmp_path):
    gan = game()
    images, few = data()
    history = gan.fit(images, few, batch_size=10, epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    gan.save(tmp_path / "semi.keras")
    again = gankit.load_model(tmp_path / "semi.keras")
    for averaged in (True, False):
        found = again.classify(images, averaged=averaged)
        np.testing.assert_array_equal(found, gan.classify(images, averaged=averaged))
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    (average,) = gan.averages["discriminator"].networks
    expected = softmax(numpy_of(improved.classifier(average)(images)), axis=1)
    np.testing.assert_allclose(gan.classify(images), expected, rtol=1e-4, atol=1e-6)
    assert (gan.classify(images, averaged=False) != gan.classify(images)).any()
    np.testing.assert_array_equal(again.generate(3, seed=0), gan.generate(3, seed=0))
    averages = [model.averages["discriminator"] for model in (gan, again)]
    assert averages[0].averaging.half_life == averages[1].averaging.half_life == gan.half_life


def test_a_run_that_was_cut_ends_like_one_that_was_not(tmp_path):
    images, few = data()
    whole, first, second = game(), game(), game()
    whole.fit(images, few, batch_size=10, epochs=2, verbose=0)
    backup = {"callbacks": [BackupAndRestore(tmp_path, delete_when_done=False)]}
    first.fit(images, few, batch_size=10, epochs=1, verbose=0, **backup)
    second.fit(images, few, batch_size=10, epochs=2, verbose=0, **backup)
    for a, b in zip(whole.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_average_is_corrected_for_its_beginning():
    gan = game()
    images, few = data(10)
    gan.fit(images, few, batch_size=10, verbose=0)  # one step
    (averaged,) = gan.averages["discriminator"].networks
    for mean, newest in zip(averaged.weights, gan.discriminator.weights, strict=True):
        np.testing.assert_allclose(numpy_of(mean), numpy_of(newest), rtol=1e-5)


def test_labeled_batches_hold_each_labeled_example_equally_often():
    images, (few, labels) = data(30)
    batches = feed.Batches(*game().sets(images, (few, labels)), batch_size=6)
    seen = [keras.tree.flatten(batches[i]) for i in range(len(batches))]
    for _, part, of_part, _ in seen:
        assert sorted(part[:, 0, 0, 0]) == sorted(few[:, 0, 0, 0])
        place = [np.flatnonzero((few == x).all(axis=(1, 2, 3)))[0] for x in part]
        np.testing.assert_array_equal(labels[place], of_part)
    everything = np.concatenate([x for x, _, _, _ in seen])
    others = np.concatenate([x for _, _, _, x in seen])
    for part in (everything, others):
        np.testing.assert_array_equal(np.sort(part.ravel()), np.sort(images.ravel()))
    assert (everything != others).any(axis=(1, 2, 3)).mean() > 0.8


def test_the_generator_matches_the_others():
    gan, (images, (few, labels)) = still_game(), data(12)

    def loss(real, others):
        gan.seed_generator.state.assign(keras.random.SeedGenerator(0).state)
        batch = real, (few, labels, others)
        return gan.fit(Listed([batch]), verbose=0).history["generator_loss"][0]

    first, second = images[:6], images[6:]
    loss(first, second)  # the first step fits the weights' lengths
    of_second = loss(first, second)
    assert loss(second, second) == pytest.approx(of_second, rel=1e-5)
    assert loss(second, first) != pytest.approx(of_second, rel=1e-2)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x, few: (x, None), ValueError, "examples, \\(labeled, labels\\)"),
        (lambda x, few: (x, few[1]), ValueError, "data of 2 parts"),
        (lambda x, few: (2 * x, few), ValueError, r"must lie in \[-1, 1\]"),
        (lambda x, few: (x, (few[0], few[1] + 1)), ValueError, "Received 3"),
        (lambda x, few: (x, (few[0], few[1][:2])), ValueError, r"\(6,\)"),
        (lambda x, few: (x, (few[0], few[1] / 2)), TypeError, "integers"),
        (lambda x, few: (x[:, :5], few), ValueError, "axis 1 is 5"),
    ],
)
def test_bad_data_is_refused(change, error, message):
    x, y = change(*data())
    with pytest.raises(error, match=message):
        game().fit(x, y, verbose=0)


def test_a_pipeline_without_others_is_refused():
    images, few = data()
    with pytest.raises(ValueError, match="data of 3 parts.*labels, others"):
        game().fit(Listed([(images, few)]), verbose=0)


def test_bad_options_are_repeated():
    gan = improved.mlp(SHAPE, **SMALL)
    with pytest.raises(TypeError, match="Received: loss='hinge'"):
        gan.compile(loss="hinge")
    with pytest.raises(TypeError, match="Received: discriminator_steps=2"):
        gan.compile(discriminator_steps=2)
    with pytest.raises(ValueError, match="noise=-1"):
        improved.build_discriminator(SHAPE, noise=-1)
    with pytest.raises(ValueError, match="classes=1"):
        improved.build_discriminator(SHAPE, classes=1)
    with pytest.raises(ValueError, match="Received: widths=\\(\\)"):
        improved.build_generator(SHAPE, widths=())
    with pytest.raises(ValueError, match="no layer 'class_logits'"):
        improved.classifier(minimax.points_gan(width=4).discriminator)


def test_labels_are_drawn_balanced():
    labels = np.arange(50) % 5
    chosen, drawn = improved.draw_labeled(np.arange(50), labels, 3, seed=1)
    assert np.bincount(drawn).tolist() == [3] * 5 and len(set(chosen)) == 15
    np.testing.assert_array_equal(labels[chosen], drawn)
    again, _ = improved.draw_labeled(np.arange(50), labels, 3, seed=1)
    np.testing.assert_array_equal(chosen, again)
    with pytest.raises(ValueError, match="has 10 examples.*per_class=11"):
        improved.draw_labeled(np.arange(50), labels, 11)
    with pytest.raises(ValueError, match=r"\(49,\)"):
        improved.draw_labeled(np.arange(49), labels, 1)


def game_with(**options):
    return improved.mlp(SHAPE, **SMALL, **options)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: improved.SmoothedLabels("x"), TypeError, "positive='x'"),
        (lambda: improved.smoothed_discriminator([1], [1], 0.9, None), TypeError, "negative=None"),
        (lambda: improved.smoothed_discriminator(["a"], [1]), TypeError, "numbers.*'a'"),
        (lambda: improved.RootAdam(epsilon="x"), TypeError, "epsilon='x'"),
        (lambda: improved.RootAdam(epsilon=np.inf), ValueError, "epsilon=inf"),
        (lambda: improved.collapsing_game((2,), generator_rate="x"), TypeError, "generator_rate="),
        (lambda: improved.collapsing_game((2,), generator_rate=np.nan), ValueError, "rate=nan"),
        (lambda: improved.collapsing_game(2), ValueError, "example_shape=2"),
        (lambda: improved.build_discriminator(SHAPE, noise="x"), TypeError, "noise='x'"),
        (lambda: improved.build_discriminator(SHAPE, widths=5), ValueError, "widths=5"),
        (lambda: improved.build_generator(SHAPE, seed=-1), ValueError, "seed=-1"),
        (lambda: improved.classifier("x"), TypeError, "discriminator='x'"),
        (lambda: game_with(half_life="x"), TypeError, "half_life='x'"),
        (lambda: game_with(half_life=0), ValueError, "half_life=0"),
        (lambda: game_with().compile(averages={}), TypeError, r"averages=\{\}"),
        (lambda: game_with().classify(None), TypeError, "`examples`.*None"),
        (lambda: game().classify(data()[0], averaged="no"), TypeError, "averaged='no'"),
        (lambda: improved.draw_labeled(5, [0], 1), ValueError, r"examples of shape \(\)"),
        (lambda: improved.draw_labeled([1], [0], 1, seed="x"), ValueError, "seed='x'"),
        (lambda: improved.play("averaged", start=("a", 1)), TypeError, "start='a'"),
        (lambda: improved.play("optimistic", step_size="x"), TypeError, "step_size='x'"),
        (lambda: improved.play("optimistic", step_size=np.inf), ValueError, "step_size=inf"),
        (lambda: improved.radii("simultaneous", step_size=-1), ValueError, "step_size=-1"),
        (lambda: improved.radii("simultaneous", steps=-1), ValueError, "steps=-1"),
        (lambda: improved.radii("simultaneous", start=(1,)), ValueError, r"start=\(1,\)"),
    ],
)
def test_arguments_of_a_wrong_kind_are_repeated(call, error, message):
    with pytest.raises(error, match=message):
        call()
