import sys
from types import SimpleNamespace

import keras
import nbclient
import nbformat
import numpy as np
import pytest
from PIL import Image

import gankit
from gankit import plots
from gankit.callbacks import SampleGrid


class Fake:
    """What the callback asks of a model; its images tell how long it has been trained."""

    def __init__(self, shape=(4, 4, 1)):
        self.shape = shape
        self.value = -1.0
        self.asked = []

    makes_from = "latents"

    def inputs_for(self, n, seed, given=None):
        latents = np.random.default_rng(seed).normal(size=(n, 2))
        return (latents,) if given is None else (latents, given)

    def make(self, inputs):
        self.asked.append(inputs)
        return np.full((len(inputs[0]), *self.shape), self.value, "float32")

    def jax_state_sync(self):
        """A part of every Keras model on JAX."""


def run(callback, model=None, epochs=3, first=0):
    """The calls that `fit` makes."""
    model = model or Fake()
    callback.set_model(model)
    callback.set_params({"epochs": epochs})
    callback.on_train_begin()
    for epoch in range(first, epochs):
        callback.on_epoch_begin(epoch)
        model.value += 0.5
        callback.on_epoch_end(epoch)
    callback.on_train_end()
    return model


def gan():
    keras.utils.set_random_seed(3)
    dense, flat, shape = keras.layers.Dense, keras.layers.Flatten, keras.layers.Reshape((8, 8, 1))
    generator = keras.Sequential([keras.Input((4,)), dense(64, "tanh"), shape])
    discriminator = keras.Sequential([keras.Input((8, 8, 1)), flat(), dense(8, "relu"), dense(1)])
    model = gankit.GAN(generator, discriminator, latent_dim=4, seed=5)
    model.compile()
    return model


IMAGES = np.random.default_rng(0).uniform(-1, 1, (48, 8, 8, 1)).astype("float32")


# ------------------------------------------------------------------------------------- the grids


def test_the_same_latents_before_training_and_after_every_epoch():
    callback = SampleGrid(n=9, seed=4)
    model = run(callback)
    assert callback.epochs == [0, 1, 2, 3]
    assert [frame[0, 0] for frame in callback.frames] == [0, 64, 128, 191]
    assert callback.frames[0].shape == (14, 14)
    trial, *asked = model.asked
    assert len(asked) == 4 and len(trial[0]) == 1
    for (latents,) in asked:
        np.testing.assert_array_equal(latents, Fake().inputs_for(9, 4)[0])


def test_labels_decide_how_many():
    model = run(SampleGrid(labels=[0, 1, 2, 0, 1, 2], columns=3))
    latents, labels = model.asked[-1]
    assert len(latents) == 6 and labels.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(
    ("every", "epochs", "expected"), [(2, 5, [0, 2, 4, 5]), (2, 4, [0, 2, 4]), (9, 2, [0, 2])]
)
def test_every_and_the_last(every, epochs, expected):
    callback = SampleGrid(n=4, every=every)
    run(callback, epochs=epochs)
    assert callback.epochs == expected


def test_a_resumed_run_starts_with_its_first_epoch(tmp_path):
    callback = SampleGrid(n=4, directory=tmp_path)
    run(callback, first=3, epochs=5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch_0004.png", "epoch_0005.png"]


def test_nothing_to_train_leaves_nothing():
    callback = SampleGrid(n=4)
    run(callback, epochs=0)
    assert callback.frames == []


def test_a_second_fit_starts_a_new_film():
    callback = SampleGrid(n=4)
    run(callback)
    run(callback, epochs=1)
    assert callback.epochs == [0, 1] and len(callback.frames) == 2


def test_values_beyond_the_range_are_clipped():
    callback = SampleGrid(n=4)
    model = Fake()
    model.value = -7.0
    run(callback, model, epochs=1)
    assert callback.frames[0][0, 0] == 0


@pytest.mark.parametrize(
    ("model", "value", "message"),
    [
        (Fake(), np.nan, "NaN after 0 epochs: training has diverged"),
        (Fake(shape=(2,)), 0.0, r"shows pictures .* a Fake that makes examples of shape \(2,\)"),
        (Fake(shape=(4, 4, 2)), 0.0, r"1 or 3 channels. .* \(4, 4, 2\)"),
    ],
)
def test_what_cannot_be_shown_is_refused(model, value, message):
    model.value = value
    with pytest.raises(ValueError, match=message):
        run(SampleGrid(n=4), model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n=0"),
        ({"n": 2.5}, "n=2.5"),
        ({"n": 3, "labels": [0, 1]}, "`labels` .* 2 entries for n=3"),
        ({"n": 3, "inputs": [0, 1]}, "`inputs` .* 2 entries for n=3"),
        ({"labels": [0], "inputs": [0]}, "Received: labels and inputs"),
        ({"labels": []}, "n=0"),
        ({"columns": 0}, "columns=0"),
        ({"every": 0}, "every=0"),
        ({"seed": -1}, "seed=-1"),
        ({"gif": "film.mp4"}, "must end in '.gif'. Received: gif='film.mp4'"),
        ({"display": "always"}, "one of True, False, 'auto'. Received: display='always'"),
        ({"display": 1}, "display=1"),
        ({"seed": 2**32}, "seed=4294967296"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SampleGrid(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"directory": 5}, "`directory` must be a path.* directory=5"),
        ({"directory": ""}, "directory=''"),
        ({"gif": True}, "gif=True"),
        ({"labels": 5}, "`labels` must hold one entry .* Received: 5"),
        ({"labels": {1: 2}}, "`labels` must hold one entry"),
        ({"inputs": 5}, "`inputs` must hold one entry"),
    ],
)
def test_other_types_are_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        SampleGrid(**arguments)


