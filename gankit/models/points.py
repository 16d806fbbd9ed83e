"""Games of points on the line and in the plane: a ring of Gaussians, and two small networks.

`MinimaxGAN` is a GAN with the latent prior of the 2014 paper's code; `points_gan` builds one for
points, and `ring` draws points to train it on.
"""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import layers

from gankit import checks
from gankit.gan import GAN
from gankit.models._building import UniformLatents


def ring_centers(modes: int = 8, radius: float = 2.0) -> np.ndarray:
    r"""Place points evenly on a circle: $r\,(\cos 2\pi k/n, \sin 2\pi k/n)$.

    Args:
        modes: number of points $n$, at least 1.
        radius: radius $r$ of the circle, above zero.

    Returns:
        Array of float32, shape `(modes, 2)`.

    Raises:
        TypeError: if `radius` is not a number.
        ValueError: if `modes` is not a whole number of at least 1, or `radius` is not above zero.
    """
    checks.check_number("radius", radius, above=0)
    # Unlike linspace(0, 2 pi, n), this does not put the last point on the first.
    angles = 2 * np.pi * np.arange(checks.check_count("modes", modes)) / modes
    return (radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype("float32")


def ring(
    n: int, modes: int = 8, radius: float = 2.0, std: float = 0.02, seed: int | None = None
) -> np.ndarray:
    """Draw points from a ring of equally likely Gaussians.

    Args:
        n: number of points.
        modes: number of Gaussians.
        radius: distance of their means from the origin.
        std: their standard deviation along each axis, above zero.
        seed: what the points depend on. None: different ones at each call.

    Returns:
        Array of float32, shape `(n, 2)`.

    Raises:
        TypeError: if `radius` or `std` is not a number.
        ValueError: if `n` or `modes` is not a whole number of at least 1, `radius` or `std` is not
            above zero, or `seed` is not a seed.

    Example:

    >>> from gankit.models import points
    >>> points.ring(1000, seed=0).shape
    (1000, 2)

    Source: Metz et al., "Unrolled Generative Adversarial Networks" (2017), section 3.1.
    """
    checks.check_number("std", std, above=0)
    rng = np.random.default_rng(None if seed is None else checks.check_seed("seed", seed))
    centers = ring_centers(modes, radius)[rng.integers(modes, size=checks.check_count("n", n))]
    return (centers + rng.normal(0.0, std, size=centers.shape)).astype("float32")


@keras.saving.register_keras_serializable("gankit")
class MinimaxGAN(UniformLatents, GAN):
    r"""A `GAN` with the latent prior of the 2014 code: uniform, with mean 0 and variance 1.

    Each number is drawn from $U[-\sqrt 3, \sqrt 3]$.

    The arguments are those of `gankit.GAN`.

    Example:

    >>> import keras, numpy as np
    >>> from gankit.models import points
    >>> gan = points.points_gan(dimensions=1, latent_dim=1, seed=0)
    >>> latents = keras.ops.convert_to_numpy(gan.sample_latents(1000, seed=0))
    >>> bool((np.abs(latents) <= np.sqrt(3)).all())
    True

    Source: Goodfellow et al. (2014), figure 1 and the released code.
    """

    latent_range = -math.sqrt(3.0), math.sqrt(3.0)


def points_gan(
    dimensions: int = 2,
    latent_dim: int = 2,
    width: int = 128,
    depth: int = 2,
    seed: int | None = None,
) -> MinimaxGAN:
    """Build a game for points: two ReLU networks of equal size, and data without bounds.

    Args:
        dimensions: coordinates of a point.
        latent_dim: size of the latent vectors.
        width: units of each hidden layer.
        depth: hidden layers of each network.
        seed: what the latents and the order of the data depend on, as in `gankit.GAN`.

    Returns:
        A `MinimaxGAN`, ready to compile. Its initial weights follow Keras' random state.

    Raises:
        ValueError: if a size is not a whole number of at least 1.

    Example:

    >>> from gankit.models import points
    >>> gan = points.points_gan(dimensions=2, seed=0)
    >>> gan.compile(loss="non_saturating")
    >>> history = gan.fit(points.ring(512, seed=0), batch_size=256, epochs=1, verbose=0)
    >>> gan.generate(5, seed=1).shape
    (5, 2)
    """
    sizes = {"dimensions": dimensions, "width": width, "depth": depth}
    for name, size in (sizes | {"latent_dim": latent_dim}).items():
        checks.check_count(name, size)

    def network(inputs, outputs, name):
        hidden = [layers.Dense(width, "relu") for _ in range(depth)]
        last = layers.Dense(outputs, dtype="float32")
        return keras.Sequential([keras.Input((inputs,)), *hidden, last], name=name)

    return MinimaxGAN(
        network(latent_dim, dimensions, "generator"),
        network(dimensions, 1, "discriminator"),
        latent_dim,
        data_range=None,
        seed=seed,
    )
