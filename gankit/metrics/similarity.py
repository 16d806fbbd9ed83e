"""Structural similarity of images: at one scale, at several, and among generated images."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count
from gankit.metrics._images import as_levels, check_unambiguous, per_image, to_level_pair

WINDOW, SIGMA = 11, 1.5
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(
    a: ArrayLike, b: ArrayLike, border: int = 0, y_channel: bool = False
) -> float | np.ndarray:
    """Compute the structural similarity of two images.

    The mean over all places of an 11x11 window, and over the channels, of

        (2 m_a m_b + C1) (2 c_ab + C2) / ((m_a^2 + m_b^2 + C1) (v_a + v_b + C2)),

    with means m, variances v and covariance c under a Gaussian of sigma 1.5 within the window, in
    levels 0..255, `C1 = 2.55^2` and `C2 = 7.65^2`. The window stays inside the image.

    Args:
        a: uint8 in 0..255 or floats in [-1, 1], which stand for `(x + 1) * 127.5`, not rounded;
            shape (height, width), (height, width, channels) or (n, height, width, channels), with 1
            or 3 channels, at least 11x11 pixels inside the border.
        b: the other image or batch, of the same shape and kind.
        border: pixels to leave out along each edge, at least 0; ×s super-resolution leaves out s.
        y_channel: compare Y of BT.601 in studio swing instead of R, G and B, as in `psnr`.

    Returns:
        Similarity in [-1, 1], 1 for equal images: a float for one image, an array (n,) for a batch.

    Raises:
        TypeError: if a value is neither uint8 nor float, one argument is bytes and the other
            floats, or `y_channel` is not True or False.
        ValueError: if the shapes differ or are not as above, floats leave [-1, 1] or look like
            [0, 1] (none is negative), or fewer than 11x11 pixels are left inside the border.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import ssim
    >>> image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), "uint8")
    >>> ssim(image, image)
    1.0

    Reference:
        Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural
        Similarity". The SRGAN paper's table 2 was measured with another program (daala's), whose
        values are higher: compare with papers that use this definition.
    """
    levels_a, levels_b = to_level_pair(a, b, border, y_channel)
    _check_room(levels_a)
    return per_image(_compare(levels_a, levels_b)[0].mean(axis=-1), a)


def ms_ssim(a: ArrayLike, b: ArrayLike) -> float | np.ndarray:
    """Compute the structural similarity of two images over several scales.

    `prod_j f_j^(w_j)` over scales j, where `f_j` is the mean over the image of SSIM's second
    factor, `(2 c_ab + C2) / (v_a + v_b + C2)`, and at the coarsest scale that of the whole of SSIM.
    Each scale halves the last by the mean of 2x2 pixels (an odd last row or column is dropped). A
    mean below 0 counts as 0. Channels are computed apart and their results averaged.

    The paper's five scales, weights 0.0448, 0.2856, 0.3001, 0.2363 and 0.1333, need 176 pixels. A
    smaller image gets as many scales as keep the 11x11 window inside it, with the first weights
    divided by their sum:

        shorter side:  11..21   22..43   44..87   88..175   from 176
        scales:           1        2        3         4          5

    so values compare only among images of one size.

    Args:
        a: uint8 in 0..255 or floats in [-1, 1]; shape (height, width), (height, width, channels) or
            (n, height, width, channels), with 1 or 3 channels, at least 11x11 pixels.
        b: the other image or batch, of the same shape and kind.

    Returns:
        Similarity in [0, 1], 1 for equal images: a float for one image, an array (n,) for a batch.

    Raises:
        TypeError: if a value is neither uint8 nor float, or one is bytes and the other floats.
        ValueError: if the shapes differ or are not as above, or floats leave [-1, 1] or look like
            [0, 1] (none is negative).

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import ms_ssim
    >>> image = np.random.default_rng(0).integers(0, 256, (28, 28, 1), "uint8")
    >>> ms_ssim(image, image), ms_ssim(image, 255 - image)
    (1.0, 0.0)

    Reference:
        Wang et al. 2003, "Multi-Scale Structural Similarity for Image Quality Assessment".
        Departure: fewer scales for small images.
    """
    levels_a, levels_b = to_level_pair(a, b, border=0, y_channel=False)
    _check_room(levels_a)
    return per_image(_multi_scale(levels_a, levels_b), a)


def ms_ssim_diversity(images: ArrayLike, pairs: int = 100, seed: int = 0) -> float:
    """Compute how alike generated images are: the mean MS-SSIM of random pairs of them.

    High means little variety. Real images of the same class and number are the measure: a
    generator whose value lies above theirs has lost some of their variety.

    Args:
        images: uint8 in 0..255 or floats in [-1, 1], shape (n, height, width, channels), n >= 2, 1
            or 3 channels, at least 11x11 pixels; for a conditional generator, those of one class.
        pairs: how many different pairs to draw, from 1 to n (n - 1) / 2.
        seed: seed of the draw.

    Returns:
        The mean similarity in [0, 1].

    Raises:
        TypeError: if a value is neither uint8 nor float.
        ValueError: if the shape is not as above, floats leave [-1, 1] or look like [0, 1] (none is
            negative), or `pairs` is out of range.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import ms_ssim_diversity
    >>> image = np.random.default_rng(0).integers(0, 256, (1, 28, 28, 1), "uint8")
    >>> ms_ssim_diversity(image.repeat(20, axis=0))  # a collapsed generator
    1.0

    Reference:
        Odena et al. 2017, "Conditional Image Synthesis with Auxiliary Classifier GANs", section
        4.2: 100 pairs within each class. Departures: pairs are drawn without replacement; fewer
        scales for small images, as in `ms_ssim`.
    """
    if np.ndim(images) != 4:
        raise ValueError(
            f"images must have shape (n, height, width, channels); got shape {np.shape(images)}."
        )
    (images,) = check_unambiguous(images=images)
    _check_room(images)
    possible = len(images) * (len(images) - 1) // 2
    if check_count("pairs", pairs) > possible:
        raise ValueError(f"{len(images)} images make {possible} pairs; got pairs={pairs}.")
    drawn = np.random.default_rng(seed).choice(possible, pairs, replace=False)
    # Pair k is (i, j) with j < i, counted along the rows of the triangle: k = i (i - 1) / 2 + j.
    i = ((1 + np.sqrt(1 + 8 * drawn)) // 2).astype(int)
    j = drawn - i * (i - 1) // 2
    blocks = np.array_split(np.arange(pairs), -(-pairs // 64))  # bounds the memory
    levels = ((as_levels(images[i[k]]), as_levels(images[j[k]])) for k in blocks)
    return float(np.concatenate([_multi_scale(*pair) for pair in levels]).mean())


def _check_room(images: np.ndarray) -> None:
    height, width = images.shape[1:3]
    if min(height, width) < WINDOW:
        raise ValueError(
            f"SSIM's window is {WINDOW}x{WINDOW} pixels; got images with {height}x{width} pixels "
            "inside the border."
        )


def _multi_scale(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """MS-SSIM of each image of two batches, shape (n,)."""
    scales = min(len(SCALE_WEIGHTS), (min(a.shape[1:3]) // WINDOW).bit_length())
    weights = np.array(SCALE_WEIGHTS[:scales]) / sum(SCALE_WEIGHTS[:scales])
    result = 1.0
    for scale, weight in enumerate(weights, start=1):
        whole, structure = _compare(a, b)
        factor = whole if scale == scales else structure
        result = result * np.maximum(factor, 0.0) ** weight
        a, b = _halve(a), _halve(b)
    return result.mean(axis=-1)


def _halve(images: np.ndarray) -> np.ndarray:
    height, width = (side // 2 * 2 for side in images.shape[1:3])
    even = images[:, :height, :width]
    return (even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]) / 4


def _compare(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of SSIM and of its second factor over the image, each of shape (n, channels)."""
    mean_a, mean_b = _blur(a), _blur(b)
    variances = _blur(a * a) - mean_a**2 + _blur(b * b) - mean_b**2
    covariance = _blur(a * b) - mean_a * mean_b
    structure = (2 * covariance + _C2) / (variances + _C2)
    luminance = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    return (luminance * structure).mean(axis=(1, 2)), structure.mean(axis=(1, 2))


def _blur(images: np.ndarray) -> np.ndarray:
    """Weighted means in every window that lies inside the image."""
    from scipy.ndimage import correlate1d

    offsets = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-0.5 * (offsets / SIGMA) ** 2)
    weights /= weights.sum()
    blurred = correlate1d(correlate1d(images, weights, axis=1), weights, axis=2)
    inside = slice(WINDOW // 2, -(WINDOW // 2))
    return blurred[:, inside, inside]
