import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from gankit.metrics import psnr, ssim
from gankit.resampling import bicubic_downscale, bicubic_upscale

RNG = np.random.default_rng(0)


def pair(*shape):
    return RNG.integers(0, 256, (2, *shape), "uint8")


def to_floats(images):
    return images / 127.5 - 1


@pytest.mark.parametrize("shape", [(12, 16), (12, 16, 1), (12, 16, 3)])
def test_agrees_with_scikit_image(shape):
    a, b = pair(*shape)
    expected = peak_signal_noise_ratio(a, b)
    assert psnr(a, b) == pytest.approx(expected, rel=1e-12)
    assert psnr(to_floats(a), to_floats(b)) == pytest.approx(expected, rel=1e-12)
    inside = (slice(2, -2), slice(2, -2))
    assert psnr(a, b, border=2) == pytest.approx(peak_signal_noise_ratio(a[inside], b[inside]))


def test_a_batch_has_one_value_per_image():
    a, b = pair(3, 12, 16, 3)
    values = psnr(a, b, 1, True)
    assert values.shape == (3,)
    assert values.tolist() == [psnr(x, y, 1, True) for x, y in zip(a, b, strict=True)]
    assert isinstance(psnr(a[0], b[0]), float)


def test_equal_images_are_infinitely_alike():
    a, _ = pair(8, 8)
    assert psnr(a, a) == np.inf


def test_luma_has_the_levels_of_the_standard():
    """ITU-R BT.601: black, white, red, green and blue lie at 16, 235, 81.481, 144.553, 40.966."""
    colors = [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255)]
    levels = [16, 235, 81.481, 144.553, 40.966]
    black = np.zeros((4, 4, 3), "uint8")
    for color, level in zip(colors[1:], levels[1:], strict=True):
        image = np.broadcast_to(np.array(color, "uint8"), (4, 4, 3))
        assert psnr(image, black, 0, True) == pytest.approx(20 * np.log10(255 / (level - 16)))


def test_a_gray_image_is_its_own_luma():
    a, b = pair(8, 8, 1)
    assert psnr(a, b, y_channel=True) == psnr(a, b)


def test_the_protocol_reproduces_published_numbers(set5):
    """Bicubic ×4 on Set5: 28.43 dB in Ledig et al. 2017, 28.42 dB with rounded Y."""
    luma, color, alike = [], [], []
    for image in set5:
        guess = bicubic_upscale(bicubic_downscale(image, 4), 4)
        luma.append(psnr(image, guess, border=4, y_channel=True))
        color.append(psnr(image, guess))
        alike.append(ssim(image, guess, border=4, y_channel=True))
    assert luma == pytest.approx([31.772, 30.180, 22.099, 31.579, 26.465], abs=0.04)
    assert np.mean(luma) == pytest.approx(28.43, abs=0.005)
    assert np.mean(color) == pytest.approx(26.70, abs=0.01)
    assert np.mean(alike) == pytest.approx(0.811, abs=0.001)


BYTES, FLOATS = np.zeros((12, 12, 3), "uint8"), np.full((12, 12, 3), -1.0)


@pytest.mark.parametrize("metric", [psnr, ssim])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((BYTES, FLOATS), TypeError, "{'a': 'uint8', 'b': 'float64'}"),
        ((BYTES, BYTES[:6]), ValueError, r"Received: .*\(12, 12, 3\) and \(6, 12, 3\)"),
        (
            (FLOATS + 1.5, FLOATS + 1),
            ValueError,
            r"`a` and `b` must hold .*smallest is 0\).*images in \[0, 1\]",
        ),
        (
            (FLOATS * 255, FLOATS),
            ValueError,
            r"`a` must be finite.*Received values in \[-255, -255\]",
        ),
        ((FLOATS, FLOATS * np.nan), ValueError, r"`b` must be finite.*\[nan, nan\]"),
        ((BYTES.astype(int), BYTES), TypeError, "`a` must hold uint8.*Received dtype int64"),
        ((BYTES[..., :2], BYTES[..., :2]), ValueError, r"Received shape \(12, 12, 2\)"),
        (
            (BYTES, BYTES, 6),
            ValueError,
            "`border` must leave pixels.*Received: border=6 with 12x12 pixels",
        ),
        ((BYTES, BYTES, -1), ValueError, "border=-1"),
        (([[1.0], [1.0, 2.0]], BYTES), ValueError, "`a` must be an array, with rows of equal"),
        (
            (BYTES, BYTES, 0, 1),
            TypeError,
            "`y_channel` must be True or False. Received: y_channel=1",
        ),
    ],
)
def test_bad_input_is_refused(metric, arguments, error, message):
    with pytest.raises(error, match=message):
        metric(*arguments)
