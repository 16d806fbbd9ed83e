import math

import keras
import pytest

from gankit import plots


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
        ({"accuracy": [1.0]}, None, r"ends in 'loss'. Received: names \['accuracy'\]"),
        ({"loss": []}, None, r"{'loss': \(0,\)}"),
        ({"a_loss": [1.0], "b_loss": [1.0, 2.0]}, None, r"'a_loss': \(1,\), 'b_loss': \(2,\)"),
        (
            {"loss": [1.0]},
            {"d_loss": 1.0},
            r"Received: \['d_loss'\]. The recorded losses are \['loss'\]",
        ),
    ],
)
def test_loss_curves_refuse(history, equilibrium, message):
    with pytest.raises(ValueError, match=message):
        plots.loss_curves(history, equilibrium=equilibrium)


def test_metric_curves_mark_the_best_epoch():
    measured = {
        1: {"distance": 9.0, "recall": 0.1},
        5: {"distance": 2.0, "recall": 0.7},
        6: {"distance": -math.inf, "recall": math.nan},
        10: {"distance": 3.0, "recall": 0.7},
        11: {"recall": 0.5},
    }
    directions = {"distance": "min", "recall": "max"}
    distance, recall = plots.metric_curves(measured, directions, title="A run").axes
    assert distance.get_title() == "distance\nbest 2, epoch 5"
    assert recall.get_title() == "recall\nbest 0.7, epoch 5"  # the first of two equal values
    curve, _, mark = distance.lines
    assert list(curve.get_xdata()) == [1, 5, 10] and list(curve.get_ydata()) == [9, 2, 3]
    assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([5], [2])
    assert list(recall.lines[0].get_xdata()) == [1, 5, 10, 11]


def test_metric_curves_without_a_best():
    (ax,) = plots.metric_curves({1: {"modes": 3.0}, 2: {"modes": 5.0}}, {"modes": None}).axes
    assert ax.get_title() == "modes" and len(ax.lines) == 1


def test_metric_curves_of_a_history():
    history = keras.callbacks.History()
    history.epoch = [4, 5, 6]
    history.history = {"recall": [0.1, 0.3, 0.2], "distance": [1.0]}
    (ax,) = plots.metric_curves(history, {"recall": "max"}).axes
    assert ax.get_title() == "recall\nbest 0.3, epoch 6"
    with pytest.raises(
        ValueError, match="'distance' .* 3 epochs. Received: 1 values.*`Evaluate.values`"
    ):
        plots.metric_curves(history, {"distance": "min"})


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7])
def test_every_metric_has_a_panel(count):
    values = {str(i): float(i) for i in range(count)}
    figure = plots.metric_curves({1: values, 2: values}, dict.fromkeys(values, "min"))
    assert [ax.get_title()[0] for ax in figure.axes] == list(values)


@pytest.mark.parametrize(
    ("measured", "best", "message"),
    [
        ({1: {"a": 1.0}}, {}, "`best` must name at least one"),
        ({1: {"a": 1.0}}, {"b": "min"}, r"Received: 'b'. The metrics are \['a'\]"),
        ({}, {"b": "min"}, r"Received: 'b'. The metrics are \[\]"),
        (
            {1: {"a": 1.0}},
            {"a": "lowest"},
            r"`best\['a'\]` must be one of 'min', 'max', None.*'lowest'",
        ),
        ({1: {"a": math.nan}}, {"a": "min"}, r"'a' must have a finite value. Received: \[nan\]"),
    ],
)
def test_metric_curves_refuse(measured, best, message):
    with pytest.raises(ValueError, match=message):
        plots.metric_curves(measured, best)


LOSS, MEASURED = {"loss": [1.0]}, {1: {"a": 1.0}}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plots.loss_curves(None), TypeError, "`history` must map .* history=None"),
        (lambda: plots.loss_curves({"x_loss": ["a"]}), TypeError, r"numbers.* x_loss=\['a'\]"),
        (lambda: plots.loss_curves({"x_loss": 5}), ValueError, r"{'x_loss': \(\)}"),
        (lambda: plots.loss_curves({3: [1.0]}), ValueError, r"Received: names \[3\]"),
        (lambda: plots.loss_curves(LOSS, equilibrium=5), TypeError, "equilibrium=5"),
        (lambda: plots.loss_curves(LOSS, equilibrium={"loss": "a"}), TypeError, "finite.*='a'"),
        (lambda: plots.loss_curves(LOSS, equilibrium={"loss": math.nan}), ValueError, "=nan"),
        (lambda: plots.loss_curves(LOSS, equilibrium={3: 1, "b": 2}), ValueError, r"\[3, 'b'\]"),
        (lambda: plots.metric_curves(None, {"a": "min"}), TypeError, "measured=None"),
        (lambda: plots.metric_curves({1: 5}, {"a": "min"}), TypeError, r"measured\[1\]=5"),
        (lambda: plots.metric_curves({1: {"a": "x"}}, {"a": "min"}), TypeError, r"\(1, 'x'\)"),
        (lambda: plots.metric_curves(MEASURED, ["a"]), TypeError, r"best=\['a'\]"),
        (lambda: plots.metric_curves(MEASURED, {"a": True}), ValueError, r"best\['a'\]=True"),
    ],
)
def test_other_types_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
