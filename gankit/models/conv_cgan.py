"""`ConvCGAN`: a DCGAN whose labels enter in one of four ways.

| `conditioning` | how the label enters |
|---|---|
| `"concat"` | beside the input of every layer, in both players |
| `"embedding"` | a learned vector beside the latents, a learned picture beside the image |
| `"projection"` | a scale and an offset for each class; a class vector times the features |
| `"auxiliary_classifier"` | beside the latents; the discriminator names the class |

Each way has its source in `ConvCGAN`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from gankit import checks
from gankit.gan import GAN
from gankit.layers.conditional_batch_normalization import ConditionalBatchNormalization
from gankit.layers.projection_head import ProjectionHead
from gankit.losses import class_cross_entropy
from gankit.models import _building, dcgan

CONDITIONINGS = ("concat", "embedding", "projection", "auxiliary_classifier")
"""The ways in which labels enter a `ConvCGAN`."""


def build_conv_generator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    label_size: int | None = None,
    conditioning: str = "concat",
    latent_dim: int = 100,
    width: int = 64,
    kernel_size: int = 4,
    embedding_dim: int = 50,
    seed: int | None = None,
) -> keras.Model:
    r"""Build a DCGAN's generator with labels: `[latents, labels]` to images in [-1, 1].

    Layers and initial weights are those of `gankit.models.dcgan.build_generator`. `ConvCGAN`
    explains how the label enters.

    Args:
        image_shape: `(size, size, channels)` with a size that `dcgan.plan` takes.
        num_classes: number of classes, for class numbers of shape `(batch,)`.
        label_size: or the size of label vectors, shape `(batch, label_size)`.
        conditioning: one of `CONDITIONINGS`; with `label_size`, any but `"projection"`.
        latent_dim: size of the latent vectors.
        width: maps next to the image, doubled at every step away from it.
        kernel_size: side of the kernels, at least 2.
        embedding_dim: size of the learned vector, for `"embedding"`.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `generator`.

    Raises:
        ValueError: for an image shape the architecture cannot make, a count below 1, an unknown
            `conditioning` or one that label vectors cannot have.

    Example:

    >>> from gankit.models.conv_cgan import build_conv_generator
    >>> build_conv_generator((28, 28, 1), 10, conditioning="projection", width=8).output_shape
    (None, 28, 28, 1)
    """
    _check_conditioning(conditioning, label_size)
    image_shape = dcgan.check_shape(image_shape, width, kernel_size)
    checks.check_count("embedding_dim", embedding_dim)
    draw = _building.seeds(seed)
    normal = _building.normals(draw)
    latents = keras.Input((checks.check_count("latent_dim", latent_dim),), name="latents")
    labels, vector = _building.label_input(num_classes, label_size)

    def activate(x, name):
        if conditioning == "projection":
            options = {"momentum": 0.9, "epsilon": 1e-5, "name": f"{name}_norm"}
            x = ConditionalBatchNormalization(num_classes, **options)([x, labels])
        else:
            x = _building.normalize(x, name, normal(1.0))
        x = layers.ReLU(name=f"{name}_relu")(x)
        return _beside(x, f"{name}_label", vector) if conditioning == "concat" else x

    x = latents
    if conditioning == "embedding":
        weights = keras.initializers.GlorotUniform(draw())
        vector = layers.Dense(embedding_dim, kernel_initializer=weights, name="embed")(vector)
    if conditioning != "projection":
        x = layers.Concatenate(name="latents_label")([latents, vector])
    images = dcgan.draw_images(x, image_shape, width, kernel_size, normal, activate)
    return keras.Model([latents, labels], images, name="generator")


@keras.saving.register_keras_serializable("gankit")
class AuxiliaryHead(layers.Layer):
    r"""The two outputs of an AC-GAN's discriminator: real or generated, and the label.

    $$s = w^\top \phi(x) + b, \qquad l = W \phi(x) + c$$

    $l$ are class logits, or, for labels that are vectors, an estimate of the label.

    Called as a layer, it returns only the logit $s$. It accepts labels and ignores them, so that
    the discriminator has the inputs of every other conditional one. `outputs` returns both.

    Input shape:
        A list `[features, labels]`: features of shape `(batch, features)`, and anything.

    Output shape:
        `(batch, 1)`.

    Args:
        size: number of classes, or size of the label vectors, at least 1.
        kernel_initializer: for both kernels.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if `size` is not a whole number of at least 1.

    Example:

    >>> import numpy as np
    >>> from gankit.models.conv_cgan import AuxiliaryHead
    >>> head, features = AuxiliaryHead(10), np.ones((4, 16), "float32")
    >>> head([features, np.arange(4)]).shape == (4, 1)
    True
    >>> [output.shape[1] for output in head.outputs(features)]
    [1, 10]

    Source: Odena et al., "Conditional Image Synthesis with Auxiliary Classifier GANs" (2017),
    section 3.
    """

    def __init__(self, size: int, kernel_initializer: Any = "glorot_uniform", **kwargs: Any):
        super().__init__(**kwargs)
        self.size = checks.check_count("size", size)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        features = input_shape[0]
        options = {"kernel_initializer": self.kernel_initializer.clone(), "dtype": "float32"}
        self.logit = layers.Dense(1, **options)
        self.label = layers.Dense(self.size, **options)
        self.logit.build(features)
        self.label.build(features)

    def call(self, inputs):
        return self.logit(inputs[0])

    def outputs(self, features: Any) -> tuple[Any, Any]:
        """Compute the logit `(batch, 1)` and the label's logits or estimate, `(batch, size)`."""
        return self.logit(features), self.label(features)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)

    def get_config(self):
        return super().get_config() | {
            "size": self.size,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def build_conv_discriminator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    label_size: int | None = None,
    conditioning: str = "concat",
    width: int = 64,
    kernel_size: int = 4,
    seed: int | None = None,
) -> keras.Model:
    r"""Build a DCGAN's discriminator with labels: `[images, labels]` to logits `(batch, 1)`.

    Layers and initial weights are those of `gankit.models.dcgan.build_discriminator`. Labels enter
    at the bottom for `"concat"` (beside the input of every layer) and `"embedding"` (a learned
    picture beside the image), at the top for `"projection"` and `"auxiliary_classifier"`: there,
    `trunk` maps images to features and `head` features and labels to logits.

    Args:
        image_shape: `(size, size, channels)` with a size that `dcgan.plan` takes.
        num_classes: number of classes, for class numbers of shape `(batch,)`.
        label_size: or the size of label vectors, shape `(batch, label_size)`.
        conditioning: one of `CONDITIONINGS`; with `label_size`, any but `"projection"`.
        width: maps of the first convolution, doubled at every step.
        kernel_size: side of the kernels, at least 2.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `discriminator`.

    Raises:
        ValueError: as `build_conv_generator`.

    Example:

    >>> from gankit.models.conv_cgan import build_conv_discriminator
    >>> network = build_conv_discriminator((28, 28, 1), 10, conditioning="projection", width=8)
    >>> network.get_layer("trunk").output_shape
    (None, 784)
    """
    _check_conditioning(conditioning, label_size)
    image_shape = dcgan.check_shape(image_shape, width, kernel_size)
    draw = _building.seeds(seed)
    normal = _building.normals(draw)
    x = images = keras.Input(image_shape, name="images")
    labels, vector = _building.label_input(num_classes, label_size)
    beside = None
    if conditioning == "concat":
        beside = functools.partial(_beside, vector=vector)
        x = beside(x, name="images_label")
    elif conditioning == "embedding":
        side = image_shape[0]
        weights = keras.initializers.GlorotUniform(draw())
        plane = layers.Dense(side * side, kernel_initializer=weights, name="plane")(vector)
        plane = layers.Reshape((side, side, 1), name="picture")(plane)
        x = layers.Concatenate(name="images_label")([x, plane])
    x = dcgan.read_images(x, width, kernel_size, normal, beside=beside)
    if conditioning == "concat":
        x = layers.Concatenate(name="flat_label")([x, vector])

    if conditioning in ("concat", "embedding"):
        logits = layers.Dense(1, kernel_initializer=normal(), dtype="float32", name="logit")(x)
        return keras.Model([images, labels], logits, name="discriminator")
    trunk = keras.Model(images, x, name="trunk")
    if conditioning == "projection":
        head = ProjectionHead(num_classes, name="head", dtype="float32")
    else:
        head = AuxiliaryHead(num_classes or label_size, normal(), name="head", dtype="float32")
    return keras.Model([images, labels], head([trunk(images), labels]), name="discriminator")


