import importlib.util
import io
import math
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from gankit import plots

RNG = np.random.default_rng(0)
X = np.linspace(-3, 3, 61)
DENSITY = np.exp(-(X**2) / 2) / math.sqrt(2 * math.pi)


def images(n, height=28, width=28, channels=1):
    return RNG.uniform(-1, 1, (n, height, width, channels)).astype("float32")


def frames(n, shape=(20, 30, 3)):
    return [np.full(shape, 20 * i, "uint8") for i in range(n)]


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def size(figure):
    return tuple(figure.get_size_inches() * figure.dpi)


# ---------------------------------------------------------------------------------------- pixels


def test_pixels_span_the_bytes():
    levels = np.linspace(-1, 1, 256).reshape(1, 16, 16, 1)
    assert plots.to_pixels(levels).ravel().tolist() == list(range(256))


def test_pixels_of_a_tensor():
    batch = images(2, channels=3)
    tensor = keras.ops.convert_to_tensor(batch)
    np.testing.assert_array_equal(plots.to_pixels(tensor), plots.to_pixels(batch))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (np.zeros((4, 8, 8)), r"must have shape .* but it is \(4, 8, 8\)"),
        (np.zeros((4, 8, 8, 2)), r"1 or 3 channels, but it is \(4, 8, 8, 2\)"),
        (np.zeros((0, 8, 8, 1)), r"empty: its shape is \(0, 8, 8, 1\)"),
        (np.full((1, 8, 8, 1), 255.0), r"span \[255, 255\].*127.5"),
        (np.full((1, 8, 8, 1), -1.1), r"span \[-1.1, -1.1\]"),
        (np.full((1, 2, 2, 1), np.nan), "holds 4 values that are NaN"),
        (np.full((1, 1, 1, 1), np.inf), "holds 1 values that are NaN or infinite"),
    ],
)
def test_bad_images_are_refused(batch, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(batch)


# ----------------------------------------------------------------------------------------- grids


@pytest.mark.parametrize("channels", [1, 3])
def test_tile_puts_every_image_in_its_place(channels):
    pixels = plots.to_pixels(images(5, 6, 4, channels))
    tiled = plots.tile(pixels, columns=3)
    assert tiled.shape[:2] == (2 * 6 + 1, 3 * 4 + 2)
    tiled = tiled.reshape(13, 14, channels)
    for index, image in enumerate(pixels):
        top, left = index // 3 * 7, index % 3 * 5
        np.testing.assert_array_equal(tiled[top : top + 6, left : left + 4], image)
    assert (tiled[6] == 255).all() and (tiled[:, 4] == 255).all()  # the lines between
    assert (tiled[7:, 10:] == 255).all()  # the place of the sixth


@pytest.mark.parametrize(
    ("count", "columns"),
    [(1, 1), (7, 7), (9, 3), (10, 5), (13, 4), (20, 5), (32, 8), (64, 8), (100, 10)],
)
def test_default_columns(count, columns):
    assert plots.tile(np.zeros((count, 2, 2, 1), "uint8")).shape[1] == 3 * columns - 1


def test_grid_shows_whole_pixels_and_labels():
    figure = plots.image_grid(images(20), labels=range(20), row_labels="abcd", title="Digits")
    assert texts(figure) == [str(i) for i in range(20)] + list("abcd")
    (ax,) = figure.axes
    assert ax.get_title() == "Digits"
    rows, columns = ax.images[0].get_array().shape
    extent = ax.get_window_extent()
    assert extent.width / columns == pytest.approx(round(extent.width / columns))
    assert extent.width / columns == pytest.approx(extent.height / rows)


def test_grid_wider_than_the_page_is_shrunk():
    assert size(plots.image_grid(images(8, 16, 256)))[0] == pytest.approx(830)


def test_grid_draws_into_given_axes():
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, layout="constrained")
    assert plots.image_grid(images(4), ax=axes[0], labels="abcd") is axes[0]
    assert len(axes[0].images) == 1 and not axes[1].images
    plt.close(figure)


def test_figures_are_let_go_of():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    plots.image_grid(images(4))
    plots.loss_curves({"loss": [1.0]})
    assert plt.get_fignums() == before


@pytest.mark.parametrize("columns", [0, -1, 2.0, True])
def test_bad_columns_are_refused(columns):
    with pytest.raises(ValueError, match=f"columns={columns}"):
        plots.image_grid(images(4), columns=columns)


def test_labels_must_be_as_many_as_images_and_rows():
    with pytest.raises(ValueError, match="`labels` has 3 entries for 4 images"):
        plots.image_grid(images(4), labels="abc")
    with pytest.raises(ValueError, match="`row_labels` has 1 entries for 2 rows"):
        plots.image_grid(images(4), 2, row_labels=["a"])


