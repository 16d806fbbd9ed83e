"""Batches whose order is a function of the seed and the epoch, so that training can be resumed.

A shuffled pipeline that keeps its state in a random generator cannot be continued by a new
process. Here the order of the examples in epoch `e` depends on `(seed, e)` alone, and a `Position`
says which epoch comes next and how many of its batches to leave out. `Batches` gathers them with
NumPy, on any backend, and as a `tf.data` pipeline.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

__all__ = ["Batches", "Position", "order", "with_position"]


class Position:
    """Where in the data the next pass begins.

    Attributes:
        seed: what the order of the examples depends on, besides the epoch.
        epoch: the epoch of the next pass, from 0.
        batch: number of batches at the start of that epoch to leave out.
    """

    def __init__(self, seed: int = 0):
        self.seed = seed
        self.epoch = 0
        self.batch = 0

    def seek(self, epoch: int, batch: int = 0) -> None:
        """Make the next pass that of `epoch`, without its first `batch` batches."""
        self.epoch, self.batch = epoch, batch

    def take(self) -> tuple[int, int]:
        """The `(epoch, batch)` where a pass begins now; the pass after it is one epoch on."""
        taken = self.epoch, self.batch
        self.seek(self.epoch + 1)
        return taken

    def __repr__(self) -> str:
        return f"Position(seed={self.seed}, epoch={self.epoch}, batch={self.batch})"


def order(examples: int, seed: int, epoch: int) -> np.ndarray:
    """The order of `examples` examples in an epoch: a permutation that `(seed, epoch)` decides.

    Example:

    >>> from gankit.batches import order
    >>> bool((order(1000, seed=0, epoch=3) == order(1000, seed=0, epoch=3)).all())
    True
    >>> bool((order(1000, seed=0, epoch=3) == order(1000, seed=0, epoch=4)).all())
    False
    """
    return np.random.default_rng([seed, epoch]).permutation(examples)


class Batches(keras.utils.PyDataset):
    """Arrays in memory as batches for `fit`, on any backend.

    Args:
        arrays: one array, or a tuple of arrays of equal length, examples first.
        batch_size: examples per batch; the last batch of an epoch holds what is left.
        shuffle: whether each epoch has an order of its own.
        position: where to begin, and the seed of the order.

    Example:

    >>> import numpy as np
    >>> from gankit.batches import Batches
    >>> batches = Batches(np.arange(10.0), batch_size=4, shuffle=False)
    >>> len(batches), batches[2].tolist()
    (3, [8.0, 9.0])
    >>> batches.position.seek(epoch=0, batch=2)
    >>> len(batches), batches[0].tolist()
    (1, [8.0, 9.0])
    """

    def __init__(
        self,
        arrays: Any,
        batch_size: int,
        shuffle: bool = True,
        position: Position | None = None,
    ):
        super().__init__()
        self.arrays = arrays
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.position = position or Position()
        self._examples = len(keras.tree.flatten(arrays)[0])
        self._order = (None, None)

    def __len__(self) -> int:
        return math.ceil(self._examples / self.batch_size) - self.position.batch

    def __getitem__(self, index: int) -> Any:
        start = (self.position.batch + index) * self.batch_size
        chosen = self._epoch_order()[start : start + self.batch_size]
        return self._take(self.arrays, chosen, lambda array, rows: array[rows])

    def _epoch_order(self) -> np.ndarray:
        key = (self.position.seed, self.position.epoch)
        if self._order[0] != key:
            self._order = (key, self._indices(*key))
        return self._order[1]

    def _indices(self, seed: int, epoch: int) -> np.ndarray:
        return order(self._examples, seed, epoch) if self.shuffle else np.arange(self._examples)

    def _take(self, arrays: Any, chosen: Any, gather: Callable) -> Any:
        """A batch: what `_indices` chose from arrays, or from tensors."""
        return keras.tree.map_structure(lambda array: gather(array, chosen), arrays)

    def pipeline(self, tf: Any, drop_remainder: bool = False) -> Any:
        """The same batches from a `tf.data` pipeline, which gathers them while a step runs.

        Each iteration is the epoch after the last. The pipeline has the attribute `position`, which
        is asked when the first batch of an iteration is taken; `cardinality()` is the number of
        batches that the next iteration has.

        Args:
            tf: the module `tensorflow`, which this file does without.
            drop_remainder: whether to leave out a last batch that is smaller than the others.

        Returns:
            A `tf.data.Dataset`. Batches have a static size where all are of one size.
        """
        with tf.device("CPU"):
            tensors = keras.tree.map_structure(tf.constant, self.arrays)
        steps, rest = divmod(self._examples, self.batch_size)
        alike = drop_remainder or rest == 0

        def one_pass() -> Iterator[np.ndarray]:
            epoch, batch = self.position.take()
            yield self._indices(self.position.seed, epoch)[batch * self.batch_size :]

        def batches(chosen: Any) -> Any:
            return tf.data.Dataset.from_tensor_slices(chosen).batch(self.batch_size, alike)

        def gather(chosen: Any) -> Any:
            return self._take(tensors, chosen, tf.gather)

        passes = tf.data.Dataset.from_generator(
            one_pass, output_signature=tf.TensorSpec((None,), tf.int64)
        )
        pipeline = passes.flat_map(batches).map(gather, tf.data.AUTOTUNE, deterministic=True)
        return with_position(pipeline, tf, steps if alike else steps + 1, self.position)


def with_position(pipeline: Any, tf: Any, steps: int, position: Position) -> Any:
    """Give a prefetching form of `pipeline` its `position` and a `cardinality` that knows it."""
    options = tf.data.Options()
    # The thread that tunes a pipeline sleeps for seconds at a time, and the end of an iteration was
    # seen to wait until it wakes: 9 s after an epoch of 11 s. These pipelines need no tuning.
    options.autotune.enabled = False
    pipeline = pipeline.prefetch(2).with_options(options)
    pipeline.position = position
    # tf.data cannot know the length of a pipeline fed by a generator, and asserting the length of
    # a whole epoch would fail on one that is resumed in its middle.
    pipeline.cardinality = lambda: tf.constant(steps - position.batch, tf.int64)
    return pipeline
