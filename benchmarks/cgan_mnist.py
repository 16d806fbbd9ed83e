"""A conditional GAN on real MNIST: does it draw what is asked for, and the paper's log-likelihood.

    python benchmarks/cgan_mnist.py [convolutional | dense] [--epochs 4]

Trains a `ConvCGAN`, or the paper's own dense networks, on the first 50,000 training images.
Samples, 1,000 of each class, are judged by a classifier trained on the same real images, and serve
as windows for the 10,000 test images, as in the paper's table 1. The convolutions draw a border of
2 pixels that is taken off. A killed run goes on where it stopped when it is started again. The
result goes to `benchmarks/results/cgan_mnist.json`, grids of samples beside it; the chapter
`04_cgan` shows them.
"""

import argparse
import json
import os
from pathlib import Path

import keras
import numpy as np
from seconds import Seconds

from gankit import averaging, datasets, metrics, plots
from gankit.callbacks import BackupAndRestore
from gankit.models.cgan import CGAN, ConvCGAN
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "cgan_mnist.json"
RUN = HERE / "runs" / "cgan_mnist"
PER_CLASS = 1_000  # the paper's number
ASKED = np.repeat(np.arange(10), PER_CLASS)
PAPER = {"mean": 132.0, "standard_error": 1.8}
RECIPES = {
    "convolutional": {
        "model": "ConvCGAN(conditioning='auxiliary_classifier', latent_dim=64)",
        "learning_rate": 2e-3,
        "batch_size": 64,
    },
    "dense": {
        "model": "CGAN(), the paper's networks, with Glorot's initial weights",
        "learning_rate": 2e-4,
        "batch_size": 100,
    },
}


def padded(images, side):
    border = (side - 28) // 2
    return np.pad(images, [(0, 0), (border, border), (border, border), (0, 0)], constant_values=-1)


def drawn(gan, asked, seed, **options):
    """Samples of 28x28 pixels, without the border that some networks draw."""
    border = (gan.example_shape[0] - 28) // 2
    made = gan.generate(labels=asked, seed=seed, **options)
    return made[:, border : border + 28, border : border + 28]


class Accuracy(keras.callbacks.Callback):
    """Adds how often samples are what was asked for, to the history."""

    def __init__(self, judge):
        super().__init__()
        self.judge = judge

    def on_epoch_end(self, epoch, logs=None):
        asked = ASKED[::5]
        logs["accuracy"] = self.judge.accuracy(drawn(self.model, asked, seed=1), asked)


def digit_judge(images, labels):
    """Train the classifier that judges, or take the one that an interrupted run has trained."""
    path = RUN / "classifier.npz"
    if path.exists():
        classifier = metrics.DigitClassifier()
        classifier.load(path)
        return classifier
    classifier = metrics.train_digit_classifier(images, labels, epochs=4)
    with atomic_write(path) as temporary:
        classifier.save(temporary)
    return classifier


def build(options):
    """The networks, compiled."""
    if options.networks == "dense":
        # With the paper's own optimizers and initial weights it takes hundreds of epochs.
        gan = CGAN(
            (28, 28, 1),
            10,
            generator_initializer="glorot_uniform",
            discriminator_initializer="glorot_uniform",
            seed=options.seed,
        )
    else:
        gan = ConvCGAN(
            (32, 32, 1),
            10,
            conditioning="auxiliary_classifier",
            latent_dim=64,
            width=options.width,
            seed=options.seed,
        )
    rate = RECIPES[options.networks]["learning_rate"]
    adams = [keras.optimizers.Adam(rate, beta_1=0.5) for _ in range(2)]
    gan.compile("non_saturating", *adams, averaging=averaging.Averaging(half_life=20_000))
    return gan


def spread(images, labels):
    """How far the images of a class are apart: deviation of a pixel, mean over the classes."""
    return np.mean([images[labels == k].std(axis=0).mean() for k in range(10)])


def parzen(samples, validation, test):
    """Score the test images under windows on the samples, as the paper does."""
    centers = (samples + 1) / 2
    sigma = metrics.cross_validate_sigma(centers, validation)
    score = metrics.parzen_log_likelihood(test, centers, sigma)
    return {
        "mean": round(score.mean, 2),
        "standard_error": round(score.standard_error, 2),
        "sigma": round(sigma, 4),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="?", choices=RECIPES, default="convolutional")
    parser.add_argument("--epochs", type=int, default=4, help="passes over the 50,000 images")
    parser.add_argument("--width", type=int, default=16, help="of the convolutions")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    images, labels = datasets.load("mnist")
    test, test_labels = datasets.load("mnist", "test")
    validation = (images[50_000:51_000] + 1) / 2
    images, labels = images[:50_000], labels[:50_000]
    RUN.mkdir(parents=True, exist_ok=True)
    judge = digit_judge(images, labels)
    gan = build(options)
    recipe = RECIPES[options.networks]
    backup = BackupAndRestore(RUN / options.networks, delete_when_done=False)
    watch = [Seconds(), Accuracy(judge), backup]
    shown = padded(images, gan.example_shape[0])
    fit = {"epochs": options.epochs, "verbose": 2, "callbacks": watch}
    history = gan.fit(shown, labels, recipe["batch_size"], **fit).history
    samples = {options.networks: drawn(gan, ASKED, seed=0)}
    if options.networks == "dense":
        samples["dense with dropout"] = drawn(gan, ASKED, seed=0, training=True)
    found = {
        name: {
            "accuracy": round(judge.accuracy(made, ASKED), 4),
            "variety": round(float(spread(made, ASKED) / spread(test, test_labels)), 3),
            "parzen_log_likelihood": parzen(made, validation, (test + 1) / 2),
        }
        for name, made in samples.items()
    }
    found[options.networks] |= {
        "accuracy_after_epoch": [round(v, 4) for v in history["accuracy"]],
        "settings": {
            **recipe,
            "optimizers": "Adam, beta_1 0.5",
            "averaging": "half-life 20,000 images",
            **vars(options),
            "backend": keras.config.backend(),
            "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        },
        "cpu_minutes": round(sum(history["cpu_seconds"]) / 60, 1),
    }
    write(found, round(judge.accuracy(test, test_labels), 4), samples)
    print(json.dumps(found, indent=2))


def write(found, accuracy_on_real, samples):
    """Write what was found of these networks beside what is known of the others."""
    before = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    result = {
        "data": "MNIST: trained on 50,000 images, window chosen on 1,000, scored on 10,000",
        "classifier_test_accuracy": accuracy_on_real,
        "paper": PAPER,
        "networks": before.get("networks", {}) | found,
    }
    with atomic_write(RESULT) as temporary:
        Path(temporary).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for name, made in samples.items():
        few = np.concatenate([made[ASKED == k][:15] for k in range(10)])
        figure = plots.image_grid(few, columns=15, row_labels=list("0123456789"))
        path = RESULT.with_name(f"{RESULT.stem}_{name.replace(' ', '_')}.png")
        plots.save_png(plots.to_frame(figure), path)


if __name__ == "__main__":
    main()
