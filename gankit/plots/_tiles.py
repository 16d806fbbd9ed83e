"""Lay out images in grids and strips."""

import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np

from gankit.checks import check_count
from gankit.plots._draw import FONT_SIZE, PAGE_WIDTH, captions, check_axes, new_figure

_MAX_GRID_HEIGHT = 600  # pixels, so that a grid fits into the window of a laptop


def check_frames(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return frames as a list of uint8 arrays of equal size if they are valid."""
    if not isinstance(frames, Iterable):
        raise TypeError(f"`frames` must be a list of uint8 arrays. Received: frames={frames!r}.")
    frames = [np.asarray(frame) for frame in frames]
    if not frames:
        raise ValueError("There must be at least one frame. Received: no frames.")
    for index, frame in enumerate(frames):
        one_image = frame.ndim == 2 or (frame.ndim == 3 and frame.shape[-1] == 3)
        if frame.dtype != np.uint8 or not one_image or not frame.size:
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


def draw_tiles(
    pixels, columns, labels, row_labels, title, ax, gap=None, framed=(), color=None, zoom=None
):
    """Draw tiled images, some columns of them in frames, and return the figure, or `ax`."""
    from matplotlib.patches import Rectangle

    count, height, width = pixels.shape[:3]
    rows = -(-count // columns)
    labels = captions("labels", labels, count, "images")
    row_labels = captions("row_labels", row_labels, rows, "rows")
    if gap is None:
        gap = gap_between(pixels) * (2 if framed else 1)
    margin = 12 + 7 * max(map(len, row_labels)) if row_labels else 0
    x_step, y_step = width + gap, height + gap
    if zoom is not None:
        scale = _check_zoom(zoom, columns * x_step - gap, PAGE_WIDTH - margin, check_axes(ax))
    elif check_axes(ax) is None:
        scale = integer_scale(rows * y_step - gap, columns * x_step - gap, PAGE_WIDTH - margin)
    else:
        ax.figure.figure.draw_without_rendering()  # A layout engine places the axes at this point.
        scale = ax.get_window_extent().width / (columns * x_step - gap)
    header = math.ceil(16 / scale) if labels else 0
    y_step += header
    tiled = assemble(pixels, columns, gap, header)
    figure = None
    if ax is None:
        drawn_height, drawn_width = tiled.shape[0] * scale, tiled.shape[1] * scale
        full_height, full_width = drawn_height + (26 if title else 0), drawn_width + margin
        figure = new_figure(full_width, full_height)
        box = (margin / full_width, 0, drawn_width / full_width, drawn_height / full_height)
        ax = figure.add_axes(box)
    # Matplotlib's "antialiased" also blurs pixels that are enlarged by 3 exactly.
    how = "nearest" if float(scale).is_integer() else "antialiased"
    ax.imshow(tiled, cmap="gray", vmin=0, vmax=255, interpolation=how)
    ax.axis("off")
    for index, label in enumerate(labels):
        x = index % columns * x_step + width / 2 - 0.5
        y = index // columns * y_step + header - 0.5 - 3 / scale
        ax.text(x, y, label, ha="center", va="bottom", fontsize=FONT_SIZE - 1)
    for row, label in enumerate(row_labels):
        y = row * y_step + header + height / 2 - 0.5
        ax.text(-0.5 - 8 / scale, y, label, ha="right", va="center", fontsize=FONT_SIZE)
    if title:
        ax.set_title(title, fontsize=FONT_SIZE + 2)
    frame = {"fill": False, "color": color, "lw": 2, "clip_on": False}
    for row, column in itertools.product(range(rows), framed):
        corner = (column * x_step - 0.5, row * y_step + header - 0.5)
        ax.add_patch(Rectangle(corner, width, height, **frame))
    return figure or ax


def integer_scale(height: int, width: int, max_width: int = PAGE_WIDTH) -> float:
    """Return screen pixels per image pixel: a whole number unless the image is too wide."""
    if width > max_width:
        return max_width / width
    return max(1, min(max_width // width, _MAX_GRID_HEIGHT // height, 8))


def _check_zoom(zoom, width: int, page: int, ax) -> int:
    """Return the zoom if images of this total width fit into the page, enlarged by it."""
    if ax is not None:
        raise ValueError(
            f"`zoom` and `ax` exclude each other, because the axes set the size of the images. "
            f"Received: zoom={zoom!r} and axes."
        )
    if check_count("zoom", zoom) * width > page:
        raise ValueError(
            f"The images must fit into a page of {page} pixels. Received: zoom={zoom} for images "
            f"{width} pixels wide in all. Use a smaller zoom, fewer columns or smaller cutouts."
        )
    return zoom
