"""Historical averaging: each player is drawn towards the mean of all its past weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from gankit import autodiff

__all__ = ["HistoricalAveraging", "PastWeights"]


@keras.saving.register_keras_serializable("gankit")
class HistoricalAveraging:
    r"""A term in a player's objective that draws its weights towards their mean over time.

    $$\lambda \left\| \theta - \frac1t \sum_{i=1}^t \theta[i] \right\|^2$$

    The sum runs from the initial weights to the current ones; the mean counts as a constant in
    the gradient, $2\lambda(\theta - \bar\theta)$. Two players who chase each other in circles are
    drawn to the circles' center.

    Pass it to `GAN.compile(historical_averaging=...)`. It trains other weights, where
    `gankit.averaging` averages them and leaves the training as it is.

    Args:
        generator: $\lambda$ of the generator, at least 0.
        discriminator: $\lambda$ of the discriminator, at least 0.

    Raises:
        ValueError: if one of them is below 0, or both are 0.

    Example:

    >>> from gankit.historical import HistoricalAveraging
    >>> HistoricalAveraging(generator=0.1, discriminator=0.1).get_config()
    {'generator': 0.1, 'discriminator': 0.1}

    Source: Salimans et al., "Improved Techniques for Training GANs" (2016), section 3.3. The
    paper gives no $\lambda$.
    """

    def __init__(self, generator: float = 0.0, discriminator: float = 0.0):
        for name, value in (("generator", generator), ("discriminator", discriminator)):
            if not 0 <= value < math.inf:
                raise ValueError(f"`{name}` must be at least 0. Received: {name}={value!r}.")
        if not generator and not discriminator:
            raise ValueError(
                "Historical averaging needs `generator` or `discriminator` above 0. Received: "
                f"generator={generator!r}, discriminator={discriminator!r}."
            )
        self.generator = generator
        self.discriminator = discriminator

    def get_config(self) -> dict:
        """Arguments that make an equal object."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    @classmethod
    def from_config(cls, config: dict) -> HistoricalAveraging:
        """Make one from what `get_config` gave."""
        return cls(**config)


class PastWeights(keras.layers.Layer):
    """The mean of a player's weights over time, and the pull towards it.

    Args:
        variables: the player's trainable variables, with their initial values.
        strength: λ.
        name: name of this layer.
    """

    def __init__(self, variables: Sequence[keras.Variable], strength: float, name: str):
        super().__init__(name=name)
        self.strength = strength
        self.means = [
            self.add_weight(shape=v.shape, dtype=v.dtype, initializer="zeros", trainable=False)
            for v in variables
        ]
        for mean, variable in zip(self.means, variables, strict=True):
            mean.assign(ops.convert_to_numpy(variable))
        self.count = self.add_weight(shape=(), dtype="int", initializer="ones", trainable=False)
        self.built = True

    def add_pull(
        self, variables: Sequence[keras.Variable], gradients: Sequence, scale: Any
    ) -> list:
        """Gradients with that of the term added.

        Args:
            variables: the player's trainable variables.
            gradients: one gradient (or None) per variable.
            scale: what the loss was multiplied with before it was differentiated.
        """
        pulls = [
            ops.cast(2.0 * self.strength * scale, v.dtype) * (v - mean)
            for v, mean in zip(variables, self.means, strict=True)
        ]
        return autodiff.add_gradients(gradients, pulls)

    def update(self, variables: Sequence[keras.Variable]) -> None:
        """Count the current weights in."""
        self.count.assign_add(1)
        for mean, variable in zip(self.means, variables, strict=True):
            mean.assign(mean + (variable - mean) / ops.cast(self.count, mean.dtype))
