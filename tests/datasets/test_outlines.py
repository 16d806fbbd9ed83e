import matplotlib.font_manager
import matplotlib.textpath
import numpy as np
import pytest

from gankit.datasets.outlines import FONTS, digit_outline, distance_fields, signed_distance


def polygon(*corners):
    corners = np.array(corners, float)
    return np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)


def test_distance_to_a_circle():
    angle = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    circle = polygon(*np.stack([np.cos(angle), np.sin(angle)], axis=1))
    points = np.random.default_rng(0).uniform(-2, 2, (200, 2))
    expected = 1 - np.hypot(*points.T)
    np.testing.assert_allclose(signed_distance(circle, points), expected, atol=1e-5)


def test_a_hole_is_outside():
    outer = polygon((0, 0), (4, 0), (4, 4), (0, 4))
    hole = polygon((1, 1), (1, 3), (3, 3), (3, 1))
    ring = np.concatenate([outer, hole])
    got = signed_distance(ring, np.array([[2.0, 2.0], [0.5, 2.0], [9.0, 2.0]]))
    np.testing.assert_allclose(got, [-1, 0.5, -5])


def test_repeated_points_do_no_harm():
    square = polygon((0, 0), (2, 0), (2, 0), (2, 2), (0, 2))
    assert signed_distance(square, np.array([[1.0, 1.0]])) == 1


@pytest.mark.parametrize("font", ["DejaVuSans", "DejaVuSerif-Italic", "STIXGeneral", "cmr10"])
@pytest.mark.parametrize("digit", [0, 4, 8])
def test_inside_agrees_with_matplotlib(font, digit):
    file = matplotlib.get_data_path() + f"/fonts/ttf/{font}.ttf"
    properties = matplotlib.font_manager.FontProperties(fname=file)
    path = matplotlib.textpath.TextPath((0, 0), str(digit), size=1000, prop=properties)
    zero = matplotlib.textpath.TextPath((0, 0), "0", size=1000, prop=properties)
    height = np.ptp(zero.vertices[np.abs(zero.vertices).sum(1) > 0, 1])
    vertices = path.vertices[path.codes != 79]
    center = (vertices.min(0) + vertices.max(0)) / 2

    points = np.random.default_rng(1).uniform(-0.6, 0.6, (500, 2))
    distance = signed_distance(digit_outline(font, digit), points)
    # Even-odd rule for each closed piece, as matplotlib fills it.
    pieces = path.to_polygons(closed_only=True)
    crossings = sum(
        matplotlib.path.Path(piece).contains_points(points * height + center).astype(int)
        for piece in pieces
    )
    clear = np.abs(distance) > 0.02  # matplotlib rounds its outlines
    np.testing.assert_array_equal((distance > 0)[clear], (crossings % 2 == 1)[clear])


def test_every_digit_of_every_font_is_there_and_fits():
    for font in FONTS:
        shapes = [digit_outline(font, digit) for digit in range(10)]
        assert all(np.abs(shape).max() < 0.65 for shape in shapes), font
        assert len({shape.tobytes() for shape in shapes}) == 10, font


def test_fields_are_upright():
    fields = distance_fields(24, 2.0)
    seven = fields[FONTS.index("DejaVuSans"), 7] > 0
    assert fields.shape == (len(FONTS), 10, 24, 24)
    assert seven[:12].sum() > seven[12:].sum()  # the bar of a 7 is at its top


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: digit_outline("Arial", 1), ValueError, "one of 'DejaVuSans', .*font='Arial'"),
        (lambda: digit_outline("cmr10", "x"), ValueError, "at most 9. Received: digit='x'"),
        (lambda: digit_outline("cmr10", 10), ValueError, "Received: digit=10"),
        (lambda: distance_fields(1), ValueError, "at least 2. Received: cells=1"),
        (lambda: distance_fields(8, -1.0), ValueError, "above 0. Received: extent=-1.0"),
        (lambda: distance_fields(8, "x"), TypeError, "Received: extent='x'"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
