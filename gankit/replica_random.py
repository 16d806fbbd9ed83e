"""Random numbers for the examples of a batch, the same however many replicas share it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from gankit import autodiff

__all__ = ["ReplicaRandom"]


class ReplicaRandom:
    """Draws random numbers for the examples of a batch.

    Every replica draws for the whole batch and keeps what belongs to its own examples, so that
    replicas together use what one device would have used.

    Args:
        seed: the `keras.random.SeedGenerator` to draw from.

    Example:

    >>> import keras
    >>> from gankit.replica_random import ReplicaRandom
    >>> draws = ReplicaRandom(keras.random.SeedGenerator(0))
    >>> images = keras.ops.zeros((4, 8, 8, 1))
    >>> draws.normal(images).shape == (4, 8, 8, 1), draws.uniform(images).shape == (4, 1, 1, 1)
    (True, True)
    """

    def __init__(self, seed: keras.random.SeedGenerator):
        self.seed = seed

    def rows(self, draw: Callable[[Any, Any], Any], examples: Any) -> Any:
        """What `draw(n, seed)` gives for the whole batch: the rows of this replica's examples."""
        start, total = autodiff.global_batch(examples)
        drawn = draw(total, self.seed)
        return drawn if total is examples else drawn[start : start + examples]

    def normal(self, like: Any) -> Any:
        """Standard normal numbers, one for every value of `like`, in its shape."""
        examples, *shape = ops.shape(like)
        return self.rows(lambda n, seed: keras.random.normal((n, *shape), seed=seed), examples)

    def uniform(self, like: Any) -> Any:
        """Numbers uniform on [0, 1), one for every example of `like`: `(batch, 1, ..., 1)`."""
        shape = (1 for _ in like.shape[1:])
        return self.rows(
            lambda n, seed: keras.random.uniform((n, *shape), seed=seed), ops.shape(like)[0]
        )
