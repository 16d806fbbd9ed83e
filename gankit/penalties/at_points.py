"""Penalties that evaluate the critic at some points, at every update or at every n-th."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from gankit import autodiff
from gankit.penalties.base import Penalty


class PenaltyAtPoints(Penalty):
    """A term that is computed in two steps: choose points, and evaluate the critic there.

    Attributes:
        every: evaluate the term at the first update of the discriminator and at every n-th one
            after it, with n times its weight. The other updates do not compute it.
    """

    every = 1

    def points(self, real: Any, fake: Any, draws: Any) -> Any:
        """Choose the points at which to evaluate the critic: a tensor, or any nest of tensors.

        Args:
            real: real examples, shape `(batch, ...)`.
            fake: generated examples of the same shape.
            draws: a `gankit.game.ReplicaRandom`.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `points`.")

    def value(self, critic: Callable[[Any], Any], points: Any) -> Any:
        """Compute the term, a scalar: a mean over the examples.

        Args:
            critic: function from examples to logits: the discriminator in training mode.
            points: the result of `points`; gradients treat it as constant.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `value`.")

    def __call__(
        self, critic: Callable[[Any], Any], real: Any, fake: Any, draws: Any, step: Any
    ) -> Any:
        """Compute the term of the discriminator's loss at one update; arguments as in `Penalty`.

        Raises:
            TypeError: if the real examples are not floating point.
            ValueError: if real and generated examples differ in shape.
        """
        real, fake = ops.convert_to_tensor(real), ops.convert_to_tensor(fake)
        dtype = keras.backend.standardize_dtype(real.dtype)
        if "float" not in dtype:
            raise TypeError(f"Examples must be floating point. Received: dtype {dtype}.")
        # An unknown size is None before the step runs, and equals any other.
        sizes = zip(real.shape, fake.shape, strict=False)
        if len(real.shape) != len(fake.shape) or any(m != n and m and n for m, n in sizes):
            raise ValueError(
                f"A penalty needs real and generated examples of the same shape. Received: real "
                f"examples of shape {tuple(real.shape)} and generated ones of {tuple(fake.shape)}."
            )
        # Draw at every update, so that later random numbers do not depend on `every`.
        points = self.points(real, ops.cast(fake, dtype), draws)
        if self.every == 1:
            return self.value(critic, points)
        due = ops.equal(ops.mod(step, self.every), 0)
        return autodiff.cond(due, lambda: self.every * self.value(critic, points))
