r"""The first GAN paper: the two-player game, its theory, and its networks for digits and points.

$$\min_G \max_D V(D, G) = E_{x \sim p_{data}} \log D(x) + E_z \log(1 - D(G(z)))$$

Theory, on densities in NumPy: `optimal_discriminator`, `criterion`, `play_xy`. The game itself:
`value`, `MinimaxGAN` with the paper's prior, `MLPGAN` for MNIST, `points_gan` and `ring` for games
on the line and in the plane.

Source: Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio, "Generative
Adversarial Nets" (2014), and the authors' released code for what the paper leaves open.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import ArrayLike

from gankit import checks, feed, losses
from gankit.gan import GAN
from gankit.layers.maxout import Maxout

__all__ = [
    "MLPGAN",
    "MinimaxGAN",
    "WatchLine",
    "build_discriminator",
    "build_generator",
    "criterion",
    "optimal_discriminator",
    "play_xy",
    "points_gan",
    "ring",
    "ring_centers",
    "value",
]


# ---- theory --------------------------------------------------------------------------------------


def value(real_logits: Any, fake_logits: Any) -> Any:
    r"""Estimate the value of the game from the discriminator's logits.

    $$V(D, G) = E \log \sigma(s_r) + E \log(1 - \sigma(s_f))$$

    Args:
        real_logits: logits of examples of the data, floating point, any shape.
        fake_logits: logits of generated examples, floating point, any shape.

    Returns:
        Scalar tensor in nats, at most 0; $-\log 4$ where the discriminator only guesses.

    Raises:
        TypeError: if the logits are not floating point.

    Example:

    >>> import numpy as np
    >>> from gankit.models import minimax
    >>> round(float(minimax.value(np.zeros(4), np.zeros(4))), 4)  # -log 4
    -1.3863

    Source: Goodfellow et al. (2014), equation 1.
    """
    return -losses.get("minimax").discriminator(real_logits, fake_logits)


def optimal_discriminator(p_data: ArrayLike, p_g: ArrayLike) -> np.ndarray:
    r"""Compute the discriminator that maximizes $V$ against a fixed generator.

    $$D^*(x) = \frac{p_{data}(x)}{p_{data}(x) + p_g(x)}$$

    Args:
        p_data: the data's density at some points, not negative, any shape.
        p_g: the generator's density at the same points.

    Returns:
        Array of the same shape with values in [0, 1]; nan where both densities are zero, for no
        example ever lies there and any value is as good.

    Raises:
        ValueError: if the shapes differ, or a density is negative or not finite.

    Example:

    >>> from gankit.models import minimax
    >>> minimax.optimal_discriminator([0.3, 0.2, 0.0], [0.1, 0.2, 0.5]).tolist()
    [0.75, 0.5, 0.0]

    Source: Goodfellow et al. (2014), proposition 1.
    """
    p_data, p_g = _densities(p_data, p_g)
    with np.errstate(invalid="ignore"):
        return p_data / (p_data + p_g)


def criterion(p_data: ArrayLike, p_g: ArrayLike, dx: float = 1.0) -> float:
    r"""Integrate what the best discriminator leaves to the generator.

    $$C(G) = \max_D V(D, G)
           = \int p_{data} \log D^* + p_g \log(1 - D^*) \, dx$$

    which is $-\log 4 + 2\,\mathrm{JSD}(p_{data}, p_g)$: between $-\log 4$, where the densities are
    equal, and 0, where they nowhere overlap.

    Args:
        p_data: the data's density on an even grid, not negative, any shape.
        p_g: the generator's density on the same grid.
        dx: length (area, volume) of a cell of the grid; 1 for probabilities of single outcomes.

    Returns:
        $C(G)$ in nats.

    Raises:
        ValueError: if the shapes differ, a density is negative or not finite, or `dx` is not
            above zero.

    Example:

    >>> from gankit.models import minimax
    >>> round(minimax.criterion([0.5, 0.5], [0.5, 0.5]), 4)
    -1.3863
    >>> minimax.criterion([1.0, 0.0], [0.0, 1.0])
    0.0

    Source: Goodfellow et al. (2014), equation 4 and theorem 1.
    """
    from scipy.special import rel_entr

    p_data, p_g = _densities(p_data, p_g)
    if not dx > 0:
        raise ValueError(f"`dx` must be above zero. Received: dx={dx!r}.")
    # rel_entr(p, m) is p log(p / m), and 0 where p is.
    both = p_data + p_g
    return float(dx * (rel_entr(p_data, both) + rel_entr(p_g, both)).sum())


def play_xy(
    start: Sequence[float] = (1.0, 1.0),
    step_size: float = 0.1,
    steps: int = 100,
    alternating: bool = False,
) -> np.ndarray:
    r"""Play the smallest minimax game by gradient steps: $V(x, y) = xy$, x minimizes, y maximizes.

    Simultaneous steps of size $h$ turn about the equilibrium (0, 0) and move away from it:

    $$\begin{pmatrix} x_{t+1} \\ y_{t+1} \end{pmatrix}
      = \begin{pmatrix} 1 & -h \\ h & 1 \end{pmatrix}
        \begin{pmatrix} x_t \\ y_t \end{pmatrix},
      \qquad r_t = r_0 \, (1 + h^2)^{t/2}$$

    Args:
        start: first x and y.
        step_size: $h$, above zero.
        steps: number of steps, at least 1.
        alternating: whether y answers the x of this step instead of the one before it.

    Returns:
        Array of shape `(steps + 1, 2)`: x and y at every step, the start included.

    Raises:
        ValueError: if `start` is not two finite numbers, `step_size` is not above zero, or `steps`
            is no whole number of at least 1.

    Example:

    >>> import numpy as np
    >>> from gankit.models import minimax
    >>> radius = np.linalg.norm(minimax.play_xy((1.0, 0.0), 0.1, 100), axis=1)
    >>> round(float(radius[-1]), 4)
    1.6446

    Source: Goodfellow, "NIPS 2016 Tutorial: Generative Adversarial Networks" (2016), section 7.2.
    """
    if np.shape(start) != (2,) or not np.isfinite(start).all():
        raise ValueError(f"`start` must be two finite numbers. Received: start={start!r}.")
    if not step_size > 0:
        raise ValueError(f"`step_size` must be above zero. Received: step_size={step_size!r}.")
    path = np.empty((checks.check_count("steps", steps) + 1, 2))
    path[0] = start
    for t in range(steps):
        x, y = path[t]
        x_next = x - step_size * y
        path[t + 1] = x_next, y + step_size * (x_next if alternating else x)
    return path


def _densities(p_data: ArrayLike, p_g: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    p_data, p_g = np.asarray(p_data, "float64"), np.asarray(p_g, "float64")
    if p_data.shape != p_g.shape:
        raise ValueError(
            f"Both densities must be given at the same points. Received shapes {p_data.shape} "
            f"and {p_g.shape}."
        )
    for name, p in (("p_data", p_data), ("p_g", p_g)):
        if not (np.isfinite(p) & (p >= 0)).all():
            wrong = p[~(np.isfinite(p) & (p >= 0))][0]
            raise ValueError(f"A density is finite and not negative. Received {wrong} in `{name}`.")
    return p_data, p_g


# ---- data ----------------------------------------------------------------------------------------


def ring_centers(modes: int = 8, radius: float = 2.0) -> np.ndarray:
    r"""Place points evenly on a circle: $r\,(\cos 2\pi k/n, \sin 2\pi k/n)$.

    Args:
        modes: number of points $n$, at least 1.
        radius: radius $r$ of the circle, above zero.

    Returns:
        Array of float32, shape `(modes, 2)`.

    Raises:
        ValueError: if `modes` is no whole number of at least 1, or `radius` is not above zero.
    """
    if not radius > 0:
        raise ValueError(f"`radius` must be above zero. Received: radius={radius!r}.")
    # The last point must not fall on the first, as linspace(0, 2 pi, n) would have it.
    angles = 2 * np.pi * np.arange(checks.check_count("modes", modes)) / modes
    return (radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype("float32")


def ring(
    n: int, modes: int = 8, radius: float = 2.0, std: float = 0.02, seed: int | None = None
) -> np.ndarray:
    """Draw points from a ring of Gaussians, each as likely as any other.

    Args:
        n: number of points.
        modes: number of Gaussians.
        radius: distance of their means from the origin.
        std: their standard deviation along each axis, above zero.
        seed: what the points depend on. None: different ones at each call.

    Returns:
        Array of float32, shape `(n, 2)`.

    Raises:
        ValueError: if a number is no count, or `radius` or `std` is not above zero.

    Example:

    >>> from gankit.models import minimax
    >>> minimax.ring(1000, seed=0).shape
    (1000, 2)

    Source: Metz et al., "Unrolled Generative Adversarial Networks" (2017), section 3.1.
    """
    if not std > 0:
        raise ValueError(f"`std` must be above zero. Received: std={std!r}.")
    rng = np.random.default_rng(seed)
    centers = ring_centers(modes, radius)[rng.integers(modes, size=checks.check_count("n", n))]
    return (centers + rng.normal(0.0, std, size=centers.shape)).astype("float32")


# ---- the game ------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable("gankit")
class MinimaxGAN(GAN):
    r"""A `GAN` with the latent prior of the 2014 code: uniform, with mean 0 and variance 1.

    The arguments are those of `gankit.GAN`.

    Example:

    >>> import keras, numpy as np
    >>> from gankit.models import minimax
    >>> gan = minimax.points_gan(dimensions=1, latent_dim=1, seed=0)
    >>> latents = keras.ops.convert_to_numpy(gan.sample_latents(1000, seed=0))
    >>> bool((np.abs(latents) <= np.sqrt(3)).all())
    True

    Source: Goodfellow et al. (2014), figure 1 and the released code.
    """

    def sample_latents(self, n: Any, seed: Any) -> Any:
        r"""Draw from $U[-\sqrt 3, \sqrt 3]$ in each dimension.

        Args:
            n: how many vectors.
            seed: integer, or a `keras.random.SeedGenerator`.

        Returns:
            Tensor of shape `(n, latent_dim)`.
        """
        end = math.sqrt(3.0)
        return keras.random.uniform((n, self.latent_dim), -end, end, seed=seed)


def points_gan(
    dimensions: int = 2,
    latent_dim: int = 2,
    width: int = 128,
    depth: int = 2,
    seed: int | None = None,
) -> MinimaxGAN:
    """Build a game for points: two ReLU networks of equal size and no bound on the data.

    Args:
        dimensions: coordinates of a point.
        latent_dim: size of the latent vectors.
        width: units of each hidden layer.
        depth: hidden layers of each network.
        seed: of the latents and the order of the data, as in `gankit.GAN`.

    Returns:
        A `MinimaxGAN`, ready to compile. Its initial weights follow Keras' random state.

    Raises:
        ValueError: if a size is no whole number of at least 1.

    Example:

    >>> from gankit.models import minimax
    >>> gan = minimax.points_gan(dimensions=2, seed=0)
    >>> gan.compile(loss="non_saturating")
    >>> history = gan.fit(minimax.ring(512, seed=0), batch_size=256, epochs=1, verbose=0)
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


