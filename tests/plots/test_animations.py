import numpy as np
import pytest
from PIL import Image

from gankit import plots

RNG = np.random.default_rng(0)


def frames(n, shape=(20, 30, 3)):
    return [np.full(shape, 20 * i, "uint8") for i in range(n)]


def test_frame_of_a_figure_has_its_size():
    figure = plots.loss_curves({"loss": [1.0, 2.0]})
    frame = plots.to_frame(figure)
    assert frame.shape == (300, 830, 3) and frame.dtype == np.uint8
    assert (frame[0, 0] == 255).all() and (frame < 128).any()


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3)])
def test_gif_plays_and_rests_on_its_last_frame(tmp_path, shape):
    path = plots.save_gif(frames(4, shape), tmp_path / "film.gif", fps=10)
    assert list(tmp_path.iterdir()) == [path]
    with Image.open(path) as gif:
        assert (gif.n_frames, gif.size, gif.info["loop"]) == (4, (240, 160), 0)
        for index, duration in enumerate([100, 100, 100, 1500]):
            gif.seek(index)
            assert gif.info["duration"] == duration
            assert np.ptp(np.asarray(gif.convert("L"))) == 0
            assert abs(gif.convert("L").getpixel((0, 0)) - 20 * index) <= 1


def test_a_film_that_ends_where_it_began_need_not_rest(tmp_path):
    path = plots.save_gif(frames(3), tmp_path / "film.gif", fps=10, hold=0)
    with Image.open(path) as gif:
        gif.seek(2)
        assert gif.info["duration"] == 100
    with pytest.raises(ValueError, match="`hold` must be .* at most 60. Received: hold=-1"):
        plots.save_gif(frames(3), path, hold=-1)


def test_png_is_enlarged_by_a_whole_factor(tmp_path):
    frame = RNG.integers(0, 256, (57, 57), "uint8")
    path = plots.save_png(frame, tmp_path / "grid.png")
    with Image.open(path) as png:
        np.testing.assert_array_equal(np.asarray(png)[::8, ::8], frame)


@pytest.mark.parametrize(
    ("film", "message"),
    [
        ([], "no frames"),
        ([np.zeros((4, 4))], r"frame 0 is float64 of shape \(4, 4\)"),
        ([np.zeros((4, 4, 1), "uint8")], r"frame 0 is uint8 of shape \(4, 4, 1\)"),
        ([np.zeros((0, 4), "uint8")], r"frame 0 is uint8 of shape \(0, 4\)"),
        (
            [np.zeros((4, 4), "uint8"), np.zeros((4, 5), "uint8")],
            r"frame 0 has shape \(4, 4\), and frame 1 has shape \(4, 5\)",
        ),
    ],
)
def test_bad_frames_are_refused(tmp_path, film, message):
    with pytest.raises(ValueError, match=message):
        plots.save_gif(film, tmp_path / "film.gif")
    assert not list(tmp_path.iterdir())


def test_animations_refuse_other_arguments(tmp_path):
    with pytest.raises(ValueError, match="`fps` must be .* 0 and at most 50. Received: fps=0"):
        plots.save_gif(frames(2), tmp_path / "film.gif", fps=0)
    with pytest.raises(ValueError, match="must end in '.gif'. Received: path=.*film.mp4"):
        plots.save_gif(frames(2), tmp_path / "film.mp4")
    with pytest.raises(ValueError, match="must end in '.png'. Received: path=.*grid.jpg"):
        plots.save_png(frames(1)[0], tmp_path / "grid.jpg")
    with pytest.raises(FileNotFoundError):
        plots.save_gif(frames(2), tmp_path / "missing" / "film.gif")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.save_gif(frames(2), "a.gif", fps="x"), "Received: fps='x'"),
        (lambda: plots.save_gif(frames(2), "a.gif", hold=True), "Received: hold=True"),
        (lambda: plots.save_gif(frames(2), None), "`path` must be a path.* Received: path=None"),
        (lambda: plots.save_gif(5, "a.gif"), "`frames` must be a list of .* frames=5"),
        (lambda: plots.save_png(frames(1)[0], 5), "Received: path=5"),
        (lambda: plots.to_frame(plots.loss_curves({"loss": [1.0]}).axes[0]), "matplotlib figure"),
    ],
)
def test_other_types_are_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_importing_plots_adds_no_matplotlib(run_process):
    # Some backends of Keras import matplotlib, so only modules imported after Keras count.
    program = (
        "import sys, keras\nbefore = set(sys.modules)\nimport gankit.plots, gankit.callbacks\n"
        "late = {'gankit', 'matplotlib', 'PIL', 'IPython'} & (set(sys.modules) - before)\n"
        "assert late == {'gankit'}, late"
    )
    assert run_process(program) == 0
