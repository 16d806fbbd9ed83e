"""Batch normalization of feature maps in one fused kernel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from gankit import backend


@keras.saving.register_keras_serializable("gankit")
class BatchNormalization(keras.layers.BatchNormalization):
    r"""Normalize like Keras' layer, with one fused kernel if the backend has one.

    $$y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta$$

    Keras computes this in about ten operations. XLA fuses them. A plain TensorFlow graph on a CPU
    does not, but TensorFlow has a fused kernel, which this layer calls in training.
    `benchmarks/step_throughput.py` measures the difference for a training step of a DCGAN.
    Arguments, variables, results and saved weights are those of `keras.layers.BatchNormalization`.

    In cases that the kernel does not support (masked inputs, inputs that are not maps, channels
    first, statistics over replicas, renormalization, no scale or no shift), the layer calls Keras'
    implementation, which gives the same result.

    Example:

    >>> import keras
    >>> from gankit.normalization import BatchNormalization
    >>> layer = BatchNormalization(epsilon=1e-5)
    >>> maps = keras.random.normal((8, 4, 4, 3), mean=5.0, seed=0)
    >>> bool(abs(float(keras.ops.mean(layer(maps, training=True)))) < 1e-5)
    True

    Source: Ioffe and Szegedy, "Batch Normalization" (2015), algorithm 1.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        fused = self._fused(inputs) if training and self.trainable and mask is None else None
        if fused is None:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = fused
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            old = ops.cast(moving, batch.dtype)
            moving.assign(old * self.momentum + batch * (1.0 - self.momentum))
        return ops.cast(outputs, self.compute_dtype)

    def _fused(self, inputs: Any) -> Any:
        last = self.axis in (-1, len(inputs.shape) - 1)
        renorm = getattr(self, "renorm", False)  # Keras 3.12, the last for Python 3.10, has none
        if not (last and self.scale and self.center) or self.synchronized or renorm:
            return None
        scale, shift = (ops.cast(v, "float32") for v in (self.gamma, self.beta))
        return backend.fused_batch_normalization(inputs, scale, shift, self.epsilon)
