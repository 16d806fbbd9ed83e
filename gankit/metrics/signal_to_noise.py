"""Peak signal-to-noise ratio, by the protocol of super-resolution papers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gankit.metrics._images import per_image, to_level_pair


def psnr(
    a: ArrayLike, b: ArrayLike, border: int = 0, y_channel: bool = False
) -> float | np.ndarray:
    """Compute the peak signal-to-noise ratio of two images, in decibels.

    It is `10 log10(255^2 / mean((a - b)^2))` over all pixels and channels, in levels 0..255.

    For ×4 super-resolution, papers report the mean over images of
    `psnr(a, b, border=4, y_channel=True)` on bytes. This gives 28.43 dB for MATLAB's bicubic
    (`gankit.resampling`) on Set5, as published. On R, G and B, the same images give 26.70 dB, so
    compare only numbers from the same protocol.

    Args:
        a: uint8 in 0..255, or floats in [-1, 1], which become `(x + 1) * 127.5` without rounding;
            shape (height, width), (height, width, channels) or (n, height, width, channels), with 1
            or 3 channels.
        b: the other image or batch, of the same shape and kind.
        border: pixels to ignore along each edge, at least 0; ×s super-resolution ignores s.
        y_channel: compare Y of BT.601 in studio swing, `16 + (65.481 R + 128.553 G + 24.966 B) /
            255`, instead of R, G and B. The peak stays 255. A gray image is its own Y.

    Returns:
        Decibels: a float for one image, an array (n,) for a batch; infinite for equal images.

    Raises:
        TypeError: if a value is neither uint8 nor float, one argument is bytes and the other is
            floats, or `y_channel` is not True or False.
        ValueError: if the shapes differ or are not as above, floats leave [-1, 1] or look like
            [0, 1] (none is negative), or `border` leaves no pixels.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import psnr
    >>> black = np.zeros((8, 8, 1), "uint8")
    >>> psnr(black, black + 1)  # 20 log10(255)
    48.1308

    Source: Ledig et al. 2017, "Photo-Realistic Single Image Super-Resolution Using a Generative
    Adversarial Network", section 3.1; Y as in MATLAB's `rgb2ycbcr`. Departure: MATLAB rounds the Y
    of bytes; this function does not. This changes a PSNR near 28 dB by 0.01 dB.
    """
    levels_a, levels_b = to_level_pair(a, b, border, y_channel)
    error = np.square(levels_a - levels_b).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return per_image(10.0 * np.log10(255.0**2 / error), a)
