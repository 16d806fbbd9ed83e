r"""Deep convolutional GAN: two networks without pooling or hidden dense layers.

A side of `size = base * 2**steps` pixels takes `steps` convolutions of stride 2:

    generator:     z -> base x base maps -> x2 -> x2 -> ... -> size x size, tanh
    discriminator: image -> /2 -> /2 -> ... -> base x base maps -> one logit

Source: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks" (2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from gankit import checks
from gankit.gan import GAN
from gankit.models import _building

SIZES = range(16, 129, 4)
"""Sides, in pixels, that the architecture can make."""


def plan(size: int) -> tuple[int, int]:
    """Find how often the networks halve an image.

    The side is halved at least twice, and until it is odd or at most 7: `size = base * 2**steps`.
    So 16, 32, 64 and 128 end at 4, as in the paper, 28 at 7 and 96 at 6. Any other multiple of 4
    works too, with more weights in the layer at the base (36 ends at 9).

    Args:
        size: side of the image in pixels, a multiple of 4 from 16 to 128.

    Returns:
        `(base, steps)`: side of the coarsest maps, and number of convolutions of stride 2.

    Raises:
        ValueError: for any other size; the message names the nearest ones that work.

    Example:

    >>> from gankit.models.dcgan import plan
    >>> plan(28), plan(64), plan(48)
    ((7, 2), (4, 4), (6, 3))
    """
    base, steps = _building.check_side("A DCGAN", size, SIZES) // 4, 2
    while base > 7 and base % 2 == 0:
        base, steps = base // 2, steps + 1
    return base, steps


def build_generator(
    image_shape: Sequence[int],
    latent_dim: int = 100,
    width: int = 64,
    kernel_size: int = 4,
    batch_norm: bool = True,
    seed: int | None = None,
) -> keras.Model:
    r"""Build the generator: latents `(batch, latent_dim)` to images in [-1, 1].

    A linear projection to `base * base` pixels of `width * 2**(steps - 1)` maps, then transposed
    convolutions of stride 2 that halve the number of maps each time down to `width`; batch
    normalization and ReLU after each; a last transposed convolution to the channels, and tanh.

    Args:
        image_shape: `(size, size, channels)` with a size that `plan` takes, 1 or 3 channels.
        latent_dim: size of the latent vectors.
        width: maps next to the image, doubled at every step away from it.
        kernel_size: side of the kernels, at least 2.
        batch_norm: whether to normalize. False drops this guideline and adds biases instead.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `generator`.

    Raises:
        TypeError: if `batch_norm` is not True or False.
        ValueError: for an image shape the architecture cannot make, or a count below 1.

    Example:

    >>> from gankit.models.dcgan import build_generator
    >>> build_generator((28, 28, 1), latent_dim=64, width=32).output_shape
    (None, 28, 28, 1)

    Source: Radford et al. (2016), section 3 and figure 1. Departures: kernels of side 4 instead of
    5, because with stride 2 every output pixel then depends on the same number of inputs (no
    checkerboard), at 64 % of the arithmetic; a bias in the layer that is not normalized.
    """
    image_shape = check_shape(image_shape, width, kernel_size)
    latents = keras.Input((checks.check_count("latent_dim", latent_dim),), name="latents")
    normal = _building.normals(_building.seeds(seed))
    biased = not checks.check_flag("batch_norm", batch_norm)  # normalization brings its own shift

    def activate(x, name):
        if batch_norm:
            x = _building.normalize(x, name, normal(1.0))
        return layers.ReLU(name=f"{name}_relu")(x)

    images = draw_images(latents, image_shape, width, kernel_size, normal, activate, biased)
    return keras.Model(latents, images, name="generator")


def build_discriminator(
    image_shape: Sequence[int],
    width: int = 64,
    kernel_size: int = 4,
    batch_norm: bool = True,
    layer_norm: bool = False,
    seed: int | None = None,
) -> keras.Model:
    r"""Build the discriminator: images to logits `(batch, 1)`.

    Convolutions of stride 2 with `width`, `2 * width`, ... maps, each followed by LeakyReLU of
    slope 0.2. All but the first are normalized before it. Then all maps are flattened, and one
    linear unit returns the logit.

    Args:
        image_shape: `(size, size, channels)` with a size that `plan` takes, 1 or 3 channels.
        width: maps of the first convolution, doubled at every step.
        kernel_size: side of the kernels, at least 2.
        batch_norm: whether to normalize. False drops this guideline and adds biases instead.
        layer_norm: whether to normalize over the maps of each pixel instead of over the batch.
            No image then changes the logit of another, which gradient penalties require.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `discriminator`.

    Raises:
        TypeError: if `batch_norm` or `layer_norm` is not True or False.
        ValueError: for an image shape the architecture cannot take, or a count below 1.

    Example:

    >>> from gankit.models.dcgan import build_discriminator
    >>> discriminator = build_discriminator((64, 64, 3), width=16)
    >>> discriminator.output_shape
    (None, 1)
    >>> [layer.filters for layer in discriminator.layers if hasattr(layer, "filters")]
    [16, 32, 64, 128]

    Source and departures: see `build_generator`.
    """
    image_shape = check_shape(image_shape, width, kernel_size)
    checks.check_flag("batch_norm", batch_norm)
    over = "pixel" if checks.check_flag("layer_norm", layer_norm) else "batch"
    normal = _building.normals(_building.seeds(seed))
    images = keras.Input(image_shape, name="images")
    normalized = over if batch_norm or layer_norm else None
    x = read_images(images, width, kernel_size, normal, normalized)
    logits = layers.Dense(1, kernel_initializer=normal(), dtype="float32", name="logit")(x)
    return keras.Model(images, logits, name="discriminator")


@keras.saving.register_keras_serializable("gankit")
class DCGAN(_building.UniformLatents, GAN):
    """Deep convolutional GAN for square images of 16 to 128 pixels.

    Latents are uniform on [-1, 1]; the default optimizers are the paper's, Adam with learning rate
    2e-4 and beta_1 0.5.

    Args:
        image_shape: `(size, size, channels)`: a multiple of 4 from 16 to 128, 1 or 3 channels.
        latent_dim: size of the latent vectors.
        width: maps of the layers next to the image; every step away from it doubles them. The
            paper's 64x64 networks have 128.
        kernel_size: side of the kernels; the paper's is 5, see `build_generator`.
        batch_norm: whether to normalize. False drops this guideline, to see what it does.
        layer_norm: whether the discriminator normalizes over the maps of each pixel instead of over
            the batch, so that no image changes the logit of another.
        seed: what the initial weights, the latents and the order of the data depend on. None
            draws one.
        **kwargs: `data_range` and `name`, as in `gankit.GAN`.

    Raises:
        TypeError: if `batch_norm` or `layer_norm` is not True or False.
        ValueError: for an image shape that the architecture cannot make, naming the nearest sizes
            that it can, and for counts below 1.

    Example:

    >>> import numpy as np
    >>> from gankit.models.dcgan import DCGAN
    >>> gan = DCGAN((16, 16, 1), latent_dim=8, width=4, seed=0)
    >>> gan.compile()
    >>> images = np.random.default_rng(0).uniform(-1, 1, (64, 16, 16, 1)).astype("float32")
    >>> history = gan.fit(images, batch_size=32, epochs=1, verbose=0)
    >>> gan.generate(5, seed=1).shape
    (5, 16, 16, 1)

    Source: Radford et al. (2016), sections 3 and 4. Departures besides those of the networks: each
    batch trains both players (the authors' code alternates), no weight decay (theirs is 1e-5), and
    samples are normalized by moving averages (`generate(training=True)` for theirs, by the batch).
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 100,
        width: int = 64,
        kernel_size: int = 4,
        batch_norm: bool = True,
        layer_norm: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ):
        of_generator, of_discriminator = _building.seed_pair(seed)
        sizes = {"width": width, "kernel_size": kernel_size, "batch_norm": batch_norm}
        super().__init__(
            build_generator(image_shape, latent_dim, seed=of_generator, **sizes),
            build_discriminator(image_shape, layer_norm=layer_norm, seed=of_discriminator, **sizes),
            latent_dim=latent_dim,
            seed=seed,
            **kwargs,
        )


