"""Consistency: an example and its augmented copy should get equal logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from gankit.checks import check_number
from gankit.penalties.at_points import PenaltyAtPoints


@keras.saving.register_keras_serializable("gankit")
def shift_and_flip(images: Any, draws: Any) -> Any:
    """Shift images by up to an eighth of their height and width, and mirror half of them.

    Each image is shifted by its own whole number of pixels, drawn uniformly. Reflection at the
    border fills the pixels that the shift leaves empty.

    Args:
        images: shape `(batch, height, width, channels)`.
        draws: a `gankit.game.ReplicaRandom`.

    Returns:
        Images of the same shape.

    Raises:
        ValueError: if the examples are not images.

    Source: Zhang et al., "Consistency Regularization for Generative Adversarial Networks" (2020),
    section 2.1.
    """
    if len(images.shape) != 4:
        raise ValueError(
            f"`shift_and_flip` needs images of shape (batch, height, width, channels). Received: "
            f"shape {tuple(images.shape)}. Pass your own function as `augment`."
        )
    for axis in (1, 2):
        size = images.shape[axis]
        reach = size // 8
        shift = ops.floor(draws.uniform(images) * (2 * reach + 1)) - reach
        shape = [size if i == axis else 1 for i in range(4)]
        source = ops.reshape(ops.arange(size, dtype="float32"), shape) + shift
        # Reflection at both borders: -1 becomes 1, and size becomes size - 2.
        source = (size - 1) - ops.abs((size - 1) - ops.abs(source))
        if axis == 2:
            source = ops.where(draws.uniform(images) < 0.5, (size - 1) - source, source)
        images = ops.take_along_axis(images, ops.cast(source, "int32"), axis=axis)
    return images


@keras.saving.register_keras_serializable("gankit")
class ConsistencyRegularization(PenaltyAtPoints):
    r"""Penalize different logits for an example and its augmented copy.

    $$\lambda\,E_x\,(s(x) - s(T(x)))^2$$

    Args:
        weight: $\lambda$, at least 0.
        augment: $T$, a function `augment(examples, draws)` that returns examples of the same
            shape; it gets its random numbers from `draws` (`draws.uniform(examples)`,
            `draws.normal(examples)`). None: `shift_and_flip`, for images that may be mirrored.

    Raises:
        ValueError: if `weight` is negative.
        TypeError: if `weight` is not a number, or `augment` is not a function.

    Example:

    >>> import keras, numpy as np, gankit
    >>> from gankit.game import ReplicaRandom
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
        self.weight = check_number("weight", weight, 0)
        self.augment = shift_and_flip if augment is None else augment
        if not callable(self.augment):
            raise TypeError(
                f"`augment` must be a function augment(examples, draws). Received: "
                f"augment={augment!r}."
            )

    def points(self, real: Any, fake: Any, draws: Any) -> Any:
        """Return the real examples and their augmented copies."""
        return real, self.augment(real, draws)

    def value(self, critic: Callable[[Any], Any], points: Any) -> Any:
        r"""Compute $\lambda\,E\,(s(x) - s(T(x)))^2$."""
        real, augmented = (critic(examples) for examples in points)
        # The square of a float16 overflows at 256.
        dtype = keras.backend.result_type(real.dtype, "float32")
        difference = ops.cast(real, dtype) - ops.cast(augmented, dtype)
        return self.weight * ops.mean(ops.square(difference))

    def get_config(self) -> dict:
        """Return the constructor arguments of an equal penalty."""
        augment = keras.saving.serialize_keras_object(self.augment)
        return {"weight": self.weight, "augment": augment}

    @classmethod
    def from_config(cls, config: dict) -> ConsistencyRegularization:
        """Create a penalty from the result of `get_config`."""
        augment = keras.saving.deserialize_keras_object(config["augment"])
        return cls(config["weight"], augment)
