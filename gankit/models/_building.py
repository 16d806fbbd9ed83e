"""What several models build their networks with: seeds, initial weights, layers, checks.

For use within `gankit.models`.
"""

from __future__ import annotations

import math
import numbers
import random
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from gankit import checks, feed
from gankit.normalization import BatchNormalization

MAPS = {"padding": "same", "data_format": "channels_last"}
"""Options of a convolution that keeps the borders."""


class UniformLatents:
    """A GAN's prior that is uniform on `latent_range` in each dimension: a part of such a class."""

    latent_range = -1.0, 1.0

    def sample_latents(self, n: Any, seed: Any) -> Any:
        """Draw from the prior, uniform on `latent_range`: shape `(n, latent_dim)`.

        Args:
            n: how many vectors.
            seed: integer, or a `keras.random.SeedGenerator`.
        """
        return keras.random.uniform((n, self.latent_dim), *self.latent_range, seed=seed)


def seeds(seed: int | None) -> Callable[[], int]:
    """Make a function that returns a new seed at each call, so that no two layers share one.

    Args:
        seed: what the seeds depend on. None: Python's own random state, which
            `keras.utils.set_random_seed` sets.

    Raises:
        ValueError: if it is not a whole number of at least 0.
    """
    source = random if seed is None else random.Random(checks.check_count("seed", seed, 0))
    return lambda: source.randrange(2**31)


def seed_pair(seed: int | None) -> tuple[int | None, int | None]:
    """Return the seeds of the generator's and the discriminator's initial weights.

    Args:
        seed: the game's own seed. None: the networks have none either.

    Raises:
        ValueError: if it is not a seed.
    """
    if seed is None:
        return None, None
    seed = checks.check_seed("seed", seed)
    return seed + 1, seed + 2


def normals(draw: Callable[[], int]) -> Callable[..., keras.initializers.Initializer]:
    """Make a function that returns the initial weights of DCGAN and pix2pix, N(mean, 0.02).

    Args:
        draw: function that returns the seed of each initializer.
    """

    def normal(mean: float = 0.0) -> keras.initializers.Initializer:
        return keras.initializers.RandomNormal(mean, 0.02, seed=draw())

    return normal


def uniforms(given: Any, end: float) -> Callable[[], keras.initializers.Initializer]:
    """Make a function that returns a fresh initializer for each layer.

    Two layers of equal shape that shared one would begin with equal weights.

    Args:
        given: Keras initializer, or its name. None: uniform between `-end` and `end`.
        end: the end of that range.
    """

    def uniform() -> keras.initializers.Initializer:
        if given is None:
            return keras.initializers.RandomUniform(-end, end)
        return keras.initializers.get(given).clone()

    return uniform


def normalize(x: Any, name: str, gamma: Any = "ones", over: str = "batch") -> Any:
    """Normalize maps.

    Args:
        x: the maps.
        name: of the layer before.
        gamma: initializer of the scales.
        over: `"batch"`; `"instance"`, each map by itself; or `"pixel"`, the maps of each pixel.
    """
    # With small initial weights, the variance of the maps is about Keras' default epsilon of 1e-3,
    # so normalized maps would come out too small.
    options = dict(epsilon=1e-5, gamma_initializer=gamma, name=f"{name}_norm")
    if over == "pixel":
        return layers.LayerNormalization(axis=-1, **options)(x)
    if over == "instance":
        return layers.GroupNormalization(groups=-1, **options)(x)
    # Keras' default momentum of 0.99 lags behind the networks.
    return BatchNormalization(axis=-1, momentum=0.9, **options)(x)


def convolve(x, maps, name, normal, over=None, up=False, biased=None, **options):
    """Convolve maps with a stride of 2, with the initial weights of DCGAN, and normalize them.

    Args:
        x: the maps.
        maps: number of maps to make.
        name: of the layer.
        normal: function that returns initial weights, as `normals` makes it.
        over: what `normalize` normalizes over. None: no normalization.
        up: whether to double the sides instead of halving them.
        biased: whether there is a bias. None: where nothing is normalized, which would remove it.
        **options: more for the layer, such as `kernel_size`.
    """
    x = (layers.Conv2DTranspose if up else layers.Conv2D)(
        maps,
        use_bias=over is None if biased is None else biased,
        kernel_initializer=normal(),
        name=name,
        **{"strides": 2} | MAPS | options,
    )(x)
    return x if over is None else normalize(x, name, normal(1.0), over)


def image_layers(shape: tuple[int, ...], weights: Any) -> list[keras.Layer]:
    """Return the last layers of a dense generator: a sigmoid, stretched to [-1, 1].

    Args:
        shape: shape of an image.
        weights: initializer of the kernel.
    """
    pixels = {"kernel_initializer": weights, "name": "pixels", "dtype": "float32"}
    return [
        layers.Dense(math.prod(shape), "sigmoid", **pixels),
        layers.Rescaling(2.0, -1.0, name="to_range", dtype="float32"),
        layers.Reshape(shape, name="image", dtype="float32"),
    ]


