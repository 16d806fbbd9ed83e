"""Checks and conversions that the data sets share."""

from __future__ import annotations

import numpy as np

from gankit.checks import check_count


def check_image_size(image_size: object, default: int | None = None) -> int:
    """Return the side of a square image if it is valid.

    Args:
        image_size: the side that the caller asked for.
        default: what None stands for; None where a side must be given.

    Returns:
        The side as an `int`.

    Raises:
        ValueError: if it is not a whole number of at least 4 pixels.

    Example:

    >>> check_image_size(32)
    32
    """
    if image_size is None and default is not None:
        return default
    return check_count("image_size", image_size, 4)


def resize(images: np.ndarray, image_size: int) -> np.ndarray:
    """Resize square images with antialiasing (Pillow's bicubic).

    Args:
        images: uint8 `(n, side, side, channels)` with 1 or 3 channels.
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
    planes = images[..., 0] if images.shape[-1] == 1 else images
    side = (image_size, image_size)
    resized = [Image.fromarray(image).resize(side, Image.Resampling.BICUBIC) for image in planes]
    result = np.stack([np.asarray(image) for image in resized])
    return result.reshape(len(images), *side, -1).clip(images.min(), images.max())


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
