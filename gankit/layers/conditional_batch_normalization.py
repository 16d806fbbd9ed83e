"""Conditional batch normalization: a scale and an offset for each class."""

from __future__ import annotations

import numbers
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("gankit")
class ConditionalBatchNormalization(keras.layers.Layer):
    r"""Normalize as batch normalization does, then scale and shift by the class of the example.

    $$y_{ic} = \gamma_{k_i c}\, \frac{x_{ic} - \mu_c}{\sqrt{\sigma_c^2 + \varepsilon}}
    + \beta_{k_i c}$$

    In training, $\mu_c, \sigma_c^2$ are the channel's mean and variance over the batch and all
    positions; otherwise, their moving averages. $k_i$ is the class of example $i$. All classes
    share the statistics.

    Input shape:
        A list `[x, labels]`: `x` of shape `(batch, ..., channels)`, at least two axes, and integer
        class numbers of shape `(batch,)` in `[0, num_classes)`. The result for a class number
        outside that range depends on the backend; `gankit.GAN.fit` refuses it before training.

    Output shape:
        The shape of `x`.

    Args:
        num_classes: number of classes, at least 1.
        momentum: momentum of the moving averages, in [0, 1].
        epsilon: $\varepsilon$, positive.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if an argument is out of range, or the inputs do not have the shapes above.
        TypeError: if `momentum` or `epsilon` is not a number, or the labels are not integers.

    Example:

    >>> import numpy as np
    >>> from gankit.layers.conditional_batch_normalization import ConditionalBatchNormalization
    >>> layer = ConditionalBatchNormalization(num_classes=10)
    >>> x, labels = np.ones((4, 8, 8, 3), "float32"), np.array([3, 1, 4, 1])
    >>> layer([x, labels]).shape == (4, 8, 8, 3)
    True

    Source: Dumoulin et al., "A Learned Representation for Artistic Style" (2017), section 2.2, for
    the scale and offset of a class. Miyato and Koyama, "cGANs with Projection Discriminator"
    (2018), use it with the statistics of a batch, as here, in their generator.
    """

    def __init__(
        self, num_classes: int, momentum: float = 0.99, epsilon: float = 1e-3, **kwargs: Any
    ):
        super().__init__(**kwargs)
        if type(num_classes) is not int or num_classes < 1:
            raise ValueError(
                "`num_classes` must be a whole number of at least 1. "
                f"Received: num_classes={num_classes!r}."
            )
        for name, value in (("momentum", momentum), ("epsilon", epsilon)):
            if isinstance(value, bool) or not isinstance(value, numbers.Real):
                raise TypeError(f"`{name}` must be a number. Received: {name}={value!r}.")
        if not 0.0 <= momentum <= 1.0:
            raise ValueError(f"`momentum` must lie in [0, 1]. Received: momentum={momentum!r}.")
        if not 0.0 < epsilon < float("inf"):
            raise ValueError(f"`epsilon` must be positive. Received: epsilon={epsilon!r}.")
        self.num_classes = num_classes
        self.norm = keras.layers.BatchNormalization(
            momentum=momentum, epsilon=epsilon, center=False, scale=False, dtype=self.dtype_policy
        )

    def build(self, input_shape):
        x, _ = self._check(input_shape)
        self.norm.build(x)
        shape = (self.num_classes, x[-1])
        self.gamma = self.add_weight(shape=shape, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=shape, initializer="zeros", name="beta")

    def call(self, inputs, training=None):
        x, labels = inputs
        dtype = keras.backend.standardize_dtype(labels.dtype)
        if "int" not in dtype:
            raise TypeError(
                f"Labels must be integers, one class number per example. Received: dtype {dtype}."
            )
        shape = (-1, *(1 for _ in x.shape[2:]), x.shape[-1])
        gamma = ops.reshape(ops.take(self.gamma, labels, axis=0), shape)
        beta = ops.reshape(ops.take(self.beta, labels, axis=0), shape)
        return self.norm(x, training=training) * gamma + beta

    def compute_output_shape(self, input_shape):
        x, _ = self._check(input_shape)
        return x

    def _check(self, input_shape):
        nested = all(isinstance(shape, (list, tuple)) for shape in input_shape)
        if not nested or len(input_shape) != 2:
            raise ValueError(
                f"ConditionalBatchNormalization needs a list [x, labels]. "
                f"Received: input shape {input_shape}."
            )
        x, labels = (tuple(shape) for shape in input_shape)
        if len(x) < 2 or x[-1] is None or len(labels) != 1:
            raise ValueError(
                "ConditionalBatchNormalization needs x of shape (batch, ..., channels) with a "
                "known number of channels, and labels of shape (batch,). "
                f"Received: input shapes {x} and {labels}."
            )
        return x, labels

    def get_config(self):
        return super().get_config() | {
            "num_classes": self.num_classes,
            "momentum": self.norm.momentum,
            "epsilon": self.norm.epsilon,
        }
