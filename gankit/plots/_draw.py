"""Colors, figures and checks that all plots share."""

import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np

from gankit.checks import check_kind

DATA = "#1A1A1A"
GENERATOR = "#009E73"
DISCRIMINATOR = "#0072B2"
HIGHLIGHT = "#D55E00"
OTHERS = ("#E69F00", "#CC79A7", "#56B4E9", "#F0E442")

DPI = 100
PAGE_WIDTH = 830  # pixels
FONT_SIZE = 9  # points


def number_array(name: str, values: Any) -> np.ndarray:
    """Values as an array of their own dtype, or an error where they are no numbers."""
    try:
        array = np.asarray(keras.ops.convert_to_numpy(values))
    except (TypeError, ValueError):  # such as lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind in "OSUcmM":
        raise TypeError(
            f"`{name}` must be an array of numbers, with rows of one length. Received: "
            f"{name}={reprlib.repr(values)}."
        )
    return array


def finite_array(name: str, values: Any, shape: tuple[int | str, ...] | None = None) -> np.ndarray:
    """Values as float64, or an error where there are none, or one is no finite number.

    Args:
        name: what the caller calls them, for the error.
        values: array, tensor, nested lists or a number.
        shape: the shape that they must have, with letters for sizes that may be any; or None.
    """
    values = number_array(name, values).astype("float64")
    if values.size == 0:
        raise ValueError(f"`{name}` must not be empty. Received: shape {values.shape}.")
    if bad := np.count_nonzero(~np.isfinite(values)):
        raise ValueError(
            f"`{name}` must be finite. Received: {bad} values that are NaN or infinite."
        )
    if shape is not None:
        pairs = zip(shape, values.shape, strict=False)
        fits = all(size == have or isinstance(size, str) for size, have in pairs)
        if not fits or len(shape) != values.ndim:
            wanted = str(shape).replace("'", "")
            raise ValueError(f"`{name}` must have shape {wanted}. Received: shape {values.shape}.")
    return values


def captions(name: str, labels: Iterable[Any] | None, count: int, of: str) -> list[str]:
    """Labels as text, an empty list for None, or an error where they are too many or too few."""
    if labels is None:
        return []
    needed = f"`{name}` must hold one entry for each of the {count} {of}."
    if not isinstance(labels, Iterable):
        raise TypeError(f"{needed} Received: {name}={labels!r}.")
    texts = [str(label) for label in labels]
    if len(texts) != count:
        raise ValueError(f"{needed} Received: {len(texts)} entries.")
    return texts


def check_mapping(name: str, value: Any) -> dict:
    """A copy of a mapping, or an error that repeats what came instead."""
    if not isinstance(value, Mapping):
        raise TypeError(
            f"`{name}` must map names to values. Received: {name}={reprlib.repr(value)}."
        )
    return dict(value)


def check_axes(ax: Any) -> Any:
    """None or matplotlib's axes, or an error that repeats what came instead."""
    from matplotlib.axes import Axes

    return check_kind("ax", ax, Axes)


def new_figure(width: float, height: float, **options: Any) -> Any:
    """Return a figure of this size in pixels, made by pyplot (for notebooks) and closed."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(width / DPI, height / DPI), dpi=DPI, **options)
    plt.close(figure)
    return figure


def figure_and_axes(width: float, height: float, ax: Any) -> tuple[Any, Any]:
    if check_axes(ax) is not None:
        return None, ax
    figure = new_figure(width, height, layout="constrained")
    return figure, figure.subplots()


def style_axes(ax: Any, grid: str | None = None):
    """Make axes plain, with pale lines across the axis that `grid` names."""
    ax.spines[["top", "right"]].set_visible(False)
    if grid:
        ax.grid(axis=grid, color="0.92", lw=0.8)
        ax.set_axisbelow(True)
    ax.tick_params(labelsize=FONT_SIZE)
    ax.xaxis.label.set_size(FONT_SIZE)
    ax.yaxis.label.set_size(FONT_SIZE)


def legend_and_title(ax: Any, columns: int, title: str | None):
    """Put the legend and the title above the axes, where they hide nothing."""
    entries = len(ax.get_legend_handles_labels()[0])
    style = {"frameon": False, "fontsize": FONT_SIZE, "markerscale": 1.8}
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=columns, **style)
    if title:
        ax.set_title(title, fontsize=FONT_SIZE + 2, pad=8 + 16 * -(-entries // columns))
