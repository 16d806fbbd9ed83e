"""What losses do with their inputs first. Values are not looked at: a step is compiled."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["check_same_shape", "to_class_logits", "to_float"]


def to_float(values: Any, name: str) -> Any:
    """A tensor of at least float32: half precision overflows inside a mean."""
    values = ops.convert_to_tensor(values)
    dtype = keras.backend.standardize_dtype(values.dtype)
    if "float" not in dtype:
        raise TypeError(
            f"`{name}` must be floating point. Received dtype {dtype}. Pass what the network gives "
            f"as it is, without rounding it."
        )
    if 0 in values.shape:
        raise ValueError(
            f"`{name}` holds no values, and a mean needs one. Received shape {tuple(values.shape)}."
        )
    return ops.cast(values, "float32") if dtype in ("float16", "bfloat16") else values


def to_class_logits(values: Any, name: str) -> Any:
    """The same, with an axis of classes."""
    logits = to_float(values, name)
    if len(logits.shape) < 2:
        raise ValueError(
            f"`{name}` must have shape (examples, classes). Received shape {tuple(logits.shape)}."
        )
    return logits


def check_same_shape(first: Any, second: Any, names: tuple[str, str], advice: str) -> None:
    """Refuse two tensors whose shapes are known to differ; an unknown size (None) may be any."""
    a, b = tuple(first.shape), tuple(second.shape)
    alike = len(a) == len(b) and all(
        m == n or m is None or n is None for m, n in zip(a, b, strict=True)
    )
    if not alike:
        raise ValueError(
            f"`{names[0]}` and `{names[1]}` must have the same shape. Received shapes {a} and {b}. "
            f"{advice}"
        )