def discriminator_features(
    discriminator: keras.Model, images: Any, calibration: Any, batch_size: int = 256
) -> np.ndarray:
    """Use a discriminator as a feature extractor: the maps of all its convolutions.

    The maps after each LeakyReLU are max-pooled to a 4x4 grid, flattened and concatenated. Batch
    normalization uses the statistics of `calibration`: those of training mix real and generated
    images, and an untrained network has none. Without this step an untrained discriminator looks
    worse than it is, and a comparison with it proves nothing.

    Args:
        discriminator: a model made by `build_discriminator`; it is left as it is.
        images: float images, shape `(n, size, size, channels)`.
        calibration: some hundreds of real images of the same form, taken as one batch.
        batch_size: how many images are computed at once.

    Returns:
        float32 array of shape `(n, 16 * maps)`, with `maps` the sum over the convolutions:
        `16 * (width + 2 * width)` at 28x28. Divide by the root mean square of a row before a
        linear classifier that regularizes.

    Raises:
        TypeError: if the images are not floating point, or there is no such model.
        ValueError: if the model has no LeakyReLU layer to read, its maps are smaller than 4x4, or
            the images have another shape than it takes.

    Example:

    >>> import numpy as np
    >>> from gankit.models.dcgan import build_discriminator, discriminator_features
    >>> images = np.random.default_rng(0).uniform(-1, 1, (10, 28, 28, 1)).astype("float32")
    >>> discriminator_features(build_discriminator((28, 28, 1), width=8), images, images).shape
    (10, 384)

    Source: Radford et al. (2016), section 5.1, and the authors' code for the recomputed statistics.
    """
    _building.check_network("discriminator", discriminator)
    hidden = [x.output for x in discriminator.layers if isinstance(x, layers.LeakyReLU)]
    if not hidden:
        raise ValueError(
            f"Features are read after LeakyReLU layers. Received: model {discriminator.name!r}, "
            f"which has none. Pass a discriminator made by build_discriminator."
        )
    shape = discriminator.inputs[0].shape[1:]
    images = _building.check_arrays("images", images, shape, None)
    calibration = _building.check_arrays("calibration", calibration, shape, None)
    checks.check_count("batch_size", batch_size)
    original = keras.Model(discriminator.inputs[0], hidden)
    reader = keras.models.clone_model(original)
    reader.set_weights(original.get_weights())
    for layer in reader.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0  # one pass then replaces the statistics, layer after layer
    reader(ops.convert_to_tensor(calibration), training=True)

    parts = []
    for start in range(0, len(images), batch_size):
        maps = reader(ops.convert_to_tensor(images[start : start + batch_size]), training=False)
        pooled = [_max_pool_to_grid(m) for m in (maps if len(hidden) > 1 else [maps])]
        parts.append(ops.convert_to_numpy(ops.concatenate(pooled, axis=-1)).astype("float32"))
    return np.concatenate(parts)


