"""Fused batch normalization: outputs, gradients and statistics equal those of Keras' layer."""

import keras
import numpy as np
import pytest
from keras import ops

from gankit import autodiff
from gankit.normalization import BatchNormalization

RNG = np.random.default_rng(0)
MAPS = RNG.normal(2.0, 3.0, (6, 5, 4, 3)).astype("float32")
WEIGHTS = RNG.normal(size=MAPS.size).astype("float32")


def after_a_pass(kind, inputs, **options):
    """Return outputs, moving statistics, and the gradients of a loss of the outputs."""
    layer = kind(momentum=0.7, epsilon=1e-3, **options)
    layer.build(inputs.shape)
    for variable, start in zip(layer.trainable_variables, (1.5, -0.5), strict=False):
        variable.assign(np.linspace(start, start + 1, variable.shape[0]))
    x = ops.convert_to_tensor(inputs)
    weights = ops.convert_to_tensor(WEIGHTS[: inputs.size].reshape(inputs.shape))

    def objective(x):
        return ops.sum(weights * layer(x, training=True) ** 2)

    _, gradients = autodiff.value_and_gradients(
        lambda: (objective(x), ()), layer.trainable_variables
    )
    slope = autodiff.input_gradient(objective, x)
    y = layer(x, training=False)
    values = [y, slope, layer.moving_mean, layer.moving_variance, *gradients]
    return [ops.convert_to_numpy(v).astype("float32") for v in values]


CASES = {
    "maps": (MAPS, {}),
    "rows": (MAPS[:, 0, 0], {}),
    "no shift": (MAPS, {"center": False}),
    "no scale": (MAPS, {"scale": False}),
    "channels first": (MAPS.transpose(0, 3, 1, 2), {"axis": 1}),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_keras_layer(case):
    inputs, options = CASES[case]
    theirs = after_a_pass(keras.layers.BatchNormalization, inputs, **options)
    ours = after_a_pass(BatchNormalization, inputs, **options)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-4)


def test_it_is_the_formula():
    layer = BatchNormalization(epsilon=1e-5, momentum=0.0)
    outputs = ops.convert_to_numpy(layer(MAPS, training=True))
    x = MAPS.astype("float64")
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    np.testing.assert_allclose(outputs, (x - mean) / np.sqrt(variance + 1e-5), atol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(layer.moving_mean.value), mean, rtol=1e-5)
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer.moving_variance.value), variance, rtol=1e-5
    )


def test_a_layer_that_is_not_trainable_uses_its_moving_statistics():
    layer = BatchNormalization(epsilon=0.0)
    layer.build(MAPS.shape)
    layer.trainable = False
    np.testing.assert_allclose(ops.convert_to_numpy(layer(MAPS, training=True)), MAPS, rtol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(policy):
    layer = BatchNormalization(epsilon=1e-3, dtype=policy)
    outputs = layer(MAPS, training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == policy.removeprefix("mixed_")
    exact = ops.convert_to_numpy(BatchNormalization(epsilon=1e-3)(MAPS, training=True))
    np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(outputs, "float32")), exact, atol=0.05)
    assert keras.backend.standardize_dtype(layer.moving_mean.dtype) == "float32"


@pytest.mark.tensorflow
def test_a_pass_over_maps_is_one_kernel():
    import tensorflow as tf

    layer = BatchNormalization()
    layer.build(MAPS.shape)
    graph = tf.function(lambda x: layer(x, training=True)).get_concrete_function(MAPS).graph
    assert "FusedBatchNormV3" in {operation.type for operation in graph.get_operations()}
