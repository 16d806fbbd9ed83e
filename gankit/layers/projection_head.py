"""Projection head: how a discriminator takes the class of an example into account."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["ProjectionHead"]


@keras.saving.register_keras_serializable("gankit")
class ProjectionHead(keras.layers.Layer):
    r"""The last layer of a conditional discriminator: from features and class to a logit.

    $$s(x, k) = v_k^\top \phi(x) + w^\top \phi(x) + b$$

    for features $\phi(x)$ and class $k$. $w, b$ judge the example by itself, $v_k$ how it fits its
    class: the form of $\log p(x, k) / q(x, k)$ where the class depends on the features
    log-linearly, under the data and under the generator.

    Input shape:
        A list `[features, labels]`: features of shape `(batch, features)`, such as sums over the
        positions of the last feature map, and integer class numbers of shape `(batch,)` in
        `[0, num_classes)`. What a class number outside that range gives is up to the backend;
        `gankit.GAN.fit` refuses such data before training.

    Output shape:
        `(batch, 1)`.

    Args:
        num_classes: number of classes, at least 1.
        wrapper: class of a wrapper to put around both inner layers, a `Dense` and an `Embedding`,
            such as `SpectralNormalization` of this folder; it must be registered for
            serialization. Also its registered name. None: no wrapper.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if `num_classes` is no whole number of at least 1, `wrapper` is not registered,
            or the inputs have not the shapes above.
        TypeError: if the labels are not integers.

    Example:

    >>> import numpy as np
    >>> from gankit.layers.projection_head import ProjectionHead
    >>> head = ProjectionHead(num_classes=10)
    >>> head([np.ones((4, 16), "float32"), np.array([3, 1, 4, 1])]).shape == (4, 1)
    True

    Source: Miyato and Koyama, "cGANs with Projection Discriminator" (2018), equation 3.
    """

    def __init__(self, num_classes: int, wrapper: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        if isinstance(num_classes, bool) or not isinstance(num_classes, int) or num_classes < 1:
            raise ValueError(
                "`num_classes` must be a whole number of at least 1. "
                f"Received: num_classes={num_classes!r}."
            )
        self.num_classes = num_classes
        self.wrapper = _registered(wrapper)

    def build(self, input_shape):
        features, labels = self._check(input_shape)
        self.linear = self._inner(keras.layers.Dense(1, dtype=self.dtype_policy))
        self.embedding = self._inner(
            keras.layers.Embedding(self.num_classes, features[-1], dtype=self.dtype_policy)
        )
        self.linear.build(features)
        self.embedding.build(labels)

    def _inner(self, layer):
        return layer if self.wrapper is None else self.wrapper(layer)

    def call(self, inputs, training=None):  # a wrapper finds `training` in Keras' call context
        features, labels = inputs
        dtype = keras.backend.standardize_dtype(labels.dtype)
        if "int" not in dtype:
            raise TypeError(
                f"Labels must be integers, one class number per example. Received dtype {dtype}."
            )
        fit = ops.sum(self.embedding(labels) * features, axis=-1, keepdims=True)
        return fit + self.linear(features)

    def compute_output_shape(self, input_shape):
        features, _ = self._check(input_shape)
        return (features[0], 1)

    def _check(self, input_shape):
        nested = all(isinstance(shape, (list, tuple)) for shape in input_shape)
        if not nested or len(input_shape) != 2:
            raise ValueError(
                f"ProjectionHead needs a list [features, labels]. "
                f"Received: input shape {input_shape}."
            )
        features, labels = (tuple(shape) for shape in input_shape)
        if len(features) != 2 or features[-1] is None or len(labels) != 1:
            raise ValueError(
                "ProjectionHead needs features of shape (batch, features) with a known number of "
                "features, and labels of shape (batch,); pool feature maps before it. "
                f"Received: input shapes {features} and {labels}."
            )
        return features, labels

    def get_config(self):
        name = None if self.wrapper is None else keras.saving.get_registered_name(self.wrapper)
        return super().get_config() | {"num_classes": self.num_classes, "wrapper": name}


def _registered(wrapper):
    """The class that `wrapper` is or names, if a file that names it can be read back."""
    if wrapper is None:
        return None
    name = wrapper if isinstance(wrapper, str) else keras.saving.get_registered_name(wrapper)
    found = keras.saving.get_registered_object(name)
    if found is None:
        raise ValueError(
            "`wrapper` must be a class that is registered with "
            "keras.saving.register_keras_serializable, or the name of one that was imported. "
            f"Received: wrapper={wrapper!r}."
        )
    return found
