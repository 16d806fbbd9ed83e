"""Differentiable augmentation: how a GAN learns from few pictures."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["DiffAugment"]


@keras.saving.register_keras_serializable("gankit")
class DiffAugment(keras.layers.Layer):
    r"""Change each image at random in training, by operations that gradients pass through.

    With $u \sim U[0, 1)$ anew for every image and use:

    - `"color"`: brightness, $x + u_1 - \frac12$; then saturation, deviations from the mean over
      the channels times $2 u_2$; then contrast, deviations from the image's mean times
      $u_3 + \frac12$;
    - `"translation"`: a shift by whole pixels, up to 1/8 of the height and width (rounded) either
      way, with zeros coming in;
    - `"cutout"`: a rectangle of half the height and width (rounded), centered anywhere in the
      image, set to zero.

    Make it the first layer of the **discriminator**: then real and generated images undergo the
    same policy, and the generator learns through it not to show the augmentation. A generator that
    is trained against augmented real images alone learns to make augmented images.

    Outside training it is the identity. It draws from a random state of its own.

    Input shape:
        `(batch, height, width, channels)`, floating point, size and channels known.

    Output shape:
        That of the input. Values may leave the range of the input.

    Args:
        policy: which changes to make, in this order; names from the list above.
        seed: what the random numbers depend on. None draws one.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: on an unknown, repeated or missing policy, and on another input shape.
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
    section 3.3, strengths from the authors' code.
    """

    def __init__(
        self,
        policy: Sequence[str] = ("color", "translation", "cutout"),
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        known = ("color", "translation", "cutout")
        names = () if isinstance(policy, str) else tuple(policy)
        if not names or set(names) - set(known) or len(set(names)) != len(names):
            raise ValueError(
                f"`policy` must be a sequence of different names out of {known}. "
                f"Received: policy={policy!r}."
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
                f"Images must be floating point. Received dtype {dtype}: convert and scale them."
            )
        if training:
            for name in self.policy:
                inputs = getattr(self, f"_{name}")(inputs)
        return inputs

    def _uniform(self, like):
        """Uniform on [0, 1), one number per example of `like`."""
        shape = (ops.shape(like)[0], 1, 1, 1)
        return keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)

    def _whole(self, like, low, high):
        """Whole numbers from `low` to `high`, both included, one per example of `like`."""
        shape = (ops.shape(like)[0], 1, 1, 1)
        return keras.random.randint(shape, low, high + 1, seed=self.seed_generator)

    def _color(self, images):
        x = ops.cast(images, "float32") + (self._uniform(images) - 0.5)
        gray = ops.mean(x, axis=3, keepdims=True)
        x = gray + (x - gray) * (2.0 * self._uniform(x))
        mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
        return ops.cast(mean + (x - mean) * (self._uniform(x) + 0.5), images.dtype)

    def _translation(self, x):
        for axis in (1, 2):
            size = x.shape[axis]
            reach = int(size / 8 + 0.5)
            source = _positions(size, axis) - self._whole(x, -reach, reach)
            inside = ops.logical_and(source >= 0, source < size)
            moved = ops.take_along_axis(x, ops.clip(source, 0, size - 1), axis=axis)
            x = ops.where(inside, moved, ops.zeros_like(moved))
        return x

    def _cutout(self, x):
        hit = ops.ones((1, 1, 1, 1), "bool")
        for axis in (1, 2):
            size = x.shape[axis]
            length = int(size / 2 + 0.5)
            start = self._whole(x, 0, size - length % 2) - length // 2
            position = _positions(size, axis)
            within = ops.logical_and(position >= start, position < start + length)
            hit = ops.logical_and(hit, within)
        return ops.where(hit, ops.zeros_like(x), x)

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
    """0, 1, ... along an axis of images."""
    shape = [1, 1, 1, 1]
    shape[axis] = size
    return ops.reshape(ops.arange(size, dtype="int32"), shape)
