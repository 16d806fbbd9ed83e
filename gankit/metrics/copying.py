"""A test for memorization: are generated examples too close to the training set?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_seed
from gankit.metrics._checks import to_rows
from gankit.metrics.neighbors import nearest_neighbors

# With fewer examples, the normal approximation in a cell is not reliable.
_MIN_IN_CELL = 20


class Memorization(NamedTuple):
    """The result of `memorization`.

    Attributes:
        statistic: C_T. For one cell, it is a standard normal number if the generated examples are
            as far from the training set as the held-out ones. A value below -3 shows that training
            examples were copied, a value above 3 that generated examples are farther away than real
            ones.
        closer: probability that a generated example is closer to the training set than a held-out
            one: 0.5 for equal distances, 1 for copies. Unlike the statistic, it does not grow with
            the number of examples.
    """

    statistic: float
    closer: float


def memorization(
    generated: ArrayLike, training: ArrayLike, held_out: ArrayLike, cells: int = 1, seed: int = 0
) -> Memorization:
    """Test whether a generator copies its training set, by distances to the nearest neighbor.

    Pair each of m generated examples with each of n held-out examples. U is the number of pairs in
    which the generated example is farther from its nearest training example (ties count half). The
    statistic of Mann and Whitney,

    `Z = (U - m n / 2) / sqrt(m n (m + n + 1) / 12)`,

    is standard normal if both are drawn from the same distribution (a correction for ties applies
    to the root). A generator that copies in one region and fails in another may pass this test.
    With `cells`, k-means of the training set divides the space, and Z is computed in each cell with
    the training examples of that cell. `C_T` is the mean over cells, weighted by the number of
    held-out examples. Cells with fewer than 20 generated or no held-out examples do not count.

    Distances between pixels detect only nearly exact copies. Distances between features
    (`digit_classifier().features`) also detect a copy that is shifted by a pixel.

    Args:
        generated: generated examples, shape (m, d) or (m, height, width, channels).
        training: training examples of the generator, same shape after the first axis.
        held_out: at least 20 real examples that it was not trained on, same shape after the first
            axis.
        cells: number of cells, at most the number of training examples.
        seed: seed of k-means.

    Returns:
        A `Memorization`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if the shapes do not fit, a value is beyond ±1e20 or not finite, there are fewer
            than 20 generated or held-out examples, or no cell has enough of both.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import memorization
    >>> training, held_out, fresh = np.random.default_rng(0).normal(size=(3, 200, 5))
    >>> copies = training[:100] + 0.01
    >>> memorization(copies, training, held_out).statistic < -10
    True
    >>> abs(memorization(fresh, training, held_out).statistic) < 3
    True

    Source: Meehan, Chaudhuri, Dasgupta 2020, "A Non-Parametric Test to Detect Data-Copying in
    Generative Models", section 3. Departures: the correction for ties, no correction for
    continuity, and our minimum of 20 examples in a cell.
    """
    sets = to_rows(generated=generated, training=training, held_out=held_out)
    generated, training, held_out = sets
    check_seed("seed", seed)
    for rows, name in ((generated, "generated"), (held_out, "held_out")):
        if len(rows) < _MIN_IN_CELL:
            raise ValueError(
                f"`{name}` must have at least {_MIN_IN_CELL} examples. "
                f"Received: {len(rows)} examples."
            )
    scores, weights = [], []
    for g, t, h in _split_by_cell(sets, check_count("cells", cells), seed):
        if len(g) >= _MIN_IN_CELL and len(h) and len(t):
            scores.append(_mann_whitney(*(nearest_neighbors(x, t).distances[:, 0] for x in (g, h))))
            weights.append(len(h))
    if not scores:
        raise ValueError(
            f"A cell must have {_MIN_IN_CELL} generated examples and a held-out one. "
            f"Received: cells={cells}, and no such cell. Use fewer cells, or give more examples."
        )
    return Memorization(*map(float, np.average(scores, axis=0, weights=weights)))


def _split_by_cell(sets: list[np.ndarray], cells: int, seed: int) -> list[Sequence[np.ndarray]]:
    """Divide generated, training and held-out examples by cell."""
    if cells == 1:
        return [sets]
    from sklearn.cluster import KMeans

    training = sets[1]
    if cells > len(training):
        raise ValueError(
            f"`cells` must lie in 1..{len(training)}, the number of training examples. "
            f"Received: cells={cells}."
        )
    k_means = KMeans(cells, n_init=1, random_state=seed).fit(training)
    cells_of_sets = [k_means.predict(rows) for rows in sets]
    return [
        tuple(rows[own == cell] for rows, own in zip(sets, cells_of_sets, strict=True))
        for cell in range(cells)
    ]


def _mann_whitney(generated: np.ndarray, held_out: np.ndarray) -> tuple[float, float]:
    """Compute Z of the distances, and the probability that the generated distance is smaller."""
    from scipy.stats import rankdata, tiecorrect

    m, n = len(generated), len(held_out)
    ranks = rankdata(np.concatenate([generated, held_out]))
    farther = ranks[:m].sum() - m * (m + 1) / 2
    variance = m * n * (m + n + 1) / 12 * tiecorrect(ranks)
    # If all distances are equal, neither set is closer.
    score = (farther - m * n / 2) / np.sqrt(variance) if variance > 0 else 0.0
    return score, 1.0 - farther / (m * n)
