"""Penalties: closed forms for a linear critic, and their effect in training.

`tests/oracles/penalties.py` compares their gradients with finite differences.
"""

import keras
import numpy as np
import pytest
from keras import layers, ops

import gankit
from gankit import autodiff, penalties
from gankit.game import ReplicaRandom

REAL, FAKE = np.random.default_rng(0).normal(size=(2, 16, 4, 4, 1)).astype("float32")
W = np.random.default_rng(1).normal(size=(4, 4, 1)).astype("float32")
STEEP = float(np.linalg.norm(W))


def linear(examples):
    """s(x) = <w, x>, whose gradient is w everywhere."""
    return ops.sum(examples * ops.convert_to_tensor(W), axis=(1, 2, 3))[:, None]


@keras.saving.register_keras_serializable("tests")
def negative(examples, draws):
    return -examples


def draws(seed=0):
    return ReplicaRandom(keras.random.SeedGenerator(seed))


def value(penalty, critic=linear, real=REAL, fake=FAKE, step=0):
    return float(penalty(critic, real, fake, draws(), step))


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (penalties.GradientPenalty(), 10 * (STEEP - 1) ** 2),
        (penalties.GradientPenalty(2.0, target=5.0), 2 * (STEEP - 5) ** 2),
        (penalties.GradientPenalty(one_sided=True), 10 * (STEEP - 1) ** 2),
        (penalties.GradientPenalty(target=STEEP + 1, one_sided=True), 0.0),
        (penalties.DRAGAN(), 10 * (STEEP - 1) ** 2),
        (penalties.R1(0.5), 0.25 * STEEP**2),
        (penalties.R2(0.5), 0.25 * STEEP**2),
        (
            penalties.ConsistencyRegularization(3.0, negative),
            3 * np.mean(np.sum(2 * REAL * W, axis=(1, 2, 3)) ** 2),
        ),
        (penalties.WeightClipping(), 0.0),
    ],
    ids=lambda case: (
        f"{type(case).__name__} {case.get_config()}"[:40]
        if isinstance(case, penalties.Penalty)
        else ""
    ),
)
def test_a_linear_critic_has_a_closed_form(penalty, expected):
    assert value(penalty) == pytest.approx(expected, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("penalty", [penalties.GradientPenalty(), penalties.DRAGAN()])
def test_a_flat_critic_is_no_singularity(penalty):
    slope = keras.Variable(0.0)

    def objective():
        term = penalty(lambda x: slope * linear(x), REAL, FAKE, draws(), 0)
        return term, term

    term, (gradient,) = autodiff.value_and_gradients(objective, [slope])
    assert float(term) == pytest.approx(10.0, rel=1e-5) and float(gradient) == 0.0


def test_interpolation_is_uniform_on_the_line_between_two_examples():
    real, fake = ops.full((2000, 3), 5.0), ops.full((2000, 3), 1.0)
    points = ops.convert_to_numpy(penalties.GradientPenalty().points(real, fake, draws()))
    alpha = (points - 1.0) / 4.0
    np.testing.assert_allclose(alpha, alpha[:, :1].repeat(3, axis=1), atol=1e-6)
    ranks = np.sort(alpha[:, 0])
    # The Kolmogorov-Smirnov distance exceeds 1.95 / sqrt(n) once in a thousand times.
    assert np.abs(ranks - (np.arange(2000) + 0.5) / 2000).max() < 1.95 / np.sqrt(2000)


def test_dragan_looks_around_real_examples():
    real = ops.full((2000, 2), 5.0)
    points = ops.convert_to_numpy(penalties.DRAGAN(noise=0.3).points(real, real, draws()))
    assert points.mean() == pytest.approx(5.0, abs=0.03)
    assert points.std() == pytest.approx(0.3, rel=0.06)


def test_r1_looks_at_real_and_r2_at_generated_examples():
    def square(examples):
        return ops.sum(examples**2, axis=(1, 2, 3))  # its gradient is 2x

    def mean_square(examples):
        return np.mean(np.sum((2 * examples) ** 2, axis=(1, 2, 3)))

    assert value(penalties.R1(2.0), square) == pytest.approx(mean_square(REAL), rel=1e-5)
    assert value(penalties.R2(2.0), square) == pytest.approx(mean_square(FAKE), rel=1e-5)


def test_images_are_shifted_and_mirrored_each_on_its_own():
    rows, columns = np.meshgrid(np.arange(16.0), np.arange(24.0), indexing="ij")
    images = np.tile(np.stack([rows, columns], -1)[None], (200, 1, 1, 1)).astype("float32")
    centers = ops.convert_to_numpy(penalties.shift_and_flip(images, draws()))[:, 8, 12]
    assert set(centers[:, 0] - 8) == {-2, -1, 0, 1, 2}
    assert set(centers[:, 1]) == {*range(9, 16), *range(23 - 15, 23 - 8)}


def test_half_precision_logits_are_compared_in_single_precision():
    def half(examples):
        return ops.cast(300.0 * examples[:, :1, 0, 0], "float16")

    penalty = penalties.ConsistencyRegularization(1.0, lambda x, draws: 0.0 * x)
    assert value(penalty, half, real=np.ones_like(REAL)) == pytest.approx(9e4, rel=1e-3)


# ----------------------------------------------------------------------------------- in training


@keras.saving.register_keras_serializable("tests")
class Counted(layers.Layer):
    """Counts how often it runs, not how often it is traced."""

    runs = 0

    def call(self, inputs):
        backend = keras.backend.backend()
        if backend == "tensorflow":
            import tensorflow as tf

            tf.py_function(self.count, [], [])
        elif backend == "jax":
            import jax

            jax.debug.callback(self.count)
        else:
            self.count()
        return inputs

    def count(self):
        self.runs += 1


def gan_of_points(*hidden, rate=0.1, **options):
    keras.utils.set_random_seed(2)
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    discriminator = keras.Sequential([keras.Input((2,)), *hidden, layers.Dense(1)])
    gan = gankit.GAN(generator, discriminator, latent_dim=3, data_range=None, seed=0)
    gan.compile(
        loss="wasserstein",
        generator_optimizer=keras.optimizers.SGD(rate),
        discriminator_optimizer=keras.optimizers.SGD(rate),
        **options,
    )
    return gan


def critic_after(points, **options):
    """Return the weights of a linear critic before and after one update."""
    gan = gan_of_points(**options)
    (kernel, _) = gan.discriminator.weights
    before = ops.convert_to_numpy(kernel.value)[:, 0].astype("float64")
    gan.fit(points[:16], batch_size=16, verbose=0, shuffle=False)
    return before, ops.convert_to_numpy(kernel.value)[:, 0].astype("float64")


def pull(w, points):
    """Compute the gradients of the penalties below for a linear critic, by hand."""
    steepness = np.linalg.norm(w)
    return {
        "GradientPenalty": 2 * 10 * (steepness - 1) * w / steepness,
        "DRAGAN": 2 * 10 * (steepness - 1) * w / steepness,
        "R1": 4 * 0.2 * w,
        "R2": 0.3 * w,
        "ConsistencyRegularization": 2 * 0.5 * 4 * points[:16].T @ (points[:16] @ w) / 16,
    }


CASES = [
    penalties.GradientPenalty(),
    penalties.DRAGAN(),
    penalties.R1(0.2, every=4),
    penalties.R2(0.3),
    penalties.ConsistencyRegularization(0.5, negative),
]


def test_training_moves_the_critic_by_the_gradients_of_all(points):
    before, without = critic_after(points)
    _, after = critic_after(points, penalties=CASES)
    expected = sum(pull(before, points.astype("float64")).values())
    np.testing.assert_allclose(without - after, 0.1 * expected, rtol=1e-4, atol=1e-6)


def test_weights_are_clipped_after_every_update(points):
    gan = gan_of_points(penalties=[penalties.WeightClipping(0.02)])
    history = gan.fit(points, batch_size=16, epochs=2, verbose=0)
    weights = [ops.convert_to_numpy(v.value) for v in gan.discriminator.trainable_variables]
    assert 0.0 < max(np.abs(w).max() for w in weights) <= np.float32(0.02)
    assert history.history["penalty"] == [0.0, 0.0]
    generator = np.abs(ops.convert_to_numpy(gan.generator.weights[0].value))
    assert generator.max() > 0.02


def test_what_is_not_due_is_not_run(points):
    """A step runs the critic three times; R1 once more, at steps 0, 3 and 6 of eight."""
    counted = Counted()
    gan = gan_of_points(counted, penalties=[penalties.R1(0.1, every=3)])
    counted.runs = 0
    history = gan.fit(np.tile(points[:16], (8, 1)), batch_size=16, verbose=0)
    assert np.isfinite(history.history["penalty"][0])
    assert counted.runs == 8 * 3 + 3


# Keras compiles with XLA where TensorFlow sees a GPU.
@pytest.mark.parametrize("xla", [None, True][: 1 + (keras.backend.backend() == "tensorflow")])
def test_a_branch_hands_out_statistics_and_random_state(points, xla):
    """The critic's first layer sees real and generated examples, and real ones again for R1."""
    norm, dropout = layers.BatchNormalization(), layers.Dropout(0.5, seed=3)
    lazy = penalties.R1(0.1, every=2)
    gan = gan_of_points(norm, dropout, rate=0.0, penalties=[lazy], jit_compile=xla)
    gan.generator.set_weights([np.zeros((3, 2)), np.zeros(2)])  # every generated mean is 0
    masks = int(ops.convert_to_numpy(dropout.seed_generator.state.value)[1])
    gan.fit(points, batch_size=16, verbose=0, shuffle=False)
    expected = np.zeros(2)
    for step, batch in enumerate(points.reshape(3, 16, 2).astype("float64")):
        expected = 0.99 * expected + 0.01 * batch.mean(axis=0)
        expected = 0.99 * expected
        if step != 1:
            expected = 0.99 * expected + 0.01 * batch.mean(axis=0)
    np.testing.assert_allclose(ops.convert_to_numpy(norm.moving_mean.value), expected, rtol=1e-5)
    # One mask per call: three calls at each step, and one more at steps with R1.
    drawn = int(ops.convert_to_numpy(dropout.seed_generator.state.value)[1]) - masks
    assert drawn == 3 * 3 + 2


def test_a_lazy_penalty_is_as_heavy_as_a_busy_one():
    lazy, busy = penalties.R1(0.5, every=4), penalties.R1(0.5)
    seen = [value(lazy, step=ops.convert_to_tensor(step)) for step in range(8)]
    assert seen[1:4] == [0.0] * 3 == seen[5:]
    assert np.mean(seen) == pytest.approx(value(busy), rel=1e-5)


def test_what_is_drawn_does_not_depend_on_what_is_due():
    class Lazy(penalties.DRAGAN):
        every = 2

    used = draws()
    for step in range(2):
        Lazy()(linear, REAL, FAKE, used, step)
        assert int(ops.convert_to_numpy(used.seed.state.value)[1]) == step + 1


# ------------------------------------------------------------------------------- files and errors


@keras.saving.register_keras_serializable("tests")
def plain(critic, real, fake):
    return 0.1 * ops.mean(critic(fake) ** 2)


def test_files_hold_penalties(tmp_path):
    given = [*CASES, penalties.ConsistencyRegularization(), penalties.WeightClipping(0.1), plain]
    gan_of_points(penalties=given).save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras").penalties["discriminator"]
    for old, new in zip(map(penalties.get, given), again, strict=True):
        assert type(new) is type(old) and new.get_config() == old.get_config()
    assert again[4].augment is negative and again[5].augment is penalties.shift_and_flip
    assert again[-1].function is plain


@pytest.mark.parametrize("wrong", ["r1", 3, None, penalties.R1])
def test_what_is_no_penalty_is_refused(wrong):
    with pytest.raises(ValueError, match="must be a gankit.penalties.Penalty") as error:
        penalties.get(wrong)
    assert repr(wrong) in str(error.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: penalties.GradientPenalty(weight=-1.0), "`weight`.*weight=-1.0"),
        (lambda: penalties.GradientPenalty(target=0.0), "`target`.*above 0.*target=0.0"),
        (lambda: penalties.DRAGAN(noise=0.0), "`noise`.*noise=0.0"),
        (lambda: penalties.R1(float("nan")), "`weight`.*weight=nan"),
        (lambda: penalties.R1(float("inf")), "`weight`.*weight=inf"),
        (lambda: penalties.R2(1.0, every=0), "`every`.*every=0"),
        (lambda: penalties.R1(1.0, every=1.5), "`every`.*every=1.5"),
        (lambda: penalties.WeightClipping(limit=0.0), "`limit`.*limit=0.0"),
        (lambda: penalties.ConsistencyRegularization(-1.0), "`weight`.*weight=-1.0"),
        (lambda: penalties.R1("x"), "weight='x'"),
        (lambda: penalties.R1(None), "weight=None"),
        (lambda: penalties.R1(True), "weight=True"),
        (lambda: penalties.GradientPenalty("x"), "weight='x'"),
        (lambda: penalties.GradientPenalty(target="x"), "target='x'"),
        (lambda: penalties.GradientPenalty(one_sided="no"), "one_sided='no'"),
        (lambda: penalties.DRAGAN(noise="x"), "noise='x'"),
        (lambda: penalties.WeightClipping("x"), "limit='x'"),
        (lambda: penalties.ConsistencyRegularization("x"), "weight='x'"),
        (lambda: penalties.PlainPenalty("x"), "penalty='x'"),
    ],
)
def test_impossible_arguments_are_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_impossible_examples_are_refused():
    with pytest.raises(ValueError, match=r"\(16, 4, 4, 1\) and generated ones of \(8, 4, 4, 1\)"):
        value(penalties.GradientPenalty(), fake=FAKE[:8])
    with pytest.raises(ValueError, match=r"\(16, 4, 4, 1\) and generated ones of \(16, 4, 4\)"):
        value(penalties.GradientPenalty(), fake=FAKE[..., 0])
    with pytest.raises(TypeError, match="uint8"):
        value(penalties.R1(1.0), real=REAL.astype("uint8"))
    with pytest.raises(ValueError, match=r"`shift_and_flip` needs images.*\(16, 4, 4\)"):
        value(penalties.ConsistencyRegularization(), real=REAL[..., 0], fake=FAKE[..., 0])
    with pytest.raises(TypeError, match="augment='flip'"):
        penalties.ConsistencyRegularization(augment="flip")
