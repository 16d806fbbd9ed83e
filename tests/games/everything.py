"""A GAN with everything that a resumed run must restore: two penalties, averages, noise, a history.

Tests and `benchmarks/bit_for_bit.py` run this text in processes of their own, and kill them.
"""

import keras
import numpy as np
from keras import layers

import gankit
from gankit.averaging import Averaging
from gankit.historical import HistoricalAveragingGAN
from gankit.noise import InstanceNoise


class Everything(HistoricalAveragingGAN):
    """Instance noise besides, which fades over the first forty steps."""

    noise = InstanceNoise(0.1, steps=40)

    def judge(self, examples):
        step = self.discriminator_optimizer.iterations
        return super().judge(self.noise(examples, self.draws, step))


def network(inputs, outputs):
    """Two dense layers with batch normalization and dropout between them."""
    body = [layers.Dense(8), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.3)]
    return keras.Sequential([keras.Input((inputs,)), *body, layers.Dense(outputs)])


def everything(seed):
    """The game, compiled; `seed` decides first weights and draws."""
    keras.utils.set_random_seed(seed)
    gan = Everything(network(4, 2), network(2, 1), 4, 0.1, 0.1, data_range=None, seed=seed)
    gan.compile(
        discriminator_steps=2,
        averaging=Averaging(half_life=50),
        penalties=[gankit.penalties.GradientPenalty(0.1), gankit.penalties.R1(0.1)],
        generator_optimizer=keras.optimizers.Adam(1e-3, use_ema=True, ema_momentum=0.9),
    )
    return gan


def trained(game, callbacks=()):
    """Train it for 24 steps; return its whole state as arrays, and the history."""
    points = np.random.default_rng(0).normal(size=(90, 2)).astype("float32")
    callbacks = list(callbacks)
    history = game.fit(points, batch_size=16, epochs=4, verbose=0, callbacks=callbacks)
    variables = [*game.variables, *game.optimizer.variables]
    return [keras.ops.convert_to_numpy(v.value) for v in variables], history.history
