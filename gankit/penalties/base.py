"""The base class of penalties, and penalties from functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops


class Penalty:
    """A term of the discriminator's loss, or a constraint on its weights.

    Subclass it, implement `__call__`, `after_update` or both, and register the class with
    `keras.saving.register_keras_serializable` so that it can be saved. For a term that evaluates
    the critic at some points, a subclass of `PenaltyAtPoints` is less work.
    """

    def __call__(
        self, critic: Callable[[Any], Any], real: Any, fake: Any, draws: Any, step: Any
    ) -> Any:
        """Compute a term of the discriminator's loss, a scalar; zero unless overridden.

        Args:
            critic: function from examples to logits: the discriminator in training mode.
            real: real examples, shape `(batch, ...)`.
            fake: generated examples of the same shape.
            draws: `gankit.game.ReplicaRandom`, random numbers for the examples.
            step: number of updates of the discriminator so far, integer tensor.
        """
        return ops.zeros(())

    def after_update(self, variables: Sequence[keras.Variable]) -> None:
        """Change the weights after an update of the discriminator; do nothing unless overridden.

        Args:
            variables: the trainable variables of the discriminator.
        """

    def get_config(self) -> dict:
        """Return the constructor arguments of an equal penalty."""
        return {}

    @classmethod
    def from_config(cls, config: dict) -> Penalty:
        """Create a penalty from the result of `get_config`."""
        return cls(**config)


@keras.saving.register_keras_serializable("gankit")
class PlainPenalty(Penalty):
    """A function of `(critic, real, fake)` as a penalty; `get` makes it.

    Args:
        function: returns a scalar tensor.

    Raises:
        ValueError: if it is no function.
    """

    def __init__(self, function: Callable[[Callable, Any, Any], Any]):
        if isinstance(function, type) or not callable(function):
            raise ValueError(
                f"A penalty must be a gankit.penalties.Penalty, for example R1(weight=0.1), or a "
                f"function penalty(critic, real, fake). Received: penalty={function!r}."
            )
        self.function = function

    def __call__(
        self, critic: Callable[[Any], Any], real: Any, fake: Any, draws: Any, step: Any
    ) -> Any:
        """Return the result of the function."""
        return self.function(critic, real, fake)

    def get_config(self) -> dict:
        """Return the constructor arguments of an equal penalty."""
        return {"function": keras.saving.serialize_keras_object(self.function)}

    @classmethod
    def from_config(cls, config: dict) -> PlainPenalty:
        """Create a penalty from the result of `get_config`."""
        return cls(keras.saving.deserialize_keras_object(config["function"]))


def get(penalty: Penalty | Callable[[Callable, Any, Any], Any]) -> Penalty:
    """Return a penalty.

    Args:
        penalty: a `Penalty`, which is returned unchanged, or a function
            `penalty(critic, real, fake)` that returns a scalar.

    Raises:
        ValueError: if it is neither.

    Example:

    >>> import gankit
    >>> gankit.penalties.get(gankit.penalties.R1(0.1, every=4)).get_config()
    {'weight': 0.1, 'every': 4}
    """
    return penalty if isinstance(penalty, Penalty) else PlainPenalty(penalty)
