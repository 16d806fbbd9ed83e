"""Jensen-Shannon divergence of densities and of samples, and its estimate by a discriminator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_number
from gankit.metrics._checks import as_array, to_array, to_rows


def jensen_shannon_divergence(
    p: ArrayLike, q: ArrayLike, dx: float | Sequence[float] = 1.0
) -> float:
    """Compute the Jensen-Shannon divergence of two densities given on the same grid.

    `JSD(p, q) = 1/2 KL(p, m) + 1/2 KL(q, m)` with `m = (p + q) / 2`, in nats: 0 if the densities
    are equal, log 2 if they do not overlap. The integral is approximated by a sum over equal cells,
    value times volume, so a density should vary little from one cell to the next.

    Both densities are divided by their mass on the grid. So the result stays in its range even if
    the grid cuts off a tail.

    Args:
        p: values of the first density, nonnegative, shape (n,) or (n, m).
        q: values of the second density, same shape.
        dx: distance between neighboring grid points, one number or one for each axis. Keep the
            default 1.0 for probabilities of discrete outcomes.

    Returns:
        The divergence in nats, in [0, log 2].

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if the shapes differ or are not 1-D or 2-D; if a value is negative or not
            finite; if a density's mass, its sum times the cell's volume, is not within 0.01 of 1.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import jensen_shannon_divergence
    >>> x = np.arange(-10.0, 12.0, 0.01)
    >>> normal = lambda mean: np.exp(-((x - mean) ** 2) / 2) / np.sqrt(2 * np.pi)
    >>> round(jensen_shannon_divergence(normal(0), normal(1), dx=0.01), 5)
    0.11142
    >>> round(jensen_shannon_divergence([1.0, 0.0], [0.0, 1.0]), 5)  # log 2
    0.69315

    Source: Goodfellow et al. 2014, "Generative Adversarial Nets", section 4.1: the value of the
    game at the optimal discriminator is `-log 4 + 2 JSD(p_data, p_g)`.
    """
    p, q = to_array(p, "p"), to_array(q, "q")
    if p.shape != q.shape:
        raise ValueError(
            f"`p` and `q` must have the same shape. Received: shapes {p.shape} and {q.shape}."
        )
    if p.ndim not in (1, 2):
        raise ValueError(f"`p` and `q` must be 1-D or 2-D grids. Received: shape {p.shape}.")
    sides = [check_number("dx", side, above=0) for side in _for_each_axis("dx", dx, p.ndim)]
    volume = float(np.prod(sides))
    return _jsd(_to_probabilities(p, volume, "p"), _to_probabilities(q, volume, "q"))


def jsd_from_samples(
    x: ArrayLike,
    y: ArrayLike,
    bins: int | Sequence[int] = 64,
    range: tuple[float, float] | Sequence[tuple[float, float]] | None = None,
) -> float:
    """Estimate the Jensen-Shannon divergence of two distributions from samples of each.

    The result is the divergence of the two histograms over the same bins. With a `range`, all
    points outside it count in one additional bin, so none is dropped.

    The estimate has two sources of error. Wide bins hide differences within a bin. Narrow bins make
    equal distributions look different: with K occupied bins and n and m points, the estimate for
    equal distributions is about `(K - 1) / 8 * (1/n + 1/m)`, not 0.

    Args:
        x: sample of the first distribution, shape (n,), (n, 1) or (n, 2).
        y: sample of the second distribution, same number of columns; the number of points may
            differ.
        bins: number of bins along each axis, one number or one for each axis.
        range: lower and upper end of the bins, one pair for all axes or one for each; by default
            the smallest box that contains both samples.

    Returns:
        The estimate in nats, in [0, log 2].

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if the shapes do not fit, a value is not finite, a number of bins is below 1, or
            a range is empty.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import jsd_from_samples
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(0, 1, 100_000), rng.normal(1, 1, 100_000)
    >>> abs(jsd_from_samples(x, y, bins=64, range=(-5, 6)) - 0.11142) < 0.003
    True
    """
    x, y = (v[:, None] if v.ndim == 1 else v for v in (to_array(x, "x"), to_array(y, "y")))
    x, y = to_rows(x=x, y=y)
    axes = x.shape[1]
    if axes > 2:
        raise ValueError(f"`x` and `y` must have 1 or 2 columns. Received: {axes} columns.")
    counts = [check_count("bins", count) for count in _for_each_axis("bins", bins, axes)]
    ends = [None] * axes if range is None else _to_ends(range, axes)
    columns = np.concatenate([x, y]).T
    edges = [np.histogram_bin_edges(*axis) for axis in zip(columns, counts, ends, strict=True)]
    return _jsd(_bin_frequencies(x, edges), _bin_frequencies(y, edges))


def jsd_from_logits(real_logits: ArrayLike, fake_logits: ArrayLike) -> float:
    """Estimate the Jensen-Shannon divergence from a trained discriminator's logits.

    `JSD = log 2 + 1/2 E_real[log D] + 1/2 E_fake[log(1 - D)]`, `D = sigmoid(logit)`, for the
    optimal discriminator. Any other discriminator gives a smaller value. On fresh samples, the
    expectation of this estimate is therefore a lower bound, which can even be negative. On the
    discriminator's training samples, the estimate can exceed the divergence.

    Args:
        real_logits: the discriminator's logits on real examples, any shape, any finite value.
        fake_logits: its logits on generated examples; their number may differ.

    Returns:
        The estimate in nats, at most log 2.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if an argument is empty or a value is not finite.

    Example:

    >>> from gankit.metrics import jsd_from_logits
    >>> jsd_from_logits([0.0, 0.0], [0.0])  # an undecided discriminator
    0.0
    >>> round(jsd_from_logits([1000.0], [-1000.0]), 5)  # a perfect one: log 2
    0.69315

    Source: Goodfellow et al. 2014, "Generative Adversarial Nets", theorem 1, solved for the
    divergence.
    """
    real, fake = to_array(real_logits, "real_logits"), to_array(fake_logits, "fake_logits")
    # log sigmoid(s) = -log(1 + e^-s); logaddexp never overflows.
    real_term = -np.logaddexp(0.0, -real).mean()
    fake_term = -np.logaddexp(0.0, fake).mean()
    return float(np.log(2.0) + (real_term + fake_term) / 2.0)


def _jsd(p: np.ndarray, q: np.ndarray) -> float:
    from scipy.special import rel_entr

    m = (p + q) / 2.0
    divergence = (rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2.0
    # Rounding errors of 1e-16 may leave the range, and a caller may take a square root.
    return float(np.clip(divergence, 0.0, np.log(2.0)))


def _for_each_axis(name: str, value: Any, axes: int) -> list:
    values = [value] * axes if as_array(value, name).ndim == 0 else list(value)
    if len(values) != axes:
        raise ValueError(
            f"`{name}` must be one number, or one for each of {axes} axes. "
            f"Received: {name}={value!r}."
        )
    return values


def _to_probabilities(density: np.ndarray, volume: float, name: str) -> np.ndarray:
    if density.min() < 0:
        raise ValueError(
            f"`{name}` is a density and must not be negative. Received: a value {density.min()}."
        )
    mass = density.sum() * volume
    if abs(mass - 1.0) > 0.01:
        raise ValueError(
            f"`{name}` must have mass 1 on the grid. Received: mass {mass:g}, the sum times the "
            f"cell's volume {volume:g}. Check dx, or widen the grid to include the density's tails."
        )
    return density / density.sum()


def _to_ends(range: ArrayLike, axes: int) -> np.ndarray:
    ends = to_array(range, "range")
    ends = np.tile(ends, (axes, 1)) if ends.ndim == 1 else ends
    if ends.shape != (axes, 2) or not (ends[:, 0] < ends[:, 1]).all():
        raise ValueError(
            f"`range` must be a pair (low, high) with low < high, or {axes} of them. "
            f"Received: range={range!r}."
        )
    return ends


def _bin_frequencies(points: np.ndarray, edges: list[np.ndarray]) -> np.ndarray:
    inside = np.histogramdd(points, bins=edges)[0].ravel()
    outside = len(points) - inside.sum()
    return np.append(inside, outside) / len(points)
