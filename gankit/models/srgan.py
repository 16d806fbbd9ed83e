r"""Super-resolution: SRResNet, and SRGAN, which invents the detail that a mean cannot have.

A generator $G$ makes a picture `scale` times as large. It is trained on pictures $y$ and their
bicubic reductions $x$, in two phases of the same model:

    1. MSE:          L_G = E (y - G(x))^2
    2. adversarial:  L_G = content(y, G(x)) + 1e-3 E sp(-s(G(x))),   from the weights of phase 1

with the discriminator's logit $s$ and $\mathrm{sp}(t) = \log(1 + e^t)$, so the second term is
$-10^{-3} \log D(G(x))$. The content is the MSE again, or a distance of feature maps (`VGGContent`).
`upscale` applies the trained generator to pictures of any size.

Source: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
Network" (2017).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from gankit import backend, checks, feed, losses
from gankit.gan import TwoPlayerGame
from gankit.layers.pixel_shuffle import ICNR, PixelShuffle
from gankit.normalization import BatchNormalization
from gankit.resampling import bicubic_downscale, bicubic_upscale, bicubic_weights
from gankit.sampling import check_inputs, in_batches
from gankit.weights import published_weights

__all__ = [
    "LIGHT",
    "SRGAN",
    "VGGContent",
    "bicubic_downscale",
    "bicubic_upscale",
    "build_discriminator",
    "build_generator",
    "receptive_radius",
    "upscale",
]

SCALES = (2, 3, 4, 8)

LIGHT = {
    "width": 32,
    "blocks": 8,
    "batch_norm": False,
    "kernel_size": 3,
    "upsampling": "direct",
    "skip": "bilinear",
}
"""Arguments of a generator for a CPU: a ninth of the paper's weights, a tenth of its work."""


