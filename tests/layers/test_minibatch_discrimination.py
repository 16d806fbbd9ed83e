"""Minibatch discrimination; its formula is checked in tests/oracles/layers.py."""

import numpy as np
import pytest
from keras import ops

from gankit.layers.minibatch_discrimination import MinibatchDiscrimination


def test_a_batch_of_copies_stands_out():
    layer = MinibatchDiscrimination(kernels=3, dims=4, kernel_initializer="random_normal")
    x = 10 * np.random.default_rng(0).normal(size=(6, 5)).astype("float32")
    varied = ops.convert_to_numpy(layer(x))[:, 5:]
    copies = ops.convert_to_numpy(layer(np.repeat(x[:1], 6, axis=0)))[:, 5:]
    np.testing.assert_array_equal(copies, 5.0)
    assert (varied < 5.0).all()


def test_a_lone_example_is_close_to_nobody():
    outputs = MinibatchDiscrimination(3)(np.ones((1, 5), "float32"))
    np.testing.assert_array_equal(ops.convert_to_numpy(outputs)[:, 5:], 0.0)


@pytest.mark.parametrize("name", ["kernels", "dims"])
@pytest.mark.parametrize("value", [0, 2.0, True, "3"])
def test_bad_sizes_are_repeated(name, value):
    with pytest.raises(ValueError, match=f"{name}={value!r}"):
        MinibatchDiscrimination(**{name: value})


@pytest.mark.parametrize("shape", [(4,), (2, None), (2, 4, 4, 1)])
def test_bad_inputs_are_repeated(shape):
    with pytest.raises(ValueError, match=r"input shape \(.*" + repr(shape[-1])):
        MinibatchDiscrimination().compute_output_shape(shape)
