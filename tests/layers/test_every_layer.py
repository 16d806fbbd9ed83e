"""Tests of every layer: shapes, configuration, precision, and use of its file without gankit."""

import importlib
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import gankit.layers

FOLDER = Path(gankit.layers.__file__).parent

# One or more layers of each file: how to make it, and the shapes of its inputs without the batch.
# The shape () stands for class numbers below 3.
CASES = {
    "conditional_batch_normalization": [("ConditionalBatchNormalization(3)", [(4, 6, 2), ()])],
    "diff_augment": [("DiffAugment(['color', 'cutout'], seed=0)", [(8, 8, 3)])],
    "maxout": [("Maxout(3, pieces=4)", [(6,)]), ("Maxout(3)", [(5, 6)])],
    "minibatch_discrimination": [("MinibatchDiscrimination(4, dims=2)", [(6,)])],
    "minibatch_stddev": [("MinibatchStdDev(3)", [(4, 6, 2)]), ("MinibatchStdDev()", [(6,)])],
    "pixel_shuffle": [
        ("PixelShuffle(2)", [(4, 6, 8)]),
        ("keras.layers.Dense(8, kernel_initializer=ICNR(2, 'he_normal'))", [(6,)]),
    ],
    "projection_head": [("ProjectionHead(3)", [(6,), ()])],
    "reflection_padding": [("ReflectionPadding2D(((0, 1), (2, 3)))", [(4, 6, 2)])],
    "self_attention": [("SelfAttention2D()", [(4, 6, 8)])],
    "spectral_normalization": [
        ("SpectralNormalization(keras.layers.Conv2D(2, 3))", [(4, 6, 2)]),
        ("SpectralNormalization(keras.layers.Embedding(3, 2), power_iterations=2)", [()]),
    ],
    "virtual_batch_normalization": [
        (
            "ReferenceBatch(keras.Sequential([keras.layers.Dense(3), VirtualBatchNormalization(2)])"
            ", [[0.1, 0.2], [0.3, 0.5]])",
            [(2,)],
        ),
        ("VirtualBatchNormalization(2)", [(4, 6, 2)]),
    ],
    "weight_normalization": [
        ("WeightNormalization(keras.layers.Conv2DTranspose(2, 3, strides=2))", [(4, 6, 2)]),
        ("WeightNormalization(keras.layers.Dense(2), train_scale=False)", [(6,)]),
    ],
}
EACH = [(module, *case) for module, cases in CASES.items() for case in cases]
each_layer = pytest.mark.parametrize("module, expression, shapes", EACH, ids=[c[1] for c in EACH])


def make(module, expression):
    names = vars(importlib.import_module(f"gankit.layers.{module}"))
    return eval(expression, {**names, "keras": keras})


def arguments(shapes, batch=4):
    rng = np.random.default_rng(0)
    drawn = [
        rng.normal(size=(batch, *shape)).astype("float32") if shape else rng.integers(0, 3, batch)
        for shape in shapes
    ]
    return drawn if len(drawn) > 1 else drawn[0]


def symbols(shapes, batch=None):
    kinds = {True: "float32", False: "int32"}
    inputs = [keras.KerasTensor((batch, *shape), dtype=kinds[bool(shape)]) for shape in shapes]
    return inputs if len(inputs) > 1 else inputs[0]


def test_every_file_has_a_case():
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert set(CASES) == files


@each_layer
def test_config_makes_an_equal_layer(module, expression, shapes):
    layer = make(module, expression)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(layer) and again.get_config() == layer.get_config()


@each_layer
def test_shapes_are_known_and_mixed_precision_stays_near_float32(module, expression, shapes):
    keras.utils.set_random_seed(0)
    layer, x = make(module, expression), arguments(shapes)
    symbolic = layer(symbols(shapes))
    assert symbolic.shape[0] is None and None not in symbolic.shape[1:]
    expected = keras.ops.convert_to_numpy(layer(x))
    assert expected.shape == (4, *symbolic.shape[1:])
    for precision, step in (("float16", 2.0**-10), ("bfloat16", 2.0**-7)):
        received, dtypes = outputs_in(f"mixed_{precision}", module, expression, layer, shapes)
        assert dtypes == (precision, {"float32"})
        np.testing.assert_allclose(received, expected, atol=4 * step * np.abs(expected).max())


def outputs_in(policy, module, expression, like, shapes):
    """Return the layer's outputs under a policy, their dtype, and the dtypes of its weights."""
    keras.config.set_dtype_policy(policy)
    try:
        layer = make(module, expression)
        symbolic = layer(symbols(shapes))
    finally:
        keras.config.set_dtype_policy("float32")
    layer.set_weights(like.get_weights())
    outputs = layer(arguments(shapes))
    dtype = keras.backend.standardize_dtype(outputs.dtype)
    assert symbolic.dtype == dtype
    weights = {weight.dtype for weight in layer.weights} or {"float32"}
    return keras.ops.convert_to_numpy(keras.ops.cast(outputs, "float32")), (dtype, weights)


# For each entry of `cases`, {file: (expression, shapes)}: imports the file from a separate folder,
# trains a model with the layer for one step, saves it there, and reads it back.
ALONE = """
import importlib, os, sys
sys.modules["gankit"] = None  # importing it raises
import keras, numpy as np

for module, (expression, shapes) in cases.items():
    os.chdir(os.path.join(folder, module))
    assert os.listdir() == [module + ".py"]
    sys.path.insert(0, os.getcwd())
    names = vars(importlib.import_module(module))
    layer = eval(expression, {**names, "keras": keras})
    inputs = [keras.Input(shape, dtype="float32" if shape else "int32") for shape in shapes]
    outputs = keras.layers.Flatten()(layer(inputs if len(inputs) > 1 else inputs[0]))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(4, *shape)) if shape else rng.integers(0, 3, 4) for shape in shapes]
    before = model.get_weights()
    loss = model.train_on_batch(x, np.ones((4, *outputs.shape[1:])))
    changed = [(a != b).any() for a, b in zip(before, model.get_weights())]
    assert np.isfinite(loss) and (any(changed) or not layer.weights), (module, loss, changed)
    after = model.predict_on_batch(x)
    model.save("model.keras")
    again = keras.models.load_model("model.keras").predict_on_batch(x)
    np.testing.assert_array_equal(again, after, module)
    sys.path.pop(0)
"""


def test_every_file_works_alone(run_process, tmp_path):
    for module in CASES:
        (tmp_path / module).mkdir()
        shutil.copy(FOLDER / f"{module}.py", tmp_path / module)
    first = {module: cases[0] for module, cases in CASES.items()}
    assert run_process(ALONE, cases=first, folder=str(tmp_path)) == 0


def test_keras_has_instance_normalization():
    """As the package's docstring says: each channel of each image by its own mean and variance."""
    x = np.random.default_rng(0).normal(3.0, 2.0, size=(2, 6, 5, 4)).astype("float32")
    layer = keras.layers.GroupNormalization(groups=-1, epsilon=1e-5)
    layer.build(x.shape)
    layer.set_weights([np.arange(1.0, 5.0), np.arange(4.0)])
    mean, variance = (f(x, axis=(1, 2), keepdims=True) for f in (np.mean, np.var))
    expected = np.arange(1.0, 5.0) * (x - mean) / np.sqrt(variance + 1e-5) + np.arange(4.0)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), expected, atol=1e-4)


def test_every_layer_is_listed():
    listed = {line.split("`")[1] for line in gankit.layers.__doc__.splitlines() if "| `" in line}
    assert listed == set(CASES)
