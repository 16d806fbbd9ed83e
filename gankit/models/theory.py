r"""The theory of the 2014 game, on densities: the best discriminator, and its value.

`value` estimates the value of a game from logits. `optimal_discriminator`, `criterion` and
`smoothed_discriminator` compute on densities that are known, in NumPy.

Source: Goodfellow et al., "Generative Adversarial Nets" (2014), section 4; Salimans et al.,
"Improved Techniques for Training GANs" (2016), section 3.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gankit import checks, losses


def value(real_logits: Any, fake_logits: Any) -> Any:
    r"""Estimate the value of the game from the discriminator's logits.

    $$V(D, G) = E \log \sigma(s_r) + E \log(1 - \sigma(s_f))$$

    Args:
        real_logits: logits of examples of the data, floating point, any shape.
        fake_logits: logits of generated examples, floating point, any shape.

    Returns:
        Scalar tensor in nats, at most 0; $-\log 4$ where the discriminator is 1/2 everywhere.

    Raises:
        TypeError: if the logits are not floating point.

    Example:

    >>> import numpy as np
    >>> from gankit.models import theory
    >>> round(float(theory.value(np.zeros(4), np.zeros(4))), 4)  # -log 4
    -1.3863

    Source: Goodfellow et al. (2014), equation 1.
    """
    return -losses.get("minimax").discriminator(real_logits, fake_logits)


def optimal_discriminator(p_data: ArrayLike, p_g: ArrayLike) -> np.ndarray:
    r"""Compute the discriminator that maximizes $V$ against a fixed generator.

    $$D^*(x) = \frac{p_{data}(x)}{p_{data}(x) + p_g(x)}$$

    Args:
        p_data: the data's density at some points, not negative, any shape.
        p_g: the generator's density at the same points.

    Returns:
        Array of the same shape with values in [0, 1]; nan where both densities are zero: no
        example lies there, so any value is as good.

    Raises:
        TypeError: if they are not numbers.
        ValueError: if the shapes differ, or a density is negative or not finite.

    Example:

    >>> from gankit.models import theory
    >>> theory.optimal_discriminator([0.3, 0.2, 0.0], [0.1, 0.2, 0.5]).tolist()
    [0.75, 0.5, 0.0]

    Source: Goodfellow et al. (2014), proposition 1.
    """
    p_data, p_g = check_densities(p_data, p_g)
    with np.errstate(invalid="ignore"):
        return p_data / (p_data + p_g)


def criterion(p_data: ArrayLike, p_g: ArrayLike, dx: float = 1.0) -> float:
    r"""Compute the generator's criterion: the value of the game against the best discriminator.

    $$C(G) = \max_D V(D, G)
           = \int p_{data} \log D^* + p_g \log(1 - D^*) \, dx$$

    which is $-\log 4 + 2\,\mathrm{JSD}(p_{data}, p_g)$: between $-\log 4$, where the densities are
    equal, and 0, where they do not overlap.

    Args:
        p_data: the data's density on an even grid, not negative, any shape.
        p_g: the generator's density on the same grid.
        dx: length (area, volume) of a cell of the grid; 1 for probabilities of single outcomes.

    Returns:
        $C(G)$ in nats.

    Raises:
        TypeError: if something is not a number.
        ValueError: if the shapes differ, a density is negative or not finite, or `dx` is not
            above zero.

    Example:

    >>> from gankit.models import theory
    >>> round(theory.criterion([0.5, 0.5], [0.5, 0.5]), 4)
    -1.3863
    >>> theory.criterion([1.0, 0.0], [0.0, 1.0])
    0.0

    Source: Goodfellow et al. (2014), equation 4 and theorem 1.
    """
    from scipy.special import rel_entr

    p_data, p_g = check_densities(p_data, p_g)
    checks.check_number("dx", dx, above=0)
    # rel_entr(p, m) is p log(p / m), and 0 where p is.
    both = p_data + p_g
    return float(dx * (rel_entr(p_data, both) + rel_entr(p_g, both)).sum())


def smoothed_discriminator(
    p_data: ArrayLike, p_g: ArrayLike, positive: float = 0.9, negative: float = 0.0
) -> np.ndarray:
    r"""Compute the best discriminator where its targets are smoothed.

    It is trained to say $\alpha$ on real examples and $\beta$ on generated ones:

    $$D^*(x) = \frac{\alpha\,p_{data}(x) + \beta\,p_g(x)}{p_{data}(x) + p_g(x)}$$

    With $\beta = 0$ it is $\alpha$ times the usual best discriminator. With $\beta > 0$ the
    generator's density appears in the numerator: where $p_{data}$ is near 0 and $p_g$ is large,
    $D^* \approx \beta$ whatever the examples look like, so no gradient moves them to the data.

    Args:
        p_data: the data's density at some points, not negative, any shape.
        p_g: the generator's density at the same points.
        positive: $\alpha$, the target for real examples, in (0, 1].
        negative: $\beta$, the target for generated ones, in [0, 1), below `positive`.

    Returns:
        Array of the same shape; nan where both densities are zero.

    Raises:
        TypeError: if something is not a number.
        ValueError: if a target is out of range, the shapes differ, or a density is negative or
            not finite.

    Example:

    >>> from gankit.models import theory
    >>> theory.smoothed_discriminator([0.3, 0.0], [0.1, 0.5], positive=0.9, negative=0.1)
    array([0.7, 0.1])

    Source: Salimans et al. (2016), section 3.4.
    """
    check_targets(positive, negative)
    share = optimal_discriminator(p_data, p_g)
    return positive * share + negative * (1.0 - share)


def check_densities(p_data: ArrayLike, p_g: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return two densities as arrays, or refuse them.

    Args:
        p_data: one density at some points.
        p_g: another one at the same points.

    Raises:
        TypeError: if they are not numbers.
        ValueError: if the shapes differ, or a density is negative or not finite.
    """
    try:
        p_data, p_g = np.asarray(p_data, "float64"), np.asarray(p_g, "float64")
    except (TypeError, ValueError) as error:
        raise TypeError(f"Densities must be arrays of numbers. Received: {error}.") from error
    if p_data.shape != p_g.shape:
        raise ValueError(
            f"Both densities must be given at the same points. Received: shapes {p_data.shape} "
            f"and {p_g.shape}."
        )
    for name, p in (("p_data", p_data), ("p_g", p_g)):
        wrong = p[~(np.isfinite(p) & (p >= 0))]
        if wrong.size:
            raise ValueError(
                f"A density must be finite and not negative. Received: {wrong[0]} in `{name}`."
            )
    return p_data, p_g


def check_targets(positive: float, negative: float) -> tuple[float, float]:
    """Return smoothed targets as floats, or refuse them.

    Args:
        positive: the target for real examples.
        negative: the target for generated ones, below `positive`.

    Raises:
        TypeError: if a target is not a number.
        ValueError: if a target is out of range.
    """
    positive = checks.check_number("positive", positive)
    negative = checks.check_number("negative", negative)
    if not 0.0 <= negative < positive <= 1.0:
        raise ValueError(
            "The targets must satisfy 0 <= negative < positive <= 1. Received: "
            f"positive={positive!r}, negative={negative!r}."
        )
    return positive, negative
