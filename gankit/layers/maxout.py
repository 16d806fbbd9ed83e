"""Maxout: a dense layer that learns its activation function."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("gankit")
class Maxout(keras.layers.Layer):
    r"""Compute each output as the maximum of several affine functions of the input, its pieces.

    $$h_i(x) = \max_{j = 1 \dots k} \; x^\top W_{\cdot ij} + b_{ij}$$

    A unit is a convex, piecewise linear function of its input. Maxout learns this function, whereas
    ReLU fixes it ($k = 2$ with one piece that is zero). A unit never saturates, so a gradient
    reaches the input at every point. Maxout was designed for use with dropout.

    Input shape:
        `(..., features)`, at least two axes.

    Output shape:
        `(..., units)`.

    Args:
        units: number of outputs, at least 1.
        pieces: affine functions per output, $k$, at least 1; 1 makes a linear layer.
        kernel_initializer: initializer of the weights, of shape `(features, units * pieces)`.
        bias_initializer: initializer of the biases, of shape `(units * pieces,)`.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if `units` or `pieces` is not a whole number of at least 1, or the input has
            fewer than two axes or an unknown number of features.

    Example:

    >>> import numpy as np
    >>> from gankit.layers.maxout import Maxout
    >>> layer = Maxout(3, pieces=5)
    >>> layer(np.ones((2, 8), "float32")).shape == (2, 3)
    True
    >>> layer.count_params()  # (8 weights + 1 bias) * 3 units * 5 pieces
    135

    Source: Goodfellow et al., "Maxout Networks" (2013), section 3. Departure: `kernel_initializer`
    draws the weights of all pieces as one matrix, so an initializer that depends on the number of
    outputs, such as Glorot's, counts every piece.
    """

    def __init__(
        self,
        units: int,
        pieces: int = 2,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        for name, value in (("units", units), ("pieces", pieces)):
            if type(value) is not int or value < 1:
                raise ValueError(
                    f"`{name}` must be a whole number of at least 1. Received: {name}={value!r}."
                )
        self.units = units
        self.pieces = pieces
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape):
        self._check(input_shape)
        shape = (input_shape[-1], self.units * self.pieces)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")
        self.bias = self.add_weight(shape[1:], self.bias_initializer, name="bias")

    def call(self, inputs):
        affine = ops.add(ops.matmul(inputs, self.kernel), self.bias)
        grouped = ops.reshape(affine, (*ops.shape(inputs)[:-1], self.units, self.pieces))
        return ops.max(grouped, axis=-1)

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        return (*input_shape[:-1], self.units)

    def _check(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                "Maxout needs an input of shape (..., features) with at least two axes and a known "
                f"number of features. Received: input shape {tuple(input_shape)}."
            )

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "pieces": self.pieces,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