# --------------------------------------------------------------------------------------- outputs


def test_no_file_unless_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run(SampleGrid(n=4))
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_files_and_gif(tmp_path):
    run(SampleGrid(n=4, directory=tmp_path / "a" / "b", gif=tmp_path / "c" / "film.gif"))
    written = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert written == [f"a/b/epoch_{i:04d}.png" for i in range(4)] + ["c/film.gif"]
    with Image.open(tmp_path / "a" / "b" / "epoch_0002.png") as png:
        assert png.getpixel((0, 0)) == 128
    with Image.open(tmp_path / "c" / "film.gif") as gif:
        assert gif.n_frames == 4


def test_a_folder_that_cannot_be_made_stops_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    model = Fake()
    with pytest.raises(OSError, match="file"):
        run(SampleGrid(n=4, directory=tmp_path / "file"), model)
    assert model.value == -1.0


def test_one_picture_is_updated_in_place(monkeypatch):
    calls = []
    handle = SimpleNamespace(update=lambda figure: calls.append(("update", figure)))

    def display(figure, display_id):
        calls.append(("display", figure))
        return handle

    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    run(SampleGrid(n=4, display=True))
    assert [what for what, _ in calls] == ["display", "update", "update", "update"]
    titles = [figure.axes[0].texts[0].get_text() for _, figure in calls]
    assert titles == ["before training", *(f"after epoch {epoch} of 3" for epoch in (1, 2, 3))]


@pytest.mark.parametrize(
    ("shell", "live"),
    [(None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=1), True)],
)
def test_auto_shows_in_a_notebook_only(monkeypatch, shell, live):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert SampleGrid(n=4).display is live


def test_auto_where_ipython_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert SampleGrid(n=4).display is False


NOTEBOOK = """
import keras, numpy as np, gankit
from gankit.callbacks import SampleGrid
dense, shape = keras.layers.Dense, (8, 8, 1)
generator = keras.Sequential([keras.Input((4,)), dense(64, "tanh"), keras.layers.Reshape(shape)])
discriminator = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), dense(1)])
gan = gankit.GAN(generator, discriminator, latent_dim=4)
gan.compile()
history = gan.fit(np.zeros((8, *shape), "float32"), epochs=2, callbacks=[SampleGrid(n=4)])
"""


def test_a_saved_notebook_keeps_one_picture_and_the_progress_bar(tmp_path):
    cells = [nbformat.v4.new_code_cell(NOTEBOOK)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    resources = {"metadata": {"path": tmp_path}}
    nbclient.NotebookClient(notebook, timeout=120, resources=resources).execute()
    outputs = notebook.cells[0].outputs
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 1
    printed = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
    assert "Epoch 1/2" in printed and "Epoch 2/2" in printed and "generator_loss" in printed
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------- with a model of ours


def test_every_frame_shows_the_weights_of_its_epoch():
    callback, shorter = SampleGrid(n=9), SampleGrid(n=9)
    model = gan()
    model.fit(IMAGES, batch_size=16, epochs=2, verbose=0, callbacks=[callback])
    gan().fit(IMAGES, batch_size=16, epochs=1, verbose=0, callbacks=[shorter])
    final = plots.tile(plots.to_pixels(model.generate(9, seed=0)))
    np.testing.assert_array_equal(callback.frames[2], final)
    np.testing.assert_array_equal(callback.frames[1], shorter.frames[1])
    np.testing.assert_array_equal(callback.frames[0], shorter.frames[0])
    assert (callback.frames[0] != callback.frames[1]).any()


def test_training_does_not_notice():
    weights = []
    for callbacks in ([SampleGrid(n=9)], []):
        model = gan()
        model.fit(IMAGES, batch_size=16, epochs=2, verbose=0, callbacks=callbacks)
        weights.append([keras.ops.convert_to_numpy(weight) for weight in model.weights])
    for watched, alone in zip(*weights, strict=True):
        np.testing.assert_array_equal(watched, alone)
