"""Self-attention over the positions of a feature map, as in SAGAN."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("gankit")
class SelfAttention2D(keras.layers.Layer):
    r"""Let every position of a feature map use information from all others.

    With $1 \times 1$ convolutions $f, g$ to $C/8$ channels, $h$ to $C/2$ and $v$ back to $C$, and
    maximum pooling $P$ over $2 \times 2$ positions:

    $$a_{pq} = \mathrm{softmax}_q\; f(x)_p^\top P(g(x))_q, \qquad
    y_p = x_p + \gamma\, v\Big(\sum_q a_{pq}\, P(h(x))_q\Big)$$

    $\gamma$ is learned and starts at 0, so the layer starts as the identity. Memory grows with
    `(height * width)**2 / 4`, so use the layer at 64x64 positions at most.

    Input shape:
        `(batch, height, width, channels)`: at least 2 high and wide, channels a multiple of 8.

    Output shape:
        The shape of the input.

    Args:
        wrapper: class of a wrapper to put around the four convolutions, such as
            `SpectralNormalization` of this folder, or its registered name. The class must be
            registered for serialization. None: no wrapper.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if `wrapper` is not registered, or the input has another shape.

    Example:

    >>> import numpy as np
    >>> from gankit.layers.self_attention import SelfAttention2D
    >>> layer, images = SelfAttention2D(), np.ones((2, 8, 8, 16), "float32")
    >>> layer(images).shape == (2, 8, 8, 16), layer.attention(images).shape == (2, 64, 16)
    (True, True)

    Source: Zhang et al., "Self-Attention Generative Adversarial Networks" (2019), section 3; the
    pooling and the sizes are from the authors' code. Departure: the paper uses spectral
    normalization in both networks; here it is optional (`wrapper`). The convolutions have no bias.
    """

    def __init__(self, wrapper: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.wrapper = _registered_class(wrapper)

    def build(self, input_shape):
        self._check(input_shape)
        channels = input_shape[-1]
        self.query = self._convolution(channels // 8, "query", input_shape)
        self.key = self._convolution(channels // 8, "key", input_shape)
        self.value = self._convolution(channels // 2, "value", input_shape)
        value_shape = (*input_shape[:-1], channels // 2)
        # Not `self.output`: every Keras layer has a property of that name.
        self.projection = self._convolution(channels, "projection", value_shape)
        self.gamma = self.add_weight(shape=(), initializer="zeros", name="gamma")

    def _convolution(self, channels, name, input_shape):
        options = {"use_bias": False, "dtype": self.dtype_policy, "data_format": "channels_last"}
        layer = keras.layers.Conv2D(channels, 1, name=name, **options)
        layer = layer if self.wrapper is None else self.wrapper(layer)
        layer.build(input_shape)
        return layer

    def call(self, inputs, training=None):  # a wrapper finds `training` in Keras' call context
        attention = ops.cast(self.attention(inputs), inputs.dtype)
        value = self._pooled(self.value(inputs))
        attended = ops.matmul(attention, value)
        batch, height, width, _ = ops.shape(inputs)
        attended = ops.reshape(attended, (batch, height, width, value.shape[-1]))
        return inputs + self.gamma * self.projection(attended)

    def attention(self, inputs: Any) -> Any:
        """Compute the weight of each pooled position for each position.

        Args:
            inputs: feature maps, as in a call of the layer.

        Returns:
            Float32 tensor of shape `(batch, height * width, (height // 2) * (width // 2))`, whose
            rows sum to 1.
        """
        query = self.query(inputs)
        query = ops.reshape(query, (ops.shape(query)[0], -1, query.shape[-1]))
        key = self._pooled(self.key(inputs))
        affinity = ops.matmul(query, ops.transpose(key, (0, 2, 1)))
        return ops.softmax(ops.cast(affinity, "float32"), axis=-1)

    @staticmethod
    def _pooled(x):
        """Take maxima over 2x2 positions; return them as a list of positions."""
        pooled = ops.max_pool(x, 2, strides=2, padding="valid", data_format="channels_last")
        return ops.reshape(pooled, (ops.shape(pooled)[0], -1, pooled.shape[-1]))

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        return tuple(input_shape)

    def _check(self, input_shape):
        good = len(input_shape) == 4 and input_shape[-1] and input_shape[-1] % 8 == 0
        if not good or any(size is not None and size < 2 for size in input_shape[1:3]):
            raise ValueError(
                "SelfAttention2D needs an input of shape (batch, height, width, channels), at "
                "least 2 high and wide, with a number of channels that is a multiple of 8. "
                f"Received: input shape {tuple(input_shape)}."
            )

    def get_config(self):
        name = None if self.wrapper is None else keras.saving.get_registered_name(self.wrapper)
        return super().get_config() | {"wrapper": name}


def _registered_class(wrapper):
    """Return the class that `wrapper` is or names; refuse one that a saved file cannot name."""
    is_class = isinstance(wrapper, type)
    name = keras.saving.get_registered_name(wrapper) if is_class else str(wrapper)
    found = keras.saving.get_registered_object(name)
    if wrapper is not None and found is None:
        raise ValueError(
            "`wrapper` must be a class that is registered with "
            "keras.saving.register_keras_serializable, or the name of one that was imported. "
            f"Received: wrapper={wrapper!r}."
        )
    return found
