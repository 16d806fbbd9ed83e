import keras
import numpy as np
import pytest

from gankit import plots

RNG = np.random.default_rng(0)


def images(n, height=28, width=28, channels=1):
    return RNG.uniform(-1, 1, (n, height, width, channels)).astype("float32")


def frames(n, shape=(20, 30, 3)):
    return [np.full(shape, 20 * i, "uint8") for i in range(n)]


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def size(figure):
    return tuple(figure.get_size_inches() * figure.dpi)


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
        (np.zeros((4, 8, 8)), r"must have shape .* Received: shape \(4, 8, 8\)"),
        (np.zeros((4, 8, 8, 2)), r"1 or 3 channels. Received: shape \(4, 8, 8, 2\)"),
        (np.zeros((0, 8, 8, 1)), r"must not be empty. Received: shape \(0, 8, 8, 1\)"),
        (np.full((1, 8, 8, 1), 255.0), r"values in \[255, 255\].*127.5"),
        (np.full((1, 8, 8, 1), -1.1), r"values in \[-1.1, -1.1\]"),
        (np.full((1, 2, 2, 1), np.nan), "Received: 4 values that are NaN"),
        (np.full((1, 1, 1, 1), np.inf), "Received: 1 values that are NaN or infinite"),
    ],
)
def test_bad_images_are_refused(batch, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(batch)


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
    assert (tiled[7:, 10:] == 255).all()  # the empty sixth cell


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


def test_ten_rows_of_ten_digits_are_shown_at_twice_their_size():
    figure = plots.image_grid(images(100))
    assert size(figure) == pytest.approx((2 * 289, 2 * 289))


@pytest.mark.parametrize("zoom", [1, 3, 20])
def test_zoom_enlarges_each_pixel_to_a_sharp_square(zoom):
    batch = images(2, 8, 8, 3)
    for figure in (
        plots.image_grid(batch, zoom=zoom),
        plots.comparison_grid({"a": batch[:1], "": batch[1:]}, zoom=zoom),
    ):
        frame = plots.to_frame(figure)
        shown = figure.axes[0].images[0].get_array()
        top = frame.shape[0] - zoom * shown.shape[0]
        left = frame.shape[1] - zoom * shown.shape[1]
        sharp = shown.repeat(zoom, 0).repeat(zoom, 1)
        np.testing.assert_array_equal(frame[top:, left:], sharp)


def test_zoom_is_refused_where_it_does_not_fit():
    with pytest.raises(ValueError, match="page of 830 pixels. Received: zoom=4 for images 289 pix"):
        plots.image_grid(images(10), 10, zoom=4)
    with pytest.raises(ValueError, match="`zoom` must be a whole number .* Received: zoom=1.5"):
        plots.image_grid(images(10), zoom=1.5)
    ax = plots.image_grid(images(1)).axes[0]
    with pytest.raises(ValueError, match="exclude each other.* Received: zoom=2"):
        plots.comparison_grid({"a": images(1)}, zoom=2, ax=ax)


def test_grid_draws_into_given_axes():
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, layout="constrained")
    assert plots.image_grid(images(4), ax=axes[0], labels="abcd") is axes[0]
    assert len(axes[0].images) == 1 and not axes[1].images
    inner = figure.subfigures(1, 2)[1].subplots()
    assert plots.image_grid(images(4), ax=inner) is inner
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
    with pytest.raises(ValueError, match="`labels` must .* 4 images. Received: 3 entries"):
        plots.image_grid(images(4), labels="abc")
    with pytest.raises(ValueError, match="`row_labels` must .* 2 rows. Received: 1 entries"):
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
    with pytest.raises(ValueError, match="at least 2 steps. Received: shape"):
        plots.interpolation_strip(np.zeros(shape))


def test_filmstrip_spreads_its_frames():
    figure = plots.filmstrip(frames(13), 4, labels=range(13), title="Training")
    assert texts(figure) == ["0", "4", "8", "12"]
    shown = figure.axes[0].images[0].get_array()
    assert [shown[-1, 31 * i, 0] for i in range(4)] == [0, 80, 160, 240]


def test_filmstrip_of_few_gray_frames_shows_them_all():
    figure = plots.filmstrip(frames(2, (20, 30)), 5)
    assert figure.axes[0].images[0].get_array().shape == (20, 61)


def test_filmstrip_refuses():
    with pytest.raises(ValueError, match="3 frames. Received: 2 entries"):
        plots.filmstrip(frames(3), labels="ab")
    with pytest.raises(ValueError, match="count=0"):
        plots.filmstrip(frames(3), 0)


