"""What all pictures share: colors, figures, and checks of what is drawn."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

DATA = "#1A1A1A"
GENERATOR = "#009E73"
DISCRIMINATOR = "#0072B2"
HIGHLIGHT = "#D55E00"
OTHERS = ("#E69F00", "#CC79A7", "#56B4E9", "#F0E442")

DPI = 100
WIDTH = 830  # pixels
TEXT = 9  # points


def numbers(name: str, values: Any) -> np.ndarray:
    values = np.asarray(keras.ops.convert_to_numpy(values), dtype="float64")
    if values.size == 0:
        raise ValueError(f"`{name}` is empty: its shape is {values.shape}.")
    if not np.isfinite(values).all():
        bad = np.count_nonzero(~np.isfinite(values))
        raise ValueError(f"`{name}` holds {bad} values that are NaN or infinite.")
    return values


def same_length(**vectors: Any) -> list[np.ndarray]:
    arrays = {name: numbers(name, values) for name, values in vectors.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
        raise ValueError(f"All must be vectors of one length, but the shapes are {shapes}.")
    return list(arrays.values())


def plane_points(name: str, values: Any) -> np.ndarray:
    values = numbers(name, values)
    if values.ndim != 2 or values.shape[1] != 2:
        raise ValueError(f"`{name}` must have shape (n, 2), but it is {values.shape}.")
    return values


def one_each(name: str, labels: Sequence[Any] | None, count: int, of: str):
    if labels is not None and len(labels) != count:
        raise ValueError(f"`{name}` has {len(labels)} entries for {count} {of}: give one each.")


def new_figure(width: float, height: float, **options: Any) -> Any:
    """A figure of so many pixels, made by pyplot (so that notebooks know it) and let go of."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(width / DPI, height / DPI), dpi=DPI, **options)
    plt.close(figure)
    return figure


def figure_and_axes(width: float, height: float, ax: Any) -> tuple[Any, Any]:
    if ax is not None:
        return None, ax
    figure = new_figure(width, height, layout="constrained")
    return figure, figure.subplots()


def tidy(ax: Any):
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=TEXT)
    ax.xaxis.label.set_size(TEXT)
    ax.yaxis.label.set_size(TEXT)


def legend_and_title(ax: Any, columns: int, title: str | None):
    """Puts both above the axes, where they hide nothing."""
    entries = len(ax.get_legend_handles_labels()[0])
    ax.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=columns,
        frameon=False,
        fontsize=TEXT,
        markerscale=1.8,
    )
    if title:
        ax.set_title(title, fontsize=TEXT + 2, pad=8 + 16 * -(-entries // columns))
