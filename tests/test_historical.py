"""Historical averaging in the training step; its arithmetic: `tests/oracles/training.py`."""

import keras
import numpy as np
import pytest
from keras import ops
from oracles.training import toy_formula

import gankit
from gankit.historical import HistoricalAveraging


def test_the_papers_toy_game_ends_where_it_should():
    """The formula that gankit's own steps are held to: 20 000 steps of simultaneous descent."""
    for strength, end in ((0.1, (1.0014, 0.998)), (0.5, (1.041, 1.017))):
        np.testing.assert_allclose(toy_formula(strength, 20_000), end, atol=6e-4)
    start, circling = np.hypot(-2, 1), toy_formula(0.0, 3000) - 1
    assert np.hypot(*circling) > start, "without the term, the players run away from the solution"


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_each_player_can_be_drawn_alone(make_gan, points, player):
    gan = make_gan(historical_averaging=HistoricalAveraging(**{player: 0.5}))
    held = {name: getattr(gan, f"past_{name}") for name in ("generator", "discriminator")}
    assert held.pop(player) is not None and not any(held.values())
    past, variables = getattr(gan, f"past_{player}"), getattr(gan, player).trainable_variables
    before = [ops.convert_to_numpy(v) for v in variables]
    gan._train_step((ops.convert_to_tensor(points),))
    for mean, old, new in zip(past.means, before, variables, strict=True):
        middle = (old + ops.convert_to_numpy(new)) / 2
        np.testing.assert_allclose(ops.convert_to_numpy(mean), middle, rtol=1e-5, atol=1e-7)


def test_the_means_are_saved_and_training_goes_on(make_gan, points, state_of, tmp_path):
    gan = make_gan(historical_averaging=HistoricalAveraging(0.2, 0.3))
    batch = (ops.convert_to_tensor(points),)
    gan._train_step(batch)
    gan.save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras")
    assert again.historical_averaging.get_config() == {"generator": 0.2, "discriminator": 0.3}
    for g in (gan, again):
        g._train_step(batch)
    for a, b in zip(state_of(gan), state_of(again), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({}, "generator=0.0"), ({"generator": -1.0}, "-1.0"), ({"discriminator": np.nan}, "nan")],
)
def test_impossible_strengths_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        HistoricalAveraging(**arguments)


def test_the_pull_is_scaled_with_the_loss(make_gan, points):
    """Under loss scaling the term must weigh what it weighs without."""
    ends = []
    for wrap in (lambda o: o, keras.optimizers.LossScaleOptimizer):
        gan = make_gan(
            norm=False,
            historical_averaging=HistoricalAveraging(generator=3.0),
            generator_optimizer=wrap(keras.optimizers.SGD(0.1)),
        )
        for _ in range(3):
            gan._train_step((ops.convert_to_tensor(points),))
        ends.append([ops.convert_to_numpy(v) for v in gan.generator.trainable_variables])
    for plain, scaled in zip(*ends, strict=True):
        np.testing.assert_allclose(scaled, plain, rtol=1e-4, atol=1e-6)
