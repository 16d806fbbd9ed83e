"""What the penalties take: numbers that are refused where they cannot be meant."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["number"]


def number(name: str, value: Any, zero: bool = True) -> float:
    """A finite number of at least 0, or above 0."""
    if not (0.0 <= value < math.inf) or (value == 0.0 and not zero):
        raise ValueError(
            f"`{name}` must be a finite number {'of at least' if zero else 'above'} 0. "
            f"Received: {name}={value!r}."
        )
    return float(value)
