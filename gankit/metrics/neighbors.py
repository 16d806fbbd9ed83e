"""Nearest neighbors of images, to check for memorization and near-duplicates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count
from gankit.metrics._checks import to_rows


class Neighbors(NamedTuple):
    """The nearest references of each query, nearest first.

    Attributes:
        indices: rows of the references, int64 array of shape (queries, k).
        distances: Euclidean distances, float64 array of shape (queries, k).
    """

    indices: np.ndarray
    distances: np.ndarray


def nearest_neighbors(queries: ArrayLike, references: ArrayLike, k: int = 1) -> Neighbors:
    """Find the references nearest to each query, by Euclidean distance.

    All pairs are compared, in blocks that bound the memory. To find near-duplicates within one set,
    pass it as both arguments with `k=2`: the first neighbor is the example itself or an exact
    duplicate.

    Args:
        queries: examples to look up, shape (n, d) or (n, height, width, channels).
        references: examples to search, same shape after the first axis.
        k: number of neighbors to return, from 1 to the number of references.

    Returns:
        `(indices, distances)`, each of shape (n, k), nearest first.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if the shapes do not fit, a value is beyond ±1e20 or not finite, or `k` is not a
            whole number in range.

    Example:

    >>> from gankit.metrics import nearest_neighbors
    >>> found = nearest_neighbors([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]], k=2)
    >>> found.indices.tolist(), found.distances.tolist()
    ([[1, 0]], [[1.0, 5.0]])
    """
    from sklearn.neighbors import NearestNeighbors

    queries, references = to_rows(queries=queries, references=references)
    if check_count("k", k) > len(references):
        raise ValueError(
            f"`k` must lie in 1..{len(references)}, the number of references. Received: k={k}."
        )
    search = NearestNeighbors(n_neighbors=int(k), algorithm="brute").fit(references)
    distances, indices = search.kneighbors(queries)
    return Neighbors(indices, distances)
