"""Fréchet distance between two sets of features, and between two sets of images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from gankit.metrics._checks import to_array
from gankit.metrics.features import digit_classifier


def frechet_distance(features_a: ArrayLike, features_b: ArrayLike) -> float:
    """Compute the Fréchet distance of the Gaussians fitted to two sets of features.

    `|mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2))`, with the means mu and the unbiased
    covariances S. This is the square of the 2-Wasserstein distance of the two Gaussians.

    The trace of the root is computed as the sum of the singular values of `S_a^(1/2) S_b^(1/2)`,
    which is real and accurate for singular covariances too, where a general matrix root is not.

    The estimate is biased upwards by an amount that falls with the number of examples: compare only
    distances of equally many examples.

    Args:
        features_a: one row per example, shape (n, d) with n >= d + 1.
        features_b: the other set, shape (m, d) with m >= d + 1.

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
    a, b = _check_features(features_a, "features_a"), _check_features(features_b, "features_b")
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            "features_a and features_b must come from the same network; "
            f"they have {a.shape[1]} and {b.shape[1]} columns."
        )
    difference = a.mean(axis=0) - b.mean(axis=0)
    covariance_a, covariance_b = (np.atleast_2d(np.cov(f, rowvar=False)) for f in (a, b))
    root_a, root_b = _scaled_eigenvectors(covariance_a), _scaled_eigenvectors(covariance_b)
    trace_of_root = np.linalg.svd(root_a.T @ root_b, compute_uv=False).sum()
    distance = (
        difference @ difference
        + np.trace(covariance_a)
        + np.trace(covariance_b)
        - 2.0 * trace_of_root
    )
    # For equal sets rounding leaves about 1e-15 of the traces, of either sign.
    return float(max(distance, 0.0))


def frechet_image_distance(
    real_images: ArrayLike,
    fake_images: ArrayLike,
    features: Callable[[ArrayLike], np.ndarray] | None = None,
) -> float:
    """Compute the Fréchet distance between the features of real and generated images.

    Args:
        real_images: real examples, in whatever form `features` takes; for the default, floats in
            [-1, 1] of shape (n, 28, 28, 1).
        fake_images: generated examples in the same form.
        features: function of images that returns an array (n, d); by default the 64 features of
            `digit_classifier()`.

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
    if features is None:
        features = digit_classifier().features
    if not callable(features):
        raise TypeError(f"features must be a function of images; got {features!r}.")
    return frechet_distance(features(real_images), features(fake_images))


def _check_features(values: ArrayLike, name: str) -> np.ndarray:
    array = to_array(values, name)
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have shape (n, d), one row per example; got shape {array.shape}. "
            "Pool or flatten feature maps first."
        )
    n, d = array.shape
    if n < d + 1:
        raise ValueError(
            f"{name} has {n} examples of {d} features: a covariance of full rank needs at least "
            f"{d + 1}. Give more examples, or use features of fewer dimensions."
        )
    return array


def _scaled_eigenvectors(covariance: np.ndarray) -> np.ndarray:
    """Return F with F F^T = covariance; rounding's negative eigenvalues count as zero."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))
