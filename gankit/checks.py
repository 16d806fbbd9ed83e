"""What data a GAN accepts: errors that repeat the offending value, before any training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

__all__ = [
    "check_count",
    "check_every_class",
    "check_examples",
    "check_images",
    "check_label_vectors",
    "check_labels",
]


def check_count(name: str, value: Any, minimum: int = 1) -> int:
    """A whole number of at least `minimum`, or an error that repeats what came instead."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < minimum:
        raise ValueError(
            f"`{name}` must be a whole number of at least {minimum}. Received: {name}={value!r}."
        )
    return int(value)


def check_kind(name: str, value: Any, kind: type) -> Any:
    """None or an object of a class of gankit's, or an error that says which."""
    if value is not None and not isinstance(value, kind):
        raise TypeError(
            f"`{name}` must be a {kind.__module__}.{kind.__name__}, or None. Received: {value!r}."
        )
    return value


def check_examples(
    examples: Any, shape: Sequence[int | None], data_range: tuple[float, float] | None
) -> None:
    """Refuse examples that the networks cannot take, or would take silently and learn nothing from.

    Args:
        examples: array or tensor of shape `(batch, *shape)`.
        shape: shape of one example; None stands for any size.
        data_range: lowest and highest value allowed, or None for unbounded data.

    Raises:
        TypeError: if the values are not floating point.
        ValueError: on a wrong rank, size or number of channels, on no examples at all, on NaN or
            infinite values, on values outside `data_range`.
    """
    dtype = keras.backend.standardize_dtype(examples.dtype)
    if "float" not in dtype:
        raise TypeError(
            f"Examples must be floating point. Received dtype {dtype}"
            f"{_scale_hint(dtype, data_range)}"
        )
    _check_shape(tuple(examples.shape), tuple(shape))
    values = np.asarray(keras.ops.convert_to_numpy(examples), dtype="float32")
    # Minimum and maximum pass NaN on, so two reductions without a mask find every kind of fault.
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        bad = np.argwhere(~np.isfinite(values))
        where = tuple(int(i) for i in bad[0])
        raise ValueError(
            f"Examples hold {len(bad)} values that are NaN or infinite, the first at index "
            f"{where}: {values[where]}. Remove or repair these examples."
        )
    if data_range is not None and (low < data_range[0] or high > data_range[1]):
        raise ValueError(
            f"Examples must lie in [{data_range[0]:g}, {data_range[1]:g}]. Received values in "
            f"[{low:g}, {high:g}]. Scale them (for 8-bit images: x / 127.5 - 1), or build the GAN "
            f"with data_range=None for unbounded data such as points."
        )


def check_labels(labels: Any, examples: int | None, num_classes: int) -> None:
    """Refuse labels that are no class numbers.

    Args:
        labels: array or tensor of shape `(examples,)`.
        examples: how many there should be, or None for any number.
        num_classes: labels must lie in `[0, num_classes)`.

    Raises:
        TypeError: if the labels are not integers.
        ValueError: on a wrong shape or a label out of range.
    """
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if "int" not in dtype:
        raise TypeError(
            f"Labels must be integers, one class number per example. Received dtype {dtype}. "
            f"One-hot labels become class numbers with argmax(axis=-1)."
        )
    shape = tuple(labels.shape)
    if len(shape) != 1 or (examples is not None and shape[0] != examples):
        wanted = "(examples,)" if examples is None else f"({examples},)"
        raise ValueError(f"Labels must have shape {wanted}. Received shape {shape}.")
    values = np.asarray(keras.ops.convert_to_numpy(labels))
    wrong = np.flatnonzero((values < 0) | (values >= num_classes))
    if len(wrong):
        raise ValueError(
            f"Labels must lie in [0, {num_classes}). Received {int(values[wrong[0]])} at index "
            f"{int(wrong[0])} ({len(wrong)} of {len(values)} labels are out of range)."
        )


def check_every_class(labels: Any, num_classes: int) -> None:
    """Refuse labels that leave a class out: the networks would learn nothing about it.

    Args:
        labels: array of class numbers that `check_labels` has let through.
        num_classes: how many classes the networks have.

    Raises:
        ValueError: naming the classes that do not occur.
    """
    counts = np.bincount(np.asarray(labels), minlength=num_classes)
    missing = np.flatnonzero(counts == 0).tolist()
    if missing:
        raise ValueError(
            f"No example has label {', '.join(map(str, missing[:10]))}"
            f"{', ...' if len(missing) > 10 else ''}: with num_classes={num_classes}, every class "
            f"from 0 to {num_classes - 1} needs examples, or nothing is learned of it. Number the "
            f"classes that are there from 0 on, and build the GAN with their number."
        )


