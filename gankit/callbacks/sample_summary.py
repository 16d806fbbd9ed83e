"""`SampleSummary`: write what the model makes as pictures for TensorBoard."""

from __future__ import annotations

import io
import os
import time
from typing import Any

import numpy as np

from gankit.callbacks._fixed_inputs import FixedPictures
from gankit.checks import check_path


class SampleSummary(FixedPictures):
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
        TypeError: if `labels` or `inputs` cannot be counted, or `log_dir` is no path; when
            training begins, if the model makes nothing (see `gankit.sampling`).

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
        super().__init__(n, columns, labels, inputs, seed, every)
        self.log_dir = check_path("log_dir", log_dir)
        _event_writer()

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Fix the inputs and open the file, in the folder where the losses of training are."""
        super().on_train_begin(logs)
        folder = str(self.log_dir / "train")
        self._writer = _event_writer()(folder, filename_suffix=".samples")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write the grid."""
        if self._is_due(epoch + 1):
            self._writer.add_event(_image_event("samples", self._grid(epoch + 1), epoch))
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
    (height, width), colors = frame.shape[:2], 1 if frame.ndim == 2 else 3
    size = {"height": height, "width": width, "colorspace": colors}
    image = Summary.Image(encoded_image_string=png.getvalue(), **size)
    summary = Summary(value=[Summary.Value(tag=tag, image=image)])
    return Event(wall_time=time.time(), step=step, summary=summary)
