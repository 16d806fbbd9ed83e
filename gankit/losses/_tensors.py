"""Check and convert the inputs of losses. A step is compiled, so values cannot be checked."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["check_same_shape", "to_class_logits", "to_float"]


def to_float(values: Any, name: str) -> Any:
    """Return a tensor of at least float32, since half precision overflows inside a mean."""
    values = ops.convert_to_tensor(values)
    dtype = keras.backend.standardize_dtype(values.dtype)
    if "float" not in dtype:
        raise TypeError(
            f"`{name}` must be floating point. Received: dtype {dtype}. Pass the outputs of the "
            f"network without rounding."
        )
    if 0 in values.shape:
        raise ValueError(
            f"`{name}` must not be empty, since its mean is taken. "
            f"Received: shape {tuple(values.shape)}."
        )
    return ops.cast(values, "float32") if dtype in ("float16", "bfloat16") else values


def to_class_logits(values: Any, name: str) -> Any:
    """Return a tensor of at least float32 that has an axis of classes."""
    logits = to_float(values, name)
    if len(logits.shape) < 2:
        raise ValueError(
            f"`{name}` must have shape (examples, classes). Received: shape {tuple(logits.shape)}."
        )
    return logits


def check_same_shape(first: Any, second: Any, names: tuple[str, str], advice: str) -> None:
    """Refuse two tensors of different shapes; an unknown size (None) equals any other."""
    a, b = tuple(first.shape), tuple(second.shape)
    equal = len(a) == len(b) and all(
        m == n or m is None or n is None for m, n in zip(a, b, strict=True)
    )
    if not equal:
        raise ValueError(
            f"`{names[0]}` and `{names[1]}` must have the same shape. "
            f"Received: shapes {a} and {b}. {advice}"
        )
