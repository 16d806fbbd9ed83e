"""Feature matching: the generator matches the mean features of the data."""

from __future__ import annotations

from typing import Any

from keras import ops

from gankit.losses.adversarial import to_float


def feature_matching(real_features: Any, fake_features: Any) -> Any:
    r"""Compute the squared difference of mean features, averaged over the features.

    $$L_G = \frac1d \left\| E_x f(x) - E_z f(G(z)) \right\|_2^2$$

    $f$ is an inner layer of the discriminator with $d$ features. The discriminator does not
    minimize this loss.

    Args:
        real_features: $f$ of real examples, shape `(examples, ...)`. Feature maps are compared
            position by position; pool them first to compare them anywhere.
        fake_features: $f$ of any number of generated examples; the other axes are equal.

    Returns:
        Scalar tensor.

    Raises:
        TypeError: if the features are not floating point.
        ValueError: if they have only one axis, or differ in an axis other than the first.

    Example:

    >>> import gankit
    >>> real, fake = [[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0]]  # means (2, 3) and (1, 1)
    >>> float(gankit.losses.feature_matching(real, fake))
    2.5

    Source: Salimans et al., "Improved Techniques for Training GANs" (2016), section 3.1.
    Departure: the loss is divided by $d$, as in the authors' code for MNIST, so that its scale does
    not depend on the width of the layer.
    """
    real, fake = to_float(real_features, "real_features"), to_float(fake_features, "fake_features")
    if len(real.shape) < 2 or tuple(real.shape[1:]) != tuple(fake.shape[1:]):
        raise ValueError(
            f"`real_features` and `fake_features` must have shape (examples, ...), equal after the "
            f"first axis. Received: shapes {tuple(real.shape)} and {tuple(fake.shape)}."
        )
    return ops.mean(ops.square(ops.mean(real, axis=0) - ops.mean(fake, axis=0)))
