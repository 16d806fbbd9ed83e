"""Sizes and ranges of arrays of images."""

from __future__ import annotations

import numbers

import numpy as np

SMALLEST = 4


def check_image_size(image_size: object) -> int:
    """The side of a square image, checked.

    Args:
        image_size: What the caller asked for.

    Returns:
        The same as an `int`.

    Raises:
        TypeError: It is not a whole number.
        ValueError: It is below 4 pixels.

    Example:

    >>> check_image_size(32)
    32
    """
    if isinstance(image_size, bool) or not isinstance(image_size, numbers.Integral):
        raise TypeError(
            f"image_size must be one whole number, the side of a square; got {image_size!r}"
        )
    if image_size < SMALLEST:
        raise ValueError(f"image_size must be at least {SMALLEST} pixels, got {image_size!r}")
    return int(image_size)


def check_channels(channels: object) -> int:
    """The number of channels of an image, checked.

    Args:
        channels: What the caller asked for.

    Returns:
        The same.

    Raises:
        ValueError: It is neither 1 (gray) nor 3 (color).

    Example:

    >>> check_channels(3)
    3
    """
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 (gray) or 3 (color), got {channels!r}")
    return channels


def resize(images: np.ndarray, image_size: int) -> np.ndarray:
    """Resize square images with antialiasing (Pillow's bicubic).

    Args:
        images: uint8 `(n, side, side, channels)`.
        image_size: New side in pixels.

    Returns:
        uint8 `(n, image_size, image_size, channels)`, no brighter than the brightest
        pixel given and no darker than the darkest: the overshoot of the filter is cut off.

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


def to_unit_range(images: np.ndarray, peak: int = 255) -> np.ndarray:
    """Scale gray levels `0..peak` to float32 in [-1, 1].

    Args:
        images: uint8 array of any shape.
        peak: The level that becomes 1.

    Returns:
        float32 array of the same shape.

    Example:

    >>> to_unit_range(np.array([0, 255], np.uint8)).tolist()
    [-1.0, 1.0]
    """
    scaled = np.divide(images, np.float32(peak / 2), dtype=np.float32)
    scaled -= np.float32(1)
    return scaled
