r"""The first GAN paper: the two-player game, its theory, and its networks for digits.

$$\min_G \max_D V(D, G) = E_{x \sim p_{data}} \log D(x) + E_z \log(1 - D(G(z)))$$

`MLPGAN` is the paper's pair of networks for MNIST. The rest of chapter 1 is offered here too:
theory on densities (`gankit.models.theory`), the game of two numbers (`gankit.models.toy_games`),
games of points (`gankit.models.points`) and `WatchLine` (`gankit.models.watch_line`).

Source: Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio, "Generative
Adversarial Nets" (2014), and the authors' released code for what the paper leaves open.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from gankit import checks
from gankit.layers.maxout import Maxout
from gankit.models._building import check_arrays, check_sizes, image_layers, uniforms
from gankit.models.points import MinimaxGAN, points_gan, ring, ring_centers
from gankit.models.theory import criterion, optimal_discriminator, value
from gankit.models.toy_games import play_xy
from gankit.models.watch_line import WatchLine

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
        ValueError: if a size is not a whole number of at least 1.

    Example:

    >>> from gankit.models import minimax
    >>> minimax.build_generator((28, 28, 1)).count_params()
    2503984

    Source: the released code, `mnist.yaml`.
    """
    example_shape = check_sizes("example_shape", example_shape)
    checks.check_count("width", width)
    weights = uniforms(kernel_initializer, 0.05)
    return keras.Sequential(
        [
            keras.Input((checks.check_count("latent_dim", latent_dim),), name="latents"),
            layers.Dense(width, "relu", kernel_initializer=weights(), name="hidden_1"),
            layers.Dense(width, "relu", kernel_initializer=weights(), name="hidden_2"),
            *image_layers(example_shape, weights()),
        ],
        name="generator",
    )


def build_discriminator(
    example_shape: Sequence[int], width: int = 240, pieces: int = 5, kernel_initializer: Any = None
) -> keras.Model:
    r"""Build the MNIST discriminator: two maxout layers, with dropout before every layer.

    Dropout keeps 80 % of the pixels and 50 % of the hidden units, also in the generator's loss.

    Args:
        example_shape: shape of an image, `(height, width, channels)`.
        width: units of each maxout layer.
        pieces: affine pieces of each maxout unit.
        kernel_initializer: for the weights of every layer. None: the paper's $U[-0.005, 0.005]$.

    Returns:
        A Keras model named `discriminator`, images in [-1, 1] to logits `(batch, 1)`.

    Raises:
        ValueError: if a size is not a whole number of at least 1.

    Example:

    >>> from gankit.models import minimax
    >>> minimax.build_discriminator((28, 28, 1)).count_params()
    1231441

    Source: the released code, `mnist.yaml`.
    """
    example_shape = check_sizes("example_shape", example_shape)
    checks.check_count("width", width)
    weights = uniforms(kernel_initializer, 0.005)
    return keras.Sequential(
        [
            keras.Input(example_shape, name="images"),
            # Dropout sets pixels to zero, so zero must be black: the paper's lie in [0, 1].
            layers.Rescaling(0.5, 0.5, name="to_unit_range"),
            layers.Reshape((math.prod(example_shape),), name="pixels"),
            layers.Dropout(0.2, name="drop_pixels"),
            Maxout(width, pieces, kernel_initializer=weights(), name="maxout_1"),
            layers.Dropout(0.5, name="drop_1"),
            Maxout(width, pieces, kernel_initializer=weights(), name="maxout_2"),
            layers.Dropout(0.5, name="drop_2"),
            layers.Dense(1, kernel_initializer=weights(), name="logit", dtype="float32"),
        ],
        name="discriminator",
    )


@keras.saving.register_keras_serializable("gankit")
class MLPGAN(MinimaxGAN):
    r"""The adversarial nets of the 2014 paper's MNIST experiment; other images work too.

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
        seed: what the latents and the order of the data depend on, as in `gankit.GAN`.
        **kwargs: `data_range` and `name`, as in `gankit.GAN`.

    Raises:
        ValueError: if a size is not a whole number of at least 1.

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
    Algorithm 1, whereas the code moves both at once; the momentum stays at its initial 0.5.
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
        given = generator_initializer, discriminator_initializer
        initializers = [keras.initializers.get(initializer) for initializer in given]
        super().__init__(
            build_generator(example_shape, latent_dim, generator_width, initializers[0]),
            build_discriminator(example_shape, discriminator_width, pieces, initializers[1]),
            latent_dim,
            seed=seed,
            **kwargs,
        )

    def default_optimizers(self) -> dict:
        """Return SGD with momentum 0.5 and a rate that falls by a factor e in 250,000 steps.

        These are the paper's. The rate is 0.1 for the generator and 0.05 for the discriminator,
        because the released code halves the discriminator's loss.
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
        images = check_arrays("images", images, self.example_shape, self.data_range)
        mean = np.mean(images, axis=0, dtype="float64").reshape(-1)
        mean = np.clip((mean + 1.0) / 2.0, 1e-7, 1.0 - 1e-7)
        self.generator.get_layer("pixels").bias.assign(np.log(mean / (1.0 - mean)))
