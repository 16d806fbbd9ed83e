import math

import numpy as np
import pytest

from gankit import plots

CENTERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_mode_map_shows_covered_and_missed_modes():
    points = np.random.default_rng(0).normal(size=(30, 2))
    (ax,) = plots.mode_map(CENTERS, [8, 0, 2, 0], points, title="After training").axes
    drawn, discs, _, crosses = ax.collections
    np.testing.assert_allclose(drawn.get_offsets(), points)
    np.testing.assert_allclose(discs.get_offsets(), CENTERS[[0, 2]])
    np.testing.assert_allclose(crosses.get_offsets(), CENTERS[[1, 3]])
    assert discs.get_sizes()[0] == pytest.approx(4 * discs.get_sizes()[1])
    assert [(text.get_text(), text.xy) for text in ax.texts] == [
        (count, pytest.approx(center)) for count, center in zip("8020", CENTERS, strict=True)
    ]
    assert legend(ax) == ["2 of 4 modes covered", "2 missed"]
    assert ax.get_title() == "After training"


def test_mode_map_at_both_ends():
    (ax,) = plots.mode_map(CENTERS, [1, 1, 1, 1]).axes
    assert legend(ax) == ["4 of 4 modes covered"]
    (ax,) = plots.mode_map(CENTERS, [0, 0, 0, 0]).axes
    assert legend(ax) == ["0 of 4 modes covered", "4 missed"]


def test_mode_map_of_many_modes_has_no_numbers():
    centers = np.random.default_rng(0).normal(size=(37, 2))
    assert not plots.mode_map(centers, np.ones(37)).axes[0].texts
    assert len(plots.mode_map(centers[:36], np.ones(36)).axes[0].texts) == 36


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (CENTERS[:, :1], [1] * 4),
            r"`centers` must have shape \(n, 2\). Received: shape \(4, 1\)",
        ),
        ((CENTERS, [1] * 3), r"`counts` must have shape \(4,\). Received: shape \(3,\)"),
        ((CENTERS, [1, 1, 1, -1]), r"`counts` must not be negative.*counts=\[ 1.  1.  1. -1.\]"),
        ((CENTERS, [1, 1, 1, math.nan]), "`counts` must be finite. Received: 1 values"),
        ((CENTERS, [1] * 4, np.zeros((5, 3))), r"`points` must have shape .* \(5, 3\)"),
    ],
)
def test_mode_map_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        plots.mode_map(*arguments)


def test_precision_recall_plane():
    runs = {"collapsed": (0.9, 0.1), "DCGAN": ([0.2, 0.5, 0.8], [0.3, 0.4, 0.6])}
    (ax,) = plots.precision_recall(runs, title="Glyphs").axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("recall", "precision")
    assert ax.get_xlim() == ax.get_ylim() == (0, 1)
    assert legend(ax) == ["collapsed", "DCGAN"]
    way = ax.lines[1]
    assert list(way.get_xdata()) == [0.3, 0.4, 0.6] and list(way.get_ydata()) == [0.2, 0.5, 0.8]
    ends = [collection.get_offsets().tolist() for collection in ax.collections[1::2]]
    assert ends == [[[0.1, 0.9]], [[0.6, 0.8]]]


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ({}, "must hold 1 to 7 runs. Received: 0"),
        ({str(i): (0.5, 0.5) for i in range(8)}, "Received: 8 runs"),
        ({"a": (0.5, 0.5, 0.5)}, r"`runs\['a'\]` must be a pair .* Received: shape \(3,\)"),
        ({"a": 0.5}, r"`runs\['a'\]` must be a pair .* Received: shape \(\)"),
        ({"a": (0.5, 1.2)}, r"in \[0, 1\] .* Received: shape \(2,\), values in \[0.5, 1.2\]"),
        ({"a": (0.5, math.nan)}, r"`runs\['a'\]` must be finite. Received: 1 values"),
    ],
)
def test_precision_recall_refuses(runs, message):
    with pytest.raises(ValueError, match=message):
        plots.precision_recall(runs)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.mode_map(CENTERS, "x"), "`counts` must be an array of numbers.*counts='x'"),
        (lambda: plots.mode_map(CENTERS, [1] * 4, ax=5), "`ax` must be .*Axes, or None.* 5"),
        (lambda: plots.precision_recall(None), "`runs` must map .* Received: runs=None"),
        (lambda: plots.precision_recall({"a": (0.5, 0.5)}, ax=5), "`ax` must be .*Axes"),
        (lambda: plots.precision_recall({"a": "ab"}), r"runs\['a'\]='ab'"),
        (
            lambda: plots.precision_recall({"a": ([0.5, 0.6], [0.5])}),
            r"rows of one length. Received: runs\['a'\]=\(\[0.5, 0.6\], \[0.5\]\)",
        ),
    ],
)
def test_other_types_are_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()
