"""Plots of images in grids and strips."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gankit.checks import check_count
from gankit.plots._draw import GENERATOR, HIGHLIGHT, captions, check_mapping, finite_array
from gankit.plots._tiles import assemble, check_frames, count_columns, draw_tiles, gap_between


def to_pixels(images: Any) -> np.ndarray:
    """Convert images in [-1, 1] to bytes.

    Args:
        images: array or tensor `(n, height, width, channels)`; 1 channel is gray, 3 are RGB.

    Returns:
        uint8 array of the same shape: -1 becomes 0, and 1 becomes 255.

    Raises:
        ValueError: if there are no images, they have another shape, or a value is not finite or is
            outside [-1, 1].
        TypeError: if they hold no numbers.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> plots.to_pixels(np.array([-1.0, 0.0, 1.0]).reshape(1, 1, 3, 1)).ravel().tolist()
    [0, 128, 255]
    """
    images = finite_array("images", images, ("n", "height", "width", "channels"))
    if images.shape[-1] not in (1, 3):
        raise ValueError(f"`images` must have 1 or 3 channels. Received: shape {images.shape}.")
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
        ValueError: if `pixels` are no such bytes, or `columns` is not a positive integer.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> plots.tile(np.zeros((8, 28, 28, 1), "uint8"), columns=4).shape
    (57, 115)
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or not pixels.size:
        raise ValueError(
            "`pixels` must be a uint8 array (n, height, width, channels). Received: "
            f"{pixels.dtype} of shape {pixels.shape}. Convert images with `to_pixels`."
        )
    return assemble(pixels, count_columns(len(pixels), columns), gap_between(pixels), header=0)


def image_grid(
    images: Any,
    columns: int | None = None,
    *,
    labels: Sequence[Any] | None = None,
    row_labels: Sequence[Any] | None = None,
    title: str | None = None,
    ax: Any = None,
    zoom: int | None = None,
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
        zoom: screen pixels for each pixel of an image, for example 4 for close-ups; by default, as
            many as the page has room for, and at most 8. The pixels stay sharp squares.

    Returns:
        The figure, or `ax` if it was given.

    Raises:
        ValueError: if `to_pixels` refuses the images, `columns` is not a positive integer, the
            number of labels is not the number of images or rows, the images do not fit into the
            page with this `zoom`, or `zoom` is given with `ax`.
        TypeError: if the images hold no numbers, labels cannot be counted, or `ax` are no axes.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> figure = plots.image_grid(np.zeros((10, 28, 28, 1)), labels=range(10))
    """
    pixels = to_pixels(images)
    columns = count_columns(len(pixels), columns)
    return draw_tiles(pixels, columns, labels, row_labels, title, ax, zoom=zoom)


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
        TypeError: if the images hold no numbers, labels cannot be counted, or `ax` are no axes.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> figure = plots.interpolation_strip(np.zeros((2, 9, 28, 28, 1)))
    """
    images = finite_array("images", images)
    if images.ndim not in (4, 5) or images.shape[-4] < 2:
        raise ValueError(
            "`images` must have shape (steps, height, width, channels) or (walks, steps, height, "
            f"width, channels) with at least 2 steps. Received: shape {images.shape}."
        )
    steps = images.shape[-4]
    pixels = to_pixels(images.reshape(-1, *images.shape[-3:]))
    ends = {"framed": (0, steps - 1), "color": HIGHLIGHT}
    return draw_tiles(pixels, steps, None, row_labels, title, ax, **ends)


def comparison_grid(
    rows: Mapping[str, Any],
    *,
    labels: Mapping[str, Sequence[Any]] | None = None,
    title: str | None = None,
    ax: Any = None,
    zoom: int | None = None,
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
        zoom: screen pixels for each pixel of an image, for example 4 for close-ups; by default, as
            many as the page has room for, and at most 8. The pixels stay sharp squares.

    Returns:
        The figure, or `ax` if it was given.

    Raises:
        ValueError: if there are no rows, `to_pixels` refuses the images of a row, the rows differ
            in length, the largest size is not a multiple of another size, `labels` names an unknown
            row, the number of captions is not the number of images, the images do not fit into the
            page with this `zoom`, or `zoom` is given with `ax`.
        TypeError: if `rows` or `labels` is no mapping, images hold no numbers, captions cannot be
            counted, or `ax` are no axes.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> small, large = np.zeros((5, 16, 16, 3)), np.zeros((5, 64, 64, 3))
    >>> rows = {"input": small, "original": large}
    >>> figure = plots.comparison_grid(rows, labels={"input": ["16x16"] * 5})
    """
    rows = check_mapping("rows", rows)
    if not rows:
        raise ValueError("`rows` must hold at least one row. Received: an empty dictionary.")
    pixels = {str(name): to_pixels(images) for name, images in rows.items()}
    counts = {name: len(images) for name, images in pixels.items()}
    columns = max(counts.values())
    if min(counts.values()) < columns:
        raise ValueError(
            f"All rows must hold the same number of images. Received: numbers {counts}."
        )
    if labels is not None:
        labels = _caption_list(check_mapping("labels", labels), list(pixels), columns)
    everything = np.concatenate(_enlarge(pixels))
    return draw_tiles(everything, columns, labels, pixels, title, ax, zoom=zoom)


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
        TypeError: if an array holds no numbers, or `ax` are no axes.

    Example:

    >>> import numpy as np
    >>> from gankit import metrics, plots
    >>> samples, images = np.random.default_rng(0).uniform(-1, 1, (2, 8, 28, 28, 1))
    >>> found = metrics.nearest_neighbors(samples, images, k=4)
    >>> figure = plots.neighbor_strips(samples, images[found.indices], found.distances)
    """
    pixels = to_pixels(samples)
    count, *size = pixels.shape
    neighbors = finite_array("neighbors", neighbors, (count, "k", *size))
    near = to_pixels(neighbors.reshape(-1, *size)).reshape(neighbors.shape)
    row_labels = None
    if distances is not None:
        distances = finite_array("distances", distances, near.shape[:2])
        row_labels = [f"d = {distance:.3g}" for distance in distances[:, 0]]
    everything = np.concatenate([pixels[:, None], near], axis=1).reshape(-1, *size)
    first = {"framed": (0,), "color": GENERATOR}
    return draw_tiles(everything, 1 + near.shape[1], None, row_labels, title, ax, **first)


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
        TypeError: if `frames` or `labels` is no list, or `ax` are no axes.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> figure = plots.filmstrip([np.zeros((57, 57), "uint8")] * 9, labels=range(9))
    """
    frames = check_frames(frames)
    texts = captions("labels", labels, len(frames), "frames")
    spread = np.linspace(0, len(frames) - 1, check_count("count", count))
    chosen = np.unique(spread.round().astype(int))
    labels = [texts[index] for index in chosen] if texts else None
    pixels = np.stack([frames[index] for index in chosen])
    pixels = pixels.reshape(*pixels.shape[:3], -1)  # gray frames have no axis of channels
    gap = max(1, pixels.shape[2] // 20)
    return draw_tiles(pixels, len(chosen), labels, None, title, ax, gap=gap)


def _caption_list(labels: Mapping[str, Sequence[Any]], names: list[str], columns: int) -> list:
    """Return a caption for every image of a comparison, row after row."""
    if unknown := [name for name in labels if name not in names]:
        raise ValueError(f"`labels` must name rows. Received: {unknown}. The rows are {names}.")
    texts = {n: captions(f"labels[{n!r}]", given, columns, "images") for n, given in labels.items()}
    return [text for name in names for text in texts.get(name) or [""] * columns]


def _enlarge(pixels: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Return the rows of a comparison with the largest size and number of channels."""
    shapes = {name: images.shape[1:] for name, images in pixels.items()}
    height, _, channels = map(max, zip(*shapes.values(), strict=True))
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
