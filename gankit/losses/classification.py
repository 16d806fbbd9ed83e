"""Cross-entropy of class logits, for AC-GAN and semi-supervised GANs."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from gankit.checks import as_array
from gankit.losses._tensors import same_shape, to_class_logits


def class_cross_entropy(class_logits: Any, labels: Any) -> Any:
    r"""Compute the mean of $-\log p(y \mid x)$, where $p$ is the softmax of the logits $l$.

    $$L = E\,[\mathrm{lse}(l) - l_y] \qquad \mathrm{lse}(l) = \log \sum_k e^{l_k}$$

    - **AC-GAN:** the discriminator has a second output, the class logits. *Both* players add this
      loss, $-L_C$ in the paper, for real examples and for generated examples with the labels that
      the generator was given.
    - **Semi-supervised K+1:** $L_{sup}$, for the labeled examples; see `k_plus_one_unsupervised`.

    Args:
        class_logits: shape `(..., classes)`, floating point.
        labels: class numbers in `[0, classes)`, integers of shape `(...)`.

    Returns:
        Scalar tensor. A label out of range in a tensor gives NaN, since compiled code cannot raise
        an error; labels in an array or list are checked.

    Raises:
        TypeError: if the logits are not floating point, or the labels are not integers.
        ValueError: if the shapes do not fit, or a label in an array or list is out of range.

    Example:

    >>> import gankit
    >>> logits = [[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]]
    >>> round(float(gankit.losses.class_cross_entropy(logits, [0, 2])), 4)
    0.6342

    Source: Odena et al., "Conditional Image Synthesis with Auxiliary Classifier GANs" (2017),
    equation 3; Salimans et al. (2016), section 5, $L_{supervised}$.
    """
    logits = to_class_logits(class_logits, "class_logits")
    classes = logits.shape[-1]
    labels = _to_labels(labels, logits.shape)
    inside = ops.logical_and(labels >= 0, labels < classes)
    chosen = ops.expand_dims(ops.where(inside, labels, 0), -1)
    of_label = ops.squeeze(ops.take_along_axis(logits, chosen, axis=-1), -1)
    return ops.mean(ops.where(inside, ops.logsumexp(logits, axis=-1) - of_label, float("nan")))


def _to_labels(labels, shape):
    labels = labels if ops.is_tensor(labels) else as_array(labels, "labels")
    if "int" not in str(labels.dtype):
        raise TypeError(
            f"`labels` must be integers, one class number per example. Received: dtype "
            f"{labels.dtype}. Convert one-hot labels with argmax(axis=-1)."
        )
    if not same_shape(labels.shape, shape[:-1]):
        raise ValueError(
            f"`labels` must have the shape of `class_logits` without its last axis. Received: "
            f"shapes {tuple(labels.shape)} and {tuple(shape)}."
        )
    if isinstance(labels, np.ndarray) and not ((labels >= 0) & (labels < shape[-1])).all():
        raise ValueError(
            f"`labels` must lie in [0, {shape[-1]}), since there are {shape[-1]} class logits. "
            f"Received: labels from {labels.min()} to {labels.max()}."
        )
    return ops.cast(labels, "int32")