class WatchLine(keras.callbacks.Callback):
    r"""Watches a game on the line: both densities, the discriminator, and how far they are apart.

    It looks before training and after every epoch. The generator's density comes from 20,001 evenly
    spread latents, so it has no sampling noise; samples beyond the grid count at its ends.

    Args:
        x: even, increasing grid, shape `(n,)`, at least 2 points.
        p_data: the data's density on it, shape `(n,)`.

    Attributes:
        looks: what was seen, one dictionary per look, with the arguments of
            `gankit.plots.density_game_1d`: `x`, `p_data`, `p_model` and `discriminator` on the
            grid, and `mapped`, where the generator sends 21 `latents`.
        jsd: $\mathrm{JSD}(p_{data}, p_g)$ in nats, one number per look.
        gap: $|D - D^*|$, averaged over real and generated examples, one number per look.

    Raises:
        ValueError: if `x` is no even, increasing grid or `p_data` does not fit it; when training
            begins, if the game is not a `MinimaxGAN` on the line with one latent.

    Example:

    >>> import numpy as np
    >>> from gankit.models import minimax
    >>> x = np.linspace(-4, 4, 81)
    >>> watch = minimax.WatchLine(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
    >>> gan = minimax.points_gan(dimensions=1, latent_dim=1, width=8, seed=0)
    >>> gan.compile()
    >>> points = np.random.default_rng(0).normal(size=(64, 1)).astype("float32")
    >>> history = gan.fit(points, epochs=2, callbacks=[watch], verbose=0)
    >>> len(watch.jsd), watch.looks[-1]["p_model"].shape
    (3, (81,))
    """

    def __init__(self, x: ArrayLike, p_data: ArrayLike):
        super().__init__()
        self.x, (self.p_data, _) = np.asarray(x, "float64"), _densities(p_data, p_data)
        even = self.x.ndim == 1 and len(self.x) > 1 and np.ptp(np.diff(self.x)) < 1e-6
        if not even or self.x[0] >= self.x[-1] or self.p_data.shape != self.x.shape:
            raise ValueError(
                "`x` must be an even, increasing grid and `p_data` the density on it. Received "
                f"shapes {self.x.shape} and {self.p_data.shape}, x={self.x}."
            )
        self._dx = self.x[1] - self.x[0]
        self._all = np.linspace(-math.sqrt(3.0), math.sqrt(3.0), 20_001, dtype="float32")[:, None]

    def on_train_begin(self, logs=None):
        shapes = self.model.latent_dim, tuple(self.model.example_shape)
        if not isinstance(self.model, MinimaxGAN) or shapes != (1, (1,)):
            raise ValueError(
                "WatchLine needs a MinimaxGAN that maps one latent to the line, such as "
                "points_gan(dimensions=1, latent_dim=1). Received: "
                f"{type(self.model).__name__} from {shapes[0]} latents to shape {shapes[1]}."
            )
        self.looks, self.jsd, self.gap = [], [], []
        self._look()

    def on_epoch_end(self, epoch, logs=None):
        self._look()

    def _look(self):
        samples = self.model.generate(latents=self._all, batch_size=len(self._all))[:, 0]
        ends = np.append(self.x - self._dx / 2, self.x[-1] + self._dx / 2)
        counts = np.histogram(samples.clip(self.x[0], self.x[-1]), ends)[0]
        p_g = counts / (len(samples) * self._dx)
        logits = self.model.discriminator(self.x[:, None].astype("float32"))
        d = ops.convert_to_numpy(ops.sigmoid(logits))[:, 0]
        self.looks.append(
            dict(
                x=self.x,
                p_data=self.p_data,
                p_model=p_g,
                discriminator=d,
                latents=self._all[::1_000, 0],
                mapped=samples[::1_000],
            )
        )
        self.jsd.append((criterion(self.p_data, p_g, self._dx) + math.log(4.0)) / 2.0)
        gap = np.abs(d - optimal_discriminator(self.p_data, p_g)) * (self.p_data + p_g) / 2.0
        # D* is nan where both densities are zero, and no example lies there.
        self.gap.append(float(np.nansum(gap) * self._dx))


