"""`LatentWalk`: what the generator makes along a path that comes back to its start."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike

from gankit import plots
from gankit.checks import check_count

__all__ = ["LatentWalk", "latent_walk", "slerp"]


def slerp(start: ArrayLike, end: ArrayLike, t: ArrayLike) -> np.ndarray:
    r"""Go from one vector to another along the arc between them, at a constant angular speed.

    $$q(t) = \big((1 - t)\,|a| + t\,|b|\big) \;
        \frac{\sin((1 - t)\,\Omega)\,\hat a + \sin(t\,\Omega)\,\hat b}{\sin \Omega}$$

    with $\hat a = a / |a|$, $\hat b = b / |b|$ and $\Omega$ the angle between them. Latents of many
    dimensions lie close to a sphere; a straight line between two of them leads through its inside,
    where the generator has never been.

    Args:
        start: $a$, vectors of shape `(..., d)`, finite, none of them zero.
        end: $b$, of the same shape.
        t: where to be: number, or array of shape `(k,)`; 0 is the start, 1 the end.

    Returns:
        float64 array of the shape of `t` followed by that of `start`.

    Raises:
        ValueError: if the shapes differ or have no axis, a value is not finite, a vector is zero,
            or two vectors point in opposite directions, between which no arc is the shortest.

    Example:

    >>> from gankit.callbacks import slerp
    >>> slerp([2.0, 0.0], [0.0, 2.0], [0.0, 0.5, 1.0]).round(3).tolist()
    [[2.0, 0.0], [1.414, 1.414], [0.0, 2.0]]

    Source: Shoemake, "Animating rotation with quaternion curves" (1985), section 3.3; for latents,
    White, "Sampling generative networks" (2016), section 2.1. Departure: vectors of different
    length, for which lengths and directions are interpolated each by itself.
    """
    start, end, t = (np.asarray(values, "float64") for values in (start, end, t))
    if start.shape != end.shape or start.ndim == 0 or t.ndim > 1:
        raise ValueError(
            f"`start` and `end` must have one shape (..., d), and `t` at most one axis. Received "
            f"shapes {start.shape}, {end.shape} and {t.shape}."
        )
    lengths = [np.linalg.norm(vectors, axis=-1, keepdims=True) for vectors in (start, end)]
    for name, length in zip(("start", "end"), lengths, strict=True):
        if not (np.isfinite(length) & (length > 0)).all():
            raise ValueError(f"A vector in `{name}` is zero or not finite: its length is {length}.")
    a, b = start / lengths[0], end / lengths[1]
    # More exact than the arc cosine where the angle is small.
    gap = np.linalg.norm(a - b, axis=-1, keepdims=True)
    angle = 2 * np.arctan2(gap, np.linalg.norm(a + b, axis=-1, keepdims=True))
    if (angle > np.pi - 1e-6).any():
        raise ValueError("Two vectors point in opposite directions: no arc is the shortest.")
    t = t.reshape(t.shape + (1,) * start.ndim)
    # sin(t x) / sin(x) tends to t, which NumPy's sinc knows.
    parts = (np.sinc(s * angle / np.pi) / np.sinc(angle / np.pi) * s for s in (1 - t, t))
    return ((1 - t) * lengths[0] + t * lengths[1]) * sum(
        part * direction for part, direction in zip(parts, (a, b), strict=True)
    )


def latent_walk(
    gan: Any,
    n: int | None = None,
    *,
    stops: int = 4,
    steps: int = 12,
    labels: Sequence[int] | None = None,
    seed: int = 0,
    columns: int | None = None,
) -> list[np.ndarray]:
    """Decode walks through the latent space that end where they began.

    Each walk goes from latent to latent along `slerp`, and from the last back to the first.

    Args:
        gan: a trained `gankit.GAN` that makes images.
        n: walks, shown side by side. Default: 16, or as many as there are `labels`.
        stops: latents that each walk passes, at least 2.
        steps: frames from one to the next.
        labels: for a conditional GAN, the class of each walk, `n` integers.
        seed: seed of the latents.
        columns: walks in a row; by default a shape near a square.

    Returns:
        `stops * steps` frames, uint8 arrays `(height, width)` or `(height, width, 3)`, for
        `gankit.plots.show_animation(frames, hold=0)` and `save_gif`.

    Raises:
        ValueError: on an argument out of range, if the generator makes no images or NaN, or has
            one latent only, where there are no arcs.

    Example:

    >>> from gankit.callbacks import latent_walk
    >>> from gankit.models.dcgan import DCGAN
    >>> frames = latent_walk(DCGAN((16, 16, 1), latent_dim=8, width=4), n=4, stops=3, steps=5)
    >>> len(frames), frames[0].shape
    (15, (16, 67))
    """
    n, stops, steps = _check_walk(n, labels, stops, steps)
    _check_gan(gan)
    drawn = keras.ops.convert_to_numpy(gan.sample_latents(stops * n, seed))
    drawn = drawn.reshape(stops, n, gan.latent_dim)
    t = np.arange(steps) / steps
    frames = []
    for start, end in zip(drawn, np.roll(drawn, -1, axis=0), strict=True):
        for latents in slerp(start, end, t):
            images = gan.generate(latents=latents, labels=labels)
            frames.append(plots.tile(plots.to_pixels(np.clip(images, -1, 1)), columns))
    return frames


class LatentWalk(keras.callbacks.Callback):
    """Writes `latent_walk` as a GIF when training ends, and on the way where that is asked for.

    Neither the weights nor the model's random state notice.

    Args:
        path: file to write, ending in `.gif`; its folder is made where it is missing.
        n: walks, shown side by side. Default: 16, or as many as there are `labels`.
        stops: latents that each walk passes, at least 2.
        steps: frames from one to the next.
        labels: for a conditional GAN, the class of each walk, `n` integers.
        seed: seed of the latents.
        columns: walks in a row; by default a shape near a square.
        fps: frames per second.
        every: epochs between two writings; each replaces the one before. None: only at the end.

    Raises:
        ValueError: on an argument out of range, and when training begins, if the generator makes
            no images.
        OSError: when training begins, if the folder cannot be made.

    Example:

    `gan.fit(images, epochs=20, callbacks=[gankit.callbacks.LatentWalk("walk.gif", n=9)])`
    """

    def __init__(
        self,
        path: str | os.PathLike,
        n: int | None = None,
        *,
        stops: int = 4,
        steps: int = 12,
        labels: Sequence[int] | None = None,
        seed: int = 0,
        columns: int | None = None,
        fps: float = 12,
        every: int | None = None,
    ):
        super().__init__()
        self.path = Path(path)
        if self.path.suffix.lower() != ".gif":
            raise ValueError(f"`path` must end in '.gif'. Received: {str(path)!r}.")
        if not 0 < fps <= 50:
            raise ValueError(f"`fps` must be above 0 and at most 50. Received: fps={fps!r}.")
        self.fps = fps
        self.every = None if every is None else check_count("every", every)
        n, stops, steps = _check_walk(n, labels, stops, steps)
        self.walk = {
            "n": n,
            "stops": stops,
            "steps": steps,
            "labels": labels,
            "seed": check_count("seed", seed, minimum=0),
            "columns": None if columns is None else check_count("columns", columns),
        }

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Refuse before training what would fail after it."""
        _check_gan(self.model)
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write the walk, where it is due."""
        if self.every is not None and (epoch + 1) % self.every == 0:
            self._write()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Write the walk."""
        self._write()

    def _write(self) -> None:
        plots.save_gif(latent_walk(self.model, **self.walk), self.path, self.fps, hold=0)


def _check_walk(n, labels, stops, steps) -> tuple[int, int, int]:
    if n is None:
        n = 16 if labels is None else len(labels)
    if labels is not None and len(labels) != n:
        raise ValueError(f"`labels` has {len(labels)} entries for n={n} walks: give one each.")
    counts = check_count("n", n), check_count("stops", stops, 2), check_count("steps", steps)
    return counts


def _check_gan(gan: Any) -> None:
    if len(gan.example_shape) != 3 or gan.latent_dim < 2:
        raise ValueError(
            "A walk needs a GAN that makes images (height, width, channels) from at least 2 "
            f"latents. Received: examples of shape {gan.example_shape} from {gan.latent_dim}."
        )