@pytest.mark.parametrize(("shape", "walks"), [((5, 8, 8, 1), 1), ((3, 5, 8, 8, 3), 3)])
def test_interpolation_frames_both_ends_of_every_walk(shape, walks):
    figure = plots.interpolation_strip(np.zeros(shape), row_labels=range(walks))
    (ax,) = figure.axes
    lefts = sorted(patch.get_x() for patch in ax.patches)
    assert lefts == [-0.5] * walks + [4 * 10 - 0.5] * walks
    assert len(texts(figure)) == walks


@pytest.mark.parametrize("shape", [(8, 8, 1), (1, 8, 8, 1), (2, 1, 8, 8, 1)])
def test_interpolation_refuses_what_is_no_walk(shape):
    with pytest.raises(ValueError, match="at least 2 steps, but it is"):
        plots.interpolation_strip(np.zeros(shape))


def test_filmstrip_spreads_its_frames():
    figure = plots.filmstrip(frames(13), 4, labels=range(13), title="Training")
    assert texts(figure) == ["0", "4", "8", "12"]
    shown = figure.axes[0].images[0].get_array()
    assert [shown[-1, 31 * i, 0] for i in range(4)] == [0, 80, 160, 240]


def test_filmstrip_of_few_grey_frames_shows_them_all():
    figure = plots.filmstrip(frames(2, (20, 30)), 5)
    assert figure.axes[0].images[0].get_array().shape == (20, 61)


def test_filmstrip_refuses():
    with pytest.raises(ValueError, match="2 entries for 3 frames"):
        plots.filmstrip(frames(3), labels="ab")
    with pytest.raises(ValueError, match="count=0"):
        plots.filmstrip(frames(3), 0)


# ---------------------------------------------------------------------------------------- curves


def test_loss_curves_draw_what_was_recorded():
    history = keras.callbacks.History()
    history.history = {
        "discriminator_loss": [1.0, 1.2, math.nan],
        "generator_loss": [0.9, 0.8, 0.7],
        "penalty": [0.1, 0.1, 0.1],
        "real_logit": [1.0, 0.5, 0.1],
        "fake_logit": [-1.0, -0.5, -0.1],
        "frechet_distance": [3.0, 2.0, 1.0],
    }
    history.epoch = [4, 5, 6]  # resumed after four epochs
    losses, logits = plots.loss_curves(
        history, equilibrium={"generator_loss": math.log(2)}, title="A run"
    ).axes
    labels = [line.get_label() for line in losses.lines]
    assert labels == ["discriminator loss", "generator loss", "equilibrium, 0.693", "penalty"]
    assert losses.lines[1].get_xdata().tolist() == [5, 6, 7]
    assert list(losses.lines[1].get_ydata()) == [0.9, 0.8, 0.7]
    assert list(losses.lines[2].get_ydata()) == [math.log(2)] * 2
    assert [list(line.get_ydata()) for line in logits.lines[:2]] == [
        history.history["real_logit"],
        history.history["fake_logit"],
    ]


def test_one_epoch_is_visible():
    (ax,) = plots.loss_curves({"loss": [1.0]}).axes
    assert ax.lines[0].get_marker() == "o"


@pytest.mark.parametrize(
    ("history", "equilibrium", "message"),
    [
        ({"accuracy": [1.0]}, None, r"ends in 'loss', but it holds \['accuracy'\]"),
        ({"loss": []}, None, "{'loss': 0}"),
        ({"a_loss": [1.0], "b_loss": [1.0, 2.0]}, None, "'a_loss': 1, 'b_loss': 2"),
        ({"loss": [1.0]}, {"d_loss": 1.0}, r"names \['d_loss'\], but the losses are \['loss'\]"),
    ],
)
def test_loss_curves_refuse(history, equilibrium, message):
    with pytest.raises(ValueError, match=message):
        plots.loss_curves(history, equilibrium=equilibrium)


# ----------------------------------------------------------------------------------------- games


def test_density_game_draws_figure_1():
    z = np.array([-1.0, 0.0, 1.0])
    figure = plots.density_game_1d(
        X, DENSITY, DENSITY, 0 * X + 0.5, latents=z, mapped=[-5.0, 0.0, 2.0], top=1.2, title="End"
    )
    (ax,) = figure.axes
    styles = [line.get_linestyle() for line in ax.lines[:3]]
    assert styles == [":", "-", "--"]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), DENSITY)
    arrows = [(text.xyann[0], text.xy[0]) for text in ax.texts if not text.get_text()]
    assert arrows == [(0.0, 0.0), (3.0, 2.0)]  # the first leaves the range of x
    assert ax.get_ylim()[1] == 1.2


