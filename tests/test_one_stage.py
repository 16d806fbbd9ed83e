"""One-stage updates: equal to both players' own gradients, and refused where they are not."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import gankit
from gankit import losses

POINTS = np.random.default_rng(1).normal(size=(16, 2)).astype("float32")
LATENTS = np.random.default_rng(2).normal(size=(16, 4)).astype("float32")


def values(variables):
    return [ops.convert_to_numpy(v.value).copy() for v in variables]


def gan_of(make_gan, **options):
    """With steps of length one, a step's change is the gradient."""
    optimizers = {
        f"{player}_optimizer": keras.optimizers.SGD(1.0)
        for player in ("generator", "discriminator")
    }
    gan = make_gan(**(optimizers | options))
    gan.sample_latents = lambda n, seed: ops.convert_to_tensor(LATENTS)[:n]
    # Confident logits, on both sides of the hinge loss' margin.
    for variable in gan.discriminator.trainable_variables:
        variable.assign(3.0 * ops.convert_to_tensor(variable))
    return gan


def by_two_passes(gan, labels):
    """Both players' steps, each from the weights at the start."""
    weights = gan.generator.trainable_variables + gan.discriminator.trainable_variables
    start, ends = values(weights), []
    for step in (gan.generator_step, gan.discriminator_step):
        step(ops.convert_to_tensor(POINTS), labels)
        ends.append(values(weights))
        for variable, value in zip(weights, start, strict=True):
            variable.assign(value)
    count = len(gan.generator.trainable_variables)
    return [*ends[0][:count], *ends[1][count:]]


def check_against_two_passes(make_gan, labels=None, **options):
    two, one = gan_of(make_gan, **options), gan_of(make_gan, update="one_stage", **options)
    start = values(two.trainable_variables)
    expected = by_two_passes(two, labels)
    one.one_stage_step(ops.convert_to_tensor(POINTS), labels)
    moved = [new - old for new, old in zip(expected, start, strict=True)]
    # The gradient of a bias may be zero: Wasserstein's in the last layer is.
    scale = max(np.abs(move).max() for move in moved)
    assert scale > 0.01
    for mine, oracle in zip(values(one.trainable_variables), expected, strict=True):
        np.testing.assert_allclose(mine, oracle, rtol=1e-5, atol=1e-5 * scale)
    return two, one


@pytest.mark.parametrize("loss", losses.names())
def test_gradients_are_those_of_two_passes(make_gan, loss):
    check_against_two_passes(make_gan, norm=False, loss=loss)


def test_a_symmetric_loss_goes_with_batch_normalization(make_gan):
    two, one = check_against_two_passes(make_gan, norm=True, loss="minimax")
    # The discriminator's statistics move once for real and once for generated examples.
    pairs = zip(
        values(two.discriminator.non_trainable_variables),
        values(one.discriminator.non_trainable_variables),
        strict=True,
    )
    assert all(np.allclose(a, b, rtol=1e-5, atol=1e-6) for a, b in pairs)


@keras.saving.register_keras_serializable("tests")
def squared_logits(critic, real, fake):
    return ops.mean(critic(real) ** 2) + ops.mean(critic(fake) ** 4)


def test_penalties_and_labels_go_with_it(make_gan):
    labels = ops.convert_to_tensor(np.arange(16) % 3, "int32")
    two, one = check_against_two_passes(
        make_gan, labels, norm=False, num_classes=3, penalties=[squared_logits]
    )
    reports = [{m.name: float(m.result()) for m in gan.metrics} for gan in (two, one)]
    assert reports[0] == pytest.approx(reports[1], rel=1e-5)


