"""Plots of images in grids and strips."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from gankit.checks import check_count
from gankit.plots._draw import GENERATOR, HIGHLIGHT, check_label_count, finite_array
from gankit.plots._tiles import (
    assemble,
    check_frames,
    count_columns,
    draw_tiles,
    frame_tile,
    gap_between,
)


def to_pixels(images: Any) -> np.ndarray:
    """Convert images in [-1, 1] to bytes.

    Args:
        images: array or tensor `(n, height, width, channels)`; 1 channel is gray, 3 are RGB.

    Returns:
        uint8 array of the same shape: -1 becomes 0, and 1 becomes 255.

    Raises:
        ValueError: if there are no images, they have another shape, or a value is not finite or is
            outside [-1, 1].

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> plots.to_pixels(np.array([-1.0, 0.0, 1.0]).reshape(1, 1, 3, 1)).ravel().tolist()
    [0, 128, 255]
    """
    images = finite_array("images", images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            "`images` must have shape (n, height, width, channels) with 1 or 3 channels. "
            f"Received: shape {images.shape}."
        )
    low, high = images.min(), images.max()
    if low < -1.001 or high > 1.001:  # Tolerance for float16 and resizing.
        raise ValueError(
            f"`images` must lie in [-1, 1]. Received: values in [{low:g}, {high:g}]. "
            "Scale bytes with `x / 127.5 - 1`."
        )
    return np.rint((images.clip(-1, 1) + 1) * 127.5).astype("uint8")


def tile(pixels: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Lay images side by side in rows, with white lines between them.

    Args:
        pixels: uint8 array `(n, height, width, channels)`, for example from `to_pixels`.
        columns: images in a row; by default, the grid is nearly square and has no empty cells if
            the number of images allows it.

    Returns:
        One uint8 image, `(height, width)` for gray and `(height, width, 3)` for RGB.

    Raises:
        ValueError: if `columns` is not a positive integer.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> plots.tile(np.zeros((8, 28, 28, 1), "uint8"), columns=4).shape
    (57, 115)
    """
    return assemble(pixels, count_columns(len(pixels), columns), gap_between(pixels), header=0)


