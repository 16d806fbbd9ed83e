"""Memory that stays after many `compile`s, and after many deleted models, beside plain Keras.

    python benchmarks/memory_kept.py [--times 30] [--json RESULT]

gankit's GAN and a `keras.Model` with the same two networks and a `train_step` of its own do the
same in processes of their own: `compile` one model again and again and train it for a step; or make
a model, train it for a step, and delete it. The first five times do not count: the first step of a
process fills the caches of Python, Keras and TensorFlow.
"""

import argparse
import gc
import json
import multiprocessing
import os
from pathlib import Path

from turns import ENVIRONMENT

WARM_UP = 5


def networks():
    """A small DCGAN's two networks."""
    import keras

    from gankit.models import dcgan

    keras.utils.set_random_seed(0)
    return dcgan.build_generator((28, 28, 1), 100, 16), dcgan.build_discriminator((28, 28, 1), 16)


def plain_keras():
    """The plain model: what Keras' own guide to GANs has, with two optimizers."""
    import keras
    import tensorflow as tf

    class PlainGAN(keras.Model):
        def __init__(self):
            super().__init__()
            self.generator, self.discriminator = networks()

        def compile(self):
            super().compile()
            self.optimizers = [keras.optimizers.Adam(2e-4, 0.5) for _ in range(2)]

        def train_step(self, real):
            players = self.discriminator, self.generator
            for number, (player, optimizer) in enumerate(
                zip(players, self.optimizers, strict=True)
            ):
                with tf.GradientTape() as tape:
                    fake = self.generator(tf.random.normal((tf.shape(real)[0], 100)), training=True)
                    of_fake = self.discriminator(fake, training=True)
                    of_real = self.discriminator(real, training=True)
                    loss = tf.nn.softplus(of_fake) + tf.nn.softplus(-of_real)
                    loss = tf.reduce_mean(tf.nn.softplus(-of_fake) if number else loss)
                variables = player.trainable_variables
                optimizer.apply(tape.gradient(loss, variables), variables)
            return {"loss": loss}

    return PlainGAN()


def ours():
    """The same game by gankit."""
    import gankit

    return gankit.GAN(*networks(), 100, seed=0)


def resident():
    """Megabytes of memory that this process holds."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def kept(make, deleted, times, connection):
    """Send the megabytes that one time more keeps, on average."""
    import keras
    import numpy as np

    images = np.random.default_rng(0).uniform(-1, 1, (32, 28, 28, 1)).astype("float32")
    model = None
    for time in range(WARM_UP + times):
        if time == WARM_UP:
            before = resident()
        if deleted or model is None:
            model = make()
        model.compile()
        model.fit(images, batch_size=32, verbose=0)
        if deleted:
            model = None
            keras.backend.clear_session()
    connection.send((resident() - before) / times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=30, help="how often each is done")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the result")
    options = parser.parse_args()
    os.environ |= ENVIRONMENT | {"KERAS_BACKEND": "tensorflow"}
    processes = multiprocessing.get_context("spawn")
    result = {}
    for what in ("compiled", "deleted"):
        result[what] = {}
        for make in (ours, plain_keras):
            mine, theirs = processes.Pipe()
            told = (make, what == "deleted", options.times, theirs)
            process = processes.Process(target=kept, args=told)
            process.start()
            theirs.close()
            result[what][make.__name__] = round(mine.recv(), 2)
            process.join()
        print(f"{what}, MiB each time: {result[what]}", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
