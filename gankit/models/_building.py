"""What several models build their networks with: seeds, initial weights, inputs for labels, checks.

For use within `gankit.models`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit import checks

__all__ = [
    "check_choice",
    "check_side",
    "check_square",
    "initializer",
    "label_input",
    "normals",
    "seed_pair",
    "seeds",
]


def seeds(seed: int | None) -> Callable[[], int]:
    """Make a function that returns a new seed at each call, so that no two layers share one.

    Args:
        seed: what the seeds depend on. None: Python's own random state, which
            `keras.utils.set_random_seed` sets.
    """
    source = random if seed is None else random.Random(seed)
    return lambda: source.randrange(2**31)


def seed_pair(seed: int | None) -> tuple[int | None, int | None]:
    """Return the seeds of the generator's and the discriminator's initial weights.

    Args:
        seed: the game's own seed. None: the networks have none either.
    """
    return (None, None) if seed is None else (seed + 1, seed + 2)


def normals(draw: Callable[[], int]) -> Callable[..., keras.initializers.Initializer]:
    """Make a function that returns the initial weights of DCGAN and pix2pix, N(mean, 0.02).

    Args:
        draw: function that returns the seed of each initializer.
    """

    def normal(mean: float = 0.0) -> keras.initializers.Initializer:
        return keras.initializers.RandomNormal(mean, 0.02, seed=draw())

    return normal


def initializer(given: Any, end: float) -> keras.initializers.Initializer:
    """Return a fresh initializer for a layer.

    Two layers of equal shape that shared one would begin with equal weights.

    Args:
        given: Keras initializer, or its name. None: uniform between `-end` and `end`.
        end: the end of that range.
    """
    if given is None:
        return keras.initializers.RandomUniform(-end, end)
    return keras.initializers.get(given).clone()


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


def check_choice(name: str, value: Any, choices: Sequence[Any]) -> None:
    """Refuse a value that is not among the choices.

    Args:
        name: name of the argument.
        value: what was received.
        choices: what is allowed.
    """
    if isinstance(value, bool) or value not in choices:
        raise ValueError(f"`{name}` must be one of {list(choices)}. Received: {name}={value!r}.")


def check_square(image_shape: Any) -> tuple:
    """Return the shape of square images as a tuple, or refuse it.

    Args:
        image_shape: what should be `(size, size, channels)`.
    """
    shape = tuple(image_shape) if isinstance(image_shape, (list, tuple)) else image_shape
    if not isinstance(shape, tuple) or len(shape) != 3 or shape[0] != shape[1]:
        raise ValueError(
            f"`image_shape` must be (size, size, channels), square. "
            f"Received: image_shape={image_shape!r}."
        )
    return shape


def check_side(model: str, size: Any, sizes: range) -> int:
    """Return the side of square images, or name the nearest sides that work.

    Args:
        model: name of the model, for the error.
        size: side in pixels.
        sizes: the sides that work.
    """
    number = isinstance(size, (int, float, np.number)) and not isinstance(size, bool)
    if number and isinstance(size, (int, np.integer)) and size in sizes:
        return int(size)
    nearest = ""
    if number:
        near = sorted(sorted(sizes, key=lambda s: (abs(s - size), s))[:2])
        nearest = f" The nearest that work are {near[0]} and {near[1]}."
    raise ValueError(
        f"{model} works on square images whose side is a multiple of {sizes.step} from {sizes[0]} "
        f"to {sizes[-1]} pixels. Received: size={size!r}.{nearest}"
    )
