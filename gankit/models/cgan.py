r"""Conditional GANs: both players are told what the example is to be.

$$\min_G \max_D \; E_{x,y} \log D(x \mid y) + E_{z,y} \log(1 - D(G(z \mid y) \mid y))$$

`CGAN` is the paper's own pair of dense networks, with maxout in the discriminator. `ConvCGAN`, a
DCGAN with labels, is offered here too (`gankit.models.conv_cgan`).

Source: Mirza and Osindero, "Conditional Generative Adversarial Nets" (2014).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from gankit import checks
from gankit.gan import GAN
from gankit.layers.maxout import Maxout
from gankit.models import _building
from gankit.models.conv_cgan import (
    CONDITIONINGS,
    AuxiliaryHead,
    ConvCGAN,
    build_conv_discriminator,
    build_conv_generator,
)

__all__ = [
    "CGAN",
    "CONDITIONINGS",
    "AuxiliaryHead",
    "ConvCGAN",
    "build_conv_discriminator",
    "build_conv_generator",
    "build_discriminator",
    "build_generator",
]


def build_generator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    label_size: int | None = None,
    latent_dim: int = 100,
    widths: Sequence[int] = (200, 1000, 1200),
    dropout: float = 0.5,
    kernel_initializer: Any = None,
) -> keras.Model:
    r"""Build the paper's generator: `[latents, labels]` to images in [-1, 1].

    $z$ goes to 200 ReLU units and $y$ to 1,000. Both together go to 1,200, and those to a sigmoid
    for each pixel, stretched to [-1, 1]. Dropout follows each hidden layer in training mode.

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: number of classes, for class numbers of shape `(batch,)`; they become one-hot.
        label_size: or the size of label vectors, shape `(batch, label_size)`.
        latent_dim: size of the latent vectors.
        widths: units for the latents, for the labels, and for both together.
        dropout: fraction of hidden units that is dropped, in [0, 1).
        kernel_initializer: for the weights of every layer. None: $U[-0.05, 0.05]$.

    Returns:
        A Keras model named `generator`.

    Raises:
        TypeError: if `dropout` is not a number.
        ValueError: if a size is not a whole number of at least 1, `dropout` is out of range, or not
            exactly one of `num_classes` and `label_size` is given.

    Example:

    >>> from gankit.models import cgan
    >>> generator = cgan.build_generator((28, 28, 1), num_classes=10)
    >>> generator.output_shape, generator.count_params()
    ((None, 28, 28, 1), 2413984)

    Source: Mirza and Osindero (2014), section 4.1; initial weights, which it does not give, from
    the released code of the 2014 GAN.
    """
    image_shape, widths = _checked(image_shape, widths, dropout)
    latents = keras.Input((checks.check_count("latent_dim", latent_dim),), name="latents")
    labels, vector = _building.label_input(num_classes, label_size)
    weights = _building.uniforms(kernel_initializer, 0.05)

    def hidden(x, units, name):
        dropped = layers.Dropout(dropout, name=f"drop_{name}")
        return dropped(layers.Dense(units, "relu", kernel_initializer=weights(), name=name)(x))

    both = [hidden(latents, widths[0], "of_latents"), hidden(vector, widths[1], "of_labels")]
    x = hidden(layers.Concatenate(name="both")(both), widths[2], "joint")
    for layer in _building.image_layers(image_shape, weights()):
        x = layer(x)
    return keras.Model([latents, labels], x, name="generator")


def build_discriminator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    label_size: int | None = None,
    widths: Sequence[int] = (240, 50, 240),
    pieces: Sequence[int] = (5, 5, 4),
    dropout: float = 0.5,
    kernel_initializer: Any = None,
) -> keras.Model:
    r"""Build the paper's discriminator: `[images, labels]` to logits `(batch, 1)`.

    $x$ goes to 240 maxout units of 5 pieces and $y$ to 50 of 5. Both together go to 240 of 4, and
    those to one logit. Dropout follows each hidden layer, also in the generator's loss.

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: number of classes, for class numbers of shape `(batch,)`; they become one-hot.
        label_size: or the size of label vectors, shape `(batch, label_size)`.
        widths: maxout units for the image, for the labels, and for both together.
        pieces: affine pieces of these units.
        dropout: fraction of hidden units that is dropped, in [0, 1).
        kernel_initializer: for the weights of every layer. None: $U[-0.005, 0.005]$.

    Returns:
        A Keras model named `discriminator`.

    Raises:
        TypeError: if `dropout` is not a number.
        ValueError: if a size is not a whole number of at least 1, `dropout` is out of range, or not
            exactly one of `num_classes` and `label_size` is given.

    Example:

    >>> from gankit.models import cgan
    >>> cgan.build_discriminator((28, 28, 1), num_classes=10).count_params()
    1224351

    Source: see `build_generator`.
    """
    image_shape, widths = _checked(image_shape, widths, dropout)
    pieces = _building.check_sizes("pieces", pieces, "affine pieces of the three kinds of units", 3)
    images = keras.Input(image_shape, name="images")
    labels, vector = _building.label_input(num_classes, label_size)
    weights = _building.uniforms(kernel_initializer, 0.005)

    def hidden(x, index, name):
        x = Maxout(widths[index], pieces[index], kernel_initializer=weights(), name=name)(x)
        return layers.Dropout(dropout, name=f"drop_{name}")(x)

    # As in the paper, pixels lie in [0, 1], so black pixels contribute nothing.
    flat = layers.Rescaling(0.5, 0.5, name="to_unit_range")(images)
    flat = layers.Reshape((math.prod(image_shape),), name="pixels")(flat)
    both = [hidden(flat, 0, "of_image"), hidden(vector, 1, "of_labels")]
    x = hidden(layers.Concatenate(name="both")(both), 2, "joint")
    logits = layers.Dense(1, kernel_initializer=weights(), name="logit", dtype="float32")(x)
    return keras.Model([images, labels], logits, name="discriminator")


def _checked(image_shape, widths, dropout) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shape of the images and the widths of a dense network, or refuse them."""
    checks.check_number("dropout", dropout, 0, below=1)
    units = "three: units for one input, for the labels, and for both together"
    return (
        _building.check_sizes("image_shape", image_shape, "(height, width, channels)", 3),
        _building.check_sizes("widths", widths, units, 3),
    )


