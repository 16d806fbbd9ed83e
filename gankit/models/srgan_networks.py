"""SRGAN's networks: SRResNet, which enlarges pictures, and the discriminator.

Source: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
Network" (2017), section 2.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from gankit import checks
from gankit.layers.pixel_shuffle import ICNR, PixelShuffle
from gankit.models._building import MAPS, check_channels, check_sizes, normalize, seeds

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

    All layers before the stages work at the small size. `ICNR` initializes the convolutions before
    a shuffle, so that the untrained network draws no checkerboard.

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
            enlargement of its input (Kim et al. 2016), so that it learns only the difference.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `generator`, without activation at its end and in float32 there.

    Raises:
        TypeError: if `batch_norm` is not True or False.
        ValueError: for another value that is not as above.

    Example:

    >>> from gankit.models.srgan_networks import LIGHT, build_generator
    >>> build_generator(4).count_params(), build_generator(4, **LIGHT).count_params()
    (1554883, 172272)
    >>> build_generator(2, channels=1, width=8, blocks=1).compute_output_shape((5, 20, 30, 1))
    (5, 40, 60, 1)

    Source: Ledig et al. (2017), section 2.1 and figure 4. Departure: inputs lie in [-1, 1], as the
    outputs do, whereas the paper's lie in [0, 1].
    """
    checks.check_choice("scale", scale, SCALES)
    check_channels("channels", channels)
    checks.check_count("width", width)
    checks.check_count("blocks", blocks)
    checks.check_flag("batch_norm", batch_norm)
    if checks.check_count("kernel_size", kernel_size) % 2 == 0:
        raise ValueError(f"`kernel_size` must be odd. Received: kernel_size={kernel_size!r}.")
    checks.check_choice("upsampling", upsampling, ("staged", "direct"))
    checks.check_choice("skip", skip, (None, "bilinear"))
    kernels = _kernels(seed)

    def convolve(x, maps, name, side=3, shuffled=1, normalized=False, gain=1.0):
        kernel = kernels(gain, shuffled)
        x = layers.Conv2D(maps * shuffled**2, side, kernel_initializer=kernel, name=name, **MAPS)(x)
        x = normalize(x, name) if normalized else x
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
    gain = 0.01 if skip else 1.0  # with a skip, the untrained network adds little to it
    if upsampling == "staged":
        factors = [3] if scale == 3 else [2] * int(math.log2(scale))
        for stage, factor in enumerate(factors, start=1):
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
    2, each followed by LeakyReLU of slope 0.2. All but the first are batch-normalized before it.
    Then come a dense layer, LeakyReLU, and one linear unit.

    Args:
        image_shape: `(height, width, channels)` of the crops it judges, sides of at least 16.
        width: maps of the first convolution.
        dense: units of the hidden dense layer.
        batch_norm: whether to normalize.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `discriminator`.

    Raises:
        TypeError: if `batch_norm` is not True or False.
        ValueError: for a shape that is not as above, or a count below 1.

    Example:

    >>> from gankit.models.srgan_networks import build_discriminator
    >>> build_discriminator((96, 96, 3)).count_params()
    23569217

    Source: Ledig et al. (2017), section 2.1 and figure 4.
    """
    image_shape = check_image_shape(image_shape)
    checks.check_count("width", width)
    checks.check_count("dense", dense)
    checks.check_flag("batch_norm", batch_norm)
    kernels = _kernels(seed)
    pictures = x = keras.Input(image_shape, name="pictures")
    for index in range(8):
        name, maps, stride = f"conv_{index + 1}", width * 2 ** (index // 2), 1 + index % 2
        x = layers.Conv2D(maps, 3, stride, kernel_initializer=kernels(), name=name, **MAPS)(x)
        x = normalize(x, name) if batch_norm and index > 0 else x
        x = layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
    x = layers.Flatten(data_format="channels_last", name="flat")(x)
    x = layers.Dense(dense, kernel_initializer=kernels(), name="hidden")(x)
    x = layers.LeakyReLU(0.2, name="hidden_relu")(x)
    logits = layers.Dense(1, kernel_initializer=kernels(), dtype="float32", name="logit")(x)
    return keras.Model(pictures, logits, name="discriminator")


def _kernels(seed: int | None) -> Callable[..., keras.initializers.Initializer]:
    """Make a function that returns Glorot's initial kernels, each with its own seed."""
    draw = seeds(seed)

    def kernel(gain: float = 1.0, shuffled: int = 1) -> keras.initializers.Initializer:
        uniform = keras.initializers.VarianceScaling(gain, "fan_avg", "uniform", seed=draw())
        return uniform if shuffled == 1 else ICNR(shuffled, uniform)

    return kernel


def check_image_shape(image_shape: Any, scale: int = 2) -> tuple[int, int, int]:
    """Return the shape of the crops as a tuple, or refuse it.

    Args:
        image_shape: what should be `(height, width, channels)`.
        scale: what both sides must be multiples of.

    Raises:
        ValueError: for another shape or scale.
    """
    checks.check_choice("scale", scale, SCALES)
    shape = check_sizes("image_shape", image_shape, "(height, width, channels)", 3)
    check_channels("image_shape[2]", shape[2])
    if min(shape[:2]) < 16 or any(side % scale for side in shape[:2]):
        raise ValueError(
            f"The sides of the crops must be at least 16 pixels and multiples of scale={scale}. "
            f"Received: image_shape={shape!r}."
        )
    return shape
