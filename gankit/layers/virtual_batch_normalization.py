"""Virtual batch normalization: normalization by a fixed reference batch."""

from __future__ import annotations

import numbers
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("gankit")
class VirtualBatchNormalization(keras.layers.Layer):
    r"""Normalize each example by the statistics of itself and a fixed reference batch.

    For each channel, let $m_i, q_i$ be the means of $x$ and of $x^2$ over the positions of example
    $i$, and $m_r, q_r$ the means of these over the $n$ reference examples:

    $$\mu_i = \frac{m_i + n\, m_r}{n + 1}, \quad
    \sigma_i^2 = \frac{q_i + n\, q_r}{n + 1} - \mu_i^2, \quad
    y_i = \gamma\, \frac{x_i - \mu_i}{\sqrt{\sigma_i^2 + \varepsilon}} + \beta$$

    The reference examples are normalized by their own statistics, $m_r$ and $q_r - m_r^2$. In
    training and outside, the output for an example does not depend on the rest of its batch.

    The activations of the reference change with the weights of the earlier layers, so the reference
    must pass through the network with each batch. This layer expects it in the first
    `reference_size` examples of its input. Use the layer inside a network that `ReferenceBatch`
    wraps: the wrapper puts the reference there and removes it at the end. Without the wrapper, the
    layer would use examples of the batch as the reference.

    Input shape:
        `(reference_size + batch, ..., channels)`, at least two axes.

    Output shape:
        The shape of the input.

    Args:
        reference_size: $n$, the number of reference examples, at least 2.
        epsilon: $\varepsilon$, positive.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        TypeError: if `epsilon` is not a number.
        ValueError: if an argument is out of range, or the input has fewer than two axes, an
            unknown number of channels or fewer examples than the reference.

    Example: see `ReferenceBatch`.

    Source: Salimans et al., "Improved Techniques for Training GANs" (2016), section 3.6; the
    weights of reference and example are from the authors' code. Departure: that code trains the
    logarithm of $\gamma$; this layer trains $\gamma$, which starts at 1.
    """

    def __init__(self, reference_size: int, epsilon: float = 1e-5, **kwargs: Any):
        super().__init__(**kwargs)
        if type(reference_size) is not int or reference_size < 2:
            raise ValueError(
                "`reference_size` must be a whole number of at least 2. "
                f"Received: reference_size={reference_size!r}."
            )
        if isinstance(epsilon, bool) or not isinstance(epsilon, numbers.Real):
            raise TypeError(f"`epsilon` must be a number. Received: epsilon={epsilon!r}.")
        if not 0.0 < epsilon < float("inf"):
            raise ValueError(f"`epsilon` must be positive. Received: epsilon={epsilon!r}.")
        self.reference_size = reference_size
        self.epsilon = epsilon

    def build(self, input_shape):
        self._check(input_shape)
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(shape=shape, initializer="ones", name="gamma", autocast=False)
        self.beta = self.add_weight(shape=shape, initializer="zeros", name="beta", autocast=False)

    def call(self, inputs):
        examples, channels = ops.shape(inputs)[0], inputs.shape[-1]
        x = ops.reshape(ops.cast(inputs, "float32"), (examples, -1, channels))
        mean, variance = self._statistics(x)
        x = (x - mean) * ops.rsqrt(variance + self.epsilon) * self.gamma + self.beta
        return ops.reshape(ops.cast(x, inputs.dtype), ops.shape(inputs))

    def _statistics(self, x):
        """Compute mean and variance for each example and channel, shape (examples, 1, channels)."""
        n = self.reference_size
        own_mean = ops.mean(x, axis=1, keepdims=True)
        own_variance = ops.var(x, axis=1, keepdims=True)
        mean_r = ops.mean(own_mean[:n], axis=0, keepdims=True)
        spread = ops.square(own_mean[:n] - mean_r)
        variance_r = ops.mean(own_variance[:n] + spread, axis=0, keepdims=True)

        index = ops.arange(ops.shape(x)[0], dtype="int32")[:, None, None]
        own = ops.where(index < n, 0.0, 1.0 / (n + 1.0))
        mean = own * own_mean + (1.0 - own) * mean_r
        # Equal to the difference in the formula, without its cancellation.
        own_part = own * (own_variance + ops.square(own_mean - mean))
        reference_part = (1.0 - own) * (variance_r + ops.square(mean_r - mean))
        return mean, own_part + reference_part

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        return tuple(input_shape)

    def _check(self, input_shape):
        good = len(input_shape) >= 2 and input_shape[-1] is not None
        if not good or (input_shape[0] is not None and input_shape[0] < self.reference_size):
            raise ValueError(
                "VirtualBatchNormalization needs an input of shape (reference and batch, ..., "
                "channels) with a known number of channels, whose first reference_size="
                f"{self.reference_size} examples are the reference. Received: input shape "
                f"{tuple(input_shape)}. Wrap the network in a ReferenceBatch."
            )

    def get_config(self):
        return super().get_config() | {
            "reference_size": self.reference_size,
            "epsilon": self.epsilon,
        }