@keras.saving.register_keras_serializable("gankit")
class CGAN(_building.UniformLatents, GAN):
    r"""The conditional adversarial nets of the 2014 paper's MNIST experiment.

    Latents are uniform on [0, 1]. The default optimizers are the paper's, which take hundreds of
    epochs; Adam and larger initial weights learn in fewer.

    Dropout in the generator is noise too, and the generator may learn to ignore the latents: after
    50 epochs on MNIST, `generate` gave one picture per class for all latents. With
    `generate(training=True)`, dropout stays on, and the same weights gave 0.86 of the data's
    variety (`benchmarks/cgan_mnist.py dense`).

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: number of classes. Default: 10 if `label_size` is not given.
        label_size: size of label vectors, instead of classes: for quantities, or several labels.
        latent_dim: size of the latent vectors.
        generator_widths: units for latents, for labels, and for both together.
        discriminator_widths: maxout units for the image, for labels, and for both together.
        dropout: fraction of hidden units that is dropped in training, in both networks.
        generator_initializer: for the generator's weights. None: as in `build_generator`.
        discriminator_initializer: for the discriminator's. None: as in `build_discriminator`.
        seed: what the latents and the order of the data depend on, as in `gankit.GAN`.
        **kwargs: `data_range` and `name`, as in `gankit.GAN`.

    Raises:
        TypeError: if `dropout` is not a number.
        ValueError: if a size is not a whole number of at least 1, `dropout` is out of range, or
            both `num_classes` and `label_size` are given.

    Example:

    >>> import numpy as np
    >>> from gankit.models.cgan import CGAN
    >>> gan = CGAN((8, 8, 1), 3, generator_widths=(8, 8, 16), seed=0)
    >>> gan.compile()
    >>> images = np.random.default_rng(0).uniform(-1, 1, (60, 8, 8, 1)).astype("float32")
    >>> history = gan.fit(images, np.arange(60) % 3, batch_size=20, epochs=1, verbose=0)
    >>> gan.generate(labels=[2, 0, 1], seed=0).shape
    (3, 8, 8, 1)

    Source: Mirza and Osindero (2014), section 4.1. Departures: the momentum stays at its initial
    0.5 (the paper raises it to 0.7, and does not say how fast); the learning rate also falls below
    the paper's minimum of 1e-6, which it reaches after 288,000 updates; the default loss of the
    generator is the non-saturating one, as in the released code of the 2014 GAN.
    """

    latent_range = 0.0, 1.0

    def __init__(
        self,
        image_shape: Sequence[int] = (28, 28, 1),
        num_classes: int | None = None,
        label_size: int | None = None,
        latent_dim: int = 100,
        generator_widths: Sequence[int] = (200, 1000, 1200),
        discriminator_widths: Sequence[int] = (240, 50, 240),
        dropout: float = 0.5,
        generator_initializer: Any = None,
        discriminator_initializer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        if num_classes is None and label_size is None:
            num_classes = 10
        given = generator_initializer, discriminator_initializer
        weights = [keras.initializers.get(initializer) for initializer in given]
        of = {"num_classes": num_classes, "label_size": label_size}
        both = of | {"image_shape": image_shape, "dropout": dropout}
        generator = build_generator(
            latent_dim=latent_dim, widths=generator_widths, kernel_initializer=weights[0], **both
        )
        discriminator = build_discriminator(
            widths=discriminator_widths, kernel_initializer=weights[1], **both
        )
        super().__init__(generator, discriminator, latent_dim, seed=seed, **of, **kwargs)

    def default_optimizers(self) -> dict:
        """Return the paper's SGD: momentum 0.5, rate 0.1 divided by 1.00004 at each update."""
        rate = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 1 / 1.00004)
        return {name: keras.optimizers.SGD(rate, momentum=0.5) for name in self.players()}
