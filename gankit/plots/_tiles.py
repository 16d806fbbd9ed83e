"""Lay out images in grids and strips."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gankit.checks import check_count
from gankit.plots._draw import FONT_SIZE, PAGE_WIDTH, check_label_count, new_figure

_MAX_GRID_HEIGHT = 560  # pixels, so that a grid fits into the window of a laptop


def check_frames(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return frames as a list of uint8 arrays of equal size if they are valid."""
    frames = [np.asarray(frame) for frame in frames]
    if not frames:
        raise ValueError("There must be at least one frame. Received: no frames.")
    for index, frame in enumerate(frames):
        if frame.dtype != np.uint8 or not (
            frame.ndim == 2 or (frame.ndim == 3 and frame.shape[-1] == 3)
        ):
            raise ValueError(
                "A frame must be a uint8 array (height, width) or (height, width, 3). "
                f"Received: frame {index} is {frame.dtype} of shape {frame.shape}."
            )
        if frame.shape != frames[0].shape:
            raise ValueError(
                "All frames must have the same shape. Received: frame 0 has shape "
                f"{frames[0].shape}, and frame {index} has shape {frame.shape}."
            )
    return frames


def gap_between(pixels: np.ndarray) -> int:
    """Return the width of the white line between images: one pixel for every 28."""
    return max(1, round(pixels.shape[2] / 28))


def count_columns(count: int, columns: int | None) -> int:
    """Return the number of images in a row; by default the grid is nearly square."""
    if columns is not None:
        return min(check_count("columns", columns), count)
    if count <= 8:
        return count
    side = math.ceil(math.sqrt(count))
    return next((c for c in range(side, 2 * side) if count % c == 0), side)


def assemble(pixels: np.ndarray, columns: int, gap: int, header: int) -> np.ndarray:
    """Assemble images into one image, with a white header of this height above each."""
    count, height, width, channels = pixels.shape
    rows = -(-count // columns)
    cells = np.full((rows * columns, header + height + gap, width + gap, channels), 255, "uint8")
    cells[:count, header : header + height, :width] = pixels
    cells = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    tiled = cells.reshape(cells.shape[0] * cells.shape[1], -1, channels)[:-gap, :-gap]
    return tiled[..., 0] if channels == 1 else tiled


def draw_tiles(pixels, columns, gap, labels, row_labels, title, ax):
    """Draw tiled images; return the result for the caller (figure or `ax`) and the axes."""
    rows = -(-len(pixels) // columns)
    check_label_count("labels", labels, len(pixels), "images")
    check_label_count("row_labels", row_labels, rows, "rows")
    labels = [] if labels is None else [str(label) for label in labels]
    row_labels = [] if row_labels is None else [str(label) for label in row_labels]
    height, width = assemble(pixels, columns, gap, 0).shape[:2]
    margin = 12 + 7 * max(map(len, row_labels)) if row_labels else 0

    figure = None
    scale = (
        integer_scale(height, width, PAGE_WIDTH - margin)
        if ax is None
        else _scale_within(ax, width)
    )
    header = math.ceil(16 / scale) if labels else 0
    tiled = assemble(pixels, columns, gap, header)
    if ax is None:
        figure, ax = _figure_around(tiled.shape[0] * scale, tiled.shape[1] * scale, margin, title)
    ax.imshow(tiled, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
    ax.axis("off")

    x_step, y_step = pixels.shape[2] + gap, header + pixels.shape[1] + gap
    for index, label in enumerate(labels):
        x = index % columns * x_step + pixels.shape[2] / 2 - 0.5
        y = index // columns * y_step + header - 0.5 - 3 / scale
        ax.text(x, y, label, ha="center", va="bottom", fontsize=FONT_SIZE - 1)
    for row, label in enumerate(row_labels):
        y = row * y_step + header + pixels.shape[1] / 2 - 0.5
        ax.text(-0.5 - 8 / scale, y, label, ha="right", va="center", fontsize=FONT_SIZE)
    if title:
        ax.set_title(title, fontsize=FONT_SIZE + 2)
    return figure or ax, ax


def frame_tile(ax: Any, pixels: np.ndarray, gap: int, row: int, column: int, color: str) -> None:
    """Frame one image of a grid that was drawn without labels above the images."""
    from matplotlib.patches import Rectangle

    height, width = pixels.shape[1:3]
    corner = (column * (width + gap) - 0.5, row * (height + gap) - 0.5)
    ax.add_patch(Rectangle(corner, width, height, fill=False, color=color, lw=2, clip_on=False))


def integer_scale(height: int, width: int, max_width: int = PAGE_WIDTH) -> float:
    """Return screen pixels per image pixel: a whole number unless the image is too wide."""
    if width > max_width:
        return max_width / width
    return max(1, min(max_width // width, _MAX_GRID_HEIGHT // height, 8))


def _scale_within(ax: Any, width: int) -> float:
    ax.figure.draw_without_rendering()  # A layout engine places the axes at this point.
    return ax.get_window_extent().width / width


def _figure_around(height: float, width: float, margin: float, title: str | None) -> tuple:
    """Return a figure with axes of this size in pixels, and space for row labels and a title."""
    full_height, full_width = height + (26 if title else 0), width + margin
    figure = new_figure(full_width, full_height)
    return figure, figure.add_axes(
        (margin / full_width, 0, width / full_width, height / full_height)
    )
