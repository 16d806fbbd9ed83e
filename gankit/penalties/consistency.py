"""Consistency: an example and its augmented copy should be judged alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from gankit.penalties._numbers import number, to_single
from gankit.penalties.at_points import PenaltyAtPoints

__all__ = ["ConsistencyRegularization", "shift_and_flip"]


@keras.saving.register_keras_serializable("gankit")
def shift_and_flip(images: Any, draws: Any) -> Any:
    """Move images by up to an eighth of their height and width, and mirror half of them.

    Each image is moved by a whole number of pixels of its own, drawn uniformly. What leaves the
    picture on one side is filled in on the other, by reflection at the border.

    Args:
        images: shape `(batch, height, width, channels)`.
        draws: a `gankit.replicas.ReplicaRandom`.

    Returns:
        Images of the same shape; the augmentation of Zhang et al. (2020), section 2.1.

    Raises:
        ValueError: if these are no images.
    """
    if len(images.shape) != 4:
        raise ValueError(
            f"`shift_and_flip` augments images of shape (batch, height, width, channels). Received "
            f"shape {tuple(images.shape)}. Pass an `augment` for such examples."
        )
    for axis in (1, 2):
        size = images.shape[axis]
        reach = size // 8
        shift = ops.floor(draws.uniform(images) * (2 * reach + 1)) - reach
        place = ops.reshape(ops.arange(size, dtype="float32"), _along(axis, size)) + shift
        # Reflection at both borders: -1 is 1, and size is size - 2.
        place = (size - 1) - ops.abs((size - 1) - ops.abs(place))
        if axis == 2:
            place = ops.where(draws.uniform(images) < 0.5, (size - 1) - place, place)
        images = ops.take_along_axis(images, ops.cast(place, "int32"), axis=axis)
    return images


def _along(axis: int, size: int) -> tuple:
    return tuple(size if i == axis else 1 for i in range(4))


@keras.saving.register_keras_serializable("gankit")
class ConsistencyRegularization(PenaltyAtPoints):
    r"""The critic should say the same of an example and of an augmented copy.

    $$\lambda\,E_x\,(s(x) - s(T(x)))^2$$

    Args:
        weight: $\lambda$, at least 0.
        augment: $T$, a function `augment(examples, draws)` that returns examples of the same
            shape; it takes its random numbers from `draws` (`draws.uniform(examples)`,
            `draws.normal(examples)`). None: `shift_and_flip`, for images that may be mirrored.

    Raises:
        ValueError: if `weight` is negative.
        TypeError: if `augment` is no function.

    Example:

    >>> import keras, numpy as np, gankit
    >>> from gankit.replicas import ReplicaRandom
    >>> draws = ReplicaRandom(keras.random.SeedGenerator(0))
    >>> double = lambda examples, draws: 2.0 * examples
    >>> penalty = gankit.penalties.ConsistencyRegularization(weight=1.0, augment=double)
    >>> points = np.full((4, 2), 3.0, "float32")
    >>> float(penalty(lambda x: x[:, :1], points, points, draws, step=0))  # (3 - 6)²
    9.0

    Source: Zhang et al., "Consistency Regularization for Generative Adversarial Networks" (2020),
    equation 2, on the logit.
    """

    def __init__(self, weight: float = 10.0, augment: Callable[[Any, Any], Any] | None = None):
        self.weight = number("weight", weight)
        self.augment = shift_and_flip if augment is None else augment
        if not callable(self.augment):
            raise TypeError(
                f"`augment` must be a function augment(examples, draws). Received: "
                f"augment={augment!r}."
            )

    def points(self, real: Any, fake: Any, draws: Any) -> Any:
        """Real examples, and the same augmented."""
        return real, self.augment(real, draws)

    def value(self, critic: Callable[[Any], Any], points: Any) -> Any:
        r"""$\lambda\,E\,(s(x) - s(T(x)))^2$."""
        real, augmented = points
        change = to_single(critic(real)) - to_single(critic(augmented))
        return self.weight * ops.mean(ops.square(change))

    def get_config(self) -> dict:
        """Arguments that make an equal penalty."""
        augment = keras.saving.serialize_keras_object(self.augment)
        return {"weight": self.weight, "augment": augment}

    @classmethod
    def from_config(cls, config: dict) -> ConsistencyRegularization:
        """Make a penalty from what `get_config` gave."""
        augment = keras.saving.deserialize_keras_object(config["augment"])
        return cls(config["weight"], augment)
