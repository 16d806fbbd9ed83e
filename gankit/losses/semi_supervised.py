r"""Semi-supervised GANs: the discriminator classifies K classes and one more, "generated".

The logit of the class "generated" is fixed at 0. This does not restrict the model, because a
softmax does not change if all logits change by the same amount. With
$Z = \sum_{k \le K} e^{l_k}$, the classifier then gives

$$D(x) = P(\text{real} \mid x) = \frac{Z}{Z + 1} = \sigma(\mathrm{lse}(l)), \qquad
  \mathrm{lse}(l) = \log Z$$

so **the logit of "real" is the log-sum-exp of the class logits**, and every loss for two classes
can be computed from a classifier of K classes.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from gankit.losses._tensors import to_class_logits


def logit_of_real(class_logits: Any) -> Any:
    r"""Compute the logit $s$ of "real" from K class logits, $D = \sigma(s)$.

    $$s = \mathrm{lse}(l) = \log \sum_{k=1}^{K} e^{l_k}$$

    Args:
        class_logits: shape `(..., classes)`, floating point.

    Returns:
        Tensor of shape `(..., 1)`, like the output of a discriminator.

    Raises:
        TypeError: if the logits are not floating point.
        ValueError: if the logits have no axis of classes.

    Example:

    >>> import gankit
    >>> float(gankit.losses.logit_of_real([[0.0, 0.0]])[0, 0])  # log 2: D = 2/3
    0.693147

    Source: Salimans et al., "Improved Techniques for Training GANs" (2016), section 5.
    """
    return ops.logsumexp(to_class_logits(class_logits, "class_logits"), axis=-1, keepdims=True)


def k_plus_one_unsupervised(unlabeled_logits: Any, fake_logits: Any) -> Any:
    r"""Compute the discriminator's loss for unlabeled and generated examples.

    $$L_{unsup} = -\tfrac12 E_x \log D(x) - \tfrac12 E_z \log(1 - D(G(z)))
      = \tfrac12 E\,\mathrm{sp}(-\mathrm{lse}(l_x)) + \tfrac12 E\,\mathrm{sp}(\mathrm{lse}(l_G))$$

    The full loss adds $L_{sup}$, the `class_cross_entropy` of the labeled examples. The generator
    trains with `feature_matching`.

    Args:
        unlabeled_logits: class logits of real examples, shape `(..., classes)`.
        fake_logits: class logits of generated examples, with the same number of classes.

    Returns:
        Scalar tensor.

    Raises:
        TypeError: if the logits are not floating point.
        ValueError: if the logits have no axis of classes, or different numbers of classes.

    Example:

    >>> import gankit
    >>> half = [[0.0]]  # one class whose logit equals that of "generated": D = 1/2
    >>> float(gankit.losses.k_plus_one_unsupervised(half, half))
    0.693147

    Source: Salimans et al. (2016), section 5, $L_{unsupervised}$. Departure: the factor ½ is from
    the authors' code; the paper does not have it.
    """
    real = to_class_logits(unlabeled_logits, "unlabeled_logits")
    fake = to_class_logits(fake_logits, "fake_logits")
    if real.shape[-1] != fake.shape[-1]:
        raise ValueError(
            f"`unlabeled_logits` and `fake_logits` must have the same number of classes. Received: "
            f"{real.shape[-1]} and {fake.shape[-1]} classes. Pass logits of the same classifier."
        )
    on_real = ops.mean(ops.softplus(-ops.logsumexp(real, axis=-1)))
    return 0.5 * (on_real + ops.mean(ops.softplus(ops.logsumexp(fake, axis=-1))))
