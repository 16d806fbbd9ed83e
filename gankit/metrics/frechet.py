"""Fréchet distance between two sets of features, and between two sets of images."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_seed
from gankit.metrics._checks import check_widths, to_features
from gankit.metrics.feature_statistics import Features, FeatureStatistics, Images


def frechet_distance(
    features_a: ArrayLike | FeatureStatistics, features_b: ArrayLike | FeatureStatistics
) -> float:
    """Compute the Fréchet distance of the Gaussians fitted to two sets of features.

    The distance is `|mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2))`, with the means mu and the
    unbiased covariances S. This is the square of the 2-Wasserstein distance of the two Gaussians.

    The trace of the root is the sum of the singular values of `S_a^(1/2) S_b^(1/2)`. Unlike a
    general matrix root, this is real and accurate even for singular covariances.

    The estimate is biased upwards, and the bias falls with the number of examples. So compare only
    distances for the same number of examples, or use `frechet_distance_at_infinity`.

    Args:
        features_a: one row per example, shape (n, d) with n >= d + 1; or a `FeatureStatistics`,
            which does not need to store them all.
        features_b: the other set, shape (m, d) with m >= d + 1, or its `FeatureStatistics`.

    Returns:
        The distance in squared feature units, at least 0; 0 for equal sets.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if a value is beyond ±1e20 or not finite, the arrays are not 2-D or have
            different numbers of columns, or there are too few examples for the covariance to have
            full rank.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import frechet_distance
    >>> a = np.random.default_rng(0).normal(size=(100, 3))
    >>> round(frechet_distance(a, a + [3.0, 4.0, 0.0]), 6)
    25.0

    Source: Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule", equation 6. This is
    the FID only for features of Inception. Do not compare distances for different features.
    """
    a, b = _fit(features_a, "features_a"), _fit(features_b, "features_b")
    check_widths(features_a=len(a.mean), features_b=len(b.mean))
    # For equal sets, rounding errors are about 1e-15 of the traces, with either sign.
    return max(_squared_wasserstein(a, b), 0.0)


class FrechetAtInfinity(NamedTuple):
    """The result of `frechet_distance_at_infinity`.

    Attributes:
        distance: the extrapolated distance; it may be slightly below 0.
        sizes: numbers of generated examples at which the distance was measured, int array.
        distances: Fréchet distances at these sizes; against `1 / sizes`, they should form a line.
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

    The bias of the distance for N examples is nearly proportional to 1 / N, with a factor that
    depends on the generator. A comparison of two generators is therefore unfair even with the same
    number of examples. This function measures the distance at sizes from a tenth of the examples
    (but at least d + 1) to all of them, in equal steps, fits the line `c + s / N`, and returns c.

    The number of real examples also causes a bias, which remains. It is the same for every
    generator that is compared with the same real examples.

    Args:
        features_real: one row per example, shape (n, d) with n >= d + 1, or a `FeatureStatistics`.
        features_fake: one row per generated example, shape (m, d) with m >= 2 (d + 1).
        points: number of sizes, at least 2.
        seed: seed of the subsets. Each is drawn without replacement from all generated examples.

    Returns:
        A `FrechetAtInfinity`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if a value is beyond ±1e20 or not finite, the arrays are not 2-D or have
            different numbers of columns, there are too few examples, or `points` is below 2.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import frechet_distance, frechet_distance_at_infinity
    >>> rng = np.random.default_rng(0)
    >>> real, fake = rng.normal(size=(20_000, 8)), rng.normal(size=(500, 8))
    >>> found = frechet_distance_at_infinity(real, fake)
    >>> abs(found.distance) < 0.4 * frechet_distance(real, fake)  # the true distance is 0
    True

    Source: Chong, Forsyth 2020, "Effectively Unbiased FID and Inception Score and Where to Find
    Them", section 4: 15 sizes from 5,000 to 50,000. Departure: the paper takes latents from Sobol
    sequences, which reduces the variance; here the caller chooses the latents.
    """
    real, (fake,) = _fit(features_real, "features_real"), to_features(features_fake=features_fake)
    check_widths(features_real=len(real.mean), features_fake=fake.shape[1])
    check_count("points", points, minimum=2)
    n, d = fake.shape
    _check_enough(n, d, "features_fake", 2 * (d + 1), "a line through several sizes")
    sizes = np.linspace(max(n // 10, d + 1), n, points).astype(int)
    rng = np.random.default_rng(check_seed("seed", seed))
    subsets = (fake[rng.choice(n, size, replace=False)] for size in sizes)
    distances = [_squared_wasserstein(real, _fit(subset, "features_fake")) for subset in subsets]
    _, constant = np.polyfit(1 / sizes, distances, 1)
    return FrechetAtInfinity(float(constant), sizes, np.array(distances))


def frechet_image_distance(
    real_images: Images, fake_images: Images, features: Features | None = None
) -> float:
    """Compute the Fréchet distance between the features of real and generated images.

    If you use the same real images several times, keep their `FeatureStatistics` and call
    `frechet_distance`.

    Args:
        real_images: real examples, an array or batches of them, in the form that `features`
            expects; for the default, floats in [-1, 1] of shape (n, 28, 28, 1).
        fake_images: generated examples in the same form.
        features: function of images that returns an array (n, d), as in `image_features`; by
            default the 64 features of `digit_classifier()`.

    Returns:
        `frechet_distance` of the two sets of features.

    Raises:
        TypeError: if `features` is not callable, or the images are not floats.
        ValueError: if the images do not fit `features`, or the features do not fit
            `frechet_distance`, for example because there are too few images.

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
        statistics = FeatureStatistics().add(*to_features(**{name: features}))
    if statistics.count == 0:
        raise ValueError(
            f"`{name}` must have examples. Received: a FeatureStatistics without examples. "
            "Call update(images) first."
        )
    d = len(statistics.mean)
    _check_enough(statistics.count, d, name, d + 1, "a covariance of full rank")
    values, vectors = np.linalg.eigh(statistics.covariance)
    # Negative eigenvalues are rounding errors.
    return _Gaussian(statistics.mean, vectors * np.sqrt(np.maximum(values, 0.0)))


def _check_enough(n: int, d: int, name: str, least: int, what: str) -> None:
    if n < least:
        raise ValueError(
            f"`{name}` must have at least {least} examples, for {what}. "
            f"Received: {n} examples of {d} features. Give more examples, use fewer features, "
            "or use `kernel_distance`, which needs no covariance."
        )


def _squared_wasserstein(a: _Gaussian, b: _Gaussian) -> float:
    difference = a.mean - b.mean
    trace_of_root = np.linalg.svd(a.root.T @ b.root, compute_uv=False).sum()
    squares = difference @ difference + np.sum(np.square(a.root)) + np.sum(np.square(b.root))
    return float(squares - 2.0 * trace_of_root)
