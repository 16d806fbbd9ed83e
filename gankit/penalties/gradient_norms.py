"""Penalties of the gradient norm of the critic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from gankit import autodiff
from gankit.checks import check_count, check_flag, check_number
from gankit.penalties.at_points import PenaltyAtPoints

_TINY = 1e-12


def _squared_norms(critic: Callable[[Any], Any], points: Any) -> Any:
    """Compute the squared norm of the critic's gradient at each point, shape `(batch,)`."""
    gradients = autodiff.input_gradient(critic, points)
    axes = tuple(range(1, len(points.shape)))
    return ops.sum(ops.square(gradients), axis=axes)


@keras.saving.register_keras_serializable("gankit")
class GradientPenalty(PenaltyAtPoints):
    r"""WGAN-GP: penalize a gradient norm other than `target` between real and generated examples.

    $$\lambda\,E\,(\|\nabla_{\hat x} s(\hat x)\|_2 - t)^2 \qquad
      \hat x = \alpha x + (1 - \alpha)\,G(z), \quad \alpha \sim U[0, 1)$$

    with one $\alpha$ per example.

    Args:
        weight: $\lambda$, at least 0.
        target: $t$, above 0: the desired Lipschitz constant.
        one_sided: penalize only norms above the target, $\max(0, \|\cdot\| - t)^2$.

    Raises:
        TypeError: if a number is none, or `one_sided` is not True or False.
        ValueError: if `weight` is negative or `target` is not above 0.

    Example:

    >>> import keras, numpy as np, gankit
    >>> from gankit.game import ReplicaRandom
    >>> draws = ReplicaRandom(keras.random.SeedGenerator(0))
    >>> real, fake = np.random.default_rng(0).normal(size=(2, 4, 2)).astype("float32")
    >>> critic = lambda x: 3.0 * x[:, :1]  # its gradient has norm 3 everywhere
    >>> round(float(gankit.penalties.GradientPenalty()(critic, real, fake, draws, step=0)), 4)
    40.0

    Source: Gulrajani et al., "Improved Training of Wasserstein GANs" (2017), equation 3. Departure:
    1e-12 is added under the root of the norm, since the gradient of the root is infinite at 0.
    """

    def __init__(self, weight: float = 10.0, target: float = 1.0, one_sided: bool = False):
        self.weight = check_number("weight", weight, 0)
        self.target = check_number("target", target, above=0)
        self.one_sided = check_flag("one_sided", one_sided)

    def points(self, real: Any, fake: Any, draws: Any) -> Any:
        """Draw a point on the line between each real example and a generated one."""
        alpha = ops.cast(draws.uniform(real), real.dtype)
        return alpha * real + (1.0 - alpha) * fake

    def value(self, critic: Callable[[Any], Any], points: Any) -> Any:
        r"""Compute $\lambda\,E\,(\|\nabla s\| - t)^2$."""
        excess = ops.sqrt(_squared_norms(critic, points) + _TINY) - self.target
        if self.one_sided:
            excess = ops.relu(excess)
        return self.weight * ops.mean(ops.square(excess))

    def get_config(self) -> dict:
        """Return the constructor arguments of an equal penalty."""
        return {"weight": self.weight, "target": self.target, "one_sided": self.one_sided}


@keras.saving.register_keras_serializable("gankit")
class DRAGAN(GradientPenalty):
    r"""Penalize a gradient norm other than `target` in a neighborhood of the real examples.

    $$\lambda\,E\,(\|\nabla s(x + \delta)\|_2 - t)^2 \qquad \delta \sim N(0, c^2 I)$$

    Args:
        weight: $\lambda$, at least 0.
        target: $t$, above 0.
        noise: $c$, above 0: the size of the neighborhood, in the units of the data. The default is
            meant for values in [-1, 1].

    Raises:
        TypeError: if an argument is not a number.
        ValueError: if `weight` is negative, or `target` or `noise` is not above 0.

    Source: Kodali et al., "On Convergence and Stability of GANs" (2017), section 2.4. The authors
    tune $c$ to the range of the data. Departure: their code adds half the standard deviation of the
    batch times uniform numbers on [0, 1), so it only increases values.
    """

    def __init__(self, weight: float = 10.0, target: float = 1.0, noise: float = 0.1):
        super().__init__(weight, target)
        self.noise = check_number("noise", noise, above=0)

    def points(self, real: Any, fake: Any, draws: Any) -> Any:
        """Add noise to the real examples."""
        return real + self.noise * ops.cast(draws.normal(real), real.dtype)

    def get_config(self) -> dict:
        """Return the constructor arguments of an equal penalty."""
        return {"weight": self.weight, "target": self.target, "noise": self.noise}


@keras.saving.register_keras_serializable("gankit")
class R1(PenaltyAtPoints):
    r"""Penalize the gradient at real examples: $\frac\gamma2 E_x \|\nabla s(x)\|_2^2$.

    Args:
        weight: $\gamma$, at least 0. It depends on the data: 0.1 for points in the plane, 10 for
            the 1024 x 1024 images of the paper.
        every: evaluate the penalty only at every n-th update, with n times the weight. StyleGAN2
            uses 16.

    Raises:
        TypeError: if `weight` is not a number.
        ValueError: if `weight` is negative or `every` is not a whole number of at least 1.

    Example:

    >>> import numpy as np, gankit
    >>> real = fake = np.ones((4, 2), "float32")
    >>> critic = lambda x: 3.0 * x[:, :1]  # its gradient has norm 3 everywhere
    >>> lazy = gankit.penalties.R1(weight=2.0, every=4)
    >>> [float(lazy(critic, real, fake, None, step)) for step in range(5)]
    [36.0, 0.0, 0.0, 0.0, 36.0]

    Source: Mescheder et al., "Which Training Methods for GANs do actually Converge?" (2018),
    equation 9; for `every`: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN"
    (2020), section 3.1. The code of Mescheder et al. has no ½: their `reg_param` of 10 is a weight
    of 20 here.
    """

    def __init__(self, weight: float, every: int = 1):
        self.weight = check_number("weight", weight, 0)
        self.every = check_count("every", every)

    def points(self, real: Any, fake: Any, draws: Any) -> Any:
        """Return the real examples."""
        return real

    def value(self, critic: Callable[[Any], Any], points: Any) -> Any:
        r"""Compute $\frac\gamma2 E\|\nabla s\|^2$."""
        return 0.5 * self.weight * ops.mean(_squared_norms(critic, points))

    def get_config(self) -> dict:
        """Return the constructor arguments of an equal penalty."""
        return {"weight": self.weight, "every": self.every}


@keras.saving.register_keras_serializable("gankit")
class R2(R1):
    r"""Penalize the gradient at generated examples: $\frac\gamma2 E_z \|\nabla s(G(z))\|_2^2$.

    Args:
        weight: $\gamma$, as in `R1`.
        every: as in `R1`.

    Source: Mescheder et al. (2018), equation 10.
    """

    def points(self, real: Any, fake: Any, draws: Any) -> Any:
        """Return the generated examples."""
        return fake