def check_label_vectors(labels: Any, examples: int | None, size: int) -> None:
    """Refuse labels that are no vectors of finite numbers.

    Args:
        labels: array or tensor of shape `(examples, size)`.
        examples: how many there should be, or None for any number.
        size: how many numbers a label holds.

    Raises:
        TypeError: if the labels are not floating point.
        ValueError: on a wrong shape, or on NaN or infinite values.
    """
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if "float" not in dtype:
        raise TypeError(
            f"Labels that are vectors must be floating point. Received dtype {dtype}: convert "
            f"them with y.astype('float32')."
        )
    shape = tuple(labels.shape)
    if len(shape) != 2 or shape[1] != size or (examples is not None and shape[0] != examples):
        wanted = f"({'examples' if examples is None else examples}, {size})"
        raise ValueError(f"Labels must have shape {wanted}. Received shape {shape}.")
    values = np.asarray(keras.ops.convert_to_numpy(labels), dtype="float32")
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        where = tuple(int(i) for i in wrong[0])
        raise ValueError(
            f"Labels hold {len(wrong)} values that are NaN or infinite, the first at index "
            f"{where}: {values[where]}. Remove or repair these examples."
        )


def check_images(name: str, images: Any) -> np.ndarray:
    """Refuse what is not one image, or a batch of them, in bytes or in floats of [-1, 1].

    Args:
        name: what the caller calls them, for the error.
        images: uint8 in 0..255 or floats in [-1, 1]; shape `(height, width)`, `(height, width,
            channels)` or `(n, height, width, channels)`, with 1 or 3 channels.

    Returns:
        The same values and dtype as an array `(n, height, width, channels)`.

    Raises:
        TypeError: if the values are neither uint8 nor floats.
        ValueError: on another shape, no pixels, NaN or infinite values, floats outside [-1, 1].
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise TypeError(
            f"`{name}` must hold uint8 in 0..255 or floats in [-1, 1]. Received dtype "
            f"{images.dtype}."
        )
    shape = images.shape
    if (
        images.ndim not in (2, 3, 4)
        or images.size == 0
        or (images.ndim > 2 and shape[-1] not in (1, 3))
    ):
        raise ValueError(
            f"`{name}` must have shape (height, width), (height, width, channels) or (n, height, "
            f"width, channels), with 1 or 3 channels. Received shape {shape}."
        )
    if images.dtype.kind == "f":
        low, high = float(images.min()), float(images.max())
        # A little air for float16 and resizing; NaN fails the comparison.
        if not (low >= -1.001 and high <= 1.001):
            raise ValueError(
                f"`{name}` must be finite and lie in [-1, 1] where it holds floats. Received values"
                f" in [{low:g}, {high:g}]. Give bytes as uint8, and floats of [0, 1] as 2 * x - 1."
            )
    return images.reshape(1, *shape, 1) if images.ndim == 2 else images.reshape(-1, *shape[-3:])


def _check_shape(received: tuple, shape: tuple) -> None:
    wanted = "(examples, " + "".join(f"{'any' if n is None else n}, " for n in shape)[:-2] + ")"
    if len(received) != len(shape) + 1:
        hint = ""
        if len(received) == len(shape):
            hint = " Is the axis of the channels missing (x[..., None]), or that of the examples?"
        raise ValueError(
            f"Examples must have shape {wanted}, {len(shape) + 1} axes. Received shape {received}, "
            f"{len(received)} axes.{hint}"
        )
    if received[0] == 0:
        raise ValueError(f"The data set is empty. Received examples of shape {received}.")
    for axis, (have, want) in enumerate(zip(received[1:], shape, strict=True), start=1):
        if want is not None and have != want:
            what = "channels" if axis == len(shape) == 3 else f"axis {axis}"
            raise ValueError(
                f"Examples must have shape {wanted}. Received shape {received}: {what} is {have}, "
                f"not {want}. Resize the data, or build networks for this shape."
            )


def _scale_hint(dtype: str, data_range: tuple[float, float] | None) -> str:
    if data_range is None:
        return ": convert them with x.astype('float32')."
    if dtype == "uint8":
        return ": scale 8-bit images to [-1, 1] with x.astype('float32') / 127.5 - 1."
    return f": convert and scale them to [{data_range[0]:g}, {data_range[1]:g}]."
