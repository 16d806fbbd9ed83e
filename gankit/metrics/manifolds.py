"""Precision and recall, density and coverage: how two sets of features cover each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count
from gankit.metrics._blocks import squared_distance_blocks
from gankit.metrics._checks import to_feature_pair
from gankit.metrics.neighbors import nearest_neighbors


class PrecisionRecall(NamedTuple):
    """Fractions in [0, 1]: of generated examples that look real, of real ones that are reached."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """What `density_coverage` measures.

    Attributes:
        density: real neighborhoods that a generated example lies in, as a multiple of what is
            expected of real ones: about 1 for equal distributions, above 1 where generated examples
            crowd among real ones, 0 far from them.
        coverage: fraction of real examples whose neighborhood holds a generated one.
    """

    density: float
    coverage: float


def precision_recall(
    features_real: ArrayLike, features_fake: ArrayLike, k: int = 3
) -> PrecisionRecall:
    """Compute improved precision and recall.

    A set's manifold is the union of balls around its examples, each reaching to the k-th nearest
    other example of the set. Precision is the fraction of generated examples in the real manifold:
    their quality. Recall is the fraction of real examples in the generated manifold: their variety.

    One far-off example has a large ball and so makes much of space count as manifold:
    `density_coverage` suffers less from that. Give both sets the same number of examples; both
    fractions depend on it, and on k.

    Args:
        features_real: one row per example, shape (n, d), n > k.
        features_fake: generated examples, shape (m, d), m > k.
        k: which neighbor a ball reaches to.

    Returns:
        A `PrecisionRecall`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if a value is not finite, the arrays are not 2-D or have different numbers of
            columns, or there are not more than k examples.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import precision_recall
    >>> line = np.arange(100.0)[:, None]
    >>> precision_recall(line, line[:50])  # half of the real line, and not quite beyond
    PrecisionRecall(precision=1.0, recall=0.53)

    Reference:
        Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative
        Models", section 3: k = 3, 50,000 examples.
    """
    real, fake = _check(features_real, features_fake, k)
    precision = np.concatenate([inside.any(axis=1) for inside in _in_balls(fake, real, k)])
    recall = np.concatenate([inside.any(axis=1) for inside in _in_balls(real, fake, k)])
    return PrecisionRecall(float(precision.mean()), float(recall.mean()))


def density_coverage(
    features_real: ArrayLike, features_fake: ArrayLike, k: int = 5
) -> DensityCoverage:
    """Compute density and coverage.

    With a ball around each of n real examples that reaches to the k-th nearest other one, and m
    generated examples:

    `density = (number of pairs of a generated example and a ball that holds it) / (k m)`;
    `coverage = (number of balls that hold a generated example) / n`.

    Only real examples have balls, so a far-off generated example does not add to either. For equal
    distributions and n = m, coverage is about `1 - 2^-k`: 0.97 for k = 5.

    Args:
        features_real: one row per example, shape (n, d), n > k.
        features_fake: generated examples, shape (m, d), m > k.
        k: which neighbor a ball reaches to.

    Returns:
        A `DensityCoverage`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if a value is not finite, the arrays are not 2-D or have different numbers of
            columns, or there are not more than k examples.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import density_coverage
    >>> line = np.arange(100.0)[:, None]
    >>> found = density_coverage(line, line[:50])
    >>> found.density > 1, found.coverage
    (True, 0.53)

    Reference:
        Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative Models",
        section 3: k = 5; the expected coverage is its equation 10 for n = m.
    """
    real, fake = _check(features_real, features_fake, k)
    pairs, covered = 0, np.zeros(len(real), bool)
    for inside in _in_balls(fake, real, k):
        pairs += int(np.count_nonzero(inside))
        covered |= inside.any(axis=0)
    return DensityCoverage(pairs / (k * len(fake)), float(covered.mean()))


def _in_balls(points: np.ndarray, centers: np.ndarray, k: int) -> Iterator[np.ndarray]:
    """Yield for some points at a time which centers' balls they lie in, bool (points, centers)."""
    # The nearest is the center itself, hence k + 1.
    radii = nearest_neighbors(centers, centers, k=k + 1).distances[:, k]
    # The border belongs to the ball, whichever way the last digits of its distance fell.
    rounding = 1e-12 * max(
        np.square(centers).sum(axis=1).max(), np.square(points).sum(axis=1).max()
    )
    reach = np.square(radii) + rounding
    for _, distances in squared_distance_blocks(points, centers):
        yield distances <= reach


def _check(
    features_real: ArrayLike, features_fake: ArrayLike, k: int
) -> tuple[np.ndarray, np.ndarray]:
    real, fake = to_feature_pair(features_real, features_fake, "features_real", "features_fake")
    if min(len(real), len(fake)) <= check_count("k", k):
        raise ValueError(
            f"k={k} neighbors need at least {k + 1} examples of both sets; features_real has "
            f"{len(real)} and features_fake {len(fake)}."
        )
    # Rounding depends on the distance from the origin, so that is moved among the examples.
    middle = real.mean(axis=0)
    return real - middle, fake - middle
