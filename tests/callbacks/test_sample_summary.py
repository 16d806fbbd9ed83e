"""What TensorBoard reads back of a run: Keras' scalars and our pictures."""

import io
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from tensorboard.util import tensor_util

from gankit import plots
from gankit.callbacks import Evaluate, SampleSummary


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder), size_guidance={"images": 0, "tensors": 0}).Reload()


def test_the_pictures_are_those_of_each_epoch(images_gan, drive, tmp_path):
    pictures = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: pictures.append(
            plots.tile(plots.to_pixels(images_gan.generate(9, seed=2)))
        )
    )
    drive(images_gan, SampleSummary(tmp_path, n=9, seed=2, every=2), watch, epochs=3)
    events = read(tmp_path / "train").Images("samples")
    assert [event.step for event in events] == [0, 1, 2]
    assert events[0].wall_time > 1e9
    for event, expected in zip(events, pictures, strict=True):
        assert (event.height, event.width) == expected.shape
        shown = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)))
        np.testing.assert_array_equal(shown, expected)


def test_scalars_and_pictures_stand_side_by_side(images_gan, tmp_path):
    images = np.random.default_rng(0).uniform(-1, 1, (16, 8, 8, 1)).astype("float32")
    callbacks = [
        Evaluate({"spread": np.std}, n=4),
        keras.callbacks.TensorBoard(tmp_path, write_steps_per_second=True),
        SampleSummary(tmp_path, n=4),
    ]
    history = images_gan.fit(images, batch_size=8, verbose=0, callbacks=callbacks).history
    events = read(tmp_path / "train")
    assert events.Tags()["images"] == ["samples"]
    for name in ("discriminator_loss", "generator_loss", "spread"):
        (event,) = events.Tensors(f"epoch_{name}")
        assert event.step == 0
        assert tensor_util.make_ndarray(event.tensor_proto) == pytest.approx(history[name][0])
    for name in ("steps_per_second", "learning_rate_generator_adam"):
        assert f"epoch_{name}" in events.Tags()["tensors"]


def test_colors(drive, tmp_path):
    class Colors:
        makes_from = "latents"

        def inputs_for(self, n, seed, given):
            return (np.zeros((n, 2)),)

        def make(self, inputs):
            return np.full((len(inputs[0]), 4, 4, 3), (-1.0, 0.0, 1.0))

        def jax_state_sync(self):
            """A part of every Keras model on JAX."""

    summary = SampleSummary(tmp_path, n=1)
    summary.set_model(Colors())
    summary.set_params({"epochs": 1})
    summary.on_train_begin()
    summary.on_epoch_end(0)
    (event,) = read(tmp_path / "train").Images("samples")  # already before training ends
    summary.on_train_end()
    shown = Image.open(io.BytesIO(event.encoded_image_string))
    assert shown.mode == "RGB" and shown.getpixel((0, 0)) == (0, 128, 255)


def test_without_tensorboard_the_error_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.event_file_writer", None)
    with pytest.raises(ImportError, match="pip install tensorboard"):
        SampleSummary(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"n": 0}, "n=0"), ({"columns": 0}, "columns=0"), ({"every": 0}, "every=0")],
)
def test_bad_arguments_are_refused(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        SampleSummary(tmp_path, **arguments)


@pytest.mark.parametrize("log_dir", [None, 5, ""])
def test_what_is_no_folder_is_refused(log_dir):
    with pytest.raises(TypeError, match=f"Received: log_dir={log_dir!r}"):
        SampleSummary(log_dir)
