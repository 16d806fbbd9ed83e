"""Weight clipping: the first and bluntest way to keep a critic Lipschitz."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from gankit.penalties._numbers import number
from gankit.penalties.base import Penalty

__all__ = ["WeightClipping"]


@keras.saving.register_keras_serializable("gankit")
class WeightClipping(Penalty):
    """Every weight of the critic is cut to [-limit, limit] after each of its updates.

    That bounds the critic's slope, and wastes much of its capacity: WGAN as it was before
    `GradientPenalty`.

    Args:
        limit: $c$, above 0.

    Raises:
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
        self.limit = number("limit", limit, zero=False)

    def after_update(self, variables: Sequence[keras.Variable]) -> None:
        """Cut the weights."""
        for variable in variables:
            variable.assign(ops.clip(variable, -self.limit, self.limit))

    def get_config(self) -> dict:
        """Arguments that make an equal penalty."""
        return {"limit": self.limit}
