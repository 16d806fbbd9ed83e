"""What the penalties do with their arguments, and with what a critic says."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

__all__ = ["number", "to_single"]


def number(name: str, value: Any, zero: bool = True) -> float:
    """A finite number of at least 0, or above 0."""
    if not (0.0 <= value < math.inf) or (value == 0.0 and not zero):
        raise ValueError(
            f"`{name}` must be a finite number {'of at least' if zero else 'above'} 0. "
            f"Received: {name}={value!r}."
        )
    return float(value)


def to_single(values: Any) -> Any:
    """A tensor of at least float32: the square of a half precision number overflows at 256."""
    dtype = keras.backend.result_type(values.dtype, "float32")
    return ops.cast(values, dtype)
