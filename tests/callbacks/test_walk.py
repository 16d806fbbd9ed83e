"""`LatentWalk`: a closed loop at an even pace, written whole, refused early."""

import keras
import numpy as np
import pytest
from PIL import Image

from gankit import plots
from gankit.callbacks import LatentWalk, latent_walk, slerp

RNG = np.random.default_rng(0)


# ----------------------------------------------------------------------------------- interpolation


def test_the_ends_are_met_and_lengths_change_evenly():
    start, end = RNG.normal(size=(2, 3, 5))
    end *= 4
    path = slerp(start, end, [0.0, 0.25, 1.0])
    np.testing.assert_allclose(path[[0, 2]], [start, end], rtol=1e-12)
    lengths = [np.linalg.norm(vectors, axis=-1) for vectors in (start, path[1], end)]
    np.testing.assert_allclose(lengths[1], 0.75 * lengths[0] + 0.25 * lengths[2])


def test_parallel_vectors_are_the_limit():
    start = np.array([1.0, 2.0, 2.0])
    np.testing.assert_allclose(slerp(start, 3 * start, 0.5), 2 * start)
    near = slerp(start, start + [0, 1e-9, 0], 0.5)
    np.testing.assert_allclose(near, start + [0, 5e-10, 0], rtol=1e-12)


@pytest.mark.parametrize(
    ("start", "end", "t", "message"),
    [
        ([1.0, 0.0], [1.0], 0.5, r"shapes \(2,\), \(1,\)"),
        (1.0, 1.0, 0.5, r"shapes \(\), \(\)"),
        ([1.0, 0.0], [0.0, 1.0], [[0.5]], r"and \(1, 1\)"),
        ([1.0, 0.0], [0.0, 0.0], 0.5, r"No vector in `end` may be zero.* lengths \[0.0\]"),
        ([np.nan, 0.0], [0.0, 1.0], 0.5, r"in `start` may be zero.* finite.* \[nan\]"),
        ([1.0, 0.0], [-2.0, 0.0], 0.5, "opposite directions.* 3.14159"),
        ([1.0, 0.0], [0.0, 1.0], np.nan, "`t` must be finite. Received: t=nan"),
        ([1.0, 0.0], [0.0, 1.0], [0, np.inf], r"Received: t=\[0.0, inf\]"),
    ],
)
def test_what_has_no_arc_is_refused(start, end, t, message):
    with pytest.raises(ValueError, match=message):
        slerp(start, end, t)


@pytest.mark.parametrize(
    ("start", "end", "t", "message"),
    [
        ("a", [0.0, 1.0], 0.5, "`start` must be an array of numbers.* start='a'"),
        ([1.0, 0.0], None, 0.5, "`end` must be an array of numbers.* end=None"),
        ([1.0, 0.0], [0.0, 1.0], "x", "`t` must be an array of numbers.* t='x'"),
        ([[1.0, 0.0], [1.0]], [0.0, 1.0], 0.5, "rows of one length"),
    ],
)
def test_what_is_no_vector_is_refused(start, end, t, message):
    with pytest.raises(TypeError, match=message):
        slerp(start, end, t)


# ----------------------------------------------------------------------------------------- the walk


def test_a_walk_passes_its_stops_and_closes(images_gan):
    frames = latent_walk(images_gan, n=9, stops=3, steps=4, seed=7)
    stops = keras.ops.convert_to_numpy(images_gan.sample_latents(27, 7)).reshape(3, 9, 4)
    assert len(frames) == 12
    for index in range(3):
        expected = plots.tile(plots.to_pixels(images_gan.generate(latents=stops[index])))
        np.testing.assert_array_equal(frames[4 * index], expected)
    last = images_gan.generate(latents=slerp(stops[2], stops[0], 0.75))
    np.testing.assert_array_equal(frames[-1], plots.tile(plots.to_pixels(last)))


def test_each_walk_keeps_its_class():
    labels = [2, 0, 1]

    class Labeled:
        makes_from = "latents"

        def inputs_for(self, n, seed, given):
            assert len(given) == n
            return RNG.normal(size=(n, 3)), given

        def make(self, inputs):
            latents, labels = inputs
            return np.full((len(latents), 2, 2, 1), -1.0) + np.reshape(labels, (-1, 1, 1, 1))

    for frame in latent_walk(Labeled(), labels=labels, stops=2, steps=1, columns=3):
        assert [frame[0, column] for column in (0, 3, 6)] == [255, 0, 128]


def test_the_callback_writes_at_the_end_and_on_the_way(images_gan, drive, tmp_path, monkeypatch):
    written = []
    save_gif = plots.save_gif

    def spy(frames, path, fps, hold):
        written.append(len(images_gan.history.epoch))
        return save_gif(frames, path, fps, hold)

    monkeypatch.setattr(plots, "save_gif", spy)
    path = tmp_path / "a" / "walk.gif"
    drive(images_gan, LatentWalk(path, n=4, stops=2, steps=3, every=2, fps=10), epochs=3)
    assert written == [1, 3]  # the history is one behind in `on_epoch_end`
    frames = latent_walk(images_gan, n=4, stops=2, steps=3)
    with Image.open(path) as gif:
        assert gif.n_frames == 6
        gif.seek(5)
        assert gif.info["duration"] == 100
        shown = np.asarray(gif.convert("L").resize(frames[5].shape[::-1], Image.NEAREST))
    assert np.abs(shown.astype(int) - frames[5]).max() <= 1


def test_what_cannot_walk_is_refused_before_training(make_gan, drive, images_gan, tmp_path):
    with pytest.raises(ValueError, match=r"pictures .* a GAN that makes examples of shape \(2,\)"):
        drive(make_gan(), LatentWalk(tmp_path / "walk.gif"))
    images_gan.latent_dim = 1
    with pytest.raises(ValueError, match="at least 2 latents.* latent_dim=1"):
        latent_walk(images_gan)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": "walk.png"}, "walk.png"),
        ({"n": 0}, "n=0"),
        ({"n": 3, "labels": [1]}, "`labels` .* 1 entries for n=3"),
        ({"stops": 1}, "stops=1"),
        ({"steps": 0}, "steps=0"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 2**32}, "seed=4294967296"),
        ({"columns": 0}, "columns=0"),
        ({"fps": 0}, "fps=0"),
        ({"every": 0}, "every=0"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LatentWalk(**{"path": "walk.gif", **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": None}, "`path` must be a path.* path=None"),
        ({"fps": "x"}, "`fps` must be a finite number .* fps='x'"),
        ({"fps": True}, "fps=True"),
        ({"labels": 5}, "`labels` must hold one entry .* Received: 5"),
        ({"labels": "ab"}, "`labels` must hold one entry .* Received: 'ab'"),
        ({"labels": [[0], [1, 2]]}, "`labels` must be an array of numbers"),
    ],
)
def test_other_types_are_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        LatentWalk(**{"path": "walk.gif", **arguments})
