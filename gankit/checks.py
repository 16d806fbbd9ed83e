"""Checks of arguments: errors that say what is wrong, repeat the value, and say what to do."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def check_count(name: str, value: Any, minimum: int = 1, maximum: int | None = None) -> int:
    """A whole number in `[minimum, maximum]`, or an error that repeats what came instead."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < minimum or (maximum is not None and value > maximum):
        limit = "" if maximum is None else f" and at most {maximum}"
        raise ValueError(
            f"`{name}` must be a whole number of at least {minimum}{limit}. "
            f"Received: {name}={value!r}."
        )
    return int(value)


def check_seed(name: str, value: Any) -> int:
    """A seed that Keras and NumPy both take, or an error that repeats what came instead."""
    return check_count(name, value, 0, 2**31 - 1)


def check_number(
    name: str,
    value: Any,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    *,
    above: float = -math.inf,
    below: float = math.inf,
) -> float:
    """A finite number in a range, or an error that repeats what came instead.

    Args:
        name: what the caller calls it, for the error.
        value: the number.
        minimum: the lowest that is allowed.
        maximum: the highest that is allowed.
        above: a bound that it must exceed.
        below: a bound that it must stay below.

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is not finite, or out of range.

    Example:

    >>> from gankit.checks import check_number
    >>> check_number("momentum", 0.9, 0, below=1)
    0.9
    >>> check_number("momentum", 1, 0, below=1)
    Traceback (most recent call last):
    ValueError: `momentum` must be a finite number of at least 0 and below 1. Received: momentum=1.
    """
    kinds = (int, float, np.integer, np.floating)
    number = isinstance(value, kinds) and not isinstance(value, bool)
    try:
        given = float(value) if number else math.nan
    except OverflowError:  # a whole number beyond all floats
        given = math.inf
    inside = minimum <= given <= maximum and above < given < below
    if not inside:  # the bounds, infinite where none is given, leave out infinity and NaN
        limits = {"of at least": minimum, "above": above, "at most": maximum, "below": below}
        limits = {words: limit for words, limit in limits.items() if math.isfinite(limit)}
        bounds = " and ".join(f"{words} {limit:g}" for words, limit in limits.items())
        raise (ValueError if number else TypeError)(
            f"`{name}` must be a finite number{bounds and ' '}{bounds}. Received: {name}={value!r}."
        )
    return given


def check_flag(name: str, value: Any) -> bool:
    """True or False, or an error that repeats what came instead, such as `"no"`."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"`{name}` must be True or False. Received: {name}={value!r}.")
    return bool(value)


def check_choice(name: str, value: Any, choices: Iterable) -> Any:
    """One of several values, or an error that lists them and offers the nearest."""
    choices = list(choices)
    same = value.item() if isinstance(value, np.generic) else value
    # 1 == True == 1.0, but only one of them was meant.
    if not any(type(same) is type(choice) and same == choice for choice in choices):
        near = difflib.get_close_matches(str(value), map(str, choices), 1)
        raise ValueError(
            f"`{name}` must be one of {', '.join(map(repr, choices))}. Received: {name}={value!r}."
            + (f" Did you mean {near[0]!r}?" if near and isinstance(value, str) else "")
        )
    return same


def check_kind(name: str, value: Any, kind: type) -> Any:
    """None or an object of a class of gankit's, or an error that says which."""
    if value is not None and not isinstance(value, kind):
        raise TypeError(
            f"`{name}` must be a {kind.__module__}.{kind.__name__}, or None. Received: {value!r}."
        )
    return value


def check_path(name: str, value: Any) -> Path:
    """The path of a file or folder, or an error that repeats what came instead."""
    if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
        raise TypeError(f"`{name}` must be a path, as text. Received: {name}={value!r}.")
    return Path(value)


def check_function(name: str, value: Any, of: str = "images") -> Any:
    """A function, or an error that repeats what came instead."""
    if not callable(value):
        raise TypeError(f"`{name}` must be a function of {of}. Received: {name}={value!r}.")
    return value


def as_array(values: ArrayLike, name: str) -> np.ndarray:
    """Return `values` as an array; refuse rows of different shapes."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"`{name}` must be an array, with rows of equal shapes. Received: {values!r:.200}."
        ) from error


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
    images = as_array(images, name)
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