def image_grid(
    images: Any,
    columns: int | None = None,
    *,
    labels: Sequence[Any] | None = None,
    row_labels: Sequence[Any] | None = None,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw images in a grid.

    Args:
        images: `(n, height, width, channels)` in [-1, 1], gray or RGB, array or tensor.
        columns: images in a row; by default, the grid is nearly square.
        labels: one caption per image, written above it.
        row_labels: one caption per row, written on its left.
        title: title of the whole grid.
        ax: matplotlib axes to draw into; by default, those of a new figure, in which each image
            pixel covers a whole number of screen pixels if the grid fits.

    Returns:
        The figure, or `ax` if it was given.

    Raises:
        ValueError: if `to_pixels` refuses the images, `columns` is not a positive integer, or the
            number of labels is not the number of images or rows.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> figure = plots.image_grid(np.zeros((10, 28, 28, 1)), labels=range(10))
    """
    pixels = to_pixels(images)
    columns = count_columns(len(pixels), columns)
    return draw_tiles(pixels, columns, gap_between(pixels), labels, row_labels, title, ax)[0]


def interpolation_strip(
    images: Any,
    *,
    row_labels: Sequence[Any] | None = None,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw walks through the latent space, one per row, with frames around both ends.

    Args:
        images: `(steps, height, width, channels)` for one walk, or `(walks, steps, height, width,
            channels)` for several, in [-1, 1], with at least 2 steps.
        row_labels: one caption per walk, written on its left.
        title: title of the whole strip.
        ax: matplotlib axes to draw into; by default, those of a new figure.

    Returns:
        The figure, or `ax` if it was given.

    Raises:
        ValueError: if the shape is wrong, `to_pixels` refuses the images, or the number of labels
            is not the number of walks.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> figure = plots.interpolation_strip(np.zeros((2, 9, 28, 28, 1)))
    """
    images = keras.ops.convert_to_numpy(images)
    if images.ndim not in (4, 5) or images.shape[-4] < 2:
        raise ValueError(
            "`images` must have shape (steps, height, width, channels) or (walks, steps, height, "
            f"width, channels) with at least 2 steps. Received: shape {images.shape}."
        )
    steps = images.shape[-4]
    pixels = to_pixels(images.reshape(-1, *images.shape[-3:]))
    gap = 2 * gap_between(pixels)  # space for the frames
    drawn, axes = draw_tiles(pixels, steps, gap, None, row_labels, title, ax)
    for row in range(len(pixels) // steps):
        for column in (0, steps - 1):
            frame_tile(axes, pixels, gap, row, column, HIGHLIGHT)
    return drawn


def comparison_grid(
    rows: Mapping[str, Any],
    *,
    labels: Mapping[str, Sequence[Any]] | None = None,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw the same examples from several methods, one row per method with its name on the left.

    Smaller images are enlarged to the size of the largest by a whole factor (nearest neighbor).
    Gray rows and color rows can be mixed.

    Args:
        rows: dictionary from name to images `(n, height, width, channels)` in [-1, 1], with the
            same number in each row, for example `{"input": small, "bicubic": smooth, "SRGAN":
            sharp, "original": real}`.
        labels: dictionary from the name of a row to captions, which are written above its images.
            Rows without an entry have no captions.
        title: title of the whole grid.
        ax: matplotlib axes to draw into; by default, those of a new figure.

    Returns:
        The figure, or `ax` if it was given.

    Raises:
        ValueError: if there are no rows, `to_pixels` refuses the images of a row, the rows differ
            in length, the largest size is not a multiple of another size, `labels` names an unknown
            row, or the number of captions is not the number of images.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> small, large = np.zeros((5, 16, 16, 3)), np.zeros((5, 64, 64, 3))
    >>> rows = {"input": small, "original": large}
    >>> figure = plots.comparison_grid(rows, labels={"input": ["16x16"] * 5})
    """
    if not rows:
        raise ValueError("`rows` must hold at least one row. Received: an empty dictionary.")
    pixels = {str(name): to_pixels(images) for name, images in rows.items()}
    counts = {name: len(images) for name, images in pixels.items()}
    if len(set(counts.values())) > 1:
        raise ValueError(
            f"All rows must hold the same number of images. Received: numbers {counts}."
        )
    columns = next(iter(counts.values()))
    captions = None if labels is None else _caption_list(labels, list(pixels), columns)
    everything = np.concatenate(_enlarge(pixels))
    gap = gap_between(everything)
    return draw_tiles(everything, columns, gap, captions, list(pixels), title, ax)[0]


def neighbor_strips(
    samples: Any,
    neighbors: Any,
    distances: Any = None,
    *,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw each sample, framed, beside its nearest training images, to see whether it is a copy.

    Args:
        samples: generated images `(n, height, width, channels)` in [-1, 1], one per row.
        neighbors: neighbors of each sample, nearest first, `(n, k, height, width, channels)`. For
            `found = metrics.nearest_neighbors(samples, images, k=4)`, pass `images[found.indices]`.
        distances: `(n, k)`, for example `found.distances`. The distance to the nearest neighbor is
            written on the left of each row.
        title: title of the whole picture.
        ax: matplotlib axes to draw into; by default, those of a new figure.

    Returns:
        The figure, or `ax` if it was given.

    Raises:
        ValueError: if the shapes do not match, or `to_pixels` refuses the images.

    Example:

    >>> import numpy as np
    >>> from gankit import metrics, plots
    >>> samples, images = np.random.default_rng(0).uniform(-1, 1, (2, 8, 28, 28, 1))
    >>> found = metrics.nearest_neighbors(samples, images, k=4)
    >>> figure = plots.neighbor_strips(samples, images[found.indices], found.distances)
    """
    pixels = to_pixels(samples)
    neighbors = finite_array("neighbors", neighbors)
    shape = (len(pixels), neighbors.shape[1] if neighbors.ndim > 1 else 1, *pixels.shape[1:])
    if neighbors.shape != shape:
        raise ValueError(
            "`neighbors` must have shape (n, k, height, width, channels) for samples of shape "
            f"{pixels.shape}. Received: shape {neighbors.shape}."
        )
    near = to_pixels(neighbors.reshape(-1, *shape[2:])).reshape(shape)
    row_labels = None
    if distances is not None:
        distances = finite_array("distances", distances)
        if distances.shape != shape[:2]:
            raise ValueError(
                f"`distances` must have shape {shape[:2]}. Received: shape {distances.shape}."
            )
        row_labels = [f"d = {distance:.3g}" for distance in distances[:, 0]]
    everything = np.concatenate([pixels[:, None], near], axis=1).reshape(-1, *shape[2:])
    gap = 2 * gap_between(pixels)  # space for the frames
    drawn, axes = draw_tiles(everything, 1 + shape[1], gap, None, row_labels, title, ax)
    for row in range(len(pixels)):
        frame_tile(axes, pixels, gap, row, 0, GENERATOR)
    return drawn


def filmstrip(
    frames: Sequence[np.ndarray],
    count: int = 5,
    *,
    labels: Sequence[Any] | None = None,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw a few frames of an animation side by side, for media that cannot show animations.

    Args:
        frames: uint8 images of equal size, `(height, width)` or `(height, width, 3)`, for example
            `SampleGrid.frames` or frames from `to_frame`.
        count: number of frames to draw, evenly spaced from first to last; all if there are fewer.
        labels: one caption per frame of the whole animation, for example `SampleGrid.epochs`.
        title: title of the whole strip.
        ax: matplotlib axes to draw into; by default, those of a new figure.

    Returns:
        The figure, or `ax` if it was given.

    Raises:
        ValueError: if there are no frames, a frame has another dtype or shape, `count` is not a
            positive integer, or the number of labels is not the number of frames.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> figure = plots.filmstrip([np.zeros((57, 57), "uint8")] * 9, labels=range(9))
    """
    frames = check_frames(frames)
    check_count("count", count)
    check_label_count("labels", labels, len(frames), "frames")
    chosen = np.unique(np.linspace(0, len(frames) - 1, count).round().astype(int))
    if labels is not None:
        labels = [list(labels)[i] for i in chosen]
    pixels = np.stack(frames)[chosen]
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    gap = max(1, pixels.shape[2] // 20)
    return draw_tiles(pixels, len(chosen), gap, labels, None, title, ax)[0]


def _caption_list(labels: Mapping[str, Sequence[Any]], names: list[str], columns: int) -> list:
    """Return a caption for every image of a comparison, row after row."""
    if unknown := sorted(set(labels) - set(names)):
        raise ValueError(f"`labels` must name rows. Received: {unknown}. The rows are {names}.")
    for name, captions in labels.items():
        check_label_count(f"labels[{name!r}]", captions, columns, "images")
    return [caption for name in names for caption in labels.get(name, [""] * columns)]


def _enlarge(pixels: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Return the rows of a comparison with the largest size and number of channels."""
    height = max(images.shape[1] for images in pixels.values())
    channels = max(images.shape[-1] for images in pixels.values())
    shapes = {name: images.shape[1:] for name, images in pixels.items()}
    enlarged = []
    for images in pixels.values():
        factor = height // images.shape[1]
        images = images.repeat(factor, 1).repeat(factor, 2)
        enlarged.append(np.broadcast_to(images, (*images.shape[:3], channels)))
    if len({images.shape for images in enlarged}) > 1:
        raise ValueError(
            "The size of the largest image must be a multiple of every other size. "
            f"Received: image shapes {shapes}. Resize the images first, for example with "
            "`gankit.resampling.bicubic_upscale`."
        )
    return enlarged
