"""Instance noise: who sees it, and for how long."""

import keras
import numpy as np
import pytest
from keras import ops

import gankit
from gankit.noise import InstanceNoise
from gankit.replicas import ReplicaRandom


def test_noise_is_normal_with_the_deviation_of_the_step():
    draws, zeros = ReplicaRandom(keras.random.SeedGenerator(0)), np.zeros((2000, 5), "float32")
    for step, std in ((0, 0.5), (30, 0.2), (50, 0.0)):
        noise = ops.convert_to_numpy(InstanceNoise(0.5, steps=50)(zeros, draws, step))
        assert noise.mean() == pytest.approx(0, abs=0.02) and noise.dtype == "float32"
        assert noise.std() == pytest.approx(std, rel=0.05)


@pytest.mark.parametrize("update", ["alternating", "one_stage"])
def test_both_players_see_it_until_it_is_gone(make_gan, points, update):
    """A deviation so large that losses tell whether it was there."""
    noise = InstanceNoise(std=1e4, steps=2)
    gan = make_gan(norm=False, instance_noise=noise, update=update)
    noisy = []
    for _ in range(3):
        gan.reset_metrics()
        report = gan._train_step((ops.convert_to_tensor(points),))
        noisy.append([float(report[f"{p}_loss"]) > 50 for p in ("discriminator", "generator")])
    # Where they alternate, the generator comes after the second of the two updates.
    second = [True, update == "one_stage"]
    assert noisy == [[True, True], second, [False, False]]


def test_it_is_saved(make_gan, tmp_path):
    make_gan(instance_noise=InstanceNoise(0.1, steps=7)).save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras")
    assert again.instance_noise.get_config() == {"std": 0.1, "steps": 7}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0.0, 10), "std=0.0"), ((float("inf"), 10), "std=inf"), ((0.1, 0), "steps=0")],
)
def test_impossible_noise_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        InstanceNoise(*arguments)