def build_generator(
    scale: int = 4,
    channels: int = 3,
    width: int = 64,
    blocks: int = 16,
    batch_norm: bool = True,
    kernel_size: int = 9,
    upsampling: str = "staged",
    skip: str | None = None,
    seed: int | None = None,
) -> keras.Model:
    r"""Build SRResNet: pictures in [-1, 1] of any size to pictures `scale` times as large.

        conv k9 - PReLU -+- blocks of [conv k3 - BN - PReLU - conv k3 - BN - add] - conv k3 - BN -+
                         +------------------------------------------------------------------- add
        - stages of [conv k3 to 4 width maps - shuffle to twice the size - PReLU] - conv k9

    All but the last stages work at the small size. The convolutions before a shuffle start as
    `ICNR` has it, so that the untrained network writes no checkerboard.

    Args:
        scale: 2, 3, 4 or 8; powers of two in stages of 2.
        channels: 3 for color, 1 for gray.
        width: maps of every layer at the small size.
        blocks: residual blocks.
        batch_norm: whether to normalize. Without it (Lim et al. 2017) a network trains at higher
            rates and in mixed precision, and a picture's contrast passes unchanged.
        kernel_size: side of the first and the last kernel, odd; the others have 3.
        upsampling: `"staged"`, the paper's; or `"direct"`, one convolution to `scale**2 * channels`
            maps and one shuffle (Shi et al. 2016), all the work at the small size.
        skip: None, the paper's; or `"bilinear"`: the network's output is added to the bilinear
            enlargement of its input (Kim et al. 2016), so that it learns the difference alone.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `generator`, without activation at its end and in float32 there.

    Raises:
        ValueError: for a value that is not as above.

    Example:

    >>> from gankit.models.srgan import LIGHT, build_generator
    >>> build_generator(4).count_params(), build_generator(4, **LIGHT).count_params()
    (1554883, 172272)
    >>> build_generator(2, channels=1, width=8, blocks=1).compute_output_shape((5, 20, 30, 1))
    (5, 40, 60, 1)

    Source: Ledig et al. (2017), section 2.1 and figure 4. Departures: inputs in [-1, 1] where the
    paper has [0, 1] (its outputs are in [-1, 1] too).
    """
    _check_generator(scale, channels, width, blocks, kernel_size, upsampling, skip)
    kernels = _Kernels(seed)
    same = dict(padding="same", data_format="channels_last")

    def convolve(x, maps, name, side=3, shuffled=1, normalized=False, gain=1.0, **options):
        x = layers.Conv2D(
            maps * shuffled**2,
            side,
            kernel_initializer=kernels(gain, shuffled),
            name=name,
            **same,
            **options,
        )(x)
        if normalized:
            # Few updates per picture: Keras' momentum of 0.99 would lag behind the weights.
            x = BatchNormalization(axis=-1, momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
        return x if shuffled == 1 else PixelShuffle(shuffled, name=f"{name}_shuffle")(x)

    def activate(x, name):
        slopes = keras.initializers.Constant(0.25)
        return layers.PReLU(slopes, shared_axes=[1, 2], name=f"{name}_prelu")(x)

    pictures = keras.Input((None, None, channels), name="pictures")
    x = first = activate(convolve(pictures, width, "first", kernel_size), "first")
    for block in range(1, blocks + 1):
        name = f"block_{block}"
        y = activate(convolve(x, width, f"{name}_a", normalized=batch_norm), name)
        y = convolve(y, width, f"{name}_b", normalized=batch_norm)
        x = layers.Add(name=f"{name}_add")([x, y])
    x = convolve(x, width, "last_block", normalized=batch_norm)
    x = layers.Add(name="trunk")([x, first])
    gain = 0.01 if skip else 1.0  # beside a skip, the network begins with what it adds to
    if upsampling == "staged":
        for stage, factor in enumerate(_stages(scale), start=1):
            x = activate(convolve(x, width, f"up_{stage}", shuffled=factor), f"up_{stage}")
        x = convolve(x, channels, "image", kernel_size, gain=gain)
    else:
        x = convolve(x, channels, "image", shuffled=scale, gain=gain)
    x = layers.Identity(dtype="float32", name="detail" if skip else "enlarged")(x)
    if skip:
        larger = layers.UpSampling2D(
            scale, "channels_last", interpolation=skip, dtype="float32", name="skip"
        )(pictures)
        x = layers.Add(dtype="float32", name="enlarged")([x, larger])
    return keras.Model(pictures, x, name="generator")


def build_discriminator(
    image_shape: Sequence[int],
    width: int = 64,
    dense: int = 1024,
    batch_norm: bool = True,
    seed: int | None = None,
) -> keras.Model:
    r"""Build the discriminator: large pictures of one size to logits `(batch, 1)`.

    Eight convolutions k3 with `width` times 1, 1, 2, 2, 4, 4, 8, 8 maps, every second one of stride
    2, each followed by LeakyReLU of slope 0.2 and, but for the first, preceded in that by batch
    normalization; then a dense layer, LeakyReLU, and one linear unit.

    Args:
        image_shape: `(height, width, channels)` of the crops it judges, sides of at least 16.
        width: maps of the first convolution.
        dense: units of the hidden dense layer.
        batch_norm: whether to normalize.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `discriminator`.

    Raises:
        ValueError: for a shape that is not as above, or a count below 1.

    Example:

    >>> from gankit.models.srgan import build_discriminator
    >>> build_discriminator((96, 96, 3)).count_params()
    23569217

    Source: Ledig et al. (2017), section 2.1 and figure 4.
    """
    image_shape = _check_image_shape(image_shape)
    for name, value in (("width", width), ("dense", dense)):
        checks.check_count(name, value)
    kernels = _Kernels(seed)
    pictures = x = keras.Input(image_shape, name="pictures")
    for index in range(8):
        normalized = batch_norm and index > 0
        name = f"conv_{index + 1}"
        x = layers.Conv2D(
            width * 2 ** (index // 2),
            3,
            strides=1 + index % 2,
            padding="same",
            data_format="channels_last",
            kernel_initializer=kernels(),
            name=name,
        )(x)
        if normalized:
            x = BatchNormalization(axis=-1, momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
        x = layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
    x = layers.Flatten(data_format="channels_last", name="flat")(x)
    x = layers.Dense(dense, kernel_initializer=kernels(), name="hidden")(x)
    x = layers.LeakyReLU(0.2, name="hidden_relu")(x)
    logits = layers.Dense(1, kernel_initializer=kernels(), dtype="float32", name="logit")(x)
    return keras.Model(pictures, logits, name="discriminator")


@keras.saving.register_keras_serializable("gankit")
class VGGContent:
    r"""Content loss of SRGAN: mean squared difference of a layer's maps in VGG-19.

    $$L = \mathrm{factor} \cdot E\,[\phi(y) - \phi(\hat y)]^2$$

    with the maps $\phi$ after the layer's activation. VGG5,4 of the paper is `"block5_conv4"`,
    VGG2,2 is `"block2_conv2"`.

    Args:
        layer: name of the layer, as Keras' `VGG19` has it.
        weights: `"imagenet"`, 80 MB that are downloaded once; the path of that file
            (`vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5`); or of an `.npz` with arrays
            `conv1_1_kernel`, `conv1_1_bias`, ... of the first layers.
        factor: what the mean is multiplied with. None: the paper's 1/12.75 squared. That fits
            the original weights; files of weights whose activations were rescaled need their own.

    Raises:
        RuntimeError: if `"imagenet"` is neither there nor to be had.
        FileNotFoundError: if there is no such file.
        ValueError: if the file holds no such layer, naming those it has, or is of another kind.

    Example, of a network with weights of one's own:

    >>> import numpy as np, tempfile
    >>> from gankit.models.srgan import VGGContent
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/vgg.npz", conv1_1_kernel=np.ones((3, 3, 3, 2), "float32"),
    ...              conv1_1_bias=np.zeros(2, "float32"))
    ...     content = VGGContent("block1_conv1", f"{folder}/vgg.npz")
    >>> pictures = np.zeros((1, 8, 8, 3), "float32")
    >>> float(content(pictures, pictures))
    0.0

    Source: Ledig et al. (2017), equation 5 and section 3.2. Departure: the mean is over maps too.
    """

    def __init__(
        self, layer: str = "block5_conv4", weights: str = "imagenet", factor: float | None = None
    ):
        self.layer, self.weights = layer, str(weights)
        self.factor = 12.75**-2 if factor is None else float(factor)
        network = _vgg19(self.weights)
        known = [known.name for known in network.layers]
        if layer not in known:
            raise ValueError(f"`layer` must be one of {known[1:]}. Received: layer={layer!r}.")
        self.loss = losses.PerceptualLoss(network, [layer], [self.factor])

    def __call__(self, target: Any, prediction: Any) -> Any:
        """The loss, a scalar.

        Args:
            target: pictures in [-1, 1], shape `(batch, height, width, channels)`, 1 or 3 channels.
            prediction: pictures of the same shape; gradients flow to both.
        """
        return self.loss(_to_vgg(target), _to_vgg(prediction))

    def get_config(self) -> dict:
        """Arguments that make an equal loss; the weights are read from their file again."""
        return {"layer": self.layer, "weights": self.weights, "factor": self.factor}

    @classmethod
    def from_config(cls, config: dict) -> VGGContent:
        """Make a loss from what `get_config` gave."""
        return cls(**config)


_PUBLISHED = {
    "path": "vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "md5": "253f8cb515780f3b799900260a226db6",
    "size": "80 MB",
    "instead": "Or give `content` another loss, such as a `losses.PerceptualLoss`.",
}
_VGG_MEAN = (103.939, 116.779, 123.68)  # of ImageNet, in the order blue, green, red


def _to_vgg(pictures: Any) -> Any:
    """Levels 0..255 as the authors of VGG took them: blue first, and without the mean."""
    if pictures.shape[-1] == 1:
        pictures = ops.repeat(pictures, 3, axis=-1)
    levels = (ops.flip(pictures, -1) + 1.0) * 127.5
    return levels - ops.convert_to_tensor(_VGG_MEAN, dtype=levels.dtype)


def _vgg19(weights: str) -> keras.Model:
    if weights == "imagenet":
        weights = published_weights(**_PUBLISHED)
    if not Path(weights).is_file():
        raise FileNotFoundError(
            f"There is no file {weights!r} with weights of VGG-19. (A saved SRGAN reads it again; "
            f"to use one without training, load it with compile=False.)"
        )
    if Path(weights).suffix in (".h5", ".keras"):
        with backend.single_precision():  # whatever precision the model trains in
            return keras.applications.VGG19(include_top=False, weights=weights)
    if Path(weights).suffix != ".npz":
        raise ValueError(f"`weights` must be 'imagenet', a .h5 or a .npz. Received: {weights!r}.")
    with np.load(weights) as arrays, backend.single_precision():
        return _first_layers({name: arrays[name] for name in arrays.files})


def _first_layers(arrays: dict[str, np.ndarray]) -> keras.Model:
    """As much of VGG-19 as there are weights for."""
    names = [
        (block, conv)
        for block, convs in enumerate((2, 2, 4, 4, 4), start=1)
        for conv in range(1, convs + 1)
    ]
    x = pictures = keras.Input((None, None, 3))
    found = []
    for block, conv in names:
        if f"conv{block}_{conv}_kernel" not in arrays:
            break
        if conv == 1 and block > 1:
            x = layers.MaxPooling2D(2, 2, data_format="channels_last", name=f"block{block}_in")(x)
        found.append([arrays[f"conv{block}_{conv}_{part}"] for part in ("kernel", "bias")])
        x = layers.Conv2D(
            found[-1][0].shape[-1],
            3,
            padding="same",
            activation="relu",
            data_format="channels_last",
            name=f"block{block}_conv{conv}",
        )(x)
    network = keras.Model(pictures, x, name="vgg19")
    network.set_weights([array for pair in found for array in pair])
    network.trainable = False
    return network


@keras.saving.register_keras_serializable("gankit")
class SRGAN(TwoPlayerGame):
    r"""Super-resolution by a generator that is trained for PSNR first and for looks then.

    `fit` takes large pictures alone: crops of one size in [-1, 1]. The step makes their small
    versions itself, bicubic and rounded to 256 levels, as they would come from a file; each batch
    is flipped and turned at random first. `compile` chooses the phase:

        gan.compile(adversarial_weight=0)                        # phase 1: SRResNet, by MSE
        gan.compile(content=VGGContent("block5_conv4", path))    # phase 2: SRGAN, from its weights

    With a `BackupAndRestore` of its own for each phase (`delete_when_done=False`), the same script
    started again goes on where it was killed, within a phase or between the two.

    Args:
        image_shape: `(height, width, channels)` of the crops to train on: sides that are multiples
            of `scale` and at least 16, 1 or 3 channels. The paper's is (96, 96, 3). Pictures to be
            enlarged may have any size.
        scale: how many times larger the results are: 2, 3, 4 or 8.
        generator_sizes: arguments of `build_generator`, such as `LIGHT`. None: the paper's.
        discriminator_sizes: arguments of `build_discriminator`. None: the paper's.
        augment: whether to show each crop in one of its eight positions (four, if it is no square).
        seed: what the initial weights, the positions and the order of the data depend on. None
            draws one.

    Raises:
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
        seeds = [None if seed is None else seed + offset for offset in (1, 2)]
        image_shape = _check_image_shape(image_shape, scale)
        generator = build_generator(
            scale, image_shape[-1], seed=seeds[0], **dict(generator_sizes or {})
        )
        discriminator = build_discriminator(
            image_shape, seed=seeds[1], **dict(discriminator_sizes or {})
        )
        super().__init__(generator, discriminator, seed=seed, **kwargs)
        backend.seed_layers(generator)
        backend.seed_layers(discriminator)
        self.scale, self.augment, self.image_shape = scale, augment, image_shape
        # Of each axis: from a line of large pixels to one of small pixels.
        self._shrink = [
            bicubic_weights(side, side // scale).astype("float32") for side in image_shape[:2]
        ]

    # ---- training ----------------------------------------------------------------------------

    def default_optimizers(self) -> dict:
        """Adam with learning rate 1e-4 and beta_1 0.9 for both (Ledig et al., section 3.2)."""
        return {name: keras.optimizers.Adam(1e-4, name=f"{name}_adam") for name in self.players()}

    def compile(
        self, content: Any = "mse", adversarial_weight: float = 1e-3, **options: Any
    ) -> None:
        """Choose the phase, the content loss and the optimizers, which begin anew.

        Args:
            content: `"mse"`; a `VGGContent`; or a function `(target, prediction) -> scalar` of
                tensors in [-1, 1], which a saved model does not keep (compile it again).
            adversarial_weight: what the adversarial loss is multiplied with, the paper's 1e-3. 0
                is phase 1: the discriminator then rests.
            **options: as in `GAN.compile`: optimizers, loss, penalties, averaging ...

        Raises:
            ValueError: for an unknown content or a weight below 0, and as `GAN.compile` does.
        """
        if content != "mse" and not callable(content):
            raise ValueError(
                f"`content` must be 'mse', a VGGContent or a function of target and prediction. "
                f"Received: content={content!r}."
            )
        if not 0 <= adversarial_weight < math.inf:
            raise ValueError(
                f"`adversarial_weight` must be a number of at least 0. "
                f"Received: adversarial_weight={adversarial_weight!r}."
            )
        self.content, self.adversarial_weight = content, float(adversarial_weight)
        super().compile(**options)

    def shrink(self, large: Any) -> Any:
        """Make the small versions of a batch of crops, as a tensor: bicubic, 256 levels.

        Args:
            large: tensor `(batch, *image_shape)` in [-1, 1].

        Returns:
            Tensor `(batch, height / scale, width / scale, channels)`, equal to what
            `bicubic_downscale` makes of the crops' bytes but for rounding on the edge of a level.
        """
        small = ops.einsum("ih,nhwc,jw->nijc", self._shrink[0], large, self._shrink[1])
        levels = ops.floor((ops.clip(small, -1.0, 1.0) + 1.0) * 127.5 + 0.5)
        return levels / 127.5 - 1.0

    def batch_spec(self) -> list[tuple]:
        """Large pictures: crops of the size to train on."""
        return [(feed.Examples(self.image_shape, (-1.0, 1.0)),)]

    def step(self, large: Any) -> None:
        """Update both players on crops in random positions; in phase 1, the generator alone.

        Args:
            large: large pictures, shape `(batch, *image_shape)`.
        """
        large = self.random_flips(large) if self.augment else large
        if self.adversarial_weight:
            super().step(large)
        else:
            self.update("generator", self.generator_loss, large)

    def generator_loss(self, large: Any) -> tuple[Any, dict]:
        """The content loss, and the weighted adversarial loss.

        Args:
            large: large pictures, shape `(batch, *image_shape)`.
        """
        fake = self.fake(large)
        loss = content = self._content_loss(large, fake)
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
        """Mirror each picture, turn it upside down and transpose it, or not, by three coins.

        Args:
            pictures: shape `(batch, *image_shape)`.
        """
        axes = [(0, 2, 1, 3)] if pictures.shape[1] == pictures.shape[2] else []
        turns = [lambda x: ops.flip(x, 1), lambda x: ops.flip(x, 2)]
        turns += [lambda x, axes=axes: ops.transpose(x, axes) for axes in axes]
        for turn in turns:
            pictures = ops.where(self.draws.uniform(pictures) < 0.5, turn(pictures), pictures)
        return pictures

    def _content_loss(self, target: Any, prediction: Any) -> Any:
        if self.content == "mse":
            return ops.mean(ops.square(target - prediction))
        return self.content(target, prediction)

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
        pictures = np.asarray(ops.convert_to_numpy(pictures))
        feed.Examples((None, None, self.image_shape[-1]), (-1.0, 1.0), "pictures").check(pictures)
        network = self.generator_for(averaged)
        backend.sync(self)
        return in_batches(network, [pictures], batch_size).clip(-1, 1)

    makes_from = "pictures"

    def inputs_for(self, n: int, seed: int, given: Any = None) -> tuple[np.ndarray, ...]:
        """What `make` enlarges: the pictures themselves.

        Args:
            n: how many.
            seed: not used; nothing is drawn.
            given: the small pictures.

        Raises:
            TypeError, ValueError: if these are not `n` pictures such as `enlarge` takes.
        """
        check_inputs("SRGAN", n, given)
        feed.Examples((None, None, self.image_shape[-1]), (-1.0, 1.0), "inputs").check(given)
        return (np.asarray(given, "float32"),)

    def make(self, inputs: Sequence[np.ndarray], averaged: bool | None = None) -> np.ndarray:
        """Enlarge what `inputs_for` gave.

        Args:
            inputs: the pictures, alone in a tuple.
            averaged: as in `enlarge`.
        """
        return self.enlarge(inputs[0], averaged=averaged)

    # ---- saving ------------------------------------------------------------------------------

    def get_compile_config(self) -> dict | None:
        """Arguments of `compile`, ready to be written to a file."""
        config = super().get_compile_config()
        if config is None:
            return None
        content = self.content
        if content != "mse" and not hasattr(content, "get_config"):
            content = _NotSaved()
        content = keras.saving.serialize_keras_object(content)
        return config | {"content": content, "adversarial_weight": self.adversarial_weight}


@keras.saving.register_keras_serializable("gankit")
class _NotSaved:
    """Stands in a loaded model for a content loss that no file can hold."""

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


_LOCAL = (
    layers.Activation,
    layers.Add,
    layers.BatchNormalization,
    layers.Dropout,
    layers.Identity,
    layers.InputLayer,
    layers.LeakyReLU,
    layers.PReLU,
    layers.ReLU,
)


def receptive_radius(network: keras.Model) -> int:
    """Find how far a pixel of the result looks, in pixels of the input.

    A convolution of side k looks (k - 1) / 2 pixels far, of its own pixels: after a shuffle they
    are `scale` times smaller. Added up over all convolutions, rounded up; a bilinear enlargement
    beside them looks one pixel far.

    Args:
        network: a functional model of convolutions of stride 1, `PixelShuffle`, `UpSampling2D` and
            layers that treat each pixel alone, such as `build_generator` makes.

    Returns:
        Pixels on each side, an upper bound where the network has branches.

    Raises:
        ValueError: if it has a layer of another kind, which might look anywhere.

    Example:

    >>> from gankit.models.srgan import LIGHT, build_generator, receptive_radius
    >>> receptive_radius(build_generator(4)), receptive_radius(build_generator(4, **LIGHT))
    (40, 19)
    """
    radius, pixel, least = 0.0, 1.0, 0
    for layer in network.layers:
        if isinstance(layer, layers.Conv2D) and tuple(layer.strides) == (1, 1):
            reach = max(
                (k - 1) * d for k, d in zip(layer.kernel_size, layer.dilation_rate, strict=True)
            )
            radius += pixel * reach / 2
        elif isinstance(layer, PixelShuffle):
            pixel /= layer.scale
        elif isinstance(layer, layers.UpSampling2D):
            least = 1
        elif not isinstance(layer, _LOCAL):
            raise ValueError(
                f"How far the layer {layer.name!r} ({type(layer).__name__}) looks is not known. "
                f"Pass `overlap`, in pixels of the input, or enlarge the picture as a whole."
            )
    return max(math.ceil(radius), least)


def upscale(
    image: Any,
    model: keras.Model,
    tile: int = 256,
    overlap: int | None = None,
    scale: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Enlarge a picture of any size, tile by tile, without seams and in bounded memory.

    Tiles overlap by as much as the network looks around a pixel, and of each only the inner part
    is kept, so the result is that of the whole picture at once. The memory taken is that of the
    result and of one tile.

    A gray picture goes through a network of colors as three equal channels, whose mean is taken;
    the channels of a color picture go through a network of gray ones one by one. Alpha, a second
    or fourth channel, is enlarged by `bicubic_upscale`.

    Args:
        image: uint8 in 0..255 or floats in [-1, 1], shape `(height, width)` or `(height, width,
            channels)` with 1 channel (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGB and alpha).
        model: an `SRGAN` (its averaged generator, where it has one), or a generator such as
            `build_generator` makes.
        tile: side of the tiles in pixels of the input, more than twice the overlap. A picture
            that is smaller is one tile.
        overlap: pixels of the input to look at around a tile. None: `receptive_radius`. Less of
            it saves time and leaves seams.
        scale: what you expect the model to enlarge by; None: whatever it was trained for.
        progress: called with the number of tiles done, and of all tiles, after each.

    Returns:
        Array of the same dtype and axes, its sides `scale` times as large.

    Raises:
        TypeError: if the image is neither uint8 nor floats.
        ValueError: for another shape, floats outside [-1, 1], a `scale` that is not the model's,
            a tile that is too small, a model whose reach is not known.

    Example:

    >>> import numpy as np
    >>> from gankit.models.srgan import LIGHT, build_generator, upscale
    >>> picture = np.random.default_rng(0).integers(0, 256, (50, 70, 4), "uint8")
    >>> upscale(picture, build_generator(2, **LIGHT), tile=48).shape
    (100, 140, 4)
    """
    network = model.generator_for(None) if isinstance(model, SRGAN) else model
    colors, factor = _io_spec(network, scale)
    pixels = _check_picture(image)
    overlap = receptive_radius(network) if overlap is None else overlap
    overlap = checks.check_count("overlap", overlap, minimum=0)
    if checks.check_count("tile", tile) <= 2 * overlap:
        raise ValueError(
            f"A tile must be larger than twice the overlap, {2 * overlap} pixels here. "
            f"Received: tile={tile}."
        )
    height, width, channels = pixels.shape
    result = np.empty((height * factor, width * factor, channels), pixels.dtype)
    rows, columns = _spans(height, tile, overlap), _spans(width, tile, overlap)
    enlarge = _runner(network, colors, len(rows) * len(columns))
    for number, (row, column) in enumerate(((r, c) for r in rows for c in columns), start=1):
        part = pixels[row.look, column.look]
        large = _join(enlarge, part, channels, factor)
        kept = large[row.keep(factor), column.keep(factor)]
        result[row.place(factor), column.place(factor)] = kept
        if progress is not None:
            progress(number, len(rows) * len(columns))
    return result.reshape(*result.shape[:2], *np.shape(image)[2:])


class _Span:
    """A tile along one axis: what it looks at, and what of it is kept."""

    def __init__(self, start: int, stop: int, first: int, last: int):
        self.look = slice(start, stop)
        self.first, self.last = first, last  # of the pixels kept, in the picture

    def place(self, factor: int) -> slice:
        return slice(self.first * factor, self.last * factor)

    def keep(self, factor: int) -> slice:
        return slice(
            (self.first - self.look.start) * factor, (self.last - self.look.start) * factor
        )


def _spans(length: int, tile: int, overlap: int) -> list[_Span]:
    """Tiles that cover a line; all of one length, so that a network is compiled once."""
    if length <= tile:
        return [_Span(0, length, 0, length)]
    spans, done = [], 0
    while done < length:
        start = min(max(done - overlap, 0), length - tile)
        stop = start + tile
        last = length if stop == length else stop - overlap
        spans.append(_Span(start, stop, done, last))
        done = last
    return spans


def _join(enlarge: Callable, part: np.ndarray, channels: int, factor: int) -> np.ndarray:
    """A tile enlarged: colors by the network, alpha by the bicubic kernel."""
    if channels in (1, 3):
        return enlarge(part)
    colors = enlarge(part[..., :-1])
    return np.concatenate([colors, bicubic_upscale(part[..., -1:], factor)], axis=-1)


def _runner(network: keras.Model, colors: int, tiles: int) -> Callable[[np.ndarray], np.ndarray]:
    """A function that enlarges a tile, of bytes or floats, with as many channels as it has."""

    def run(x):
        # One tile is not worth compiling, as each picture has a shape of its own.
        runner = backend.inference(network, compiled=tiles > 1)
        return ops.convert_to_numpy(runner(ops.convert_to_tensor(x)))

    def enlarge(part):
        channels = part.shape[-1]
        x = part[None].astype("float32")
        x = x / 127.5 - 1.0 if part.dtype == np.uint8 else x
        if channels < colors:
            x = np.repeat(x, 3, axis=-1)
        elif channels > colors:
            x = np.moveaxis(x, -1, 0)[..., 0, :, :, None]
        y = np.asarray(run(x), "float32").clip(-1, 1)
        if channels < colors:
            y = y.mean(axis=-1, keepdims=True)
        elif channels > colors:
            y = np.moveaxis(y, 0, -1)[..., 0, :][None]
        if part.dtype == np.uint8:
            y = np.floor((y + 1.0) * 127.5 + 0.5)
        return y[0].astype(part.dtype)

    return enlarge


def _io_spec(network: keras.Model, scale: int | None) -> tuple[int, int]:
    """Channels that a network takes, and the factor by which it enlarges."""
    shape = network.input_shape
    if len(shape) != 4 or shape[-1] not in (1, 3) or network.output_shape[-1] != shape[-1]:
        raise ValueError(
            f"`model` must take and make pictures of 1 or 3 channels. Received one from shape "
            f"{shape} to {network.output_shape}."
        )
    factor = network.compute_output_shape((1, 64, 64, shape[-1]))[1] // 64
    if scale is not None and scale != factor:
        raise ValueError(
            f"This model was trained to enlarge by {factor}, and cannot by another factor. "
            f"Received: scale={scale!r}. Train one with scale={scale!r}, or resize its result."
        )
    return shape[-1], factor


def _check_picture(image: Any) -> np.ndarray:
    """A picture as `(height, width, channels)`, alpha included."""
    pixels = np.asarray(image)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 2, 3, 4) or not pixels.size:
        raise ValueError(
            f"`image` must have shape (height, width) or (height, width, channels), with 1 to 4 "
            f"channels: gray or RGB, with or without alpha. Received shape {np.shape(image)}."
        )
    for channel in range(pixels.shape[-1]):  # one by one: alpha makes a number that no image has
        checks.check_images("image", pixels[..., channel])
    return pixels


class _Kernels:
    """Makes initial kernels, Glorot's, each with a seed of its own."""

    def __init__(self, seed: int | None):
        self.seeds = random if seed is None else random.Random(seed)

    def __call__(self, gain: float = 1.0, shuffled: int = 1) -> keras.initializers.Initializer:
        uniform = keras.initializers.VarianceScaling(
            gain, "fan_avg", "uniform", seed=self.seeds.randrange(2**31)
        )
        return uniform if shuffled == 1 else ICNR(shuffled, uniform)


def _stages(scale: int) -> list[int]:
    """The shuffles that enlarge by `scale`: by 3, or by 2 as often as it takes."""
    return [3] if scale == 3 else [2] * (scale.bit_length() - 1)


def _check_scale(scale: Any) -> None:
    if isinstance(scale, bool) or scale not in SCALES:
        raise ValueError(f"`scale` must be one of {SCALES}. Received: scale={scale!r}.")


def _check_generator(scale, channels, width, blocks, kernel_size, upsampling, skip):
    _check_scale(scale)
    for name, value in (("width", width), ("blocks", blocks), ("kernel_size", kernel_size)):
        checks.check_count(name, value)
    if kernel_size % 2 == 0:
        raise ValueError(f"`kernel_size` must be odd. Received: kernel_size={kernel_size!r}.")
    choices = {"channels": (1, 3), "upsampling": ("staged", "direct"), "skip": (None, "bilinear")}
    for (name, allowed), value in zip(choices.items(), (channels, upsampling, skip), strict=True):
        if value not in allowed:
            raise ValueError(f"`{name}` must be one of {allowed}. Received: {name}={value!r}.")


def _check_image_shape(image_shape: Any, scale: int = 2) -> tuple[int, int, int]:
    """The shape of the crops as a tuple, or an error that says what is wrong with it."""
    _check_scale(scale)
    whole = isinstance(image_shape, Sequence) and all(
        isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in image_shape
    )
    if not whole or len(image_shape) != 3 or image_shape[-1] not in (1, 3):
        raise ValueError(
            f"`image_shape` must be (height, width, channels) with 1 channel (gray) or 3 (RGB). "
            f"Received: {image_shape!r}."
        )
    if min(image_shape[:2]) < 16 or any(side % scale for side in image_shape[:2]):
        raise ValueError(
            f"The sides of the crops must be at least 16 pixels and multiples of scale={scale}. "
            f"Received: image_shape={tuple(image_shape)!r}."
        )
    return tuple(int(n) for n in image_shape)


if __name__ == "__main__":
    from gankit.commands.srgan import main

    raise SystemExit(main())
