"""Differentiable augmentation: it lets a GAN learn from few images."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("gankit")
class DiffAugment(keras.layers.Layer):
    r"""Augment each image at random in training, with differentiable operations.

    Each $u$ is drawn from $U[0, 1)$ anew, for every image and every call:

    - `"color"` changes the brightness, $x + u_1 - \frac12$; then the saturation, by multiplying
      deviations from the mean over the channels by $2 u_2$; then the contrast, by multiplying
      deviations from the image's mean by $u_3 + \frac12$.
    - `"translation"` shifts by whole pixels, up to 1/8 of the height and width (rounded) in both
      directions, and fills with zeros.
    - `"cutout"` sets a rectangle of half the height and width (rounded) to zero. Its center lies
      anywhere in the image.

    Make it the first layer of the **discriminator**: then real and generated images are augmented
    in the same way, and the generator learns not to show the augmentation. If only real images
    were augmented, the generator would learn to make augmented images.

    Outside training, the layer is the identity. It has its own random state.

    Input shape:
        `(batch, height, width, channels)`, floating point, size and channels known.

    Output shape:
        The shape of the input. Values may leave the range of the input.

    Args:
        policy: the augmentations to apply, in this order; names from the list above.
        seed: seed of the random numbers, in [0, 2**31). None draws one.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if a policy is unknown or repeated, if there is none, if the seed is out of
            range, or if the input has another shape.
        TypeError: if the images are not floating point.

    Example:

    >>> import numpy as np
    >>> from gankit.layers.diff_augment import DiffAugment
    >>> layer, images = DiffAugment(seed=0), np.ones((2, 8, 8, 3), "float32")
    >>> layer(images, training=True).shape == (2, 8, 8, 3)
    True
    >>> bool((np.asarray(layer(images)) == images).all())  # not in training
    True

    Source: Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training" (2020),
    section 3.3; the strengths are from the authors' code.
    """

    def __init__(
        self,
        policy: Sequence[str] = ("color", "translation", "cutout"),
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        known = ("color", "translation", "cutout")
        names = tuple(policy) if isinstance(policy, (list, tuple)) else ()
        if not names or any(names.count(name) > 1 or name not in known for name in names):
            raise ValueError(
                f"`policy` must be a sequence of different names from {known}. "
                f"Received: policy={policy!r}."
            )
        if seed is not None and (type(seed) is not int or not 0 <= seed < 2**31):
            raise ValueError(
                f"`seed` must be None or a whole number in [0, 2**31). Received: seed={seed!r}."
            )
        self.policy = names
        self.seed = seed
        # On PyTorch, a generator without a seed draws from a state that other code shares.
        own_seed = random.randrange(2**31) if seed is None else seed
        self.seed_generator = keras.random.SeedGenerator(own_seed)

    def build(self, input_shape):
        self._check(input_shape)

    def call(self, inputs, training=False):
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        if "float" not in dtype:
            raise TypeError(
                f"Images must be floating point. Received: dtype {dtype}. Convert and scale them."
            )
        if training:
            for name in self.policy:
                inputs = getattr(self, f"_augment_{name}")(inputs)
        return inputs

    def _uniform(self, like):
        """Draw from U[0, 1), one number per example of `like`."""
        shape = (ops.shape(like)[0], 1, 1, 1)
        return keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)

    def _integers(self, like, low, high):
        """Draw integers from `low` to `high`, both included, one per example of `like`."""
        shape = (ops.shape(like)[0], 1, 1, 1)
        return keras.random.randint(shape, low, high + 1, seed=self.seed_generator)

    def _augment_color(self, images):
        x = ops.cast(images, "float32") + (self._uniform(images) - 0.5)
        gray = ops.mean(x, axis=3, keepdims=True)
        x = gray + (x - gray) * (2.0 * self._uniform(x))
        mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
        return ops.cast(mean + (x - mean) * (self._uniform(x) + 0.5), images.dtype)

    def _augment_translation(self, x):
        for axis in (1, 2):
            size = x.shape[axis]
            reach = int(size / 8 + 0.5)
            source = _positions(size, axis) - self._integers(x, -reach, reach)
            inside = ops.logical_and(source >= 0, source < size)
            moved = ops.take_along_axis(x, ops.clip(source, 0, size - 1), axis=axis)
            x = ops.where(inside, moved, ops.zeros_like(moved))
        return x

    def _augment_cutout(self, x):
        in_hole = ops.ones((1, 1, 1, 1), "bool")
        for axis in (1, 2):
            size = x.shape[axis]
            length = int(size / 2 + 0.5)
            start = self._integers(x, 0, size - length % 2) - length // 2
            position = _positions(size, axis)
            within = ops.logical_and(position >= start, position < start + length)
            in_hole = ops.logical_and(in_hole, within)
        return ops.where(in_hole, ops.zeros_like(x), x)

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        return tuple(input_shape)

    def _check(self, input_shape):
        if len(input_shape) != 4 or None in tuple(input_shape[1:]):
            raise ValueError(
                "DiffAugment needs an input of shape (batch, height, width, channels) with known "
                f"size and channels. Received: input shape {tuple(input_shape)}."
            )

    def get_config(self):
        return super().get_config() | {"policy": self.policy, "seed": self.seed}


def _positions(size, axis):
    """Return 0, 1, ..., size - 1 along one axis of images."""
    shape = [1, 1, 1, 1]
    shape[axis] = size
    return ops.reshape(ops.arange(size, dtype="int32"), shape)
