"""A small digit classifier whose weights ship with the package, for scores without a download."""

from __future__ import annotations

import functools
import zipfile
from pathlib import Path

import keras
import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count
from gankit.metrics._augment import AugmentedBatches

IMAGE_SHAPE = (28, 28, 1)
FEATURES = 64
CLASSES = 10
WEIGHTS = Path(__file__).parent / "weights" / "digit_features.npz"


class DigitClassifier:
    """A convolutional digit classifier for 28x28 gray images, and its features.

    Four 3x3 convolutions (16, 32, 48, 48 maps; strides 1, 2, 2, 2; batch normalization, ReLU), a
    dense ReLU layer of 64 features, and a linear layer of 10 logits: 90 thousand numbers in all.
    Sixty-four features keep a Fréchet distance well-posed with a thousand images or two.

    It computes in float32 whatever the global Keras dtype policy, and with channels last whatever
    the global image data format, so that a score does not change with either.

    Args:
        seed: seed of the initial weights, a non-negative integer.

    Attributes:
        network: the `keras.Model`, images to `(features, logits)`.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import DigitClassifier
    >>> classifier = DigitClassifier(seed=0)
    >>> blank = np.full((3, 28, 28, 1), -1.0, "float32")
    >>> classifier.features(blank).shape, classifier.probabilities(blank).shape
    ((3, 64), (3, 10))
    """

    def __init__(self, seed: int = 0):
        self.network = _build_network(seed)

    def features(self, images: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Compute the activations of the 64 units before the logits.

        Args:
            images: floats in [-1, 1], shape (n, 28, 28, 1).
            batch_size: how many images are computed at once.

        Returns:
            float32 array of shape (n, 64), not negative.

        Raises:
            TypeError: if `images` are not floats.
            ValueError: if their shape, range or finiteness is not as above.
        """
        return self._predict(images, batch_size)[0]

    def probabilities(self, images: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Compute the probability of each digit.

        Args:
            images: floats in [-1, 1], shape (n, 28, 28, 1).
            batch_size: how many images are computed at once.

        Returns:
            float32 array of shape (n, 10); each row sums to 1.

        Raises:
            TypeError: if `images` are not floats.
            ValueError: if their shape, range or finiteness is not as above.
        """
        logits = self._predict(images, batch_size)[1]
        # The softmax is taken here in NumPy: ten columns are not worth a trip to the device.
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    def predict(self, images: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Find the most probable digit.

        Args:
            images: floats in [-1, 1], shape (n, 28, 28, 1).
            batch_size: how many images are computed at once.

        Returns:
            int64 array of shape (n,).

        Raises:
            TypeError: if `images` are not floats.
            ValueError: if their shape, range or finiteness is not as above.
        """
        return self._predict(images, batch_size)[1].argmax(axis=1)

    def accuracy(self, images: ArrayLike, labels: ArrayLike, batch_size: int = 256) -> float:
        """Compute the fraction of images whose most probable digit is their label.

        Args:
            images: floats in [-1, 1], shape (n, 28, 28, 1).
            labels: integers 0..9, shape (n,).
            batch_size: how many images are computed at once.

        Returns:
            A fraction in [0, 1].

        Raises:
            TypeError: if `images` are not floats or `labels` not integers.
            ValueError: if a shape or range is not as above.
        """
        images = _check_images(images)
        labels = _check_labels(labels, len(images))
        return float(np.mean(self.predict(images, batch_size) == labels))

    def save(self, path: str | Path) -> None:
        """Write the weights to an `.npz` file, each under `layer/variable`.

        Weights are stored in half precision: it halves the file, and moves a probability by less
        than 0.01.

        Args:
            path: file to write.
        """
        arrays = {name: np.asarray(v, np.float16) for name, v in self._weights().items()}
        with open(path, "wb") as file:
            np.savez_compressed(file, **arrays)

    def load(self, path: str | Path) -> None:
        """Read weights that `save` has written.

        Args:
            path: file to read.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if the file is damaged, or its names or shapes are not this network's.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name].astype(np.float32) for name in file.files}
        except (zipfile.BadZipFile, EOFError, ValueError, AttributeError) as error:
            raise ValueError(f"{path} is not a readable .npz file: {error}") from error
        expected = {name: v.shape for name, v in self._weights().items()}
        found = {name: v.shape for name, v in arrays.items()}
        if found != expected:
            wrong = sorted(set(expected.items()) ^ set(found.items()))
            raise ValueError(
                f"{path} does not hold the weights of a digit classifier; "
                f"these names and shapes differ: {wrong}."
            )
        for name, variable in self._variables().items():
            variable.assign(arrays[name])

    def _variables(self) -> dict[str, keras.Variable]:
        return {
            f"{layer.name}/{variable.name}": variable
            for layer in self.network.layers
            for variable in layer.variables
        }

    def _weights(self) -> dict[str, np.ndarray]:
        return {k: keras.ops.convert_to_numpy(v) for k, v in self._variables().items()}

    def _predict(self, images: ArrayLike, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        images = _check_images(images)
        starts = range(0, len(images), check_count("batch_size", batch_size))
        # `predict` builds a pipeline in each call, which costs more than a batch does.
        batches = [self.network.predict_on_batch(images[i : i + batch_size]) for i in starts]
        features, logits = (np.concatenate(part) for part in zip(*batches, strict=True))
        return features, logits


def digit_classifier() -> DigitClassifier:
    """Get the digit classifier whose weights ship with the package.

    It was trained on the training splits of the embedded `glyphs` and `digits` by
    `scripts/train_digit_features.py`, and reads 100.0 % of the test split of `glyphs` and 99.4 % of
    that of `digits`. It has not seen MNIST, of which it reads 88 %: judge a GAN that learned MNIST
    with `train_digit_classifier` on MNIST.

    Returns:
        A `DigitClassifier`; every call returns the same object, so that it is loaded once.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import digit_classifier
    >>> one = np.full((1, 28, 28, 1), -1.0, "float32")
    >>> one[:, 5:23, 13:16] = 1.0  # a vertical bar
    >>> int(digit_classifier().probabilities(one).argmax())
    1
    """
    return _embedded_classifier()


def train_digit_classifier(
    images: ArrayLike,
    labels: ArrayLike,
    epochs: int = 5,
    batch_size: int = 128,
    seed: int = 0,
    verbose: int | str = 0,
) -> DigitClassifier:
    """Train a digit classifier on labeled images of one's own.

    Cross-entropy, Adam whose learning rate falls from 3e-3 to 0 along a cosine, images shifted,
    turned, scaled and sheared a little at random in every epoch. Neither the weights' start nor the
    order nor the distortions touch Keras' or NumPy's global seeds.

    Args:
        images: floats in [-1, 1], shape (n, 28, 28, 1).
        labels: integers 0..9, shape (n,).
        epochs: passes over the images, at least 1.
        batch_size: images per step, at least 1.
        seed: seed of weights, order and distortions; same seed on the same machine, same result.
        verbose: as in `keras.Model.fit`.

    Returns:
        The trained `DigitClassifier`.

    Raises:
        TypeError: if `images` are not floats or `labels` not integers.
        ValueError: if a shape or range is not as above.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import train_digit_classifier
    >>> images = np.full((20, 28, 28, 1), -1.0, "float32")
    >>> images[10:, 5:23, 13:16] = 1.0
    >>> labels = np.repeat([0, 1], 10)
    >>> classifier = train_digit_classifier(images, labels, epochs=20, batch_size=10)
    >>> classifier.accuracy(images, labels)
    1.0
    """
    images = _check_images(images)
    labels = _check_labels(labels, len(images))
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1; got {value}.")
    classifier = DigitClassifier(seed)
    batches = AugmentedBatches(images, labels, batch_size, seed)
    # A model of the logits alone shares the layers, so that `fit` needs no loss for the features.
    trainer = keras.Model(classifier.network.inputs, classifier.network.outputs[1])
    schedule = keras.optimizers.schedules.CosineDecay(3e-3, decay_steps=epochs * len(batches))
    trainer.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    trainer.fit(batches, epochs=epochs, shuffle=False, verbose=verbose)
    return classifier


@functools.lru_cache(maxsize=1)
def _embedded_classifier() -> DigitClassifier:
    classifier = DigitClassifier()
    classifier.load(WEIGHTS)
    return classifier


def _build_network(seed: int) -> keras.Model:
    inputs = keras.Input(IMAGE_SHAPE, dtype="float32")
    x = inputs
    for index, (filters, strides) in enumerate(((16, 1), (32, 2), (48, 2), (48, 2)), start=1):
        x = keras.layers.Conv2D(
            filters,
            3,
            strides=strides,
            padding="same",
            use_bias=False,
            data_format="channels_last",
            kernel_initializer=keras.initializers.HeNormal(seed + index),
            dtype="float32",
            name=f"conv_{index}",
        )(x)
        x = keras.layers.BatchNormalization(
            axis=-1, momentum=0.9, dtype="float32", name=f"norm_{index}"
        )(x)
        x = keras.layers.ReLU(dtype="float32", name=f"relu_{index}")(x)
    x = keras.layers.Flatten(data_format="channels_last", dtype="float32", name="flatten")(x)
    features = keras.layers.Dense(
        FEATURES,
        activation="relu",
        kernel_initializer=keras.initializers.HeNormal(seed + 5),
        dtype="float32",
        name="features",
    )(x)
    logits = keras.layers.Dense(
        CLASSES,
        kernel_initializer=keras.initializers.GlorotUniform(seed + 6),
        dtype="float32",
        name="logits",
    )(features)
    return keras.Model(inputs, [features, logits], name="digit_classifier")


def _check_images(images: ArrayLike) -> np.ndarray:
    images = np.asarray(images)
    if images.dtype.kind != "f":
        raise TypeError(
            f"images must be floats in [-1, 1]; got dtype {images.dtype}. "
            "Scale bytes with `images / 127.5 - 1`."
        )
    if images.ndim != 4 or images.shape[1:] != IMAGE_SHAPE or len(images) == 0:
        raise ValueError(f"images must have shape (n, 28, 28, 1), n >= 1; got {images.shape}.")
    low, high = float(images.min()), float(images.max())
    # The tolerance is for the rounding of a resize or of half precision, not for another range.
    if not (low >= -1.001 and high <= 1.001):
        raise ValueError(
            f"images must be finite and lie in [-1, 1]; got values from {low} to {high}."
        )
    return images.astype(np.float32)


def _check_labels(labels: ArrayLike, count: int) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers 0..9; got dtype {labels.dtype}.")
    if labels.shape != (count,):
        raise ValueError(f"labels must have shape ({count},), one per image; got {labels.shape}.")
    if labels.min() < 0 or labels.max() >= CLASSES:
        raise ValueError(
            f"labels must lie in 0..9; got values from {labels.min()} to {labels.max()}."
        )
    return labels.astype(np.int32)
