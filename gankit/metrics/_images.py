"""Images that metrics are given, as gray levels 0..255 whatever form they came in."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_images


def to_levels(**images: ArrayLike) -> list[np.ndarray]:
    """Return each argument, checked, as float64 levels in 0..255."""
    return [as_levels(array) for array in check_unambiguous(**images)]


def as_levels(images: np.ndarray) -> np.ndarray:
    """Return float64 levels: uint8 are some; floats in [-1, 1] become `(x + 1) * 127.5`."""
    levels = images.astype(np.float64)
    if images.dtype.kind == "f":
        levels += 1.0
        levels *= 127.5
    return levels


def check_unambiguous(**images: ArrayLike) -> list[np.ndarray]:
    """Return each argument as an array of shape (n, height, width, channels).

    Refused is, besides what `check_images` refuses, what could mean either of two things: bytes
    beside floats, and floats of which none is negative, which look like images in [0, 1].
    """
    arrays = {name: check_images(name, values) for name, values in images.items()}
    dtypes = {name: str(array.dtype) for name, array in arrays.items()}
    floats = {name for name, array in arrays.items() if array.dtype.kind == "f"}
    if 0 < len(floats) < len(arrays):
        raise TypeError(
            f"Give bytes, or floats in [-1, 1], not one beside the other; got {dtypes}. An image "
            "that is written to a file becomes bytes: np.rint((x + 1) * 127.5).astype('uint8')."
        )
    if not floats:
        return list(arrays.values())
    low = min(array.min() for array in arrays.values())
    if low >= 0:
        raise ValueError(
            f"{' and '.join(arrays)} hold floats of which none is negative (the smallest is "
            f"{low:g}): that looks like images in [0, 1]. Scale them with 2 * x - 1. Bright images "
            "in [-1, 1] become bytes with np.rint((x + 1) * 127.5).astype('uint8')."
        )
    return list(arrays.values())


def to_level_pair(
    a: ArrayLike, b: ArrayLike, border: int, y_channel: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return two equally shaped sets of images as levels, without border, in luma if asked for."""
    if np.shape(a) != np.shape(b):
        raise ValueError(f"a and b must have the same shape; got {np.shape(a)} and {np.shape(b)}.")
    if not isinstance(y_channel, bool):
        raise TypeError(f"y_channel must be True or False; got {y_channel!r}.")
    a, b = to_levels(a=a, b=b)
    border = check_count("border", border, minimum=0)
    height, width = a.shape[1:3]
    if 2 * border >= min(height, width):
        raise ValueError(
            f"border must leave something of the images; got {border} with {height}x{width} pixels."
        )
    inside = (slice(None), slice(border, height - border), slice(border, width - border))
    a, b = a[inside], b[inside]
    # A gray image is its own Y, as the files of Set14 are read.
    return (_luma(a), _luma(b)) if y_channel and a.shape[-1] == 3 else (a, b)


def per_image(values: np.ndarray, images: ArrayLike) -> float | np.ndarray:
    """Return one value for one image, and one for each image of a batch."""
    return values if np.ndim(images) == 4 else float(values[0])


def _luma(rgb: np.ndarray) -> np.ndarray:
    """Y of ITU-R BT.601 in studio swing: levels 0..255 of R, G and B become 16..235."""
    return 16.0 + rgb @ np.array([[65.481], [128.553], [24.966]]) / 255.0
