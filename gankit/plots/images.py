"""Images in grids and strips."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from gankit.checks import check_count
from gankit.plots._draw import GENERATOR, HIGHLIGHT, numbers, one_each
from gankit.plots._tiles import (
    check_frames,
    count_columns,
    draw_tiles,
    frame_tile,
    gap_between,
    lay_out,
)


def to_pixels(images: Any) -> np.ndarray:
    """Turns images in [-1, 1] into bytes.

    Args:
        images: Array or tensor `(n, height, width, channels)`; 1 channel is gray, 3 are RGB.

    Returns:
        uint8 array of the same shape: -1 becomes 0, and 1 becomes 255.

    Raises:
        ValueError: If the images have another shape, are none, or hold NaN, infinities or values
            outside [-1, 1].

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> plots.to_pixels(np.array([-1.0, 0.0, 1.0]).reshape(1, 1, 3, 1)).ravel().tolist()
    [0, 128, 255]
    """
    images = numbers("images", images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            "`images` must have shape (n, height, width, channels) with 1 or 3 channels, "
            f"but it is {images.shape}."
        )
    low, high = images.min(), images.max()
    if low < -1.001 or high > 1.001:  # a little air for float16 and resizing
        raise ValueError(
            f"`images` must lie in [-1, 1], but they span [{low:g}, {high:g}]. "
            "Scale bytes with `x / 127.5 - 1`."
        )
    return np.rint((images.clip(-1, 1) + 1) * 127.5).astype("uint8")


def tile(pixels: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Lays images side by side in rows, with white lines between them.

    Args:
        pixels: uint8 array `(n, height, width, channels)`, as `to_pixels` makes it.
        columns: Images in a row; by default a shape near a square, without a gap at the end where
            the number of images allows it.

    Returns:
        One uint8 image, `(height, width)` for gray and `(height, width, 3)` for RGB.

    Raises:
        ValueError: If `columns` is not a positive integer.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> plots.tile(np.zeros((8, 28, 28, 1), "uint8"), columns=4).shape
    (57, 115)
    """
    return lay_out(pixels, count_columns(len(pixels), columns), gap_between(pixels), header=0)


