"""Inputs for pix2pix that are made from the pictures themselves: gray pictures, and edges."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["edges", "gray"]


def gray(pictures: Any) -> np.ndarray:
    """Turn pictures gray: the inputs of a translation from gray to color.

    Args:
        pictures: float `(n, height, width, 3)` in [-1, 1].

    Returns:
        float32 of the same shape, three equal channels: luma by ITU-R 601.

    Raises:
        ValueError: on another shape.

    Example:

    >>> import numpy as np
    >>> from gankit.models.pix2pix_inputs import gray
    >>> gray(np.array([[[[1.0, -1.0, -1.0]]]])).round(3).tolist()
    [[[[-0.402, -0.402, -0.402]]]]
    """
    pictures = np.asarray(pictures, "float32")
    if pictures.ndim != 4 or pictures.shape[-1] != 3:
        raise ValueError(
            f"`pictures` must have shape (n, height, width, 3). Received: shape {pictures.shape}."
        )
    luma = pictures @ np.array([0.299, 0.587, 0.114], "float32")
    return np.repeat(luma[..., None], 3, axis=-1)


def edges(pictures: Any, sigma: float = 1.0) -> np.ndarray:
    """Draw the edges of pictures, black on white: the inputs of a translation to photographs.

    Args:
        pictures: float `(n, height, width, 3)` in [-1, 1].
        sigma: standard deviation, in pixels, of the blur that comes first. A larger one leaves
            fewer edges.

    Returns:
        float32 of the same shape: -1 on edges, 1 elsewhere.

    Raises:
        ValueError: on another shape.

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

    luma = gray(pictures)[..., 0]
    found = np.stack([canny(picture, sigma=sigma) for picture in luma])
    return np.repeat(np.where(found, -1.0, 1.0).astype("float32")[..., None], 3, axis=-1)
