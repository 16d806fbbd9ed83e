"""Instance noise: who sees it, and for how long."""

import keras
import numpy as np
import pytest
from keras import ops

import gankit
from gankit.game import ReplicaRandom
from gankit.noise import InstanceNoise


def test_noise_is_normal_with_the_deviation_of_the_step():
    draws, zeros = ReplicaRandom(keras.random.SeedGenerator(0)), np.zeros((2000, 5), "float32")
    for step, std in ((0, 0.5), (30, 0.2), (50, 0.0)):
        noise = ops.convert_to_numpy(InstanceNoise(0.5, steps=50)(zeros, draws, step))
        assert noise.mean() == pytest.approx(0, abs=0.02) and noise.dtype == "float32"
        assert noise.std() == pytest.approx(std, rel=0.05)


class NoisyGAN(gankit.GAN):
    """As `InstanceNoise` shows it."""

    noise = InstanceNoise(std=1e4, steps=2)

    def judge(self, examples, *conditions):
        step = self.discriminator_optimizer.iterations
        return super().judge(self.noise(examples, self.draws, step), *conditions)


def test_both_players_see_it_until_it_is_gone(make_gan, points):
    """A deviation so large that losses tell whether it was there."""
    nets = make_gan(norm=False)
    gan = NoisyGAN(nets.generator, nets.discriminator, 4, data_range=None, seed=0)
    gan.compile()
    noisy = []
    for _ in range(3):
        gan.reset_metrics()
        gan.step(ops.convert_to_tensor(points))
        report = gan.get_metrics_result()
        noisy.append([float(report[f"{p}_loss"]) > 50 for p in ("discriminator", "generator")])
    # The generator comes after the second of the discriminator's updates.
    assert noisy == [[True, True], [True, False], [False, False]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 10), "std=0.0"),
        ((float("inf"), 10), "std=inf"),
        (("x", 1), "std='x'"),
        ((None, 1), "std=None"),
        ((0.1, 0), "steps=0"),
    ],
)
def test_impossible_noise_is_refused(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        InstanceNoise(*arguments)
