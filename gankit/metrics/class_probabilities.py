"""Inception score: it rewards confident predictions and a variety of classes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_seed
from gankit.metrics._checks import to_features


class InceptionScore(NamedTuple):
    """The mean and the standard deviation of the score over the splits."""

    mean: float
    standard_deviation: float


def inception_score(probabilities: ArrayLike, splits: int = 10, seed: int = 0) -> InceptionScore:
    """Compute the inception score from the class probabilities of generated images.

    The score is `exp(E_x KL(p(y|x), p(y)))` with `p(y) = E_x p(y|x)`. It is 1 if every image gets
    the same probabilities, and equals the number of classes if the classifier is certain of every
    image and all classes are equally frequent. The images are shuffled and split, and each split
    gets its own score.

    The score never uses a real image, so it has known failures:

    - One image per class, copied many times, scores the maximum.
    - So do images that show nothing, if the classifier is certain of their classes.
    - Wrong frequencies of the classes lower the score, but a lack of variety within a class does
      not.

    Compare with the score of real test images. Do not compare scores from different classifiers or
    different numbers of splits.

    Args:
        probabilities: p(y|x) of each image from any classifier, shape (n, classes), for example
            `digit_classifier().probabilities(images)`.
        splits: number of splits, at least 1. Each split needs at least as many images as there are
            classes, since fewer images cannot reach the maximum.
        seed: seed of the shuffling. Without shuffling, images sorted by class would score 1.

    Returns:
        An `InceptionScore`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if the array is not 2-D, its rows are not probabilities (nonnegative with sum
            1), or a split has fewer images than there are classes.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import inception_score
    >>> certain = np.eye(10)[np.arange(1000) % 10]
    >>> inception_score(certain, splits=1).mean  # ten copied images would score the same
    10.0
    >>> inception_score(np.full((1000, 10), 0.1)).mean
    1.0

    Source: Salimans et al. 2016, "Improved Techniques for Training GANs", section 4, on 50,000
    images in 10 splits, with the standard deviation over the splits. Departure: the shuffling. For
    the failures: Barratt, Sharma 2018, "A Note on the Inception Score".
    """
    (p,) = to_features(probabilities=probabilities)
    if p.min() < 0:
        raise ValueError(
            f"`probabilities` must not be negative. Received: a value {p.min():g}. "
            "Apply a softmax to logits."
        )
    sums = p.sum(axis=1)
    worst = sums[np.abs(sums - 1.0).argmax()]
    # The tolerance allows for probabilities in half precision.
    if abs(worst - 1.0) > 0.01:
        raise ValueError(
            f"`probabilities` must sum to 1 in each row. Received: a row that sums to {worst:g}."
        )
    n, classes = p.shape
    if n // check_count("splits", splits) < classes:
        raise ValueError(
            f"Each split must have at least {classes} images, the number of classes. "
            f"Received: splits={splits} with {n} images. Give at least {splits * classes} images, "
            "or use fewer splits."
        )
    rng = np.random.default_rng(check_seed("seed", seed))
    parts = np.array_split(rng.permutation(p), splits)
    scores = [_score(part) for part in parts]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def _score(p: np.ndarray) -> float:
    from scipy.special import rel_entr

    return np.exp(np.mean(rel_entr(p, p.mean(axis=0)).sum(axis=1)))
