"""Guarantee 7: N replicas with batch B/N take the same step as one with batch B."""

from pathlib import Path

import keras
import numpy as np

THREE_PLAYERS = (Path(__file__).parent / "games" / "three_players.py").read_text(encoding="utf-8")

# Both runs build the same networks (without batch statistics, which replicas keep apart) and see
# the same data in the same order; only the number of devices differs.
SCRIPT = """
import contextlib, os
import keras, numpy as np
import gankit
from gankit import penalties
from gankit.averaging import Averaging
from gankit.historical import HistoricalAveragingGAN
from gankit.noise import InstanceNoise
from gankit.simultaneous import SimultaneousGAN

scope = contextlib.nullcontext
if keras.backend.backend() == "jax" and replicas > 1:
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={replicas}"
    import jax
    assert len(jax.devices()) == replicas
    keras.distribution.set_distribution(keras.distribution.DataParallel())
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * replicas
    tf.config.set_logical_device_configuration(cpu, devices)
    if replicas > 1:
        strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(replicas)])
        assert strategy.num_replicas_in_sync == replicas
        scope = strategy.scope

def penalized(every=2):
    return [penalties.GradientPenalty(0.1), penalties.DRAGAN(0.1),
            penalties.R1(0.1, every=every), penalties.WeightClipping(0.4)]

class Everything(HistoricalAveragingGAN):
    noise = InstanceNoise(0.2, steps=5)

    def judge(self, examples):
        step = self.discriminator_optimizer.iterations
        return super().judge(self.noise(examples, self.draws, step))

def of_two(kind, *strengths, limit=None, **options):
    layers = keras.layers
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(8, "relu"), layers.Dense(2)])
    discriminator = keras.Sequential([keras.Input((2,)), layers.Dense(8, "relu"), layers.Dense(1)])
    gan = kind(generator, discriminator, 4, *strengths, data_range=None, seed=0)
    sgd = [keras.optimizers.SGD(0.1, momentum=0.5, clipnorm=limit) for _ in range(2)]
    gan.compile(generator_optimizer=sgd[0], discriminator_optimizer=sgd[1], **options)
    return gan

def of_three():
    names = {"__name__": "__main__"}
    exec(three_players, names)
    sgd = {"class_name": "SGD", "config": {"learning_rate": 0.1}}
    players = ("encoder", "generator", "discriminator")
    return names["three_players"](norm=False, dropout=0.0, optimizers=dict.fromkeys(players, sgd),
                                  averages={"generator": Averaging(20)})

GAMES = {
    "plain": lambda: of_two(gankit.GAN),
    "two": lambda: of_two(gankit.GAN, discriminator_steps=2),
    "at_once": lambda: of_two(SimultaneousGAN, loss="hinge", penalties=penalized()),
    # Noise that a critic draws in a branch that is skipped cannot be shared out.
    "all": lambda: of_two(Everything, 0.1, 0.1, limit=0.05, penalties=penalized(every=1),
                          averaging=Averaging(20)),
    "three_players": of_three,
}

def train(game, examples):
    with scope():
        keras.utils.set_random_seed(0)
        gan = GAMES[game]()
    points = np.random.default_rng(0).normal(size=(examples, 2)).astype("float32")
    history = gan.fit(points, batch_size=16, epochs=2, verbose=0).history
    weights = [keras.ops.convert_to_numpy(v.value) for v in gan.weights]
    means = {name: np.array(values) for name, values in history.items()}
    return means | {f"weight {i}": weight for i, weight in enumerate(weights)}

np.savez(out, **{f"{case}: {name}": value
                 for case in cases for name, value in train(*case).items()})
"""

# What is compiled, and the number of examples, in batches of 16. The last batch holds 12 of 44
# examples, which are shared out evenly; of 43, TensorFlow gives one replica fewer than the other
# (JAX refuses to split such a batch).
CASES = {
    "tensorflow": [
        ("plain", 44),
        ("two", 48),
        ("at_once", 43),
        ("all", 43),
        ("three_players", 43),
    ],
    "jax": [("two", 48), ("at_once", 44), ("all", 44), ("three_players", 44)],
}
# Arrays: eight weights and four means; a penalty's mean; the average's four weights and a count,
# and eight means and two counts of historical averaging; of three players, ten weights, three
# means, and the average's four weights and a count.
ARRAYS = {
    "plain": 12,
    "two": 12,
    "at_once": 13,
    "all": 13 + 5 + 10,
    "three_players": 10 + 3 + 5,
}


if keras.backend.backend() in CASES:  # Keras trains on one device with PyTorch

    def test_two_replicas_equal_one(run_process, tmp_path):
        cases = CASES[keras.backend.backend()]

        def run(replicas):
            out = str(tmp_path / f"{replicas}.npz")
            told = {"cases": cases, "three_players": THREE_PLAYERS}
            assert run_process(SCRIPT, out=out, replicas=replicas, **told) == 0
            return dict(np.load(out))

        one, two = run(1), run(2)
        assert one.keys() == two.keys() and len(one) == sum(ARRAYS[case] for case, _ in cases)
        for name in one:
            np.testing.assert_allclose(two[name], one[name], rtol=1e-5, atol=1e-6, err_msg=name)
