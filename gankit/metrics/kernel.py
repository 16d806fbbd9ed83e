"""Kernel distance between two sets of features, with its error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count
from gankit.metrics._blocks import row_blocks
from gankit.metrics._checks import to_feature_pair


class KernelDistance(NamedTuple):
    """What `kernel_distance` measures.

    Attributes:
        distance: mean over the blocks of the unbiased squared maximum mean discrepancy. It is
            below 0 about every second time that two sets are of one distribution.
        standard_error: of that mean: the blocks' standard deviation over the root of their number;
            nan for one block.
    """

    distance: float
    standard_error: float


def kernel_distance(
    features_a: ArrayLike, features_b: ArrayLike, blocks: int = 10, seed: int = 0
) -> KernelDistance:
    """Compute the squared maximum mean discrepancy under a cubic kernel, with its standard error.

    `E k(x, x') + E k(y, y') - 2 E k(x, y)` with `k(x, y) = (x.y / d + 1)^3`: 0 when the
    distributions agree in mean, covariance and third moments. Both sets are shuffled and split into
    as many disjoint blocks; in a block of n and m examples

    `sum_{i != j} k(x_i, x_j) / (n (n - 1)) + sum_{i != j} k(y_i, y_j) / (m (m - 1))
    - 2 sum_{i, j} k(x_i, y_j) / (n m)`

    has the right expectation whatever n and m are. So, unlike the Fréchet distance, it needs no
    more examples than features, and distances of few and of many examples can be compared.

    The two sets must be different examples: against itself, a set scores below 0.

    Args:
        features_a: one row per example, shape (n, d).
        features_b: the other set, shape (m, d).
        blocks: number of blocks, each of at least 2 examples of both sets. The default gives 10,000
            examples the blocks of 1000 that published scores have. 1 uses every pair and so is the
            most exact, without saying how exact.
        seed: seed of the shuffling.

    Returns:
        A `KernelDistance`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if a value is not finite, the arrays are not 2-D or have different numbers of
            columns, or there are fewer than two examples for each block.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import kernel_distance
    >>> rng = np.random.default_rng(0)
    >>> real, same, other = rng.normal(size=(3, 1000, 4)) + [[[0.0]], [[0.0]], [[1.0]]]
    >>> near, far = kernel_distance(real, same), kernel_distance(real, other)
    >>> abs(near.distance) < 3 * near.standard_error, far.distance > 10 * far.standard_error
    (True, True)

    Reference:
        Bińkowski et al. 2018, "Demystifying MMD GANs", section 4, the KID where features are
        Inception's. Departure: published code draws blocks of 1000 that overlap, whose standard
        deviation is not the error of the mean; these are disjoint and hold every example once.
    """
    a, b = to_feature_pair(features_a, features_b, "features_a", "features_b")
    check_count("blocks", blocks)
    if min(len(a), len(b)) < 2 * blocks:
        raise ValueError(
            f"{blocks} blocks need at least {2 * blocks} examples of both sets; features_a has "
            f"{len(a)} and features_b {len(b)}. Give more examples, or take fewer blocks."
        )
    rng = np.random.default_rng(seed)
    parts = (np.array_split(rng.permutation(rows), blocks) for rows in (a, b))
    values = [_unbiased_mmd(x, y) for x, y in zip(*parts, strict=True)]
    error = np.std(values, ddof=1) / np.sqrt(blocks) if blocks > 1 else np.nan
    return KernelDistance(float(np.mean(values)), float(error))


def _unbiased_mmd(x: np.ndarray, y: np.ndarray) -> float:
    within = (_sum_of_pairs(z) / (len(z) * (len(z) - 1)) for z in (x, y))
    return sum(within) - 2.0 * _kernel_sum(x, y) / (len(x) * len(y))


def _sum_of_pairs(x: np.ndarray) -> float:
    """The kernel's sum over all pairs of two different examples."""
    itself = np.einsum("ij,ij->i", x, x) / x.shape[1] + 1.0
    return _kernel_sum(x, x) - np.sum(itself**3)


def _kernel_sum(x: np.ndarray, y: np.ndarray) -> float:
    total = 0.0
    for block in row_blocks(x, y):
        base = x[block] @ y.T
        base /= x.shape[1]
        base += 1.0
        total += np.sum(base * base * base)
    return total
