import math

import keras
import numpy as np
import pytest

from gankit import plots

RNG = np.random.default_rng(0)
X = np.linspace(-3, 3, 61)
DENSITY = np.exp(-(X**2) / 2) / math.sqrt(2 * math.pi)


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
    assert arrows == [(0.0, 0.0), (3.0, 2.0)]  # the first latent maps outside the range of x
    assert ax.get_ylim()[1] == 1.2


def test_density_game_makes_room_for_a_high_peak():
    (ax,) = plots.density_game_1d(X, DENSITY, 5 * DENSITY, 0 * X).axes
    assert ax.get_ylim() == (0, pytest.approx(1.05 * 5 * DENSITY.max()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p_data": DENSITY[1:]}, r"`p_data` must have shape \(61,\). Received: shape \(60,\)"),
        ({"x": X[::-1]}, "`x` must increase"),
        ({"p_model": -DENSITY}, "`p_model` must not be negative. Received: minimum -0.39"),
        ({"discriminator": 0 * X + 3}, "Received: maximum 3. Apply a sigmoid"),
        ({"discriminator": X * np.nan}, "`discriminator` must be finite. Received: 61 values"),
        ({"latents": [0.0]}, "belong together. Received: `latents` alone"),
        ({"latents": [0.0], "mapped": [0.0, 1.0]}, r"`mapped` must have shape \(1,\). .* \(2,\)"),
        ({"top": 0}, "`top` must be a finite number above 0. Received: top=0"),
        ({"top": math.inf}, "Received: top=inf"),
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
    centers = np.array([-1.5, -0.5, 0.5, 1.5, 2.5, 3.5])
    expected = 1 / (1 + np.exp(-100 * (centers[None] - centers[:, None] / 2)))
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
        (
            {"fake_points": np.full((4, 2), np.nan)},
            "`fake_points` must be finite. Received: 8 values",
        ),
        ({"limits": (2, -2)}, r"low < high. Received: limits=\(2, -2\)"),
        ({"limits": 5}, r"`limits` must have shape \(2,\). Received: shape \(\)"),
        ({"limits": (-math.inf, 1)}, "`limits` must be finite"),
        ({"resolution": 0}, "resolution=0"),
        ({"discriminator": lambda x: x}, r"logits of shape \(14400, 2\) for 14400 points"),
    ],
)
def test_decision_map_refuses(changes, message):
    points = np.zeros((4, 2))
    given = {"discriminator": lambda x: x[:, :1], "real_points": points, "fake_points": points}
    with pytest.raises(ValueError, match=message):
        plots.decision_2d(**{**given, "limits": (-1, 1), **changes})


POINTS = np.zeros((4, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.density_game_1d(X, DENSITY, DENSITY, DENSITY, top="x"), "top='x'"),
        (lambda: plots.density_game_1d(X, None, X, X), "`p_data` must be an array of numbers"),
        (lambda: plots.density_game_1d(X, DENSITY, DENSITY, DENSITY, ax=5), "`ax` must be .*Axes"),
        (lambda: plots.decision_2d(5, POINTS, POINTS, (-1, 1)), "must be a function. Received: 5"),
        (lambda: plots.decision_2d(len, POINTS, POINTS, "ab"), "limits='ab'"),
        (
            lambda: plots.decision_2d(lambda x: x[:, 0], POINTS, POINTS, (-1, 1), ax=5),
            "`ax` must be .*Axes, or None. Received: 5",
        ),
    ],
)
def test_other_types_are_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()
