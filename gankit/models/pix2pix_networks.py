"""pix2pix' networks: a U-Net that makes pictures, and a PatchGAN that judges them in patches.

    generator (U-Net):          picture -> /2 -> ... -> 1x1 -> x2 -> ... -> picture, with skips
    discriminator (PatchGAN):   input beside picture -> a map of logits, one for each patch

Source: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial Networks"
(2017), section 6.1, and the authors' code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from gankit import checks
from gankit.models import _building

SIZES = range(32, 513, 16)
"""Sides, in pixels, that the architecture can take."""

NORMALIZATIONS = ("batch", "instance")


def plan(size: int) -> tuple[int, int]:
    """Find how often the U-Net halves a picture: as long as the side is even.

    Args:
        size: side of the picture in pixels, a multiple of 16 from 32 to 512.

    Returns:
        `(base, steps)` with `size = base * 2**steps`: side of the coarsest maps, and halvings.

    Raises:
        ValueError: for any other size; the message names the nearest ones that work.

    Example:

    >>> from gankit.models.pix2pix_networks import plan
    >>> plan(64), plan(256), plan(96)
    ((1, 6), (1, 8), (3, 5))

    Source: Isola et al. (2017), section 6.1.1, where 256 pixels take 8 steps.
    """
    base, steps = _building.check_side("pix2pix", size, SIZES), 0
    while base % 2 == 0:
        base, steps = base // 2, steps + 1
    return base, steps


def receptive_field(depth: int) -> int:
    r"""Compute the side, in pixels, of what one logit of a PatchGAN sees.

    Going back from the logit to the picture, a convolution of kernel $k$ and stride $s$ enlarges
    a field of $r$ pixels:

    $$r \leftarrow (r - 1)\,s + k$$

    Args:
        depth: convolutions of stride 2, at least 0; two of stride 1 follow them, and all have
            kernels of 4. 0 stands for three convolutions of kernel 1.

    Returns:
        The side in pixels.

    Raises:
        ValueError: for a depth that is not a whole number of at least 0.

    Example:

    >>> from gankit.models.pix2pix_networks import receptive_field
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

    >>> from gankit.models.pix2pix_networks import patch_layers
    >>> patch_layers(256), patch_layers(64), patch_layers(256, "image"), patch_layers(256, 1)
    (3, 1, 5, 0)
    """
    checks.check_count("size", size)
    fields = {receptive_field(depth): depth for depth in range(7) if size // 2**depth >= 3}
    if patch is None:
        patch = min(fields, key=lambda field: abs(field - size * 70 / 256))
    elif patch == "image":
        patch = min((field for field in fields if field >= size), default=max(fields))
    if isinstance(patch, bool) or patch not in list(fields):
        raise ValueError(
            f"`patch` must be one of {list(fields)} for pictures of {size} pixels, 'image' or "
            f"None. Received: patch={patch!r}."
        )
    return fields[patch]


def _strides(depth: int) -> list[tuple[int, int]]:
    """Kernel and stride of each convolution of a PatchGAN."""
    return [(1, 1)] * 3 if depth == 0 else [(4, 2)] * depth + [(4, 1)] * 2


@keras.saving.register_keras_serializable("gankit")
class NoiseDropout(layers.Dropout):
    """Dropout that can stay on at test time, because it is pix2pix' noise.

    Attributes:
        active: True or False switches it on or off. None, the default, follows `training`.
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
    again. At each size, the maps of the encoder are laid beside those of the decoder.

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
        TypeError: if `dropout` is not a number, or `skips` is not True or False.
        ValueError: for a shape or a number that makes no such network.

    Example:

    >>> from gankit.models.pix2pix_networks import build_generator
    >>> unet = build_generator((64, 64, 3), width=8)
    >>> unet.output_shape, unet.get_layer("down_6").output.shape
    ((None, 64, 64, 3), (None, 1, 1, 64))

    Source: Isola et al. (2017), sections 2.2.1 and 6.1.1; the authors' code for what the text
    leaves out: the innermost layer is not normalized, since the batch statistics of a single value
    would make it zero. Departure: no biases before a normalization, which would remove them.
    """
    image_shape, steps = _checked(image_shape, channels, width, normalization)
    checks.check_number("dropout", dropout, 0, below=1)
    checks.check_count("latent_dim", latent_dim, 0)
    checks.check_flag("skips", skips)
    draw = _building.seeds(seed)
    normal = _building.normals(draw)
    maps = [width * min(2**step, 8) for step in range(steps)]

    inputs = x = picture = keras.Input(image_shape, name="picture")
    if latent_dim:
        z = keras.Input((latent_dim,), name="z")
        maps_of_z = layers.RepeatVector(math.prod(image_shape[:2]), name="z_everywhere")(z)
        maps_of_z = layers.Reshape((*image_shape[:2], latent_dim), name="z_maps")(maps_of_z)
        x = layers.Concatenate(name="picture_and_z")([x, maps_of_z])
        inputs = [picture, z]

    encoded = []
    for step in range(1, steps + 1):
        x = layers.LeakyReLU(0.2, name=f"down_{step}_relu")(x) if step > 1 else x
        over = normalization if 1 < step < steps else None
        x = _convolve(x, maps[step - 1], f"down_{step}", normal, over)
        encoded.append(x)

    for step in range(1, steps):
        x = layers.ReLU(name=f"up_{step}_relu")(x)
        x = _convolve(x, maps[-step - 1], f"up_{step}", normal, normalization, up=True)
        if dropout and step <= min(3, steps - 3):
            x = NoiseDropout(dropout, seed=draw(), name=f"up_{step}_noise")(x)
        if skips:
            x = layers.Concatenate(name=f"up_{step}_skip")([x, encoded[-step - 1]])
    x = layers.ReLU(name=f"up_{steps}_relu")(x)
    x = _convolve(x, channels, f"up_{steps}", normal, up=True)
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
    `8 * width`), one of stride 1, and one to the logit. `patch_layers` tells how many. Every logit
    is the same function of its own patch, so the network works on pictures of any size, has few
    weights, and judges texture. The L1 loss compares the pictures as a whole.

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
        TypeError: if `conditional` is not True or False.
        ValueError: for a shape, a patch or a number that makes no such network.

    Example:

    >>> from gankit.models.pix2pix_networks import build_discriminator
    >>> build_discriminator((256, 256, 3), width=8, patch=70).output_shape
    (None, 30, 30, 1)

    Source: Isola et al. (2017), sections 2.2.2 and 6.1.2, and the authors' code. Departure: see
    `build_generator`.
    """
    image_shape, _ = _checked(image_shape, channels, width, normalization)
    strides = _strides(patch_layers(image_shape[0], patch))
    normal = _building.normals(_building.seeds(seed))
    inputs = x = picture = keras.Input((*image_shape[:2], channels), name="picture")
    if checks.check_flag("conditional", conditional):
        given = keras.Input(image_shape, name="input")
        inputs, x = [given, picture], layers.Concatenate(name="pair")([given, picture])
    for step, (kernel, stride) in enumerate(strides[:-1]):
        maps, over = width * min(2**step, 8), normalization if step > 0 else None
        x = _convolve(x, maps, f"conv_{step + 1}", normal, over, kernel, stride)
        x = layers.LeakyReLU(0.2, name=f"conv_{step + 1}_relu")(x)
    x = _convolve(x, 1, "logit", normal, None, *strides[-1])
    logits = layers.Activation("linear", dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="discriminator")


def _convolve(x, maps, name, normal, over=None, kernel=4, stride=2, up=False):
    """Convolve as the authors' code does, with a border of one pixel where the stride is 1."""
    if kernel == 4 and stride == 1:
        x = layers.ZeroPadding2D(1, data_format="channels_last", name=f"{name}_pad")(x)
    options = {"kernel_size": kernel, "strides": stride}
    options["padding"] = "valid" if stride == 1 else "same"
    return _building.convolve(x, maps, name, normal, over, up, **options)


def _checked(image_shape, channels, width, normalization) -> tuple[tuple, int]:
    """Return the shape of the inputs and the number of halvings, or refuse other sizes."""
    size, _, channels_in = _building.check_square(image_shape)
    _building.check_channels("channels", channels)
    checks.check_count("width", width)
    checks.check_choice("normalization", normalization, NORMALIZATIONS)
    _, steps = plan(size)
    return (int(size), int(size), int(channels_in)), steps
