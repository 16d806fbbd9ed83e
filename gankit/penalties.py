"""Penalties: what is added to the discriminator's loss, or done to it after its update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

__all__ = ["Penalty", "PlainPenalty", "get"]


class Penalty:
    """A term of the discriminator's loss, or a constraint on its weights.

    Subclass it, write `__call__`, `after_update` or both, and register the class with
    `keras.saving.register_keras_serializable` so that files can hold it.

    Attributes:
        every: a penalty of which only every n-th step needs the value says n here.
    """

    every = 1

    def __call__(self, critic: Callable, real: Any, fake: Any, draws: Any, step: Any) -> Any:
        """Scalar that is added to the discriminator's loss; zero where it is not overridden.

        Args:
            critic: function from examples to logits: the discriminator in training mode.
            real: examples, shape `(batch, ...)`.
            fake: as many generated ones.
            draws: `gankit.draws.Draws`, random numbers for the examples.
            step: number of updates of the discriminator so far, integer tensor.
        """
        return 0.0

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

    def __init__(self, function: Callable):
        self.function = function

    def __call__(self, critic: Callable, real: Any, fake: Any, draws: Any, step: Any) -> Any:
        """What the function returns."""
        return self.function(critic, real, fake)

    def get_config(self) -> dict:
        """Arguments that make an equal penalty."""
        return {"function": keras.saving.serialize_keras_object(self.function)}

    @classmethod
    def from_config(cls, config: dict) -> PlainPenalty:
        """Make a penalty from what `get_config` gave."""
        return cls(keras.saving.deserialize_keras_object(config["function"]))


def get(penalty: Penalty | Callable) -> Penalty:
    """Find a penalty.

    Args:
        penalty: a `Penalty`, which is returned as it is, or a function
            `penalty(critic, real, fake)` that returns a scalar.

    Raises:
        ValueError: if it is neither.
    """
    if isinstance(penalty, Penalty):
        return penalty
    if not callable(penalty):
        raise ValueError(
            f"A penalty must be a gankit.penalties.Penalty or a function "
            f"penalty(critic, real, fake). Received: {penalty!r}."
        )
    return PlainPenalty(penalty)
