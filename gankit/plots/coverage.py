"""What a generator covers: modes in the plane, and the plane of precision and recall."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gankit.plots._draw import (
    DATA,
    DISCRIMINATOR,
    GENERATOR,
    HIGHLIGHT,
    OTHERS,
    TEXT,
    figure_and_axes,
    legend_and_title,
    numbers,
    plane_points,
    tidy,
)

_MOST_NUMBERS = 36  # modes that have room for their counts


def mode_map(
    centers: Any, counts: Any, points: Any = None, *, title: str | None = None, ax: Any = None
) -> Any:
    """Draws which modes of a mixture in the plane are covered, and by how many points.

    The disc of a covered mode has an area in proportion to its count; a missed mode is a cross. Up
    to 36 modes have their counts written beside them.

    Args:
        centers: Means of the modes, `(k, 2)`.
        counts: Points of each mode, `(k,)`, not negative: `counts` of `metrics.mode_coverage`.
        points: All generated points `(n, 2)`, drawn underneath; None for none.
        title: Title of the picture.
        ax: matplotlib axes to draw into, by default those of a new figure.

    Returns:
        The figure, or `ax` where it was given.

    Raises:
        ValueError: If shapes are not as above, or a number is not finite or a count negative.

    Example:

    >>> from gankit import metrics, plots
    >>> centers = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> points = [[0.1, 0.0], [0.0, 0.1], [1.0, 0.9]]
    >>> found = metrics.mode_coverage(points, centers, std=0.1)
    >>> figure = plots.mode_map(centers, found.counts, points)
    """
    centers, counts = plane_points("centers", centers), numbers("counts", counts)
    if counts.shape != (len(centers),) or counts.min() < 0:
        raise ValueError(
            f"`counts` must hold one number, not negative, for each of {len(centers)} centers, but "
            f"it is {counts}."
        )
    figure, ax = figure_and_axes(520, 520, ax)
    if points is not None:
        ax.scatter(
            *plane_points("points", points).T, s=4, lw=0, alpha=0.35, color=GENERATOR, zorder=1
        )
    covered = counts > 0
    disc = {"color": GENERATOR, "alpha": 0.5, "lw": 0, "zorder": 2}
    areas = 500 * counts[covered] / max(counts.max(), 1) * min(1, 16 / len(counts))
    ax.scatter(*centers[covered].T, s=areas, **disc)
    ax.scatter([], [], s=30, label=f"{covered.sum()} of {len(counts)} modes covered", **disc)
    if not covered.all():
        cross = {"s": 40, "marker": "x", "lw": 2.2, "color": HIGHLIGHT, "zorder": 3}
        ax.scatter(*centers[~covered].T, label=f"{(~covered).sum()} missed", **cross)
    if len(counts) <= _MOST_NUMBERS:
        for center, count in zip(centers, counts, strict=True):
            style = {"textcoords": "offset points", "ha": "center", "fontsize": TEXT - 1}
            ax.annotate(f"{count:.0f}", center, xytext=(0, 13), color=DATA, **style)
    ax.set_aspect("equal")
    ax.margins(0.12)
    tidy(ax)
    legend_and_title(ax, 2, title)
    return figure or ax


def precision_recall(
    runs: Mapping[str, tuple[Any, Any]], *, title: str | None = None, ax: Any = None
) -> Any:
    """Draws generators in the plane of precision and recall, or their ways through it.

    The upper right corner is where the data itself lies. To the left are generators that make
    little of what there is, below those that make what is not there.

    Args:
        runs: Name to `(precision, recall)`: two numbers in [0, 1], or two sequences of equal
            length, a value per measured epoch; then the last is marked, and a line leads to it.
        title: Title of the picture.
        ax: matplotlib axes to draw into, by default those of a new figure.

    Returns:
        The figure, or `ax` where it was given.

    Raises:
        ValueError: If there are no runs, or more than seven, or a value is not in [0, 1], or the
            sequences of a run are not of one length.

    Example:

    >>> from gankit import plots
    >>> runs = {"collapsed": (0.95, 0.1), "in training": ([0.1, 0.5, 0.8], [0.6, 0.7, 0.7])}
    >>> figure = plots.precision_recall(runs)
    """
    colors = (DISCRIMINATOR, GENERATOR, HIGHLIGHT, *OTHERS)
    if not 1 <= len(runs) <= len(colors):
        raise ValueError(f"`runs` must hold 1 to {len(colors)} runs, but it holds {len(runs)}.")
    figure, ax = figure_and_axes(470, 500, ax)
    for color, (name, pair) in zip(colors, runs.items(), strict=False):
        precision, recall = _unit_pair(name, pair)
        ax.plot(recall, precision, color=color, lw=1.4, alpha=0.7)
        ax.scatter(recall[:-1], precision[:-1], s=10, color=color, lw=0, alpha=0.7)
        end = {"s": 40, "color": color, "lw": 0, "label": str(name), "zorder": 3}
        ax.scatter(recall[-1:], precision[-1:], clip_on=False, **end)
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="recall", ylabel="precision", aspect="equal")
    tidy(ax)
    ax.grid(color="0.92", lw=0.8)
    ax.set_axisbelow(True)
    legend_and_title(ax, 3, title)
    return figure or ax


def _unit_pair(name: str, pair: tuple[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    if len(pair) != 2:
        raise ValueError(f"The run {name!r} must be (precision, recall), but it is {pair!r}.")
    precision, recall = (np.atleast_1d(numbers(str(name), values)) for values in pair)
    if precision.ndim != 1 or precision.shape != recall.shape:
        raise ValueError(
            f"Precision and recall of {name!r} must be of one length, but their shapes are "
            f"{precision.shape} and {recall.shape}."
        )
    both = np.concatenate([precision, recall])
    if both.min() < 0 or both.max() > 1:
        raise ValueError(
            f"Precision and recall of {name!r} must lie in [0, 1], but they span "
            f"[{both.min():g}, {both.max():g}]."
        )
    return precision, recall
