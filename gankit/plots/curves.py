"""Plots of losses and metrics over training."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gankit.checks import check_choice, check_number
from gankit.plots import _draw
from gankit.plots._draw import DATA, DISCRIMINATOR, FONT_SIZE, GENERATOR, HIGHLIGHT


def loss_curves(
    history: Any,
    *,
    equilibrium: Mapping[str, float] | None = None,
    title: str | None = None,
) -> Any:
    """Draw the loss curves that `fit` recorded, and the logits if there are any.

    The first panel shows the keys that end in `loss` or `penalty`, and the second panel those that
    end in `_logit`. A curve stops at a value that is not finite, for example after divergence.

    Args:
        history: the history that `fit` returns, or a dictionary from name to one value per epoch.
        equilibrium: dictionary from the name of a loss to its value at equilibrium, which is drawn
            as a dotted line in the color of that loss.
        title: title of the figure.

    Returns:
        The figure.

    Raises:
        ValueError: if there is no loss, the curves differ in length or are empty, or `equilibrium`
            names a loss that was not recorded.
        TypeError: if `history` or `equilibrium` is no mapping, or a value is no number.

    Example:

    >>> import math
    >>> from gankit import plots
    >>> history = {"discriminator_loss": [1.1, 1.3, 1.4], "generator_loss": [0.9, 0.7, 0.7]}
    >>> figure = plots.loss_curves(history, equilibrium={"discriminator_loss": math.log(4)})
    """
    curves = _draw.check_mapping("history", getattr(history, "history", history))
    losses, logits = (
        {str(n): _draw.number_array(str(n), v) for n, v in curves.items() if str(n).endswith(ends)}
        for ends in (("loss", "penalty"), "_logit")
    )
    if not losses:
        raise ValueError(
            f"`history` must hold a name that ends in 'loss'. Received: names {list(curves)}."
        )
    shapes = {name: values.shape for name, values in {**losses, **logits}.items()}
    size, *others = set(shapes.values())
    if others or len(size) != 1 or size == (0,):
        raise ValueError(f"Every curve must hold one value per epoch. Received: shapes {shapes}.")
    lines = _draw.check_mapping("equilibrium", {} if equilibrium is None else equilibrium)
    if unknown := [name for name in lines if name not in losses]:
        raise ValueError(
            f"`equilibrium` must name recorded losses. Received: {unknown}. "
            f"The recorded losses are {list(losses)}."
        )
    for name, value in lines.items():
        check_number(f"equilibrium[{name!r}]", value)

    first = getattr(history, "epoch", None) or [0]
    epochs = np.arange(1, 1 + size[0]) + first[0]
    count = 2 if logits else 1
    figure, panels = _panels(count, count, 300, 10, title)
    for ax, what, drawn in zip(panels, ("loss", "logit"), (losses, logits), strict=False):
        _draw_curves(ax, epochs, drawn, lines)
        ax.set_ylabel(what)
        if what == "logit":
            ax.axhline(0, color="0.6", lw=0.8, zorder=0)
    return figure


def metric_curves(
    measured: Any, best: Mapping[str, str | None], *, title: str | None = None
) -> Any:
    """Draw metrics over training, one panel each, and mark the best epoch of each.

    Args:
        measured: `Evaluate.values`, a dictionary from number of epochs to values by name; or the
            history that `fit` returns, if every epoch was measured.
        best: dictionary from the name of each metric to `"min"` or `"max"`, whichever is best, or
            to None for no mark. Values that are not finite are omitted.
        title: title of the figure.

    Returns:
        The figure.

    Raises:
        ValueError: if `best` is empty, names a metric that was not measured or holds another value,
            a metric has no finite value, or the history of `fit` lacks a value for an epoch.
        TypeError: if `measured` or `best` is no mapping, or a value is no number.

    Example:

    >>> from gankit import plots
    >>> measured = {1: {"recall": 0.2}, 5: {"recall": 0.6}, 10: {"recall": 0.5}}
    >>> figure = plots.metric_curves(measured, {"recall": "max"})
    """
    best = _draw.check_mapping("best", best)
    if not best:
        raise ValueError("`best` must name at least one metric. Received: an empty dictionary.")
    points = {name: _measurements(measured, name) for name in best}
    columns = 2 if len(points) == 4 else min(len(points), 3)
    figure, panels = _panels(len(points), columns, 260, 6, title)
    for ax, (name, (epochs, values)) in zip(panels, points.items(), strict=True):
        _draw_metric(ax, name, epochs, values, best[name])
    return figure


def _panels(count: int, columns: int, height: int, ticks: int, title: str | None) -> tuple:
    """A figure as wide as the page, and its panels over epochs, row after row."""
    from matplotlib.ticker import MaxNLocator

    rows = -(-count // columns)
    figure = _draw.new_figure(_draw.PAGE_WIDTH, height * rows, layout="constrained")
    if title:
        figure.suptitle(title, fontsize=FONT_SIZE + 2)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in panels[count:]:
        ax.remove()
    for ax in panels[:count]:
        ax.set_xlabel("epoch")
        _draw.style_axes(ax, grid="y")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=ticks))
    return figure, panels[:count]


def _measurements(measured: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the epochs and the finite values of one metric."""
    if hasattr(measured, "history"):
        known, values = list(measured.history), measured.history.get(name, [])
        if values and len(values) != len(measured.epoch):
            raise ValueError(
                f"{name!r} must have one value for each of the {len(measured.epoch)} epochs. "
                f"Received: {len(values)} values. The history does not say to which epochs they "
                "belong; pass `Evaluate.values` instead."
            )
        pairs = [(measured.epoch[index] + 1, value) for index, value in enumerate(values)]
    else:
        measured = _draw.check_mapping("measured", measured)
        measured = {e: _draw.check_mapping(f"measured[{e!r}]", v) for e, v in measured.items()}
        known = sorted({key for values in measured.values() for key in values}, key=str)
        pairs = [(epochs, values[name]) for epochs, values in measured.items() if name in values]
    if name not in known:
        raise ValueError(
            f"`best` must name measured metrics. Received: {name!r}. The metrics are {known}."
        )
    points = _draw.number_array(f"epochs and values of {name}", pairs).reshape(-1, 2)
    finite = points[np.isfinite(points[:, 1])]
    if not len(finite):
        raise ValueError(f"{name!r} must have a finite value. Received: {points[:, 1].tolist()}.")
    return finite[:, 0], finite[:, 1]


