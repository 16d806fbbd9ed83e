"""Checks of arguments: errors that say what is wrong, repeat the value, and say what to do."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["check_count", "check_images", "check_kind"]


def check_count(name: str, value: Any, minimum: int = 1) -> int:
    """A whole number of at least `minimum`, or an error that repeats what came instead."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < minimum:
        raise ValueError(
            f"`{name}` must be a whole number of at least {minimum}. Received: {name}={value!r}."
        )
    return int(value)


def check_kind(name: str, value: Any, kind: type) -> Any:
    """None or an object of a class of gankit's, or an error that says which."""
    if value is not None and not isinstance(value, kind):
        raise TypeError(
            f"`{name}` must be a {kind.__module__}.{kind.__name__}, or None. Received: {value!r}."
        )
    return value


def check_images(name: str, images: Any) -> np.ndarray:
    """Refuse what is not one image, or a batch of them, in bytes or in floats of [-1, 1].

    Args:
        name: what the caller calls them, for the error.
        images: uint8 in 0..255 or floats in [-1, 1]; shape `(height, width)`, `(height, width,
            channels)` or `(n, height, width, channels)`, with 1 or 3 channels.

    Returns:
        The same values and dtype as an array `(n, height, width, channels)`.

    Raises:
        TypeError: if the values are neither uint8 nor floats.
        ValueError: on another shape, no pixels, NaN or infinite values, floats outside [-1, 1].
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise TypeError(
            f"`{name}` must hold uint8 in 0..255 or floats in [-1, 1]. Received dtype "
            f"{images.dtype}."
        )
    shape = images.shape
    if (
        images.ndim not in (2, 3, 4)
        or images.size == 0
        or (images.ndim > 2 and shape[-1] not in (1, 3))
    ):
        raise ValueError(
            f"`{name}` must have shape (height, width), (height, width, channels) or (n, height, "
            f"width, channels), with 1 or 3 channels. Received shape {shape}."
        )
    if images.dtype.kind == "f":
        low, high = float(images.min()), float(images.max())
        # float16 and resizing overshoot a little; NaN fails the comparison.
        if not (low >= -1.001 and high <= 1.001):
            raise ValueError(
                f"`{name}` must be finite and lie in [-1, 1] where it holds floats. Received values"
                f" in [{low:g}, {high:g}]. Give bytes as uint8, and floats of [0, 1] as 2 * x - 1."
            )
    return images.reshape(1, *shape, 1) if images.ndim == 2 else images.reshape(-1, *shape[-3:])
