"""`stream`: a named set as a `tf.data` pipeline that can be resumed exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gankit.datasets import tfds_sets
from gankit.datasets.images import check_image_size
from gankit.datasets.loading import read_levels
from gankit.datasets.registry import Dataset, check_split, find
from gankit.feed import Batches, Position, with_position

if TYPE_CHECKING:
    import tensorflow as tf

WINDOW = 8192
"""Examples shuffled together where a set is too large for memory."""


def stream(
    name: str,
    batch_size: int,
    split: str = "train",
    image_size: int | None = None,
    labels: bool = False,
    shuffle: bool = True,
    seed: int = 0,
    drop_remainder: bool = True,
) -> tf.data.Dataset:
    """A named set as a shuffled, batched, prefetched `tf.data` pipeline, ready for `fit`.

    The order of the examples is a function of `(seed, epoch)` alone. Each iteration is the
    epoch after the last; the pipeline's attribute `position`, a `gankit.batches.Position`,
    says which comes next, and `position.seek(epoch, batch)` goes to any batch of any epoch
    without reading those before it. It is asked when the first batch of an iteration is
    taken. `cardinality()` is the number of batches that the next iteration has. Datasets
    derived from this one (`.map(...)`) share the position but do not know their cardinality.

    All sets but `celeb_a` are held in memory as uint8 and shuffled as a whole.
    `celeb_a` is read from disk and shuffled within windows of `WINDOW` examples
    (TensorFlow Datasets has shuffled its files once already).

    Args:
        name: One of `names()`.
        batch_size: Examples per batch.
        split: As in `load`.
        image_size: As in `load`.
        labels: Whether to give `(images, labels)` instead of images alone.
        shuffle: Whether to shuffle; if not, each epoch is in the order of `load`.
        seed: Non-negative integer.
        drop_remainder: Whether to leave out the last, smaller batch, so that all have one
            shape.

    Returns:
        A `tf.data.Dataset` of float32 images `(batch_size, side, side, channels)` in
        [-1, 1], with int32 labels `(batch_size,)` where asked for.

    Raises:
        ValueError: Unknown name or split, a bad image size, batch size or seed, labels of a
            set without any.
        TypeError: An image size, batch size or seed that is no whole number.
        DatasetUnavailable: The set is not here and cannot be fetched or kept.
        ImportError: TensorFlow or TensorFlow Datasets is not installed.

    Example:

    >>> digits = stream("digits", batch_size=32)
    >>> next(iter(digits)).shape
    TensorShape([32, 8, 8, 1])
    """
    dataset = find(name, "load")
    check_split(dataset, split)
    side = dataset.image_size if image_size is None else check_image_size(image_size)
    _check_whole("batch_size", batch_size, 1)
    _check_whole("seed", seed, 0)
    if labels and dataset.num_classes is None:
        raise ValueError(f"{name!r} has no labels; call stream with labels=False")
    position = Position(seed)
    make = _from_disk if dataset.large else _from_memory
    levels, examples = make(dataset, split, side, batch_size, shuffle, drop_remainder, position)
    steps = examples // batch_size if drop_remainder else -(-examples // batch_size)
    if steps == 0:
        raise ValueError(
            f"batch_size {batch_size} is more than the {examples} examples of {name!r} {split!r}; "
            "take a smaller one or drop_remainder=False"
        )
    return _finish(levels, dataset.peak, labels, steps, position)


def _from_memory(
    dataset: Dataset,
    split: str,
    side: int,
    batch_size: int,
    shuffle: bool,
    drop_remainder: bool,
    position: Position,
) -> tuple[tf.data.Dataset, int]:
    """Batches of gray levels and labels, gathered from arrays."""
    tf = tfds_sets.tensorflow()
    arrays = read_levels(dataset, split, side)
    batches = Batches(arrays, batch_size=batch_size, shuffle=shuffle, position=position)
    return batches.pipeline(tf, drop_remainder), len(arrays[0])


def _from_disk(
    dataset: Dataset,
    split: str,
    side: int,
    batch_size: int,
    shuffle: bool,
    drop_remainder: bool,
    position: Position,
) -> tuple[tf.data.Dataset, int]:
    """Batches of gray levels of a set without labels, decoded after the shuffle and the skip."""
    tf = tfds_sets.tensorflow()
    files, examples = tfds_sets.encoded(dataset, split)

    def one_pass() -> Iterator[tuple[int, int, int]]:
        epoch, batch = position.take()
        yield position.seed, epoch, batch * batch_size

    def batches(seed: tf.Tensor, epoch: tf.Tensor, skip: tf.Tensor) -> tf.data.Dataset:
        chosen = _shuffle_windows(files, seed, epoch) if shuffle else files
        return chosen.skip(skip).map(decode, tf.data.AUTOTUNE).batch(batch_size, drop_remainder)

    def decode(file: tf.Tensor) -> tf.Tensor:
        image = tf.io.decode_image(file, dataset.channels, expand_animations=False)
        return tfds_sets.square(tf.ensure_shape(image, (None, None, dataset.channels)), side)

    number = tf.TensorSpec((), tf.int64)
    passes = tf.data.Dataset.from_generator(one_pass, output_signature=(number, number, number))
    return passes.flat_map(batches), examples


def _shuffle_windows(files: tf.data.Dataset, seed: tf.Tensor, epoch: tf.Tensor) -> tf.data.Dataset:
    # `Dataset.shuffle` mixes TensorFlow's global seed into its own; this order depends on
    # (seed, epoch) and nothing else
    tf = tfds_sets.tensorflow()

    def shuffled(window: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
        place = tf.stack([seed, epoch * 2**32 + window])
        return tf.random.experimental.stateless_shuffle(content, place)

    return files.batch(WINDOW).enumerate().map(shuffled).unbatch()


def _finish(
    levels: tf.data.Dataset, peak: int, labels: bool, steps: int, position: Position
) -> tf.data.Dataset:
    tf = tfds_sets.tensorflow()

    def scale(images: tf.Tensor, *classes: tf.Tensor) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        images = tf.cast(images, tf.float32) / (peak / 2) - 1
        return (images, *classes) if labels else images

    pipeline = levels.map(scale, tf.data.AUTOTUNE, deterministic=True)
    return with_position(pipeline, tf, steps, position)


def _check_whole(what: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{what} must be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{what} must be at least {least}, got {value!r}")
