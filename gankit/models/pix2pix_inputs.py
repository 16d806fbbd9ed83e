"""Inputs for pix2pix that are made from the pictures themselves: gray pictures, and edges."""

from __future__ import annotations

from typing import Any

import numpy as np

from gankit import checks
from gankit.models._building import check_arrays


def gray(pictures: Any) -> np.ndarray:
    """Turn pictures gray: the inputs of a translation from gray to color.

    Args:
        pictures: float `(n, height, width, 3)` in [-1, 1].

    Returns:
        float32 of the same shape, three equal channels: luma by ITU-R 601.

    Raises:
        TypeError: if the pictures are not floating point.
        ValueError: on another shape, or values outside [-1, 1].

    Example:

    >>> import numpy as np
    >>> from gankit.models.pix2pix_inputs import gray
    >>> gray(np.array([[[[1.0, -1.0, -1.0]]]])).round(3).tolist()
    [[[[-0.402, -0.402, -0.402]]]]
    """
    pictures = check_arrays("pictures", pictures, (None, None, 3))
    luma = pictures @ np.array([0.299, 0.587, 0.114], "float32")
    return np.repeat(luma[..., None], 3, axis=-1)


def edges(pictures: Any, sigma: float = 1.0) -> np.ndarray:
    """Draw the edges of pictures, black on white: the inputs of a translation to photographs.

    Args:
        pictures: float `(n, height, width, 3)` in [-1, 1].
        sigma: standard deviation, in pixels, of the blur that comes first, at least 0. A larger
            one leaves fewer edges.

    Returns:
        float32 of the same shape: -1 on edges, 1 elsewhere.

    Raises:
        TypeError: if the pictures are not floating point, or `sigma` is not a number.
        ValueError: on another shape, values outside [-1, 1], or a `sigma` below 0.

    Example:

    >>> import numpy as np
    >>> from gankit.models.pix2pix_inputs import edges
    >>> halves = np.zeros((1, 16, 16, 3)) - np.arange(16)[:, None] // 8
    >>> lines = edges(halves)
    >>> lines.shape, np.unique(lines).tolist()
    ((1, 16, 16, 3), [-1.0, 1.0])

    Departure: Canny's edges (scikit-image), whereas the paper has those of a trained network (HED).
    """
    from skimage.feature import canny

    checks.check_number("sigma", sigma, 0)
    luma = gray(pictures)[..., 0]
    found = np.stack([canny(picture, sigma=sigma) for picture in luma])
    return np.repeat(np.where(found, -1.0, 1.0).astype("float32")[..., None], 3, axis=-1)
