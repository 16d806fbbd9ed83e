"""The pictures: image grids, curves, 1-D and 2-D games, and animations.

Every function that draws returns a matplotlib `Figure` which pyplot has already let go of. So a
notebook shows it exactly once, where it is the last line of a cell or handed to `display`, and a
long run does not pile up open figures. Where a function takes `ax` and is given one, it draws there
and returns that `ax`, for figures of several parts.

Colours mean the same everywhere and are safe for colour-blind readers (Okabe and Ito, "Color
universal design", 2008): black is data, green what the generator makes, blue the discriminator.
Figures are at most 830 pixels wide, the column of a notebook shown on GitHub.
"""

import io
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from gankit.checks import check_count
from gankit.saving import written_whole

DATA = "#1A1A1A"
GENERATOR = "#009E73"
DISCRIMINATOR = "#0072B2"
HIGHLIGHT = "#D55E00"
_OTHERS = ("#E69F00", "#CC79A7", "#56B4E9", "#F0E442")
_DATA_SIDE, _GENERATOR_SIDE = (
    "#9CCBEC",
    "#F6CE84",
)  # D = 1 and D = 0, pale enough to lie under points

_DPI = 100
_WIDTH = 830  # pixels
_GRID_HEIGHT = 560  # pixels; a taller grid scrolls out of a laptop's window
_TEXT = 9  # points
_HOLD = 1.5  # seconds that an animation rests on its last frame


# --- images -------------------------------------------------------------------------------------


