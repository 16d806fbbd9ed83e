"""Whether generated examples are closer to the training set than real examples are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count
from gankit.metrics._checks import to_row_pair
from gankit.metrics.neighbors import nearest_neighbors

# Below this a cell's normal approximation is not to be trusted.
_LEAST_IN_CELL = 20


class Memorization(NamedTuple):
    """What `memorization` measures.

    Attributes:
        statistic: C_T, for one cell a standard normal number if the generated examples are as far
            from the training set as the held-out ones: below -3 says that training examples were
            copied, above 3 that generated ones are farther off than real ones.
        closer: probability that a generated example is closer to the training set than a held-out
            one: 0.5 for equal distances, 1 for copies. Unlike the statistic it does not grow with
            the number of examples.
    """

    statistic: float
    closer: float


def memorization(
    generated: ArrayLike, training: ArrayLike, held_out: ArrayLike, cells: int = 1, seed: int = 0
) -> Memorization:
    """Test whether a generator copies its training set, by distances to the nearest neighbor.

    With d(x) the distance from x to the nearest training example, and U the number of pairs of one
    of m generated and one of n held-out examples in which the generated one is farther (ties count
    half), Mann and Whitney's

    `Z = (U - m n / 2) / sqrt(m n (m + n + 1) / 12)`

    is standard normal if both are drawn from the same distribution (with ties, the root is
    corrected for them). A generator that copies in one region and fails in another may pass: with
    `cells`, space is divided by k-means of the training set, Z is taken in each cell against the
    training examples of that cell, and `C_T` is their mean, weighted by the held-out examples in
    each cell. A cell with fewer than 20 generated or no held-out examples is left out.

    Distances of raw pixels notice a copy only where it is nearly exact; features (`digit_classifier
    ().features`) notice one that is shifted by a pixel.

    Args:
        generated: generated examples, shape (m, d) or (m, height, width, channels).
        training: what the generator was trained on, same shape after the first axis.
        held_out: real examples that it was not trained on, at least 20, as `generated`.
        cells: number of cells, at most the number of training examples.
        seed: seed of k-means.

    Returns:
        A `Memorization`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if the shapes do not fit, a value is not finite, there are fewer than 20
            generated or held-out examples, or no cell has enough of both.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import memorization
    >>> training, held_out, fresh = np.random.default_rng(0).normal(size=(3, 200, 5))
    >>> copies = training[:100] + 0.01
    >>> memorization(copies, training, held_out).statistic < -10
    True
    >>> abs(memorization(fresh, training, held_out).statistic) < 3
    True

    Reference:
        Meehan, Chaudhuri, Dasgupta 2020, "A Non-Parametric Test to Detect Data-Copying in
        Generative Models", section 3. Departures: the correction for ties, no correction for
        continuity, and our choice of 20 as the fewest examples in a cell.
    """
    generated, training = to_row_pair(generated, training, "generated", "training")
    held_out, _ = to_row_pair(held_out, training, "held_out", "training")
    for rows, name in ((generated, "generated"), (held_out, "held_out")):
        if len(rows) < _LEAST_IN_CELL:
            raise ValueError(
                f"{name} has {len(rows)} examples; the test needs at least {_LEAST_IN_CELL}."
            )
    sets = (generated, training, held_out)
    scores, weights = [], []
    for g, t, h in _split(sets, check_count("cells", cells), seed):
        if len(g) >= _LEAST_IN_CELL and len(h) and len(t):
            scores.append(_compare(*(nearest_neighbors(x, t).distances[:, 0] for x in (g, h))))
            weights.append(len(h))
    if not scores:
        raise ValueError(
            f"None of {cells} cells has {_LEAST_IN_CELL} generated examples and a held-out one. "
            "Take fewer cells, or give more examples."
        )
    return Memorization(*map(float, np.average(scores, axis=0, weights=weights)))


def _split(sets: tuple[np.ndarray, ...], cells: int, seed: int) -> list[tuple[np.ndarray, ...]]:
    """Divide generated, training and held-out examples by the cells that they lie in."""
    if cells == 1:
        return [sets]
    from sklearn.cluster import KMeans

    training = sets[1]
    if cells > len(training):
        raise ValueError(
            f"cells must lie in 1..{len(training)}, the number of training examples; got {cells}."
        )
    means = KMeans(cells, n_init=1, random_state=seed).fit(training)
    homes = [means.predict(rows) for rows in sets]
    return [
        tuple(rows[home == cell] for rows, home in zip(sets, homes, strict=True))
        for cell in range(cells)
    ]


def _compare(generated: np.ndarray, held_out: np.ndarray) -> tuple[float, float]:
    """Z of the distances, and the probability that a generated one is the smaller."""
    from scipy.stats import rankdata, tiecorrect

    m, n = len(generated), len(held_out)
    ranks = rankdata(np.concatenate([generated, held_out]))
    farther = ranks[:m].sum() - m * (m + 1) / 2
    variance = m * n * (m + n + 1) / 12 * tiecorrect(ranks)
    # Where all distances are equal, neither set is closer.
    score = (farther - m * n / 2) / np.sqrt(variance) if variance > 0 else 0.0
    return score, 1.0 - farther / (m * n)
