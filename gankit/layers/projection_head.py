"""Projection head: it makes the logit of a discriminator depend on the class of the example."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("gankit")
class ProjectionHead(keras.layers.Layer):
    r"""Map features and a class to a logit: the last layer of a conditional discriminator.

    $$s(x, k) = v_k^\top \phi(x) + w^\top \phi(x) + b$$

    for features $\phi(x)$ and class $k$. The terms with $w$ and $b$ score the example without its
    class, and the term with $v_k$ scores how well it fits its class. The log ratio
    $\log p(x, k) / q(x, k)$ has this form if the class depends log-linearly on the features, for
    the data as well as for the generator.

    Input shape:
        A list `[features, labels]`: features of shape `(batch, features)`, such as sums over the
        positions of the last feature map, and integer class numbers of shape `(batch,)` in
        `[0, num_classes)`. The result for a class number outside that range depends on the backend;
        `gankit.GAN.fit` refuses it before training.

    Output shape:
        `(batch, 1)`.

    Args:
        num_classes: number of classes, at least 1.
        wrapper: class of a wrapper to put around both inner layers, a `Dense` and an `Embedding`,
            such as `SpectralNormalization` of this folder, or its registered name. The class must
            be registered for serialization. None: no wrapper.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if `num_classes` is not a whole number of at least 1, `wrapper` is not
            registered, or the inputs do not have the shapes above.
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
        if type(num_classes) is not int or num_classes < 1:
            raise ValueError(
                "`num_classes` must be a whole number of at least 1. "
                f"Received: num_classes={num_classes!r}."
            )
        self.num_classes = num_classes
        self.wrapper = _registered_class(wrapper)

    def build(self, input_shape):
        features, labels = self._check(input_shape)
        self.linear = self._wrapped(keras.layers.Dense(1, dtype=self.dtype_policy))
        self.embedding = self._wrapped(
            keras.layers.Embedding(self.num_classes, features[-1], dtype=self.dtype_policy)
        )
        self.linear.build(features)
        self.embedding.build(labels)

    def _wrapped(self, layer):
        return layer if self.wrapper is None else self.wrapper(layer)

    def call(self, inputs, training=None):  # a wrapper finds `training` in Keras' call context
        features, labels = inputs
        dtype = keras.backend.standardize_dtype(labels.dtype)
        if "int" not in dtype:
            raise TypeError(
                f"Labels must be integers, one class number per example. Received: dtype {dtype}."
            )
        class_term = ops.sum(self.embedding(labels) * features, axis=-1, keepdims=True)
        return class_term + self.linear(features)

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
                "features, and labels of shape (batch,). "
                f"Received: input shapes {features} and {labels}. Pool feature maps before it."
            )
        return features, labels

    def get_config(self):
        name = None if self.wrapper is None else keras.saving.get_registered_name(self.wrapper)
        return super().get_config() | {"num_classes": self.num_classes, "wrapper": name}


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
