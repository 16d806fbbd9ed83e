r"""Semi-supervised GANs: the discriminator is a classifier of K classes that knows a K+1st.

The class "generated" has the logit 0, which takes nothing from the model, as a softmax does not
change when all logits move together. With $Z = \sum_{k \le K} e^{l_k}$ the classifier then says

$$D(x) = P(\text{real} \mid x) = \frac{Z}{Z + 1} = \sigma(\mathrm{lse}(l)), \qquad
  \mathrm{lse}(l) = \log Z$$

so **the logit of "real" is the log-sum-exp of the class logits**, and every loss of two classes
can be had from a classifier of K.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from gankit.losses._tensors import to_class_logits

__all__ = ["k_plus_one_unsupervised", "logit_of_real"]


def logit_of_real(class_logits: Any) -> Any:
    r"""The logit $s$ of "real" in a classifier of K classes, $D = \sigma(s)$.

    $$s = \mathrm{lse}(l) = \log \sum_{k=1}^{K} e^{l_k}$$

    Args:
        class_logits: shape `(..., classes)`, floating point.

    Returns:
        Tensor of shape `(..., 1)`, as the output of a discriminator.

    Raises:
        TypeError: if the logits are not floating point.
        ValueError: if they have no axis of classes.

    Example:

    >>> import gankit
    >>> float(gankit.losses.logit_of_real([[0.0, 0.0]])[0, 0])  # log 2: D = 2/3
    0.693147

    Source: Salimans et al., "Improved Techniques for Training GANs" (2016), section 5.
    """
    return ops.logsumexp(to_class_logits(class_logits, "class_logits"), axis=-1, keepdims=True)


def k_plus_one_unsupervised(unlabeled_logits: Any, fake_logits: Any) -> Any:
    r"""What the discriminator learns from examples without labels, and from generated ones.

    $$L_{unsup} = -\tfrac12 E_x \log D(x) - \tfrac12 E_z \log(1 - D(G(z)))
      = \tfrac12 E\,\mathrm{sp}(-\mathrm{lse}(l_x)) + \tfrac12 E\,\mathrm{sp}(\mathrm{lse}(l_G))$$

    The whole loss adds `class_cross_entropy` of the labeled examples, $L_{sup}$. The generator is
    trained by `feature_matching`.

    Args:
        unlabeled_logits: class logits of real examples, shape `(..., classes)`.
        fake_logits: class logits of generated examples, with as many classes.

    Returns:
        Scalar tensor.

    Raises:
        TypeError: if the logits are not floating point.
        ValueError: if they have no axis of classes, or different numbers of classes.

    Example:

    >>> import gankit
    >>> half = [[0.0]]  # one class whose logit equals that of "generated": D = 1/2
    >>> float(gankit.losses.k_plus_one_unsupervised(half, half))
    0.693147

    Source: Salimans et al. (2016), section 5, $L_{unsupervised}$. Departure: halved, as in the
    authors' code; the paper has no ½.
    """
    real = to_class_logits(unlabeled_logits, "unlabeled_logits")
    fake = to_class_logits(fake_logits, "fake_logits")
    if real.shape[-1] != fake.shape[-1]:
        raise ValueError(
            f"`unlabeled_logits` and `fake_logits` come from the same classifier. Received "
            f"{real.shape[-1]} and {fake.shape[-1]} classes."
        )
    on_real = ops.mean(ops.softplus(-ops.logsumexp(real, axis=-1)))
    return 0.5 * (on_real + ops.mean(ops.softplus(ops.logsumexp(fake, axis=-1))))
