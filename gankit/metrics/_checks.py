"""Checks of the arguments of metrics, with errors that say what to do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def to_array(values: ArrayLike, name: str) -> np.ndarray:
    """Return `values` as a float64 array; refuse values that are not finite real numbers."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"`{name}` must hold real numbers. Received: dtype {array.dtype}.")
    if array.size == 0:
        raise ValueError(f"`{name}` must not be empty. Received: shape {array.shape}.")
    array = array.astype(np.float64, copy=False)
    if not np.isfinite(array).all():
        bad = array[~np.isfinite(array)]
        raise ValueError(
            f"`{name}` must hold finite values. Received: {bad.size} values that are not finite, "
            f"the first is {bad[0]}. Check whether training diverged."
        )
    return array


def to_rows(values: ArrayLike, name: str) -> np.ndarray:
    """Return `values` as float64 of shape (n, d), each example flattened to one row."""
    array = to_array(values, name)
    if array.ndim < 2:
        raise ValueError(
            f"`{name}` must have one row per example, shape (n, d) or (n, height, width, "
            f"channels). Received: shape {array.shape}."
        )
    return array.reshape(len(array), -1)


def to_row_pair(
    first: ArrayLike, second: ArrayLike, first_name: str, second_name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return both arrays as rows; refuse rows of different lengths."""
    a, b = to_rows(first, first_name), to_rows(second, second_name)
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"`{first_name}` and `{second_name}` must have the same number of values per example. "
            f"Received: {a.shape[1]} and {b.shape[1]} values."
        )
    return a, b


def to_features(values: ArrayLike, name: str) -> np.ndarray:
    """Return `values` as float64 of shape (n, d); refuse feature maps and single examples."""
    array = to_array(values, name)
    if array.ndim != 2:
        raise ValueError(
            f"`{name}` must have shape (n, d), one row per example. Received: shape {array.shape}. "
            "Pool or flatten feature maps first."
        )
    return array


def to_feature_pair(
    first: ArrayLike, second: ArrayLike, first_name: str, second_name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return both arrays as features; refuse features of different networks."""
    a, b = to_features(first, first_name), to_features(second, second_name)
    check_same_network(a.shape[1], b.shape[1], first_name, second_name)
    return a, b


def check_same_network(first: int, second: int, first_name: str, second_name: str) -> None:
    """Refuse two sets of features with different numbers of columns."""
    if first != second:
        raise ValueError(
            f"`{first_name}` and `{second_name}` must come from the same network. "
            f"Received: {first} and {second} columns."
        )


def to_labels(labels: ArrayLike, count: int, name: str) -> np.ndarray:
    """Return `labels` as an array; refuse labels that are not one integer per example."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"`{name}` must be integers. Received: dtype {labels.dtype}.")
    if labels.shape != (count,):
        raise ValueError(
            f"`{name}` must have shape ({count},), one label per example. "
            f"Received: shape {labels.shape}."
        )
    return labels


def check_positive(value: float, name: str) -> float:
    """Return `value` as a float; refuse a value that is not a finite number above zero."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"`{name}` must be a number above zero. Received: {name}={value!r}.")
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"`{name}` must be a finite number above zero. Received: {name}={value}.")
    return float(value)
