"""Reflection padding: continue an image beyond its border with its mirror image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("gankit")
class ReflectionPadding2D(keras.layers.Layer):
    r"""Pad images by reflection at their border pixels, without repeating these pixels.

    In one dimension, pixel 0 moves to position $t$, and $y_{t - k} = y_{t + k}$ for
    $k = 1 \dots t$; the other border is treated in the same way. Zero padding draws a frame that a
    convolution can detect; reflection does not.

    Input shape:
        `(batch, height, width, channels)`.

    Output shape:
        `(batch, height + top + bottom, width + left + right, channels)`.

    Args:
        padding: one number for all sides, `(vertical, horizontal)`, or
            `((top, bottom), (left, right))`; whole numbers of at least 0, each smaller than the
            height or width of the image.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if `padding` has another form, the input does not have four axes, or its height
            or width does not exceed the padding.

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
        self.padding = self._to_sides(padding)

    @staticmethod
    def _to_sides(padding):
        pair = (padding, padding) if isinstance(padding, int) else padding
        try:
            pairs = [(side, side) if isinstance(side, int) else tuple(side) for side in pair]
            (top, bottom), (left, right) = pairs
            good = all(type(side) is int and side >= 0 for side in (top, bottom, left, right))
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
        batch, *sizes, channels = input_shape
        pairs = zip(sizes, self.padding, strict=True)
        larger = [None if size is None else size + sum(sides) for size, sides in pairs]
        return (batch, *larger, channels)

    def _check(self, input_shape):
        pairs = zip(input_shape[1:3], self.padding, strict=False)
        small = any(size is not None and size <= max(sides) for size, sides in pairs)
        if len(input_shape) != 4 or small:
            raise ValueError(
                "ReflectionPadding2D needs an input of shape (batch, height, width, channels) that "
                f"is higher and wider than the padding {self.padding}. "
                f"Received: input shape {tuple(input_shape)}."
            )

    def get_config(self):
        return super().get_config() | {"padding": self.padding}
