"""Reflection padding: continue an image beyond its border by its mirror image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["ReflectionPadding2D"]


@keras.saving.register_keras_serializable("gankit")
class ReflectionPadding2D(keras.layers.Layer):
    r"""Pad images by reflection at their border pixels, which are not repeated.

    In one dimension, with $N$ pixels: $y_{t - k} = y_{t + k}$ for $k = 1 \dots t$, where pixel 0
    comes to stand at $t$, and likewise at pixel $N - 1$. Padding with zeros instead draws a dark
    frame that a convolution can see; reflection does not.

    Input shape:
        `(batch, height, width, channels)`.

    Output shape:
        `(batch, height + top + bottom, width + left + right, channels)`.

    Args:
        padding: one number for all sides, `(vertical, horizontal)`, or
            `((top, bottom), (left, right))`; whole numbers of at least 0, each smaller than the
            image is high or wide.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if `padding` has another form, or the input has not four axes or is no larger
            than the padding.

    Example:

    >>> import numpy as np
    >>> from gankit.layers.reflection_padding import ReflectionPadding2D
    >>> row = np.array([1.0, 2.0, 3.0], "float32").reshape(1, 1, 3, 1)
    >>> [float(value) for value in ReflectionPadding2D((0, 2))(row)[0, 0, :, 0]]
    [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]

    Source: Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution"
    (2016), supplement; the padding of most image-to-image generators since.
    """

    def __init__(self, padding: int | Sequence = 1, **kwargs: Any):
        super().__init__(**kwargs)
        self.padding = self._sides(padding)

    @staticmethod
    def _sides(padding):
        pair = (padding, padding) if isinstance(padding, int) else padding
        try:
            pairs = [(side, side) if isinstance(side, int) else tuple(side) for side in pair]
            (top, bottom), (left, right) = pairs
            sides = (top, bottom, left, right)
            good = all(type(side) is int and side >= 0 for side in sides)
        except (TypeError, ValueError):
            good = False
        if not good:
            raise ValueError(
                "`padding` must be a whole number of at least 0, (vertical, horizontal), or "
                f"((top, bottom), (left, right)). Received: padding={padding!r}."
            )
        return (top, bottom), (left, right)

    def build(self, input_shape):
        self._check(input_shape)

    def call(self, inputs):
        return ops.pad(inputs, ((0, 0), *self.padding, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        batch, height, width, channels = input_shape
        (top, bottom), (left, right) = self.padding
        return (
            batch,
            None if height is None else height + top + bottom,
            None if width is None else width + left + right,
            channels,
        )

    def _check(self, input_shape):
        sizes = tuple(input_shape[1:3])
        small = any(
            size is not None and size <= max(sides)
            for size, sides in zip(sizes, self.padding, strict=False)
        )
        if len(input_shape) != 4 or small:
            raise ValueError(
                "ReflectionPadding2D needs an input of shape (batch, height, width, channels) that "
                f"is higher and wider than the padding {self.padding}. "
                f"Received: input shape {tuple(input_shape)}."
            )

    def get_config(self):
        return super().get_config() | {"padding": self.padding}
