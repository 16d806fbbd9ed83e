"""Plots of coverage: modes in the plane, and precision against recall."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gankit.plots import _draw
from gankit.plots._draw import DATA, DISCRIMINATOR, FONT_SIZE, GENERATOR, HIGHLIGHT

_MAX_NUMBERED_MODES = 36


def mode_map(
    centers: Any, counts: Any, points: Any = None, *, title: str | None = None, ax: Any = None
) -> Any:
    """Draw which modes of a mixture in the plane are covered, and by how many points.

    A covered mode is a disc whose area is proportional to its count. A missed mode is a cross. The
    counts are written beside the modes if there are at most 36 modes.

    Args:
        centers: means of the modes, `(k, 2)`.
        counts: non-negative number of points of each mode, `(k,)`: the `counts` of
            `metrics.mode_coverage`.
        points: all generated points `(n, 2)`, drawn below the modes; None for no points.
        title: title of the picture.
        ax: matplotlib axes to draw into; by default, those of a new figure.

    Returns:
        The figure, or `ax` if it was given.

    Raises:
        ValueError: if a shape is wrong, a number is not finite, or a count is negative.
        TypeError: if an array holds no numbers, or `ax` are no axes.

    Example:

    >>> from gankit import metrics, plots
    >>> centers = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> points = [[0.1, 0.0], [0.0, 0.1], [1.0, 0.9]]
    >>> found = metrics.mode_coverage(points, centers, std=0.1)
    >>> figure = plots.mode_map(centers, found.counts, points)
    """
    centers = _draw.finite_array("centers", centers, ("n", 2))
    counts = _draw.finite_array("counts", counts, centers.shape[:1])
    if counts.min() < 0:
        raise ValueError(f"`counts` must not be negative. Received: counts={counts}.")
    figure, ax = _draw.figure_and_axes(520, 520, ax)
    if points is not None:
        points = _draw.finite_array("points", points, ("n", 2))
        ax.scatter(*points.T, s=4, lw=0, alpha=0.35, color=GENERATOR, zorder=1)
    covered = counts > 0
    disc = {"color": GENERATOR, "alpha": 0.5, "lw": 0, "zorder": 2}
    areas = 500 * counts[covered] / max(counts.max(), 1) * min(1, 16 / len(counts))
    ax.scatter(*centers[covered].T, s=areas, **disc)
    ax.scatter([], [], s=30, label=f"{covered.sum()} of {len(counts)} modes covered", **disc)
    if not covered.all():
        cross = {"s": 40, "marker": "x", "lw": 2.2, "color": HIGHLIGHT, "zorder": 3}
        ax.scatter(*centers[~covered].T, label=f"{(~covered).sum()} missed", **cross)
    if len(counts) <= _MAX_NUMBERED_MODES:
        for center, count in zip(centers, counts, strict=True):
            style = {"textcoords": "offset points", "ha": "center", "fontsize": FONT_SIZE - 1}
            ax.annotate(f"{count:.0f}", center, xytext=(0, 13), color=DATA, **style)
    ax.set_aspect("equal")
    ax.margins(0.12)
    _draw.style_axes(ax)
    _draw.legend_and_title(ax, 2, title)
    return figure or ax


def precision_recall(
    runs: Mapping[str, tuple[Any, Any]], *, title: str | None = None, ax: Any = None
) -> Any:
    """Draw the precision of generators against their recall, or the path of both over training.

    The data itself lies in the upper right corner. A generator on the left covers only a fraction
    of the data (low recall). A generator at the bottom makes samples unlike the data (low
    precision).

    Args:
        runs: dictionary from name to `(precision, recall)`. Each is a number in [0, 1], or a
            sequence with one value per measured epoch; then the last value is marked, and a line
            leads to it.
        title: title of the picture.
        ax: matplotlib axes to draw into; by default, those of a new figure.

    Returns:
        The figure, or `ax` if it was given.

    Raises:
        ValueError: if there are no runs or more than seven, a value is not in [0, 1], or a run
            is no pair.
        TypeError: if `runs` is no mapping, a value is no number, the sequences of a run differ in
            length, or `ax` are no axes.

    Example:

    >>> from gankit import plots
    >>> runs = {"collapsed": (0.95, 0.1), "in training": ([0.1, 0.5, 0.8], [0.6, 0.7, 0.7])}
    >>> figure = plots.precision_recall(runs)
    """
    colors = (DISCRIMINATOR, GENERATOR, HIGHLIGHT, *_draw.OTHERS)
    runs = _draw.check_mapping("runs", runs)
    if not 1 <= len(runs) <= len(colors):
        raise ValueError(f"`runs` must hold 1 to {len(colors)} runs. Received: {len(runs)} runs.")
    figure, ax = _draw.figure_and_axes(470, 500, ax)
    for color, (name, pair) in zip(colors, runs.items(), strict=False):
        precision, recall = _unit_pair(name, pair)
        ax.plot(recall, precision, color=color, lw=1.4, alpha=0.7)
        ax.scatter(recall[:-1], precision[:-1], s=10, color=color, lw=0, alpha=0.7)
        end = {"s": 40, "color": color, "lw": 0, "label": str(name), "zorder": 3}
        ax.scatter(recall[-1:], precision[-1:], clip_on=False, **end)
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="recall", ylabel="precision", aspect="equal")
    _draw.style_axes(ax, grid="both")
    _draw.legend_and_title(ax, 3, title)
    return figure or ax


def _unit_pair(name: str, pair: Any) -> np.ndarray:
    """Precision and recall of a run, as an array of two rows."""
    values = _draw.finite_array(f"runs[{name!r}]", pair)
    rows = values[:, None] if values.ndim == 1 else values
    if rows.ndim != 2 or len(rows) != 2 or rows.min() < 0 or rows.max() > 1:
        raise ValueError(
            f"`runs[{name!r}]` must be a pair (precision, recall) of numbers in [0, 1] or of "
            f"sequences of them. Received: shape {values.shape}, values in [{values.min():g}, "
            f"{values.max():g}]."
        )
    return rows