@keras.saving.register_keras_serializable("gankit")
class ReferenceBatch(keras.layers.Wrapper):
    """Run a network with virtual batch normalization on each batch together with its reference.

    The wrapper puts the reference before the batch, passes both through the network, and drops the
    outputs for the reference. Except for `VirtualBatchNormalization`, no layer of the network may
    mix examples: no batch normalization, no minibatch statistics.

    Input shape:
        The input shape of the network.

    Output shape:
        The output shape of the network.

    Args:
        layer: the network, with one input and one output.
        reference: inputs of the network, floating point, `(reference_size, ...)`: for a generator,
            latent vectors that were drawn once; for a discriminator, examples from the data. The
            reference never changes. It is saved with the model and is part of the configuration.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        TypeError: if the layer is none, or the reference is not floating point.
        ValueError: if the reference is empty, has fewer than two axes, or a value that is NaN or
            infinite; or if a `VirtualBatchNormalization` in the network expects another number of
            examples.

    Example:

    >>> import keras
    >>> from gankit.layers.virtual_batch_normalization import ReferenceBatch
    >>> from gankit.layers.virtual_batch_normalization import VirtualBatchNormalization
    >>> network = keras.Sequential([
    ...     keras.Input((8,)), keras.layers.Dense(16), VirtualBatchNormalization(100),
    ...     keras.layers.ReLU(), keras.layers.Dense(2)])
    >>> reference = keras.random.normal((100, 8), seed=0)
    >>> generator = keras.Sequential([keras.Input((8,)), ReferenceBatch(network, reference)])
    >>> generator(keras.random.normal((5, 8))).shape == (5, 2)
    True

    Source: Salimans et al., "Improved Techniques for Training GANs" (2016), section 3.6.
    """

    def __init__(self, layer: keras.Layer, reference: Any, **kwargs: Any):
        if not isinstance(layer, keras.layers.Layer):
            raise TypeError(f"`layer` must be a Keras layer. Received: layer={layer!r}.")
        super().__init__(layer, **kwargs)
        try:
            reference = ops.convert_to_tensor(reference)
        except (RuntimeError, TypeError, ValueError) as error:  # by backend
            raise TypeError(
                f"`reference` must be an array or a tensor. Received: {reference!r:.200}."
            ) from error
        dtype = keras.backend.standardize_dtype(reference.dtype)
        if "float" not in dtype:
            raise TypeError(f"`reference` must be floating point. Received: dtype {dtype}.")
        if 0 in reference.shape:
            raise ValueError(
                f"`reference` must not be empty. Received: shape {tuple(reference.shape)}."
            )
        if len(reference.shape) < 2 or not bool(ops.all(ops.isfinite(reference))):
            raise ValueError(
                "`reference` must be a batch of examples, without NaN or infinite values. "
                f"Received: shape {tuple(reference.shape)}, lowest and highest value "
                f"{float(ops.min(reference))} and {float(ops.max(reference))}."
            )
        self._values = ops.convert_to_numpy(ops.cast(reference, "float32"))
        size = len(self._values)
        for norm in layer._flatten_layers():
            if isinstance(norm, VirtualBatchNormalization) and norm.reference_size != size:
                raise ValueError(
                    f"`reference` must hold as many examples as {norm.name!r} expects, "
                    f"reference_size={norm.reference_size}. Received: {size} examples."
                )

    def build(self, input_shape):
        if tuple(input_shape[1:]) != self._values.shape[1:]:
            raise ValueError(
                "The input must have examples of the shape of those in the reference, "
                f"{self._values.shape[1:]}. Received: input shape {tuple(input_shape)}."
            )
        super().build(input_shape)
        self.reference = self.add_weight(
            shape=self._values.shape,
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(self._values, dtype=dtype),
            trainable=False,
            name="reference",
        )

    def call(self, inputs, training=None):  # the network finds `training` in Keras' call context
        both = ops.concatenate([ops.cast(self.reference, inputs.dtype), inputs], axis=0)
        return self.layer(both)[len(self._values) :]

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, inputs, training=None):
        return self.layer.compute_output_spec(inputs)

    def get_config(self):
        return super().get_config() | {"reference": self._values.tolist()}