def build_generator(
    example_shape: Sequence[int],
    latent_dim: int = 100,
    width: int = 1200,
    kernel_initializer: Any = None,
) -> keras.Model:
    r"""Build the MNIST generator: two ReLU layers, and a sigmoid for each pixel.

    The sigmoid is stretched to [-1, 1], where this package keeps images. Biases are zero until
    `MLPGAN.match_pixel_means` sets those of the pixels.

    Args:
        example_shape: shape of an image, `(height, width, channels)`.
        latent_dim: size of the latent vectors.
        width: units of each hidden layer.
        kernel_initializer: for the weights of every layer. None: the paper's $U[-0.05, 0.05]$,
            which suits its width.

    Returns:
        A Keras model named `generator`, latents `(batch, latent_dim)` to images in [-1, 1].

    Raises:
        ValueError: if a size is no whole number of at least 1.

    Example:

    >>> from gankit.models import minimax
    >>> minimax.build_generator((28, 28, 1)).count_params()
    2503984

    Source: the released code, `mnist.yaml`.
    """
    pixels = _pixels(example_shape)

    def dense(units, activation, name, **kwargs):
        kwargs["kernel_initializer"] = _initializer(kernel_initializer, 0.05)
        return layers.Dense(units, activation, name=name, **kwargs)

    return keras.Sequential(
        [
            keras.Input((checks.check_count("latent_dim", latent_dim),), name="latents"),
            dense(checks.check_count("width", width), "relu", "hidden_1"),
            dense(width, "relu", "hidden_2"),
            dense(pixels, "sigmoid", "pixels", dtype="float32"),
            layers.Rescaling(2.0, -1.0, name="to_range", dtype="float32"),
            layers.Reshape(tuple(example_shape), name="image", dtype="float32"),
        ],
        name="generator",
    )


