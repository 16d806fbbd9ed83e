"""Accuracy of linear classifiers trained on few labels: a score for unsupervised features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_number, check_seed
from gankit.metrics._checks import to_array, to_labels, to_rows

PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)


def few_label_accuracy(
    features: ArrayLike,
    labels: ArrayLike,
    test_features: ArrayLike,
    test_labels: ArrayLike,
    count: int = 100,
    draws: int = 5,
    penalties: Sequence[float] = PENALTIES,
    seed: int = 0,
) -> np.ndarray:
    """Measure the test accuracy of linear SVMs that are fitted to a few labeled examples.

    Each draw takes `count` examples at random, the same number from each class. The L2-SVM
    minimizes `|w|^2 / 2 + C sum max(0, 1 - y w.x)^2` for one class against the others. C is the
    value in `penalties` with the best accuracy on the remaining training examples, averaged over
    the draws. Features are divided by the root mean square norm of their rows, so that the values
    of C suit every kind of features.

    Args:
        features: training examples, shape (n, d) or images (n, height, width, channels).
        labels: classes of the training examples, integers of shape (n,).
        test_features: test examples, in the same form.
        test_labels: classes of the test examples.
        count: number of labeled examples per draw, a multiple of the number of classes.
        draws: number of draws.
        penalties: values of C to choose from, above 0.
        seed: seed of the draws. The same seed draws the same examples, whatever the features.

    Returns:
        Array of `draws` accuracies in [0, 1].

    Raises:
        TypeError: if features are not real numbers or labels are not integers.
        ValueError: if shapes do not fit, there are too few examples of a class, there is only one
            class, all features are 0, or a value of C is not above 0.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import few_label_accuracy
    >>> labels = np.arange(200) % 2
    >>> points = np.random.default_rng(0).normal(size=(200, 2)) + 9.0 * labels[:, None]
    >>> few_label_accuracy(points, labels, points, labels, count=4, draws=3).tolist()
    [1.0, 1.0, 1.0]

    Source: Radford et al. (2016), section 5.2, and the authors' code: balanced draws, C chosen on
    held-out training examples. Departure: the division by the root mean square. Without it, pixels
    and deep features would need different ranges of C.
    """
    from sklearn.svm import LinearSVC

    rows, test_rows = to_rows(features=features, test_features=test_features)
    labels = to_labels(labels, "labels", rows.shape[:1])
    test_labels = to_labels(test_labels, "test_labels", test_rows.shape[:1])
    scale = np.sqrt(np.mean(np.sum(rows**2, axis=1)))
    if scale == 0.0:
        raise ValueError("`features` must differ from 0. Received: only zeros.")
    rows, test_rows = rows / scale, test_rows / scale
    penalties = to_array(penalties, "penalties").ravel().tolist()
    for penalty in penalties:
        check_number("penalties", penalty, above=0)
    chosen = _draw_balanced(labels, count, check_count("draws", draws), check_seed("seed", seed))

    held_out, tested = np.zeros((2, len(penalties), draws))
    for draw, few in enumerate(chosen):
        others = np.delete(np.arange(len(rows)), few)
        for row, penalty in enumerate(penalties):
            machine = LinearSVC(C=penalty, dual=True, max_iter=20_000, random_state=0)
            machine.fit(rows[few], labels[few])
            held_out[row, draw] = machine.score(rows[others], labels[others])
            tested[row, draw] = machine.score(test_rows, test_labels)
    return tested[held_out.mean(axis=1).argmax()]


def _draw_balanced(labels: np.ndarray, count: int, draws: int, seed: int) -> list[np.ndarray]:
    """Draw the indices of `count` examples for each draw, the same number from each class."""
    classes, sizes = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f"`labels` must hold at least two classes. Received: only {classes[0]}.")
    each, rest = divmod(check_count("count", count), len(classes))
    if rest:
        raise ValueError(
            f"`count` must be a multiple of {len(classes)}, the number of classes. "
            f"Received: count={count}."
        )
    if each >= sizes.min():
        raise ValueError(
            "`count` must leave examples of each class to choose C. "
            f"Received: count={count}, which takes {each} examples of each class; "
            f"the smallest class has {sizes.min()}."
        )
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(labels == c) for c in classes]
    return [
        np.concatenate([rng.choice(m, each, replace=False) for m in members]) for _ in range(draws)
    ]
