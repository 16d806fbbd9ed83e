"""The base of callbacks that show or measure what a model makes of the same inputs each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from gankit import backend, plots
from gankit.checks import check_count, check_seed
from gankit.plots._draw import number_array


class FixedInputs(keras.callbacks.Callback):
    """Fix inputs when training begins, and make examples of them whenever a subclass asks.

    The inputs are what the model's `inputs_for` returns: latents, which depend on `seed` alone, or
    the pictures that were given. A resumed run therefore sees the inputs of its predecessor. The
    model's weights and its own random state stay as they are.

    Args:
        n: number of examples. None: as many as there are `labels` or `inputs`, else `default`.
        labels: for a conditional GAN, one class number or label vector for each example.
        inputs: for a model that makes pictures of pictures, the pictures to start from.
        seed: seed of the latents.
        every: number of epochs from one use of the inputs to the next.
        default: number of examples where `n`, `labels` and `inputs` are None.

    Raises:
        ValueError: on an argument out of range, and when training begins, if the model takes no
            such labels or inputs.
        TypeError: if `labels` or `inputs` cannot be counted, or labels are no numbers; when
            training begins, if the model makes nothing (see `gankit.sampling`).
    """

    def __init__(
        self, n: int | None, labels: Any, inputs: Any, seed: int, every: int, default: int
    ):
        super().__init__()
        self.n = count_examples(n, default, labels=labels, inputs=inputs)
        self.labels = None if labels is None else number_array("labels", labels)
        self.inputs = inputs
        self.seed = check_seed("seed", seed)
        self.every = check_count("every", every)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Fix the inputs, and refuse before training what would fail in it."""
        check_maker(type(self).__name__, self.model)
        self._fix_inputs()

    def _fix_inputs(self) -> None:
        """Ask the model for the inputs."""
        who, kind = type(self).__name__, type(self.model).__name__
        if self.model.makes_from == "latents" and self.inputs is not None:
            raise ValueError(
                f"{kind} makes examples of latents, not of pictures. Received: {who}(inputs=...). "
                "Leave `inputs` out; for a conditional GAN, give `labels`."
            )
        if self.model.makes_from == "pictures" and self.labels is not None:
            raise ValueError(
                f"{kind} makes pictures of pictures and takes no labels. Received: "
                f"{who}(labels=...). Give inputs=pictures instead."
            )
        given = self.labels if self.inputs is None else self.inputs
        self._inputs = self.model.inputs_for(self.n, self.seed, given)

    def _is_due(self, epochs: int) -> bool:
        """Whether to act after so many epochs: the first, every n-th and the last."""
        return epochs == 1 or epochs % self.every == 0 or epochs == self.params["epochs"]

    def _make(self, inputs: Sequence[np.ndarray], epochs: int) -> np.ndarray:
        """Make examples of these inputs, after so many epochs."""
        backend.sync(self.model)
        examples = self.model.make(inputs)
        if np.isnan(examples).any():
            raise ValueError(
                f"The generator makes NaN after {epochs} epochs: training has diverged. "
                "Lower the learning rates, or clip the gradients (`clipnorm` of the optimizers)."
            )
        return examples


class FixedPictures(FixedInputs):
    """Fix inputs, and show what is made of them as a grid of pictures.

    Args:
        n: number of pictures. None: as many as there are `labels` or `inputs`, else 64.
        columns: pictures in a row, or None for a shape near a square.
        labels: as `FixedInputs` takes them.
        inputs: as `FixedInputs` takes them.
        seed: seed of the latents.
        every: number of epochs from one grid to the next.
    """

    def __init__(
        self, n: int | None, columns: int | None, labels: Any, inputs: Any, seed: int, every: int
    ):
        super().__init__(n, labels, inputs, seed, every, default=64)
        self.columns = check_columns(columns)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Fix the inputs, and refuse before training what would fail in it."""
        super().on_train_begin(logs)
        check_pictures(type(self).__name__, self.model, shape_made(self.model, self._inputs))

    def _grid(self, epochs: int) -> np.ndarray:
        return grid_of(self._make(self._inputs, epochs), self.columns)


def check_columns(columns: int | None) -> int | None:
    """The number of pictures in a row, or None for a shape near a square."""
    return None if columns is None else check_count("columns", columns)


def grid_of(pictures: np.ndarray, columns: int | None) -> np.ndarray:
    """Lay pictures out as one image; values outside [-1, 1] are clipped."""
    return plots.tile(plots.to_pixels(np.clip(pictures, -1, 1)), columns)


def count_entries(name: str, entries: Any) -> int:
    """How many entries a sequence holds, or an error where that is none."""
    if not isinstance(entries, (list, tuple)) and not np.ndim(entries):
        raise TypeError(f"`{name}` must hold one entry for each example. Received: {entries!r}.")
    return len(entries)


def count_examples(n: int | None, default: int, **given: Any) -> int:
    """Find the number of examples, which `n` and one other argument may say.

    Args:
        n: the number, or None.
        default: the number where nothing says it.
        **given: sequences with one entry for each example, or None; at most one of them is given.

    Raises:
        ValueError: if two are given, or the lengths disagree.
        TypeError: if one has no length.
    """
    given = {name: entries for name, entries in given.items() if entries is not None}
    if len(given) > 1:
        raise ValueError(
            f"Only one of them can be given. Received: {' and '.join(given)}. Labels go with a "
            "conditional GAN, inputs with a model that makes pictures of pictures."
        )
    for name, entries in given.items():
        count = count_entries(name, entries)
        n = count if n is None else n
        if count != n:
            raise ValueError(
                f"`{name}` must hold one entry for each example. Received: {count} entries for "
                f"n={n}."
            )
    return check_count("n", default if n is None else n)


def check_maker(who: str, model: Any) -> None:
    """Refuse a model that does not say how it makes examples.

    Args:
        who: what needs it, for the error.
        model: the model.

    Raises:
        TypeError: naming the members that a model needs.
    """
    missing = [n for n in ("makes_from", "inputs_for", "make") if not hasattr(model, n)]
    if missing:
        raise TypeError(
            f"{who} needs a model with `makes_from`, `inputs_for` and `make` (see "
            f"gankit.sampling). Received: {type(model).__name__}, which lacks "
            f"{' and '.join(missing)}. Define them, or leave {who} out."
        )


def shape_made(model: Any, inputs: Sequence[np.ndarray]) -> tuple:
    """The shape of the example that a model makes of the first input."""
    return model.make(tuple(part[:1] for part in inputs))[0].shape


def check_pictures(who: str, model: Any, shape: tuple) -> None:
    """Refuse a model that makes something else than pictures.

    Args:
        who: what needs pictures, for the error.
        model: the model.
        shape: shape of one of the examples that it makes.

    Raises:
        ValueError: naming the shape.
    """
    if len(shape) != 3 or shape[-1] not in (1, 3):
        raise ValueError(
            f"{who} shows pictures (height, width, channels) with 1 or 3 channels. Received: a "
            f"{type(model).__name__} that makes examples of shape {tuple(shape)}. Measure them "
            "with gankit.callbacks.Evaluate instead."
        )
