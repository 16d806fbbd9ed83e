"""Checks and conversions that the data sets share."""

from __future__ import annotations

import numbers
from collections.abc import Iterable

import numpy as np

SMALLEST = 4


def check_image_size(image_size: object) -> int:
    """Return the side of a square image if it is valid.

    Args:
        image_size: the side that the caller asked for.

    Returns:
        The side as an `int`.

    Raises:
        TypeError: if it is not a whole number.
        ValueError: if it is below 4 pixels.

    Example:

    >>> check_image_size(32)
    32
    """
    if isinstance(image_size, bool) or not isinstance(image_size, numbers.Integral):
        raise TypeError(
            "`image_size` must be one whole number, the side of a square. "
            f"Received: image_size={image_size!r}."
        )
    if image_size < SMALLEST:
        raise ValueError(
            f"`image_size` must be at least {SMALLEST} pixels. Received: image_size={image_size!r}."
        )
    return int(image_size)


def check_channels(channels: object) -> int:
    """Return the number of channels of an image if it is valid.

    Args:
        channels: the number that the caller asked for.

    Returns:
        The number of channels.

    Raises:
        ValueError: if it is neither 1 (gray) nor 3 (color).

    Example:

    >>> check_channels(3)
    3
    """
    if channels not in (1, 3):
        raise ValueError(
            f"`channels` must be 1 (gray) or 3 (color). Received: channels={channels!r}."
        )
    return channels


def check_split(name: str, split: str, splits: Iterable[str]) -> str:
    """Return the name of a split if the set has it.

    Args:
        name: name of the set.
        split: the split that the caller asked for.
        splits: the splits of the set.

    Returns:
        The name of the split.

    Raises:
        ValueError: if the set has no split of this name.

    Example:

    >>> check_split("digits", "test", ("train", "test"))
    'test'
    """
    if split not in splits:
        raise ValueError(
            f"`split` must be one of {', '.join(splits)} for {name!r}. Received: split={split!r}."
        )
    return split


def resize(images: np.ndarray, image_size: int) -> np.ndarray:
    """Resize square images with antialiasing (Pillow's bicubic).

    Args:
        images: uint8 `(n, side, side, channels)`.
        image_size: new side in pixels.

    Returns:
        uint8 `(n, image_size, image_size, channels)`, clipped to the range of `images`, which
        removes the overshoot of the filter.

    Example:

    >>> resize(np.zeros((2, 28, 28, 1), np.uint8), 32).shape
    (2, 32, 32, 1)
    """
    from PIL import Image

    if images.shape[1] == image_size or not len(images):
        return images
    side = (image_size, image_size)
    channels = images.shape[-1]
    result = np.empty((len(images), *side, channels), np.uint8)
    for i, image in enumerate(images):
        for c in range(channels):
            plane = Image.fromarray(np.ascontiguousarray(image[..., c]))
            result[i, ..., c] = np.asarray(plane.resize(side, Image.Resampling.BICUBIC))
    return np.clip(result, images.min(), images.max())


def to_unit_range(images: np.ndarray, max_level: int = 255) -> np.ndarray:
    """Scale gray levels `0..max_level` to float32 in [-1, 1].

    Args:
        images: uint8 array of any shape.
        max_level: the level that becomes 1.

    Returns:
        float32 array of the same shape.

    Example:

    >>> to_unit_range(np.array([0, 255], np.uint8)).tolist()
    [-1.0, 1.0]
    """
    scaled = np.divide(images, np.float32(max_level / 2), dtype=np.float32)
    scaled -= np.float32(1)
    return scaled
