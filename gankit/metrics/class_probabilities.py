"""Inception score: how sure a classifier is of each image, and how varied the classes are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count
from gankit.metrics._checks import to_features


class InceptionScore(NamedTuple):
    """Mean and standard deviation of the score over the splits."""

    mean: float
    standard_deviation: float


def inception_score(probabilities: ArrayLike, splits: int = 10, seed: int = 0) -> InceptionScore:
    """Compute the inception score from the class probabilities of generated images.

    `exp(E_x KL(p(y|x), p(y)))` with `p(y) = E_x p(y|x)`: from 1, when every image gets the same
    probabilities, to the number of classes, when the classifier is sure of every image and all
    classes are equally frequent. Images are shuffled and split, and each split scored by itself.

    What fools it, since it never sees a real image:

    - one image per class, copied over and over, scores the maximum;
    - so do images that are nothing but make the classifier sure, in whatever class;
    - a generator of the right images in the wrong frequencies scores less, one that lacks variety
      within the classes does not.

    Real test images give the score to compare with. The numbers of another classifier, or of
    another number of splits, do not compare.

    Args:
        probabilities: p(y|x) of each image, shape (n, classes), of any classifier, such as
            `digit_classifier().probabilities(images)`.
        splits: number of splits, at least 1, each of at least as many images as there are classes:
            with fewer it could not reach the maximum.
        seed: seed of the shuffling, without which images sorted by class would score 1.

    Returns:
        An `InceptionScore`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if the array is not 2-D, its rows are not probabilities (not negative, with sum
            1), or a split has fewer images than there are classes.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import inception_score
    >>> sure = np.eye(10)[np.arange(1000) % 10]
    >>> inception_score(sure, splits=1).mean  # ten images would do
    10.0
    >>> inception_score(np.full((1000, 10), 0.1)).mean
    1.0

    Reference:
        Salimans et al. 2016, "Improved Techniques for Training GANs", section 4, on 50,000 images
        in 10 splits, standard deviation over the splits. Departure: the shuffling. What fools it:
        Barratt, Sharma 2018, "A Note on the Inception Score".
    """
    p = to_features(probabilities, "probabilities")
    _check_distributions(p)
    n, classes = p.shape
    if n // check_count("splits", splits) < classes:
        raise ValueError(
            f"{splits} splits of {n} images have {n // splits} each, fewer than the {classes} "
            f"classes. Give at least {splits * classes} images, or take fewer splits."
        )
    parts = np.array_split(np.random.default_rng(seed).permutation(p), splits)
    scores = [_score(part) for part in parts]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def _score(p: np.ndarray) -> float:
    from scipy.special import rel_entr

    return np.exp(np.mean(rel_entr(p, p.mean(axis=0)).sum(axis=1)))


def _check_distributions(p: np.ndarray) -> None:
    if p.min() < 0:
        raise ValueError(
            f"probabilities must not be negative; got {p.min():g}. Apply a softmax to logits."
        )
    sums = p.sum(axis=1)
    worst = sums[np.abs(sums - 1.0).argmax()]
    # The tolerance is for probabilities in half precision.
    if abs(worst - 1.0) > 0.01:
        raise ValueError(f"probabilities must sum to 1 in each row; one row sums to {worst:g}.")
