"""Colors, figures and checks that all plots share."""

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
PAGE_WIDTH = 830  # pixels
FONT_SIZE = 9  # points


def finite_array(name: str, values: Any) -> np.ndarray:
    values = np.asarray(keras.ops.convert_to_numpy(values), dtype="float64")
    if values.size == 0:
        raise ValueError(f"`{name}` must not be empty. Received: shape {values.shape}.")
    if not np.isfinite(values).all():
        bad = np.count_nonzero(~np.isfinite(values))
        raise ValueError(
            f"`{name}` must be finite. Received: {bad} values that are NaN or infinite."
        )
    return values


def same_length(**vectors: Any) -> list[np.ndarray]:
    arrays = {name: finite_array(name, values) for name, values in vectors.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
        raise ValueError(
            f"{', '.join(f'`{name}`' for name in shapes)} must be vectors of equal length. "
            f"Received: shapes {shapes}."
        )
    return list(arrays.values())


def plane_points(name: str, values: Any) -> np.ndarray:
    values = finite_array(name, values)
    if values.ndim != 2 or values.shape[1] != 2:
        raise ValueError(f"`{name}` must have shape (n, 2). Received: shape {values.shape}.")
    return values


def check_label_count(name: str, labels: Sequence[Any] | None, count: int, of: str):
    if labels is not None and len(labels) != count:
        raise ValueError(
            f"`{name}` must hold one entry for each of the {count} {of}. "
            f"Received: {len(labels)} entries."
        )


def new_figure(width: float, height: float, **options: Any) -> Any:
    """Return a figure of this size in pixels, made by pyplot (for notebooks) and closed."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(width / DPI, height / DPI), dpi=DPI, **options)
    plt.close(figure)
    return figure


def figure_and_axes(width: float, height: float, ax: Any) -> tuple[Any, Any]:
    if ax is not None:
        return None, ax
    figure = new_figure(width, height, layout="constrained")
    return figure, figure.subplots()


def style_axes(ax: Any):
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=FONT_SIZE)
    ax.xaxis.label.set_size(FONT_SIZE)
    ax.yaxis.label.set_size(FONT_SIZE)


def legend_and_title(ax: Any, columns: int, title: str | None):
    """Put the legend and the title above the axes, where they hide nothing."""
    entries = len(ax.get_legend_handles_labels()[0])
    ax.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=columns,
        frameon=False,
        fontsize=FONT_SIZE,
        markerscale=1.8,
    )
    if title:
        ax.set_title(title, fontsize=FONT_SIZE + 2, pad=8 + 16 * -(-entries // columns))
