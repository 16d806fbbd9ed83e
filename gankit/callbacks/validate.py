"""`Validate`: measures a model that makes pictures of pictures on pairs, and keeps the best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gankit.callbacks.evaluate import Evaluate

__all__ = ["Validate"]


class Validate(Evaluate):
    """Measures what a model makes of held-out inputs against what it should, and keeps the best.

    As `Evaluate`, which measures what a generator makes of latents: the values go into Keras' logs
    (and what follows them), the best is kept in memory or with `path` in a file, and a run that is
    killed and resumed knows what there is to beat.

    Args:
        metrics: name to function of an output and its target, two float arrays in [-1, 1] of one
            picture; logged is the mean over the pairs.
        inputs: pictures, float arrays `(height, width, channels)`, each of its own size.
        targets: what should become of each.
        every: measure after the first epoch, every `every` epochs, and after the last.
        **best: `monitor`, `mode`, `path`, `restore_best` of `Evaluate`.

    Raises:
        ValueError: if there is no pair, or not one target for each input; and as `Evaluate` does.

    Example:

    >>> import numpy as np
    >>> from gankit import metrics
    >>> from gankit.callbacks import Validate
    >>> from gankit.models.srgan import SRGAN
    >>> gan = SRGAN((16, 16, 1), 2, {"width": 2, "blocks": 1}, {"width": 1, "dense": 2}, seed=0)
    >>> gan.compile(adversarial_weight=0)
    >>> crops = np.zeros((4, 16, 16, 1), "float32")
    >>> held_out = Validate({"psnr": metrics.psnr}, [np.zeros((5, 6, 1), "float32")],
    ...                     [np.zeros((10, 12, 1), "float32")], monitor="psnr", mode="max")
    >>> "psnr" in gan.fit(crops, callbacks=[held_out], verbose=0).history
    True
    """

    def __init__(
        self,
        metrics: Mapping[str, Callable],
        inputs: Sequence[np.ndarray],
        targets: Sequence[np.ndarray],
        *,
        every: int = 1,
        **best: Any,
    ):
        if not len(inputs) or len(inputs) != len(targets):
            raise ValueError(
                f"There must be one target for each input, at least one. Received {len(inputs)} "
                f"inputs and {len(targets)} targets."
            )
        super().__init__(metrics, n=len(inputs), every=every, **best)
        self.inputs, self.targets = inputs, targets

    def _draw_latents(self) -> None:
        """Draw nothing: the inputs are there."""

    def _measure(self, epochs: int) -> dict[str, float]:
        outputs = [self.model.enlarge(picture[None])[0] for picture in self.inputs]
        pairs = list(zip(outputs, self.targets, strict=True))
        return {
            name: float(np.mean([metric(output, target) for output, target in pairs]))
            for name, metric in self.metrics.items()
        }
