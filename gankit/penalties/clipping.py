"""Weight clipping: the first and crudest way to keep a critic Lipschitz."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from gankit.checks import check_number
from gankit.penalties.base import Penalty


@keras.saving.register_keras_serializable("gankit")
class WeightClipping(Penalty):
    """Clip every weight of the critic to [-limit, limit] after each update.

    This bounds the critic's gradient, but wastes much of its capacity. The first WGAN used it;
    `GradientPenalty` replaced it.

    Args:
        limit: $c$, above 0.

    Raises:
        TypeError: if `limit` is not a number.
        ValueError: if `limit` is not above 0.

    Example:

    >>> import keras, gankit
    >>> weights = keras.Variable([-3.0, 0.005, 3.0])
    >>> gankit.penalties.WeightClipping(limit=0.01).after_update([weights])
    >>> weights.numpy().tolist()
    [-0.01, 0.005, 0.01]

    Source: Arjovsky et al., "Wasserstein GAN" (2017), algorithm 1.
    """

    def __init__(self, limit: float = 0.01):
        self.limit = check_number("limit", limit, above=0)

    def after_update(self, variables: Sequence[keras.Variable]) -> None:
        """Clip the weights."""
        for variable in variables:
            variable.assign(ops.clip(variable, -self.limit, self.limit))

    def get_config(self) -> dict:
        """Return the constructor arguments of an equal penalty."""
        return {"limit": self.limit}
