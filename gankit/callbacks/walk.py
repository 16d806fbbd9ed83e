"""`LatentWalk`: show what a GAN makes along a path that comes back to its start."""

from __future__ import annotations

import os
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike

from gankit import plots
from gankit.callbacks import _fixed_inputs as fixed
from gankit.checks import check_count, check_number, check_seed
from gankit.plots._draw import number_array
from gankit.plots.animations import picture_path


def slerp(start: ArrayLike, end: ArrayLike, t: ArrayLike) -> np.ndarray:
    r"""Go from one vector to another along the arc between them, at a constant angular speed.

    $$q(t) = \big((1 - t)\,|a| + t\,|b|\big) \;
        \frac{\sin((1 - t)\,\Omega)\,\hat a + \sin(t\,\Omega)\,\hat b}{\sin \Omega}$$

    with $\hat a = a / |a|$, $\hat b = b / |b|$ and $\Omega$ the angle between them. Latents of many
    dimensions lie close to a sphere. A straight line between two of them leads through its inside,
    which the generator has never seen.

    Args:
        start: $a$, vectors of shape `(..., d)`, finite, none of them zero.
        end: $b$, of the same shape.
        t: where to be: number, or array of shape `(k,)`; 0 is the start, 1 the end.

    Returns:
        float64 array of the shape of `t` followed by that of `start`.

    Raises:
        ValueError: if the shapes differ or have no axis, a value is not finite, a vector is zero,
            or two vectors point in opposite directions, between which no arc is the shortest.
        TypeError: if an argument holds no numbers.

    Example:

    >>> from gankit.callbacks import slerp
    >>> slerp([2.0, 0.0], [0.0, 2.0], [0.0, 0.5, 1.0]).round(3).tolist()
    [[2.0, 0.0], [1.414, 1.414], [0.0, 2.0]]

    Source: Shoemake, "Animating rotation with quaternion curves" (1985), section 3.3; for latents,
    White, "Sampling generative networks" (2016), section 2.1. Departure: vectors may differ in
    length; their lengths are then interpolated separately from their directions.
    """
    given = {"start": start, "end": end, "t": t}
    start, end, t = (number_array(name, v).astype("float64") for name, v in given.items())
    if start.shape != end.shape or start.ndim == 0 or t.ndim > 1:
        raise ValueError(
            f"`start` and `end` must have one shape (..., d), and `t` at most one axis. Received "
            f"shapes {start.shape}, {end.shape} and {t.shape}."
        )
    if not np.isfinite(t).all():
        raise ValueError(f"`t` must be finite. Received: t={t.tolist()}.")
    lengths = [np.linalg.norm(vectors, axis=-1, keepdims=True) for vectors in (start, end)]
    for name, length in zip(("start", "end"), lengths, strict=True):
        if not (np.isfinite(length) & (length > 0)).all():
            raise ValueError(
                f"No vector in `{name}` may be zero, and all must be finite. Received vectors of "
                f"lengths {length.ravel().tolist()}."
            )
    a, b = start / lengths[0], end / lengths[1]
    # More exact than the arc cosine where the angle is small.
    gap = np.linalg.norm(a - b, axis=-1, keepdims=True)
    angle = 2 * np.arctan2(gap, np.linalg.norm(a + b, axis=-1, keepdims=True))
    if (angle > np.pi - 1e-6).any():
        raise ValueError(
            "`start` and `end` must not point in opposite directions, between which no arc is the "
            f"shortest. Received vectors {angle.max():.7f} radians apart."
        )
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
    labels: Any = None,
    seed: int = 0,
    columns: int | None = None,
) -> list[np.ndarray]:
    """Decode walks through the latent space that end where they began.

    Each walk goes from latent to latent along `slerp`, and from the last back to the first.

    Args:
        gan: a trained `gankit.GAN` that makes images.
        n: number of walks, shown side by side. Default: 16, or as many as there are `labels`.
        stops: latents that each walk passes, at least 2.
        steps: frames from one to the next.
        labels: for a conditional GAN, the class number or label vector of each walk.
        seed: seed of the latents.
        columns: walks in a row; by default a shape near a square.

    Returns:
        `stops * steps` frames, uint8 arrays `(height, width)` or `(height, width, 3)`, for
        `gankit.plots.show_animation(frames, hold=0)` and `save_gif`.

    Raises:
        ValueError: on an argument out of range; if the generator makes NaN or no images, or starts
            from a single latent, where there are no arcs.
        TypeError: if `labels` cannot be counted, or the model does not make examples of latents.

    Example:

    >>> from gankit.callbacks import latent_walk
    >>> from gankit.models.dcgan import DCGAN
    >>> frames = latent_walk(DCGAN((16, 16, 1), latent_dim=8, width=4), n=4, stops=3, steps=5)
    >>> len(frames), frames[0].shape
    (15, (16, 67))
    """
    n, labels = _check_walk(n, stops, steps, labels, seed, columns)
    _check_gan("latent_walk", gan, n, labels, seed)
    every_stop = None if labels is None else np.concatenate([labels] * stops)
    drawn, *conditions = gan.inputs_for(stops * n, seed, every_stop)
    drawn, conditions = drawn.reshape(stops, n, -1), [given[:n] for given in conditions]
    t = np.arange(steps) / steps
    frames = []
    for start, end in zip(drawn, np.roll(drawn, -1, axis=0), strict=True):
        for latents in slerp(start, end, t):
            images = gan.make((latents.astype("float32"), *conditions))
            frames.append(fixed.grid_of(images, columns))
    return frames


