"""Guarantee 7: N replicas with batch B/N take the same step as one with batch B."""

import os
import subprocess
import sys

import keras
import numpy as np

# Both runs build the same networks (without batch statistics, which replicas keep apart) and see
# the same data in the same order; only the number of devices differs.
SCRIPT = """
import os, sys
out, replicas, cases = sys.argv[1], int(sys.argv[2]), eval(sys.argv[3])
if os.environ["KERAS_BACKEND"] == "jax":
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={replicas}"
import contextlib
import keras, numpy as np
import gankit
from gankit import penalties

scope = contextlib.nullcontext
if keras.backend.backend() == "jax" and replicas > 1:
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

def train(steps, examples, penalised=False):
    layers = keras.layers
    with scope():
        keras.utils.set_random_seed(0)
        generator = keras.Sequential([keras.Input((4,)), layers.Dense(8, "relu"), layers.Dense(2)])
        discriminator = keras.Sequential(
            [keras.Input((2,)), layers.Dense(8, "relu"), layers.Dense(1)])
        gan = gankit.GAN(generator, discriminator, latent_dim=4, data_range=None, seed=0)
        gan.compile(discriminator_steps=steps,
                    penalties=[penalties.GradientPenalty(0.1), penalties.DRAGAN(0.1),
                               penalties.R1(0.1, every=2), penalties.WeightClipping(0.4)]
                               if penalised else [],
                    generator_optimizer=keras.optimizers.SGD(0.1, momentum=0.5),
                    discriminator_optimizer=keras.optimizers.SGD(0.1, momentum=0.5))
    points = np.random.default_rng(0).normal(size=(examples, 2)).astype("float32")
    history = gan.fit(points, batch_size=16, epochs=2, verbose=0).history
    weights = [keras.ops.convert_to_numpy(v.value) for v in gan.weights]
    means = {name: np.array(values) for name, values in history.items()}
    return means | {f"weight {i}": weight for i, weight in enumerate(weights)}

np.savez(out, **{f"{case}: {name}": value
                 for case in cases for name, value in train(*case).items()})
"""

# Steps of the discriminator and number of examples, in batches of 16. The last batch holds 12 of
# 44 examples, which are shared out evenly; of 43, TensorFlow gives one replica fewer than the other
# (JAX refuses to split such a batch).
CASES = {
    "tensorflow": [(1, 44), (2, 48), (1, 43, True)],
    "jax": [(1, 44, True), (2, 48)],
}


def run(tmp_path, replicas, cases):
    script, out = tmp_path / "train.py", tmp_path / f"{replicas}.npz"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), str(out), str(replicas), repr(cases)],
        capture_output=True,
        text=True,
        env=os.environ | {"KERAS_BACKEND": keras.backend.backend()},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(out) as arrays:
        return dict(arrays)


if keras.backend.backend() in CASES:  # Keras trains on one device with PyTorch

    def test_two_replicas_equal_one(tmp_path):
        cases = CASES[keras.backend.backend()]
        one, two = run(tmp_path, 1, cases), run(tmp_path, 2, cases)
        assert one.keys() == two.keys() and len(one) == len(cases) * (8 + 4) + 1
        for name in one:
            np.testing.assert_allclose(two[name], one[name], rtol=1e-5, atol=1e-6, err_msg=name)
