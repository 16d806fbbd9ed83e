"""Conditional GANs on real MNIST: the paper's networks and log-likelihood, and convolutions.

    python benchmarks/cgan_mnist.py [--epochs 10] [--conv-epochs 4]

Trains `CGAN` at the paper's sizes and a `ConvCGAN` on the first 50,000 training images. Samples,
1,000 of each class, are judged by a classifier trained on the same real images, and serve as
windows for the 10,000 test images, as in the paper's table 1. A killed run goes on where it stopped
when it is started again. The result goes to `benchmarks/results/cgan_mnist.json`, a grid of samples
of each network beside it; the chapter `04_cgan` shows them.

The convolutional networks see images with a border of 2 pixels, which is taken off their samples.
Departures from the paper, for `CGAN`: Adam with a falling rate instead of SGD, larger initial
weights, and a fixed number of epochs. The paper's own settings (its defaults) take hundreds of
epochs.
"""

import argparse
import json
import os
import time
from pathlib import Path

import keras
import numpy as np

from gankit import averaging, datasets, metrics, plots
from gankit.callbacks import BackupAndRestore
from gankit.models.cgan import CGAN, ConvCGAN
from gankit.saving import written_whole

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "cgan_mnist.json"
RUN = HERE / "runs" / "cgan_mnist"
PER_CLASS = 1_000  # the paper's number
ASKED = np.repeat(np.arange(10), PER_CLASS)
RATES = 2e-4, 2e-4  # of the paper's generator and discriminator, with Adam
PAPER = {"mean": 132.0, "standard_error": 1.8}


def padded(images):
    return np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)], constant_values=-1)


def drawn(gan, asked, seed):
    """Samples of 28x28 pixels, without the border that some networks draw."""
    border = (gan.example_shape[0] - 28) // 2
    return gan.generate(labels=asked, seed=seed)[:, border : border + 28, border : border + 28]


class Accuracy(keras.callbacks.Callback):
    """Adds how often samples are what was asked for, and the time, to the history."""

    def __init__(self, judge):
        super().__init__()
        self.judge = judge

    def on_epoch_begin(self, epoch, logs=None):
        self.begun = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        logs["cpu_seconds"] = time.process_time() - self.begun
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
    with written_whole(path) as temporary:
        classifier.save(temporary)
    return classifier


def dense(options, images):
    """The paper's networks, and how to compile them."""
    keras.utils.set_random_seed(options.seed)
    gan = CGAN(
        generator_initializer="he_uniform",
        discriminator_initializer="glorot_uniform",
        seed=options.seed,
    )
    steps = options.epochs * len(images) // 100

    def adam(rate):
        schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
        return keras.optimizers.Adam(schedule, beta_1=0.5)

    rates = map(adam, RATES)
    gan.compile("non_saturating", *rates)
    return gan, {"batch_size": 100, "epochs": options.epochs}


def convolutional(options, images):
    """The convolutional networks, and how to compile them."""
    gan = ConvCGAN(
        (32, 32, 1),
        10,
        conditioning="auxiliary_classifier",
        latent_dim=64,
        width=options.width,
        seed=options.seed,
    )
    adams = [keras.optimizers.Adam(2e-3, beta_1=0.5) for _ in range(2)]
    gan.compile(
        generator_optimizer=adams[0],
        discriminator_optimizer=adams[1],
        averaging=averaging.Averaging(half_life=20_000),
    )
    return gan, {"batch_size": 64, "epochs": options.conv_epochs}


def parzen(samples, validation, test):
    """Score the test images under windows on the samples, as the paper does."""
    centres = (samples + 1) / 2
    sigma = metrics.cross_validate_sigma(centres, validation)
    score = metrics.parzen_log_likelihood(test, centres, sigma)
    return {
        "mean": round(score.mean, 2),
        "standard_error": round(score.standard_error, 2),
        "sigma": round(sigma, 4),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10, help="of the paper's networks")
    parser.add_argument("--conv-epochs", type=int, default=4, help="of the convolutional ones")
    parser.add_argument("--width", type=int, default=16, help="of the convolutional ones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", type=int, default=50_000, help="training images to use")
    parser.add_argument("--result", type=Path, default=RESULT)
    options = parser.parse_args()

    images, labels = datasets.load("mnist")
    test, test_labels = datasets.load("mnist", "test")
    validation = (images[50_000:51_000] + 1) / 2
    images, labels = images[: options.images], labels[: options.images]
    RUN.mkdir(parents=True, exist_ok=True)
    judge = digit_judge(images, labels)

    networks = {}
    for name, build in (("convolutional", convolutional), ("paper", dense)):
        shown = padded(images) if name == "convolutional" else images
        gan, training = build(options, images)
        watch = [Accuracy(judge), BackupAndRestore(RUN / name, delete_when_done=False)]
        history = gan.fit(shown, labels, verbose=2, callbacks=watch, **training).history
        samples = drawn(gan, ASKED, seed=0)
        networks[name] = {
            "accuracy": round(judge.accuracy(samples, ASKED), 4),
            "parzen_log_likelihood": parzen(samples, validation, (test + 1) / 2),
            "accuracy_after_epoch": [round(v, 4) for v in history["accuracy"]],
            "cpu_minutes": round(sum(history["cpu_seconds"]) / 60, 1),
        }
        few = np.concatenate([samples[ASKED == k][:15] for k in range(10)])
        grid = plots.tile(plots.to_pixels(few), columns=15)
        plots.save_png(grid, options.result.with_name(f"{options.result.stem}_{name}.png"))
        write(options, judge.accuracy(test, test_labels), networks)
    print(json.dumps(networks, indent=2))


def write(options, classifier_accuracy, networks):
    """Write what is known so far."""
    result = {
        "data": "MNIST: trained on 50,000 images, window chosen on 1,000, scored on 10,000",
        "classifier_test_accuracy": round(classifier_accuracy, 4),
        "networks": networks,
        "paper": PAPER,
        "settings": {
            "paper": "CGAN() at the paper's sizes; he_uniform and glorot_uniform initial weights; "
            f"Adam, {RATES[0]:g} and {RATES[1]:g} falling to 0 along a cosine, beta_1 0.5; "
            "batches of 100",
            "convolutional": "ConvCGAN(conditioning='auxiliary_classifier', latent_dim=64, "
            f"width={options.width}); Adam, rate 2e-3, beta_1 0.5; batches of 64; averaged "
            "generator, half-life 20,000 images",
            "epochs": options.epochs,
            "conv_epochs": options.conv_epochs,
            "images": options.images,
            "seed": options.seed,
            "backend": keras.config.backend(),
            "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        },
    }
    with written_whole(options.result) as temporary:
        Path(temporary).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
