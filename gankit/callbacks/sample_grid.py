"""`SampleGrid`: show what the model makes of the same inputs, epoch after epoch."""

from __future__ import annotations

import os
import sys
from typing import Any

from gankit import plots
from gankit.callbacks._fixed_inputs import FixedPictures
from gankit.checks import check_choice, check_path
from gankit.plots.animations import picture_path


class SampleGrid(FixedPictures):
    """Show what the model makes of the same inputs, before training and after every epoch.

    In a notebook one picture stands above the progress bar and is replaced in place, so a saved
    notebook holds only the last one. Elsewhere the grids go to files, if `directory` or `gif` asks
    for them. All grids stay in memory, in `frames`, for `gankit.plots.show_animation` and
    `filmstrip`.

    A GAN makes the grid from latents, which are drawn once per `fit`. A model that makes pictures
    of pictures makes it from `inputs`. The weights and the model's random state stay as they are:
    training with this callback and without it ends the same. Values outside [-1, 1], which a
    generator without tanh may return, are clipped.

    A run that is resumed shows no grid before its first epoch, because its predecessor has shown
    it. Its `frames`, and the GIF, begin after that epoch.

    Args:
        n: images in the grid. Default: 64, or as many as there are `labels` or `inputs`.
        columns: images in a row; by default a shape near a square.
        labels: for a conditional GAN, the class number or label vector of each image.
        inputs: for a model that makes pictures of pictures, the pictures to start from.
        seed: seed of the latents.
        every: epochs between two grids; the last epoch is always shown.
        directory: folder for `epoch_0000.png` (before training), `epoch_0001.png`, …; made where it
            is missing. None: no such files.
        gif: file for all grids as one animation, written when training ends; its name ends in
            `.gif`, and its folder is made where it is missing. None: no such file.
        display: whether to show the grid live: True, False, or `"auto"` for "in a notebook".

    Attributes:
        frames: list of uint8 arrays, `(height, width)` or `(height, width, 3)`, of the last `fit`.
        epochs: number of epochs trained at each frame; 0 is before training.

    Raises:
        ValueError: on an argument out of range; when training begins, if the model makes no
            pictures, or takes no such labels or inputs; during `fit`, if the generator makes NaN.
        TypeError: if `labels` or `inputs` cannot be counted, or a path is none; when training
            begins, if the model makes nothing (see `gankit.sampling`).
        OSError: when training begins, if a folder cannot be made.

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
        labels: Any = None,
        inputs: Any = None,
        seed: int = 0,
        every: int = 1,
        directory: str | os.PathLike | None = None,
        gif: str | os.PathLike | None = None,
        display: bool | str = "auto",
    ):
        super().__init__(n, columns, labels, inputs, seed, every)
        self.directory = None if directory is None else check_path("directory", directory)
        self.gif = None if gif is None else picture_path("gif", gif, "gif")
        check_choice("display", display, (True, False, "auto"))
        self.display = _in_notebook() if display == "auto" else display
        self.frames, self.epochs = [], []

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Fix the inputs, make the folders, and refuse before training what would fail in it."""
        super().on_train_begin(logs)
        self.frames, self.epochs = [], []
        self._handle = None
        self._trained = 0
        for folder in (self.directory, self.gif and self.gif.parent):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Draw the grid before training; only now is it known whether this run is resumed."""
        if epoch == 0:
            self._draw(0)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Draw the grid, where it is due."""
        self._trained = epoch + 1
        if self._trained % self.every == 0:
            self._draw(self._trained)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Draw the grid of the last epoch, which early stopping may have chosen; write the GIF."""
        if self._trained and self._trained not in self.epochs:
            self._draw(self._trained)
        if self.gif is not None and self.frames:
            plots.save_gif(self.frames, self.gif)

    def _draw(self, epoch: int) -> None:
        self.frames.append(self._grid(epoch))
        self.epochs.append(epoch)
        if self.directory is not None:
            plots.save_png(self.frames[-1], self.directory / f"epoch_{epoch:04d}.png")
        if self.display:
            self._show(epoch)

    def _show(self, epoch: int) -> None:
        from IPython.display import display

        last = (self.params or {}).get("epochs", "?")
        title = "before training" if epoch == 0 else f"after epoch {epoch} of {last}"
        figure = plots.filmstrip(self.frames[-1:], labels=[title])
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)


def _in_notebook() -> bool:
    """Tell whether a Jupyter kernel runs this; IPython in a terminal has no `kernel`."""
    ipython = sys.modules.get("IPython")  # which a kernel has imported
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None
