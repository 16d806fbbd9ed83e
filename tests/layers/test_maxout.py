"""Maxout; its formula is checked in tests/oracles/layers.py."""

import keras
import numpy as np
import pytest

from gankit.layers.maxout import Maxout


def test_one_piece_is_a_linear_layer():
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    layer = Maxout(3, pieces=1)
    dense = keras.layers.Dense(3)
    dense.build((None, 6))
    layer.build((None, 6))
    dense.set_weights(layer.get_weights())
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(layer(x)), keras.ops.convert_to_numpy(dense(x)), atol=1e-6
    )


@pytest.mark.parametrize("shape", [(None, 6), (2, 6), (None, 4, 6), (2, None, 5, 6)])
def test_output_shape(shape):
    layer = Maxout(3, pieces=2)
    assert layer.compute_output_shape(shape) == (*shape[:-1], 3)
    concrete = tuple(2 if n is None else n for n in shape)
    assert tuple(layer(np.zeros(concrete, "float32")).shape) == (*concrete[:-1], 3)


@pytest.mark.parametrize("name", ["units", "pieces"])
@pytest.mark.parametrize("value", [0, -2, 2.0, True, "3"])
def test_bad_sizes_are_repeated(name, value):
    with pytest.raises(ValueError, match=f"{name}={value!r}"):
        Maxout(**({"units": 3} | {name: value}))


@pytest.mark.parametrize("shape", [(4,), (2, None)])
def test_bad_inputs_are_repeated(shape):
    with pytest.raises(ValueError, match=r"input shape \(.*" + repr(shape[-1])):
        Maxout(3).build(shape)


def test_config_makes_an_equal_layer():
    layer = Maxout(3, 5, kernel_initializer=keras.initializers.RandomUniform(-0.005, 0.005))
    again = Maxout.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.units, again.pieces, again.kernel_initializer.maxval) == (3, 5, 0.005)
