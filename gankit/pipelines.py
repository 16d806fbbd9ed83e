"""Pipelines that `fit` is given: a look at the first batch, and a check of every batch."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from gankit import backend

_NO_PIPELINES = (str, bytes, dict, np.generic)


def holds_arrays(x: Any) -> bool:
    """Whether `fit` was given arrays, rather than something that yields batches.

    Args:
        x: what it was given.
    """
    parts = keras.tree.flatten(x) if isinstance(x, (tuple, list)) else [x]
    return bool(parts) and all(
        isinstance(part, np.ndarray) or keras.ops.is_tensor(part) for part in parts
    )


def peeked(x: Any, y: Any, batch_size: int | None) -> tuple[Any, Any]:
    """A pipeline that `fit` was given, and its first batch.

    Args:
        x: the pipeline.
        y: must be None, since a pipeline yields labels itself.
        batch_size: must be None.

    Raises:
        TypeError: if `x` yields no batches.
        ValueError: if it is empty, or `y` or `batch_size` are given.
    """
    if y is not None or batch_size is not None:
        raise ValueError(
            "`y` and `batch_size` go with an array `x`; a pipeline yields batches of its own, "
            f"labels included. Received: x of type {type(x).__name__}."
        )
    if not (hasattr(x, "__iter__") or hasattr(x, "__getitem__")) or isinstance(x, _NO_PIPELINES):
        raise TypeError(
            "`x` must be an array of examples, or a pipeline that yields batches of them "
            f"(tf.data.Dataset, PyDataset, DataLoader). Received: {x!r}."
        )
    try:
        first = x[0] if isinstance(x, keras.utils.PyDataset) else next(iter(x))
    except (StopIteration, IndexError) as error:
        raise ValueError(f"The data set is empty: {x!r} yields no batch.") from error
    # An iterator has lost its first batch to this look, and gets it back.
    return (itertools.chain([first], x) if hasattr(x, "__next__") else x), first


class Checked:
    """A pipeline whose every batch is checked before it is trained on.

    What it holds is of the kind that it was given, so that Keras reads it as before.

    Args:
        pipeline: a `tf.data.Dataset`, a `PyDataset`, a `DataLoader`, or anything that yields
            batches.
        check: is called with a list of the tensors of a batch, and raises.

    Attributes:
        pipeline: what to give to Keras.
        error: what `check` raised, with the number of the batch, whatever Keras or TensorFlow made
            of it on its way. None while nothing is wrong.

    Example:

    >>> import numpy as np
    >>> from gankit.pipelines import Checked
    >>> def positive(tensors):
    ...     if tensors[0].min() < 0:
    ...         raise ValueError("Values must not be negative.")
    >>> list(Checked(iter([np.array([1, 2]), np.array([3, -4])]), positive).pipeline)
    Traceback (most recent call last):
    ValueError: Batch 2: Values must not be negative.
    """

    def __init__(self, pipeline: Any, check: Callable[[list], None]):
        self._check, self._seen, self.error = check, 0, None
        if isinstance(pipeline, keras.utils.PyDataset):
            self.pipeline = _CheckedDataset(pipeline, self._look)
        elif hasattr(pipeline, "element_spec"):
            self.pipeline = backend.looked_at(pipeline, lambda *tensors: self._look(tensors))
        elif hasattr(pipeline, "collate_fn"):
            self.pipeline = copy.copy(pipeline)
            collate = pipeline.collate_fn
            self.pipeline.collate_fn = lambda examples: self._look(collate(examples))
        else:
            self.pipeline = self._of_python(pipeline)

    def _look(self, batch: Any, number: int | None = None) -> Any:
        self._seen += 1
        try:
            self._check(tensors_of(batch))
        except (TypeError, ValueError) as error:
            self.error = type(error)(f"Batch {number or self._seen}: {error}")
            raise self.error from None
        return batch

    def _of_python(self, pipeline: Any) -> Iterator[tuple]:
        for batch in map(self._look, pipeline):
            yield batch if isinstance(batch, tuple) else (batch,)  # Keras takes nothing else


class _CheckedDataset(keras.utils.PyDataset):
    """A `PyDataset` whose batches are looked at."""

    def __init__(self, inner: keras.utils.PyDataset, look: Callable[[Any, int], Any]):
        super().__init__(inner.workers, inner.use_multiprocessing, inner.max_queue_size)
        self._inner, self._look = inner, look

    def __len__(self) -> int:
        return len(self._inner)

    def __getitem__(self, index: int) -> Any:
        return self._look(self._inner[index], index + 1)

    def on_epoch_end(self) -> None:
        self._inner.on_epoch_end()


def tensors_of(batch: Any) -> list:
    """The tensors of a batch, or an error where something else is among them.

    Args:
        batch: what a pipeline yields.

    Raises:
        TypeError: naming what is neither an array nor a tensor.
    """
    tensors = [part for part in keras.tree.flatten(batch) if part is not None]
    for part in tensors or [batch]:
        if not hasattr(part, "shape") or not hasattr(part, "dtype"):
            raise TypeError(
                f"A batch must be an array, or a tuple of arrays. Received {part!r} of type "
                f"{type(part).__name__} in it. Make the pipeline yield arrays or tensors."
            )
    return tensors
