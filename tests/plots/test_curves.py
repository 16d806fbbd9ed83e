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
        ({"accuracy": [1.0]}, None, r"ends in 'loss', but it holds \['accuracy'\]"),
        ({"loss": []}, None, "{'loss': 0}"),
        ({"a_loss": [1.0], "b_loss": [1.0, 2.0]}, None, "'a_loss': 1, 'b_loss': 2"),
        ({"loss": [1.0]}, {"d_loss": 1.0}, r"names \['d_loss'\], but the losses are \['loss'\]"),
    ],
)
def test_loss_curves_refuse(history, equilibrium, message):
    with pytest.raises(ValueError, match=message):
        plots.loss_curves(history, equilibrium=equilibrium)
