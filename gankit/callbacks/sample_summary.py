"""`SampleSummary`: write what the model makes as pictures for TensorBoard."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from gankit import plots
from gankit.callbacks._fixed_inputs import FixedInputs
from gankit.checks import check_count

__all__ = ["SampleSummary"]


class SampleSummary(FixedInputs):
    """Write a grid of what the model makes for TensorBoard, beside Keras' own callback.

    `keras.callbacks.TensorBoard` writes the losses and whatever else is in the logs, and needs
    TensorFlow for it on every backend. This callback writes the pictures into the same folder and
    counts the epochs in the same way, from 0. It needs only the package `tensorboard`. Look at both
    with `tensorboard --logdir LOG_DIR`. Each grid shows the same latents, or the same inputs.
    Values outside [-1, 1] are clipped. The weights and the model's random state stay as they are.

    Args:
        log_dir: the folder that `keras.callbacks.TensorBoard` was given.
        n: images in the grid. Default: 64, or as many as there are `labels` or `inputs`.
        columns: images in a row; by default a shape near a square.
        labels: for a conditional GAN, the class number or label vector of each image.
        inputs: for a model that makes pictures of pictures, the pictures to start from.
        seed: seed of the latents.
        every: write after the first epoch, every `every` epochs, and after the last.

    Raises:
        ImportError: if `tensorboard` is not installed.
        ValueError: on an argument out of range; when training begins, if the model makes no
            pictures, or takes no such labels or inputs; during `fit`, if the generator makes NaN.
        TypeError: when training begins, if the model makes nothing (see `gankit.sampling`).

    Example:

    `gan.fit(images, callbacks=[keras.callbacks.TensorBoard("logs"), SampleSummary("logs")])`
    """

    def __init__(
        self,
        log_dir: str | os.PathLike,
        n: int | None = None,
        *,
        columns: int | None = None,
        labels: Any = None,
        inputs: Any = None,
        seed: int = 0,
        every: int = 1,
    ):
        super().__init__(n, labels, inputs, seed, every, default=64)
        self.columns = None if columns is None else check_count("columns", columns)
        self.log_dir = Path(log_dir)
        _event_writer()

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Fix the inputs and open the file, in the folder where the losses of training are."""
        super().on_train_begin(logs)
        self._check_pictures()
        folder = str(self.log_dir / "train")
        self._writer = _event_writer()(folder, filename_suffix=".samples")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write the grid."""
        if not self._is_due(epoch + 1):
            return
        pixels = plots.to_pixels(np.clip(self._make(epoch + 1), -1, 1))
        self._writer.add_event(_image_event("samples", plots.tile(pixels, self.columns), epoch))
        self._writer.flush()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Close the file."""
        self._writer.close()


def _event_writer() -> type:
    try:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError as error:
        raise ImportError(
            "SampleSummary writes for TensorBoard, which is not installed: "
            "pip install tensorboard (it belongs to gankit's `lab` extra)."
        ) from error
    return EventFileWriter


def _image_event(tag: str, frame: np.ndarray, step: int):
    from PIL import Image
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    png = io.BytesIO()
    Image.fromarray(frame).save(png, format="png")
    image = Summary.Image(
        height=frame.shape[0],
        width=frame.shape[1],
        colorspace=1 if frame.ndim == 2 else 3,
        encoded_image_string=png.getvalue(),
    )
    summary = Summary(value=[Summary.Value(tag=tag, image=image)])
    return Event(wall_time=time.time(), step=step, summary=summary)
