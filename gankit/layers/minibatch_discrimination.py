"""Minibatch discrimination: show the discriminator how similar the examples of a batch are."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("gankit")
class MinibatchDiscrimination(keras.layers.Layer):
    r"""Append to each example's features how close the other examples of the batch are.

    With $M_i = f(x_i)\,T \in R^{B \times C}$ for the features $f(x_i)$ of example $i$:

    $$o_b(x_i) = \sum_{j \ne i} \exp(-\lVert M_{i,b} - M_{j,b} \rVert_1), \qquad b = 1 \dots B$$

    Large values of $o$ reveal a generator that always makes the same image. Give real and generated
    examples to the discriminator in separate batches: in a mixed batch, each kind changes the
    output for the other.

    Input shape:
        `(batch, features)`.

    Output shape:
        `(batch, features + kernels)`: the features, then $o$. Memory grows with
        `batch**2 * kernels * dims`.

    Args:
        kernels: $B$, the outputs that are appended to each example, at least 1.
        dims: $C$, the dimensions of the space in which distances are measured, at least 1.
        kernel_initializer: initializer of $T$, of shape `(features, kernels * dims)`.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if `kernels` or `dims` is not a whole number of at least 1, or the input does
            not have two axes and a known number of features.

    Example:

    >>> import numpy as np
    >>> from keras import ops
    >>> from gankit.layers.minibatch_discrimination import MinibatchDiscrimination
    >>> layer = MinibatchDiscrimination(kernels=2, dims=3)
    >>> outputs = layer(np.ones((5, 4), "float32"))
    >>> ops.convert_to_numpy(outputs)[0].tolist()  # four features, then four others at distance 0
    [1.0, 1.0, 1.0, 1.0, 4.0, 4.0]

    Source: Salimans et al., "Improved Techniques for Training GANs" (2016), section 3.2; the
    default sizes are from the authors' code. Departure: the paper's sum includes the example
    itself, which adds 1 to every output. This layer leaves it out, as the authors' code does. That
    code also normalizes the columns of $T$ and adds a bias; the paper and this layer do not.
    """

    def __init__(
        self,
        kernels: int = 100,
        dims: int = 5,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        for name, value in (("kernels", kernels), ("dims", dims)):
            if type(value) is not int or value < 1:
                raise ValueError(
                    f"`{name}` must be a whole number of at least 1. Received: {name}={value!r}."
                )
        self.kernels = kernels
        self.dims = dims
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        self._check(input_shape)
        shape = (input_shape[-1], self.kernels * self.dims)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")

    def call(self, inputs):
        projected = ops.cast(ops.matmul(inputs, self.kernel), "float32")
        projected = ops.reshape(projected, (-1, self.kernels, self.dims))
        distances = ops.sum(ops.abs(projected[:, None] - projected[None]), axis=-1)
        index = ops.arange(ops.shape(inputs)[0], dtype="int32")
        itself = ops.equal(index[:, None], index[None])[..., None]
        closeness = ops.sum(ops.where(itself, 0.0, ops.exp(-distances)), axis=1)
        return ops.concatenate([inputs, ops.cast(closeness, inputs.dtype)], axis=-1)

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        return (input_shape[0], input_shape[-1] + self.kernels)

    def _check(self, input_shape):
        if len(input_shape) != 2 or input_shape[-1] is None:
            raise ValueError(
                "MinibatchDiscrimination needs an input of shape (batch, features) with a known "
                f"number of features. Received: input shape {tuple(input_shape)}. "
                "Put a Flatten before it."
            )

    def get_config(self):
        return super().get_config() | {
            "kernels": self.kernels,
            "dims": self.dims,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