def to_pixels(images: Any) -> np.ndarray:
    """Turns images in [-1, 1] into bytes.

    Args:
        images: Array or tensor `(n, height, width, channels)`; 1 channel is grey, 3 are RGB.

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
    images = _numbers("images", images)
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
        One uint8 image, `(height, width)` for grey and `(height, width, 3)` for RGB.

    Raises:
        ValueError: If `columns` is not a positive integer.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> plots.tile(np.zeros((8, 28, 28, 1), "uint8"), columns=4).shape
    (57, 115)
    """
    return _tile(pixels, _columns(len(pixels), columns), _gap(pixels), header=0)


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
        images: `(n, height, width, channels)` in [-1, 1], grey or RGB, array or tensor.
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
    columns = _columns(len(pixels), columns)
    return _draw_tiles(pixels, columns, _gap(pixels), labels, row_labels, title, ax)[0]


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
    gap = 2 * _gap(pixels)  # room for the frames
    drawn, axes = _draw_tiles(pixels, steps, gap, None, row_labels, title, ax)
    from matplotlib.patches import Rectangle

    height, width = pixels.shape[1:3]
    for row in range(len(pixels) // steps):
        for column in (0, steps - 1):
            corner = (column * (width + gap) - 0.5, row * (height + gap) - 0.5)
            axes.add_patch(
                Rectangle(corner, width, height, fill=False, color=HIGHLIGHT, lw=2, clip_on=False)
            )
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
    frames = _frames(frames)
    check_count("count", count)
    _one_each("labels", labels, len(frames), "frames")
    chosen = np.unique(np.linspace(0, len(frames) - 1, count).round().astype(int))
    if labels is not None:
        labels = [list(labels)[i] for i in chosen]
    pixels = np.stack(frames)[chosen]
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    gap = max(1, pixels.shape[2] // 20)
    return _draw_tiles(pixels, len(chosen), gap, labels, None, title, ax)[0]


# --- curves -------------------------------------------------------------------------------------


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
    figure = _figure(_WIDTH, 300, layout="constrained")
    for ax, (what, drawn, lines) in zip(
        np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True
    ):
        _curves(ax, epochs, drawn, lines)
        ax.set(xlabel="epoch", ylabel=what)
        if what == "logit":
            ax.axhline(0, color="0.6", lw=0.8, zorder=0)
    if title:
        figure.suptitle(title, fontsize=_TEXT + 2)
    return figure


# --- games in one and two dimensions ------------------------------------------------------------


def density_game_1d(
    x: Any,
    p_data: Any,
    p_model: Any,
    discriminator: Any,
    *,
    latents: Any = None,
    mapped: Any = None,
    top: float | None = None,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Draws a game on the line as figure 1 of the first GAN paper does.

    The density of the data is dotted black, the generator's solid green, and D(x) dashed blue.
    Below them lie the line of latents z and the line of x, with an arrow from each latent to G(z):
    the generator is dense where its arrows crowd.

    Args:
        x: Increasing points, shape `(n,)`.
        p_data: The data's density at `x`, shape `(n,)`.
        p_model: The generator's density at `x`, shape `(n,)`.
        discriminator: D(x), probabilities in [0, 1], shape `(n,)`.
        latents: Some latents, shape `(m,)`; their range is stretched to that of `x`.
        mapped: G(latents), shape `(m,)`; those outside the range of `x` are left out.
        top: Upper end of the axis. Give it in an animation, or the axis moves from frame to frame.
        title: Title of the picture.
        ax: matplotlib axes to draw into, by default those of a new figure.

    Returns:
        The figure, or `ax` where it was given.

    Raises:
        ValueError: If shapes differ, numbers are not finite, `x` does not increase, a density is
            negative, D(x) leaves [0, 1], only one of `latents` and `mapped` is given, or `top` is
            not positive.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> x = np.linspace(-4, 4, 200)
    >>> p = np.exp(-x**2 / 2) / np.sqrt(2 * np.pi)
    >>> z = np.linspace(-2, 2, 11)
    >>> figure = plots.density_game_1d(x, p, p, 0 * x + 0.5, latents=z, mapped=z)

    Source: Goodfellow et al., "Generative Adversarial Nets", 2014, figure 1. There z is drawn from
    a uniform distribution, here from any, and the vertical axis has numbers.
    """
    x, p_data, p_model, d = _same_length(
        x=x, p_data=p_data, p_model=p_model, discriminator=discriminator
    )
    if len(x) < 2 or (np.diff(x) <= 0).any():
        raise ValueError(f"`x` must increase and have at least 2 points, but it is {x}.")
    for name, values in (("p_data", p_data), ("p_model", p_model), ("discriminator", d)):
        if values.min() < 0:
            raise ValueError(f"`{name}` must not be negative, but its minimum is {values.min():g}.")
    if d.max() > 1:
        raise ValueError(
            f"`discriminator` must hold probabilities in [0, 1], but its maximum is {d.max():g}. "
            "Put logits through a sigmoid."
        )
    if (latents is None) != (mapped is None):
        raise ValueError("`latents` and `mapped` belong together: give both, or neither.")
    if top is not None and not top > 0:
        raise ValueError(f"`top` must be positive, but it is {top!r}.")
    if top is None:
        top = 1.05 * max(1.0, p_data.max(), p_model.max())

    figure, ax = _figure_and_axes(_WIDTH, 380, ax)
    ax.plot(x, p_data, ":", color=DATA, lw=2.2, label="data density $p_{data}(x)$")
    ax.plot(x, p_model, color=GENERATOR, lw=2.2, label="generator density $p_g(x)$")
    ax.plot(x, d, "--", color=DISCRIMINATOR, lw=2.2, label="discriminator $D(x)$")
    ax.set(xlim=(x[0], x[-1]), ylim=(0, top))
    if latents is not None:
        _mapping(ax, *_same_length(latents=latents, mapped=mapped), top)
    _tidy(ax)
    ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= top])
    _legend_and_title(ax, 3 if figure else 1, title)
    return figure or ax


def decision_2d(
    discriminator: Callable[[np.ndarray], Any],
    real_points: Any,
    fake_points: Any,
    limits: tuple[float, float],
    *,
    resolution: int = 120,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Draws a game in the plane: D(x) as a map, and the points of the data and of the generator.

    A line runs where D(x) = 1/2, the points that the discriminator cannot tell.

    Args:
        discriminator: Takes float32 points `(n, 2)` and gives LOGITS `(n, 1)` or `(n,)`, as every
            discriminator of this package does; D(x) is their sigmoid.
        real_points: `(n, 2)`.
        fake_points: `(m, 2)`.
        limits: `(low, high)` of both axes.
        resolution: Points of the map along each axis.
        title: Title of the picture.
        ax: matplotlib axes to draw into, by default those of a new figure with a colour bar.

    Returns:
        The figure, or `ax` where it was given.

    Raises:
        ValueError: If points are not of shape `(n, 2)`, numbers are not finite, limits do not
            increase, `resolution` is not a positive integer, or there is not one logit per point.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> points = np.random.default_rng(0).normal(size=(100, 2))
    >>> figure = plots.decision_2d(lambda x: x[:, :1], points + 1, points - 1, (-4, 4))
    """
    points = {"real_points": real_points, "fake_points": fake_points}
    for name, values in points.items():
        points[name] = values = _numbers(name, values)
        if values.ndim != 2 or values.shape[1] != 2:
            raise ValueError(f"`{name}` must have shape (n, 2), but it is {values.shape}.")
    low, high = (float(limit) for limit in limits)
    if not low < high:
        raise ValueError(f"`limits` must be (low, high) with low < high, but it is {limits!r}.")
    check_count("resolution", resolution)

    # Pixel centres, so that each value stands where it was computed.
    centres = low + (np.arange(resolution) + 0.5) * (high - low) / resolution
    grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2).astype("float32")
    logits = _numbers("discriminator(points)", discriminator(grid))
    if logits.size != len(grid):
        raise ValueError(
            f"The discriminator must give one logit per point: {len(grid)} points went in, and "
            f"shape {logits.shape} came out."
        )
    probabilities = (0.5 + 0.5 * np.tanh(logits / 2)).reshape(resolution, resolution)

    figure, ax = _figure_and_axes(560, 470, ax)
    image = _decision_map(ax, centres, probabilities, (low, high, low, high))
    style = {"s": 9, "lw": 0, "alpha": 0.7, "zorder": 3}
    ax.scatter(*points["real_points"].T, color=DATA, label="data", **style)
    ax.scatter(*points["fake_points"].T, color=GENERATOR, label="generated", **style)
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    ax.tick_params(labelsize=_TEXT)
    _legend_and_title(ax, 2, title)
    if figure:
        bar = figure.colorbar(image, ax=ax, ticks=[0, 0.5, 1])
        bar.set_label("D(x)", fontsize=_TEXT)
        bar.ax.tick_params(labelsize=_TEXT)
    return figure or ax


# --- animations ---------------------------------------------------------------------------------


def to_frame(figure: Any) -> np.ndarray:
    """Renders a figure into a frame for `show_animation`, `save_gif` and `filmstrip`.

    Args:
        figure: A matplotlib figure.

    Returns:
        uint8 array `(height, width, 3)`.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> plots.to_frame(plots.image_grid(np.zeros((4, 28, 28, 1)))).dtype
    dtype('uint8')
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def show_animation(frames: Sequence[np.ndarray], fps: float = 8) -> Any:
    """Makes an animation that plays in a notebook, without a file.

    It is an animated PNG, because every viewer that shows a notebook's PNG pictures shows it, if
    only its first frame; not all of them show a GIF. Colours share one palette of 256, grey keeps
    all its levels. Small frames are enlarged.

    Args:
        frames: Equally large uint8 images, `(height, width)` or `(height, width, 3)`.
        fps: Frames per second, above 0 and at most 50.

    Returns:
        An `IPython.display.Image`: put it on the last line of a cell, or `display` it.

    Raises:
        ValueError: If the frames are none, not bytes or not equally large, or `fps` is out of
            range.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> picture = plots.show_animation([np.full((32, 32), 25 * i, "uint8") for i in range(10)])
    """
    from IPython.display import Image

    return Image(data=_encode(frames, fps, "png"), format="png")


def save_gif(frames: Sequence[np.ndarray], path: str | os.PathLike, fps: float = 8) -> Path:
    """Writes frames as a GIF that loops. Small frames are enlarged.

    The file appears whole or not at all.

    Args:
        frames: Equally large uint8 images, `(height, width)` or `(height, width, 3)`.
        path: File to write, ending in `.gif`, in a folder that exists.
        fps: Frames per second, above 0 and at most 50; GIF counts in hundredths of a second.

    Returns:
        The path.

    Raises:
        ValueError: If the frames are none, not bytes or not equally large, `fps` is out of range,
            or the path does not end in `.gif`.
        OSError: If the file cannot be written.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> from gankit import plots
    >>> frames = [np.full((32, 32), 25 * i, "uint8") for i in range(10)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plots.save_gif(frames, f"{folder}/fade.gif").name
    'fade.gif'
    """
    path = Path(path)
    if path.suffix.lower() != ".gif":
        raise ValueError(f"A GIF's name must end in '.gif', but the path is {str(path)!r}.")
    content = _encode(frames, fps, "gif")
    with written_whole(path) as unfinished:
        unfinished.write_bytes(content)
    return path


def save_png(frame: np.ndarray, path: str | os.PathLike) -> Path:
    """Writes one frame as a PNG. A small frame is enlarged.

    The file appears whole or not at all.

    Args:
        frame: uint8 image, `(height, width)` or `(height, width, 3)`.
        path: File to write, ending in `.png`, in a folder that exists.

    Returns:
        The path.

    Raises:
        ValueError: If the frame is no such image, or the path does not end in `.png`.
        OSError: If the file cannot be written.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> from gankit import plots
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plots.save_png(np.zeros((57, 57), "uint8"), f"{folder}/grid.png").name
    'grid.png'
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"A PNG's name must end in '.png', but the path is {str(path)!r}.")
    content = _encode([frame], 1, "png")
    with written_whole(path) as unfinished:
        unfinished.write_bytes(content)
    return path


# --- inside -------------------------------------------------------------------------------------


def _numbers(name: str, values: Any) -> np.ndarray:
    values = np.asarray(keras.ops.convert_to_numpy(values), dtype="float64")
    if values.size == 0:
        raise ValueError(f"`{name}` is empty: its shape is {values.shape}.")
    if not np.isfinite(values).all():
        bad = np.count_nonzero(~np.isfinite(values))
        raise ValueError(f"`{name}` holds {bad} values that are NaN or infinite.")
    return values


def _same_length(**vectors: Any) -> list[np.ndarray]:
    arrays = {name: _numbers(name, values) for name, values in vectors.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
        raise ValueError(f"All must be vectors of one length, but the shapes are {shapes}.")
    return list(arrays.values())


def _one_each(name: str, labels: Sequence[Any] | None, count: int, of: str):
    if labels is not None and len(labels) != count:
        raise ValueError(f"`{name}` has {len(labels)} entries for {count} {of}: give one each.")


def _columns(count: int, columns: int | None) -> int:
    if columns is not None:
        return min(check_count("columns", columns), count)
    if count <= 8:
        return count
    side = math.ceil(math.sqrt(count))
    return next((c for c in range(side, 2 * side) if count % c == 0), side)


def _gap(pixels: np.ndarray) -> int:
    return max(1, round(pixels.shape[2] / 28))


def _tile(pixels: np.ndarray, columns: int, gap: int, header: int) -> np.ndarray:
    count, height, width, channels = pixels.shape
    rows = -(-count // columns)
    cells = np.full((rows * columns, header + height + gap, width + gap, channels), 255, "uint8")
    cells[:count, header : header + height, :width] = pixels
    cells = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    tiled = cells.reshape(cells.shape[0] * cells.shape[1], -1, channels)[:-gap, :-gap]
    return tiled[..., 0] if channels == 1 else tiled


def _scale(height: int, width: int, room: int = _WIDTH) -> float:
    """Screen pixels per pixel: a whole number, unless one for one is too wide for the page."""
    if width > room:
        return room / width
    return max(1, min(room // width, _GRID_HEIGHT // height, 8))


def _draw_tiles(pixels, columns, gap, labels, row_labels, title, ax):
    """Draws tiled images; returns what the caller should return, and the axes."""
    rows = -(-len(pixels) // columns)
    _one_each("labels", labels, len(pixels), "images")
    _one_each("row_labels", row_labels, rows, "rows")
    labels = [] if labels is None else [str(label) for label in labels]
    row_labels = [] if row_labels is None else [str(label) for label in row_labels]
    height, width = _tile(pixels, columns, gap, 0).shape[:2]
    margin = 12 + 7 * max(map(len, row_labels)) if row_labels else 0

    figure = None
    scale = _scale(height, width, _WIDTH - margin) if ax is None else _scale_within(ax, width)
    header = math.ceil(16 / scale) if labels else 0
    tiled = _tile(pixels, columns, gap, header)
    if ax is None:
        figure, ax = _figure_around(tiled.shape[0] * scale, tiled.shape[1] * scale, margin, title)
    ax.imshow(tiled, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
    ax.axis("off")

    x_step, y_step = pixels.shape[2] + gap, header + pixels.shape[1] + gap
    for index, label in enumerate(labels):
        x = index % columns * x_step + pixels.shape[2] / 2 - 0.5
        y = index // columns * y_step + header - 0.5 - 3 / scale
        ax.text(x, y, label, ha="center", va="bottom", fontsize=_TEXT - 1)
    for row, label in enumerate(row_labels):
        y = row * y_step + header + pixels.shape[1] / 2 - 0.5
        ax.text(-0.5 - 8 / scale, y, label, ha="right", va="center", fontsize=_TEXT)
    if title:
        ax.set_title(title, fontsize=_TEXT + 2)
    return figure or ax, ax


def _scale_within(ax: Any, width: int) -> float:
    ax.figure.draw_without_rendering()  # a layout engine moves the axes only now
    return ax.get_window_extent().width / width


def _figure_around(height: float, width: float, margin: float, title: str | None) -> tuple:
    """A figure whose axes measure exactly so many pixels, with room for row labels and title."""
    full_height, full_width = height + (26 if title else 0), width + margin
    figure = _figure(full_width, full_height)
    return figure, figure.add_axes(
        (margin / full_width, 0, width / full_width, height / full_height)
    )


def _figure(width: float, height: float, **options: Any) -> Any:
    """A figure of so many pixels, made by pyplot (so that notebooks know it) and let go of."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, **options)
    plt.close(figure)
    return figure


def _figure_and_axes(width: float, height: float, ax: Any) -> tuple[Any, Any]:
    if ax is not None:
        return None, ax
    figure = _figure(width, height, layout="constrained")
    return figure, figure.subplots()


def _tidy(ax: Any):
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=_TEXT)
    ax.xaxis.label.set_size(_TEXT)
    ax.yaxis.label.set_size(_TEXT)


def _legend_and_title(ax: Any, columns: int, title: str | None):
    """Puts both above the axes, where they hide nothing."""
    entries = len(ax.get_legend_handles_labels()[0])
    ax.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=columns,
        frameon=False,
        fontsize=_TEXT,
        markerscale=1.8,
    )
    if title:
        ax.set_title(title, fontsize=_TEXT + 2, pad=8 + 16 * -(-entries // columns))


def _curves(ax: Any, epochs: np.ndarray, curves: Mapping[str, Any], lines: Mapping[str, float]):
    from matplotlib.ticker import MaxNLocator

    known = {
        "discriminator": DISCRIMINATOR,
        "generator": GENERATOR,
        "real": DATA,
        "fake": GENERATOR,
    }
    others = iter(_OTHERS * len(curves))
    marker = "o" if len(epochs) == 1 else None  # a line through one point is invisible
    for name, values in curves.items():
        color = known.get(name.rsplit("_", 1)[0]) or next(others)
        ax.plot(epochs, values, color=color, lw=1.8, marker=marker, label=name.replace("_", " "))
        if name in lines:
            label = f"equilibrium, {lines[name]:.3g}"
            ax.axhline(lines[name], color=color, ls=":", lw=1.5, label=label)
    _tidy(ax)
    ax.grid(axis="y", color="0.92", lw=0.8)
    ax.set_axisbelow(True)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False, fontsize=_TEXT)


def _mapping(ax: Any, latents: np.ndarray, mapped: np.ndarray, top: float):
    """Two lines under the densities, with an arrow from each latent to where it is sent."""
    low, high = ax.get_xlim()
    x_line, z_line = -0.22 * top, -0.5 * top
    spread = max(np.ptp(latents), np.finfo(float).tiny)
    starts = low + (latents - latents.min()) / spread * (high - low)
    for y, name in ((x_line, "x"), (z_line, "z")):
        ax.plot([low, high], [y, y], color="0.35", lw=1)
        ax.text(low, y + 0.02 * top, f"${name}$ ", ha="right", va="center", fontsize=_TEXT + 2)
    for start, end in zip(starts, mapped, strict=True):
        if low <= end <= high:
            arrow = {"arrowstyle": "-|>", "color": GENERATOR, "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", xy=(end, x_line), xytext=(start, z_line), arrowprops=arrow)
    ax.set_ylim(z_line - 0.05 * top, top)
    ax.spines["left"].set_bounds(0, top)
    ax.spines["bottom"].set_position(("data", 0))  # its numbers belong to x, not to z


def _decision_map(ax: Any, centres: np.ndarray, probabilities: np.ndarray, extent: tuple) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("decision", [_GENERATOR_SIDE, "white", _DATA_SIDE])
    image = ax.imshow(
        probabilities,
        origin="lower",
        extent=extent,
        vmin=0,
        vmax=1,
        cmap=colours,
        interpolation="bilinear",
    )
    if probabilities.min() < 0.5 < probabilities.max():
        ax.contour(centres, centres, probabilities, [0.5], colors=DISCRIMINATOR, linewidths=1.3)
    return image


def _frames(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
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


def _encode(frames: Sequence[np.ndarray], fps: float, kind: str) -> bytes:
    from PIL import Image

    if not 0 < fps <= 50:
        raise ValueError(f"`fps` must be above 0 and at most 50, but it is {fps!r}.")
    frames = _frames(frames)
    factor = int(_scale(*frames[0].shape[:2])) or 1
    pictures = [Image.fromarray(frame.repeat(factor, 0).repeat(factor, 1)) for frame in frames]
    if len(pictures) > 1 and pictures[0].mode == "RGB":
        # An animated PNG has one palette for all its frames; it halves the size.
        some = np.concatenate(frames[:: max(1, len(frames) // 8)])
        palette = Image.fromarray(some).quantize(256)
        pictures = [picture.quantize(palette=palette) for picture in pictures]
    film = {}
    if len(pictures) > 1:
        durations = [1000 / fps] * (len(frames) - 1) + [1000 * _HOLD]
        film = {"save_all": True, "append_images": pictures[1:], "duration": durations, "loop": 0}
    out = io.BytesIO()
    pictures[0].save(out, format=kind, optimize=True, **film)
    return out.getvalue()
