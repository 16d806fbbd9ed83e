"""Conversion of images to levels 0..255, from bytes or from floats in [-1, 1]."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_flag, check_images
from gankit.metrics._checks import as_array


def as_levels(images: np.ndarray) -> np.ndarray:
    """Return float64 levels: uint8 values as they are, floats in [-1, 1] as `(x + 1) * 127.5`."""
    levels = images.astype(np.float64)
    return (levels + 1.0) * 127.5 if images.dtype.kind == "f" else levels


def check_unambiguous(**images: ArrayLike) -> list[np.ndarray]:
    """Return each argument as an array of shape (n, height, width, channels).

    Like `check_images`, refuse what is not images. In addition, refuse ambiguous arguments: a mix
    of bytes and floats, and floats without a negative value, which look like images in [0, 1].
    """
    arrays = {name: check_images(name, values) for name, values in images.items()}
    dtypes = {name: str(array.dtype) for name, array in arrays.items()}
    kinds = {array.dtype.kind for array in arrays.values()}
    if len(kinds) > 1:
        raise TypeError(
            "All images must be bytes, or all must be floats in [-1, 1]. "
            f"Received: dtypes {dtypes}. Convert floats to bytes, as an image file has them, with "
            "np.rint((x + 1) * 127.5).astype('uint8')."
        )
    low = min(array.min() for array in arrays.values())
    if kinds == {"f"} and low >= 0:
        names = " and ".join(f"`{name}`" for name in arrays)
        raise ValueError(
            f"{names} must hold bytes or floats in [-1, 1]. Received: floats without a negative "
            f"value (the smallest is {low:g}), which look like images in [0, 1]. Scale these with "
            "2 * x - 1. Convert bright images in [-1, 1] to bytes with "
            "np.rint((x + 1) * 127.5).astype('uint8')."
        )
    return list(arrays.values())


def to_level_pair(
    a: ArrayLike, b: ArrayLike, border: int, y_channel: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return two sets of images of the same shape as levels, without border, optionally as luma."""
    a, b = as_array(a, "a"), as_array(b, "b")
    if a.shape != b.shape:
        raise ValueError(
            f"`a` and `b` must have the same shape. Received: shapes {a.shape} and {b.shape}."
        )
    check_flag("y_channel", y_channel)
    a, b = (as_levels(array) for array in check_unambiguous(a=a, b=b))
    border = check_count("border", border, minimum=0)
    height, width = a.shape[1:3]
    if 2 * border >= min(height, width):
        raise ValueError(
            f"`border` must leave pixels of the images. "
            f"Received: border={border} with {height}x{width} pixels."
        )
    inside = (slice(None), slice(border, height - border), slice(border, width - border))
    a, b = a[inside], b[inside]
    # A gray image is its own Y. (Papers treat the gray files of Set14 in this way.)
    if not y_channel or a.shape[-1] == 1:
        return a, b
    # Y of ITU-R BT.601 in studio swing: R, G and B in 0..255 give 16..235.
    weights = np.array([[65.481], [128.553], [24.966]])
    return 16.0 + a @ weights / 255.0, 16.0 + b @ weights / 255.0


def per_image(values: np.ndarray, images: ArrayLike) -> float | np.ndarray:
    """Return a float for one image, and an array with one value per image for a batch."""
    return values if np.ndim(images) == 4 else float(values[0])
