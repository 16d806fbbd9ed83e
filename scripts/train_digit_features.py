"""Train the digit classifier whose weights ship with gankit, or the same classifier on MNIST.

    python scripts/train_digit_features.py      # glyphs and digits: the shipped weights
    python scripts/train_digit_features.py --data mnist --output mnist_digits.npz

The shipped weights come only from embedded data, so they can be made again without a network, and
MNIST stays unseen. The accuracies are measured after rounding to the stored precision.
"""

import argparse
from pathlib import Path

import numpy as np

from gankit import datasets
from gankit.metrics import train_digit_classifier
from gankit.metrics.features import WEIGHTS

# How often each image of a set occurs in one epoch, to balance the small number of real digits.
COPIES = {"glyphs": 1, "digits": 3, "digits with a margin": 3, "mnist": 1}


def load(data, split):
    """Load one split as `{name: (images, labels)}`, 28x28.

    The UCI digits fill the image, but the MNIST digits have a margin of 4 pixels. The sets contain
    both framings, so that the classifier learns to read digits of either size.
    """
    if data == "mnist":
        return {"mnist": datasets.load("mnist", split)}
    small, labels = datasets.load("digits", split, image_size=20)
    framed = np.pad(small, ((0, 0), (4, 4), (4, 4), (0, 0)), constant_values=-1.0)
    return {
        "glyphs": datasets.load("glyphs", split),
        "digits": datasets.load("digits", split, image_size=28),
        "digits with a margin": (framed, labels),
    }


def concatenate(sets):
    """Concatenate the sets, with each set repeated as in `COPIES`."""
    images = [np.repeat(sets[name][0], COPIES[name], axis=0) for name in sets]
    labels = [np.repeat(sets[name][1], COPIES[name], axis=0) for name in sets]
    return np.concatenate(images), np.concatenate(labels)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=("embedded", "mnist"), default="embedded")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="file to write; by default, the package's own")
    options = parser.parse_args(arguments)
    if options.data == "mnist" and options.output is None:
        parser.error(
            "--data mnist needs --output: the weights in the package must not have seen MNIST"
        )
    output = options.output or WEIGHTS

    images, labels = concatenate(load(options.data, "train"))
    classifier = train_digit_classifier(
        images, labels, epochs=options.epochs, seed=options.seed, verbose=2
    )
    classifier.save(output)
    classifier.load(output)
    for name, (test_images, test_labels) in load(options.data, "test").items():
        print(f"{name}: test accuracy {classifier.accuracy(test_images, test_labels):.4f}")
    print(f"{output}: {output.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
