"""DCGAN on real MNIST: quality over training, and its discriminator's features with few labels.

    python benchmarks/dcgan_mnist.py [--epochs 8] [--width 16]

A killed run goes on where it stopped when it is started again. The result, with the curve and the
settings, goes to `benchmarks/results/dcgan_mnist.json`, a grid of samples beside it; the chapter
`02_dcgan` shows them. As there, images get a border of 2 pixels, and samples are judged without it,
by a classifier trained on MNIST's own training images.
"""

import argparse
import json
import os
from pathlib import Path

import keras
import numpy as np
from seconds import Seconds

from gankit import datasets, metrics, plots
from gankit.callbacks import BackupAndRestore
from gankit.models.dcgan import DCGAN, discriminator_features
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "dcgan_mnist.json"
RUN = HERE / "runs" / "dcgan_mnist"
SAMPLES = 5_000
PROBED = 10_000  # training images that the labels are drawn from, and C is chosen on


def load(split):
    images, labels = datasets.load("mnist", split)
    return np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)], constant_values=-1), labels


def inner(images):
    """Take the border off."""
    return images[:, 2:-2, 2:-2]


class Quality(keras.callbacks.Callback):
    """Adds how good the samples are, to the history of every epoch."""

    def __init__(self, classifier, real):
        super().__init__()
        self.classifier = classifier
        self.real = classifier.features(inner(real))

    def on_epoch_end(self, epoch, logs=None):
        images = inner(self.model.generate(SAMPLES, seed=1))
        logs["frechet"] = metrics.frechet_distance(self.real, self.classifier.features(images))
        probabilities = self.classifier.probabilities(images)
        logs["confidence"] = float(probabilities.max(axis=1).mean())
        shares = np.bincount(probabilities.argmax(axis=1), minlength=10) / SAMPLES
        logs["smallest_class"], logs["largest_class"] = float(shares.min()), float(shares.max())


def digit_judge(images, labels):
    """Train the classifier that judges, or take the one that an interrupted run has trained."""
    path = RUN / "classifier.npz"
    if path.exists():
        classifier = metrics.DigitClassifier()
        classifier.load(path)
        return classifier
    classifier = metrics.train_digit_classifier(inner(images), labels, epochs=4)
    with atomic_write(path) as temporary:
        classifier.save(temporary)
    return classifier


def train_gan(images, quality, options):
    gan = DCGAN((32, 32, 1), latent_dim=options.latent_dim, width=options.width, seed=options.seed)
    adams = [keras.optimizers.Adam(options.rate, beta_1=0.5) for _ in range(2)]
    gan.compile(generator_optimizer=adams[0], discriminator_optimizer=adams[1])
    callbacks = [Seconds(), quality, BackupAndRestore(RUN, delete_when_done=False)]
    history = gan.fit(images, batch_size=64, epochs=options.epochs, verbose=2, callbacks=callbacks)
    return gan, history.history


def probe(gan, images, labels, test, test_labels):
    """Test accuracy with 100 and 1,000 labels: pixels, an untrained discriminator, the trained."""
    images, labels = images[:PROBED], labels[:PROBED]
    changed = gan.get_config() | {"seed": gan.seed + 100}
    untrained = DCGAN.from_config(changed)
    rows = {"raw pixels": (images, test)}
    for name, model in (("untrained discriminator", untrained), ("trained discriminator", gan)):
        rows[name] = tuple(
            discriminator_features(model.discriminator, part, calibration=images[:1000])
            for part in (images, test)
        )
    table = {}
    for name, (features, test_features) in rows.items():
        for count in (100, 1000):
            accuracies = metrics.few_label_accuracy(
                features, labels, test_features, test_labels, count=count
            )
            table.setdefault(name, {})[f"{count} labels"] = {
                "mean": round(float(accuracies.mean()), 4),
                "standard_deviation": round(float(accuracies.std(ddof=1)), 4),
            }
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8, help="passes over the 60,000 images")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--latent-dim", type=int, default=64)
    parser.add_argument("--rate", type=float, default=8e-4, help="learning rate of both players")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    images, labels = load("train")
    test, test_labels = load("test")
    RUN.mkdir(parents=True, exist_ok=True)
    classifier = digit_judge(images, labels)
    quality = Quality(classifier, test[:SAMPLES])
    gan, history = train_gan(images, quality, options)

    curve = ("frechet", "confidence", "smallest_class", "largest_class")
    real = classifier.features(inner(test[:SAMPLES]))
    result = {
        "data": "MNIST with a border of 2 pixels: 60,000 training images; "
        "5,000 samples, test images",
        "classifier_test_accuracy": round(classifier.accuracy(inner(test), test_labels), 4),
        "frechet_of_real_images": round(
            metrics.frechet_distance(real, classifier.features(inner(images[:SAMPLES]))), 2
        ),
        "after_epoch": {name: [round(v, 4) for v in history[name]] for name in curve},
        "few_label_accuracy": probe(gan, images, labels, test, test_labels),
        "settings": vars(options)
        | {
            "batch_size": 64,
            "optimizers": "Adam, beta_1 0.5",
            "backend": keras.config.backend(),
            "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        },
        "cpu_minutes": round(sum(history["cpu_seconds"]) / 60, 1),
    }
    with atomic_write(RESULT) as temporary:
        Path(temporary).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    plots.save_png(
        plots.tile(plots.to_pixels(gan.generate(60, seed=2)), columns=15),
        RESULT.with_suffix(".png"),
    )
    print(json.dumps(result["few_label_accuracy"], indent=2))


if __name__ == "__main__":
    main()
