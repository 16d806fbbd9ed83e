"""Plots of losses and metrics over training."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gankit.plots._draw import (
    DATA,
    DISCRIMINATOR,
    FONT_SIZE,
    GENERATOR,
    HIGHLIGHT,
    OTHERS,
    PAGE_WIDTH,
    new_figure,
    style_axes,
)


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

    Example:

    >>> import math
    >>> from gankit import plots
    >>> history = {"discriminator_loss": [1.1, 1.3, 1.4], "generator_loss": [0.9, 0.7, 0.7]}
    >>> figure = plots.loss_curves(history, equilibrium={"discriminator_loss": math.log(4)})
    """
    curves = dict(getattr(history, "history", history))
    losses = {name: values for name, values in curves.items() if name.endswith(("loss", "penalty"))}
    logits = {name: values for name, values in curves.items() if name.endswith("_logit")}
    if not losses:
        raise ValueError(
            f"`history` must hold a name that ends in 'loss'. Received: names {list(curves)}."
        )
    lengths = {name: len(values) for name, values in {**losses, **logits}.items()}
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        raise ValueError(
            f"Every curve must hold one value per epoch. Received: numbers of values {lengths}."
        )
    equilibrium = dict(equilibrium or {})
    if unknown := sorted(set(equilibrium) - set(losses)):
        raise ValueError(
            f"`equilibrium` must name recorded losses. Received: {unknown}. "
            f"The recorded losses are {list(losses)}."
        )

    first = getattr(history, "epoch", None) or [0]
    epochs = np.arange(1, 1 + next(iter(lengths.values()))) + first[0]
    panels = [("loss", losses, equilibrium)]
    if logits:
        panels.append(("logit", logits, {}))
    figure = new_figure(PAGE_WIDTH, 300, layout="constrained")
    for ax, (what, drawn, lines) in zip(
        np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True
    ):
        _draw_curves(ax, epochs, drawn, lines)
        ax.set(xlabel="epoch", ylabel=what)
        if what == "logit":
            ax.axhline(0, color="0.6", lw=0.8, zorder=0)
    if title:
        figure.suptitle(title, fontsize=FONT_SIZE + 2)
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

    Example:

    >>> from gankit import plots
    >>> measured = {1: {"recall": 0.2}, 5: {"recall": 0.6}, 10: {"recall": 0.5}}
    >>> figure = plots.metric_curves(measured, {"recall": "max"})
    """
    if not best:
        raise ValueError("`best` must name at least one metric. Received: an empty dictionary.")
    points = {name: _measurements(measured, name) for name in best}
    columns = 2 if len(points) == 4 else min(len(points), 3)
    rows = -(-len(points) // columns)
    figure = new_figure(PAGE_WIDTH, 260 * rows, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, (name, (epochs, values)) in zip(panels, points.items(), strict=False):
        _draw_metric(ax, name, epochs, values, best[name])
    for ax in panels[len(points) :]:
        ax.remove()
    if title:
        figure.suptitle(title, fontsize=FONT_SIZE + 2)
    return figure


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
        known = sorted({key for values in measured.values() for key in values})
        pairs = [(epochs, values[name]) for epochs, values in measured.items() if name in values]
    if name not in known:
        raise ValueError(
            f"`best` must name measured metrics. Received: {name!r}. The metrics are {known}."
        )
    finite = np.array([pair for pair in pairs if np.isfinite(pair[1])], dtype="float64")
    if not len(finite):
        raise ValueError(
            f"{name!r} must have a finite value. Received: {[value for _, value in pairs]}."
        )
    return finite[:, 0], finite[:, 1]


def _draw_metric(ax: Any, name: str, epochs: np.ndarray, values: np.ndarray, best: str | None):
    from matplotlib.ticker import MaxNLocator

    if best not in ("min", "max", None):
        raise ValueError(f"The best of {name!r} must be 'min', 'max' or None. Received: {best!r}.")
    heading = name.replace("_", " ")
    ax.plot(epochs, values, color=GENERATOR, lw=1.8, marker=".", ms=5)
    if best is not None:
        at = values.argmin() if best == "min" else values.argmax()
        ax.axvline(epochs[at], color=HIGHLIGHT, ls=":", lw=1.2, zorder=1)
        ax.plot(epochs[at], values[at], "o", color=HIGHLIGHT, ms=7)
        heading += f"\nbest {values[at]:.4g}, epoch {epochs[at]:.0f}"
    ax.set_title(heading, fontsize=FONT_SIZE + 1)
    ax.set_xlabel("epoch")
    style_axes(ax)
    ax.grid(axis="y", color="0.92", lw=0.8)
    ax.set_axisbelow(True)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))


def _draw_curves(
    ax: Any, epochs: np.ndarray, curves: Mapping[str, Any], lines: Mapping[str, float]
):
    from matplotlib.ticker import MaxNLocator

    known = {
        "discriminator": DISCRIMINATOR,
        "generator": GENERATOR,
        "real": DATA,
        "fake": GENERATOR,
    }
    others = iter(OTHERS * len(curves))
    marker = "o" if len(epochs) == 1 else None  # A line with one point is invisible.
    for name, values in curves.items():
        color = known.get(name.rsplit("_", 1)[0]) or next(others)
        ax.plot(epochs, values, color=color, lw=1.8, marker=marker, label=name.replace("_", " "))
        if name in lines:
            label = f"equilibrium, {lines[name]:.3g}"
            ax.axhline(lines[name], color=color, ls=":", lw=1.5, label=label)
    style_axes(ax)
    ax.grid(axis="y", color="0.92", lw=0.8)
    ax.set_axisbelow(True)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False, fontsize=FONT_SIZE)
