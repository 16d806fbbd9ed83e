"""Process all pairs of two sets in blocks of rows, which bounds the memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# 2**22 values of 8 bytes are 32 MB, for any number of examples. In smaller blocks, the threads of
# the matrix product spend most of their time waiting for each other.
_PAIRS = 2**22


def row_blocks(rows: np.ndarray, others: np.ndarray) -> Iterator[slice]:
    """Yield slices of `rows` whose pairs with all `others` fit into a block."""
    size = max(1, _PAIRS // len(others))
    for start in range(0, len(rows), size):
        yield slice(start, start + size)


def squared_distance_blocks(
    rows: np.ndarray, others: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield squared distances of some rows to all others; each block overwrites the last one.

    |x - c|^2 = |x|^2 - 2 x.c + |c|^2 is one matrix product of rows (-2 x, |x|^2, 1) and
    (c, 1, |c|^2). Its rounding error is about 1e-15 of the squared norms in double precision;
    single precision would not be enough.
    """
    left = np.column_stack([-2.0 * rows, _squared_norms(rows), np.ones(len(rows))])
    right = np.column_stack([others, np.ones(len(others)), _squared_norms(others)])
    blocks = list(row_blocks(rows, others))
    buffer = np.empty((len(rows[blocks[0]]), len(others)))
    for block in blocks:
        some = left[block]
        distances = np.matmul(some, right.T, out=buffer[: len(some)])
        np.maximum(distances, 0.0, out=distances)
        yield block, distances


def _squared_norms(rows: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", rows, rows)
