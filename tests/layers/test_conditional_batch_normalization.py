"""Conditional batch normalization; its formula is checked in tests/oracles/layers.py."""

import numpy as np
import pytest
from keras import ops

from gankit.layers.conditional_batch_normalization import ConditionalBatchNormalization


def test_moving_averages_follow_the_batch_in_training_only():
    x = np.random.default_rng(0).normal(3.0, 2.0, size=(8, 4)).astype("float32")
    labels = np.arange(8) % 3
    layer = ConditionalBatchNormalization(3, momentum=0.5)
    layer([x, labels])
    np.testing.assert_array_equal(ops.convert_to_numpy(layer.norm.moving_mean.value), 0.0)
    layer([x, labels], training=True)
    moved = ops.convert_to_numpy(layer.norm.moving_mean.value)
    np.testing.assert_allclose(moved, 0.5 * x.mean(axis=0), rtol=1e-5)
    variance = 0.5 * 1.0 + 0.5 * x.var(axis=0)
    expected = (x - moved) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(ops.convert_to_numpy(layer([x, labels])), expected, atol=1e-5)


@pytest.mark.parametrize(
    "name, value",
    [
        ("num_classes", 0),
        ("num_classes", 2.0),
        ("momentum", 1.5),
        ("momentum", "x"),
        ("momentum", True),
        ("epsilon", 0.0),
        ("epsilon", float("inf")),
        ("epsilon", None),
    ],
)
def test_bad_arguments_are_repeated(name, value):
    with pytest.raises((TypeError, ValueError), match=f"{name}={value!r}"):
        ConditionalBatchNormalization(**({"num_classes": 3} | {name: value}))


@pytest.mark.parametrize("shape", [(2, 4), [(2, 4)], [(2, 4), (2, 1)], [(2, None), (2,)]])
def test_bad_inputs_are_repeated(shape):
    with pytest.raises(ValueError, match=r"Received: input shapes? .*2"):
        ConditionalBatchNormalization(3).compute_output_shape(shape)


def test_labels_must_be_integers():
    with pytest.raises(TypeError, match="float32"):
        ConditionalBatchNormalization(3)([np.ones((2, 4), "float32"), np.ones(2, "float32")])
