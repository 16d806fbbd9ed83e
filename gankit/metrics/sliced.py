"""Sliced Wasserstein distance of points or features, and of images at several scales."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_seed
from gankit.metrics._checks import to_rows
from gankit.metrics._images import as_levels, check_unambiguous

PATCH = 7
COARSEST = 16
_BLOCK = 2**20  # projected values that are sorted at once, to bound the memory
_IMAGES = 256  # images whose pyramids are computed at once, for the same reason


def sliced_wasserstein(a: ArrayLike, b: ArrayLike, projections: int = 128, seed: int = 0) -> float:
    """Compute the sliced Wasserstein distance of two sets of points or features.

    It is the mean over random unit vectors u of `W1(a u, b u)`, the 1-Wasserstein distance of the
    two sets of projections. This distance is the area between their distribution functions, and it
    is computed exactly. In one dimension, the result is W1 itself.

    In d dimensions, a shift by t gives about `|t| sqrt(2 / (pi d))`. Two samples of the same
    distribution have a distance above 0, so compare with the distance of two samples of the data.

    Args:
        a: one point per row, shape (n, d) or (n, height, width, channels).
        b: the other set, rows of the same length; the number of rows may differ.
        projections: number of unit vectors to draw, at least 1.
        seed: seed of the unit vectors.

    Returns:
        The distance in the unit of the points, at least 0; 0 for equal sets.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if the shapes do not fit, a value is beyond ±1e20 or not finite, or
            `projections` is below 1.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import sliced_wasserstein
    >>> x = np.random.default_rng(0).normal(size=(1000, 1))
    >>> round(sliced_wasserstein(x, x + 3), 6)
    3.0

    Source: Rabin et al. 2011, "Wasserstein Barycenter and Its Application to Texture Mixing".
    Departure: W1 instead of the squared W2, as in Karras et al. 2018.
    """
    a, b = to_rows(a=a, b=b)
    check_count("projections", projections)
    rng = np.random.default_rng(check_seed("seed", seed))
    directions = rng.normal(size=(projections, a.shape[1]))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    blocks = np.array_split(directions, -(-projections * (len(a) + len(b)) // _BLOCK))
    return float(np.concatenate([_wasserstein(u @ a.T, u @ b.T) for u in blocks]).mean())


def sliced_wasserstein_pyramid(
    real: ArrayLike, fake: ArrayLike, patches: int = 128, projections: int = 512, seed: int = 0
) -> dict[int, float]:
    """Compute the distance of generated and real images in local structure, at several scales.

    Every image becomes a Laplacian pyramid. Each level holds the details that the image loses when
    its size is halved; the next level repeats this with the smaller image, while the side is even
    and at least 16 pixels remain. The last level is the smallest image itself. At each level, the
    function draws 7x7 patches at random from every image, normalizes each of the two sets of
    patches to mean 0 and standard deviation 1 in each channel, and computes their
    `sliced_wasserstein`. The finest level measures edges and noise, the coarsest one shapes.

    Because of this normalization, a difference in overall brightness or contrast does not count.
    Image i of both sets gives patches from the same positions.

    Args:
        real: uint8 in 0..255 or floats in [-1, 1], shape (n, side, side, channels), 1 or 3
            channels, side at least 16.
        fake: the other set, of the same kind, side and channels; the number of images may differ.
        patches: number of patches to draw from each image at each level, at least 1.
        projections: number of unit vectors that `sliced_wasserstein` draws, at least 1.
        seed: seed of the positions and the unit vectors.

    Returns:
        A dictionary from the side of each level to its distance, the finest level first, for
        example `{64: …, 32: …, 16: …}`. Distances are at least 0, and 0 for equal sets. The paper
        reports 1000 times these distances, and their mean.

    Raises:
        TypeError: if a value is neither uint8 nor float, or one set is bytes and the other is
            floats.
        ValueError: if the shapes are not as above, floats leave [-1, 1] or look like [0, 1] (none
            is negative), or a count is below 1.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import sliced_wasserstein_pyramid
    >>> images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), "uint8")
    >>> sliced_wasserstein_pyramid(images, images, patches=4, projections=16)
    {32: 0.0, 16: 0.0}

    Source: Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", section 5: 16,384 images, 128 patches and 512 projections at each level. Departures:
    both sets use the same positions; a side need not be a power of two (28x28 images have only one
    level, the images themselves).
    """
    sets = check_unambiguous(real=real, fake=fake)
    height, width = sets[0].shape[1:3]
    if sets[0].shape[1:] != sets[1].shape[1:]:
        raise ValueError(
            "`real` and `fake` must be images of the same size. "
            f"Received: images of shapes {sets[0].shape[1:]} and {sets[1].shape[1:]}."
        )
    if height != width or height < COARSEST:
        raise ValueError(
            f"`real` and `fake` must be square images with sides of at least {COARSEST} pixels. "
            f"Received: {height}x{width} pixels. Crop or resize both sets in the same way."
        )
    check_count("patches", patches), check_count("projections", projections)
    check_seed("seed", seed)
    of_real, of_fake = (_patches(images, patches, seed) for images in sets)
    return {
        side: sliced_wasserstein(of_real[side], of_fake[side], projections, seed)
        for side in of_real
    }


def _wasserstein(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Compute W1 of each row of a, shape (k, n), and b, shape (k, m), from their quantiles."""
    n, m = a.shape[1], b.shape[1]
    # Quantile functions jump at multiples of 1/n and 1/m; times n m, these are whole numbers.
    jumps = np.union1d(m * np.arange(n + 1), n * np.arange(m + 1))
    widths = np.diff(jumps) / (n * m)
    a, b = np.sort(a)[:, jumps[:-1] // m], np.sort(b)[:, jumps[:-1] // n]
    return np.abs(a - b) @ widths


def _pyramid(images: np.ndarray) -> list[np.ndarray]:
    """Compute the Laplacian pyramid of each image, the finest level first."""
    levels = []
    while images.shape[1] % 2 == 0 and images.shape[1] // 2 >= COARSEST:
        smaller = _smooth(images)[:, ::2, ::2]
        enlarged = np.zeros_like(images)
        enlarged[:, ::2, ::2] = smaller
        levels.append(images - 4 * _smooth(enlarged))
        images = smaller
    return [*levels, images]


def _smooth(images: np.ndarray) -> np.ndarray:
    from scipy.ndimage import correlate1d

    binomial = np.array([1, 4, 6, 4, 1]) / 16
    return correlate1d(correlate1d(images, binomial, 1, mode="mirror"), binomial, 2, mode="mirror")


def _patches(images: np.ndarray, count: int, seed: int) -> dict[int, np.ndarray]:
    """Draw normalized patches from every image, one per row, for the side of each level."""
    drawn, generators = {}, {}
    for start in range(0, len(images), _IMAGES):
        for level in _pyramid(as_levels(images[start : start + _IMAGES])):
            side = level.shape[1]
            rng = generators.setdefault(side, np.random.default_rng((seed, len(generators))))
            drawn.setdefault(side, []).append(_draw_patches(level, count, rng))
    return {side: _normalize(np.concatenate(parts)) for side, parts in drawn.items()}


def _draw_patches(level: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw patches at random positions, shape (images * count, channels, pixels)."""
    images, side = level.shape[:2]
    # One row per image, so that the positions of image i do not depend on the number of images.
    positions = rng.integers(side - PATCH + 1, size=(images, 2, count))
    windows = np.lib.stride_tricks.sliding_window_view(level, (PATCH, PATCH), axis=(1, 2))
    patches = windows[np.arange(images)[:, None], positions[:, 0], positions[:, 1]]
    return patches.reshape(images * count, level.shape[-1], PATCH * PATCH)


def _normalize(patches: np.ndarray) -> np.ndarray:
    patches -= patches.mean(axis=(0, 2), keepdims=True)
    spread = patches.std(axis=(0, 2), keepdims=True)
    # A channel without any variation stays 0.
    patches /= np.where(spread > 0, spread, 1.0)
    return patches.reshape(len(patches), -1)
