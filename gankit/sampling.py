"""Making things with a trained network: from latents, or from whatever else it starts from.

Every model of the package that makes something has three members, which the callbacks and
`explore` use:

| member | what it is |
|---|---|
| `makes_from` | `"latents"` or `"pictures"`: what it starts from |
| `inputs_for(n, seed, given)` | what it starts from, drawn by a seed or taken from `given` |
| `make(inputs)` | what it makes of that, as a NumPy array |
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit import backend, checks, feed


def in_batches(
    network: keras.Model, inputs: Sequence[np.ndarray], batch_size: int, training: bool = False
) -> np.ndarray:
    """A network's outputs for many inputs: compiled, and without a graph for gradients.

    Args:
        network: a built Keras model with as many inputs as `inputs` holds.
        inputs: arrays of equal length.
        batch_size: rows to compute at once.
        training: whether to run in training mode, by the statistics of each batch. The network is
            left as it was, but for the state of its random numbers.

    Returns:
        Array of float32.
    """
    checks.check_count("batch_size", batch_size)
    rows, result = len(inputs[0]), None
    compiled = rows > batch_size and not training
    for start in range(0, rows, batch_size):
        part = [array[start : start + batch_size] for array in inputs]
        size = len(part[0])
        if compiled and size < batch_size:  # of one shape, so that nothing is compiled again
            part = [np.concatenate([p, np.repeat(p[:1], batch_size - size, axis=0)]) for p in part]
        part = [ops.convert_to_tensor(p) for p in part]
        part = part if len(part) > 1 else part[0]
        if training:
            with backend.without_state_updates(network):
                made = network(part, training=True)
        else:
            made = backend.inference(network, compiled)(part)
        if result is None:  # one array: many small ones would lie between the next batches' memory
            result = np.empty((rows, *made.shape[1:]), "float32")
        result[start : start + size] = ops.convert_to_numpy(made)[:size]
    return result


def check_inputs(kind: str, n: int, given: Any) -> None:
    """Refuse what is not one input for each example, where a model makes pictures of pictures.

    Args:
        kind: the model's name.
        n: how many examples.
        given: the inputs, or None.

    Raises:
        ValueError: if there are none, or another number.
    """
    if given is None or len(given) != n:
        raise ValueError(
            f"{kind} makes one picture for each input: give the callback inputs=pictures. "
            f"Received: {'no' if given is None else len(given)} inputs for n={n}."
        )


class LatentSampling:
    """What `gankit.GAN` draws and makes: a part of that class."""

    makes_from = "latents"

    def generate(
        self,
        n: int | None = None,
        *,
        labels: Any = None,
        latents: Any = None,
        seed: int | None = None,
        batch_size: int = 128,
        training: bool = False,
        averaged: bool | None = None,
    ) -> np.ndarray:
        """Generate examples, without touching the model's own random state.

        Args:
            n: how many; may be left out where `labels` or `latents` say it.
            labels: for a conditional GAN, class numbers or vectors of `label_size` numbers.
            latents: latent vectors of shape `(n, latent_dim)` to decode, instead of drawing them.
            seed: what the latents depend on. None: different ones at each call.
            batch_size: how many to compute at once.
            training: go on as during training: normalize by the statistics of each batch instead
                of by the moving averages, and drop units out.
            averaged: whether to use the averaged generator. None: where there is one.

        Returns:
            Array of float32, shape `(n, *example_shape)`.

        Raises:
            TypeError: if class numbers are not integers.
            ValueError: on contradicting or missing arguments, labels of a wrong shape or out of
                range, and `averaged=True` where no weights are averaged.

        Example: `gan.generate(16, seed=0)`; `gan.generate(labels=[3, 1, 4], seed=0)`.
        """
        checks.check_flag("training", training)
        labels = self._checked_labels(labels)
        latents = self._checked_latents(latents, seed, n, labels)
        network = self.generator_for(averaged)
        backend.sync(self)
        inputs = [latents] if labels is None else [latents, labels]
        return in_batches(network, inputs, batch_size, training)

    def inputs_for(self, n: int, seed: int, given: Any = None) -> tuple[np.ndarray, ...]:
        """What `make` turns into examples: latents, and labels for a conditional GAN.

        Args:
            n: how many.
            seed: what the latents depend on.
            given: the labels.

        Raises:
            ValueError: if there are labels too many or too few.
        """
        labels = self._checked_labels(given)
        latents = self._checked_latents(None, seed, n, labels)
        return (latents,) if labels is None else (latents, labels)

    def make(self, inputs: Sequence[np.ndarray], averaged: bool | None = None) -> np.ndarray:
        """Generate from what `inputs_for` gave.

        Args:
            inputs: latents, and labels for a conditional GAN.
            averaged: as in `generate`.
        """
        labels = inputs[1] if len(inputs) > 1 else None
        return self.generate(latents=inputs[0], labels=labels, averaged=averaged)

    def _checked_labels(self, labels: Any) -> np.ndarray | None:
        declared = self._labels
        if labels is None:
            if not declared:
                return None
            if self.label_size is None:
                what = f"which classes to generate, with labels in [0, {self.num_classes}), such as"
                raise ValueError(f"This GAN is conditional: say {what} generate(labels=[0, 1]).")
            raise ValueError(
                f"This GAN is conditional: say what to generate, with labels of shape "
                f"(n, {self.label_size})."
            )
        if not declared:
            raise ValueError(
                f"This GAN takes no labels (num_classes=None). Received: labels={labels!r}."
            )
        labels = np.asarray(ops.convert_to_numpy(labels))
        if isinstance(declared[0], feed.Vectors) and labels.dtype.kind in "iu":
            labels = labels.astype("float32")  # [[0, 1]] means the numbers 0.0 and 1.0
        declared[0].check(labels)
        return labels.astype("int32" if self.label_size is None else "float32")

    def _checked_latents(self, latents, seed, n, labels) -> np.ndarray:
        if latents is not None:
            try:
                latents = np.asarray(ops.convert_to_numpy(latents), dtype="float32")
            except (TypeError, ValueError):
                raise ValueError(
                    f"`latents` must be numbers of shape (n, {self.latent_dim}). "
                    f"Received: {latents!r}."
                ) from None
            feed.Examples((self.latent_dim,), None, "latents").check(latents)
        sizes = {len(v) for v in (labels, latents) if v is not None}
        sizes |= set() if n is None else {checks.check_count("n", n, 1, 2**31 - 1)}
        if len(sizes) != 1 or 0 in sizes:
            raise ValueError(
                f"`n`, `labels` and `latents` must say how many examples to generate, and agree. "
                f"Received: n={n!r}, {'no' if labels is None else len(labels)} labels, "
                f"{'no' if latents is None else len(latents)} latents."
            )
        if latents is not None and seed is not None:
            raise ValueError(
                f"`seed` decides which latents are drawn; with `latents` none are. Received: both, "
                f"seed={seed!r}."
            )
        if latents is None:
            seed = random.randrange(2**31) if seed is None else checks.check_seed("seed", seed)
            latents = ops.convert_to_numpy(self.sample_latents(sizes.pop(), seed))
        return latents
