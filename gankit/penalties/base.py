"""What a penalty is, and functions as penalties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["Penalty", "PlainPenalty", "get"]


class Penalty:
    """A term of the discriminator's loss, or a constraint on its weights.

    Subclass it, write `__call__`, `after_update` or both, and register the class with
    `keras.saving.register_keras_serializable` so that files can hold it. A term that looks at the
    critic at some points is less work as a `PenaltyAtPoints`.
    """

    def __call__(
        self, critic: Callable[[Any], Any], real: Any, fake: Any, draws: Any, step: Any
    ) -> Any:
        """Scalar that is added to the discriminator's loss; zero where it is not overridden.

        Args:
            critic: function from examples to logits: the discriminator in training mode.
            real: examples, shape `(batch, ...)`.
            fake: as many generated ones.
            draws: `gankit.replicas.ReplicaRandom`, random numbers for the examples.
            step: number of updates of the discriminator so far, integer tensor.
        """
        return ops.zeros(())

    def after_update(self, variables: Sequence[keras.Variable]) -> None:
        """Called after each update of the discriminator.

        Args:
            variables: the trainable variables of the discriminator, to be assigned to.
        """

    def get_config(self) -> dict:
        """Arguments that make an equal penalty."""
        return {}

    @classmethod
    def from_config(cls, config: dict) -> Penalty:
        """Make a penalty from what `get_config` gave."""
        return cls(**config)


@keras.saving.register_keras_serializable("gankit")
class PlainPenalty(Penalty):
    """A function of `(critic, real, fake)` as a penalty; `get` makes it.

    Args:
        function: returns a scalar tensor.
    """

    def __init__(self, function: Callable[[Callable, Any, Any], Any]):
        self.function = function

    def __call__(
        self, critic: Callable[[Any], Any], real: Any, fake: Any, draws: Any, step: Any
    ) -> Any:
        """What the function returns."""
        return self.function(critic, real, fake)

    def get_config(self) -> dict:
        """Arguments that make an equal penalty."""
        return {"function": keras.saving.serialize_keras_object(self.function)}

    @classmethod
    def from_config(cls, config: dict) -> PlainPenalty:
        """Make a penalty from what `get_config` gave."""
        return cls(keras.saving.deserialize_keras_object(config["function"]))


def get(penalty: Penalty | Callable[[Callable, Any, Any], Any]) -> Penalty:
    """Find a penalty.

    Args:
        penalty: a `Penalty`, which is returned as it is, or a function
            `penalty(critic, real, fake)` that returns a scalar.

    Raises:
        ValueError: if it is neither.

    Example:

    >>> import gankit
    >>> gankit.penalties.get(gankit.penalties.R1(0.1, every=4)).get_config()
    {'weight': 0.1, 'every': 4}
    """
    if isinstance(penalty, Penalty):
        return penalty
    if isinstance(penalty, type) or not callable(penalty):
        raise ValueError(
            f"A penalty must be a gankit.penalties.Penalty, such as R1(weight=0.1), or a function "
            f"penalty(critic, real, fake). Received: {penalty!r}."
        )
    return PlainPenalty(penalty)