def build_discriminator(
    example_shape: Sequence[int],
    width: int = 240,
    pieces: int = 5,
    kernel_initializer: Any = None,
) -> keras.Model:
    r"""Build the MNIST discriminator: two maxout layers, with dropout before every layer.

    Dropout leaves 0.8 of the pixels and 0.5 of the hidden units, in the generator's step too.

    Args:
        example_shape: shape of an image, `(height, width, channels)`.
        width: units of each maxout layer.
        pieces: affine pieces of each maxout unit.
        kernel_initializer: for the weights of every layer. None: the paper's $U[-0.005, 0.005]$.

    Returns:
        A Keras model named `discriminator`, images in [-1, 1] to logits `(batch, 1)`.

    Raises:
        ValueError: if a size is no whole number of at least 1.

    Example:

    >>> from gankit.models import minimax
    >>> minimax.build_discriminator((28, 28, 1)).count_params()
    1231441

    Source: the released code, `mnist.yaml`.
    """
    pixels = _pixels(example_shape)

    def initializer():
        return _initializer(kernel_initializer, 0.005)

    return keras.Sequential(
        [
            keras.Input(tuple(example_shape), name="images"),
            # Dropout puts zeros, so black must be zero: the paper's pixels lie in [0, 1].
            layers.Rescaling(0.5, 0.5, name="to_unit_range"),
            layers.Reshape((pixels,), name="pixels"),
            layers.Dropout(0.2, name="drop_pixels"),
            Maxout(width, pieces, kernel_initializer=initializer(), name="maxout_1"),
            layers.Dropout(0.5, name="drop_1"),
            Maxout(width, pieces, kernel_initializer=initializer(), name="maxout_2"),
            layers.Dropout(0.5, name="drop_2"),
            layers.Dense(1, kernel_initializer=initializer(), name="logit", dtype="float32"),
        ],
        name="discriminator",
    )


