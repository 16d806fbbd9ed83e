"""Historical averaging in the training step; its arithmetic: `tests/oracles/training.py`."""

import keras
import numpy as np
import pytest
from keras import ops
from oracles.training import toy_formula

import gankit
from gankit.historical import HistoricalAveragingGAN, PastWeights


def drawn(make_gan, strengths, **compile_options):
    nets = make_gan(norm=False)
    gan = HistoricalAveragingGAN(
        nets.generator, nets.discriminator, 4, *strengths, data_range=None, seed=0
    )
    gan.compile(**compile_options)
    return gan


def test_the_papers_toy_game_ends_where_it_should():
    """The formula that gankit's own steps are held to: 20 000 steps of simultaneous descent."""
    for strength, end in ((0.1, (1.0014, 0.998)), (0.5, (1.041, 1.017))):
        np.testing.assert_allclose(toy_formula(strength, 20_000), end, atol=6e-4)
    start, circling = np.hypot(-2, 1), toy_formula(0.0, 3000) - 1
    assert np.hypot(*circling) > start, "without the term, the players run away from the solution"


def test_the_term_is_the_strength_times_the_squared_distance():
    weights = keras.Variable([1.0, 2.0])
    past = PastWeights([weights], strength=0.5)
    assert float(past.distance()) == 0.0
    weights.assign([4.0, 6.0])
    assert float(past.distance()) == 0.5 * (3**2 + 4**2)


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_each_player_can_be_drawn_alone(make_gan, points, player):
    batch = ops.convert_to_tensor(points)
    plain = drawn(make_gan, (0.0, 0.0))
    gan = drawn(make_gan, (0.5 * (player == "generator"), 0.5 * (player == "discriminator")))
    before = [ops.convert_to_numpy(v) for v in getattr(gan, player).trainable_variables]
    for _ in range(2):  # the first step begins at the mean, where the term is zero
        plain.step(batch), gan.step(batch)
    moved = {
        name: any(
            (ops.convert_to_numpy(a) != ops.convert_to_numpy(b)).any()
            for a, b in zip(getattr(plain, name).weights, getattr(gan, name).weights, strict=True)
        )
        for name in ("generator", "discriminator")
    }
    assert moved[player]
    # The discriminator moves first, so only it meets the same opponent as in the plain game.
    assert moved["generator"] or player == "generator"
    past, variables = gan.past[player], getattr(gan, player).trainable_variables
    assert int(past.count) == 3
    assert all(
        (ops.convert_to_numpy(m) != old).any() for m, old in zip(past.means, before, strict=True)
    )
    assert len(past.means) == len(variables)


def test_the_mean_is_that_of_all_weights_so_far(make_gan, points):
    gan, seen = drawn(make_gan, (0.1, 0.2)), []
    kernel = gan.generator.trainable_variables[0]
    for _ in range(4):
        seen.append(ops.convert_to_numpy(kernel))
        gan.step(ops.convert_to_tensor(points))
    seen.append(ops.convert_to_numpy(kernel))
    mean = ops.convert_to_numpy(gan.past["generator"].means[0])
    np.testing.assert_allclose(mean, np.mean(seen, axis=0), rtol=1e-4, atol=1e-6)


def test_gradients_that_are_being_accumulated_are_not_counted(make_gan, points):
    sgd = keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    gan = drawn(make_gan, (0.1, 0.1), generator_optimizer=sgd)
    for _ in range(4):
        gan.step(ops.convert_to_tensor(points))
    assert {name: int(past.count) for name, past in gan.past.items()} == {
        "generator": 1 + 2,
        "discriminator": 1 + 4,
    }


def test_the_means_are_saved_and_training_goes_on(make_gan, points, state_of, tmp_path):
    gan = drawn(make_gan, (0.2, 0.3))
    batch = ops.convert_to_tensor(points)
    gan.step(batch)
    gan.save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras")
    assert [past.strength for past in again.past.values()] == [0.2, 0.3]
    for g in (gan, again):
        g.step(batch)
    for a, b in zip(state_of(gan), state_of(again), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("strengths", "message"),
    [
        ((-1.0, 0.0), "generator_strength=-1.0"),
        ((0.0, np.nan), "discriminator_strength=nan"),
        (("x", 0.0), "generator_strength='x'"),
        ((0.0, None), "discriminator_strength=None"),
    ],
)
def test_impossible_strengths_are_refused(make_gan, strengths, message):
    with pytest.raises((TypeError, ValueError), match=message):
        drawn(make_gan, strengths)


def test_the_term_is_scaled_with_the_loss(make_gan, points):
    """Under loss scaling the term must weigh what it weighs without."""
    ends = []
    for wrap in (lambda o: o, keras.optimizers.LossScaleOptimizer):
        sgd = wrap(keras.optimizers.SGD(0.1))
        gan = drawn(make_gan, (3.0, 0.0), generator_optimizer=sgd)
        for _ in range(3):
            gan.step(ops.convert_to_tensor(points))
        ends.append([ops.convert_to_numpy(v) for v in gan.generator.trainable_variables])
    for plain, scaled in zip(*ends, strict=True):
        np.testing.assert_allclose(scaled, plain, rtol=1e-4, atol=1e-6)
