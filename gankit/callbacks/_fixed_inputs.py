"""The base of callbacks that look at what the generator makes of the same latents each time."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from gankit.checks import check_count


class SameLatents(keras.callbacks.Callback):
    """Draws latents once per `fit` and decodes them whenever a subclass asks.

    The latents depend on `seed` alone, so a resumed run sees those of its predecessor, and the
    model's own random state is not touched.

    Args:
        n: how many; None for as many as there are `labels`, else `default`.
        labels: class of each example, for a conditional GAN.
        seed: seed of the latents.
        default: how many where neither `n` nor `labels` says it.
        every: epochs between two looks.
    """

    def __init__(
        self,
        n: int | None,
        labels: Sequence[int] | None,
        seed: int,
        every: int,
        default: int,
    ):
        super().__init__()
        if n is None:
            n = default if labels is None else len(labels)
        self.n = check_count("n", n)
        if labels is not None and len(labels) != n:
            raise ValueError(f"`labels` has {len(labels)} entries for n={n} examples: one each.")
        self.labels = None if labels is None else np.asarray(labels)
        self.seed = check_count("seed", seed, minimum=0)
        self.every = check_count("every", every)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Draw the latents."""
        self._draw_latents()

    def _draw_latents(self) -> None:
        self._latents = keras.ops.convert_to_numpy(self.model.sample_latents(self.n, self.seed))

    def _is_due(self, epochs: int) -> bool:
        """Whether to look after so many epochs: the first, every n-th and the last."""
        return epochs == 1 or epochs % self.every == 0 or epochs == self.params["epochs"]

    def _generate(self, epochs: int) -> np.ndarray:
        """What the generator makes of the latents after so many epochs."""
        examples = self.model.generate(latents=self._latents, labels=self.labels)
        if np.isnan(examples).any():
            raise ValueError(
                f"The generator makes NaN after {epochs} epochs: training has diverged. "
                "Lower the learning rates, or clip the gradients (`clipnorm` of the optimizers)."
            )
        return examples
