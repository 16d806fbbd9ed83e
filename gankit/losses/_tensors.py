"""Check and convert the inputs of losses. A step is compiled, so values cannot be checked."""

from __future__ import annotations

from typing import Any

from gankit.losses.adversarial import to_float

__all__ = ["check_same_shape", "to_class_logits"]


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
