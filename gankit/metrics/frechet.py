"""Fréchet distance between two sets of features, and between two sets of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count
from gankit.metrics._checks import check_same_network, to_features
from gankit.metrics.feature_statistics import FeatureStatistics


def frechet_distance(
    features_a: ArrayLike | FeatureStatistics, features_b: ArrayLike | FeatureStatistics
) -> float:
    """Compute the Fréchet distance of the Gaussians fitted to two sets of features.

    `|mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2))`, with the means mu and the unbiased
    covariances S. This is the square of the 2-Wasserstein distance of the two Gaussians.

    The trace of the root is computed as the sum of the singular values of `S_a^(1/2) S_b^(1/2)`,
    which is real and accurate for singular covariances too, where a general matrix root is not.

    The estimate is biased upwards by an amount that falls with the number of examples: compare only
    distances of equally many examples, or take `frechet_distance_at_infinity`.

    Args:
        features_a: one row per example, shape (n, d) with n >= d + 1; or a `FeatureStatistics`,
            which has never held them all.
        features_b: the other set, shape (m, d) with m >= d + 1, or its `FeatureStatistics`.

    Returns:
        The distance in squared feature units, at least 0; 0 for equal sets.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if a value is not finite, the arrays are not 2-D or have different numbers of
            columns, or there are too few examples for the covariance to have full rank.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import frechet_distance
    >>> a = np.random.default_rng(0).normal(size=(100, 3))
    >>> round(frechet_distance(a, a + [3.0, 4.0, 0.0]), 6)
    25.0

    Reference:
        Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule", equation 6. With
        features other than Inception's this is not the FID, and its numbers compare only among
        themselves.
    """
    a, b = _fit(features_a, "features_a"), _fit(features_b, "features_b")
    check_same_network(len(a.mean), len(b.mean), "features_a", "features_b")
    # For equal sets rounding leaves about 1e-15 of the traces, of either sign.
    return max(_squared_wasserstein(a, b), 0.0)


class FrechetAtInfinity(NamedTuple):
    """What `frechet_distance_at_infinity` measures.

    Attributes:
        distance: where the line meets infinitely many examples; may be a little below 0.
        sizes: how many generated examples each distance was measured on, int array.
        distances: Fréchet distances at these sizes; against `1 / sizes` they should lie on a line.
    """

    distance: float
    sizes: np.ndarray
    distances: np.ndarray


def frechet_distance_at_infinity(
    features_real: ArrayLike | FeatureStatistics,
    features_fake: ArrayLike,
    points: int = 15,
    seed: int = 0,
) -> FrechetAtInfinity:
    """Extrapolate the Fréchet distance to infinitely many generated examples.

    The bias of the distance on N examples is nearly proportional to 1 / N, with a factor that
    depends on the generator, so that even equally many examples do not compare two generators
    fairly. Distances at sizes from a tenth of the examples (but at least d + 1) to all of them, in
    equal steps, are fitted by the line `c + s / N`; c is returned.

    The bias that the number of real examples causes stays; it is the same for every generator that
    is compared with the same real examples.

    Args:
        features_real: one row per example, shape (n, d) with n >= d + 1, or a `FeatureStatistics`.
        features_fake: one row per generated example, shape (m, d) with m >= 2 (d + 1).
        points: how many sizes, at least 2.
        seed: seed of the subsets, each drawn without replacement from all generated examples.

    Returns:
        A `FrechetAtInfinity`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if a value is not finite, the arrays are not 2-D or have different numbers of
            columns, there are too few examples, or `points` is below 2.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import frechet_distance, frechet_distance_at_infinity
    >>> rng = np.random.default_rng(0)
    >>> real, fake = rng.normal(size=(20_000, 8)), rng.normal(size=(500, 8))
    >>> found = frechet_distance_at_infinity(real, fake)
    >>> abs(found.distance) < 0.4 * frechet_distance(real, fake)  # 0 is right
    True

    Reference:
        Chong, Forsyth 2020, "Effectively Unbiased FID and Inception Score and Where to Find Them",
        section 4: 15 sizes from 5,000 to 50,000. Departure: latents are whatever the examples were
        generated from; they take Sobol sequences, which lowers the variance.
    """
    real, fake = _fit(features_real, "features_real"), to_features(features_fake, "features_fake")
    check_same_network(len(real.mean), fake.shape[1], "features_real", "features_fake")
    check_count("points", points, minimum=2)
    n, d = fake.shape
    _check_enough(n, d, "features_fake", 2 * (d + 1), "a line through several sizes")
    sizes = np.linspace(max(n // 10, d + 1), n, points).astype(int)
    rng = np.random.default_rng(seed)
    subsets = (fake[rng.choice(n, size, replace=False)] for size in sizes)
    distances = [_squared_wasserstein(real, _fit(some, "features_fake")) for some in subsets]
    _, constant = np.polyfit(1 / sizes, distances, 1)
    return FrechetAtInfinity(float(constant), sizes, np.array(distances))


def frechet_image_distance(
    real_images: ArrayLike | Iterable[ArrayLike],
    fake_images: ArrayLike | Iterable[ArrayLike],
    features: Callable[[np.ndarray], ArrayLike] | None = None,
) -> float:
    """Compute the Fréchet distance between the features of real and generated images.

    Where the same real images are compared again and again, keep their `FeatureStatistics` and call
    `frechet_distance`.

    Args:
        real_images: real examples, an array or batches of them, in whatever form `features` takes;
            for the default, floats in [-1, 1] of shape (n, 28, 28, 1).
        fake_images: generated examples in the same form.
        features: function of images that returns an array (n, d), as in `image_features`; by
            default the 64 features of `digit_classifier()`.

    Returns:
        `frechet_distance` of the two sets of features.

    Raises:
        TypeError: if `features` is not callable, or the images are not floats.
        ValueError: if the images do not fit `features`, or the features do not fit
            `frechet_distance`: too few images, for one.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import frechet_image_distance
    >>> images = np.random.default_rng(0).uniform(-1, 1, (50, 8, 8, 1))
    >>> row_means = lambda x: x.mean(axis=(2, 3))
    >>> frechet_image_distance(images, images, features=row_means) < 1e-9
    True
    """
    return frechet_distance(
        FeatureStatistics(features).update(real_images),
        FeatureStatistics(features).update(fake_images),
    )


class _Gaussian(NamedTuple):
    mean: np.ndarray
    root: np.ndarray  # root root^T is the covariance


def _fit(features: ArrayLike | FeatureStatistics, name: str) -> _Gaussian:
    statistics = features
    if not isinstance(features, FeatureStatistics):
        statistics = FeatureStatistics().add(to_features(features, name))
    if statistics.count == 0:
        raise ValueError(f"{name} has counted no examples yet: call update(images) before.")
    d = len(statistics.mean)
    _check_enough(statistics.count, d, name, d + 1, "a covariance of full rank")
    values, vectors = np.linalg.eigh(statistics.covariance)
    # Rounding's negative eigenvalues count as zero.
    return _Gaussian(statistics.mean, vectors * np.sqrt(np.maximum(values, 0.0)))


def _check_enough(n: int, d: int, name: str, least: int, what: str) -> None:
    if n < least:
        raise ValueError(
            f"{name} has {n} examples of {d} features: {what} needs at least {least}. Give more "
            "examples, use features of fewer dimensions, or measure with `kernel_distance`, which "
            "needs no covariance."
        )


def _squared_wasserstein(a: _Gaussian, b: _Gaussian) -> float:
    difference = a.mean - b.mean
    trace_of_root = np.linalg.svd(a.root.T @ b.root, compute_uv=False).sum()
    return float(
        difference @ difference
        + np.sum(np.square(a.root))
        + np.sum(np.square(b.root))
        - 2.0 * trace_of_root
    )
