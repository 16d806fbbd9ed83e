"""Spectral normalization, once per step of the optimizer; see also tests/oracles/layers.py."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import gankit
from gankit import autodiff, backend
from gankit.layers.projection_head import ProjectionHead
from gankit.layers.self_attention import SelfAttention2D
from gankit.layers.spectral_normalization import SpectralNormalization


def array(variable):
    return np.array(ops.convert_to_numpy(ops.convert_to_tensor(variable)))


def unit(vector):
    return vector / np.linalg.norm(vector)


def spectral_norm(layer):
    """Largest singular value of the matrix, inputs by outputs, of the weights a wrapper uses."""
    kernel = array(layer.normalized_kernel()).astype("float64")
    if isinstance(layer.layer, layers.Conv2DTranspose):
        kernel = kernel.swapaxes(-1, -2)
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


def dense(units=4, features=6):
    layer = SpectralNormalization(layers.Dense(units))
    layer.build((None, features))
    return layer


def test_calls_of_one_step_agree_and_iterate_once():
    layer, x = dense(), np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
    kernel, start = array(layer.layer.kernel), unit(array(layer.u))
    outputs = [array(layer(x, training=training)) for training in (False, True, True, False)]
    for other in outputs[1:]:
        np.testing.assert_array_equal(outputs[0], other)
    np.testing.assert_array_equal(array(layer.layer.kernel), kernel)
    np.testing.assert_allclose(array(layer.u), unit(kernel.T @ kernel @ start), rtol=1e-4)


def test_each_change_of_the_weights_is_one_iteration():
    layer, x = dense(), np.ones((3, 6), "float32")
    rng, u = np.random.default_rng(0), unit(array(layer.u))
    for _ in range(4):
        kernel = rng.normal(size=(6, 4)).astype("float32")
        layer.layer.kernel.assign(kernel)
        layer(x, training=True)
        layer(x, training=True)
        u = unit(kernel.T @ kernel @ u)
        np.testing.assert_allclose(array(layer.u), u, atol=1e-5)


@pytest.mark.parametrize("features, units", [(6, 4), (3, 5), (7, 1)])
def test_a_change_of_any_row_or_column_is_seen(features, units):
    layer, x = dense(units, features), np.ones((1, features), "float32")
    layer(x, training=True)
    kernel = array(layer.layer.kernel)
    for index in [(i, slice(None)) for i in range(features)] + [
        (slice(None), j) for j in range(units)
    ]:
        before, kernel[index] = array(layer.last_sample), np.nextafter(kernel[index], np.float32(9))
        layer.layer.kernel.assign(kernel)
        layer(x, training=True)
        assert (array(layer.last_sample) != before).any()


def test_outside_training_nothing_is_stored():
    layer, x = dense(), np.ones((1, 6), "float32")
    before = [array(v) for v in layer.variables]
    layer(x, training=False)
    layer.normalized_kernel()
    for value, variable in zip(before, layer.variables, strict=True):
        np.testing.assert_array_equal(value, array(variable))


def test_a_call_without_state_updates_uses_what_the_next_step_will_use():
    layer, x = dense(), np.ones((1, 6), "float32")
    layer(x, training=True)
    layer.layer.kernel.assign(array(layer.layer.kernel) * np.arange(1, 5, dtype="float32"))
    u = array(layer.u)
    with backend.without_state_updates(layer):
        frozen = array(layer(x, training=True))
    np.testing.assert_array_equal(array(layer.u), u)
    np.testing.assert_array_equal(array(layer(x, training=True)), frozen)
    assert (array(layer.u) != u).any()


def test_sigma_is_differentiated_through_the_weights():
    r"""With u, v constant: d/dW sum(R W / s) = R / s - sum(R W) / s^2 v u^T."""
    layer, weights = dense(), np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    tensor = ops.convert_to_tensor(weights)

    def loss():
        value = ops.sum(layer(np.eye(6, dtype="float32"), training=True) * tensor)
        return value, value

    _, (gradient,) = autodiff.value_and_gradients(loss, [layer.layer.kernel])
    kernel, u = array(layer.layer.kernel), array(layer.u)
    v, sigma = unit(kernel @ u), np.linalg.norm(kernel @ u)
    expected = weights / sigma - (weights * kernel).sum() / sigma**2 * np.outer(v, u)
    np.testing.assert_allclose(array(gradient), expected, atol=1e-5)


def wrappers(model):
    return [part for part in model._flatten_layers() if isinstance(part, SpectralNormalization)]


def test_after_100_steps_every_layer_has_norm_one():
    """With the training step that Keras compiles."""
    keras.utils.set_random_seed(0)
    parts = [
        SpectralNormalization(layers.Conv2D(6, 3, activation="relu")),
        SpectralNormalization(layers.Conv2DTranspose(4, 2, strides=2, activation="relu")),
        layers.Flatten(),
        SpectralNormalization(layers.Dense(1)),
    ]
    model = keras.Sequential([keras.Input((4, 4, 1)), *parts])
    untrained = [array(layer.layer.kernel) for layer in wrappers(model)]
    images = np.random.default_rng(0).normal(size=(200, 4, 4, 1)).astype("float32")
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(images, images.mean(axis=(1, 2)), batch_size=2, epochs=1, verbose=0)
    for layer, before in zip(wrappers(model), untrained, strict=True):
        assert np.abs(array(layer.layer.kernel) - before).max() > 0.01
        assert 0.95 <= spectral_norm(layer) <= 1.05


def test_in_a_gan_it_iterates_once_per_step_of_its_network(tmp_path):
    """Although losses and a lazy penalty call it several times; a saved file restores it all."""
    keras.utils.set_random_seed(0)
    generator = keras.Sequential([keras.Input((3,)), SpectralNormalization(layers.Dense(2))])
    discriminator = keras.Sequential(
        [
            keras.Input((2,)),
            SpectralNormalization(layers.Dense(4, "relu")),
            SpectralNormalization(layers.Dense(1)),
        ]
    )
    gan = gankit.GAN(generator, discriminator, latent_dim=3, data_range=None, seed=0)
    gan.compile(loss="hinge", penalties=[gankit.penalties.R1(0.1, every=2)])
    first = wrappers(discriminator)[0]
    points = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    for _ in range(2):
        kernel, u = array(first.layer.kernel), array(first.u)
        gan.fit(points, batch_size=8, epochs=1, verbose=0)
        expected = unit(kernel.T @ kernel @ u)
        np.testing.assert_allclose(array(first.u), expected, atol=1e-5)
        assert (array(first.layer.kernel) != kernel).any()
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    for network in ("generator", "discriminator"):
        pairs = zip(*(wrappers(getattr(g, network)) for g in (gan, again)), strict=True)
        for old, new in pairs:
            np.testing.assert_array_equal(array(old.u), array(new.u))
            np.testing.assert_array_equal(
                array(old.normalized_kernel()), array(new.normalized_kernel())
            )


@pytest.mark.parametrize("part", [SelfAttention2D, ProjectionHead])
def test_it_goes_around_the_inner_layers_of_others(part):
    if part is SelfAttention2D:
        layer, inputs, inner = SelfAttention2D(SpectralNormalization), np.ones((2, 4, 4, 8)), 4
    else:
        layer, inner = ProjectionHead(3, SpectralNormalization), 2
        inputs = [np.ones((2, 5)), np.array([0, 2])]
    layer(inputs, training=True)
    assert len(wrappers(layer)) == inner
    assert all(array(wrapped.last_sample).any() for wrapped in wrappers(layer))
    again = part.from_config(layer.get_config())
    assert again.wrapper is SpectralNormalization


def test_weights_of_zero_stay_zero():
    layer = SpectralNormalization(layers.Dense(3, kernel_initializer="zeros"))
    np.testing.assert_array_equal(array(layer(np.ones((2, 4), "float32"), training=True)), 0.0)


def test_losses_of_the_layer_are_kept():
    layer = SpectralNormalization(layers.Dense(3, activity_regularizer="l2"))
    layer(np.ones((2, 4), "float32"))
    assert len(layer.losses) == 1


@pytest.mark.parametrize("layer", [layers.Flatten(), layers.DepthwiseConv2D(3), "dense"])
def test_other_layers_are_refused(layer):
    with pytest.raises(ValueError, match=r"layer=('dense'|<(Flatten|DepthwiseConv2D) )"):
        SpectralNormalization(layer)


@pytest.mark.parametrize("value", [0, 1.0, True])
def test_bad_numbers_of_iterations_are_repeated(value):
    with pytest.raises(ValueError, match=f"power_iterations={value!r}"):
        SpectralNormalization(layers.Dense(3), power_iterations=value)
