"""Find adversarial losses by name."""

from __future__ import annotations

from gankit.checks import check_choice
from gankit.losses import adversarial, relativistic
from gankit.losses.adversarial import AdversarialLoss

_LOSSES = {
    "minimax": adversarial.Minimax,
    "non_saturating": adversarial.NonSaturating,
    "least_squares": adversarial.LeastSquares,
    "wasserstein": adversarial.Wasserstein,
    "hinge": adversarial.Hinge,
    "relativistic": relativistic.Relativistic,
    "relativistic_average": relativistic.RelativisticAverage,
}


def names() -> list[str]:
    """Return the names that `get` accepts."""
    return list(_LOSSES)


def get(loss: str | AdversarialLoss) -> AdversarialLoss:
    """Return an adversarial loss.

    Args:
        loss: one of `names()`, or an object with methods `discriminator(real_logits, fake_logits)`
            and `generator(fake_logits, real_logits=None)`, which is returned unchanged.

    Returns:
        An object with these two methods; each returns a scalar tensor, the mean over the examples.

    Raises:
        ValueError: if the name is unknown; the message lists the known names and the nearest one.
        TypeError: if an object lacks one of the methods, or is the class of a loss.

    Example:

    >>> import gankit
    >>> loss = gankit.losses.get("hinge")
    >>> float(loss.discriminator([[2.0]], [[-0.5]]))
    0.5
    """
    if isinstance(loss, str):
        return _LOSSES[check_choice("loss", loss, _LOSSES)]()
    methods = [getattr(loss, name, None) for name in ("discriminator", "generator")]
    if isinstance(loss, type) or not all(map(callable, methods)):
        raise TypeError(
            f"A loss must be an object with methods `discriminator` and `generator`, and no class. "
            f"Received: loss={loss!r}. Pass one of {', '.join(_LOSSES)}, or an instance of a "
            f"gankit.losses.AdversarialLoss."
        )
    return loss
