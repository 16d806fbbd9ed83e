"""`Validate`: measure a model that makes pictures of pictures on pairs, and keep the best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gankit.callbacks._fixed_inputs import count_entries
from gankit.callbacks.evaluate import Evaluate


class Validate(Evaluate):
    """Compare what a model makes of held-out inputs with their targets, and keep the best.

    It does the same as `Evaluate`, for models that make pictures of pictures: the values go into
    Keras' logs, the best is kept in memory or with `path` in a file, and a run that is killed and
    resumed knows which value to beat. The pictures may differ in size where the model allows it.

    Args:
        metrics: name to function of an output and its target, two float arrays in [-1, 1] of one
            picture. The mean over the pairs is logged.
        inputs: pictures, float arrays `(height, width, channels)`, each of its own size.
        targets: the picture that the model should make of each.
        every: measure after the first epoch, every `every` epochs, and after the last.
        **best: `monitor`, `mode`, `path`, `restore_best` of `Evaluate`.

    Raises:
        ValueError: if there is no pair, or not one target for each input; when training begins, if
            the model does not take these inputs; and as `Evaluate` does.
        TypeError: if `inputs` or `targets` are no lists of pictures, and as `Evaluate` does; when
            training begins, if the model makes no pictures of pictures.

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
        starts, ends = count_entries("inputs", inputs), count_entries("targets", targets)
        if not starts or starts != ends:
            raise ValueError(
                "There must be one target for each input, and at least one pair. Received: "
                f"{starts} inputs and {ends} targets."
            )
        super().__init__(metrics, inputs=inputs, every=every, **best)
        self.targets = targets

    def _fix_inputs(self) -> None:
        """Ask the model for each picture by itself, since they may differ in size."""
        if self.model.makes_from != "pictures":
            raise TypeError(
                "Validate needs a model that makes pictures of pictures. Received: "
                f"{type(self.model).__name__}, which makes examples of {self.model.makes_from}. "
                "Measure it with gankit.callbacks.Evaluate."
            )
        self._inputs = [
            self.model.inputs_for(1, self.seed, np.asarray(picture)[None])
            for picture in self.inputs
        ]

    def _measure(self, epochs: int) -> dict[str, float]:
        outputs = [self._make(picture, epochs)[0] for picture in self._inputs]
        pairs = list(zip(outputs, self.targets, strict=True))
        return {
            name: float(np.mean([metric(output, target) for output, target in pairs]))
            for name, metric in self.metrics.items()
        }
