import numpy as np
import pytest
from PIL import Image

from gankit.datasets.images import check_image_size, resize, to_unit_range


def test_the_range_is_exact():
    scaled = to_unit_range(np.arange(256, dtype=np.uint8))
    assert scaled.dtype == np.float32 and scaled[0] == -1 and scaled[255] == 1
    np.testing.assert_allclose(scaled, np.arange(256) / 127.5 - 1, atol=1e-6)


def test_resize_agrees_with_pillow_on_color():
    images = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3), dtype=np.uint8)
    expected = [Image.fromarray(i).resize((9, 9), Image.Resampling.BICUBIC) for i in images]
    np.testing.assert_array_equal(resize(images, 9), np.stack([np.asarray(e) for e in expected]))


def test_resize_down_does_not_alias():
    stripes = np.zeros((1, 64, 64, 1), np.uint8)
    stripes[:, :, ::2] = 255
    assert np.ptp(resize(stripes, 16)[0, 2:-2, 2:-2].astype(int)) < 12


def test_resize_does_not_overshoot():
    step = np.full((1, 8, 8, 1), 30, np.uint8)
    step[:, :, 4:] = 240
    assert resize(step, 32).min() == 30 and resize(step, 32).max() == 240


def test_the_own_size_is_left_alone():
    images = np.zeros((2, 8, 8, 1), np.uint8)
    assert resize(images, 8) is images


@pytest.mark.parametrize("size", [3, 0, -28])
def test_sizes_too_small(size):
    with pytest.raises(ValueError, match=f"at least 4. Received: image_size={size}"):
        check_image_size(size)


@pytest.mark.parametrize("size", [28.0, "28", (28, 28), True, None])
def test_sizes_that_are_no_numbers(size):
    with pytest.raises(ValueError, match="`image_size` must be a whole number.*Received: image_s"):
        check_image_size(size)


def test_numpy_integers_are_numbers():
    assert check_image_size(np.int64(32)) == 32
