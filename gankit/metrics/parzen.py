"""Parzen-window log-likelihood, as papers from 2014 report it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_number
from gankit.metrics._blocks import squared_distance_blocks
from gankit.metrics._checks import to_array, to_rows

_WIDTHS = (1e-100, 1e100)  # whose squares neither vanish nor overflow


class ParzenLogLikelihood(NamedTuple):
    """A mean log-likelihood in nats per example, and its standard error."""

    mean: float
    standard_error: float


def parzen_log_likelihood(test: ArrayLike, centers: ArrayLike, sigma: float) -> ParzenLogLikelihood:
    """Compute the log-likelihood of test examples under a Parzen window on generated samples.

    `log p(x) = logsumexp_j(-|x - c_j|^2 / (2 sigma^2)) - log n - d log(sigma sqrt(2 pi))` is the
    log density of an equal mixture of n Gaussians of width sigma in d dimensions, one on each
    center.

    Compare only scores for the same number of centers and the same range of values: with a thousand
    real MNIST images as centers the score is 119, with ten thousand it is 243. The score does not
    measure how good samples look: blurred copies of real images score higher than real images.

    Args:
        test: examples to score, values in [0, 1], shape (n, d) or (n, height, width, channels).
        centers: generated samples, values in [0, 1], same shape after the first axis.
        sigma: width of the windows, from 1e-100 to 1e100; choose it with `cross_validate_sigma`.

    Returns:
        `(mean, standard_error)` over the test examples, in nats; the standard error is their
        standard deviation over the root of their number.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if the shapes do not fit, a value is not finite or outside [0, 1], or `sigma` is
            out of range.

    Example:

    >>> from gankit.metrics import parzen_log_likelihood
    >>> score = parzen_log_likelihood(test=[[0.5]], centers=[[0.5]], sigma=0.1)
    >>> round(score.mean, 4)  # -log(0.1 sqrt(2 pi))
    1.3836

    Source: Goodfellow et al. 2014, "Generative Adversarial Nets", section 5; Breuleux et al. 2011.
    These papers use 10,000 centers and gray values, which are not binarized.
    """
    test, centers = _check_unit_range(test=test, centers=centers)
    scores = _log_likelihoods(test, centers, [check_number("sigma", sigma, *_WIDTHS)])[0]
    return ParzenLogLikelihood(float(scores.mean()), float(scores.std() / np.sqrt(len(scores))))


def cross_validate_sigma(
    centers: ArrayLike, validation: ArrayLike, sigmas: ArrayLike | None = None
) -> float:
    """Choose the window width with the highest likelihood of held-out real examples.

    Args:
        centers: generated samples, values in [0, 1], shape (n, d) or (n, height, width, channels).
        validation: real examples that are not test examples, values in [0, 1]; the paper uses the
            thousand images after the 50,000 training images.
        sigmas: widths to try, all from 1e-100 to 1e100, shape (k,); by default the paper's
            `np.logspace(-1, 0, 10)`.

    Returns:
        The width with the highest mean log-likelihood.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if the shapes do not fit, a value is not finite or outside [0, 1], or a width is
            out of range.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import cross_validate_sigma
    >>> rng = np.random.default_rng(0)
    >>> real = np.clip(rng.normal(0.5, 0.2, (500, 1)), 0, 1)
    >>> cross_validate_sigma(centers=[[0.5]], validation=real, sigmas=[0.1, 0.2, 0.4])
    0.2

    Source: Goodfellow et al. 2014, "Generative Adversarial Nets", section 5.
    """
    validation, centers = _check_unit_range(validation=validation, centers=centers)
    widths = np.logspace(-1, 0, 10) if sigmas is None else to_array(sigmas, "sigmas")
    widths = [check_number("sigmas", width, *_WIDTHS) for width in np.ravel(widths).tolist()]
    means = _log_likelihoods(validation, centers, widths).mean(axis=1)
    return widths[int(means.argmax())]


def _log_likelihoods(test: np.ndarray, centers: np.ndarray, sigmas: list[float]) -> np.ndarray:
    """Score every test example for every width, shape (len(sigmas), len(test))."""
    n, d = centers.shape
    scores = np.empty((len(sigmas), len(test)))
    for rows, distances in squared_distance_blocks(test, centers):
        for index, sigma in enumerate(sigmas):
            scores[index, rows] = _logsumexp_rows(distances / (-2.0 * sigma**2))
    constants = np.log(n) + d * np.log(np.array(sigmas) * np.sqrt(2.0 * np.pi))
    return scores - constants[:, None]


def _logsumexp_rows(exponents: np.ndarray) -> np.ndarray:
    """Compute the logsumexp of each row in place; SciPy's makes several copies of a large block."""
    peak = exponents.max(axis=1, keepdims=True)
    exponents -= peak
    np.exp(exponents, out=exponents)
    return peak[:, 0] + np.log(exponents.sum(axis=1))


def _check_unit_range(**examples: ArrayLike) -> list[np.ndarray]:
    arrays = to_rows(**examples)
    for name, array in zip(examples, arrays, strict=True):
        if array.min() < 0.0 or array.max() > 1.0:
            raise ValueError(
                f"`{name}` must lie in [0, 1], as for published scores. "
                f"Received: values from {array.min():g} to {array.max():g}. "
                "Scale images in [-1, 1] with (images + 1) / 2."
            )
    return arrays