def _max_pool_to_grid(maps: Any) -> Any:
    """Return the maximum of each map in each cell of a 4x4 grid, flattened."""
    side = maps.shape[1]
    if side < 4:
        raise ValueError(
            f"Maps must be at least 4x4 to be pooled. Received: maps of {side}x{side}."
        )
    # Cells overlap by a row where 4 does not divide the side, so no pixel is left out.
    parts = [slice(i * side // 4, -(-(i + 1) * side // 4)) for i in range(4)]
    pooled = [ops.max(maps[:, rows, columns], axis=(1, 2)) for rows in parts for columns in parts]
    return ops.concatenate(pooled, axis=-1)


def draw_images(x, image_shape, width, kernel_size, normal, activate, biased=False):
    """Project vectors to the coarsest maps, and double their sides until they are images.

    Args:
        x: vectors.
        image_shape: what `check_shape` returned.
        width: maps next to the image.
        kernel_size: side of the kernels.
        normal: function that returns the initial weights of a layer.
        activate: function of maps and the name of their layer, which follows all but the last.
        biased: whether these layers have biases.
    """
    base, steps = plan(image_shape[0])
    maps = width * 2 ** (steps - 1)
    x = layers.Dense(
        base * base * maps, use_bias=biased, kernel_initializer=normal(), name="project"
    )(x)
    x = activate(layers.Reshape((base, base, maps), name="base")(x), "project")
    for step in range(1, steps + 1):
        last = step == steps
        number = image_shape[-1] if last else maps // 2**step
        options = {"kernel_size": kernel_size, "up": True, "biased": biased or last}
        x = _building.convolve(x, number, f"up_{step}", normal, **options)
        x = x if last else activate(x, f"up_{step}")
    return layers.Activation("tanh", dtype="float32", name="tanh")(x)


def read_images(x, width, kernel_size, normal, over="batch", beside=None):
    """Halve the sides of images down to the coarsest maps, and flatten these.

    Args:
        x: images, or maps of the same size.
        width: maps of the first convolution.
        kernel_size: side of the kernels.
        normal: function that returns the initial weights of a layer.
        over: what `normalize` normalizes over; None: no normalization.
        beside: function of maps and a name, which lays more maps beside those of each layer but
            the last.
    """
    _, steps = plan(x.shape[1])
    for step in range(1, steps + 1):
        name = f"down_{step}"
        # Normalizing the first layer would hide the scale and offset of the pixels.
        options = {"kernel_size": kernel_size, "over": over if step > 1 else None}
        x = _building.convolve(x, width * 2 ** (step - 1), name, normal, **options)
        x = layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
        if beside and step < steps:
            x = beside(x, f"{name}_label")
    return layers.Flatten(data_format="channels_last", name="flat")(x)


def check_shape(image_shape: Any, width: Any, kernel_size: Any) -> tuple[int, int, int]:
    """Return the shape of images as a tuple, or refuse what the builders cannot make.

    Args:
        image_shape: what should be `(size, size, channels)`.
        width: maps next to the image.
        kernel_size: side of the kernels.

    Raises:
        ValueError: if one of them makes no network.
    """
    size, _, channels = _building.check_square(image_shape)
    plan(size)
    checks.check_count("width", width)
    checks.check_count("kernel_size", kernel_size, minimum=2)
    return size, size, _building.check_channels("image_shape[2]", channels)
