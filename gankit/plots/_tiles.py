"""Images laid side by side: the arithmetic of grids and strips."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gankit.checks import check_count
from gankit.plots._draw import TEXT, WIDTH, new_figure, one_each

_GRID_HEIGHT = 560  # pixels; a taller grid scrolls out of a laptop's window


def check_frames(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Frames as a list of equally large uint8 arrays, or an error."""
    frames = [np.asarray(frame) for frame in frames]
    if not frames:
        raise ValueError("There are no frames: give at least one.")
    for index, frame in enumerate(frames):
        if frame.dtype != np.uint8 or not (
            frame.ndim == 2 or (frame.ndim == 3 and frame.shape[-1] == 3)
        ):
            raise ValueError(
                "A frame must be a uint8 array (height, width) or (height, width, 3), but frame "
                f"{index} is {frame.dtype} of shape {frame.shape}."
            )
        if frame.shape != frames[0].shape:
            raise ValueError(
                f"All frames must be equally large, but frame 0 is {frames[0].shape} and frame "
                f"{index} is {frame.shape}."
            )
    return frames


def gap_between(pixels: np.ndarray) -> int:
    """Width of the white line between images: one pixel for every 28."""
    return max(1, round(pixels.shape[2] / 28))


def count_columns(count: int, columns: int | None) -> int:
    """Images in a row: as many as asked for, or a shape near a square."""
    if columns is not None:
        return min(check_count("columns", columns), count)
    if count <= 8:
        return count
    side = math.ceil(math.sqrt(count))
    return next((c for c in range(side, 2 * side) if count % c == 0), side)


def lay_out(pixels: np.ndarray, columns: int, gap: int, header: int) -> np.ndarray:
    """One image of them all, each under a white header of so many pixels."""
    count, height, width, channels = pixels.shape
    rows = -(-count // columns)
    cells = np.full((rows * columns, header + height + gap, width + gap, channels), 255, "uint8")
    cells[:count, header : header + height, :width] = pixels
    cells = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    tiled = cells.reshape(cells.shape[0] * cells.shape[1], -1, channels)[:-gap, :-gap]
    return tiled[..., 0] if channels == 1 else tiled


def draw_tiles(pixels, columns, gap, labels, row_labels, title, ax):
    """Draws tiled images; returns what the caller should return, and the axes."""
    rows = -(-len(pixels) // columns)
    one_each("labels", labels, len(pixels), "images")
    one_each("row_labels", row_labels, rows, "rows")
    labels = [] if labels is None else [str(label) for label in labels]
    row_labels = [] if row_labels is None else [str(label) for label in row_labels]
    height, width = lay_out(pixels, columns, gap, 0).shape[:2]
    margin = 12 + 7 * max(map(len, row_labels)) if row_labels else 0

    figure = None
    scale = whole_scale(height, width, WIDTH - margin) if ax is None else _scale_within(ax, width)
    header = math.ceil(16 / scale) if labels else 0
    tiled = lay_out(pixels, columns, gap, header)
    if ax is None:
        figure, ax = _figure_around(tiled.shape[0] * scale, tiled.shape[1] * scale, margin, title)
    ax.imshow(tiled, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
    ax.axis("off")

    x_step, y_step = pixels.shape[2] + gap, header + pixels.shape[1] + gap
    for index, label in enumerate(labels):
        x = index % columns * x_step + pixels.shape[2] / 2 - 0.5
        y = index // columns * y_step + header - 0.5 - 3 / scale
        ax.text(x, y, label, ha="center", va="bottom", fontsize=TEXT - 1)
    for row, label in enumerate(row_labels):
        y = row * y_step + header + pixels.shape[1] / 2 - 0.5
        ax.text(-0.5 - 8 / scale, y, label, ha="right", va="center", fontsize=TEXT)
    if title:
        ax.set_title(title, fontsize=TEXT + 2)
    return figure or ax, ax


def frame_tile(ax: Any, pixels: np.ndarray, gap: int, row: int, column: int, color: str) -> None:
    """Frames one image of a grid that was drawn without labels above the images."""
    from matplotlib.patches import Rectangle

    height, width = pixels.shape[1:3]
    corner = (column * (width + gap) - 0.5, row * (height + gap) - 0.5)
    ax.add_patch(Rectangle(corner, width, height, fill=False, color=color, lw=2, clip_on=False))


def whole_scale(height: int, width: int, room: int = WIDTH) -> float:
    """Screen pixels per pixel: a whole number, unless one for one is too wide for the page."""
    if width > room:
        return room / width
    return max(1, min(room // width, _GRID_HEIGHT // height, 8))


def _scale_within(ax: Any, width: int) -> float:
    ax.figure.draw_without_rendering()  # a layout engine moves the axes only now
    return ax.get_window_extent().width / width


def _figure_around(height: float, width: float, margin: float, title: str | None) -> tuple:
    """A figure whose axes measure exactly so many pixels, with room for row labels and title."""
    full_height, full_width = height + (26 if title else 0), width + margin
    figure = new_figure(full_width, full_height)
    return figure, figure.add_axes(
        (margin / full_width, 0, width / full_width, height / full_height)
    )
