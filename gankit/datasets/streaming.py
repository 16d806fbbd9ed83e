"""`stream`: read a named set as a `tf.data` pipeline that can be resumed exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gankit.datasets import tfds_sets
from gankit.datasets.images import check_image_size, check_split
from gankit.datasets.loading import read_levels
from gankit.datasets.registry import Dataset, find
from gankit.feed import Batches, Position, with_position

if TYPE_CHECKING:
    import tensorflow as tf

WINDOW = 8192
"""Number of examples shuffled together if a set is too large for memory."""


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
    """Return a named set as a shuffled, batched, prefetched `tf.data` pipeline for `fit`.

    The order of the examples depends only on `(seed, epoch)`. Each iteration over the pipeline is
    one epoch. The pipeline has an attribute `position`, a `gankit.feed.Position`, which says
    where the next epoch begins. `position.seek(epoch, batch)` moves to any batch of any epoch
    without reading the batches before it. The pipeline reads the position when it produces the
    first batch of an iteration. `cardinality()` returns the number of batches in a whole
    epoch. Pipelines derived from this one (`.map(...)`) share the position but do not know
    their cardinality.

    All sets but `celeb_a` are held in memory as uint8, and the whole set is shuffled. `celeb_a` is
    read from disk and shuffled within windows of `WINDOW` examples (TensorFlow Datasets has already
    shuffled its files once).

    Args:
        name: one of `names()`.
        batch_size: examples per batch.
        split: as in `load`.
        image_size: as in `load`.
        labels: whether to return `(images, labels)` instead of images only.
        shuffle: whether to shuffle; if not, each epoch has the order of `load`.
        seed: non-negative integer.
        drop_remainder: whether to drop a smaller last batch, so that all batches have one shape.

    Returns:
        A `tf.data.Dataset` of float32 images `(batch_size, side, side, channels)` in [-1, 1],
        with int32 labels `(batch_size,)` if `labels` is True.

    Raises:
        ValueError: if the name or the split is unknown, the image size, batch size or seed is out
            of range, or the set has no labels and `labels` is True.
        TypeError: if the image size, batch size or seed is not a whole number.
        DatasetUnavailable: if the set is missing and cannot be fetched or stored.
        ImportError: if TensorFlow or TensorFlow Datasets is not installed.

    Example:

    >>> digits = stream("digits", batch_size=32)
    >>> next(iter(digits)).shape
    TensorShape([32, 8, 8, 1])
    """
    dataset = find(name, "load")
    check_split(name, split, dataset.splits)
    side = dataset.image_size if image_size is None else check_image_size(image_size)
    _check_whole("batch_size", batch_size, 1)
    _check_whole("seed", seed, 0)
    if labels and dataset.num_classes is None:
        raise ValueError(f"{name!r} has no labels. Received: labels={labels!r}. Pass labels=False.")
    position = Position(seed)
    make = _from_disk if dataset.large else _from_memory
    levels, examples = make(dataset, split, side, batch_size, shuffle, drop_remainder, position)
    steps = examples // batch_size if drop_remainder else -(-examples // batch_size)
    if steps == 0:
        raise ValueError(
            f"`batch_size` must be at most {examples}, the size of the {split!r} split of {name!r}."
            f" Received: batch_size={batch_size}. Reduce it, or pass drop_remainder=False."
        )
    return _scaled(levels, dataset.max_level, labels, steps, position)


def _from_memory(
    dataset: Dataset,
    split: str,
    side: int,
    batch_size: int,
    shuffle: bool,
    drop_remainder: bool,
    position: Position,
) -> tuple[tf.data.Dataset, int]:
    """Return batches of gray levels and labels from memory, and the number of examples."""
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
    """Return batches of gray levels of a set without labels, and the number of examples.

    Images are decoded after shuffling and skipping.
    """
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
    # `Dataset.shuffle` also depends on TensorFlow's global seed. This order depends only on
    # (seed, epoch).
    tf = tfds_sets.tensorflow()

    def shuffled(window: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
        window_seed = tf.stack([seed, epoch * 2**32 + window])
        return tf.random.experimental.stateless_shuffle(content, window_seed)

    return files.batch(WINDOW).enumerate().map(shuffled).unbatch()


def _scaled(
    levels: tf.data.Dataset, max_level: int, labels: bool, steps: int, position: Position
) -> tf.data.Dataset:
    """Scale the images to [-1, 1], and drop the labels unless they are wanted."""
    tf = tfds_sets.tensorflow()

    def scale(images: tf.Tensor, *classes: tf.Tensor) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        images = tf.cast(images, tf.float32) / (max_level / 2) - 1
        return (images, *classes) if labels else images

    pipeline = levels.map(scale, tf.data.AUTOTUNE, deterministic=True)
    return with_position(pipeline, tf, steps, position)


def _check_whole(name: str, value: object, minimum: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"`{name}` must be a whole number. Received: {name}={value!r}.")
    if value < minimum:
        raise ValueError(f"`{name}` must be at least {minimum}. Received: {name}={value!r}.")
