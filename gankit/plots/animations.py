"""Convert figures to frames, and frames to animations and files."""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gankit.checks import check_number, check_path
from gankit.plots._draw import captions
from gankit.plots._tiles import check_frames, integer_scale
from gankit.plots.player import Player
from gankit.saving import atomic_write


def to_frame(figure: Any) -> np.ndarray:
    """Render a figure into a frame for `show_animation`, `save_gif` and `filmstrip`.

    Args:
        figure: a matplotlib figure.

    Returns:
        uint8 array `(height, width, 3)`.

    Raises:
        TypeError: if it is no figure, but axes for example.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> plots.to_frame(plots.image_grid(np.zeros((4, 28, 28, 1)))).dtype
    dtype('uint8')
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not isinstance(figure, Figure):
        raise TypeError(f"`figure` must be a matplotlib figure. Received: figure={figure!r}.")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def show_animation(
    frames: Sequence[np.ndarray],
    fps: float = 8,
    hold: float = 1.5,
    labels: Sequence[Any] | None = None,
) -> Any:
    """Return a player with a slider and a button, which plays the frames in a notebook.

    The player needs no file and no network. It works in JupyterLab and in a page exported from it.
    A viewer that runs no scripts shows a few frames side by side. All frames share a palette of at
    most 256 colors; if the frames are many or large, the palette has 64, 32 or 16. Small frames are
    enlarged.

    Args:
        frames: uint8 images of equal size, `(height, width)` or `(height, width, 3)`.
        fps: frames per second, above 0 and at most 50.
        hold: seconds to rest on the last frame; 0 for an animation that ends where it began.
        labels: one text per frame, shown beside the slider; by default "1 of 10", "2 of 10", ...

    Returns:
        A `gankit.plots.player.Player`. Put it on the last line of a cell, or `display` it.

    Raises:
        ValueError: if there are no frames, a frame has another dtype or shape, `fps` or `hold` is
            out of range, or the number of labels is not the number of frames.
        TypeError: if `frames` or `labels` is no list, or `fps` or `hold` is no number.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> plots.show_animation([np.full((32, 32), 25 * i, "uint8") for i in range(10)])
    <animation of 10 frames>
    """
    fps, hold, frames = _check_film(frames, fps, hold)
    texts = captions("labels", labels, len(frames), "frames")
    texts = texts or [f"{index} of {len(frames)}" for index in range(1, len(frames) + 1)]
    return Player(frames, texts, fps, hold)


def save_gif(
    frames: Sequence[np.ndarray], path: str | os.PathLike, fps: float = 8, hold: float = 1.5
) -> Path:
    """Write frames as a GIF that loops. Small frames are enlarged.

    The file is written completely or not at all.

    Args:
        frames: uint8 images of equal size, `(height, width)` or `(height, width, 3)`.
        path: file to write, ending in `.gif`, in a folder that exists.
        fps: frames per second, above 0 and at most 50; GIF counts in hundredths of a second.
        hold: seconds to rest on the last frame; 0 for an animation that ends where it began.

    Returns:
        The path.

    Raises:
        ValueError: if there are no frames, a frame has another dtype or shape, `fps` or `hold` is
            out of range, or the path does not end in `.gif`.
        TypeError: if `frames` is no list, `fps` or `hold` no number, or `path` no path.
        OSError: if the file cannot be written.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> from gankit import plots
    >>> frames = [np.full((32, 32), 25 * i, "uint8") for i in range(10)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plots.save_gif(frames, f"{folder}/fade.gif").name
    'fade.gif'
    """
    return _write(frames, path, "gif", fps, hold)


def save_png(frame: np.ndarray, path: str | os.PathLike) -> Path:
    """Write one frame as a PNG. A small frame is enlarged.

    The file is written completely or not at all.

    Args:
        frame: uint8 image, `(height, width)` or `(height, width, 3)`.
        path: file to write, ending in `.png`, in a folder that exists.

    Returns:
        The path.

    Raises:
        ValueError: if the frame has another dtype or shape, or the path does not end in `.png`.
        TypeError: if `path` is no path.
        OSError: if the file cannot be written.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> from gankit import plots
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plots.save_png(np.zeros((57, 57), "uint8"), f"{folder}/grid.png").name
    'grid.png'
    """
    return _write([frame], path, "png")


def picture_path(name: str, value: Any, kind: str) -> Path:
    """The path of a file of this kind, or an error that repeats what came instead."""
    path = check_path(name, value)
    if path.suffix.lower() != f".{kind}":
        raise ValueError(f"`{name}` must end in '.{kind}'. Received: {name}={str(path)!r}.")
    return path


def _write(frames: Sequence[np.ndarray], path: Any, kind: str, fps: float = 1, hold: float = 0):
    path = picture_path("path", path, kind)
    content = encode(frames, kind, fps, hold)
    with atomic_write(path) as unfinished:
        unfinished.write_bytes(content)
    return path


def encode(frames: Sequence[np.ndarray], kind: str, fps: float = 1, hold: float = 0) -> bytes:
    """Return frames as the content of a PNG or GIF file; small frames are enlarged."""
    from PIL import Image

    fps, hold, frames = _check_film(frames, fps, hold)
    factor = int(integer_scale(*frames[0].shape[:2])) or 1
    pictures = [Image.fromarray(frame.repeat(factor, 0).repeat(factor, 1)) for frame in frames]
    options = {}
    if len(pictures) > 1:
        if pictures[0].mode == "RGB":
            # The frames of an animated PNG share one palette, which halves its size.
            sample = np.concatenate(frames[:: max(1, len(frames) // 8)])
            palette = Image.fromarray(sample).quantize(256)
            pictures = [picture.quantize(palette=palette) for picture in pictures]
        durations = [1000 / fps] * (len(frames) - 1) + [1000 * max(hold, 1 / fps)]
        options = {
            "save_all": True,
            "append_images": pictures[1:],
            "duration": durations,
            "loop": 0,
        }
    out = io.BytesIO()
    pictures[0].save(out, format=kind, optimize=True, **options)
    return out.getvalue()


def _check_film(frames: Any, fps: Any, hold: Any) -> tuple[float, float, list[np.ndarray]]:
    fps = check_number("fps", fps, maximum=50, above=0)
    hold = check_number("hold", hold, 0, 60)  # seconds
    return fps, hold, check_frames(frames)