def test_it_trains_and_is_saved(make_gan, points, state_of, tmp_path):
    gan = make_gan(norm=False, dropout=0.2, loss="hinge", update="one_stage")
    gan.fit(points, batch_size=16, verbose=0)
    gan.save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras")
    assert again.update == "one_stage"
    batch = (ops.convert_to_tensor(points),)
    for g in (gan, again):
        g._train_step(batch)
    assert int(again.generator_optimizer.iterations) == 4
    for a, b in zip(state_of(gan), state_of(again), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_symmetric_loss_trains_in_half_precision(make_gan, points):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        gan = make_gan(loss="minimax", update="one_stage")
    finally:
        keras.config.set_dtype_policy("float32")
    assert isinstance(gan.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    before = values(gan.trainable_variables)
    report = gan._train_step((ops.convert_to_tensor(points),))
    assert np.isfinite([float(value) for value in report.values()]).all()
    moved = zip(before, values(gan.trainable_variables), strict=True)
    assert sum((a != b).any() for a, b in moved) >= len(before) - 2, "the gradients underflowed"


# ------------------------------------------------------------------------------- refusals


class MinibatchMean(layers.Layer):
    """Couples examples through a gate that is closed at first."""

    def build(self, input_shape):
        self.gate = self.add_weight(shape=(), initializer="zeros", name="gate")

    def call(self, inputs):
        return inputs + self.gate * ops.mean(ops.tanh(inputs), axis=0, keepdims=True)


class Crowding(layers.Layer):
    """Couples only examples that are close to each other."""

    def call(self, inputs):
        apart = ops.sum(ops.abs(inputs[:, None] - inputs[None]), axis=-1)
        return ops.concatenate([inputs, ops.sum(ops.exp(-20 * apart), 1, keepdims=True)], axis=-1)


def gan_with(*hidden, latent_dim=4, shape=(2,), outputs=None):
    keras.utils.set_random_seed(0)
    generator = keras.Sequential(
        [keras.Input((latent_dim,)), layers.Dense(int(np.prod(shape))), layers.Reshape(shape)]
    )
    outputs = outputs or [layers.Dense(1)]
    discriminator = keras.Sequential([keras.Input(shape), *hidden, *outputs])
    return gankit.GAN(generator, discriminator, latent_dim, data_range=None, seed=0)


@pytest.mark.parametrize(
    "coupling", [layers.BatchNormalization, MinibatchMean, Crowding], ids=lambda c: c.__name__
)
def test_coupled_examples_are_found(coupling):
    gan = gan_with(coupling())
    before = values(gan.variables)
    with pytest.raises(ValueError, match="examples of a batch change each other's logits"):
        gan.compile(loss="hinge", update="one_stage")
    for a, b in zip(before, values(gan.variables), strict=True):
        np.testing.assert_array_equal(a, b)
    gan.compile(loss="wasserstein", update="one_stage")


def test_layers_that_couple_nothing_are_let_through():
    gan = gan_with(
        layers.SpectralNormalization(layers.Dense(8)),
        layers.LayerNormalization(),
        layers.GaussianNoise(0.5),
        layers.Dropout(0.5),
    )
    gan.compile(loss="hinge", update="one_stage")


def test_a_map_of_logits_has_no_ratio_of_its_own():
    gan = gan_with(shape=(4, 4, 1), outputs=[layers.Conv2D(1, 3)])
    with pytest.raises(ValueError, match="under NonSaturating.*gives an example more than one"):
        gan.compile(update="one_stage")
    gan.compile(loss="minimax", update="one_stage")


class OwnStep(gankit.GAN):
    def generator_step(self, real, labels=None):
        super().generator_step(real, labels)


def test_a_step_of_ones_own_is_not_passed_over(make_gan):
    gan = make_gan(norm=False)
    gan.__class__ = OwnStep
    with pytest.raises(ValueError, match="OwnStep has a `generator_step` of its own"):
        gan.compile(update="one_stage")


def test_float16_cannot_hold_the_ratios():
    gan = gan_with(layers.Dense(4, dtype="mixed_float16"))
    with pytest.raises(ValueError, match="mixed_bfloat16"):
        gan.compile(loss="hinge", update="one_stage")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"update": "two_stage"}, "update='two_stage'"),
        ({"update": "one_stage", "discriminator_steps": 2}, "discriminator_steps=2"),
    ],
)
def test_impossible_updates_are_refused(make_gan, options, message):
    with pytest.raises(ValueError, match=message):
        make_gan(**options)
