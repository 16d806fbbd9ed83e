"""Weight normalization; its formula is checked in tests/oracles/layers.py."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from gankit import autodiff
from gankit.layers.weight_normalization import WeightNormalization, initialize


def array(variable):
    return np.array(ops.convert_to_numpy(ops.convert_to_tensor(variable)))


@pytest.mark.parametrize(
    "layer, shape",
    [
        (layers.Dense(3), (4, 6)),
        (layers.Conv2D(3, 2, strides=2), (2, 4, 6, 5)),
        (layers.Conv2DTranspose(3, 4, strides=2), (2, 4, 6, 5)),
    ],
)
def test_it_starts_as_the_layer_itself(layer, shape):
    wrapped, x = WeightNormalization(layer), np.ones(shape, "float32")
    assert wrapped.compute_output_shape(shape) == layer.compute_output_shape(shape)
    np.testing.assert_allclose(array(wrapped(x)), array(layer(x)), atol=1e-5)
    assert tuple(wrapped.g.shape) == (3,)


def test_the_gradient_does_not_change_lengths():
    """The gradient for v is orthogonal to v; the gradient for g is its component along v."""
    layer, x = WeightNormalization(layers.Dense(3, use_bias=False)), np.eye(6, dtype="float32")
    layer.build(x.shape)
    layer.g.assign([1.0, 2.0, 3.0])
    weights = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    tensor = ops.convert_to_tensor(weights)

    def loss():
        value = ops.sum(layer(x) * tensor)
        return value, value

    variables = [layer.layer.kernel, layer.g]
    _, (of_v, of_g) = autodiff.value_and_gradients(loss, variables)
    v = array(layer.layer.kernel)
    np.testing.assert_allclose((array(of_v) * v).sum(axis=0), 0.0, atol=1e-5)
    direction = v / np.linalg.norm(v, axis=0)
    np.testing.assert_allclose(array(of_g), (weights * direction).sum(axis=0), atol=1e-5)
    across = weights - direction * (weights * direction).sum(axis=0)
    expected = array(layer.g) * across / np.linalg.norm(v, axis=0)
    np.testing.assert_allclose(array(of_v), expected, atol=1e-5)


def small_model(**options):
    keras.utils.set_random_seed(0)
    parts = [
        keras.Input((4, 4, 2)),
        WeightNormalization(layers.Conv2D(3, 2, activation="relu"), train_scale=False),
        WeightNormalization(layers.Conv2DTranspose(4, 2, activation="tanh")),
        layers.Flatten(),
        WeightNormalization(layers.Dense(5, **options)),
    ]
    return keras.Sequential(parts)


def test_initialization_gives_every_layer_mean_0_and_variance_1():
    model = small_model()
    batch = np.random.default_rng(0).normal(3.0, 2.0, size=(64, 4, 4, 2)).astype("float32")
    initialize(model, batch)
    x = batch
    for part in model.layers:
        if isinstance(part, WeightNormalization):
            config = part.layer.get_config() | {"activation": "linear"}
            plain = type(part.layer).from_config(config)
            plain.build(x.shape)
            plain.set_weights([array(part.normalized_kernel()), array(part.layer.bias)])
            before_activation = array(plain(x)).reshape(-1, part.g.shape[0])
            np.testing.assert_allclose(before_activation.mean(axis=0), 0.0, atol=1e-4)
            np.testing.assert_allclose(before_activation.var(axis=0), 1.0, atol=1e-4)
        x = array(part(x))
    frozen = model.layers[0].g
    assert not frozen.trainable and len(model.trainable_weights) == 3 * 2 + 2


def test_initialization_happens_once():
    model = small_model()
    rng = np.random.default_rng(0)
    initialize(model, rng.normal(size=(64, 4, 4, 2)).astype("float32"))
    before = model.get_weights()
    model(rng.normal(size=(8, 4, 4, 2)).astype("float32"), training=True)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_without_bias_the_variance_alone_is_set():
    model = small_model(use_bias=False)
    batch = np.random.default_rng(0).normal(size=(64, 4, 4, 2)).astype("float32")
    initialize(model, batch)
    np.testing.assert_allclose(array(model(batch)).var(axis=0), 1.0, atol=1e-4)


def test_an_output_that_does_not_vary_is_refused():
    model = keras.Sequential([keras.Input((4,)), WeightNormalization(layers.Dense(3), name="wn")])
    with pytest.raises(ValueError, match="output of 'wn' .* 3 of the 3 outputs"):
        initialize(model, np.ones((8, 4), "float32"))
    initialize(model, np.random.default_rng(0).normal(size=(8, 4)).astype("float32"))


def test_models_without_such_layers_are_refused():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)], name="plain")
    with pytest.raises(ValueError, match="plain"):
        initialize(model, np.ones((8, 4), "float32"))
    with pytest.raises(ValueError, match="Received: model='x'"):
        initialize("x", np.ones((8, 4), "float32"))


def test_a_flag_is_true_or_false():
    with pytest.raises(TypeError, match="train_scale='no'"):
        WeightNormalization(layers.Dense(3), train_scale="no")


def test_losses_of_the_layer_are_kept():
    layer = WeightNormalization(layers.Dense(3, activity_regularizer="l2"))
    layer(np.ones((2, 4), "float32"))
    assert len(layer.losses) == 1


@pytest.mark.parametrize("layer", [layers.Flatten(), layers.DepthwiseConv2D(3), "dense"])
def test_other_layers_are_refused(layer):
    with pytest.raises(ValueError, match=r"layer=('dense'|<(Flatten|DepthwiseConv2D) )"):
        WeightNormalization(layer)