def _initializer(given: Any, end: float) -> keras.initializers.Initializer:
    """A fresh initializer for each layer, lest layers of equal shape begin equal."""
    if given is None:
        return keras.initializers.RandomUniform(-end, end)
    return keras.initializers.get(given).clone()


def _pixels(example_shape: Sequence[int]) -> int:
    try:
        shape = [checks.check_count("example_shape", size) for size in example_shape]
    except (TypeError, ValueError):
        shape = []
    if not shape:
        raise ValueError(
            "`example_shape` must be whole numbers of at least 1, such as (28, 28, 1). "
            f"Received: example_shape={example_shape!r}."
        )
    return math.prod(shape)


@keras.saving.register_keras_serializable("gankit")
class MLPGAN(MinimaxGAN):
    r"""The adversarial nets of the 2014 paper's MNIST experiment; other images fit as well.

    Args:
        example_shape: shape of an image, `(height, width, channels)`.
        latent_dim: size of the latent vectors.
        generator_width: units of each of the generator's hidden layers.
        discriminator_width: units of each maxout layer of the discriminator.
        pieces: affine pieces of each maxout unit.
        generator_initializer: for the generator's weights. None: the paper's, as in
            `build_generator`. Narrower networks learn faster from `"he_uniform"`.
        discriminator_initializer: for the discriminator's weights. None: the paper's, as in
            `build_discriminator`.
        seed: of the latents and the order of the data, as in `gankit.GAN`.
        **kwargs: `name` and so on, as in any Keras model.

    Raises:
        ValueError: if a size is no whole number of at least 1.

    Example:

    >>> import numpy as np
    >>> from gankit.models import minimax
    >>> images = np.random.default_rng(0).uniform(-1, 1, (200, 8, 8, 1)).astype("float32")
    >>> gan = minimax.MLPGAN((8, 8, 1), generator_width=32, discriminator_width=16, seed=0)
    >>> gan.match_pixel_means(images)
    >>> gan.compile()
    >>> history = gan.fit(images, batch_size=100, epochs=1, verbose=0)
    >>> gan.generate(5, seed=1).shape
    (5, 8, 8, 1)

    Source: Goodfellow et al. (2014), section 5; sizes, initial weights and optimizer from the
    released code, `mnist.yaml`. Departures: the two players take turns, as in the paper's
    Algorithm 1, where the code moves both at once; the momentum stays at the 0.5 it starts with.
    """

    def __init__(
        self,
        example_shape: Sequence[int] = (28, 28, 1),
        latent_dim: int = 100,
        generator_width: int = 1200,
        discriminator_width: int = 240,
        pieces: int = 5,
        generator_initializer: Any = None,
        discriminator_initializer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        initializers = tuple(
            given if given is None else keras.initializers.get(given)
            for given in (generator_initializer, discriminator_initializer)
        )
        super().__init__(
            build_generator(example_shape, latent_dim, generator_width, initializers[0]),
            build_discriminator(example_shape, discriminator_width, pieces, initializers[1]),
            latent_dim,
            seed=seed,
            **kwargs,
        )

    def default_optimizers(self) -> dict:
        """The paper's: SGD with momentum 0.5, and a rate that falls by a factor e in 250,000 steps.

        The rate is 0.1 for the generator and 0.05 for the discriminator, whose cost in the
        released code is half of the loss here.
        """

        def sgd(rate):
            schedule = keras.optimizers.schedules.ExponentialDecay(rate, 250_000, math.exp(-1))
            return keras.optimizers.SGD(schedule, momentum=0.5)

        return {"generator": sgd(0.1), "discriminator": sgd(0.05)}

    def match_pixel_means(self, images: Any) -> None:
        r"""Set the biases of the pixels so that training starts from the data's mean image.

        $$b = \log \frac{m}{1 - m}$$

        with the mean $m$ of each pixel in [0, 1], kept 1e-7 away from both ends.

        Args:
            images: the data, values in [-1, 1], shape `(n, *example_shape)`.

        Raises:
            TypeError: if the images are not floating point.
            ValueError: if they have another shape, or values outside [-1, 1].
        """
        feed.Examples(self.example_shape, self.data_range, "images").check(images)
        mean = np.mean(ops.convert_to_numpy(images), axis=0, dtype="float64").reshape(-1)
        mean = np.clip((mean + 1.0) / 2.0, 1e-7, 1.0 - 1e-7)
        self.generator.get_layer("pixels").bias.assign(np.log(mean / (1.0 - mean)))
