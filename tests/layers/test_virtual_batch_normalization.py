"""Virtual batch normalization; its formula is checked in tests/oracles/layers.py."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import gankit
from gankit.layers.virtual_batch_normalization import ReferenceBatch, VirtualBatchNormalization

REFERENCE = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")


def network(size=5):
    keras.utils.set_random_seed(0)
    parts = [layers.Dense(4), VirtualBatchNormalization(size), layers.ReLU()]
    parts += [layers.Dense(2), VirtualBatchNormalization(size)]
    return keras.Sequential([keras.Input((3,)), *parts])


def array(tensor):
    return np.array(ops.convert_to_numpy(tensor))


def test_an_example_depends_on_no_other_of_its_batch():
    model = ReferenceBatch(network(), REFERENCE)
    x = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    together = array(model(x, training=True))
    alone = np.concatenate([array(model(x[i : i + 1], training=False)) for i in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert np.abs(together).std() > 0.1


def test_the_reference_is_normalized_by_itself():
    x = np.random.default_rng(1).normal(3.0, 2.0, size=(7, 4, 4, 2)).astype("float32")
    outputs = array(VirtualBatchNormalization(5)(x))[:5]
    np.testing.assert_allclose(outputs.mean(axis=(0, 1, 2)), 0.0, atol=1e-5)
    np.testing.assert_allclose(outputs.var(axis=(0, 1, 2)), 1.0, atol=1e-4)


@pytest.mark.usefixtures("untraced")
def test_a_gan_with_it_trains_and_is_saved_with_its_reference(tmp_path):
    generator = keras.Sequential([keras.Input((3,)), ReferenceBatch(network(), REFERENCE)])
    discriminator = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    gan = gankit.GAN(generator, discriminator, latent_dim=3, data_range=None, seed=0)
    gan.compile()
    untrained = generator.get_weights()
    points = np.random.default_rng(0).normal(size=(32, 2)).astype("float32")
    gan.fit(points, batch_size=8, epochs=1, verbose=0)
    inner = generator.layers[0]
    np.testing.assert_array_equal(array(inner.reference), REFERENCE)
    moved = [(a != b).any() for a, b in zip(untrained, generator.get_weights(), strict=True)]
    assert sum(moved) == len(generator.trainable_weights) == 8
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(4, seed=0), gan.generate(4, seed=0))
    np.testing.assert_array_equal(array(again.generator.layers[0].reference), REFERENCE)


@pytest.mark.parametrize(
    "name, value",
    [
        ("reference_size", 1),
        ("reference_size", 2.0),
        ("epsilon", 0.0),
        ("epsilon", -1.0),
        ("epsilon", float("inf")),
        ("epsilon", "x"),
        ("epsilon", True),
    ],
)
def test_bad_arguments_are_repeated(name, value):
    with pytest.raises((TypeError, ValueError), match=f"{name}={value!r}"):
        VirtualBatchNormalization(**({"reference_size": 5} | {name: value}))


@pytest.mark.parametrize("shape", [(7,), (7, None), (4, 3)])
def test_bad_inputs_are_repeated(shape):
    with pytest.raises(ValueError, match=r"reference_size=5.*input shape \(.*" + repr(shape[-1])):
        VirtualBatchNormalization(5).compute_output_shape(shape)


def test_sizes_of_reference_must_agree():
    with pytest.raises(ValueError, match="reference_size=6. Received: 5 examples"):
        ReferenceBatch(network(6), REFERENCE)


def test_the_reference_must_be_like_the_input():
    with pytest.raises(ValueError, match=r"\(3,\).*\(None, 4\)"):
        ReferenceBatch(network(), REFERENCE).build((None, 4))


@pytest.mark.parametrize(
    "reference, error, match",
    [
        (np.ones((5, 3), "int32"), TypeError, "int32"),
        (np.ones(5, "float32"), ValueError, r"shape \(5,\)"),
        (np.full((5, 3), np.inf, "float32"), ValueError, "inf"),
        (np.full((5, 3), np.nan, "float32"), ValueError, "nan"),
    ],
)
def test_bad_references_are_repeated(reference, error, match):
    with pytest.raises(error, match=match):
        ReferenceBatch(network(), reference)