def test_comparison_has_a_row_for_each_method():
    small, large = images(3, 4, 4), images(3, 8, 8, 3)
    captions = {"original": ["a", "b", "c"]}
    figure = plots.comparison_grid({"input": small, "original": large}, labels=captions)
    (ax,) = figure.axes
    assert texts(figure) == ["", "", "", "a", "b", "c", "input", "original"]
    shown = np.asarray(ax.images[0].get_array())
    header = shown.shape[0] // 2 - 8
    first = shown[header : header + 8, 9:17]
    np.testing.assert_array_equal(
        first, np.kron(plots.to_pixels(small)[1], np.ones((2, 2, 3), "uint8"))
    )
    np.testing.assert_array_equal(shown[-8:, 18:26], plots.to_pixels(large)[2])


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        ({}, None, "`rows` must hold at least one row"),
        ({"a": images(2), "b": images(3)}, None, "{'a': 2, 'b': 3}"),
        (
            {"a": images(2, 8, 8), "b": images(2, 12, 12)},
            None,
            "must be a multiple .*bicubic_upscale",
        ),
        ({"a": images(2, 8, 8), "b": images(2, 16, 8)}, None, r"'b': \(16, 8, 1\)"),
        ({"a": images(2)}, {"b": [1, 2]}, r"Received: \['b'\]. The rows are \['a'\]"),
        ({"a": images(2)}, {"a": [1]}, r"labels\['a'\]` must .* 2 images. Received: 1 entries"),
        ({"a": images(2) * 255}, None, "must lie in"),
    ],
)
def test_comparison_refuses(rows, labels, message):
    with pytest.raises(ValueError, match=message):
        plots.comparison_grid(rows, labels=labels)


def test_neighbors_stand_beside_their_sample():
    samples, near = images(2, 8, 8), images(6, 8, 8).reshape(2, 3, 8, 8, 1)
    figure = plots.neighbor_strips(samples, near, [[1.234, 2, 3], [0.5, 1, 2]], title="Copied?")
    (ax,) = figure.axes
    assert texts(figure) == ["d = 1.23", "d = 0.5"]
    shown = np.asarray(ax.images[0].get_array())
    assert shown.shape == (2 * 8 + 2, 4 * 8 + 3 * 2)
    np.testing.assert_array_equal(shown[10:, :8], plots.to_pixels(samples)[1, ..., 0])
    np.testing.assert_array_equal(shown[10:, 20:28], plots.to_pixels(near[1])[1, ..., 0])
    corners = [(patch.get_x(), patch.get_y()) for patch in ax.patches]
    assert corners == [(-0.5, -0.5), (-0.5, 9.5)]


@pytest.mark.parametrize(
    ("neighbors", "distances", "message"),
    [
        (np.zeros((2, 8, 8, 1)), None, r"\(2, k, 8, 8, 1\). Received: shape \(2, 8"),
        (np.zeros((3, 4, 8, 8, 1)), None, r"Received: shape \(3, 4, 8, 8, 1\)"),
        (np.zeros(5), None, r"Received: shape \(5,\)"),
        (np.zeros((2, 4, 8, 8, 1)), np.zeros((2, 3)), r"shape \(2, 4\). Received: shape \(2, 3\)"),
        (np.full((2, 4, 8, 8, 1), 2.0), None, r"values in \[2, 2\]"),
    ],
)
def test_neighbor_strips_refuse(neighbors, distances, message):
    with pytest.raises(ValueError, match=message):
        plots.neighbor_strips(np.zeros((2, 8, 8, 1)), neighbors, distances)


GRAY = np.zeros((2, 8, 8, 1))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plots.to_pixels("x"), TypeError, "`images` must be an array of num.* images='x'"),
        (lambda: plots.to_pixels([[1], [1, 2]]), TypeError, r"images=\[\[1\], \[1, 2\]\]"),
        (lambda: plots.tile(GRAY), ValueError, r"float64 of shape \(2, 8, 8, 1\).*to_pixels"),
        (lambda: plots.tile("x"), ValueError, r"<U1 of shape \(\)"),
        (lambda: plots.tile(np.zeros((0, 2, 2, 1), "uint8")), ValueError, r"\(0, 2, 2, 1\)"),
        (lambda: plots.image_grid(GRAY, ax=5), TypeError, "`ax` must be .*Axes, or None.* 5"),
        (lambda: plots.image_grid(GRAY, labels=5), TypeError, "the 2 images. Received: labels=5"),
        (lambda: plots.interpolation_strip(GRAY, ax=5), TypeError, "`ax` must be .*Axes"),
        (lambda: plots.interpolation_strip(np.zeros((2, 0, 8, 1))), ValueError, "be empty"),
        (lambda: plots.comparison_grid([GRAY]), TypeError, "`rows` must map names to values"),
        (lambda: plots.comparison_grid({"a": GRAY}, labels=["a"]), TypeError, r"labels=\['a'\]"),
        (lambda: plots.comparison_grid({"a": GRAY}, labels={"a": 5}), TypeError, r"'a'\]=5"),
        (lambda: plots.comparison_grid({"a": GRAY}, ax=5), TypeError, "`ax` must be .*Axes"),
        (lambda: plots.neighbor_strips(GRAY, GRAY[:, None], "x"), TypeError, "distances='x'"),
        (lambda: plots.neighbor_strips(GRAY, GRAY[:, None], ax=5), TypeError, "`ax` must be"),
        (lambda: plots.filmstrip(None), TypeError, "Received: frames=None"),
        (lambda: plots.filmstrip(frames(2), labels=5), TypeError, "the 2 frames. .*labels=5"),
        (lambda: plots.filmstrip(frames(2), ax=5), TypeError, "`ax` must be .*Axes"),
    ],
)
def test_other_types_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
