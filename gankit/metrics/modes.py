"""Coverage of the modes of a known distribution by a generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import as_array, check_function, check_number
from gankit.metrics._checks import to_array, to_rows
from gankit.metrics.divergence import jensen_shannon_divergence
from gankit.metrics.features import digit_classifier


class ModeCoverage(NamedTuple):
    """The result of `mode_coverage`.

    Attributes:
        modes: number of modes with at least one point within the threshold.
        high_quality: fraction of all points within the threshold of their nearest mode.
        jsd: Jensen-Shannon divergence of the histogram over modes to uniform, in nats; nan for an
            empty histogram.
        kl: Kullback-Leibler divergence of the histogram to uniform, in nats; nan for an empty
            histogram.
        counts: number of points within the threshold of each mode, int array in the order of
            `centers`.
    """

    modes: int
    high_quality: float
    jsd: float
    kl: float
    counts: np.ndarray


def mode_coverage(
    points: ArrayLike, centers: ArrayLike, std: float, threshold: float = 3.0
) -> ModeCoverage:
    """Measure which modes of a mixture of equal Gaussians a set of points covers.

    A point belongs to the nearest center. It has high quality if it lies within `threshold * std`
    of that center. Only high-quality points enter the histogram over modes. `JSD` and
    `KL = sum_k h_k log(K h_k)` compare this histogram with the uniform one.

    If all points lie on one of eight modes, the JSD is 0.497 nats and the KL is log 8.

    Args:
        points: generated points, shape (n, d).
        centers: means of the modes, shape (k, d).
        std: standard deviation of each mode, above zero.
        threshold: largest distance of a high-quality point from its center, in standard deviations,
            above zero. In two dimensions, 3 includes 98.9 % of the points of the true mixture.

    Returns:
        A `ModeCoverage`.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if the shapes do not fit, a value is beyond ±1e20 or not finite, or `std` or
            `threshold` is not above zero.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import mode_coverage
    >>> angles = 2 * np.pi * np.arange(8) / 8
    >>> ring = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    >>> found = mode_coverage(ring[[0, 0, 3, 3]], ring, std=0.02)
    >>> found.modes, found.high_quality, found.counts.tolist()
    (2, 1.0, [2, 0, 0, 2, 0, 0, 0, 0])

    Source: Metz et al. 2017, "Unrolled Generative Adversarial Networks", section 3.1, for the ring
    of eight; Srivastava et al. 2017, "VEEGAN", section 5.1, for the three-sigma rule.
    """
    points, centers = to_rows(points=points, centers=centers)
    radius = check_number("std", std, above=0) * check_number("threshold", threshold, above=0)
    # There are few centers, so the differences fit in memory. This avoids cancellation.
    distances = np.stack([np.linalg.norm(points - center, axis=1) for center in centers], axis=1)
    near = distances.min(axis=1) <= radius
    counts = np.bincount(distances.argmin(axis=1)[near], minlength=len(centers))
    jsd, kl = _divergence_to_uniform(counts)
    return ModeCoverage(int((counts > 0).sum()), float(near.mean()), jsd, kl, counts)


class StackedModeCoverage(NamedTuple):
    """The result of `stacked_mode_coverage`.

    Attributes:
        modes: number of triples of digits that occur at least once, out of 1000.
        kl: Kullback-Leibler divergence of the histogram of triples to uniform, in nats, from 0 to
            log 1000.
        counts: number of images of each triple, int array (10, 10, 10), indexed by the digits of
            red, green and blue.
    """

    modes: int
    kl: float
    counts: np.ndarray


def stacked_mode_coverage(
    images: ArrayLike, probabilities: Callable[[np.ndarray], np.ndarray] | None = None
) -> StackedModeCoverage:
    """Measure which of the 1000 triples of digits a generator of stacked digits covers.

    A classifier recognizes the digit in each channel. `KL = sum_k h_k log(1000 h_k)`, where h_k is
    the frequency of triple k.

    Papers use 25,600 or 26,000 generated images. Even if all triples are equally probable, n images
    give a KL of about 999 / (2 n), here 0.02.

    Args:
        images: floats in [-1, 1], shape (n, 28, 28, 3), as `gankit.datasets.stack_digits` makes
            them; other sizes need your own classifier.
        probabilities: function of gray images (m, height, width, 1) that returns the probabilities
            of the ten digits, shape (m, 10); by default `digit_classifier().probabilities`. For a
            generator that learned stacked MNIST, use a classifier trained on MNIST.

    Returns:
        A `StackedModeCoverage`.

    Raises:
        TypeError: if `images` are not floats, or `probabilities` is not callable.
        ValueError: if `images` do not have three channels or do not fit the classifier, or the
            classifier does not return ten finite values per image.

    Example:

    >>> from gankit.datasets import load, stack_digits
    >>> from gankit.metrics import stacked_mode_coverage
    >>> images, labels = stack_digits(*load("glyphs", "test"), n=200)
    >>> stacked_mode_coverage(images).modes == len(set(labels.tolist()))
    True

    Source: Metz et al. 2017, "Unrolled Generative Adversarial Networks", section 3.3. Departure:
    the paper compares with the histogram of the data, which is nearly uniform.
    """
    images = as_array(images, "images")
    if images.ndim != 4 or images.shape[-1] != 3 or len(images) == 0:
        raise ValueError(
            "`images` must have shape (n, height, width, 3), n >= 1. "
            f"Received: shape {images.shape}."
        )
    probabilities = digit_classifier().probabilities if probabilities is None else probabilities
    check_function("probabilities", probabilities)
    channels = np.moveaxis(images, -1, 0).reshape(-1, *images.shape[1:3], 1)
    returned = to_array(probabilities(channels), "probabilities(images)")
    if returned.shape != (len(channels), 10):
        raise ValueError(
            "`probabilities` must return ten values for each image. "
            f"Received: shape {returned.shape} for {len(channels)} images."
        )
    red, green, blue = returned.argmax(axis=1).reshape(3, -1)
    counts = np.bincount(100 * red + 10 * green + blue, minlength=1000)
    _, kl = _divergence_to_uniform(counts)
    return StackedModeCoverage(int((counts > 0).sum()), kl, counts.reshape(10, 10, 10))


def _divergence_to_uniform(counts: np.ndarray) -> tuple[float, float]:
    from scipy.special import rel_entr

    if counts.sum() == 0:
        return float("nan"), float("nan")
    frequencies = counts / counts.sum()
    uniform = np.full(len(counts), 1.0 / len(counts))
    kl = float(rel_entr(frequencies, uniform).sum())
    return jensen_shannon_divergence(frequencies, uniform), kl
