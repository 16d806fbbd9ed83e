"""Historical averaging: each player is drawn towards the mean of all its past weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from gankit.checks import check_number
from gankit.gan import GAN


@keras.saving.register_keras_serializable("gankit")
class HistoricalAveragingGAN(GAN):
    r"""A `GAN` whose players are drawn towards the mean of their weights over time.

    $$L + \lambda \left\| \theta - \frac1t \sum_{i=1}^t \theta[i] \right\|^2$$

    The sum runs from the initial weights to the current ones; the mean counts as a constant in
    the gradient, $2\lambda(\theta - \bar\theta)$. Two players who chase each other in circles are
    drawn to the center of the circles. It trains other weights, where `gankit.averaging` averages
    them and leaves the training as it is.

    Args:
        generator: as in `gankit.GAN`.
        discriminator: as in `gankit.GAN`.
        latent_dim: size of the latent vectors.
        generator_strength: $\lambda$ of the generator, at least 0.
        discriminator_strength: $\lambda$ of the discriminator, at least 0.
        **kwargs: as in `gankit.GAN`.

    Raises:
        TypeError: if a strength is not a number, and as `gankit.GAN`.
        ValueError: if a strength is below 0, and as `gankit.GAN`.

    Example:

    >>> from gankit.historical import HistoricalAveragingGAN
    >>> from gankit.models import minimax
    >>> nets = minimax.points_gan(width=8, seed=0)
    >>> gan = HistoricalAveragingGAN(
    ...     nets.generator, nets.discriminator, 2, 0.01, 0.01, data_range=None, seed=0)
    >>> gan.compile()
    >>> history = gan.fit(minimax.ring(64, seed=0), verbose=0)

    Source: Salimans et al., "Improved Techniques for Training GANs" (2016), section 3.3. The
    paper gives no $\lambda$.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        generator_strength: float = 0.0,
        discriminator_strength: float = 0.0,
        **kwargs: Any,
    ):
        strengths = {"generator": generator_strength, "discriminator": discriminator_strength}
        for player, value in strengths.items():
            check_number(f"{player}_strength", value, 0)
        super().__init__(generator, discriminator, latent_dim, **kwargs)
        self.past = {
            name: PastWeights(getattr(self, name).trainable_variables, strength)
            for name, strength in strengths.items()
        }

    def discriminator_loss(self, real: Any, *conditions: Any, **made: Any) -> tuple[Any, dict]:
        """The game's loss, and the distance from the past; arguments as in `GAN`."""
        loss, report = super().discriminator_loss(real, *conditions, **made)
        return loss + self.past["discriminator"].distance(), report

    def generator_loss(self, real: Any, *conditions: Any, **made: Any) -> tuple[Any, dict]:
        """The game's loss, and the distance from the past; arguments as in `GAN`."""
        loss, report = super().generator_loss(real, *conditions, **made)
        return loss + self.past["generator"].distance(), report

    def update(self, players: str | Sequence[str], loss: Callable, *batch: Any) -> None:
        """Move players, and count their new weights in; arguments as in `Game`."""
        names = [players] if isinstance(players, str) else players
        before = [ops.copy(self.optimizers[name].iterations) for name in names]
        super().update(players, loss, *batch)
        for name, count in zip(names, before, strict=True):
            # Gradients that are still being accumulated have moved nothing.
            moved = ops.convert_to_tensor(self.optimizers[name].iterations) > count
            self.past[name].update(moved)


class PastWeights(keras.layers.Layer):
    """The mean of a player's weights over time, and their distance from it.

    Args:
        variables: the player's trainable variables, with their initial values.
        strength: λ.
    """

    def __init__(self, variables: Sequence[keras.Variable], strength: float):
        super().__init__(name="past_weights", dtype="float32")
        self.strength = strength
        object.__setattr__(self, "_followed", list(variables))  # they belong to the player
        self.means = [
            self.add_weight(shape=v.shape, dtype=v.dtype, initializer="zeros", trainable=False)
            for v in variables
        ]
        for mean, variable in zip(self.means, variables, strict=True):
            mean.assign(ops.convert_to_numpy(variable))
        self.count = self.add_weight(shape=(), dtype="int", initializer="ones", trainable=False)
        self.built = True

    def distance(self) -> Any:
        r"""The term $\lambda \|\theta - \bar\theta\|^2$, a scalar."""
        pairs = zip(self._followed, self.means, strict=True)
        squares = [ops.sum(ops.square(ops.cast(v - mean, "float32"))) for v, mean in pairs]
        return self.strength * sum(squares)

    def update(self, moved: Any) -> None:
        """Count the current weights in.

        Args:
            moved: whether they have moved since the last time, a boolean scalar.
        """
        more = ops.cast(moved, "int32")
        self.count.assign_add(ops.cast(more, self.count.dtype))
        for mean, variable in zip(self.means, self._followed, strict=True):
            share = ops.cast(more, mean.dtype) / ops.cast(self.count, mean.dtype)
            mean.assign(mean + (variable - mean) * share)
