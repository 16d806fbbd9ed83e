"""Structural similarity of images at one scale, at several scales, and as a diversity score."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_seed
from gankit.metrics._checks import as_array
from gankit.metrics._images import as_levels, check_unambiguous, per_image, to_level_pair

WINDOW = 11
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# With K1 = 0.01, the constants of the paper. With a very large K1, the first factor of SSIM is 1.
_K1, _K1_WITHOUT_LUMINANCE = 0.01, 1e9


def ssim(
    a: ArrayLike, b: ArrayLike, border: int = 0, y_channel: bool = False
) -> float | np.ndarray:
    """Compute the structural similarity of two images.

    It is the mean over all positions of an 11x11 window inside the image, and over the channels, of

        (2 m_a m_b + C1) (2 c_ab + C2) / ((m_a^2 + m_b^2 + C1) (v_a + v_b + C2)),

    with means m, variances v and covariance c in the window, weighted by a Gaussian of sigma 1.5,
    in levels 0..255, `C1 = 2.55^2` and `C2 = 7.65^2`.

    Args:
        a: uint8 in 0..255, or floats in [-1, 1], which become `(x + 1) * 127.5` without rounding;
            shape (height, width), (height, width, channels) or (n, height, width, channels), with 1
            or 3 channels, at least 11x11 pixels inside the border.
        b: the other image or batch, of the same shape and kind.
        border: pixels to ignore along each edge, at least 0; ×s super-resolution ignores s.
        y_channel: compare Y of BT.601 in studio swing instead of R, G and B, as in `psnr`.

    Returns:
        Similarity in [-1, 1], 1 for equal images: a float for one image, an array (n,) for a batch.

    Raises:
        TypeError: if a value is neither uint8 nor float, one argument is bytes and the other is
            floats, or `y_channel` is not True or False.
        ValueError: if the shapes differ or are not as above, floats leave [-1, 1] or look like
            [0, 1] (none is negative), or fewer than 11x11 pixels remain inside the border.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import ssim
    >>> image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), "uint8")
    >>> ssim(image, image)
    1.0

    Source: Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural
    Similarity", computed by scikit-image. Table 2 of the SRGAN paper uses another program
    (daala's), whose values are higher: compare with papers that use this definition.
    """
    levels_a, levels_b = to_level_pair(a, b, border, y_channel)
    _check_window_fits(levels_a)
    return per_image(_ssim_of_channels(levels_a, levels_b).mean(axis=-1), a)


def ms_ssim(a: ArrayLike, b: ArrayLike) -> float | np.ndarray:
    """Compute the structural similarity of two images over several scales.

    It is the product of `f_j^(w_j)` over scales j. At the coarsest scale, `f_j` is the SSIM. At the
    others, it is the mean over the image of SSIM's second factor,
    `(2 c_ab + C2) / (v_a + v_b + C2)`. Each scale halves the images by averaging 2x2 pixels (an odd
    last row or column is dropped). A mean below 0 counts as 0. The result is averaged over the
    channels.

    The paper's five scales, with weights 0.0448, 0.2856, 0.3001, 0.2363 and 0.1333, need 176
    pixels. Smaller images use only the scales at which they contain the 11x11 window, and the
    weights of these scales are divided by their sum:

        shorter side:  11..21   22..43   44..87   88..175   from 176
        scales:           1        2        3         4          5

    So compare only values for images of the same size.

    Args:
        a: uint8 in 0..255 or floats in [-1, 1]; shape (height, width), (height, width, channels) or
            (n, height, width, channels), with 1 or 3 channels, at least 11x11 pixels.
        b: the other image or batch, of the same shape and kind.

    Returns:
        Similarity in [0, 1], 1 for equal images: a float for one image, an array (n,) for a batch.

    Raises:
        TypeError: if a value is neither uint8 nor float, or one is bytes and the other is floats.
        ValueError: if the shapes differ or are not as above, or floats leave [-1, 1] or look like
            [0, 1] (none is negative).

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import ms_ssim
    >>> image = np.random.default_rng(0).integers(0, 256, (28, 28, 1), "uint8")
    >>> ms_ssim(image, image), ms_ssim(image, 255 - image)
    (1.0, 0.0)

    Source: Wang et al. 2003, "Multi-Scale Structural Similarity for Image Quality Assessment".
    Departure: fewer scales for small images.
    """
    levels_a, levels_b = to_level_pair(a, b, border=0, y_channel=False)
    _check_window_fits(levels_a)
    return per_image(_multi_scale(levels_a, levels_b), a)


def ms_ssim_diversity(images: ArrayLike, pairs: int = 100, seed: int = 0) -> float:
    """Compute the mean MS-SSIM of random pairs of generated images.

    A high value means little variety. Compare with the value of the same number of real images of
    the same class: a generator with a higher value has lost some of their variety.

    Args:
        images: uint8 in 0..255 or floats in [-1, 1], shape (n, height, width, channels), n >= 2, 1
            or 3 channels, at least 11x11 pixels; for a conditional generator, those of one class.
        pairs: number of different pairs to draw, from 1 to n (n - 1) / 2.
        seed: seed of the pairs.

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

    Source: Odena et al. 2017, "Conditional Image Synthesis with Auxiliary Classifier GANs", section
    4.2: 100 pairs within each class. Departures: pairs are drawn without replacement; fewer scales
    for small images, as in `ms_ssim`.
    """
    images = as_array(images, "images")
    if images.ndim != 4:
        raise ValueError(
            "`images` must have shape (n, height, width, channels). "
            f"Received: shape {images.shape}."
        )
    (images,) = check_unambiguous(images=images)
    _check_window_fits(images)
    possible = len(images) * (len(images) - 1) // 2
    if check_count("pairs", pairs) > possible:
        raise ValueError(
            f"`pairs` must be at most {possible}, the number of pairs of {len(images)} images. "
            f"Received: pairs={pairs}."
        )
    drawn = np.random.default_rng(check_seed("seed", seed)).choice(possible, pairs, replace=False)
    # Pair k is (i, j) with j < i, numbered along the rows of the triangle: k = i (i - 1) / 2 + j.
    i = ((1 + np.sqrt(1 + 8 * drawn)) // 2).astype(int)
    j = drawn - i * (i - 1) // 2
    blocks = np.array_split(np.arange(pairs), -(-pairs // 64))  # bounds the memory
    levels = ((as_levels(images[i[k]]), as_levels(images[j[k]])) for k in blocks)
    return float(np.concatenate([_multi_scale(*pair) for pair in levels]).mean())


def _check_window_fits(images: np.ndarray) -> None:
    height, width = images.shape[1:3]
    if min(height, width) < WINDOW:
        raise ValueError(
            f"Images must have at least {WINDOW}x{WINDOW} pixels, the window of SSIM. Received: "
            f"{height}x{width} pixels inside the border."
        )


def _multi_scale(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Compute the MS-SSIM of each pair of images of two batches, shape (n,)."""
    scales = min(len(SCALE_WEIGHTS), (min(a.shape[1:3]) // WINDOW).bit_length())
    weights = np.array(SCALE_WEIGHTS[:scales]) / sum(SCALE_WEIGHTS[:scales])
    result = 1.0
    for scale, weight in enumerate(weights, start=1):
        factor = _ssim_of_channels(a, b, _K1 if scale == scales else _K1_WITHOUT_LUMINANCE)
        result = result * np.maximum(factor, 0.0) ** weight
        a, b = _halve(a), _halve(b)
    return result.mean(axis=-1)


def _halve(images: np.ndarray) -> np.ndarray:
    height, width = (side // 2 * 2 for side in images.shape[1:3])
    even = images[:, :height, :width]
    return (even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]) / 4


def _ssim_of_channels(a: np.ndarray, b: np.ndarray, k1: float = _K1) -> np.ndarray:
    """Compute the SSIM of each channel of each pair of images, shape (n, channels)."""
    from skimage.metrics import structural_similarity

    protocol = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 255}
    n, height, width, channels = a.shape
    a, b = (np.moveaxis(x, -1, 1).reshape(-1, height, width) for x in (a, b))
    values = [structural_similarity(p, q, K1=k1, **protocol) for p, q in zip(a, b, strict=True)]
    return np.reshape(values, (n, channels))