def test_density_game_makes_room_for_a_high_peak():
    (ax,) = plots.density_game_1d(X, DENSITY, 5 * DENSITY, 0 * X).axes
    assert ax.get_ylim() == (0, pytest.approx(1.05 * 5 * DENSITY.max()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p_data": DENSITY[1:]}, r"'p_data': \(60,\)"),
        ({"x": X[::-1]}, "`x` must increase"),
        ({"p_model": -DENSITY}, "`p_model` must not be negative, but its minimum is -0.39"),
        ({"discriminator": 0 * X + 3}, "maximum is 3. Put logits through a sigmoid"),
        ({"discriminator": X * np.nan}, "`discriminator` holds 61 values that are NaN"),
        ({"latents": [0.0]}, "belong together"),
        ({"latents": [0.0], "mapped": [0.0, 1.0]}, r"'latents': \(1,\), 'mapped': \(2,\)"),
        ({"top": 0}, "`top` must be positive, but it is 0"),
    ],
)
def test_density_game_refuses(changes, message):
    given = {"x": X, "p_data": DENSITY, "p_model": DENSITY, "discriminator": 0 * X + 0.5}
    with pytest.raises(ValueError, match=message):
        plots.density_game_1d(**{**given, **changes})


@pytest.mark.parametrize("as_tensor", [False, True])
def test_decision_map_is_the_sigmoid_of_the_logits(as_tensor):
    def discriminator(points):
        logits = 100.0 * (points[:, :1] - points[:, 1:] / 2)
        return keras.ops.convert_to_tensor(logits) if as_tensor else logits

    real, fake = RNG.normal(size=(2, 7, 2))
    figure = plots.decision_2d(discriminator, real, fake, (-2, 4), resolution=6)
    ax = figure.axes[0]
    centres = np.array([-1.5, -0.5, 0.5, 1.5, 2.5, 3.5])
    expected = 1 / (1 + np.exp(-100 * (centres[None] - centres[:, None] / 2)))
    np.testing.assert_allclose(ax.images[0].get_array(), expected, atol=1e-6)
    drawn = [collection.get_offsets() for collection in ax.collections[-2:]]
    np.testing.assert_allclose(drawn, [real, fake])


def test_decision_map_without_a_boundary():
    points = np.zeros((1, 2))
    figure = plots.decision_2d(lambda x: 0 * x[:, 0], points, points, (-1, 1), resolution=4)
    assert (figure.axes[0].images[0].get_array() == 0.5).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"real_points": np.zeros((4, 3))}, r"`real_points` must have shape \(n, 2\).*\(4, 3\)"),
        ({"fake_points": np.full((4, 2), np.nan)}, "`fake_points` holds 8 values that are NaN"),
        ({"limits": (2, -2)}, r"low < high, but it is \(2, -2\)"),
        ({"resolution": 0}, "resolution=0"),
        ({"discriminator": lambda x: x}, r"14400 points went in, and shape \(14400, 2\) came out"),
    ],
)
def test_decision_map_refuses(changes, message):
    points = np.zeros((4, 2))
    given = {"discriminator": lambda x: x[:, :1], "real_points": points, "fake_points": points}
    with pytest.raises(ValueError, match=message):
        plots.decision_2d(**{**given, "limits": (-1, 1), **changes})


# ------------------------------------------------------------------------------------ animations


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


@pytest.mark.skipif(importlib.util.find_spec("IPython") is None, reason="IPython is not installed")
@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3)])
def test_animation_for_a_notebook_is_an_animated_png(shape):
    picture = plots.show_animation(frames(4, shape))
    with Image.open(io.BytesIO(picture.data)) as png:
        assert (png.format, png.n_frames, png.size) == ("PNG", 4, (240, 160))
        png.seek(3)
        assert abs(png.convert("L").getpixel((0, 0)) - 60) <= 1


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
        (
            [np.zeros((4, 4), "uint8"), np.zeros((4, 5), "uint8")],
            r"frame 0 is \(4, 4\) and frame 1 is \(4, 5\)",
        ),
    ],
)
def test_bad_frames_are_refused(tmp_path, film, message):
    with pytest.raises(ValueError, match=message):
        plots.save_gif(film, tmp_path / "film.gif")
    assert not list(tmp_path.iterdir())


def test_animations_refuse_other_arguments(tmp_path):
    with pytest.raises(ValueError, match="`fps` must be above 0 and at most 50, but it is 0"):
        plots.save_gif(frames(2), tmp_path / "film.gif", fps=0)
    with pytest.raises(ValueError, match="must end in '.gif', but the path is .*film.mp4"):
        plots.save_gif(frames(2), tmp_path / "film.mp4")
    with pytest.raises(ValueError, match="must end in '.png', but the path is .*grid.jpg"):
        plots.save_png(frames(1)[0], tmp_path / "grid.jpg")
    with pytest.raises(FileNotFoundError):
        plots.save_gif(frames(2), tmp_path / "missing" / "film.gif")


def test_importing_plots_adds_no_matplotlib():
    # Some of Keras' backends bring matplotlib along, so what counts is what comes after Keras.
    code = (
        "import sys, keras\nbefore = set(sys.modules)\nimport gankit.plots, gankit.callbacks\n"
        "late = {'matplotlib', 'PIL', 'IPython'} & (set(sys.modules) - before)\n"
        "assert not late, late"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
