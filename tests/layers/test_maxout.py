"""Maxout, and that its file stands alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from gankit.layers import maxout
from gankit.layers.maxout import Maxout


def test_it_is_the_maximum_of_its_pieces():
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    layer = Maxout(3, pieces=5, bias_initializer="random_normal")
    outputs = keras.ops.convert_to_numpy(layer(x))
    kernel, bias = (keras.ops.convert_to_numpy(v.value) for v in layer.weights)
    for unit in range(3):
        pieces = slice(5 * unit, 5 * unit + 5)
        expected = (x @ kernel[:, pieces] + bias[pieces]).max(axis=1)
        np.testing.assert_allclose(outputs[:, unit], expected, rtol=1e-5, atol=1e-6)


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


def test_its_file_works_alone(tmp_path):
    """Copied into an empty folder: used, saved, and read back by a process without gankit."""
    shutil.copy(Path(maxout.__file__), tmp_path)
    program = """
import sys
import keras, numpy as np
from maxout import Maxout

model = keras.Sequential([keras.Input((6,)), Maxout(3, pieces=4)])
x = np.ones((2, 6), "float32")
model.save("model.keras")
again = keras.models.load_model("model.keras")
np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(m(x)) for m in (model, again)))
assert not any(name.split(".")[0] == "gankit" for name in sys.modules)
"""
    environment = os.environ | {"KERAS_BACKEND": keras.config.backend(), "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
