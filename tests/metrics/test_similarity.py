import numpy as np
import pytest
from scipy.signal import convolve2d

from gankit.metrics import ms_ssim, ms_ssim_diversity, ssim

RNG = np.random.default_rng(0)
WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])


def pair(*shape, noise=25):
    """Make smooth images and noisy copies, so that similarities differ from 0 and from 1."""
    coarse = RNG.uniform(0, 255, (*shape[:-3], -(-shape[-3] // 8), -(-shape[-2] // 8), shape[-1]))
    a = coarse.repeat(8, -3).repeat(8, -2)[..., : shape[-3], : shape[-2], :]
    b = a + RNG.normal(0, noise, shape)
    return a.astype("uint8"), b.clip(0, 255).astype("uint8")


def factors(a, b):
    """Compute mean luminance times structure, and mean structure, of two gray images."""
    x = np.arange(-5, 6)
    window = np.exp(-(x[:, None] ** 2 + x**2) / (2 * 1.5**2))
    m_a, m_b, aa, bb, ab = (
        convolve2d(image, window / window.sum(), "valid") for image in (a, b, a * a, b * b, a * b)
    )
    structure = (2 * (ab - m_a * m_b) + 7.65**2) / (aa - m_a**2 + bb - m_b**2 + 7.65**2)
    luminance = (2 * m_a * m_b + 2.55**2) / (m_a**2 + m_b**2 + 2.55**2)
    return (luminance * structure).mean(), structure.mean()


def ssim_by_formula(a, b):
    planes = zip(np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0), strict=True)
    return np.mean([factors(x.astype(float), y.astype(float))[0] for x, y in planes])


def ms_ssim_by_formula(a, b, scales):
    result = 1.0
    for scale in range(scales):
        whole, structure = factors(a, b)
        factor = whole if scale == scales - 1 else structure
        result *= factor ** (WEIGHTS[scale] / WEIGHTS[:scales].sum())
        rows, columns = a.shape[0] // 2, a.shape[1] // 2
        a, b = (
            image[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).mean(axis=(1, 3))
            for image in (a, b)
        )
    return result


@pytest.mark.parametrize("shape", [(11, 40, 1), (32, 21, 3)])
def test_ssim_is_the_formula(shape):
    a, b = pair(*shape)
    expected = ssim_by_formula(a, b)
    assert 0.1 < expected < 0.9
    assert ssim(a, b) == pytest.approx(expected, rel=1e-10)
    assert ssim(a / 127.5 - 1, b / 127.5 - 1) == pytest.approx(expected, rel=1e-10)


def test_border_and_luma():
    a, b = pair(30, 26, 3)
    luma = [16 + (i @ np.array([65.481, 128.553, 24.966]) / 255)[4:-4, 4:-4, None] for i in (a, b)]
    assert ssim(a, b, border=4, y_channel=True) == pytest.approx(ssim_by_formula(*luma), rel=1e-10)


def test_a_batch_has_one_value_per_image():
    a, b = pair(3, 24, 24, 3)
    for metric in (ssim, ms_ssim):
        values = metric(a, b)
        assert values.shape == (3,)
        assert values.tolist() == [metric(x, y) for x, y in zip(a, b, strict=True)]
        assert isinstance(metric(a[0], b[0]), float)


@pytest.mark.parametrize(
    ("side", "scales"), [(11, 1), (21, 1), (22, 2), (43, 2), (44, 3), (88, 4), (175, 4), (176, 5)]
)
def test_scales_follow_the_size(side, scales):
    a, b = pair(side, side + 8, 1)
    expected = ms_ssim_by_formula(a[..., 0].astype(float), b[..., 0].astype(float), scales)
    assert 0.05 < expected < 0.98
    assert ms_ssim(a, b) == pytest.approx(expected, rel=1e-10)


def test_channels_are_averaged_and_negative_means_count_as_zero():
    a, b = pair(44, 44, 3)
    planes = [ms_ssim(a[..., c], b[..., c]) for c in range(3)]
    assert ms_ssim(a, b) == pytest.approx(np.mean(planes), rel=1e-12)
    b[..., 0] = 255 - a[..., 0]
    assert ms_ssim(a, b) == pytest.approx(np.mean([0.0, *planes[1:]]), rel=1e-12)


def test_diversity_of_all_pairs():
    images = pair(1, 24, 24, 1)[0] + RNG.integers(-9, 9, (5, 24, 24, 1))
    images = images.clip(0, 255).astype("uint8")
    pairs = [ms_ssim(images[i], images[j]) for i in range(5) for j in range(i)]
    assert len(set(pairs)) == 10
    assert ms_ssim_diversity(images, pairs=10) == pytest.approx(np.mean(pairs), rel=1e-12)


def test_diversity_depends_on_the_seed_alone():
    images = pair(40, 11, 11, 1)[1]
    first = ms_ssim_diversity(images, pairs=70, seed=1)
    assert first == ms_ssim_diversity(images, pairs=70, seed=1)
    assert first != ms_ssim_diversity(images, pairs=70, seed=2)


def test_diversity_sees_collapse():
    varied, _ = pair(30, 28, 28, 1)
    collapsed = pair(1, 28, 28, 1)[0].repeat(30, axis=0)
    noisy = (collapsed + RNG.normal(0, 5, collapsed.shape)).clip(0, 255).astype("uint8")
    assert ms_ssim_diversity(collapsed) == pytest.approx(1.0)
    assert ms_ssim_diversity(varied) + 0.3 < ms_ssim_diversity(noisy)


def test_too_small_images_are_refused():
    a, b = pair(14, 10, 1)
    for metric in (ssim, ms_ssim):
        with pytest.raises(
            ValueError, match="at least 11x11 pixels.* Received: 14x10 pixels inside"
        ):
            metric(a, b)
    with pytest.raises(ValueError, match="Received: 10x22 pixels inside the border"):
        ssim(*pair(18, 30, 1), border=4)


@pytest.mark.parametrize(
    ("images", "pairs", "error", "message"),
    [
        (np.zeros((12, 12, 1), "uint8"), 1, ValueError, r"Received: shape \(12, 12, 1\)"),
        (
            np.zeros((4, 12, 12, 1), "uint8"),
            7,
            ValueError,
            "at most 6, .* of 4 images. Received: pairs=7",
        ),
        (np.zeros((4, 12, 12, 1), "uint8"), 0, ValueError, "pairs=0"),
        ([[1.0], [1.0, 2.0]], 1, ValueError, "`images` must be an array, with rows of equal"),
        (
            np.zeros((1, 12, 12, 1), "uint8"),
            1,
            ValueError,
            "at most 0, the number of pairs of 1 images",
        ),
        (np.zeros((4, 12, 12, 1)), 1, ValueError, r"`images` must hold bytes .*images in \[0, 1\]"),
        (np.zeros((4, 10, 12, 1), "uint8"), 1, ValueError, "Received: 10x12 pixels"),
        (np.zeros((4, 12, 12, 1), int), 1, TypeError, "`images` must hold uint8"),
    ],
)
def test_diversity_refuses(images, pairs, error, message):
    with pytest.raises(error, match=message):
        ms_ssim_diversity(images, pairs)
    with pytest.raises(ValueError, match="seed=-1"):
        ms_ssim_diversity(np.zeros((4, 12, 12, 1), "uint8"), seed=-1, pairs=1)
