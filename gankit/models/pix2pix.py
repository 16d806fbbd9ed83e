r"""pix2pix: a conditional GAN that translates pictures into pictures, learned from pairs.

    generator (U-Net):          picture -> /2 -> ... -> 1x1 -> x2 -> ... -> picture, with skips
    discriminator (PatchGAN):   input beside picture -> a map of logits, one for each patch

From the shell, on a folder of one's own (`paired_folder` says how pairs are kept):

    python -m gankit.models.pix2pix train PAIRS model.keras
    python -m gankit.models.pix2pix translate model.keras PICTURES RESULTS

Source: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial Networks"
(2017), and the authors' code.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from gankit import backend, checks, feed, losses
from gankit.gan import TwoPlayerGame
from gankit.normalization import BatchNormalization
from gankit.sampling import check_inputs, in_batches

__all__ = [
    "Pix2Pix",
    "build_discriminator",
    "build_generator",
    "edges",
    "gray",
    "patch_layers",
    "plan",
    "receptive_field",
]

SIZES = range(32, 513, 16)
"""Sides, in pixels, that the architecture can take."""

OBJECTIVES = ("L1", "GAN", "cGAN", "L1+GAN", "L1+cGAN")
"""The rows of table 1; the last is pix2pix."""

NOISES = ("dropout", "latent", "none")
NORMALIZATIONS = ("batch", "instance")


# ---- the sizes of the two networks -----------------------------------------------------------


def plan(size: int) -> tuple[int, int]:
    """Find how often the U-Net halves a picture: as long as the side is even.

    Args:
        size: side of the picture in pixels, a multiple of 16 from 32 to 512.

    Returns:
        `(base, steps)` with `size = base * 2**steps`: side of the coarsest maps, and halvings.

    Raises:
        ValueError: for any other size; the message names the nearest ones that work.

    Example:

    >>> from gankit.models.pix2pix import plan
    >>> plan(64), plan(256), plan(96)
    ((1, 6), (1, 8), (3, 5))

    Source: Isola et al. (2017), section 6.1.1, where 256 pixels take 8 steps.
    """
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size not in SIZES:
        nearest = ""
        if isinstance(size, (int, float, np.number)) and not isinstance(size, bool):
            near = sorted(sorted(SIZES, key=lambda s: (abs(s - size), s))[:2])
            nearest = f" The nearest that work are {near[0]} and {near[1]}."
        raise ValueError(
            f"pix2pix takes square pictures whose side is a multiple of 16 from 32 to 512 pixels. "
            f"Received a side of {size!r}.{nearest}"
        )
    base, steps = int(size), 0
    while base % 2 == 0:
        base, steps = base // 2, steps + 1
    return base, steps


def receptive_field(depth: int) -> int:
    r"""Side, in pixels, of what one logit of a PatchGAN sees.

    From the logit back to the picture, a convolution of kernel $k$ and stride $s$ makes a field
    of $r$ pixels one of

    $$r \leftarrow (r - 1)\,s + k$$

    Args:
        depth: convolutions of stride 2, at least 0; two of stride 1 follow them, and all have
            kernels of 4. 0 stands for three convolutions of kernel 1.

    Returns:
        The side in pixels.

    Raises:
        ValueError: for a depth that is no whole number of at least 0.

    Example:

    >>> from gankit.models.pix2pix import receptive_field
    >>> [receptive_field(depth) for depth in range(7)]
    [1, 16, 34, 70, 142, 286, 574]

    Source: the authors' code, whose comments have the same numbers.
    """
    field = 1
    for kernel, stride in reversed(_strides(checks.check_count("depth", depth, 0))):
        field = (field - 1) * stride + kernel
    return field


def patch_layers(size: int, patch: int | str | None = None) -> int:
    """Find the PatchGAN for a patch: how many convolutions of stride 2 it has.

    Args:
        size: side of the pictures in pixels.
        patch: side of the patch that one logit sees: 1, 16, 34, 70, 142, 286 or 574 pixels;
            `"image"` for the smallest of these that covers the picture; None for the one next to
            27 % of the side, as 70 of the paper's 256 pixels are.

    Returns:
        The depth that `receptive_field` takes.

    Raises:
        ValueError: for another patch, or one whose convolutions leave nothing of the picture; the
            message lists those that work.

    Example:

    >>> from gankit.models.pix2pix import patch_layers
    >>> patch_layers(256), patch_layers(64), patch_layers(256, "image"), patch_layers(256, 1)
    (3, 1, 5, 0)
    """
    fields = {receptive_field(depth): depth for depth in range(7) if size // 2**depth >= 3}
    if patch is None:
        patch = min(fields, key=lambda field: abs(field - size * 70 / 256))
    elif patch == "image":
        patch = min((field for field in fields if field >= size), default=max(fields))
    if isinstance(patch, bool) or patch not in fields:
        raise ValueError(
            f"`patch` must be one of {list(fields)} for pictures of {size} pixels, 'image' or "
            f"None. Received: patch={patch!r}."
        )
    return fields[patch]


def _strides(depth: int) -> list[tuple[int, int]]:
    """Kernel and stride of each convolution of a PatchGAN."""
    return [(1, 1)] * 3 if depth == 0 else [(4, 2)] * depth + [(4, 1)] * 2


# ---- the networks ----------------------------------------------------------------------------


@keras.saving.register_keras_serializable("gankit")
class NoiseDropout(layers.Dropout):
    """Keras' dropout, with a switch: it is pix2pix' noise, and noise is wanted at test time too.

    Attributes:
        active: True or False switches it on or off, whatever `training` says; None, the default,
            does what `training` says.
    """

    active: bool | None = None

    def call(self, inputs: Any, training: bool = False) -> Any:
        return super().call(inputs, training if self.active is None else self.active)


def build_generator(
    image_shape: Sequence[int],
    channels: int = 3,
    width: int = 64,
    dropout: float = 0.5,
    latent_dim: int = 0,
    normalization: str = "batch",
    skips: bool = True,
    seed: int | None = None,
) -> keras.Model:
    r"""Build the U-Net: pictures to pictures in [-1, 1].

    Convolutions of kernel 4 and stride 2 halve the picture `plan(size)` times, with `width`,
    `2 * width`, `4 * width`, and from there `8 * width` maps; as many transposed ones double it
    again. What the encoder has at a size is laid beside what the decoder has at that size.

    Args:
        image_shape: `(size, size, channels)` of the inputs, with a size that `plan` takes.
        channels: channels of the outputs, 1 or 3.
        width: maps next to the picture.
        dropout: rate after each of the (at most three) innermost layers of the decoder; 0: none.
        latent_dim: 0, or the size of a vector z that the network takes besides the picture. Each
            of its numbers becomes a constant map beside the channels of the picture.
        normalization: `"batch"`, or `"instance"`: by the statistics of each picture. In batches
            of 1 they are the same in training mode.
        skips: False for the encoder-decoder that table 2 compares with.
        seed: seed of the initial weights and of dropout. None: Keras' own random state.

    Returns:
        A Keras model named `generator`; its input is the picture, or `[picture, z]`.

    Raises:
        ValueError: for a shape or a number that makes no such network.

    Example:

    >>> from gankit.models.pix2pix import build_generator
    >>> unet = build_generator((64, 64, 3), width=8)
    >>> unet.output_shape, unet.get_layer("down_6").output.shape
    ((None, 64, 64, 3), (None, 1, 1, 64))

    Source: Isola et al. (2017), sections 2.2.1 and 6.1.1; the authors' code for what the text
    leaves out: the innermost layer is not normalized, since batch statistics of a single value
    would make it zero. Departure: no biases where normalization takes them away at once.
    """
    _, steps = _check(image_shape, width, normalization)
    if channels not in (1, 3):
        raise ValueError(f"`channels` must be 1 (gray) or 3 (RGB). Received: channels={channels!r}")
    if not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must lie in [0, 1). Received: dropout={dropout!r}.")
    make = _Layers(normalization, seed)
    maps = [width * min(2**step, 8) for step in range(steps)]

    x = picture = keras.Input(tuple(image_shape), name="picture")
    inputs = picture
    if latent_dim:
        z = keras.Input((latent_dim,), name="z")
        x = layers.Concatenate(name="picture_and_z")([x, _as_maps(z, image_shape[0])])
        inputs = [picture, z]

    encoded = []
    for step in range(1, steps + 1):
        x = layers.LeakyReLU(0.2, name=f"down_{step}_relu")(x) if step > 1 else x
        normalized = 1 < step < steps
        x = make.convolution(x, maps[step - 1], f"down_{step}", normalized=normalized)
        encoded.append(x)

    for step in range(1, steps):
        x = layers.ReLU(name=f"up_{step}_relu")(x)
        x = make.convolution(x, maps[-step - 1], f"up_{step}", normalized=True, up=True)
        if dropout and step <= min(3, steps - 3):
            x = NoiseDropout(dropout, seed=make.seed(), name=f"up_{step}_noise")(x)
        if skips:
            x = layers.Concatenate(name=f"up_{step}_skip")([x, encoded[-step - 1]])
    x = layers.ReLU(name=f"up_{steps}_relu")(x)
    x = make.convolution(x, channels, f"up_{steps}", normalized=False, up=True)
    pictures = layers.Activation("tanh", dtype="float32", name="tanh")(x)
    return keras.Model(inputs, pictures, name="generator")


def build_discriminator(
    image_shape: Sequence[int],
    channels: int = 3,
    width: int = 64,
    patch: int | str | None = None,
    conditional: bool = True,
    normalization: str = "batch",
    seed: int | None = None,
) -> keras.Model:
    r"""Build the PatchGAN: a map of logits, each of which judges a patch of the picture.

    Convolutions of kernel 4 and stride 2 with `width`, `2 * width`, ... maps (at most
    `8 * width`), one of stride 1, and one to the logit; `patch_layers` tells how many. Every logit
    is the same function of its patch, so that the network works on pictures of any size, has few
    weights, and judges texture; the L1 loss sees to the whole.

    Args:
        image_shape: `(size, size, channels)` of the inputs.
        channels: channels of the pictures that are judged, 1 or 3.
        width: maps of the first convolution.
        patch: side of the patch in pixels, see `patch_layers`.
        conditional: whether it sees the input beside the picture.
        normalization: `"batch"` or `"instance"`.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `discriminator` from `[input, picture]` (or `picture`) to logits
        `(batch, n, n, 1)`.

    Raises:
        ValueError: for a shape, a patch or a number that makes no such network.

    Example:

    >>> from gankit.models.pix2pix import build_discriminator
    >>> build_discriminator((256, 256, 3), width=8, patch=70).output_shape
    (None, 30, 30, 1)

    Source: Isola et al. (2017), sections 2.2.2 and 6.1.2, and the authors' code. Departure: as of
    `build_generator`.
    """
    _check(image_shape, width, normalization)
    size = image_shape[0]
    strides = _strides(patch_layers(size, patch))
    make = _Layers(normalization, seed)
    picture = keras.Input((size, size, channels), name="picture")
    inputs, x = picture, picture
    if conditional:
        given = keras.Input(tuple(image_shape), name="input")
        inputs, x = [given, picture], layers.Concatenate(name="pair")([given, picture])
    for step, (kernel, stride) in enumerate(strides[:-1]):
        maps = width * min(2**step, 8)
        x = make.convolution(x, maps, f"conv_{step + 1}", step > 0, kernel=kernel, stride=stride)
        x = layers.LeakyReLU(0.2, name=f"conv_{step + 1}_relu")(x)
    kernel, stride = strides[-1]
    x = make.convolution(x, 1, "logit", False, kernel=kernel, stride=stride)
    logits = layers.Activation("linear", dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="discriminator")


class _Layers:
    """Makes convolutions with the paper's initial weights, N(0, 0.02), each with its own seed."""

    def __init__(self, normalization: str, seed: int | None):
        self.normalization = normalization
        self.random = random if seed is None else random.Random(seed)

    def seed(self) -> int:
        return self.random.randrange(2**31)

    def normal(self, mean: float = 0.0) -> keras.initializers.Initializer:
        return keras.initializers.RandomNormal(mean, 0.02, seed=self.seed())

    def convolution(self, x, maps, name, normalized, up=False, kernel=4, stride=2):
        if kernel == 4 and stride == 1:  # one pixel on every side, as in the authors' code
            x = layers.ZeroPadding2D(1, data_format="channels_last", name=f"{name}_pad")(x)
        x = (layers.Conv2DTranspose if up else layers.Conv2D)(
            maps,
            kernel,
            stride,
            padding="valid" if stride == 1 else "same",
            data_format="channels_last",
            use_bias=not normalized,
            kernel_initializer=self.normal(),
            name=name,
        )(x)
        return self.normalize(x, f"{name}_norm") if normalized else x

    def normalize(self, x, name):
        shared = dict(epsilon=1e-5, gamma_initializer=self.normal(1.0), name=name)
        if self.normalization == "instance":
            return layers.GroupNormalization(groups=-1, **shared)(x)
        return BatchNormalization(momentum=0.9, **shared)(x)


