"""`stream`: read a named set as a `tf.data` pipeline that can be resumed exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gankit.checks import check_choice, check_count, check_flag, check_seed
from gankit.datasets import tfds_sets
from gankit.datasets.images import check_image_size
from gankit.datasets.loading import read_levels
from gankit.datasets.registry import find
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
        seed: 0 to 2**31 - 1.
        drop_remainder: whether to drop a smaller last batch, so that all batches have one shape.

    Returns:
        A `tf.data.Dataset` of float32 images `(batch_size, side, side, channels)` in [-1, 1],
        with int32 labels `(batch_size,)` if `labels` is True.

    Raises:
        ValueError: if the name or the split is unknown, the image size, batch size or seed is not a
            whole number in its range, or the set has no labels and `labels` is True.
        TypeError: if `labels`, `shuffle` or `drop_remainder` is not a bool.
        DatasetUnavailable: if the set is missing and cannot be fetched or stored.
        ImportError: if TensorFlow or TensorFlow Datasets is not installed.

    Example:

    >>> digits = stream("digits", batch_size=32)
    >>> next(iter(digits)).shape
    TensorShape([32, 8, 8, 1])
    """
    dataset = find(name, "load")
    check_choice("split", split, dataset.splits)
    side = check_image_size(image_size, dataset.image_size)
    check_count("batch_size", batch_size, 1, 2**31 - 1)
    check_flag("labels", labels)
    check_flag("shuffle", shuffle)
    check_flag("drop_remainder", drop_remainder)
    position = Position(check_seed("seed", seed))
    if labels and dataset.num_classes is None:
        raise ValueError(f"{name!r} has no labels. Received: labels={labels!r}. Pass labels=False.")
    tf = tfds_sets.tensorflow()
    if dataset.large:
        files, examples = tfds_sets.encoded(dataset, split)
        levels = _from_disk(
            files, dataset.channels, side, batch_size, shuffle, drop_remainder, position
        )
    else:
        arrays = read_levels(dataset, split, side)
        examples = len(arrays[0])
        batches = Batches(arrays, batch_size=batch_size, shuffle=shuffle, position=position)
        levels = batches.pipeline(tf, drop_remainder)
    steps = examples // batch_size if drop_remainder else -(-examples // batch_size)
    if steps == 0:
        raise ValueError(
            f"`batch_size` must be at most {examples}, the size of the {split!r} split of {name!r}."
            f" Received: batch_size={batch_size}. Reduce it, or pass drop_remainder=False."
        )

    def scale(images: tf.Tensor, *classes: tf.Tensor) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        images = tf.cast(images, tf.float32) / (dataset.max_level / 2) - 1
        return (images, *classes) if labels else images

    pipeline = levels.map(scale, tf.data.AUTOTUNE, deterministic=True)
    return with_position(pipeline, tf, steps, position)


def _from_disk(
    files: tf.data.Dataset,
    channels: int,
    side: int,
    batch_size: int,
    shuffle: bool,
    drop_remainder: bool,
    position: Position,
) -> tf.data.Dataset:
    """Return batches of gray levels of a set without labels.

    Images are decoded after shuffling and skipping.
    """
    tf = tfds_sets.tensorflow()

    def one_pass() -> Iterator[tuple[int, int, int]]:
        epoch, batch = position.take()
        yield position.seed, epoch, batch * batch_size

    def batches(seed: tf.Tensor, epoch: tf.Tensor, skip: tf.Tensor) -> tf.data.Dataset:
        chosen = _shuffle_windows(files, seed, epoch) if shuffle else files
        return chosen.skip(skip).map(decode, tf.data.AUTOTUNE).batch(batch_size, drop_remainder)

    def decode(file: tf.Tensor) -> tf.Tensor:
        image = tf.io.decode_image(file, channels, expand_animations=False)
        return tfds_sets.square(tf.ensure_shape(image, (None, None, channels)), side)

    number = tf.TensorSpec((), tf.int64)
    passes = tf.data.Dataset.from_generator(one_pass, output_signature=(number, number, number))
    return passes.flat_map(batches)


def _shuffle_windows(files: tf.data.Dataset, seed: tf.Tensor, epoch: tf.Tensor) -> tf.data.Dataset:
    # `Dataset.shuffle` also depends on TensorFlow's global seed. This order depends only on
    # (seed, epoch).
    tf = tfds_sets.tensorflow()

    def shuffled(window: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
        window_seed = tf.stack([seed, epoch * 2**32 + window])
        return tf.random.experimental.stateless_shuffle(content, window_seed)

    return files.batch(WINDOW).enumerate().map(shuffled).unbatch()
