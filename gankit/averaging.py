"""Averaged weights: a second generator that follows the first one at a distance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit.checks import check_number


@keras.saving.register_keras_serializable("gankit")
class Averaging:
    r"""An exponential average of a generator's weights, whose memory is counted in images.

    The average moves towards the newest weights $\theta$ once per `train_step`,

    $$\bar\theta \leftarrow (1 - w)\,\bar\theta + w\,\theta, \qquad w = 1 - 2^{-b/h}$$

    with $b$ the real examples of the step and $h$ the half-life: weights count half as much once
    another $h$ images have been seen, whatever the batch size. Early on, the weights of an
    untrained generator must not linger. With `ramp_up`, the half-life is at most that share of
    the images seen before, $h_n = \min(h, r\,n)$. Without it, the average is corrected for having
    begun with nothing:

    $$w = \frac{1 - 2^{-b/h}}{1 - 2^{-(n + b)/h}}$$

    Either way the first step makes the average equal to the weights ($n = 0$, $w = 1$), so initial
    weights are no part of it.

    Pass it to `GAN.compile(averaging=...)`; `GAN.generate` then uses the averaged generator.

    Args:
        half_life: $h$, in images, above 0.
        ramp_up: $r$, above 0, or None.

    Raises:
        TypeError: if an argument is not a number.
        ValueError: if `half_life` or `ramp_up` is not above 0.

    Example:

    >>> from gankit.averaging import Averaging
    >>> averaging = Averaging(half_life=1000, ramp_up=None)
    >>> weights = [averaging.weight(seen, 500) for seen in (0, 500, 10**6)]
    >>> [round(float(w), 3) for w in weights]
    [1.0, 0.586, 0.293]

    Source: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020) and its
    code, whose ramp-up this is; averages of generators: Yazıcı et al., "The Unusual Effectiveness
    of Averaging in GAN Training" (2019). Departures: without a ramp-up, that code begins the
    average at the initial weights; batch statistics are averaged, where it copies them.
    """

    def __init__(self, half_life: float = 10_000, ramp_up: float | None = 0.05):
        self.half_life = check_number("half_life", half_life, above=0)
        self.ramp_up = None if ramp_up is None else check_number("ramp_up", ramp_up, above=0)

    def weight(self, seen: Any, images: Any) -> Any:
        """The newest weights' share $w$ in the average, scalar in (0, 1].

        Args:
            seen: images seen before this step, $n$.
            images: images of this step, $b$.
        """
        seen, images = ops.cast(seen, "float32"), ops.cast(images, "float32")
        if self.ramp_up is None:
            both = _forgotten((seen + images) / self.half_life)
            return _forgotten(images / self.half_life) / both
        half_life = ops.minimum(self.half_life, self.ramp_up * seen)
        return _forgotten(images / ops.maximum(half_life, 1e-8))

    def get_config(self) -> dict:
        """Arguments that make an equal object."""
        return {"half_life": self.half_life, "ramp_up": self.ramp_up}

    @classmethod
    def from_config(cls, config: dict) -> Averaging:
        """Make one from what `get_config` gave."""
        return cls(**config)

    def to_array(self) -> np.ndarray:
        """The arguments as two numbers, for a file of weights; NaN stands for None."""
        return np.array([self.half_life, math.nan if self.ramp_up is None else self.ramp_up])

    @classmethod
    def from_array(cls, array: np.ndarray) -> Averaging:
        """Make one from what `to_array` gave."""
        half_life, ramp_up = (float(value) for value in array)
        return cls(half_life, None if math.isnan(ramp_up) else ramp_up)


def _forgotten(half_lives: Any) -> Any:
    """What is forgotten after so many half-lives; exact also for a small part of one."""
    return -ops.expm1(-math.log(2.0) * half_lives)


class AveragedNetworks(keras.layers.Layer):
    """Copies of a player's networks that hold the average of their weights, and the images seen.

    Everything in a network's `weights` is averaged, batch statistics too: the averaged weights
    belong to no single step, so neither do the statistics of their activations. Weights that are no
    floating-point numbers are copied.

    Args:
        networks: the networks to follow, built.
        averaging: how.

    Attributes:
        networks: the copies. None of their variables is trainable.
    """

    def __init__(self, networks: Sequence[keras.Model], averaging: Averaging):
        super().__init__(name="average", dtype="float32")
        self.averaging = averaging
        self.networks = [keras.models.clone_model(network) for network in networks]
        for copy, network in zip(self.networks, networks, strict=True):
            copy.set_weights(network.get_weights())
            for variable in copy.variables:
                variable.trainable = False
        self.images = self.add_weight(
            shape=(), dtype="int", initializer="zeros", trainable=False, name="images"
        )
        self.built = True

    def update(self, networks: Sequence[keras.Model], images: Any) -> None:
        """Move the average towards the weights of the networks.

        Args:
            networks: the networks that are followed.
            images: real examples of this step, on all replicas.
        """
        weight = self.averaging.weight(self.images, images)
        for copy, network in zip(self.networks, networks, strict=True):
            for mean, newest in zip(copy.weights, network.weights, strict=True):
                if "float" in mean.dtype:
                    share = ops.cast(weight, mean.dtype)
                    mean.assign((1.0 - share) * mean + share * newest)
                else:
                    # Two variables may not share memory, which JAX gives away at each step.
                    mean.assign(ops.copy(newest))
        self.images.assign_add(ops.cast(images, self.images.dtype))