def _as_maps(z, size):
    """A vector as constant maps."""
    rows = layers.RepeatVector(size * size, name="z_everywhere")(z)
    return layers.Reshape((size, size, z.shape[-1]), name="z_maps")(rows)


# ---- the game --------------------------------------------------------------------------------


@keras.saving.register_keras_serializable("gankit")
class Pix2Pix(TwoPlayerGame):
    r"""Translation of pictures, learned from pairs: train with `fit`, use with `translate`.

    The generator $G$ makes a picture of an input $x$; the discriminator $D$ sees $x$ beside a
    picture, and tells the true $y$ from $G(x)$, patch by patch:

    $$L_{cGAN} = E\,\log D(x, y) + E\,\log(1 - D(x, G(x, z))), \qquad
      G^* = \arg\min_G \max_D L_{cGAN} + \lambda\, E\,|y - G(x, z)|$$

    Noise z is dropout in the decoder. As in the paper, it stays on when translating, and
    normalization goes by the statistics of the pictures at hand; see `translate`.

    Args:
        image_shape: `(size, size, channels)` of the inputs: a multiple of 16 from 32 to 512.
        channels: channels of the outputs, 1 or 3.
        width: maps next to the picture in the generator.
        discriminator_width: maps of the discriminator's first convolution. None: `width`.
        patch: side of the patch that the discriminator judges, see `patch_layers`.
        objective: one of `OBJECTIVES`, the rows of table 1. Without `c`, the discriminator does
            not see the input; `"L1"` alone trains no discriminator.
        noise: `"dropout"`; `"latent"`: a vector z of `latent_dim` standard normal numbers beside
            the picture, without dropout; or `"none"`.
        latent_dim: size of z, for `noise="latent"`.
        normalization: `"batch"` or `"instance"`, in both networks.
        skips: False takes the U-Net's skips away.
        jitter: in each training step, pairs are enlarged by so many pixels and cut back to `size`
            at random places, both pictures of a pair alike; pairs that are so much larger already
            are only cut. None: 12 % of the side, as 286 to 256 pixels. 0: not.
        mirror: whether half of the pairs are mirrored left to right.
        seed: what the initial weights, all noise and the order of the data depend on. None draws
            one.

    Raises:
        ValueError: for a shape or a number that the architecture cannot take, naming what it can.

    Example:

    >>> from gankit import datasets
    >>> from gankit.models.pix2pix import Pix2Pix
    >>> inputs, targets = datasets.load_pairs("facades", "test", image_size=32)
    >>> gan = Pix2Pix((32, 32, 3), width=4, seed=0)
    >>> gan.compile()
    >>> history = gan.fit(inputs, targets, batch_size=10, epochs=1, verbose=0)
    >>> gan.translate(inputs[:2], seed=0).shape
    (2, 32, 32, 3)

    Source: Isola et al. (2017), sections 2, 3 and 6. Departures: the generator's step judges its
    pictures by the updated discriminator, where the authors' code reuses what the old one said;
    biases are as in `build_generator`; the patch follows the size where none is given.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        channels: int = 3,
        width: int = 64,
        discriminator_width: int | None = None,
        patch: int | str | None = None,
        objective: str = "L1+cGAN",
        noise: str = "dropout",
        latent_dim: int = 8,
        normalization: str = "batch",
        skips: bool = True,
        jitter: int | None = None,
        mirror: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ):
        _check_choice("objective", objective, OBJECTIVES)
        _check_choice("noise", noise, NOISES)
        checks.check_count("latent_dim", latent_dim)
        seeds = [None if seed is None else seed + offset for offset in (1, 2)]
        generator = build_generator(
            image_shape,
            channels,
            width,
            dropout=0.5 if noise == "dropout" else 0.0,
            latent_dim=latent_dim if noise == "latent" else 0,
            normalization=normalization,
            skips=skips,
            seed=seeds[0],
        )
        discriminator = build_discriminator(
            image_shape,
            channels,
            width if discriminator_width is None else discriminator_width,
            patch,
            conditional="c" in objective,
            normalization=normalization,
            seed=seeds[1],
        )
        super().__init__(generator, discriminator, seed=seed, **kwargs)
        backend.seed_layers(generator)
        backend.seed_layers(discriminator)
        self.latent_dim = latent_dim
        self.image_shape = tuple(int(n) for n in image_shape)
        self.size = self.image_shape[0]
        self.objective, self.noise, self.mirror = objective, noise, bool(mirror)
        self.jitter = round(self.size * 30 / 256) if jitter is None else jitter
        checks.check_count("jitter", self.jitter, 0)

    # ---- the objective -----------------------------------------------------------------------

    def compile(self, *arguments: Any, l1_weight: float = 100.0, **options: Any) -> None:
        r"""Choose the objective and the optimizers.

        Args:
            *arguments: as of `GAN.compile`.
            l1_weight: $\lambda$, at least 0; without meaning where the objective has no L1.
            **options: as of `GAN.compile`. The default loss is the non-saturating one and the
                default optimizers are Adam(2e-4, beta_1 0.5), the paper's.

        Raises:
            ValueError: as in `GAN.compile`, and for an `l1_weight` below 0.
        """
        if isinstance(l1_weight, bool) or not 0 <= l1_weight < float("inf"):
            raise ValueError(f"`l1_weight` must be at least 0. Received: l1_weight={l1_weight!r}.")
        super().compile(*arguments, **options)
        self.l1_weight = float(l1_weight)

    def get_compile_config(self) -> dict | None:
        """Arguments of `compile`, ready to be written to a file."""
        config = super().get_compile_config()
        return config and config | {"l1_weight": self.l1_weight}

    def step(self, inputs: Any, targets: Any) -> None:
        """Update the discriminator, then the generator, on pairs that were cut and mirrored.

        Args:
            inputs: pictures.
            targets: what should become of each.
        """
        inputs, targets = self.augment(inputs, targets)
        if "GAN" in self.objective:
            super().step(targets, inputs)
        else:
            self.update("generator", self.generator_loss, targets, inputs)

    def discriminator_loss(self, targets: Any, inputs: Any) -> tuple[Any, dict]:
        """The usual loss, halved to slow the discriminator down; what is reported is whole.

        Args:
            targets: true pictures.
            inputs: what they were made for.
        """
        loss, report = super().discriminator_loss(targets, inputs)
        return loss - 0.5 * report["discriminator_loss"], report  # penalties are not halved

    def generator_loss(self, targets: Any, inputs: Any) -> tuple[Any, dict]:
        r"""The usual loss and $\lambda\,E|y - G(x)|$, as far as the objective has them.

        Args:
            targets: true pictures.
            inputs: what they were made for.
        """
        fake = self.fake(targets, inputs)
        l1, loss, report = losses.l1(targets, fake), 0.0, {}
        if "GAN" in self.objective:
            loss, report = super().generator_loss(targets, inputs, fake=fake)
        if "L1" in self.objective:
            loss = loss + self.l1_weight * l1
        return loss, report | {"l1": l1}

    def fake(self, targets: Any, inputs: Any) -> Any:
        """Translate the inputs, in training mode.

        Args:
            targets: as many true pictures.
            inputs: pictures.
        """
        latents = []
        if self.noise == "latent":
            latents = [self.draws.rows(self.sample_latents, ops.shape(inputs)[0])]
        return self.generator([inputs, *latents] if latents else inputs, training=True)

    def judge(self, pictures: Any, inputs: Any) -> Any:
        """The discriminator's logits, patch by patch, in training mode.

        Args:
            pictures: true or generated ones.
            inputs: what they were made for.
        """
        seen = [inputs, pictures] if "c" in self.objective else pictures
        return self.discriminator(seen, training=True)

    def sample_latents(self, n: Any, seed: Any) -> Any:
        """Draw z for `noise="latent"`, standard normal: shape `(n, latent_dim)`.

        Args:
            n: how many vectors.
            seed: integer, or a `keras.random.SeedGenerator`.
        """
        return keras.random.normal((n, self.latent_dim), seed=seed)

    # ---- data --------------------------------------------------------------------------------

    default_batch_size = 1  # the paper's

    def batch_spec(self) -> list[tuple]:
        """Pairs of pictures in [-1, 1], inputs first."""
        channels = self.image_shape[-1], self.generator.output_shape[-1]
        return [
            tuple(
                feed.Examples((None, None, n), (-1.0, 1.0), name)
                for n, name in zip(channels, ("inputs", "targets"), strict=True)
            )
        ]

    def wrong_parts(self, received: int) -> str:
        """What to say of data that are no pairs.

        Args:
            received: how many parts they have.
        """
        return (
            "pix2pix learns from pairs: pass fit(inputs, targets), or a pipeline that yields "
            f"(inputs, targets). Received: data of {received} parts."
        )

    def check_data(self, tensors: Sequence, whole: bool) -> None:
        """Check that these are pairs of one size, which the networks take.

        Args:
            tensors: inputs and targets.
            whole: whether these are the whole sets.
        """
        super().check_data(tensors, whole)
        inputs, targets = tensors
        if inputs.shape[:3] != targets.shape[:3]:
            raise ValueError(
                f"Inputs and targets must be as many and of one size. Received shapes "
                f"{tuple(inputs.shape)} and {tuple(targets.shape)}."
            )
        sides = {self.size, self.size + self.jitter}
        if inputs.shape[1] != inputs.shape[2] or inputs.shape[1] not in sides:
            raise ValueError(
                f"Pictures must be squares of {' or '.join(map(str, sorted(sides)))} pixels. "
                f"Received shape {tuple(inputs.shape)}. Resize them, or build Pix2Pix for this "
                f"size."
            )

    def augment(self, inputs: Any, targets: Any) -> tuple:
        """Cut both pictures of each pair at one random place, and mirror half of the pairs.

        Args:
            inputs: `(batch, side, side, channels)`, with a side of `size` or `size + jitter`.
            targets: the same, with its own channels.

        Returns:
            Both at `size`. Enlarging is bilinear; a pixel of what is only cut keeps its value.
        """
        inputs, targets = ops.convert_to_tensor(inputs), ops.convert_to_tensor(targets)
        side = inputs.shape[1]
        if side == self.size and not self.jitter and not self.mirror:
            return inputs, targets
        scale = side / (self.size + self.jitter)
        pixel = ops.arange(self.size, dtype="float32")[None, :]

        def places(start):
            return ops.clip((pixel + start + 0.5) * scale - 0.5, 0.0, side - 1.0)

        top, left, coin = (self.draws.uniform(inputs)[:, :, 0, 0] for _ in range(3))
        rows, columns = (places(ops.floor(u * (self.jitter + 1))) for u in (top, left))
        if self.mirror:
            columns = ops.where(coin < 0.5, ops.flip(columns, axis=1), columns)
        rows, columns = (_weights(where, side) for where in (rows, columns))
        return tuple(
            ops.einsum("bri,bijk,bcj->brck", rows, ops.cast(pictures, "float32"), columns)
            for pictures in (inputs, targets)
        )

    # ---- translating -------------------------------------------------------------------------

    def translate(
        self,
        inputs: Any,
        *,
        seed: int | None = None,
        latents: Any = None,
        noise: bool = True,
        statistics: str = "batch",
        batch_size: int = 1,
        averaged: bool | None = None,
    ) -> np.ndarray:
        """Translate pictures, without touching the model's own random state.

        The defaults are the paper's: dropout stays on, and batch normalization goes by the
        statistics of the batch that is translated, a batch of one picture. A translation then
        depends on its own input alone. That fits a network trained in batches of 1, or with
        instance normalization. One trained in larger batches knows only pictures that were
        normalized together: translate with the same `batch_size`, or by `"moving"` averages.

        Args:
            inputs: float `(n, size, size, channels)` in [-1, 1].
            seed: what the noise depends on. None: different noise at each call.
            latents: for `noise="latent"`, vectors `(n, latent_dim)` instead of drawn ones.
            noise: whether dropout stays on. False: the translation is a function of the input.
            statistics: `"batch"`, or `"moving"` for the moving averages. Without meaning for
                instance normalization.
            batch_size: how many are translated, and normalized, at once.
            averaged: whether to use the averaged generator. None: where there is one.

        Returns:
            float32 array of shape `(n, size, size, channels)` in [-1, 1].

        Raises:
            TypeError: if inputs are not floating point.
            ValueError: on wrong shapes, values or options.

        Source: Isola et al. (2017), section 3.
        """
        feed.Examples(self.image_shape, (-1.0, 1.0), "inputs").check(inputs)
        _check_choice("statistics", statistics, ("batch", "moving"))
        seed = random.randrange(2**31) if seed is None else checks.check_count("seed", seed, 0)
        inputs = np.asarray(ops.convert_to_numpy(inputs), "float32")
        latents = self._latents_for(len(inputs), latents, seed)
        network = self.generator_for(averaged)
        backend.sync(self)
        arrays = [inputs] if latents is None else [inputs, latents]
        with _noise_of(network, seed, noise):
            return in_batches(network, arrays, batch_size, statistics == "batch")

    def _latents_for(self, count, latents, seed):
        if self.noise != "latent":
            if latents is not None:
                raise ValueError(f"`latents` go with noise='latent', and this has {self.noise!r}.")
            return None
        if latents is None:
            latents = self.sample_latents(count, seed)
        latents = np.asarray(ops.convert_to_numpy(latents), "float32")
        if latents.shape != (count, self.latent_dim):
            raise ValueError(
                f"`latents` must have shape {(count, self.latent_dim)}. Received shape "
                f"{latents.shape}."
            )
        return latents

    makes_from = "pictures"

    def inputs_for(self, n: int, seed: int, given: Any = None) -> tuple[np.ndarray, ...]:
        """What `make` translates: the pictures themselves.

        Args:
            n: how many.
            seed: not used; `make` has noise of its own.
            given: the pictures.

        Raises:
            TypeError, ValueError: if these are not `n` pictures such as `translate` takes.
        """
        check_inputs("Pix2Pix", n, given)
        feed.Examples(self.image_shape, (-1.0, 1.0), "inputs").check(given)
        return (np.asarray(given, "float32"),)

    def make(self, inputs: Sequence[np.ndarray], averaged: bool | None = None) -> np.ndarray:
        """Translate what `inputs_for` gave, with the same noise each time.

        Args:
            inputs: the pictures, alone in a tuple.
            averaged: as in `translate`.
        """
        return self.translate(inputs[0], seed=0, averaged=averaged)


def _weights(places, side):
    """Bilinear weights of the pixels of a side, one row for each place between them."""
    return ops.relu(1.0 - ops.abs(places[:, :, None] - ops.arange(side, dtype="float32")))


@contextlib.contextmanager
def _noise_of(network: keras.Model, seed: int, active: bool) -> Iterator[None]:
    """Inside the block, dropout is on or off and draws from `seed`; outside, all is as before."""
    dropouts = [layer for layer in network.layers if isinstance(layer, NoiseDropout)]
    states = [layer.seed_generator.state for layer in dropouts]
    before = [ops.convert_to_numpy(state.value) for state in states]
    try:
        for index, (layer, state) in enumerate(zip(dropouts, states, strict=True)):
            layer.active = active
            state.assign(np.array([seed % 2**32, index << 20], before[index].dtype))
        yield
    finally:
        for layer, state, value in zip(dropouts, states, before, strict=True):
            layer.active = None
            state.assign(value)


def _check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {list(choices)}. Received: {name}={value!r}.")


def _check(image_shape, width, normalization):
    shape = tuple(image_shape) if isinstance(image_shape, (list, tuple)) else image_shape
    if not isinstance(shape, tuple) or len(shape) != 3 or shape[0] != shape[1]:
        raise ValueError(
            f"`image_shape` must be (size, size, channels), square. Received: {image_shape!r}."
        )
    checks.check_count("channels of `image_shape`", shape[2])
    checks.check_count("width", width)
    _check_choice("normalization", normalization, NORMALIZATIONS)
    return plan(shape[0])


# ---- inputs made from pictures ---------------------------------------------------------------


def gray(pictures: Any) -> np.ndarray:
    """Take the color away: the input of a translation from gray to color.

    Args:
        pictures: float `(n, height, width, 3)` in [-1, 1].

    Returns:
        float32 of the same shape, three equal channels: luma by ITU-R 601.

    Raises:
        ValueError: on another shape.

    Example:

    >>> import numpy as np
    >>> from gankit.models.pix2pix import gray
    >>> gray(np.array([[[[1.0, -1.0, -1.0]]]])).round(3).tolist()
    [[[[-0.402, -0.402, -0.402]]]]
    """
    pictures = np.asarray(pictures, "float32")
    if pictures.ndim != 4 or pictures.shape[-1] != 3:
        raise ValueError(f"Pictures must have shape (n, height, width, 3), not {pictures.shape}.")
    luma = pictures @ np.array([0.299, 0.587, 0.114], "float32")
    return np.repeat(luma[..., None], 3, axis=-1)


def edges(pictures: Any, sigma: float = 1.0) -> np.ndarray:
    """Draw the edges of pictures, black on white: the input of a translation to photographs.

    Args:
        pictures: float `(n, height, width, 3)` in [-1, 1].
        sigma: how much they are blurred first, in pixels; more leaves fewer edges.

    Returns:
        float32 of the same shape: -1 on edges, 1 elsewhere.

    Raises:
        ValueError: on another shape.

    Example:

    >>> import numpy as np
    >>> from gankit.models.pix2pix import edges
    >>> halves = np.zeros((1, 16, 16, 3)) - np.arange(16)[:, None] // 8
    >>> lines = edges(halves)
    >>> lines.shape, np.unique(lines).tolist()
    ((1, 16, 16, 3), [-1.0, 1.0])

    Departure: Canny's edges (scikit-image), where the paper has those of a trained network (HED).
    """
    from skimage.feature import canny

    luma = gray(pictures)[..., 0]
    found = np.stack([canny(picture, sigma=sigma) for picture in luma])
    return np.repeat(np.where(found, -1.0, 1.0).astype("float32")[..., None], 3, axis=-1)


if __name__ == "__main__":
    from gankit.commands.pix2pix import main

    raise SystemExit(main())
