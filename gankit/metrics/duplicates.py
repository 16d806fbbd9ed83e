r"""Near-duplicates in a data set, by the binary codes of an autoencoder.

Each image becomes a row of bits; equal images, and images that differ by noise or re-encoding, get
equal or nearly equal rows. Rows are compared by sorting, so a million images take seconds where
comparing every pair would take days.

Source: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks" (2016), section 4.1.1.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import keras
import numpy as np
from keras import layers
from numpy.typing import ArrayLike

from gankit.metrics._checks import to_array


class SemanticHash:
    r"""Codes whose bits say which units of a de-noising autoencoder fire.

    $$h = \mathrm{ReLU}(W(x + \varepsilon) + b), \quad
      \hat x = W' (m \odot h) + b', \quad
      \text{code} = 1[h > 0]$$

    with noise $\varepsilon$ on the pixels and dropout $m$ on the code while it learns to restore
    $x$ (mean squared error). Both push the units away from their threshold, so that a small change
    of the image flips few bits or none.

    Args:
        bits: number of units of the code.
        noise: standard deviation of the noise; images have values in [-1, 1].
        dropout: fraction of the code's units that are dropped, in [0, 1).
        seed: seed of weights, noise and order.

    Attributes:
        autoencoder: the `keras.Model`, once fitted; None before.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import SemanticHash, near_duplicates
    >>> images = np.random.default_rng(0).uniform(-1, 1, (40, 8, 8, 1)).astype("float32")
    >>> images = np.concatenate([images, images[:3]])
    >>> codes = SemanticHash(bits=32).fit(images, epochs=2).codes(images)
    >>> codes.shape, near_duplicates(codes).duplicates[-3:].tolist()
    ((43, 32), [40, 41, 42])

    Source: Radford et al. (2016), section 4.1.1: 3072-128-3072 for 32x32x3. The sizes of noise and
    dropout are not given there; the defaults are ours. Departure: larger images are not shrunk to
    32x32 here; do that before (their pixels would otherwise make the layers large).
    """

    def __init__(self, bits: int = 128, noise: float = 0.5, dropout: float = 0.2, seed: int = 0):
        if isinstance(bits, bool) or not isinstance(bits, (int, np.integer)) or bits < 1:
            raise ValueError(f"bits must be a whole number of at least 1; got {bits!r}.")
        if not noise >= 0:
            raise ValueError(f"noise must be at least 0; got {noise!r}.")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1); got {dropout!r}.")
        self.bits, self.noise, self.dropout, self.seed = int(bits), noise, dropout, seed
        self.autoencoder: keras.Model | None = None
        self._encoder: keras.Model | None = None

    def fit(
        self, images: ArrayLike, epochs: int = 30, batch_size: int = 128, verbose: int | str = 0
    ) -> SemanticHash:
        """Train the autoencoder on the images whose duplicates are looked for.

        Args:
            images: floats in [-1, 1], shape (n, height, width, channels).
            epochs: passes over the images, at least 1.
            batch_size: images per step, at least 1.
            verbose: as in `keras.Model.fit`.

        Returns:
            This object.

        Raises:
            TypeError: if a value is not a real number.
            ValueError: if the shape or a value is not as above.
        """
        pixels = _flat(images)
        self._build(pixels.shape[1])
        self.autoencoder.compile(keras.optimizers.Adam(1e-3), loss="mse")
        order = np.random.default_rng(self.seed)
        for _ in range(epochs):
            # Shuffled here, so that Keras' global seed neither matters nor is touched.
            shuffled = pixels[order.permutation(len(pixels))]
            self.autoencoder.fit(
                shuffled, shuffled, batch_size=batch_size, shuffle=False, verbose=verbose
            )
        return self
