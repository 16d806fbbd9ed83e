r"""Super-resolution: SRResNet, and SRGAN, which invents the detail that a mean cannot have.

A generator $G$ makes a picture `scale` times as large. It is trained on pictures $y$ and their
bicubic reductions $x$, in two phases of the same model:

    1. MSE:          L_G = E (y - G(x))^2
    2. adversarial:  L_G = content(y, G(x)) + 1e-3 E sp(-s(G(x))),   from the weights of phase 1

with the discriminator's logit $s$ and $\mathrm{sp}(t) = \log(1 + e^t)$, so the second term is
$-10^{-3} \log D(G(x))$. The content is the MSE again, or a distance of feature maps.

`SRGAN` is the game. Offered here too: its networks (`gankit.models.srgan_networks`), `VGGContent`
(`gankit.models.vgg_content`), `upscale`, which applies the trained generator to pictures of any
size (`gankit.models.upscaling`), and bicubic resampling (`gankit.resampling`).
`python -m gankit.commands.srgan` trains and uses it from the shell.

Source: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
Network" (2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit import backend, checks, feed
from gankit.gan import TwoPlayerGame
from gankit.layers.pixel_shuffle import ICNR
from gankit.models._building import check_arrays, seed_pair
from gankit.models.srgan_networks import (
    LIGHT,
    SCALES,
    build_discriminator,
    build_generator,
    check_image_shape,
)
from gankit.models.upscaling import receptive_radius, upscale
from gankit.models.vgg_content import VGGContent
from gankit.resampling import bicubic_downscale, bicubic_upscale, bicubic_weights
from gankit.sampling import check_inputs, in_batches

__all__ = [
    "ICNR",
    "LIGHT",
    "SCALES",
    "SRGAN",
    "VGGContent",
    "bicubic_downscale",
    "bicubic_upscale",
    "build_discriminator",
    "build_generator",
    "receptive_radius",
    "upscale",
]


@keras.saving.register_keras_serializable("gankit")
class SRGAN(TwoPlayerGame):
    r"""Super-resolution by a generator that is trained first for PSNR, then for looks.

    `fit` takes only large pictures: crops of one size in [-1, 1]. Each step flips and turns them at
    random and makes their small versions: bicubic, and rounded to 256 levels like pictures from a
    file. `compile` chooses the phase:

        gan.compile(adversarial_weight=0)                        # phase 1: SRResNet, by MSE
        gan.compile(content=VGGContent("block5_conv4", path))    # phase 2: SRGAN, from its weights

    Give each phase its own `BackupAndRestore` with `delete_when_done=False`. If the script is
    killed within a phase or between the two, start it again, and it continues.

    Args:
        image_shape: `(height, width, channels)` of the crops to train on: sides that are multiples
            of `scale` and at least 16, 1 or 3 channels. The paper's is (96, 96, 3). Pictures to be
            enlarged may have any size.
        scale: how many times larger the results are: 2, 3, 4 or 8.
        generator_sizes: arguments of `build_generator`, such as `LIGHT`. None: the paper's.
        discriminator_sizes: arguments of `build_discriminator`. None: the paper's.
        augment: whether to show each crop flipped and turned at random, in one of eight
            orientations (four, if the crop is not square).
        seed: what the initial weights, the orientations and the order of the data depend on. None
            draws one.

    Raises:
        TypeError: if the sizes are no dictionaries, or `augment` is not True or False.
        ValueError: for a shape or a size that is not as above.

    Example:

    >>> import numpy as np
    >>> from gankit.models.srgan import SRGAN
    >>> tiny = {"width": 4, "blocks": 1}, {"width": 2, "dense": 8}
    >>> gan = SRGAN((16, 16, 3), 4, *tiny, seed=0)
    >>> crops = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 3)).astype("float32")
    >>> gan.compile(adversarial_weight=0)
    >>> sorted(gan.fit(crops, batch_size=4, verbose=0).history)
    ['content_loss', 'generator_loss']
    >>> gan.compile()
    >>> sorted(gan.fit(crops, batch_size=4, verbose=0).history)
    ['content_loss', 'discriminator_loss', 'fake_logit', 'generator_loss', 'real_logit']
    >>> gan.enlarge(np.zeros((1, 10, 7, 3), "float32")).shape
    (1, 40, 28, 3)

    Source: Ledig et al. (2017), sections 2 and 3.2. Departures besides those of the networks: the
    crops are augmented; small pictures are rounded to 256 levels.
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (96, 96, 3),
        scale: int = 4,
        generator_sizes: dict | None = None,
        discriminator_sizes: dict | None = None,
        augment: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ):
        of_generator, of_discriminator = seed_pair(seed)
        image_shape = check_image_shape(image_shape, scale)
        checks.check_kind("generator_sizes", generator_sizes, dict)
        checks.check_kind("discriminator_sizes", discriminator_sizes, dict)
        super().__init__(
            build_generator(scale, image_shape[-1], seed=of_generator, **(generator_sizes or {})),
            build_discriminator(image_shape, seed=of_discriminator, **(discriminator_sizes or {})),
            seed=seed,
            **kwargs,
        )
        self.augment = checks.check_flag("augment", augment)
        self.scale, self.image_shape = scale, image_shape
        # Of each axis: from a line of large pixels to one of small pixels.
        self._shrink = [
            bicubic_weights(side, side // scale).astype("float32") for side in image_shape[:2]
        ]

    # ---- training ----------------------------------------------------------------------------

    def default_optimizers(self) -> dict:
        """Return Adam with learning rate 1e-4 and beta_1 0.9 for both, as in section 3.2."""
        return {name: keras.optimizers.Adam(1e-4, name=f"{name}_adam") for name in self.players()}

    def compile(
        self, content: Any = "mse", adversarial_weight: float = 1e-3, **options: Any
    ) -> None:
        """Choose the phase, the content loss and the optimizers. The optimizers start anew.

        Args:
            content: `"mse"`; a `VGGContent`; or a function `(target, prediction) -> scalar` of
                tensors in [-1, 1], which a saved model does not keep (compile it again).
            adversarial_weight: factor of the adversarial loss; the default is the paper's. 0 is
                phase 1, which does not train the discriminator.
            **options: as in `gankit.GAN.compile`: optimizers, loss, penalties, averaging ...

        Raises:
            TypeError: if the weight is not a number, and as in `gankit.GAN.compile`.
            ValueError: for an unknown content, a weight below 0, and as in `gankit.GAN.compile`.
        """
        named = isinstance(content, str) and content == "mse"
        if not named and (isinstance(content, type) or not callable(content)):
            raise ValueError(
                f"`content` must be 'mse', a VGGContent or a function of target and prediction. "
                f"Received: content={content!r}."
            )
        weight = checks.check_number("adversarial_weight", adversarial_weight, 0)
        self.content, self.adversarial_weight = content, weight
        self.discriminator_rests = "" if weight else "adversarial_weight=0"
        super().compile(**options)

    def shrink(self, large: Any) -> Any:
        """Make the small versions of a batch of crops, as a tensor: bicubic, 256 levels.

        Args:
            large: tensor `(batch, *image_shape)` in [-1, 1].

        Returns:
            Tensor `(batch, height / scale, width / scale, channels)`. It equals what
            `bicubic_downscale` makes of the crops' bytes, except for rounding between two levels.
        """
        small = ops.einsum("ih,nhwc,jw->nijc", self._shrink[0], large, self._shrink[1])
        levels = ops.floor((ops.clip(small, -1.0, 1.0) + 1.0) * 127.5 + 0.5)
        return levels / 127.5 - 1.0

    def batch_spec(self) -> list[tuple]:
        """Declare large pictures: crops of the size to train on."""
        return [(feed.Examples(self.image_shape, (-1.0, 1.0)),)]

    def step(self, large: Any) -> None:
        """Update both players on crops in random orientations; in phase 1, only the generator.

        Args:
            large: large pictures, shape `(batch, *image_shape)`.
        """
        super().step(self.random_flips(large) if self.augment else large)

    def generator_loss(self, large: Any) -> tuple[Any, dict]:
        """Return the content loss, plus in phase 2 the weighted adversarial loss.

        Args:
            large: large pictures, shape `(batch, *image_shape)`.
        """
        fake = self.fake(large)
        if self.content == "mse":
            loss = content = ops.mean(ops.square(large - fake))
        else:
            loss = content = self.content(large, fake)
        if self.adversarial_weight:
            adversarial, _ = super().generator_loss(large, fake=fake)
            loss = content + self.adversarial_weight * adversarial
        return loss, {"content_loss": content, "generator_loss": loss}

    def fake(self, large: Any) -> Any:
        """Enlarge the small versions of large pictures, in training mode.

        Args:
            large: large pictures, shape `(batch, *image_shape)`.
        """
        return self.generator(self.shrink(large), training=True)

    def random_flips(self, pictures: Any) -> Any:
        """Flip each picture up-down and left-right, and transpose it, each at random.

        Args:
            pictures: shape `(batch, *image_shape)`.
        """
        axes = [(0, 2, 1, 3)] if pictures.shape[1] == pictures.shape[2] else []
        turns = [lambda x: ops.flip(x, 1), lambda x: ops.flip(x, 2)]
        turns += [lambda x, axes=axes: ops.transpose(x, axes) for axes in axes]
        for turn in turns:
            pictures = ops.where(self.draws.uniform(pictures) < 0.5, turn(pictures), pictures)
        return pictures

    # ---- use ---------------------------------------------------------------------------------

    def enlarge(
        self, pictures: Any, batch_size: int = 16, averaged: bool | None = None
    ) -> np.ndarray:
        """Enlarge a batch of pictures of one size, each as a whole.

        Args:
            pictures: float array `(n, height, width, channels)` in [-1, 1].
            batch_size: how many to compute at once.
            averaged: whether to use the averaged generator. None: where there is one.

        Returns:
            float32 array `(n, scale * height, scale * width, channels)`, cut to [-1, 1].

        Raises:
            TypeError: if the pictures are not floating point.
            ValueError: if they have another shape or leave [-1, 1].
        """
        pictures = check_arrays("pictures", pictures, (None, None, self.image_shape[-1]))
        network = self.generator_for(averaged)
        backend.sync(self)
        return in_batches(network, [pictures], batch_size).clip(-1, 1)

    makes_from = "pictures"

    def inputs_for(self, n: int, seed: int, given: Any = None) -> tuple[np.ndarray, ...]:
        """Return what `make` enlarges: the pictures themselves.

        Args:
            n: how many.
            seed: not used; nothing is drawn.
            given: the small pictures.

        Raises:
            TypeError, ValueError: if these are not `n` pictures such as `enlarge` takes.
        """
        check_inputs("SRGAN", n, given)
        return (check_arrays("inputs", given, (None, None, self.image_shape[-1])),)

    def make(self, inputs: Sequence[np.ndarray], averaged: bool | None = None) -> np.ndarray:
        """Enlarge what `inputs_for` gave.

        Args:
            inputs: a tuple that holds only the pictures.
            averaged: as in `enlarge`.
        """
        return self.enlarge(inputs[0], averaged=averaged)

    # ---- saving ------------------------------------------------------------------------------

    def get_compile_config(self) -> dict | None:
        """Return the arguments of `compile`, ready to be written to a file."""
        config = super().get_compile_config()
        if config is None:
            return None
        kept = self.content == "mse" or hasattr(self.content, "get_config")
        content = keras.saving.serialize_keras_object(self.content if kept else _NotSaved())
        return config | {"content": content, "adversarial_weight": self.adversarial_weight}


@keras.saving.register_keras_serializable("gankit")
class _NotSaved:
    """What a loaded model has in place of a content loss that no file can hold."""

    def __call__(self, target, prediction):
        raise ValueError(
            "This model's content loss was a function, which its file does not hold. Compile it "
            "again: compile(content=...)."
        )

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls()
