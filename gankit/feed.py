"""What `fit` trains on: declared tensors, checked, in batches whose order can be resumed.

A game declares its batch as *sets* of `Examples`, `ClassNumbers` and `Vectors`. Tensors of one set
belong together row by row; each set is shuffled by itself, and a shorter one goes round again. The
order in epoch `e` depends on `(seed, e)` alone, and a `Position` says which epoch comes next and
how many of its batches to leave out, so that a new process continues where another one was killed.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

# ---- what a batch is declared to hold ------------------------------------------------------------


class Examples:
    """Floating-point tensors of one shape, such as images or points.

    Args:
        shape: shape of one example; None stands for any size.
        data_range: lowest and highest value allowed, or None for unbounded data.
        name: what to call them in an error, such as `"inputs"`.

    Example:

    >>> import numpy as np
    >>> from gankit.feed import Examples
    >>> Examples((28, 28, 1), (-1, 1)).check(np.zeros((5, 28, 28, 1), "float32"))
    """

    def __init__(
        self,
        shape: Sequence[int | None],
        data_range: tuple[float, float] | None = (-1.0, 1.0),
        name: str = "examples",
    ):
        self.shape, self.data_range, self.name = tuple(shape), data_range, name

    def check(self, examples: Any, rows: int | None = None, whole: bool = False) -> None:
        """Refuse examples that networks cannot take, or would take and learn nothing from.

        Args:
            examples: array or tensor of shape `(batch, *shape)`.
            rows: how many there should be; None for any number.
            whole: whether this is the whole set, which then must use the negative half of a range
                such as [-1, 1].

        Raises:
            TypeError: if the values are not floating point.
            ValueError: on a wrong rank, size or number of channels, on no examples at all, on NaN
                or infinite values, on values outside `data_range`.
        """
        called, dtype = self.name.capitalize(), examples.dtype
        dtype = getattr(dtype, "name", None) or keras.backend.standardize_dtype(dtype)
        if "float" not in dtype:
            raise TypeError(
                f"{called} must be floating point. Received dtype {dtype}{self._scale_hint(dtype)}"
            )
        sizes, received = (rows, *self.shape), tuple(examples.shape)
        if (
            len(received) != len(sizes)
            or 0 in received
            or any(n != have for n, have in zip(sizes, received, strict=True) if n is not None)
        ):
            self._refuse_shape(received, rows)
        values = np.asarray(keras.ops.convert_to_numpy(examples), dtype="float32")
        # Minimum and maximum pass NaN on, so two reductions find every kind of fault.
        low, high = float(values.min()), float(values.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            bad = np.argwhere(~np.isfinite(values))
            where = tuple(map(int, bad[0]))
            raise ValueError(
                f"{called} must be finite. Received: {len(bad)} values that are NaN or infinite, "
                f"the first {values[where]} at index {where}. Remove or repair these examples."
            )
        lowest, highest = self.data_range or (-math.inf, math.inf)
        if low < lowest or high > highest:
            raise ValueError(
                f"{called} must lie in [{lowest:g}, {highest:g}]. Received values in [{low:g}, "
                f"{high:g}]. Scale them (for 8-bit images: x / 127.5 - 1), or build the model with "
                f"data_range=None for unbounded data such as points."
            )
        if whole and -math.inf < lowest == -highest and 0 <= low < high:
            raise ValueError(
                f"{called} must use the range [{lowest:g}, {highest:g}], and none is below 0. "
                f"Received values in [{low:g}, {high:g}]. Scale them from [0, 1] with 2 * x - 1, "
                f"or build the model with data_range=(0, {highest:g})."
            )

    def _refuse_shape(self, received: tuple, rows: int | None) -> None:
        sizes = ", ".join("any" if n is None else str(n) for n in self.shape)
        wanted = f"({'examples' if rows is None else rows}, {sizes})"
        wrong = f"{self.name.capitalize()} must have shape {wanted}"
        if len(received) != len(self.shape) + 1:
            hint = ""
            if len(received) == len(self.shape):
                hint = " Is the axis of the channels missing (x[..., None]), or that of examples?"
            raise ValueError(
                f"{wrong}, {len(self.shape) + 1} axes. Received shape {received}, "
                f"{len(received)} axes.{hint}"
            )
        if 0 in received:
            raise ValueError(f"The data set is empty. Received {self.name} of shape {received}.")
        if rows is not None and received[0] != rows:
            raise ValueError(f"{wrong}, one for each. Received shape {received}.")
        for axis, (have, want) in enumerate(zip(received[1:], self.shape, strict=True), start=1):
            if want is not None and have != want:
                what = "channels" if axis == len(self.shape) == 3 else f"axis {axis}"
                raise ValueError(
                    f"{wrong}. Received shape {received}: {what} is {have}, not {want}. Resize "
                    f"the data, or build networks for this shape."
                )

    def _scale_hint(self, dtype: str) -> str:
        if self.data_range is None:
            return ": convert them with array.astype('float32')."
        if dtype == "uint8":
            return ": scale 8-bit images to [-1, 1] with x.astype('float32') / 127.5 - 1."
        return f": convert and scale them to [{self.data_range[0]:g}, {self.data_range[1]:g}]."


class ClassNumbers:
    """Integers in `[0, num_classes)`, one for each example.

    Args:
        num_classes: the number of classes.

    Example:

    >>> import numpy as np
    >>> from gankit.feed import ClassNumbers
    >>> ClassNumbers(3).check(np.array([0, 2, 1]))
    """

    shape, name = (), "labels"

    def __init__(self, num_classes: int):
        self.num_classes = num_classes

    def check(self, labels: Any, rows: int | None = None, whole: bool = False) -> None:
        """Refuse what are no class numbers.

        Args:
            labels: array or tensor of shape `(examples,)`.
            rows: how many there should be; None for any number.
            whole: whether these are the labels of a whole set, in which every class must occur:
                else nothing would be learned about it.

        Raises:
            TypeError: if the labels are not integers.
            ValueError: on a wrong shape, a label out of range, or a class that does not occur.
        """
        dtype = getattr(labels.dtype, "name", None)
        dtype = dtype or keras.backend.standardize_dtype(labels.dtype)
        if "int" not in dtype:
            raise TypeError(
                f"Labels must be integers, one class number per example. Received dtype {dtype}. "
                f"Convert one-hot labels to class numbers with argmax(axis=-1)."
            )
        shape = tuple(labels.shape)
        if len(shape) != 1 or (rows is not None and shape[0] != rows):
            wanted = "(examples,)" if rows is None else f"({rows},)"
            raise ValueError(f"Labels must have shape {wanted}. Received shape {shape}.")
        values = keras.ops.convert_to_numpy(labels)
        wrong = np.flatnonzero((values < 0) | (values >= self.num_classes))
        if len(wrong):
            raise ValueError(
                f"Labels must lie in [0, {self.num_classes}). Received {int(values[wrong[0]])} at "
                f"index {int(wrong[0])} ({len(wrong)} of {len(values)} labels are out of range)."
            )
        missing = np.setdiff1d(np.arange(self.num_classes), values).tolist()
        if whole and missing:
            raise ValueError(
                f"No example has label {', '.join(map(str, missing[:10]))}"
                f"{', ...' if len(missing) > 10 else ''}: with num_classes={self.num_classes}, "
                f"every class from 0 to {self.num_classes - 1} needs examples. Number the classes "
                f"that do occur from 0 on, and build the model with their number."
            )


class Vectors(Examples):
    """Vectors of finite floating-point numbers, one for each example.

    Args:
        size: how many numbers a vector holds.

    Example:

    >>> import numpy as np
    >>> from gankit.feed import Vectors
    >>> Vectors(2).check(np.zeros((5, 2), "float32"))
    """

    def __init__(self, size: int):
        super().__init__((size,), None, "labels")


def check_not_empty(tensors: Sequence[Any]) -> None:
    """Refuse tensors without rows, where nothing more is declared of them.

    Args:
        tensors: arrays or tensors.

    Raises:
        ValueError: if there is none, or one has no rows.
    """
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if not shapes or any(not shape or shape[0] == 0 for shape in shapes):
        raise ValueError(f"The data set is empty. Received tensors of shapes {shapes}.")


def facts(data: Any) -> dict:
    """What tells data from other data: shapes, and the bytes of some rows.

    Args:
        data: `Batches`, or the first batch of a pipeline.
    """
    arrays = isinstance(data, Batches)
    parts = keras.tree.flatten(data.sets if arrays else data)
    parts = [np.asarray(keras.ops.convert_to_numpy(part)) for part in parts]
    sums = [zlib.crc32(part[:: max(1, len(part) // 64)].tobytes()) for part in parts]
    found = {"shapes": [list(part.shape) for part in parts], "checksums of rows": sums}
    return found | ({"batch_size": data.batch_size, "shuffle": data.shuffle} if arrays else {})


# ---- batches that can be resumed -----------------------------------------------------------------


@dataclasses.dataclass
class Position:
    """Where in the data the next pass begins.

    Attributes:
        seed: what the order of the examples depends on, besides the epoch.
        epoch: the epoch of the next pass, from 0.
        batch: number of batches at the start of that epoch to leave out.
    """

    seed: int = 0
    epoch: int = 0
    batch: int = 0

    def seek(self, epoch: int, batch: int = 0) -> None:
        """Make the next pass that of `epoch`, without its first `batch` batches."""
        self.epoch, self.batch = epoch, batch

    def take(self) -> tuple[int, int]:
        """Return the `(epoch, batch)` where a pass begins now; the next pass is one epoch on."""
        taken = self.epoch, self.batch
        self.seek(self.epoch + 1)
        return taken


class FollowTraining(keras.callbacks.Callback):
    """Keeps the order of the data in step with the epoch, and ends training where a loss is NaN.

    The other callbacks see that epoch end, and say what they have to say; then `fit` calls
    `refuse_nan`.

    Attributes:
        async_safe: whether Keras may let it read the logs in a thread, while the next step runs.
    """

    async_safe = True
    _epoch, _found = 0, None

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Begin the pass of this epoch."""
        self._epoch, position = epoch, self.model.data_position
        if position is not None:
            position.epoch, position.batch = epoch, 0
        if position is not None and self.model.order_follows_seed:
            # A backup that was loaded when training began has brought the seed of its run.
            position.seed = self.model.seed

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Look at the losses."""
        names = [name for name, value in (logs or {}).items() if math.isnan(value)]
        if names and self._found is None:
            self._found = (
                f"NaN for {', '.join(names)} in epoch {self._epoch + 1}, batch {batch + 1}"
            )
            self.model.stop_training = True

    def refuse_nan(self) -> None:
        """Raise an error where losses were NaN.

        Raises:
            FloatingPointError: naming the losses, the epoch and the batch.
        """
        if self._found is not None:
            raise FloatingPointError(
                f"Training has diverged, and was ended. Received: {self._found}. "
                f"{self.model.last_backup or 'There is no backup.'} Lower the learning rates, or "
                f"clip the gradients."
            )


def order(examples: int, seed: int, epoch: int) -> np.ndarray:
    """The order of `examples` examples in an epoch: a permutation that `(seed, epoch)` decides.

    Example:

    >>> from gankit.feed import order
    >>> bool((order(1000, seed=0, epoch=3) == order(1000, seed=0, epoch=3)).all())
    True
    >>> bool((order(1000, seed=0, epoch=3) == order(1000, seed=0, epoch=4)).all())
    False
    """
    return np.random.default_rng([seed, epoch]).permutation(examples)


class Batches(keras.utils.PyDataset):
    """Arrays in memory as batches for `fit`, on any backend.

    Args:
        *sets: each an array, or a tuple of arrays of equal length that belong together. An epoch is
            one pass through the longest set; a shorter one goes round again, in a new order.
        batch_size: examples of each set per batch; an epoch's last batch holds what is left.
        shuffle: whether each epoch has an order of its own, and each set its own order.
        position: where to begin, and the seed of the order.

    Example:

    >>> import numpy as np
    >>> from gankit.feed import Batches
    >>> batches = Batches(np.arange(10.0), batch_size=4, shuffle=False)
    >>> len(batches), batches[2].tolist()
    (3, [8.0, 9.0])
    >>> batches.position.seek(epoch=0, batch=2)
    >>> len(batches), batches[0].tolist()
    (1, [8.0, 9.0])
    >>> horses, zebras = Batches(np.arange(3), np.arange(2), batch_size=3, shuffle=False)[0]
    >>> zebras.tolist()
    [0, 1, 0]
    """

    def __init__(
        self,
        *sets: Any,
        batch_size: int,
        shuffle: bool = True,
        position: Position | None = None,
    ):
        super().__init__()
        self.sets = sets
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.position = position or Position()
        self.lengths = [len(keras.tree.flatten(arrays)[0]) for arrays in sets]
        self._order = (None, None)

    def __len__(self) -> int:
        return math.ceil(max(self.lengths) / self.batch_size) - self.position.batch

    def __getitem__(self, index: int) -> Any:
        key = (self.position.seed, self.position.epoch)
        if self._order[0] != key:
            self._order = (key, self._rows(*key))
        start = (self.position.batch + index) * self.batch_size
        chosen = self._order[1][start : start + self.batch_size]
        return self._gather(self.sets, chosen, lambda array, rows: array[rows])

    def endless(self) -> Iterator[Any]:
        """Batches of one epoch after the other."""
        while True:
            yield from (self[index] for index in range(len(self)))
            self.position.seek(self.position.epoch + 1)

    def _rows(self, seed: int, epoch: int) -> np.ndarray:
        """Which row of each set stands where in the epoch: `(longest, sets)`."""
        longest = max(self.lengths)
        if not self.shuffle:
            return np.stack([np.arange(longest) % length for length in self.lengths], axis=1)
        # The first set's order is `order`; the others share a generator of their own.
        first = np.random.default_rng([seed, epoch])
        others = np.random.default_rng([seed, epoch, *self.lengths[1:2]])
        columns = []
        for number, length in enumerate(self.lengths):
            rng, rounds = others if number else first, math.ceil(longest / length)
            columns.append(np.concatenate([rng.permutation(length) for _ in range(rounds)]))
        return np.stack([column[:longest] for column in columns], axis=1)

    def _gather(self, sets: Sequence, rows: Any, gather: Callable) -> Any:
        """A batch from arrays or from tensors: of each set, the rows in its column."""
        parts = [
            keras.tree.map_structure(lambda array, i=i: gather(array, rows[:, i]), arrays)
            for i, arrays in enumerate(sets)
        ]
        if len(parts) == 1:
            return parts[0]
        # Keras takes a batch of at most three parts, each of which may be a nest.
        return tuple(parts) if len(parts) <= 3 else (tuple(parts),)

    def pipeline(self, tf: Any, drop_remainder: bool = False) -> Any:
        """The same batches from a `tf.data` pipeline, which gathers them while a step runs.

        Each iteration is the epoch after the last. The pipeline has the attribute `position`, which
        is asked when the first batch of an iteration is taken; `cardinality()` is the number of
        batches of a whole epoch.

        Args:
            tf: the module `tensorflow`, which this file does without.
            drop_remainder: whether to leave out a last batch that is smaller than the others.

        Returns:
            A `tf.data.Dataset`. Batches have a static size where all are of one size.
        """
        with tf.device("CPU"):
            tensors = [keras.tree.map_structure(tf.constant, arrays) for arrays in self.sets]
        steps, rest = divmod(max(self.lengths), self.batch_size)
        whole = drop_remainder or rest == 0

        def one_pass() -> Iterator[np.ndarray]:
            epoch, batch = self.position.take()
            yield self._rows(self.position.seed, epoch)[batch * self.batch_size :]

        passes = tf.data.Dataset.from_generator(
            one_pass, output_signature=tf.TensorSpec((None, len(self.sets)), tf.int64)
        )
        pipeline = passes.flat_map(
            lambda rows: tf.data.Dataset.from_tensor_slices(rows).batch(self.batch_size, whole)
        ).map(
            lambda rows: self._gather(tensors, rows, tf.gather),
            tf.data.AUTOTUNE,
            deterministic=True,
        )
        return with_position(pipeline, tf, steps if whole else steps + 1, self.position)


def with_position(pipeline: Any, tf: Any, steps: int, position: Position) -> Any:
    """Give a prefetching form of `pipeline` its `position` and a `cardinality` that knows it.

    Args:
        pipeline: a `tf.data.Dataset` whose iterations begin at `position`.
        tf: the module `tensorflow`.
        steps: batches of a whole epoch.
        position: where the next iteration begins.
    """
    options = tf.data.Options()
    # The thread that tunes a pipeline sleeps for seconds at a time, and the end of an iteration was
    # seen to wait until it wakes: 9 s after an epoch of 11 s. These pipelines need no tuning.
    options.autotune.enabled = False
    pipeline = pipeline.prefetch(2).with_options(options)
    pipeline.position = position
    # tf.data cannot know the length of a pipeline fed by a generator; asserting it would fail on an
    # epoch that is resumed in its middle.
    pipeline.cardinality = functools.partial(tf.constant, steps, tf.int64)
    return pipeline