class LatentWalk(keras.callbacks.Callback):
    """Write `latent_walk` as a GIF when training ends, and with `every` on the way too.

    The weights and the model's random state stay as they are.

    Args:
        path: file to write, ending in `.gif`; its folder is made where it is missing.
        n: number of walks, shown side by side. Default: 16, or as many as there are `labels`.
        stops: latents that each walk passes, at least 2.
        steps: frames from one to the next.
        labels: for a conditional GAN, the class number or label vector of each walk.
        seed: seed of the latents.
        columns: walks in a row; by default a shape near a square.
        fps: frames per second.
        every: epochs between two files; each replaces the one before. None: only at the end.

    Raises:
        ValueError: on an argument out of range; when training begins, if the model makes no
            images, takes no such labels, or starts from a single latent.
        TypeError: if `path` is no path, `fps` no number, or `labels` cannot be counted; when
            training begins, if the model does not make examples of latents.
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
        labels: Any = None,
        seed: int = 0,
        columns: int | None = None,
        fps: float = 12,
        every: int | None = None,
    ):
        super().__init__()
        self.path = picture_path("path", path, "gif")
        self.fps = check_number("fps", fps, maximum=50, above=0)
        self.every = None if every is None else check_count("every", every)
        n, labels = _check_walk(n, stops, steps, labels, seed, columns)
        self.walk = dict(n=n, stops=stops, steps=steps, labels=labels, seed=seed, columns=columns)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Refuse before training what would fail after it."""
        walk = self.walk
        _check_gan("LatentWalk", self.model, walk["n"], walk["labels"], walk["seed"])
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write the walk where it is due."""
        if self.every is not None and (epoch + 1) % self.every == 0:
            self._write()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Write the walk."""
        self._write()

    def _write(self) -> None:
        plots.save_gif(latent_walk(self.model, **self.walk), self.path, self.fps, hold=0)


def _check_walk(n, stops, steps, labels, seed, columns) -> tuple[int, np.ndarray | None]:
    """Refuse numbers out of range; the number of walks, and the labels as an array."""
    check_count("stops", stops, 2)
    check_count("steps", steps)
    check_seed("seed", seed)
    fixed.check_columns(columns)
    n = fixed.count_examples(n, 16, labels=labels)
    return n, None if labels is None else number_array("labels", labels)


def _check_gan(who: str, gan: Any, n: int, labels: Any, seed: int) -> None:
    """Refuse a model that cannot walk, by trying it on the first latent."""
    fixed.check_maker(who, gan)
    kind = type(gan).__name__
    if gan.makes_from != "latents":
        raise TypeError(
            f"{who} walks from latent to latent. Received: {kind}, which makes pictures of "
            f"{gan.makes_from}. Show them with gankit.callbacks.SampleGrid(inputs=...)."
        )
    inputs = gan.inputs_for(n, seed, labels)
    if inputs[0].shape[1] < 2:
        raise ValueError(
            f"{who} needs at least 2 latents, since a line has no arcs. Received: a {kind} with "
            f"latent_dim={inputs[0].shape[1]}. Show it with gankit.callbacks.SampleGrid."
        )
    fixed.check_pictures(who, gan, fixed.shape_made(gan, inputs))
