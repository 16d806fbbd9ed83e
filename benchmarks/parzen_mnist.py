"""The MNIST row of the 2014 paper's table 1, with networks of the paper's sizes, and anchors.

    python benchmarks/parzen_mnist.py [--epochs 24]

Trains `MLPGAN` on the first 50,000 training images, chooses the window's width on the 1,000 after
them, and scores the 10,000 test images under windows on 10,000 samples. A killed run goes on where
it stopped when it is started again. The result, with the validation score after every epoch and the
settings, goes to `benchmarks/results/parzen_mnist.json`, a grid of samples beside it; the chapter
`01_minimax` shows it.

Departures from the paper: Adam with a falling rate instead of SGD, and larger initial weights. The
paper's own settings (`MLPGAN`'s defaults) take hundreds of epochs, which is days on a CPU.
"""

import argparse
import json
import os
from pathlib import Path

import keras
import numpy as np
from seconds import Seconds

from gankit import datasets, metrics, plots
from gankit.models import minimax
from gankit.resume import BackupAndRestore
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "parzen_mnist.json"
RUN = HERE / "runs" / "parzen_mnist"
SAMPLES = 10_000
BATCH = 100
PAPER = {"mean": 225.0, "standard_error": 2.0}


class ValidationScore(keras.callbacks.Callback):
    """Adds the Parzen log-likelihood of the validation images, to the history."""

    def __init__(self, validation):
        super().__init__()
        self.validation = validation

    def on_epoch_end(self, epoch, logs=None):
        centers = samples(self.model, seed=1)
        sigma = metrics.cross_validate_sigma(centers, self.validation)
        score = metrics.parzen_log_likelihood(self.validation, centers, sigma)
        logs["validation"] = score.mean


def samples(gan, seed):
    """Draw what serves as centers of the windows: images in [0, 1]."""
    return (gan.generate(SAMPLES, seed=seed) + 1.0) / 2.0


def scored(centers, validation, test):
    """Score the test images under windows on `centers`, as the paper does."""
    sigma = metrics.cross_validate_sigma(centers, validation)
    score = metrics.parzen_log_likelihood(test, centers, sigma)
    return {
        "mean": round(score.mean, 2),
        "standard_error": round(score.standard_error, 2),
        "sigma": round(sigma, 4),
    }


def anchors(train, validation, test):
    """Score what needs no training, so that the GAN's number can be read."""
    real = train[:SAMPLES]
    near = metrics.nearest_neighbors(real, real, k=4).indices[:, 1:]
    rows = {
        "10,000 real images": real,
        "1,000 real images": real[:1000],
        "10,000 real images, each averaged with its 3 nearest neighbors": (
            (real + real[near].mean(axis=1)) / 2.0
        ),
        "the mean image": train.mean(axis=0, keepdims=True),
    }
    return {name: scored(centers, validation, test) for name, centers in rows.items()}


def train_gan(images, validation, epochs, seed):
    keras.utils.set_random_seed(seed)
    gan = minimax.MLPGAN(
        generator_initializer="he_uniform", discriminator_initializer="glorot_uniform", seed=seed
    )
    gan.match_pixel_means(images)
    steps = epochs * len(images) // BATCH

    def adam(rate):
        schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
        return keras.optimizers.Adam(schedule, beta_1=0.5)

    gan.compile(generator_optimizer=adam(2e-3), discriminator_optimizer=adam(4e-3))
    history = gan.fit(
        images,
        batch_size=BATCH,
        epochs=epochs,
        verbose=2,
        callbacks=[
            Seconds(),
            ValidationScore(validation),
            BackupAndRestore(RUN, delete_when_done=False),
        ],
    )
    return gan, history.history


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=24, help="passes over the 50,000 images")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    images, _ = datasets.load("mnist")
    test = (datasets.load("mnist", "test")[0] + 1.0) / 2.0
    images, validation = images[:50_000], (images[50_000:51_000] + 1.0) / 2.0

    gan, history = train_gan(images, validation, options.epochs, options.seed)
    result = {
        "data": "MNIST: trained on 50,000 images, width chosen on 1,000, scored on 10,000",
        "parzen_log_likelihood": scored(samples(gan, seed=0), validation, test),
        "paper": PAPER,
        "anchors": anchors((images + 1.0) / 2.0, validation, test),
        "settings": {
            "model": "MLPGAN() at the paper's sizes",
            "loss": "non_saturating",
            "initial_weights": "he_uniform, glorot_uniform",
            "optimizers": "Adam, beta_1 0.5, rates 2e-3 and 4e-3 falling to 0 along a cosine",
            "batch_size": BATCH,
            "epochs": options.epochs,
            "seed": options.seed,
            "backend": keras.config.backend(),
            "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        },
        "cpu_minutes": round(sum(history["cpu_seconds"]) / 60, 1),
        "validation_after_epoch": [round(v, 1) for v in history["validation"]],
    }
    with atomic_write(RESULT) as temporary:
        Path(temporary).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    grid = plots.tile(plots.to_pixels(gan.generate(100, seed=2)), columns=20)
    plots.save_png(np.asarray(grid), RESULT.with_suffix(".png"))
    print(json.dumps(result["parzen_log_likelihood"]))


if __name__ == "__main__":
    main()
