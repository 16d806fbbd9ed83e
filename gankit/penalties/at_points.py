"""Penalties that look at the critic at some points, at every update or only now and then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from gankit import autodiff
from gankit.penalties.base import Penalty

__all__ = ["PenaltyAtPoints"]


class PenaltyAtPoints(Penalty):
    """A term that is found in two steps: choose points, and look at the critic there.

    Attributes:
        every: the term is evaluated at every n-th update of the discriminator, from the first on,
            and counts n times there; the updates between spend nothing on it.
    """

    every = 1

    def points(self, real: Any, fake: Any, draws: Any) -> Any:
        """Where to look at the critic: a tensor, or any nest of tensors.

        Args:
            real: real examples, shape `(batch, ...)`.
            fake: as many generated ones.
            draws: a `gankit.replicas.ReplicaRandom`.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `points`.")

    def value(self, critic: Callable[[Any], Any], points: Any) -> Any:
        """The term, a scalar: a mean over the examples.

        Args:
            critic: maps examples to logits, in training mode.
            points: what `points` returned; constants, to the critic's gradients.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `value`.")

    def __call__(
        self, critic: Callable[[Any], Any], real: Any, fake: Any, draws: Any, step: Any
    ) -> Any:
        """What is added to the discriminator's loss at one update; arguments as in `Penalty`.

        Raises:
            TypeError: if the real examples are not floating point.
            ValueError: if real and generated examples differ in shape.
        """
        # Numbers are drawn at every step, evaluated or not: what is drawn next is then the same.
        points = self.points(*_alike(real, fake), draws)
        if self.every == 1:
            return self.value(critic, points)
        due = ops.equal(ops.mod(step, self.every), 0)
        return autodiff.cond(due, lambda: self.every * self.value(critic, points))


def _alike(real: Any, fake: Any) -> tuple[Any, Any]:
    """Both batches in the precision of the real one."""
    real, fake = ops.convert_to_tensor(real), ops.convert_to_tensor(fake)
    dtype = keras.backend.standardize_dtype(real.dtype)
    if "float" not in dtype:
        raise TypeError(f"Examples must be floating point. Received dtype {dtype}.")
    # A size that is not known before the step runs may be any.
    sizes = zip(real.shape, fake.shape, strict=False)
    if len(real.shape) != len(fake.shape) or any(m != n and m and n for m, n in sizes):
        raise ValueError(
            f"A penalty looks at as many generated as real examples, of one shape. Received real "
            f"examples of shape {tuple(real.shape)} and generated ones of {tuple(fake.shape)}."
        )
    return real, ops.cast(fake, dtype)