def _draw_metric(ax: Any, name: str, epochs: np.ndarray, values: np.ndarray, best: str | None):
    check_choice(f"best[{name!r}]", best, ("min", "max", None))
    heading = str(name).replace("_", " ")
    ax.plot(epochs, values, color=GENERATOR, lw=1.8, marker=".", ms=5)
    if best is not None:
        at = values.argmin() if best == "min" else values.argmax()
        ax.axvline(epochs[at], color=HIGHLIGHT, ls=":", lw=1.2, zorder=1)
        ax.plot(epochs[at], values[at], "o", color=HIGHLIGHT, ms=7)
        heading += f"\nbest {values[at]:.4g}, epoch {epochs[at]:.0f}"
    ax.set_title(heading, fontsize=FONT_SIZE + 1)


def _draw_curves(ax: Any, epochs: np.ndarray, curves: Mapping, lines: Mapping[str, float]):
    known = dict(discriminator=DISCRIMINATOR, generator=GENERATOR, real=DATA, fake=GENERATOR)
    others = iter(_draw.OTHERS * len(curves))
    marker = "o" if len(epochs) == 1 else None  # A line with one point is invisible.
    for name, values in curves.items():
        color = known.get(name.rsplit("_", 1)[0]) or next(others)
        ax.plot(epochs, values, color=color, lw=1.8, marker=marker, label=name.replace("_", " "))
        if name in lines:
            label = f"equilibrium, {lines[name]:.3g}"
            ax.axhline(lines[name], color=color, ls=":", lw=1.5, label=label)
    ax.legend(frameon=False, fontsize=FONT_SIZE)
