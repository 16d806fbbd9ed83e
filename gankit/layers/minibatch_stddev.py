"""Minibatch standard deviation: one number that shows the discriminator how varied a batch is."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("gankit")
class MinibatchStdDev(keras.layers.Layer):
    r"""Append a channel that holds the average standard deviation over a group of examples.

    $$s_g = \frac{1}{F} \sum_{f=1}^{F} \sqrt{\frac{1}{|g|} \sum_{i \in g} (x_{if} - \bar x_{gf})^2
    + \varepsilon}, \qquad \varepsilon = 10^{-8}$$

    The mean is over all $F$ features (pixels and channels) of the examples in group $g$. Every
    example of the group gets the same number at every position.

    The layer divides a batch of $n$ into $m = \lceil n / \text{group size} \rceil$ groups; example
    $i$ is in group $i \bmod m$. If `group_size` divides $n$, every group has `group_size` members.
    Otherwise the groups are smaller and as equal as possible: with `group_size=4`, 6 examples make
    two groups of 3.

    Input shape:
        `(batch, ..., channels)`, at least two axes.

    Output shape:
        `(batch, ..., channels + 1)`.

    Args:
        group_size: the largest number of examples in a group, at least 2.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if `group_size` is not a whole number of at least 2, or the input has fewer than
            two axes or an unknown number of channels.

    Example:

    >>> import numpy as np
    >>> from gankit.layers.minibatch_stddev import MinibatchStdDev
    >>> images = np.stack([np.zeros((2, 2, 1)), np.full((2, 2, 1), 4)]).astype("float32")
    >>> with_deviation = MinibatchStdDev()(images)
    >>> with_deviation.shape == (2, 2, 2, 2), float(with_deviation[0, 0, 0, 1])
    (True, 2.0)

    Source: Karras et al., "Progressive Growing of GANs" (2018), section 3; groups of 4
    are from the authors' code. Departure: that code refuses a batch that the group size does not
    divide.
    """

    def __init__(self, group_size: int = 4, **kwargs: Any):
        super().__init__(**kwargs)
        if type(group_size) is not int or group_size < 2:
            raise ValueError(
                "`group_size` must be a whole number of at least 2: one example has no deviation. "
                f"Received: group_size={group_size!r}."
            )
        self.group_size = group_size

    def build(self, input_shape):
        self._check(input_shape)

    def call(self, inputs):
        examples = ops.shape(inputs)[0]
        groups = (examples + self.group_size - 1) // self.group_size
        # Member r of group g is example r * groups + g; the last members may not exist.
        member = ops.arange(self.group_size * groups, dtype="int32")
        exists = ops.cast(ops.reshape(member < examples, (self.group_size, groups, 1)), "float32")
        x = ops.take(ops.cast(inputs, "float32"), ops.minimum(member, examples - 1), axis=0)
        x = ops.reshape(x, (self.group_size, groups, -1))
        size = ops.sum(exists, axis=0)
        mean = ops.sum(x * exists, axis=0) / size
        variance = ops.sum(ops.square(x - mean) * exists, axis=0) / size
        deviation = ops.mean(ops.sqrt(variance + 1e-8), axis=-1)

        of_example = ops.take(deviation, ops.arange(examples, dtype="int32") % groups, axis=0)
        of_example = ops.reshape(of_example, (-1, *(1 for _ in inputs.shape[1:])))
        channel = ops.broadcast_to(of_example, (*ops.shape(inputs)[:-1], 1))
        return ops.concatenate([inputs, ops.cast(channel, inputs.dtype)], axis=-1)

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        return (*input_shape[:-1], input_shape[-1] + 1)

    def _check(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                "MinibatchStdDev needs an input of shape (batch, ..., channels) with at least two "
                f"axes and a known number of channels. Received: input shape {tuple(input_shape)}."
            )

    def get_config(self):
        return super().get_config() | {"group_size": self.group_size}
