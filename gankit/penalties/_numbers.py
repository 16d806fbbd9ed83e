"""Check the arguments of penalties, and convert the outputs of a critic."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

__all__ = ["check_number", "to_float32"]


def check_number(name: str, value: Any, zero: bool = True) -> float:
    """Return a finite number of at least 0, or above 0 if `zero` is False; refuse others."""
    if not (0.0 <= value < math.inf) or (value == 0.0 and not zero):
        raise ValueError(
            f"`{name}` must be a finite number {'of at least' if zero else 'above'} 0. "
            f"Received: {name}={value!r}."
        )
    return float(value)


def to_float32(values: Any) -> Any:
    """Return a tensor of at least float32, since the square of a float16 overflows at 256."""
    dtype = keras.backend.result_type(values.dtype, "float32")
    return ops.cast(values, dtype)
