"""Metrics in image space, and the resampling of their protocol."""

import numpy as np

from gankit import metrics, resampling
from oracles.part import Part


def images(*shape: int, seed: int = 0) -> np.ndarray:
    """Coarse blocks under noise: bytes whose similarities are neither 0 nor 1."""
    rng = np.random.default_rng(seed)
    height, width = -(-shape[-3] // 8), -(-shape[-2] // 8)
    blocks = rng.uniform(40, 215, (*shape[:-3], height, width, shape[-1]))
    blocks = blocks.repeat(8, -3).repeat(8, -2)[..., : shape[-3], : shape[-2], :]
    return (blocks + rng.normal(0, 20, shape)).clip(0, 255).astype("uint8")


def noisy(clean: np.ndarray) -> np.ndarray:
    """The same images, worse."""
    return (
        (clean + np.random.default_rng(1).normal(0, 25, clean.shape)).clip(0, 255).astype("uint8")
    )


def luma(rgb: np.ndarray) -> np.ndarray:
    """Y of scikit-image's own matrix of BT.601."""
    from skimage.color import rgb2ycbcr

    return rgb2ycbcr(rgb)[..., 0]


def psnr_error() -> float:
    """Without border, on Y and in color."""
    from skimage.metrics import peak_signal_noise_ratio

    a = images(40, 48, 3)
    b = noisy(a)
    inside = (slice(4, -4), slice(4, -4))
    on_luma = peak_signal_noise_ratio(luma(a)[inside], luma(b)[inside], data_range=255)
    in_color = peak_signal_noise_ratio(a, b)
    found = np.array([metrics.psnr(a, b, border=4, y_channel=True), metrics.psnr(a, b)])
    return np.max(np.abs(found / [on_luma, in_color] - 1))


def ssim_error() -> float:
    """Without border, on Y and in color."""
    a = images(40, 48, 3)
    b = noisy(a)
    inside = (slice(4, -4), slice(4, -4))
    on_luma = similarity_factors(luma(a)[inside], luma(b)[inside])[0]
    channels = zip(np.moveaxis(a, -1, 0) * 1.0, np.moveaxis(b, -1, 0) * 1.0, strict=True)
    in_color = np.mean([similarity_factors(*pair)[0] for pair in channels])
    found = np.array([metrics.ssim(a, b, border=4, y_channel=True), metrics.ssim(a, b)])
    return np.max(np.abs(found / [on_luma, in_color] - 1))


def similarity_factors(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Means of luminance times structure, and of structure, over a two-dimensional window."""
    from scipy.signal import convolve2d

    x = np.arange(-5, 6)
    window = np.exp(-(x[:, None] ** 2 + x**2) / (2 * 1.5**2))
    m_a, m_b, aa, bb, ab = (
        convolve2d(image, window / window.sum(), "valid") for image in (a, b, a * a, b * b, a * b)
    )
    structure = (2 * (ab - m_a * m_b) + 7.65**2) / (aa - m_a**2 + bb - m_b**2 + 7.65**2)
    luminance = (2 * m_a * m_b + 2.55**2) / (m_a**2 + m_b**2 + 2.55**2)
    return (luminance * structure).mean(), structure.mean()


def by_wang(a: np.ndarray, b: np.ndarray, scales: int) -> float:
    """MS-SSIM of two gray images, from the formula."""
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:scales]
    a, b, result = a[..., 0].astype(float), b[..., 0].astype(float), 1.0
    for scale, weight in enumerate(weights / weights.sum(), start=1):
        whole, structure = similarity_factors(a, b)
        result *= (whole if scale == scales else structure) ** weight
        a, b = (image.reshape(len(a) // 2, 2, -1, 2).mean(axis=(1, 3)) for image in (a, b))
    return result


def ms_ssim_error() -> float:
    """With all five scales, and with the two that fit 32 pixels."""
    errors = []
    for side, scales in ((192, 5), (32, 2)):
        a = images(side, side, 1)
        b = noisy(a)
        errors.append(abs(metrics.ms_ssim(a, b) / by_wang(a, b, scales) - 1))
    return max(errors)


def ms_ssim_diversity_error() -> float:
    """All pairs of five images that resemble each other."""
    one = images(32, 32, 1)
    five = np.stack([noisy(one), one, 255 - (255 - one) // 2, one // 2 + 40, noisy(one // 2)])
    expected = np.mean([by_wang(five[i], five[j], 2) for i in range(5) for j in range(i)])
    return abs(metrics.ms_ssim_diversity(five, pairs=10) / expected - 1)


def sliced_wasserstein_error() -> float:
    """Sets of unequal size in five dimensions, over the same unit vectors."""
    from scipy.stats import wasserstein_distance

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(90, 5)), rng.normal(0.5, 1.5, size=(70, 5))
    vectors = np.random.default_rng(3).normal(size=(40, 5))
    vectors /= np.sqrt((vectors**2).sum(axis=1))[:, None]
    expected = np.mean([wasserstein_distance(a @ u, b @ u) for u in vectors])
    return abs(metrics.sliced_wasserstein(a, b, projections=40, seed=3) / expected - 1)


def laplacian_levels(image: np.ndarray) -> list[np.ndarray]:
    """Burt and Adelson's pyramid of 32 and 16 pixels, with a two-dimensional window."""
    from scipy.signal import convolve2d

    window = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    small = convolve2d(np.pad(image, 2, "reflect"), window, "valid")[::2, ::2]
    spread = np.zeros_like(image)
    spread[::2, ::2] = small
    return [image - 4 * convolve2d(np.pad(spread, 2, "reflect"), window, "valid"), small]


def descriptors(images: np.ndarray, level: int, places: np.ndarray) -> np.ndarray:
    """7x7 patches of gray images at one level, normalized over the whole set."""
    cut = []
    for image, (tops, lefts) in zip(images, places, strict=True):
        plane = laplacian_levels(image[..., 0].astype(float))[level]
        cut += [plane[y : y + 7, x : x + 7].ravel() for y, x in zip(tops, lefts, strict=True)]
    return (np.array(cut) - np.mean(cut)) / np.std(cut)


def sliced_wasserstein_pyramid_error() -> float:
    """Two levels of gray images, at the same places and over the same unit vectors."""
    from scipy.stats import wasserstein_distance

    real, fake = images(6, 32, 32, 1), images(6, 32, 32, 1, seed=7) // 2
    found = metrics.sliced_wasserstein_pyramid(real, fake, patches=5, projections=12, seed=2)
    vectors = np.random.default_rng(2).normal(size=(12, 49))
    vectors /= np.sqrt((vectors**2).sum(axis=1))[:, None]
    errors = []
    for level, side in enumerate((32, 16)):
        places = np.random.default_rng((2, level)).integers(side - 6, size=(6, 2, 5))
        a, b = (descriptors(batch, level, places) for batch in (real, fake))
        expected = np.mean([wasserstein_distance(a @ u, b @ u) for u in vectors])
        errors.append(abs(found[side] / expected - 1))
    return max(errors)


def stacked_mode_coverage_error() -> float:
    """The labels of stacked glyphs, which the shipped classifier reads without a mistake here."""
    from scipy.stats import entropy

    from gankit.datasets import load, stack_digits

    stacked, labels = stack_digits(*load("glyphs", "test"), n=200)
    counts = np.bincount(labels, minlength=1000)
    found = metrics.stacked_mode_coverage(stacked)
    wrong = np.abs(found.counts.ravel() - counts).sum()
    return wrong + abs(found.kl / entropy(counts, np.full(1000, 1 / 1000)) - 1)


def mode_coverage_error() -> float:
    """A ring of eight modes, one of them missed and points between them."""
    from scipy.spatial import cKDTree
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import entropy

    rng = np.random.default_rng(0)
    angles = 2 * np.pi * np.arange(8) / 8
    ring = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = ring[rng.integers(7, size=500)] + rng.normal(0, 0.05, (500, 2))
    distances, nearest = cKDTree(ring).query(points)
    counts = np.bincount(nearest[distances <= 0.06], minlength=8)
    uniform = np.full(8, 1 / 8)
    found = metrics.mode_coverage(points, ring, std=0.02)
    wrong = np.abs(found.counts - counts).sum() + abs(found.modes - 7)
    kl, jsd = entropy(counts, uniform), jensenshannon(counts, uniform) ** 2
    return wrong + max(abs(found.kl / kl - 1), abs(found.jsd / jsd - 1))


def pillow_resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pillow's bicubic, of floats, in an image that was mirrored at its borders beforehand."""
    from PIL import Image

    pad = 16  # twice the reach of the kernel at the factors used here
    rows, columns = height / len(image), width / len(image[0])
    mirrored = Image.fromarray(np.pad(image, pad, "symmetric").astype("float32"))
    size = (width + round(2 * pad * columns), height + round(2 * pad * rows))
    resized = np.asarray(mirrored.resize(size, Image.Resampling.BICUBIC))
    top, left = round(pad * rows), round(pad * columns)
    return resized[top : top + height, left : left + width]


def downscale_error() -> float:
    """By 2 and by 4."""
    image = images(32, 48, 1)[..., 0] / 255 - 0.5
    return max(
        np.abs(
            resampling.bicubic_downscale(image, scale)
            - pillow_resized(image, 32 // scale, 48 // scale)
        ).max()
        for scale in (2, 4)
    )


def upscale_error() -> float:
    """By 2 and by 3."""
    image = images(32, 48, 1)[..., 0] / 255 - 0.5
    return max(
        np.abs(
            resampling.bicubic_upscale(image, scale) - pillow_resized(image, 32 * scale, 48 * scale)
        ).max()
        for scale in (2, 3)
    )


TWO_IMAGES = """import numpy as np
from gankit import metrics
a, b = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3))
"""

PARTS = [
    Part(
        name="metrics.psnr",
        use=TWO_IMAGES + "print(metrics.psnr(a, b, border=4, y_channel=True))",
        oracle="scikit-image, in color and on its Y",
        error=psnr_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.ssim",
        use=TWO_IMAGES + "print(metrics.ssim(a, b, border=4, y_channel=True))",
        oracle="the formula, with SciPy's two-dimensional convolution, in color and on Y",
        error=ssim_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.ms_ssim",
        use=TWO_IMAGES + "print(metrics.ms_ssim(a, b))",
        oracle="the formula, with SciPy's two-dimensional convolution",
        error=ms_ssim_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.ms_ssim_diversity",
        use="""import numpy as np
from gankit import metrics
generated = np.random.default_rng(0).uniform(-1, 1, (50, 28, 28, 1))
print(metrics.ms_ssim_diversity(generated, pairs=100))""",
        oracle="the formula over all pairs, with SciPy's two-dimensional convolution",
        error=ms_ssim_diversity_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.sliced_wasserstein",
        use="""import numpy as np
from gankit import metrics
real, fake = np.random.default_rng(0).normal(size=(2, 500, 64))
print(metrics.sliced_wasserstein(real, fake))""",
        oracle="SciPy's Wasserstein distance along each direction",
        error=sliced_wasserstein_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.sliced_wasserstein_pyramid",
        use="""import numpy as np
from gankit import metrics
real, fake = np.random.default_rng(0).uniform(-1, 1, (2, 20, 64, 64, 3))
print(metrics.sliced_wasserstein_pyramid(real, fake, patches=16, projections=64))""",
        oracle="SciPy's convolution and Wasserstein distance, patch by patch",
        error=sliced_wasserstein_pyramid_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.mode_coverage",
        use="""from gankit import metrics
from gankit.models import minimax
found = metrics.mode_coverage(minimax.ring(1000), minimax.ring_centers(), std=0.02)
print(found.modes, found.high_quality, found.kl)""",
        oracle="SciPy: nearest centers by a k-d tree, entropy, Jensen-Shannon distance",
        error=mode_coverage_error,
        tolerance=1e-5,
    ),
    Part(
        name="metrics.stacked_mode_coverage",
        use="""from gankit import datasets, metrics
images, labels = datasets.stack_digits(*datasets.load("glyphs"), n=500)
found = metrics.stacked_mode_coverage(images)
print(found.modes, found.kl)""",
        oracle="the labels that the digits were stacked from, SciPy's entropy",
        error=stacked_mode_coverage_error,
        tolerance=1e-5,
    ),
    Part(
        name="resampling.bicubic_downscale",
        use="""import numpy as np
from gankit.resampling import bicubic_downscale
photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), "uint8")
small = bicubic_downscale(photo, 4)""",
        oracle="Pillow's bicubic of the mirrored image",
        error=downscale_error,
        tolerance=1e-5,
    ),
    Part(
        name="resampling.bicubic_upscale",
        use="""import numpy as np
from gankit.resampling import bicubic_upscale
small = np.random.default_rng(0).integers(0, 256, (16, 16, 3), "uint8")
photo = bicubic_upscale(small, 4)""",
        oracle="Pillow's bicubic of the mirrored image",
        error=upscale_error,
        tolerance=1e-5,
    ),
]
