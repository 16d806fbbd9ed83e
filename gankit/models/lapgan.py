r"""LAPGAN: a Laplacian pyramid of GANs, which draws a small image and then adds detail.

With $d$ the mean of each 2 x 2 block and $u$ the repetition of each pixel, an image $I_0$ becomes

$$I_{k+1} = d(I_k), \qquad h_k = I_k - u(I_{k+1}), \qquad I_k = u(I_{k+1}) + h_k$$

The coarsest image $I_K$ is drawn by an ordinary GAN, each detail $h_k$ by a GAN that is given
$l_k = u(I_{k+1})$. Levels are trained on coarse images of the data, each without the others.

Source: Denton et al., "Deep generative image models using a Laplacian pyramid of adversarial
networks" (2015), sections 2 and 3; the released code, facebook/eyescream.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit import checks, feed, losses, sampling
from gankit.averaging import Averaging
from gankit.game import Game
from gankit.models import _building
from gankit.models.lapgan_networks import (
    build_coarse_discriminator,
    build_coarse_generator,
    build_detail_discriminator,
    build_detail_generator,
    label_inputs,
)

__all__ = [
    "LAPGAN",
    "build_coarse_discriminator",
    "build_coarse_generator",
    "build_detail_discriminator",
    "build_detail_generator",
    "compose",
    "decompose",
    "down",
    "up",
]

LAST = "channels_last"

# ---- the pyramid -----------------------------------------------------------------------------


def down(images: Any) -> Any:
    """Halve the sides: the mean of each 2 x 2 block.

    Args:
        images: `(batch, height, width, channels)`, with even sides.
    """
    return ops.average_pool(images, 2, strides=2, data_format=LAST)


def up(images: Any) -> Any:
    """Double the sides: each pixel becomes a 2 x 2 block.

    Args:
        images: `(batch, height, width, channels)`.
    """
    return ops.repeat(ops.repeat(ops.convert_to_tensor(images), 2, axis=1), 2, axis=2)


def decompose(images: Any, details: int) -> list:
    """Return the coarsest image and the details, from coarse to fine.

    Args:
        images: `(batch, height, width, channels)`, sides that are multiples of `2**details`.
        details: how many details to take off, at least 1.

    Raises:
        ValueError: for sides that cannot be halved so often.

    Example:

    >>> import numpy as np
    >>> from gankit.models import lapgan
    >>> images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1)).astype("float32")
    >>> parts = lapgan.decompose(images, 2)
    >>> [tuple(part.shape) for part in parts]
    [(5, 7, 7, 1), (5, 14, 14, 1), (5, 28, 28, 1)]
    >>> bool(np.all(np.asarray(lapgan.compose(parts)) == images))
    True
    """
    factor = 2 ** checks.check_count("details", details)
    if any(side % factor for side in images.shape[1:3]):
        raise ValueError(
            f"Sides must be multiples of 2**details, {factor}. Received: images of shape "
            f"{tuple(images.shape)}."
        )
    images, found = ops.convert_to_tensor(images), []
    for _ in range(details):
        coarse = down(images)
        found.append(images - up(coarse))
        images = coarse
    return [images, *reversed(found)]


def compose(parts: Sequence[Any]) -> Any:
    """Return the images that `decompose` took apart.

    Args:
        parts: the coarsest image, and the details from coarse to fine.
    """
    images = parts[0]
    for detail in parts[1:]:
        images = up(images) + detail
    return images


# ---- the game --------------------------------------------------------------------------------


@keras.saving.register_keras_serializable("gankit")
class LAPGAN(sampling.LatentSampling, Game):
    r"""A Laplacian pyramid of GANs: a generator and a discriminator for each size of the images.

    The players are `generator_7`, `discriminator_7`, `generator_14` and so on, by the side of what
    they draw or see. The latents of all levels lie in one vector of `latent_dim` numbers: first
    those of the coarsest level, then a map of noise for each detail.

    Args:
        image_shape: `(side, side, channels)`, with a side that is a multiple of `2**details`.
        details: how many details are drawn after the coarsest image.
        num_classes: for a conditional game, the number of classes. None: no labels.
        coarse_latents: size of the coarsest level's latent vectors.
        units: of the coarsest generator's hidden layers; its discriminator has half as many.
        width: maps of the hidden layers of all other networks.
        seed: what initial weights, latents and the order of the data depend on.
        **kwargs: `name` and so on, as in any Keras model.

    Attributes:
        sides: of the images of each level, coarsest first.
        generators: of each level, coarsest first.
        discriminators: of each level, coarsest first.

    Raises:
        ValueError: if the images are not square, or cannot be halved so often.

    Example:

    >>> import numpy as np
    >>> from gankit.models.lapgan import LAPGAN
    >>> game = LAPGAN((28, 28, 1), details=2, units=32, width=4, seed=0)
    >>> game.sides, game.latent_dim
    ((7, 14, 28), 1080)
    >>> game.compile()
    >>> game.generate(2, seed=0).shape
    (2, 28, 28, 1)
    >>> game.generate(from_coarse=np.zeros((3, 14, 14, 1), "float32"), seed=0).shape
    (3, 28, 28, 1)

    Source: Denton et al. (2015); the released code. Departures: 2 x 2 means and repetition in place
    of bilinear scaling, so that the pyramid loses nothing and its details are Haar coefficients;
    images in [-1, 1] in place of standardized pixels, so what is drawn is clipped to it; LeakyReLU
    in the discriminators; He's initial weights and Adam in place of small ones and SGD.
    """

    label_size, data_range = None, (-1.0, 1.0)

    def __init__(
        self,
        image_shape: Sequence[int],
        details: int = 2,
        num_classes: int | None = None,
        coarse_latents: int = 100,
        units: int = 1200,
        width: int = 64,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed=seed, **kwargs)
        self.example_shape = side, _, channels = _building.check_square(image_shape)
        checks.check_count("image_shape[0]", side, 4)
        checks.check_count("coarse_latents", coarse_latents)
        if side % 2 ** checks.check_count("details", details):
            raise ValueError(
                f"The side of the images must be a multiple of 2**details, {2**details}. Received: "
                f"image_shape={image_shape!r}."
            )
        self.num_classes = num_classes and checks.check_count("num_classes", num_classes, 2)
        self.sides = tuple(side // 2**k for k in range(details, -1, -1))
        shapes = [(side, side, channels) for side in self.sides]
        draw = _building.seeds(self.seed)
        self.generators = [
            build_coarse_generator(shapes[0], num_classes, coarse_latents, units, draw()),
            *(build_detail_generator(shape, num_classes, width, draw()) for shape in shapes[1:]),
        ]
        self.discriminators = [
            build_coarse_discriminator(shapes[0], num_classes, max(units // 2, 1), draw()),
            *(build_detail_discriminator(s, num_classes, width, draw()) for s in shapes[1:]),
        ]
        self.latent_sizes = (coarse_latents, *(side**2 for side in self.sides[1:]))
        self.latent_dim = sum(self.latent_sizes)
        object.__setattr__(self, "_chains", {})  # unseen by Keras: made of networks it knows

    def players(self) -> dict[str, list[keras.Layer]]:
        """A generator and a discriminator for each side."""
        both = {"generator": self.generators, "discriminator": self.discriminators}
        return {
            f"{name}_{side}": [network]
            for name, networks in both.items()
            for side, network in zip(self.sides, networks, strict=True)
        }

    def batch_spec(self) -> list[tuple]:
        """Images, and labels where the game is conditional."""
        return [(feed.Examples(self.example_shape, self.data_range), *self._labels)]

    @property
    def _labels(self) -> tuple:
        return () if self.num_classes is None else (feed.ClassNumbers(self.num_classes),)

    # ---- playing -----------------------------------------------------------------------------

    def step(self, images: Any, *labels: Any) -> None:
        """At each level, the discriminator moves, then the generator; levels do not meet."""
        reals = [images]
        for _ in self.sides[1:]:
            reals.insert(0, down(reals[0]))
        for level, (side, real) in enumerate(zip(self.sides, reals, strict=True)):
            if side in self.levels:
                conditions = labels if level == 0 else (up(reals[level - 1]), *labels)
                for name in ("discriminator", "generator"):
                    loss = functools.partial(getattr(self, f"{name}_loss"), level)
                    self.update(f"{name}_{side}", loss, real, *conditions)

    def discriminator_loss(self, level: int, real: Any, *conditions: Any) -> tuple[Any, dict]:
        """A level's discriminator tells images of the data from those with drawn detail.

        Args:
            level: index of the level, 0 for the coarsest.
            real: images of that size.
            *conditions: the coarse image, doubled in size, but for the coarsest level; labels.
        """
        name = f"discriminator_{self.sides[level]}"
        critic = functools.partial(self.judge, level, conditions=conditions)
        fake = self.fake(level, real, *conditions)
        loss = total = self.adversarial_loss.discriminator(critic(real), critic(fake))
        report = {f"{name}_loss": loss}
        if self.penalties[name]:
            report[f"{name}_penalty"] = self.penalty(name, critic, real, fake)
            total = loss + report[f"{name}_penalty"]
        return total, report

    def generator_loss(self, level: int, real: Any, *conditions: Any) -> tuple[Any, dict]:
        """A level's generator fools its discriminator.

        Args:
            level: index of the level, 0 for the coarsest.
            real: images of that size.
            *conditions: as in `discriminator_loss`.
        """
        logits = [self.judge(level, self.fake(level, real, *conditions), conditions)]
        if getattr(self.adversarial_loss, "generator_needs_real", False):
            logits.append(self.judge(level, real, conditions))
        loss = self.adversarial_loss.generator(*logits)
        return loss, {f"generator_{self.sides[level]}_loss": loss}

    def fake(self, level: int, real: Any, *conditions: Any) -> Any:
        """Draw images of a level, from coarse images of the data.

        Args:
            level: index of the level, 0 for the coarsest.
            real: images, as many as are drawn.
            *conditions: as in `discriminator_loss`.
        """
        latents = self.draws.rows(self.sample_latents, ops.shape(real)[0])
        part = self._split(latents)[level]
        drawn = self.generators[level]([part, *conditions], training=True)
        return drawn if level == 0 else conditions[0] + drawn

    def judge(self, level: int, images: Any, conditions: Sequence[Any] = ()) -> Any:
        """Logits of a level's discriminator, which sees whole images, and labels.

        Args:
            level: index of the level, 0 for the coarsest.
            images: real or drawn ones.
            conditions: as in `discriminator_loss`.
        """
        labels = conditions[min(level, 1) :]
        return self.discriminators[level]([images, *labels], training=True)

    # ---- compile -----------------------------------------------------------------------------

    def compile(
        self,
        loss: str | losses.AdversarialLoss = "non_saturating",
        optimizers: dict | None = None,
        penalties: Sequence[Any] = (),
        averaging: Averaging | None = None,
        levels: Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        """Choose the objective, the optimizers, and the levels that train.

        Args:
            loss: a name that `gankit.losses.get` knows, or an `AdversarialLoss`, for all levels.
            optimizers: player to Keras optimizer, such as `{"generator_28": "rmsprop"}`.
            penalties: of every discriminator: see `gankit.GAN.compile`.
            averaging: how to average the weights of every generator. None: not.
            levels: sides of the levels that train, such as `[28]`; the others stay as they are.
                None: all.
            **options: `run_eagerly`, `jit_compile`, `steps_per_execution`: see `Game.compile`.

        Raises:
            ValueError: for an unknown loss, player or level.
            TypeError: if an object is not of the class that its argument asks for.
        """
        self.adversarial_loss = losses.get(loss)
        levels = self.sides if levels is None else levels
        self.levels = tuple(checks.check_choice("levels", side, self.sides) for side in levels)
        checks.check_kind("averaging", averaging, Averaging)
        self._chains.clear()  # the averages are made anew
        super().compile(
            optimizers,
            {f"generator_{side}": averaging for side in self.sides},
            {f"discriminator_{side}": penalties for side in self.sides},
            **options,
        )

    def get_compile_config(self) -> dict | None:
        """Arguments of `compile`, ready to be written to a file."""
        config = super().get_compile_config()
        if config is None:
            return None
        averages, penalties = config.pop("averages"), config.pop("penalties")
        return config | {
            "loss": keras.saving.serialize_keras_object(self.adversarial_loss),
            "averaging": averages.get(f"generator_{self.sides[0]}"),
            "penalties": penalties[f"discriminator_{self.sides[0]}"],
            "levels": list(self.levels),
        }

    # ---- drawing -----------------------------------------------------------------------------

    def sample_latents(self, n: Any, seed: Any) -> Any:
        """Draw the latents of all levels from the standard normal distribution.

        Args:
            n: how many vectors.
            seed: integer, or a `keras.random.SeedGenerator`.
        """
        return keras.random.normal((n, self.latent_dim), seed=seed)

    def generate(
        self,
        n: int | None = None,
        *,
        from_coarse: Any = None,
        labels: Any = None,
        latents: Any = None,
        seed: int | None = None,
        batch_size: int = 128,
        training: bool = False,
        averaged: bool | None = None,
    ) -> np.ndarray:
        """Draw images, or add detail to coarse ones.

        Args:
            n: how many; may be left out where something else says it.
            from_coarse: images in [-1, 1] of one of the sides but the last, from which to go on.
            labels: for a conditional game, class numbers.
            latents: vectors of `latent_dim` numbers, instead of drawing them.
            seed: what the latents depend on. None: different ones at each call.
            batch_size: how many to compute at once.
            training: run in training mode, with dropout.
            averaged: whether to use the averaged generators. None: where there are some.

        Returns:
            Array of float32 in [-1, 1], shape `(n, *image_shape)`.

        Raises:
            TypeError: if class numbers are not integers.
            ValueError: on contradicting or missing arguments, or coarse images of another side.
        """
        if from_coarse is None:
            return super().generate(
                n,
                labels=labels,
                latents=latents,
                seed=seed,
                batch_size=batch_size,
                training=training,
                averaged=averaged,
            )
        coarse = _building.check_arrays("from_coarse", from_coarse, (None, None, self.channels))
        if coarse.shape[1] != coarse.shape[2] or coarse.shape[1] not in self.sides[:-1]:
            raise ValueError(
                f"`from_coarse` must hold square images with a side of "
                f"{' or '.join(map(str, self.sides[:-1]))}. Received: shape {coarse.shape}."
            )
        labels = self._checked_labels(labels)
        rows = len(coarse) if n is None else n
        latents = self._checked_latents(latents, seed, rows, coarse if labels is None else labels)
        start = self.sides.index(coarse.shape[1])
        inputs = [latents, coarse] if labels is None else [latents, coarse, labels]
        return sampling.in_batches(self.chain(averaged, start), inputs, batch_size, training)

    @property
    def channels(self) -> int:
        """Number of channels of the images."""
        return self.example_shape[-1]

    def generator_for(self, averaged: bool | None) -> keras.Model:
        """The whole chain of generators: latents, and labels, to images.

        Args:
            averaged: whether to take the averaged generators. None: where there are some.

        Raises:
            ValueError: if it should, and no weights are averaged.
        """
        return self.chain(averaged)

    def chain(self, averaged: bool | None = None, start: int | None = None) -> keras.Model:
        """A network of the generators, one after the other.

        Args:
            averaged: whether to take the averaged generators. None: where there are some.
            start: index of the level whose images are given: the network then takes latents,
                images, and labels. None: it begins with the coarsest generator.

        Raises:
            ValueError: if averaged ones are asked for, and no weights are averaged.
        """
        if averaged and not self.averages:
            raise ValueError(
                "No weights are averaged. Received: averaged=True. Compile with "
                "averaging=gankit.averaging.Averaging()."
            )
        generators = self.generators
        if self.averages and averaged is not False:
            generators = [self.averages[f"generator_{side}"].networks[0] for side in self.sides]
        key = start, *map(id, generators)
        if key not in self._chains:
            self._chains[key] = self._connect(generators, start)
        return self._chains[key]

    def _connect(self, generators, start):
        latents = keras.Input((self.latent_dim,), name="latents")
        labels, parts = label_inputs(self.num_classes), self._split(latents)
        if start is None:
            inputs, images, first = [latents], generators[0]([parts[0], *labels]), 1
        else:
            images = keras.Input((self.sides[start], self.sides[start], self.channels))
            inputs, first = [latents, images], start + 1
        for generator, part in zip(generators[first:], parts[first:], strict=True):
            coarse = up(images)
            images = coarse + generator([part, coarse, *labels])
        return keras.Model([*inputs, *labels], ops.clip(images, *self.data_range))

    def _split(self, latents):
        """The latents of each level: a vector, then maps of noise."""
        ends = np.cumsum(self.latent_sizes)[:-1].tolist()
        first, *others = ops.split(latents, ends, axis=-1)
        sides = self.sides[1:]
        return [first, *(ops.reshape(p, (-1, s, s, 1)) for p, s in zip(others, sides, strict=True))]

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The images of latents, and labels; never the average's."""
        return self.chain(averaged=False)(inputs, training=training)
