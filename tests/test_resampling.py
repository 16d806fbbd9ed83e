import numpy as np
import pytest

from gankit.resampling import bicubic_downscale, bicubic_upscale

RNG = np.random.default_rng(0)


def cubic(t):
    """Compute Keys' kernel for a = -1/2."""
    t = abs(t)
    if t <= 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t <= 2 else 0.0


def resized_line(line, length):
    """Apply the formula of MATLAB's documentation, one pixel at a time."""
    scale = len(line) / length
    stretch = max(scale, 1.0)
    mirrored = np.concatenate([line[::-1], line, line[::-1]])
    result = []
    for i in range(length):
        center = scale * (i + 0.5) - 0.5
        weights = [cubic((j - len(line) - center) / stretch) for j in range(3 * len(line))]
        result.append(np.dot(weights, mirrored) / np.sum(weights))
    return np.array(result)


def resized(image, height, width):
    rows = np.apply_along_axis(resized_line, 0, image, height)
    return np.apply_along_axis(resized_line, 1, rows, width)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_floats_agree_with_the_formula(scale):
    image = RNG.uniform(-0.5, 0.5, (12, 24, 1))
    small = bicubic_downscale(image, scale)
    np.testing.assert_allclose(small, resized(image, 12 // scale, 24 // scale), atol=1e-13)
    large = bicubic_upscale(image, scale)
    np.testing.assert_allclose(large, resized(image, 12 * scale, 24 * scale), atol=1e-13)


def test_bytes_are_cut_and_rounded():
    image = RNG.choice(np.array([0, 255], "uint8"), (16, 24))
    for found, shape in (
        (bicubic_downscale(image, 4), (4, 6)),
        (bicubic_upscale(image, 2), (32, 48)),
    ):
        exact = resized(image.astype(float), *shape)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, np.floor(exact.clip(0, 255) + 0.5))
    assert exact.min() < 0 and exact.max() > 255  # so that clipping is tested


def test_floats_do_not_leave_the_range():
    image = RNG.choice(np.array([-1, 1], "float32"), (16, 16, 1))
    large = bicubic_upscale(image, 2)
    assert large.dtype == np.float32
    assert large.min() == -1.0 and large.max() == 1.0


def test_an_image_smaller_than_the_kernel_is_mirrored_repeatedly():
    image = np.array([[0.0, 0.5]])
    np.testing.assert_allclose(bicubic_downscale(image.repeat(2, 0), 2), [[0.25]], atol=1e-15)
    assert bicubic_upscale(np.zeros((1, 1)), 4).shape == (4, 4)


@pytest.mark.parametrize("shape", [(8, 12), (8, 12, 1), (8, 12, 3), (5, 8, 12, 3)])
def test_every_axis_but_the_sides_is_kept(shape):
    images = RNG.integers(0, 256, shape, "uint8")
    axes = slice(1, 3) if len(shape) == 4 else slice(0, 2)
    for change, function in ((1 / 4, bicubic_downscale), (4, bicubic_upscale)):
        wanted = np.array(shape)
        wanted[axes] = wanted[axes] * change
        assert function(images, 4).shape == tuple(wanted)


@pytest.mark.parametrize("function", [bicubic_downscale, bicubic_upscale])
@pytest.mark.parametrize(
    ("images", "scale", "error", "message"),
    [
        (np.zeros((8, 8), "int32"), 2, TypeError, "`images` must hold uint8.*Received dtype int32"),
        (np.zeros((8, 8, 2)), 2, ValueError, r"1 or 3 channels. Received shape \(8, 8, 2\)"),
        (np.zeros(8), 2, ValueError, r"Received shape \(8,\)"),
        (np.zeros((0, 8, 8, 1)), 2, ValueError, r"Received shape \(0, 8, 8, 1\)"),
        (np.full((8, 8), np.nan), 2, ValueError, r"finite.*Received values in \[nan, nan\]"),
        (np.full((8, 8), 255.0), 2, ValueError, r"Received values in \[255, 255\]. Give bytes as"),
        (np.zeros((8, 8)), 1, ValueError, "at least 2. Received: scale=1"),
        (np.zeros((8, 8)), 2.0, ValueError, "Received: scale=2.0"),
    ],
)
def test_bad_input_is_refused(function, images, scale, error, message):
    with pytest.raises(error, match=message):
        function(images, scale)


def test_sides_must_be_multiples_of_the_scale():
    with pytest.raises(ValueError, match="scale=4. Received: 10x12 pixels. Crop them to 8x12"):
        bicubic_downscale(np.zeros((10, 12)), 4)
