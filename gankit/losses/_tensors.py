"""Check and convert the inputs of losses. A step is compiled, so values cannot be checked."""

from __future__ import annotations

from typing import Any

from gankit.losses.adversarial import to_float


def to_class_logits(values: Any, name: str) -> Any:
    """Return a tensor of at least float32 that has an axis of classes."""
    logits = to_float(values, name)
    if len(logits.shape) < 2:
        raise ValueError(
            f"`{name}` must have shape (examples, classes). Received: shape {tuple(logits.shape)}."
        )
    return logits


def same_shape(a: Any, b: Any) -> bool:
    """Whether two shapes are equal; an unknown size (None) equals any other."""
    known = [(m, n) for m, n in zip(a, b, strict=False) if m is not None and n is not None]
    return len(a) == len(b) and all(m == n for m, n in known)


def to_equal_shapes(advice: str, **pair: Any) -> tuple[Any, Any]:
    """Return two tensors of at least float32; refuse different shapes, with advice."""
    first, second = (to_float(values, name) for name, values in pair.items())
    if not same_shape(first.shape, second.shape):
        raise ValueError(
            f"{' and '.join(f'`{name}`' for name in pair)} must have the same shape. "
            f"Received: shapes {tuple(first.shape)} and {tuple(second.shape)}. {advice}"
        )
    return first, second
