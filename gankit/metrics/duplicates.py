r"""Near-duplicates in a data set, found with the binary codes of an autoencoder.

The autoencoder turns each image into a row of bits. Equal images get equal rows, and images that
differ by noise or re-encoding get equal or nearly equal rows. Sorting finds these rows: a million
images take seconds, whereas a comparison of all pairs would take days.

Source: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks" (2016), section 4.1.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np
from keras import layers
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_number, check_seed
from gankit.metrics._checks import as_array, to_rows


class SemanticHash:
    r"""Binary codes of images: each bit is 1 if a unit of a denoising autoencoder is active.

    $$h = \mathrm{ReLU}(W(x + \varepsilon) + b), \quad
      \hat x = W' (m \odot h) + b', \quad
      \text{code} = 1[h > 0]$$

    During training, there is noise $\varepsilon$ on the pixels and dropout $m$ on the code, and the
    autoencoder learns to restore $x$ (mean squared error). Both keep the units away from their
    threshold, so a small change of the image flips few bits or none.

    Args:
        bits: number of units of the code.
        noise: standard deviation of the noise, in [0, 1]; images have values in [-1, 1].
        dropout: fraction of the units of the code that are dropped, in [0, 1).
        seed: seed of the weights, the noise and the order of images.

    Attributes:
        autoencoder: the `keras.Model` from flat images to flat images; None before `fit`.

    Raises:
        TypeError: if the noise or the dropout is not a number.
        ValueError: if a count, the noise or the dropout is out of range.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import SemanticHash, near_duplicates
    >>> images = np.random.default_rng(0).uniform(-1, 1, (40, 8, 8, 1)).astype("float32")
    >>> images = np.concatenate([images, images[:3]])
    >>> codes = SemanticHash(bits=32).fit(images, epochs=2).codes(images)
    >>> codes.shape, near_duplicates(codes).duplicates[-3:].tolist()
    ((43, 32), [40, 41, 42])

    Source: Radford et al. (2016), section 4.1.1: 3072-128-3072 for 32x32x3. The paper does not
    give the strength of noise and dropout; the defaults are ours. Departure: this class does not
    shrink larger images to 32x32; do so first, or the layers become large.
    """

    def __init__(self, bits: int = 128, noise: float = 0.5, dropout: float = 0.2, seed: int = 0):
        self.bits = check_count("bits", bits)
        self.noise = check_number("noise", noise, 0, 1)
        self.dropout = check_number("dropout", dropout, 0, below=1)
        self.seed = check_seed("seed", seed)
        self.autoencoder = None
        self._encoder = None

    def fit(
        self, images: ArrayLike, epochs: int = 40, batch_size: int = 128, verbose: int | str = 0
    ) -> SemanticHash:
        """Train the autoencoder on the images in which you search for duplicates.

        Args:
            images: numbers in [-1, 1], shape (n, height, width, channels).
            epochs: passes over the images, at least 1.
            batch_size: images per step, at least 1.
            verbose: as in `keras.Model.fit`.

        Returns:
            This object.

        Raises:
            TypeError: if a value is not a real number.
            ValueError: if the shape, a value or a count is not as above.
        """
        pixels = _to_flat_images(images)
        check_count("epochs", epochs)
        check_count("batch_size", batch_size)
        self._build(pixels.shape[1])
        order = np.random.default_rng(self.seed)
        for _ in range(epochs):
            # Shuffle here, so that the order does not depend on global seeds.
            shuffled = pixels[order.permutation(len(pixels))]
            self.autoencoder.fit(
                shuffled, shuffled, batch_size=batch_size, shuffle=False, verbose=verbose
            )
        return self

    def codes(self, images: ArrayLike, batch_size: int = 1024) -> np.ndarray:
        """Compute the code of each image.

        Args:
            images: numbers in [-1, 1], with the image shape of `fit`.
            batch_size: number of images per batch.

        Returns:
            Array of bool, shape (n, bits).

        Raises:
            RuntimeError: before `fit`.
            TypeError: if a value is not a real number.
            ValueError: if the shape or a value is not as in `fit`.
        """
        if self._encoder is None:
            raise RuntimeError("The autoencoder is not trained. Call fit(images) before codes().")
        pixels = _to_flat_images(images)
        check_count("batch_size", batch_size)
        expected = self._encoder.input_shape[1]
        if pixels.shape[1] != expected:
            raise ValueError(
                f"Each of `images` must have {expected} values, as in fit. "
                f"Received: {pixels.shape[1]} values per image."
            )
        return self._encoder.predict(pixels, batch_size=batch_size, verbose=0) > 0

    def _build(self, size: int) -> None:
        he = keras.initializers.HeNormal(self.seed)
        glorot = keras.initializers.GlorotUniform(self.seed + 1)
        pixels = keras.Input((size,), name="pixels")
        noisy = layers.GaussianNoise(self.noise, seed=self.seed)(pixels)
        code = layers.Dense(self.bits, "relu", kernel_initializer=he, name="code")(noisy)
        kept = layers.Dropout(self.dropout, seed=self.seed + 1)(code)
        restored = layers.Dense(size, "tanh", kernel_initializer=glorot)(kept)
        self._encoder = keras.Model(pixels, code)
        self.autoencoder = keras.Model(pixels, restored, name="autoencoder")
        self.autoencoder.compile(keras.optimizers.Adam(1e-3), loss="mse")


class NearDuplicates(NamedTuple):
    """The result of `near_duplicates`.

    Attributes:
        original: for each example, the index of the first example that it is a near-duplicate of,
            or its own index if there is none; int64 array of shape (n,).
        duplicates: indices of the examples to remove, those with an earlier original; int64 array.
    """

    original: np.ndarray
    duplicates: np.ndarray


def near_duplicates(codes: ArrayLike, max_distance: int = 0) -> NearDuplicates:
    """Find the examples whose code is equal or nearly equal to that of an earlier example.

    Codes that differ in at most `r` bits are equal in at least one of `r + 1` parts. So sorting by
    each part finds all candidates, and only these are compared.

    Args:
        codes: array of bool, shape (n, bits).
        max_distance: number of bits in which the codes of near-duplicates may differ; 0 requires
            equal codes, as in the paper.

    Returns:
        A `NearDuplicates`; `np.delete(images, found.duplicates, axis=0)` is the set without them.

    Raises:
        TypeError: if the codes are not bool.
        ValueError: if the shape is not as above, or `max_distance` is not in [0, bits).

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import near_duplicates
    >>> codes = np.array([[0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, 1]], bool)
    >>> near_duplicates(codes).original.tolist()
    [0, 1, 0, 3]
    >>> near_duplicates(codes, max_distance=1).duplicates.tolist()
    [2, 3]

    Source: Radford et al. (2016), section 4.1.1, for equal codes; the search by parts is from
    Manku, Jain, Das Sarma, "Detecting Near-Duplicates for Web Crawling" (2007), section 3.
    """
    codes = as_array(codes, "codes")
    if codes.dtype != bool:
        raise TypeError(f"`codes` must be bool. Received: dtype {codes.dtype}.")
    if codes.ndim != 2 or 0 in codes.shape:
        raise ValueError(
            f"`codes` must have shape (n, bits) and not be empty. Received: shape {codes.shape}."
        )
    if check_count("max_distance", max_distance, minimum=0) >= codes.shape[1]:
        raise ValueError(
            f"`max_distance` must be below {codes.shape[1]}, the number of bits of a code. "
            f"Received: max_distance={max_distance}."
        )
    original = np.arange(len(codes))
    for part in np.array_split(codes, max_distance + 1, axis=1):
        for group in _equal_rows(part):
            for place in range(1, len(group)):
                example, earlier = group[place], group[:place]
                distances = np.count_nonzero(codes[earlier] != codes[example], axis=1)
                near = earlier[distances <= max_distance]
                original[example] = min([original[example], *near[:1]])
    return NearDuplicates(original, np.flatnonzero(original != np.arange(len(codes))))


def _equal_rows(bits: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the ascending indices of each group of two or more equal rows."""
    _, inverse, counts = np.unique(
        np.packbits(bits, axis=1), axis=0, return_inverse=True, return_counts=True
    )
    order = np.argsort(inverse.ravel(), kind="stable")
    for group in np.split(order, np.cumsum(counts)[:-1]):
        if len(group) > 1:
            yield group


def _to_flat_images(images: ArrayLike) -> np.ndarray:
    (pixels,) = to_rows(images=images)
    if np.ndim(images) != 4 or pixels.min() < -1.001 or pixels.max() > 1.001:
        raise ValueError(
            "`images` must have shape (n, height, width, channels) and lie in [-1, 1]. Received: "
            f"shape {np.shape(images)}, values from {pixels.min():g} to {pixels.max():g}."
        )
    return pixels.astype("float32")
