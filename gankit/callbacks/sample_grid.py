"""`SampleGrid`: what the generator makes of the same latents, epoch after epoch."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gankit import plots
from gankit.callbacks._same_latents import SameLatents
from gankit.checks import check_count

__all__ = ["SampleGrid"]


class SampleGrid(SameLatents):
    """Shows the same latents decoded before training and after every epoch.

    In a notebook one picture stands above the progress bar and is replaced in place, so a saved
    notebook holds the last one only. Outside, the grids go to files where that is asked for. All
    of them stay in memory, in `frames`, for `gankit.plots.show_animation` and `filmstrip`.

    The latents are drawn once per `fit` and passed to `model.generate`, so neither the weights nor
    the model's random state notice: training with this callback and without it ends the same.
    Values outside [-1, 1], which a generator without tanh may give, are clipped.

    A run that is resumed shows no grid before its first epoch, because that run's predecessor did;
    its `frames`, and the GIF, begin there.

    Args:
        n: Images in the grid. Default: 64, or as many as there are `labels`.
        columns: Images in a row; by default a shape near a square.
        labels: For a conditional GAN, the class of each image, `n` integers.
        seed: Seed of the latents.
        every: Epochs between two grids; the last epoch is always shown.
        directory: Folder for `epoch_0000.png` (before training), `epoch_0001.png`, …; made where it
            is missing. None: no such files.
        gif: File for all grids as one animation, written when training ends; its name ends in
            `.gif`, and its folder is made where it is missing. None: no such file.
        display: Whether to show the grid live: True, False, or `"auto"` for "in a notebook".

    Attributes:
        frames: List of uint8 arrays, `(height, width)` or `(height, width, 3)`, of the last `fit`.
        epochs: Number of epochs trained at each frame; 0 is before training.

    Raises:
        ValueError: On an argument out of range, and during `fit` if the generator makes no images
            or makes NaN.
        OSError: When `fit` begins, if a folder cannot be made.

    Example:

    >>> import keras, numpy as np, gankit
    >>> from gankit.callbacks import SampleGrid
    >>> generator = keras.Sequential([
    ...     keras.Input((4,)), keras.layers.Dense(64, "tanh"), keras.layers.Reshape((8, 8, 1))])
    >>> discriminator = keras.Sequential([
    ...     keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    >>> gan = gankit.GAN(generator, discriminator, latent_dim=4, seed=0)
    >>> gan.compile()
    >>> grid = SampleGrid(n=16, display=False)
    >>> history = gan.fit(np.zeros((32, 8, 8, 1), "float32"), epochs=2, callbacks=[grid], verbose=0)
    >>> grid.epochs, grid.frames[-1].shape
    ([0, 1, 2], (35, 35))
    """

    def __init__(
        self,
        n: int | None = None,
        *,
        columns: int | None = None,
        labels: Sequence[int] | None = None,
        seed: int = 0,
        every: int = 1,
        directory: str | os.PathLike | None = None,
        gif: str | os.PathLike | None = None,
        display: bool | str = "auto",
    ):
        super().__init__(n, labels, seed, every, default=64)
        self.columns = None if columns is None else check_count("columns", columns)
        self.directory = None if directory is None else Path(directory)
        self.gif = None if gif is None else Path(gif)
        if self.gif is not None and self.gif.suffix.lower() != ".gif":
            raise ValueError(f"`gif` must name a file that ends in '.gif', but it is {gif!r}.")
        if display not in (True, False, "auto"):
            raise ValueError(f"`display` must be True, False or 'auto', but it is {display!r}.")
        self.display = _in_notebook() if display == "auto" else bool(display)
        self.frames, self.epochs = [], []
        self._handle = None

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.frames, self.epochs = [], []
        self._handle = None
        self._trained = 0
        # Before training, lest hours of it end in an error about a folder.
        for folder in (self.directory, self.gif and self.gif.parent):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)

    def on_epoch_begin(self, epoch, logs=None):
        # Not in `on_train_begin`: only now is it known whether this run is resumed.
        if epoch == 0:
            self._draw(0)

    def on_epoch_end(self, epoch, logs=None):
        self._trained = epoch + 1
        if self._trained % self.every == 0:
            self._draw(self._trained)

    def on_train_end(self, logs=None):
        # Training may have been stopped early, so only now is it known which epoch was the last.
        if self._trained and self._trained not in self.epochs:
            self._draw(self._trained)
        if self.gif is not None and self.frames:
            plots.save_gif(self.frames, self.gif)

    def _draw(self, epoch: int):
        pixels = plots.to_pixels(np.clip(self._generate(epoch), -1, 1))
        self.frames.append(plots.tile(pixels, self.columns))
        self.epochs.append(epoch)
        if self.directory is not None:
            plots.save_png(self.frames[-1], self.directory / f"epoch_{epoch:04d}.png")
        if self.display:
            self._show(epoch)

    def _show(self, epoch: int):
        from IPython.display import display

        title = "before training" if epoch == 0 else f"after epoch {epoch}"
        figure = plots.filmstrip(self.frames[-1:], labels=[title])
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this; a terminal's IPython has no `kernel`."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return getattr(get_ipython(), "kernel", None) is not None
