"""Cross-entropy of class logits: what AC-GAN and semi-supervised GANs learn classes with."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from gankit.losses._tensors import to_class_logits

__all__ = ["class_cross_entropy"]


def class_cross_entropy(class_logits: Any, labels: Any) -> Any:
    r"""Mean of $-\log p(y \mid x)$ where $p$ is the softmax of the logits $l$.

    $$L = E\,[\mathrm{lse}(l) - l_y] \qquad \mathrm{lse}(l) = \log \sum_k e^{l_k}$$

    - **AC-GAN:** the discriminator has a second output, class logits; *both* players add this
      loss, $-L_C$ of the paper, on real and on generated examples with the labels they were
      generated for.
    - **Semi-supervised K+1:** $L_{sup}$, on the labeled examples; see `k_plus_one_unsupervised`.

    Args:
        class_logits: shape `(..., classes)`, floating point.
        labels: class numbers in `[0, classes)`, integers of shape `(...)`.

    Returns:
        Scalar tensor. It is NaN if a label in a tensor is out of range, since compiled code cannot
        raise; labels in an array or list are checked.

    Raises:
        TypeError: if the logits are not floating point, or the labels not integers.
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
    if not ops.is_tensor(labels):
        wrong = np.asarray(labels)
        wrong = wrong[(wrong < 0) | (wrong >= shape[-1])]
        if wrong.size:
            raise ValueError(
                f"`labels` must lie in [0, {shape[-1]}), the number of class logits. "
                f"Received: {wrong.flat[0]!r}."
            )
    labels = ops.convert_to_tensor(labels)
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if "int" not in dtype:
        raise TypeError(
            f"`labels` must be integers, one class number per example. Received dtype {dtype}. "
            f"One-hot labels become class numbers with argmax(axis=-1)."
        )
    if len(labels.shape) != len(shape) - 1:
        raise ValueError(
            f"`labels` must have the shape of `class_logits` without its last axis. Received "
            f"shapes {tuple(labels.shape)} and {tuple(shape)}."
        )
    return ops.cast(labels, "int32")
