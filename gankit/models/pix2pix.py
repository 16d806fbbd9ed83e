r"""pix2pix: a conditional GAN that translates pictures into pictures, learned from pairs.

`Pix2Pix` is the game. Its networks (`gankit.models.pix2pix_networks`), and `gray` and `edges`,
which make inputs from pictures (`gankit.models.pix2pix_inputs`), are offered here too.
`python -m gankit.commands.pix2pix` trains and uses it from the shell.

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
from keras import ops

from gankit import backend, checks, feed, losses
from gankit.gan import TwoPlayerGame
from gankit.models._building import check_arrays, seed_pair
from gankit.models.pix2pix_inputs import edges, gray
from gankit.models.pix2pix_networks import (
    NoiseDropout,
    build_discriminator,
    build_generator,
    patch_layers,
    plan,
    receptive_field,
)
from gankit.sampling import check_inputs, in_batches

__all__ = [
    "OBJECTIVES",
    "NoiseDropout",
    "Pix2Pix",
    "build_discriminator",
    "build_generator",
    "edges",
    "gray",
    "patch_layers",
    "plan",
    "receptive_field",
]


OBJECTIVES = ("L1", "GAN", "cGAN", "L1+GAN", "L1+cGAN")
"""The rows of table 1; the last is pix2pix."""

NOISES = ("dropout", "latent", "none")


@keras.saving.register_keras_serializable("gankit")
class Pix2Pix(TwoPlayerGame):
    r"""Translation of pictures, learned from pairs: train with `fit`, use with `translate`.

    The generator $G$ makes a picture of an input $x$; the discriminator $D$ sees $x$ beside a
    picture, and tells the true $y$ from $G(x)$, patch by patch:

    $$L_{cGAN} = E\,\log D(x, y) + E\,\log(1 - D(x, G(x, z))), \qquad
      G^* = \arg\min_G \max_D L_{cGAN} + \lambda\, E\,|y - G(x, z)|$$

    Noise z is dropout in the decoder. As in the paper, it stays on when translating, and
    normalization uses the statistics of the translated pictures; see `translate`.

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
        skips: False removes the U-Net's skips.
        jitter: by how many pixels a training step enlarges a pair, before it cuts both pictures
            back to `size` at the same random place. Pairs that are so much larger already are
            only cut. None: 12 % of the side, as from 256 to 286 pixels. 0: no jitter.
        mirror: whether half of the pairs are mirrored left to right.
        seed: what the initial weights, all noise and the order of the data depend on. None draws
            one.

    Raises:
        TypeError: if `skips` or `mirror` is not True or False.
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

    Source: Isola et al. (2017), sections 2, 3 and 6. Departures: the generator's loss asks the
    updated discriminator, whereas the authors' code reuses the logits of the old one; biases are
    as in `build_generator`; the patch follows the size where none is given.
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
        checks.check_choice("objective", objective, OBJECTIVES)
        checks.check_choice("noise", noise, NOISES)
        checks.check_count("latent_dim", latent_dim)
        of_generator, of_discriminator = seed_pair(seed)
        generator = build_generator(
            image_shape,
            channels,
            width,
            dropout=0.5 if noise == "dropout" else 0.0,
            latent_dim=latent_dim if noise == "latent" else 0,
            normalization=normalization,
            skips=skips,
            seed=of_generator,
        )
        discriminator = build_discriminator(
            image_shape,
            channels,
            width if discriminator_width is None else discriminator_width,
            patch,
            conditional="c" in objective,
            normalization=normalization,
            seed=of_discriminator,
        )
        super().__init__(generator, discriminator, seed=seed, **kwargs)
        self.latent_dim = latent_dim
        self.image_shape = tuple(int(n) for n in image_shape)
        self.size = self.image_shape[0]
        self.objective, self.noise = objective, noise
        self.discriminator_rests = "" if "GAN" in objective else f"objective={objective!r}"
        self.mirror = checks.check_flag("mirror", mirror)
        jitter = round(self.size * 30 / 256) if jitter is None else jitter
        self.jitter = checks.check_count("jitter", jitter, 0)

    # ---- the objective -----------------------------------------------------------------------

    def compile(self, *arguments: Any, l1_weight: float = 100.0, **options: Any) -> None:
        r"""Choose the objective and the optimizers.

        Args:
            *arguments: as in `gankit.GAN.compile`.
            l1_weight: $\lambda$, at least 0. An objective without L1 ignores it.
            **options: as in `gankit.GAN.compile`. The default loss is the non-saturating one, and
                the default optimizers are the paper's, Adam(2e-4, beta_1 0.5).

        Raises:
            TypeError: as in `gankit.GAN.compile`, and for an `l1_weight` that is not a number.
            ValueError: as in `gankit.GAN.compile`, and for an `l1_weight` below 0.
        """
        l1_weight = checks.check_number("l1_weight", l1_weight, 0)
        super().compile(*arguments, **options)
        self.l1_weight = l1_weight

    def get_compile_config(self) -> dict | None:
        """Return the arguments of `compile`, ready to be written to a file."""
        config = super().get_compile_config()
        return config and config | {"l1_weight": self.l1_weight}

    def step(self, inputs: Any, targets: Any) -> None:
        """Update the discriminator, then the generator, on pairs cut and mirrored at random.

        Args:
            inputs: pictures.
            targets: what should become of each.
        """
        inputs, targets = self.augment(inputs, targets)
        super().step(targets, inputs)

    def discriminator_loss(self, targets: Any, inputs: Any) -> tuple[Any, dict]:
        """Return the usual loss, halved to slow the discriminator down. The report is not halved.

        Args:
            targets: true pictures.
            inputs: what they were made for.
        """
        loss, report = super().discriminator_loss(targets, inputs)
        return loss - 0.5 * report["discriminator_loss"], report  # penalties are not halved

    def generator_loss(self, targets: Any, inputs: Any) -> tuple[Any, dict]:
        r"""Return the usual loss and $\lambda\,E|y - G(x)|$, or the one that the objective has.

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
        if self.noise == "latent":
            inputs = [inputs, self.draws.rows(self.sample_latents, ops.shape(inputs)[0])]
        return self.generator(inputs, training=True)

    def judge(self, pictures: Any, inputs: Any) -> Any:
        """Return the discriminator's logits, patch by patch, in training mode.

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
        """Declare pairs of pictures in [-1, 1], inputs first."""
        inputs = feed.Examples((None, None, self.image_shape[-1]), name="inputs")
        targets = feed.Examples((None, None, self.generator.output_shape[-1]), name="targets")
        return [(inputs, targets)]

    def wrong_parts(self, received: int) -> str:
        """Return the error for data that is not made of pairs.

        Args:
            received: how many parts the data has.
        """
        return (
            f"pix2pix learns from pairs. Received: data of {received} parts. Pass fit(inputs, "
            f"targets), or a pipeline that yields (inputs, targets)."
        )

    def check_data(self, tensors: Sequence, whole: bool) -> None:
        """Check that these are pairs of one size that the networks take.

        Args:
            tensors: inputs and targets.
            whole: whether these are the whole sets.
        """
        super().check_data(tensors, whole)
        inputs, targets = tensors
        if inputs.shape[:3] != targets.shape[:3]:
            raise ValueError(
                f"Inputs and targets must have one size. Received: shapes "
                f"{tuple(inputs.shape)} and {tuple(targets.shape)}."
            )
        sides = {self.size, self.size + self.jitter}
        if inputs.shape[1] != inputs.shape[2] or inputs.shape[1] not in sides:
            raise ValueError(
                f"Pictures must be squares of {' or '.join(map(str, sorted(sides)))} pixels. "
                f"Received: shape {tuple(inputs.shape)}. Resize them, or build Pix2Pix for this "
                f"size."
            )

    def augment(self, inputs: Any, targets: Any) -> tuple:
        """Cut both pictures of each pair at one random place, and mirror half of the pairs.

        Args:
            inputs: `(batch, side, side, channels)`, with a side of `size` or `size + jitter`.
            targets: the same, with its own channels.

        Returns:
            Both at `size`. Enlarging is bilinear; cutting alone leaves the pixels as they are.
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

        The defaults are the paper's: dropout stays on, and batch normalization uses the statistics
        of the translated batch, which is one picture. A translation then depends only on its own
        input. This suits a network trained in batches of 1, or with instance normalization. A
        network trained in larger batches has only seen pictures that were normalized together:
        translate with the same `batch_size`, or with `"moving"` averages.

        Args:
            inputs: float `(n, size, size, channels)` in [-1, 1].
            seed: what the noise depends on. None: different noise at each call.
            latents: for `noise="latent"`, vectors `(n, latent_dim)` instead of drawn ones.
            noise: whether dropout stays on. False: the translation is a function of the input.
            statistics: `"batch"`, or `"moving"` for the moving averages. Instance normalization
                ignores it.
            batch_size: how many are translated, and normalized, at once.
            averaged: whether to use the averaged generator. None: where there is one.

        Returns:
            float32 array of shape `(n, size, size, channels)` in [-1, 1].

        Raises:
            TypeError: if inputs are not floating point, or `noise` is not True or False.
            ValueError: on wrong shapes, values or options.

        Source: Isola et al. (2017), section 3.
        """
        checks.check_flag("noise", noise)
        checks.check_choice("statistics", statistics, ("batch", "moving"))
        seed = random.randrange(2**31) if seed is None else checks.check_seed("seed", seed)
        arrays = [check_arrays("inputs", inputs, self.image_shape)]
        rows = len(arrays[0])
        if self.noise == "latent":
            latents = self.sample_latents(rows, seed) if latents is None else latents
            arrays.append(check_arrays("latents", latents, (self.latent_dim,), None, rows))
        elif latents is not None:
            raise ValueError(
                f"`latents` need a model with noise='latent'. Received: latents for a model with "
                f"noise={self.noise!r}. Leave them out."
            )
        network = self.generator_for(averaged)
        backend.sync(self)
        with _noise_of(network, seed, noise):
            return in_batches(network, arrays, batch_size, statistics == "batch")

    makes_from = "pictures"

    def inputs_for(self, n: int, seed: int, given: Any = None) -> tuple[np.ndarray, ...]:
        """Return what `make` translates: the pictures themselves.

        Args:
            n: how many.
            seed: not used; `make` has noise of its own.
            given: the pictures.

        Raises:
            TypeError, ValueError: if these are not `n` pictures such as `translate` takes.
        """
        check_inputs("Pix2Pix", n, given)
        return (check_arrays("inputs", given, self.image_shape),)

    def make(self, inputs: Sequence[np.ndarray], averaged: bool | None = None) -> np.ndarray:
        """Translate what `inputs_for` gave, with the same noise each time.

        Args:
            inputs: a tuple that holds only the pictures.
            averaged: as in `translate`.
        """
        return self.translate(inputs[0], seed=0, averaged=averaged)


def _weights(places, side):
    """Return bilinear weights of the pixels of a side, one row for each place between them."""
    return ops.relu(1.0 - ops.abs(places[:, :, None] - ops.arange(side, dtype="float32")))


@contextlib.contextmanager
def _noise_of(network: keras.Model, seed: int, active: bool) -> Iterator[None]:
    """Switch dropout on or off inside the block, and draw its noise from `seed`."""
    dropouts = [layer for layer in network.layers if isinstance(layer, NoiseDropout)]
    states = [layer.seed_generator.state for layer in dropouts]
    before = [ops.convert_to_numpy(state.value) for state in states]
    try:
        for index, (layer, state) in enumerate(zip(dropouts, states, strict=True)):
            layer.active = active
            state.assign(np.array([seed, index << 20], before[index].dtype))
        yield
    finally:
        for layer, state, value in zip(dropouts, states, before, strict=True):
            layer.active = None
            state.assign(value)
