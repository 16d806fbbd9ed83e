"""Checks of the arguments of metrics, with errors that say what to do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import as_array

LARGEST = 1e20  # of examples: the square of a kernel, their twelfth power, must not overflow


def to_array(values: ArrayLike, name: str, largest: float = np.finfo(float).max) -> np.ndarray:
    """Return `values` as a float64 array; refuse what is not finite real numbers of that size."""
    array = as_array(values, name)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"`{name}` must hold real numbers. Received: dtype {array.dtype}.")
    if array.size == 0:
        raise ValueError(f"`{name}` must not be empty. Received: shape {array.shape}.")
    array = array.astype(np.float64, copy=False)
    if not (array.min() >= -largest and array.max() <= largest):  # NaN fails the comparison
        bad = array[~(np.abs(array) <= largest)]
        raise ValueError(
            f"`{name}` must hold finite values. Received: {bad.size} values that are not finite or "
            f"beyond ±{largest:.3g}, the first is {bad[0]}. Check whether training diverged."
        )
    return array


def to_rows(**examples: ArrayLike) -> list[np.ndarray]:
    """Return each argument as float64 of shape (n, d); refuse rows of different lengths."""
    rows = []
    for name, values in examples.items():
        array = to_array(values, name, LARGEST)
        if array.ndim < 2:
            raise ValueError(
                f"`{name}` must have one row per example, shape (n, d) or (n, height, width, "
                f"channels). Received: shape {array.shape}."
            )
        rows.append(array.reshape(len(array), -1))
    check_widths(**{name: array.shape[1] for name, array in zip(examples, rows, strict=True)})
    return rows


def to_features(**features: ArrayLike) -> list[np.ndarray]:
    """Like `to_rows`, but refuse feature maps."""
    arrays = {name: to_array(values, name, LARGEST) for name, values in features.items()}
    for name, array in arrays.items():
        if array.ndim != 2:
            raise ValueError(
                f"`{name}` must have shape (n, d), one row per example. "
                f"Received: shape {array.shape}. Pool or flatten feature maps first."
            )
    return to_rows(**arrays)


def check_widths(**widths: int) -> None:
    """Refuse examples with different numbers of values."""
    if len(set(widths.values())) > 1:
        raise ValueError(
            f"{' and '.join(f'`{name}`' for name in widths)} must have the same number of values "
            "per example; features must come from the same network. "
            f"Received: {' and '.join(map(str, widths.values()))} values."
        )


def to_labels(
    labels: ArrayLike, name: str, shape: tuple[int, ...], classes: int | None = None
) -> np.ndarray:
    """Return `labels` as an array; refuse another shape, and what is not integers below `classes`.

    Without a number of classes, any integers are labels.
    """
    labels = as_array(labels, name)
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"`{name}` must be integers. Received: dtype {labels.dtype}. "
            "Convert probabilities with argmax(axis=-1)."
        )
    if labels.size == 0 or labels.shape != shape:
        raise ValueError(
            f"`{name}` must have shape {shape}, with at least one label. "
            f"Received: shape {labels.shape}."
        )
    if classes is not None and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(
            f"`{name}` must lie in 0..{classes - 1}, the classes. "
            f"Received: values from {labels.min()} to {labels.max()}."
        )
    return labels
