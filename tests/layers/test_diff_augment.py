"""Differentiable augmentation; tests/oracles/layers.py checks the augmented images."""

import re

import keras
import numpy as np
import pytest
from keras import ops

from gankit import autodiff
from gankit.layers.diff_augment import DiffAugment

IMAGES = np.random.default_rng(0).normal(size=(6, 8, 8, 3)).astype("float32")


def augmented(layer, images=IMAGES):
    return ops.convert_to_numpy(layer(images, training=True))


def test_it_does_nothing_outside_training():
    np.testing.assert_array_equal(ops.convert_to_numpy(DiffAugment()(IMAGES)), IMAGES)


@pytest.mark.parametrize("policy", ["color", "translation", "cutout"])
def test_each_image_and_each_call_gets_numbers_of_its_own(policy):
    layer = DiffAugment([policy], seed=0)
    same = np.repeat(IMAGES[:1], 32, axis=0)
    first, second = augmented(layer, same), augmented(layer, same)
    assert len(np.unique(first.reshape(32, -1), axis=0)) > 4
    assert (first != second).any()


def test_the_seed_decides():
    first, again, other = (augmented(DiffAugment(seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("size", [7, 8])
def test_a_hole_is_nowhere_larger_than_half_the_image(size):
    images = np.ones((64, size, size, 1), "float32")
    holes = (augmented(DiffAugment(["cutout"], seed=0), images) == 0).sum(axis=(1, 2, 3))
    assert holes.max() == 16 and holes.min() < 16  # 4 x 4 pixels, fewer at the border


def test_gradients_pass_as_finite_differences_do():
    """Along a random direction; each call makes a new layer, so that all draw the same numbers."""
    direction = np.random.default_rng(1).normal(size=IMAGES.shape).astype("float32")

    def loss(images):
        return ops.sum(ops.square(DiffAugment(seed=3)(images, training=True)))

    gradient = ops.convert_to_numpy(autodiff.input_gradient(loss, IMAGES))
    ahead, behind = (float(loss(IMAGES + step * direction)) for step in (0.05, -0.05))
    assert (gradient * direction).sum() == pytest.approx((ahead - behind) / 0.1, rel=1e-3)


@pytest.mark.parametrize("policy", [[], "color", ["hue"], ["cutout", "cutout"]])
def test_bad_policies_are_repeated(policy):
    with pytest.raises(ValueError, match=re.escape(f"policy={policy!r}")):
        DiffAugment(policy)


@pytest.mark.parametrize("shape", [(2, 8, 8), (2, None, 8, 3)])
def test_bad_inputs_are_repeated(shape):
    with pytest.raises(ValueError, match=re.escape(f"input shape {shape}")):
        DiffAugment().compute_output_shape(shape)


def test_images_must_be_floating_point():
    with pytest.raises(TypeError, match="uint8"):
        DiffAugment()(ops.ones((2, 8, 8, 3), "uint8"))


def test_it_draws_from_a_state_of_its_own():
    (state,) = DiffAugment().variables
    assert "seed_generator" in state.path
    keras.utils.set_random_seed(0)
    layer = DiffAugment()
    expected = augmented(layer)
    keras.utils.set_random_seed(0)
    layer = DiffAugment()
    keras.random.normal((4,))  # advances the state that all other code shares
    np.testing.assert_array_equal(augmented(layer), expected)