def label_input(num_classes: int | None, label_size: int | None) -> tuple[Any, Any]:
    """Return the Keras input for labels, and the labels as vectors.

    Args:
        num_classes: number of classes, for class numbers, which become one-hot vectors.
        label_size: or the size of label vectors, which stay as they are.

    Raises:
        ValueError: if not exactly one of the two is given, or it is too small.
    """
    if (num_classes is None) == (label_size is None):
        raise ValueError(
            "Give either `num_classes`, for class numbers, or `label_size`, for vectors. "
            f"Received: num_classes={num_classes!r}, label_size={label_size!r}."
        )
    if label_size is not None:
        labels = keras.Input((checks.check_count("label_size", label_size),), name="labels")
        return labels, labels
    checks.check_count("num_classes", num_classes, minimum=2)
    labels = keras.Input((), dtype="int32", name="labels")
    return labels, ops.one_hot(labels, num_classes)


def check_sizes(
    name: str, sizes: Any, wanted: str = "such as (28, 28, 1)", count: int | None = None
) -> tuple[int, ...]:
    """Return sizes as a tuple of whole numbers of at least 1, or refuse them.

    Args:
        name: name of the argument.
        sizes: what was received.
        wanted: what they should be, for the error.
        count: how many there should be. None: at least one.

    Raises:
        ValueError: if they are anything else.
    """
    try:
        found = tuple(checks.check_count(name, size) for size in sizes)
    except (TypeError, ValueError):
        found = ()
    if not found or count not in (None, len(found)):
        raise ValueError(
            f"`{name}` must be whole numbers of at least 1, {wanted}. Received: {name}={sizes!r}."
        )
    return found


def check_channels(name: str, channels: Any) -> int:
    """Return a number of channels that pictures have, 1 or 3, or refuse it.

    Args:
        name: name of the argument.
        channels: what was received.

    Raises:
        ValueError: for another number.
    """
    if checks.check_count(name, channels) not in (1, 3):
        raise ValueError(
            f"`{name}` must be 1 channel (gray) or 3 (RGB). Received: {name}={channels!r}."
        )
    return int(channels)


def check_square(image_shape: Any) -> tuple:
    """Return the shape of square images as a tuple, or refuse it.

    Args:
        image_shape: what should be `(size, size, channels)`. `check_side` checks the size.

    Raises:
        ValueError: if it is anything else.
    """
    shape = tuple(image_shape) if isinstance(image_shape, (list, tuple)) else ()
    if len(shape) != 3 or shape[0] != shape[1]:
        raise ValueError(
            f"`image_shape` must be (size, size, channels), square. "
            f"Received: image_shape={image_shape!r}."
        )
    checks.check_count("image_shape[2]", shape[2])
    return shape


def check_side(model: str, size: Any, sizes: range) -> int:
    """Return the side of square images, or name the nearest sides that work.

    Args:
        model: name of the model, for the error.
        size: side in pixels.
        sizes: the sides that work.
    """
    if isinstance(size, (int, np.integer)) and size in sizes:
        return int(size)
    nearest = ""
    if isinstance(size, numbers.Real) and not isinstance(size, bool):
        near = sorted(sorted(sizes, key=lambda side: (abs(side - size), side))[:2])
        nearest = f" The nearest that work are {near[0]} and {near[1]}."
    raise ValueError(
        f"{model} works on square images whose side is a multiple of {sizes.step} from {sizes[0]} "
        f"to {sizes[-1]} pixels. Received: size={size!r}.{nearest}"
    )


def check_network(name: str, network: Any) -> None:
    """Refuse what is not a functional or `Sequential` model, whose layers can be read.

    Args:
        name: name of the argument.
        network: what was received.

    Raises:
        TypeError: if it is anything else.
    """
    if not isinstance(network, keras.Model) or not getattr(network, "inputs", None):
        raise TypeError(
            f"`{name}` must be a functional or Sequential Keras model. Received: "
            f"{name}={network!r}."
        )


def check_arrays(
    name: str, values: Any, shape: tuple, data_range: Any = (-1.0, 1.0), rows: int | None = None
) -> np.ndarray:
    """Return what a network is to take as an array of float32, or refuse it.

    Args:
        name: name of the argument.
        values: what was received: an array or tensor, or a list of arrays.
        shape: shape of one example; None stands for any size.
        data_range: lowest and highest value allowed; None: any.
        rows: how many examples there should be; None: any number.

    Raises:
        TypeError: if these are no floating-point numbers.
        ValueError: on another shape, no values at all, or values that are not allowed.
    """
    try:
        array = np.asarray(ops.convert_to_numpy(values))
    except (TypeError, ValueError):  # such as a list of lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind in "OSU":
        raise TypeError(f"`{name}` must be an array of numbers. Received: {values!r}.")
    if 0 in array.shape[1:]:
        raise ValueError(f"`{name}` must not be empty. Received: shape {array.shape}.")
    feed.Examples(shape, data_range, name).check(array, rows)
    return array.astype("float32", copy=False)