def _beside(maps, name, vector):
    """Append a vector to maps, repeated at every position."""
    spread = layers.Reshape((1, 1, vector.shape[-1]), name=f"{name}_point")(vector)
    spread = layers.UpSampling2D(
        tuple(maps.shape[1:3]), data_format="channels_last", name=f"{name}_spread"
    )(spread)
    return layers.Concatenate(name=name)([maps, spread])


def _check_conditioning(conditioning: str, label_size: int | None) -> None:
    checks.check_choice("conditioning", conditioning, CONDITIONINGS)
    if label_size is not None and conditioning == "projection":
        raise ValueError(
            f"conditioning='projection' needs class numbers. Received: label_size={label_size}. "
            f"Give num_classes, or another conditioning."
        )


@keras.saving.register_keras_serializable("gankit")
class ConvCGAN(_building.UniformLatents, GAN):
    r"""A DCGAN with labels, for square images of 16 to 128 pixels.

    The label enters in one of four ways:

    - `"concat"`: beside the latents and beside the input of every layer of both players, spread
      over all positions (the released code of DCGAN, for MNIST).
    - `"embedding"`: as a learned vector beside the latents, and as a learned picture beside the
      image (Denton et al. 2015, for CIFAR-10).
    - `"projection"`: the generator normalizes with a scale and an offset per class; the logit is
      $s(x, y) = v_y^\top \phi(x) + w^\top \phi(x) + b$ (Miyato and Koyama 2018).
    - `"auxiliary_classifier"`: beside the latents. The discriminator does not see the label but
      predicts it. The cross-entropy on real images is added to the discriminator's loss, that on
      generated ones to the generator's (Odena et al. 2017). Label vectors have the squared
      distance $|y - l(x)|^2$ instead.

    Latents are uniform on [-1, 1]; the default optimizers are DCGAN's. With an auxiliary
    classifier, `fit` also reports `label_loss` and `fake_label_loss`, the class loss on real and on
    generated images. The reported `discriminator_loss` and `generator_loss` do not include them.

    Args:
        image_shape: `(size, size, channels)`: a multiple of 4 from 16 to 128, 1 or 3 channels.
        num_classes: number of classes.
        label_size: size of label vectors, instead of classes: for quantities such as angles, or
            for several labels at once, with classes as one-hot numbers among them. Scale each to
            about [-1, 1]. Any `conditioning` but `"projection"`.
        conditioning: one of `CONDITIONINGS`.
        latent_dim: size of the latent vectors.
        width: maps of the layers next to the image; every step away from it doubles them.
        kernel_size: side of the kernels.
        embedding_dim: size of the generator's learned vector, for `"embedding"`.
        seed: what the initial weights, the latents and the order of the data depend on. None
            draws one.
        **kwargs: `data_range` and `name`, as in `gankit.GAN`.

    Raises:
        ValueError: for an image shape that the architecture cannot make, counts below 1, an
            unknown `conditioning` or one that label vectors cannot have, and where not exactly one
            of `num_classes` and `label_size` is given.

    Example:

    >>> import numpy as np
    >>> from gankit.models.conv_cgan import ConvCGAN
    >>> gan = ConvCGAN((16, 16, 1), 3, conditioning="projection", latent_dim=8, width=4, seed=0)
    >>> gan.compile()
    >>> images = np.random.default_rng(0).uniform(-1, 1, (60, 16, 16, 1)).astype("float32")
    >>> history = gan.fit(images, np.arange(60) % 3, batch_size=20, epochs=1, verbose=0)
    >>> gan.generate(labels=[2, 0, 1], seed=0).shape
    (3, 16, 16, 1)

    Source: Denton et al., "Deep Generative Image Models using a Laplacian Pyramid of Adversarial
    Networks" (2015); Miyato and Koyama, "cGANs with Projection Discriminator" (2018); Odena et al.,
    "Conditional Image Synthesis with Auxiliary Classifier GANs" (2017). Departures: all four ways
    have DCGAN's layers and losses, so that they differ only in the label. (Miyato and Koyama
    normalize spectra, sum the features over positions, and use the hinge loss.) Generated images
    get the labels of the batch's real ones, whereas some of the papers draw labels uniformly. The
    auxiliary classifier learns only from real images, as in the released code of Gulrajani et al.
    (2017). That of Odena et al. also learns from generated ones, so it can agree with the generator
    on a code of their own.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        num_classes: int | None = None,
        label_size: int | None = None,
        conditioning: str = "concat",
        latent_dim: int = 100,
        width: int = 64,
        kernel_size: int = 4,
        embedding_dim: int = 50,
        seed: int | None = None,
        **kwargs: Any,
    ):
        of_generator, of_discriminator = _building.seed_pair(seed)
        of = {"num_classes": num_classes, "label_size": label_size}
        sizes = {"conditioning": conditioning, "width": width, "kernel_size": kernel_size}
        super().__init__(
            build_conv_generator(
                image_shape,
                latent_dim=latent_dim,
                embedding_dim=embedding_dim,
                seed=of_generator,
                **of,
                **sizes,
            ),
            build_conv_discriminator(image_shape, seed=of_discriminator, **of, **sizes),
            latent_dim=latent_dim,
            seed=seed,
            **of,
            **kwargs,
        )
        self.conditioning = conditioning

    def discriminator_loss(self, real: Any, labels: Any) -> tuple[Any, dict]:
        """Return the discriminator's loss; an auxiliary classifier's on real images is added.

        Args:
            real: examples, shape `(batch, *example_shape)`.
            labels: their labels; the generated ones get the same.
        """
        if self.conditioning != "auxiliary_classifier":
            return super().discriminator_loss(real, labels)
        fake = self.fake(real, labels)
        (of_real, class_logits), (of_fake, _) = self.classify(real), self.classify(fake)
        loss, report = super().discriminator_loss(
            real, labels, fake=fake, logits=(of_real, of_fake)
        )
        label_loss = self._label_loss(class_logits, labels)
        return loss + label_loss, report | {"label_loss": label_loss}

    def generator_loss(self, real: Any, labels: Any) -> tuple[Any, dict]:
        """Return the generator's loss; an auxiliary classifier's on its images is added.

        Args:
            real: examples, shape `(batch, *example_shape)`: as many are generated.
            labels: their labels; the generated ones get the same.
        """
        if self.conditioning != "auxiliary_classifier":
            return super().generator_loss(real, labels)
        of_fake, class_logits = self.classify(self.fake(real, labels))
        logits = [of_fake, self.classify(real)[0]] if self.compares else [of_fake]
        loss, report = super().generator_loss(real, labels, logits=logits)
        label_loss = self._label_loss(class_logits, labels)
        return loss + label_loss, report | {"fake_label_loss": label_loss}

    def classify(self, images: Any) -> tuple[Any, Any]:
        """Compute logits and an auxiliary classifier's outputs in one pass, in training mode.

        Args:
            images: shape `(batch, *example_shape)`.

        Returns:
            Logits `(batch, 1)`, and class logits or estimated label vectors.
        """
        features = self.discriminator.get_layer("trunk")(images, training=True)
        return self.discriminator.get_layer("head").outputs(features)

    def _label_loss(self, predicted, labels):
        if self.label_size is None:
            return class_cross_entropy(predicted, labels)
        return ops.mean(ops.sum(ops.square(predicted - labels), axis=-1))
