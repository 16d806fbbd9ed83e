"""Reconstruction losses: the difference between a prediction and its target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from gankit.checks import check_number
from gankit.losses._tensors import to_equal_shapes
from gankit.losses.adversarial import to_float


def _difference(target: Any, prediction: Any) -> Any:
    advice = "They are compared value by value."
    target, prediction = to_equal_shapes(advice, target=target, prediction=prediction)
    return target - prediction


def l1(target: Any, prediction: Any) -> Any:
    r"""Compute the mean absolute difference, $E\,|y - \hat y|$ over all values.

    The best prediction for this loss is the median of the possible targets; for the squared error
    it is their mean. Predictions are therefore less blurred.

    Args:
        target: $y$, any shape, floating point.
        prediction: $\hat y$, the same shape.

    Returns:
        Scalar tensor, in the units of the values.

    Raises:
        TypeError: if an argument is not floating point.
        ValueError: if the shapes differ.

    Example:

    >>> import gankit
    >>> float(gankit.losses.l1([[1.0, 2.0]], [[1.5, 0.0]]))
    1.25

    Source: Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks" (2017),
    equation 3, as a mean.
    """
    return ops.mean(ops.abs(_difference(target, prediction)))


def charbonnier(target: Any, prediction: Any, epsilon: float = 1e-3) -> Any:
    r"""Compute `l1` smoothed around zero: $E \sqrt{(y - \hat y)^2 + \epsilon^2}$.

    Args:
        target: $y$, any shape, floating point.
        prediction: $\hat y$, the same shape.
        epsilon: half the width of the smooth part, above 0 and below 1e19, in the units of the
            values. It is also the loss of a perfect prediction.

    Returns:
        Scalar tensor.

    Raises:
        TypeError: if an argument is not floating point, or `epsilon` is not a number.
        ValueError: if the shapes differ, or `epsilon` is out of range.

    Example:

    >>> import gankit
    >>> float(gankit.losses.charbonnier([[3.0]], [[0.0]], epsilon=4.0))
    5.0

    Source: Lai et al., "Deep Laplacian Pyramid Networks for Fast and Accurate Super-Resolution"
    (2017), section 3.3, whose epsilon is the default.
    """
    epsilon = check_number("epsilon", epsilon, above=0, below=1e19)  # its square is a float32
    return ops.mean(ops.sqrt(ops.square(_difference(target, prediction)) + epsilon**2))


def cycle_consistency(
    x: Any, y: Any, to_y: Callable[[Any], Any], to_x: Callable[[Any], Any]
) -> Any:
    r"""Measure whether two maps between two domains are inverse to each other.

    $$L_{cyc} = E_x\,|F(G(x)) - x| + E_y\,|G(F(y)) - y|$$

    If your step already has the translation $G(x)$, compute `l1(x, to_x(translated))` instead.

    Args:
        x: examples of the first domain, floating point.
        y: examples of the second domain, any number of them.
        to_y: $G$, from the first domain to the second.
        to_x: $F$, from the second domain to the first.

    Returns:
        Scalar tensor: the sum of the two means, in the units of the values.

    Raises:
        TypeError: if examples or their images are not floating point, or a map is no function.
        ValueError: if an example returns in another shape.

    Example:

    >>> import gankit
    >>> double, halve = lambda t: 2.0 * t, lambda t: 0.5 * t
    >>> float(gankit.losses.cycle_consistency([[1.0]], [[3.0]], double, halve))
    0.0

    Source: Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
    Networks" (2017), equation 2, as means.
    """
    for name, function in (("to_y", to_y), ("to_x", to_x)):
        if not callable(function):
            raise TypeError(f"`{name}` must be a function. Received: {name}={function!r}.")
    x, y = to_float(x, "x"), to_float(y, "y")
    return l1(x, to_x(to_y(x))) + l1(y, to_y(to_x(y)))
