"""Curves over training."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gankit.plots._draw import DATA, DISCRIMINATOR, GENERATOR, OTHERS, TEXT, WIDTH, new_figure, tidy


def loss_curves(
    history: Any,
    *,
    equilibrium: Mapping[str, float] | None = None,
    title: str | None = None,
) -> Any:
    """Draws what `fit` recorded: the losses, and beside them the logits where there are any.

    Drawn are the keys that end in `loss` or `penalty` and, in the second panel, those that end in
    `_logit`.
    A curve breaks off where a value is not finite, as after a divergence.

    Args:
        history: What `fit` returned, or a dictionary from name to one value per epoch.
        equilibrium: Name of a loss to its value where the generator has won, drawn as a dotted line
            in the colour of that loss.
        title: Title of the figure.

    Returns:
        The figure.

    Raises:
        ValueError: If there is no loss, the curves are of unequal length or empty, or `equilibrium`
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
            f"`history` must hold a name that ends in 'loss', but it holds {list(curves)}."
        )
    lengths = {name: len(values) for name, values in {**losses, **logits}.items()}
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        raise ValueError(f"Every curve needs one value per epoch, but their numbers are {lengths}.")
    equilibrium = dict(equilibrium or {})
    if unknown := sorted(set(equilibrium) - set(losses)):
        raise ValueError(f"`equilibrium` names {unknown}, but the losses are {list(losses)}.")

    first = getattr(history, "epoch", None) or [0]
    epochs = np.arange(1, 1 + next(iter(lengths.values()))) + first[0]
    panels = [("loss", losses, equilibrium)]
    if logits:
        panels.append(("logit", logits, {}))
    figure = new_figure(WIDTH, 300, layout="constrained")
    for ax, (what, drawn, lines) in zip(
        np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True
    ):
        _curves(ax, epochs, drawn, lines)
        ax.set(xlabel="epoch", ylabel=what)
        if what == "logit":
            ax.axhline(0, color="0.6", lw=0.8, zorder=0)
    if title:
        figure.suptitle(title, fontsize=TEXT + 2)
    return figure


def _curves(ax: Any, epochs: np.ndarray, curves: Mapping[str, Any], lines: Mapping[str, float]):
    from matplotlib.ticker import MaxNLocator

    known = {
        "discriminator": DISCRIMINATOR,
        "generator": GENERATOR,
        "real": DATA,
        "fake": GENERATOR,
    }
    others = iter(OTHERS * len(curves))
    marker = "o" if len(epochs) == 1 else None  # a line through one point is invisible
    for name, values in curves.items():
        color = known.get(name.rsplit("_", 1)[0]) or next(others)
        ax.plot(epochs, values, color=color, lw=1.8, marker=marker, label=name.replace("_", " "))
        if name in lines:
            label = f"equilibrium, {lines[name]:.3g}"
            ax.axhline(lines[name], color=color, ls=":", lw=1.5, label=label)
    tidy(ax)
    ax.grid(axis="y", color="0.92", lw=0.8)
    ax.set_axisbelow(True)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False, fontsize=TEXT)
