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


def test_colors_follow_the_formula(monkeypatch):
    """With all numbers 1/4: brightness - 1/4, half the saturation, 3/4 of the contrast."""
    monkeypatch.setattr(DiffAugment, "_uniform", lambda self, like: 0.25)
    x = IMAGES.astype("float64") - 0.25
    x = 0.5 * x + 0.5 * x.mean(axis=3, keepdims=True)
    expected = 0.75 * x + 0.25 * x.mean(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(augmented(DiffAugment(["color"])), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "center", "hole"),
    [
        (8, 0, (0, 2)),
        (8, 5, (3, 7)),
        (8, 8, (6, 8)),
        (7, 6, (4, 7)),
        (6, 2, (1, 4)),
        (6, 5, (4, 6)),
    ],
)
def test_a_hole_lies_around_its_center(monkeypatch, size, center, hole):
    """Half a side of 8 and of 7 is 4 pixels, two before the center; of 6 it is 3, one before."""

    def drawn(self, like, low, high):
        assert low <= center <= high
        return center

    monkeypatch.setattr(DiffAugment, "_integers", drawn)
    holes = augmented(DiffAugment(["cutout"]), np.ones((1, size, size, 1), "float32")) == 0
    expected = np.zeros((size, size), bool)
    expected[slice(*hole), slice(*hole)] = True
    np.testing.assert_array_equal(holes[0, ..., 0], expected)


@pytest.mark.parametrize(("size", "reach"), [(8, 1), (11, 1), (12, 2), (28, 4)])
def test_images_are_shifted_by_an_eighth_rounded(size, reach):
    ones = np.ones((300, size, size, 1), "float32")
    shown = augmented(DiffAugment(["translation"], seed=0), ones)[..., 0]
    assert (shown.max(axis=1).sum(axis=1).min(), shown.max()) == (size - reach, 1.0)


@pytest.mark.parametrize(("size", "highest"), [(6, 5), (7, 7), (8, 8)])
def test_centers_lie_anywhere_in_the_image(monkeypatch, size, highest):
    ranges = []

    def drawn(self, like, low, high):
        ranges.append((low, high))
        return low

    monkeypatch.setattr(DiffAugment, "_integers", drawn)
    augmented(DiffAugment(["cutout"]), np.ones((1, size, size, 1), "float32"))
    # The center of an odd hole is a pixel; that of an even one lies between two, or at a border.
    assert ranges == [(0, highest)] * 2


@pytest.mark.parametrize("seed", ["x", -1, True, 2**32])
def test_bad_seeds_are_repeated(seed):
    with pytest.raises(ValueError, match=f"seed={seed!r}"):
        DiffAugment(seed=seed)


@pytest.mark.parametrize(
    "policy", [[], "color", ["hue"], ["cutout", "cutout"], None, 5, [["color"]]]
)
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