def image_grid(
    images: Any,
    columns: int | None = None,
    *,
    labels: Sequence[Any] | None = None,
    row_labels: Sequence[Any] | None = None,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Draws images in a grid.

    Args:
        images: `(n, height, width, channels)` in [-1, 1], gray or RGB, array or tensor.
        columns: Images in a row; by default a shape near a square.
        labels: One caption per image, written above it.
        row_labels: One caption per row, written left of it.
        title: Title of the whole grid.
        ax: matplotlib axes to draw into; by default a figure of its own, in which a pixel of an
            image is a whole number of pixels on the screen wherever the grid fits.

    Returns:
        The figure, or `ax` where it was given.

    Raises:
        ValueError: If the images are not what `to_pixels` takes, `columns` is not a positive
            integer, or there are not as many labels as images or as rows.

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
    """Draws walks through the latent space, one per row, with their two ends framed.

    Args:
        images: `(steps, height, width, channels)` for one walk, `(walks, steps, height, width,
            channels)` for several; in [-1, 1], at least 2 steps.
        row_labels: One caption per walk, written left of it.
        title: Title of the whole strip.
        ax: matplotlib axes to draw into, by default those of a new figure.

    Returns:
        The figure, or `ax` where it was given.

    Raises:
        ValueError: If the shape is another, the images are not what `to_pixels` takes, or there are
            not as many labels as walks.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> figure = plots.interpolation_strip(np.zeros((2, 9, 28, 28, 1)))
    """
    images = keras.ops.convert_to_numpy(images)
    if images.ndim not in (4, 5) or images.shape[-4] < 2:
        raise ValueError(
            "`images` must have shape (steps, height, width, channels) or (walks, steps, height, "
            f"width, channels) with at least 2 steps, but it is {images.shape}."
        )
    steps = images.shape[-4]
    pixels = to_pixels(images.reshape(-1, *images.shape[-3:]))
    gap = 2 * gap_between(pixels)  # room for the frames
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
    """Draws the same examples as several methods show them: one row per method, named at its left.

    A row of smaller images is enlarged by a whole factor, pixel by pixel, to the size of the
    largest; where one row is in color, gray rows are shown beside it as they are.

    Args:
        rows: Name to images `(n, height, width, channels)` in [-1, 1], as many in each row, such as
            `{"input": small, "bicubic": smooth, "SRGAN": sharp, "original": real}`.
        labels: Name of a row to the captions of its images, written above them; rows that are not
            named have none.
        title: Title of the whole grid.
        ax: matplotlib axes to draw into, by default those of a new figure.

    Returns:
        The figure, or `ax` where it was given.

    Raises:
        ValueError: If there are no rows, the images of one are not what `to_pixels` takes, their
            numbers differ, a size is no whole fraction of the largest, or `labels` names no row or
            has not as many captions as the row has images.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> small, large = np.zeros((5, 16, 16, 3)), np.zeros((5, 64, 64, 3))
    >>> rows = {"input": small, "original": large}
    >>> figure = plots.comparison_grid(rows, labels={"input": ["16x16"] * 5})
    """
    if not rows:
        raise ValueError("`rows` is empty: give at least one name with images.")
    pixels = {str(name): to_pixels(images) for name, images in rows.items()}
    counts = {name: len(images) for name, images in pixels.items()}
    if len(set(counts.values())) > 1:
        raise ValueError(f"Every row needs the same examples, but their numbers are {counts}.")
    columns = next(iter(counts.values()))
    captions = None if labels is None else _captions(labels, list(pixels), columns)
    everything = np.concatenate(_equally_large(pixels))
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
    """Draws each sample, framed, beside its nearest training images: has the generator copied?

    Args:
        samples: Generated images `(n, height, width, channels)` in [-1, 1], one per row.
        neighbors: Their neighbors, nearest first, `(n, k, height, width, channels)`: for `found =
            metrics.nearest_neighbors(samples, images, k=4)` these are `images[found.indices]`.
        distances: `(n, k)`, such as `found.distances`; that to the nearest is written left of each
            row.
        title: Title of the whole picture.
        ax: matplotlib axes to draw into, by default those of a new figure.

    Returns:
        The figure, or `ax` where it was given.

    Raises:
        ValueError: If shapes do not fit each other, or the images are not what `to_pixels` takes.

    Example:

    >>> import numpy as np
    >>> from gankit import metrics, plots
    >>> samples, images = np.random.default_rng(0).uniform(-1, 1, (2, 8, 28, 28, 1))
    >>> found = metrics.nearest_neighbors(samples, images, k=4)
    >>> figure = plots.neighbor_strips(samples, images[found.indices], found.distances)
    """
    pixels = to_pixels(samples)
    neighbors = numbers("neighbors", neighbors)
    shape = (len(pixels), neighbors.shape[1] if neighbors.ndim > 1 else 1, *pixels.shape[1:])
    if neighbors.shape != shape:
        raise ValueError(
            f"`neighbors` must have shape (n, k, height, width, channels), and `samples` are "
            f"{pixels.shape}; but it is {neighbors.shape}."
        )
    near = to_pixels(neighbors.reshape(-1, *shape[2:])).reshape(shape)
    row_labels = None
    if distances is not None:
        distances = numbers("distances", distances)
        if distances.shape != shape[:2]:
            raise ValueError(f"`distances` must be {shape[:2]}, but it is {distances.shape}.")
        row_labels = [f"d = {distance:.3g}" for distance in distances[:, 0]]
    everything = np.concatenate([pixels[:, None], near], axis=1).reshape(-1, *shape[2:])
    gap = 2 * gap_between(pixels)  # room for the frames
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
    """Draws a few frames of an animation side by side: its still, for paper and for GitHub.

    Args:
        frames: Equally large uint8 images, `(height, width)` or `(height, width, 3)`, such as
            `SampleGrid.frames` or what `to_frame` gives.
        count: How many to draw, evenly spread from first to last; all where there are fewer.
        labels: One caption per frame of the whole animation, such as `SampleGrid.epochs`.
        title: Title of the whole strip.
        ax: matplotlib axes to draw into, by default those of a new figure.

    Returns:
        The figure, or `ax` where it was given.

    Raises:
        ValueError: If the frames are none, not bytes or not equally large, `count` is not a
            positive integer, or there are not as many labels as frames.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> figure = plots.filmstrip([np.zeros((57, 57), "uint8")] * 9, labels=range(9))
    """
    frames = check_frames(frames)
    check_count("count", count)
    one_each("labels", labels, len(frames), "frames")
    chosen = np.unique(np.linspace(0, len(frames) - 1, count).round().astype(int))
    if labels is not None:
        labels = [list(labels)[i] for i in chosen]
    pixels = np.stack(frames)[chosen]
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    gap = max(1, pixels.shape[2] // 20)
    return draw_tiles(pixels, len(chosen), gap, labels, None, title, ax)[0]


def _captions(labels: Mapping[str, Sequence[Any]], names: list[str], columns: int) -> list:
    """A caption for every image of a comparison, row after row."""
    if unknown := sorted(set(labels) - set(names)):
        raise ValueError(f"`labels` names {unknown}, but the rows are {names}.")
    for name, captions in labels.items():
        one_each(f"labels[{name!r}]", captions, columns, "images")
    return [caption for name in names for caption in labels.get(name, [""] * columns)]


def _equally_large(pixels: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The rows of a comparison with the size of the largest image and the channels of the most."""
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
            f"Smaller images are enlarged by a whole factor, which does not fit: one image of each "
            f"row is {shapes}. Resize them first, as with `gankit.resampling.bicubic_upscale`."
        )
    return enlarged
