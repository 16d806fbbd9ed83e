"""Precision and recall, density and coverage of two sets of features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count
from gankit.metrics._blocks import squared_distance_blocks
from gankit.metrics._checks import to_features
from gankit.metrics.neighbors import nearest_neighbors


class PrecisionRecall(NamedTuple):
    """Fractions of generated examples that look real, and of real ones that are covered."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """The result of `density_coverage`.

    Attributes:
        density: mean number of real neighborhoods that contain a generated example, relative to the
            number expected for a real one: about 1 for equal distributions, above 1 if generated
            examples crowd among real ones, 0 far from them.
        coverage: fraction of real examples whose neighborhood contains a generated one.
    """

    density: float
    coverage: float


def precision_recall(
    features_real: ArrayLike, features_fake: ArrayLike, k: int = 3
) -> PrecisionRecall:
    """Compute improved precision and recall.

    The manifold of a set is the union of balls around its examples. Each ball reaches to the k-th
    nearest other example of the set. Precision, the fraction of generated examples in the real
    manifold, measures quality. Recall, the fraction of real examples in the generated manifold,
    measures variety.

    An outlier has a large ball, so much of the space counts as manifold. `density_coverage` is less
    sensitive to outliers. Use the same number of examples in both sets: the fractions depend on
    this number and on k.

    Args:
        features_real: one row per example, shape (n, d), n > k.
        features_fake: generated examples, shape (m, d), m > k.
        k: the ball of an example reaches to its k-th nearest neighbor.

    Returns:
        A `PrecisionRecall`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if a value is beyond ±1e20 or not finite, the arrays are not 2-D or have
            different numbers of columns, or there are not more than k examples.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import precision_recall
    >>> line = np.arange(100.0)[:, None]
    >>> precision_recall(line, line[:50])  # half of the line, and three neighbors
    PrecisionRecall(precision=1.0, recall=0.53)

    Source: Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative
    Models", section 3: k = 3, 50,000 examples.
    """
    real, fake = _check_and_center(features_real, features_fake, k)
    precision = np.concatenate([inside.any(axis=1) for inside in _in_balls(fake, real, k)])
    recall = np.concatenate([inside.any(axis=1) for inside in _in_balls(real, fake, k)])
    return PrecisionRecall(float(precision.mean()), float(recall.mean()))


def density_coverage(
    features_real: ArrayLike, features_fake: ArrayLike, k: int = 5
) -> DensityCoverage:
    """Compute density and coverage.

    Each of n real examples has a ball that reaches to its k-th nearest other real example. For m
    generated examples,

    `density = (number of pairs of a generated example and a ball that contains it) / (k m)`;
    `coverage = (number of balls that contain a generated example) / n`.

    Only real examples have balls, so generated outliers increase neither number. For equal
    distributions and n = m, coverage is about `1 - 2^-k`: 0.97 for k = 5.

    Args:
        features_real: one row per example, shape (n, d), n > k.
        features_fake: generated examples, shape (m, d), m > k.
        k: the ball of an example reaches to its k-th nearest neighbor.

    Returns:
        A `DensityCoverage`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if a value is beyond ±1e20 or not finite, the arrays are not 2-D or have
            different numbers of columns, or there are not more than k examples.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import density_coverage
    >>> line = np.arange(100.0)[:, None]
    >>> found = density_coverage(line, line[:50])
    >>> found.density > 1, found.coverage
    (True, 0.53)

    Source: Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative Models",
    section 3: k = 5; the expected coverage is equation 10 for n = m.
    """
    real, fake = _check_and_center(features_real, features_fake, k)
    pairs, covered = 0, np.zeros(len(real), bool)
    for inside in _in_balls(fake, real, k):
        pairs += int(np.count_nonzero(inside))
        covered |= inside.any(axis=0)
    return DensityCoverage(pairs / (k * len(fake)), float(covered.mean()))


def _in_balls(points: np.ndarray, centers: np.ndarray, k: int) -> Iterator[np.ndarray]:
    """Yield for blocks of points whether each ball contains them, bool (points, centers)."""
    # The nearest neighbor is the center itself, hence k + 1.
    radii = nearest_neighbors(centers, centers, k=k + 1).distances[:, k]
    # The border belongs to the ball, in spite of rounding errors, which grow with both vectors.
    of_centers, of_points = (1e-12 * np.square(x).sum(axis=1) for x in (centers, points))
    reach = np.square(radii) + of_centers
    for block, distances in squared_distance_blocks(points, centers):
        yield distances - of_points[block, None] <= reach


def _check_and_center(
    features_real: ArrayLike, features_fake: ArrayLike, k: int
) -> tuple[np.ndarray, np.ndarray]:
    real, fake = to_features(features_real=features_real, features_fake=features_fake)
    if min(len(real), len(fake)) <= check_count("k", k):
        raise ValueError(
            "`features_real` and `features_fake` must have at least k + 1 examples each. "
            f"Received: k={k} with {len(real)} and {len(fake)} examples."
        )
    # Rounding errors grow with the distance from the origin, so move the origin to the mean.
    center = real.mean(axis=0)
    return real - center, fake - center
