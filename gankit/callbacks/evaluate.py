"""`Evaluate`: measures the generator while it trains, and keeps the best."""

from __future__ import annotations

import json
import math
import os
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from gankit.callbacks._same_latents import SameLatents
from gankit.saving import atomic_write

__all__ = ["Evaluate"]

_RECORD = "evaluation.json"  # in the archive that a .keras file is


class Evaluate(SameLatents):
    """Measures what the generator makes, logs it as `fit` logs a loss, and keeps the best.

    Measured is what `model.generate` makes of the same latents each time: examples of the averaged
    generator where there is one. The values go into Keras' logs, so the progress bar and the
    history show them, and so do `CSVLogger`, `TensorBoard` and `BackupAndRestore` where they stand
    *after* this callback in the list. As with Keras' `validation_freq`, epochs that are not
    measured have no value. Neither the weights nor the model's random state notice.

    What was best is kept in memory (the weights of the measured generator), or with `path` in a
    file (the whole model, at its best epoch). The file holds the best value as well, so a run that
    is killed and resumed in another process knows what there is to beat; without `path` it does
    not, and says so in a warning. A run that begins with epoch 0 begins without a best.

    Args:
        metrics: name to function. A function takes the examples as NumPy array, with `labels` the
            labels too, and returns a number, which is logged under the name; or a mapping or
            NamedTuple, whose numbers are logged as `name_field` and whose arrays are left out.
        n: examples to measure. Default: 1000, or as many as there are `labels`.
        labels: for a conditional GAN, the class of each example, `n` integers.
        seed: seed of the latents.
        every: measure after the first epoch, every `every` epochs, and after the last.
        monitor: the logged value that decides what is best. None: nothing is kept.
        mode: `"min"` or `"max"`: whether the lowest or the highest value is best.
        path: file for the whole model, ending in `.keras`; its folder is made where it is missing.
        restore_best: whether training ends with `restore()`.

    Attributes:
        values: what was measured in this `fit`: number of epochs trained to values by name.
        best_value: the best value of `monitor`, None before there is one. NaN is never best.
        best_epoch: number of epochs trained when it was measured.
        best_weights: arrays of the measured generator at that time; None with `path`.

    Raises:
        ValueError: on an argument out of range; during `fit`, if the generator makes NaN, or a
            name is in the logs already, or `monitor` is not among the values.
        TypeError: during `fit`, if a function returns no number.

    Example:

    >>> import keras, numpy as np, gankit
    >>> from gankit.callbacks import Evaluate
    >>> from gankit.models import minimax
    >>> gan = minimax.points_gan(seed=0)
    >>> gan.compile()
    >>> spread = Evaluate({"spread": np.std}, n=100, monitor="spread", mode="max")
    >>> points = minimax.ring(64, seed=0)
    >>> history = gan.fit(points, epochs=2, callbacks=[spread], verbose=0)
    >>> spread.best_value == max(history.history["spread"])
    True
    >>> spread.restore()
    """

    def __init__(
        self,
        metrics: Mapping[str, Callable],
        n: int | None = None,
        *,
        labels: Sequence[int] | None = None,
        seed: int = 0,
        every: int = 1,
        monitor: str | None = None,
        mode: str | None = None,
        path: str | os.PathLike | None = None,
        restore_best: bool = False,
    ):
        super().__init__(n, labels, seed, every, default=1000)
        self.metrics = dict(metrics)
        if not self.metrics or not all(callable(metric) for metric in self.metrics.values()):
            raise ValueError(f"`metrics` must map names to functions. Received: {metrics!r}.")
        self.monitor, self.mode, self.restore_best = monitor, mode, restore_best
        self.path = None if path is None else Path(path)
        self._check_best()
        self.values = {}
        self._forget()

    def _check_best(self) -> None:
        if self.monitor is None and (self.mode or self.path or self.restore_best):
            raise ValueError("`mode`, `path` and `restore_best` need `monitor`: the best by what?")
        if self.monitor is not None and self.mode not in ("min", "max"):
            raise ValueError(
                f"`mode` must say whether 'min' or 'max' of {self.monitor!r} is best. "
                f"Received: mode={self.mode!r}."
            )
        if self.path is not None and self.path.suffix != ".keras":
            raise ValueError(f"`path` must end in '.keras'. Received: {str(self.path)!r}.")

    def _forget(self) -> None:
        self.best_value = self.best_epoch = self.best_weights = None

    # ---- in `fit` ----------------------------------------------------------------------------

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Draw the latents, and make the folder: before training, lest it end in an error."""
        super().on_train_begin(logs)
        self.values = {}
        self._begun = False
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Find out, at the first epoch, what was best: only now is it known whether it resumes."""
        if self._begun:
            return
        self._begun = True
        if epoch == 0:
            self._forget()
        elif self.path is not None and self.path.exists():
            self._recall()
        elif self.monitor is not None and self.best_value is None:
            warnings.warn(
                f"Training goes on at epoch {epoch + 1}, and what {self.monitor!r} was before is "
                "not known: the best is kept from here on. With `path` it outlives the process.",
                stacklevel=2,
            )

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Measure, log, and keep what is best."""
        epochs = epoch + 1
        if not self._is_due(epochs):
            return
        values = self.values[epochs] = self._measure(epochs)
        if taken := sorted(set(values) & set(logs)):
            raise ValueError(f"The logs hold {taken} already: name the metrics otherwise.")
        logs.update(values)
        if self.monitor is None:
            return
        if self.monitor not in values:
            raise ValueError(f"`monitor` is {self.monitor!r}, but measured are {list(values)}.")
        if self._is_better(values[self.monitor]):
            self._keep(values[self.monitor], epochs)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Go back to the best, where that is asked for."""
        if not self._begun and self.path is not None and self.path.exists():
            self._recall()  # a run that is run again when it was complete: no epoch began
        if self.restore_best:
            self.restore()

    def _measure(self, epochs: int) -> dict[str, float]:
        examples = self._generate(epochs)
        arguments = (examples,) if self.labels is None else (examples, self.labels)
        values = {}
        for name, metric in self.metrics.items():
            values |= _numbers(name, metric(*arguments))
        return values

    # ---- the best ----------------------------------------------------------------------------

    def _is_better(self, value: float) -> bool:
        if math.isnan(value) or self.best_value is None:
            return not math.isnan(value)
        return value < self.best_value if self.mode == "min" else value > self.best_value

    def _keep(self, value: float, epochs: int) -> None:
        self.best_value, self.best_epoch = value, epochs
        if self.path is None:
            self.best_weights = self._measured_network().get_weights()
            return
        record = {"monitor": self.monitor, "value": value, "epoch": epochs}
        with atomic_write(self.path) as temporary:
            self.model.save(temporary)
            with zipfile.ZipFile(temporary, "a") as archive:
                archive.writestr(_RECORD, json.dumps(record))

    def _recall(self) -> None:
        with zipfile.ZipFile(self.path) as archive:
            record = json.loads(archive.read(_RECORD)) if _RECORD in archive.namelist() else {}
        if record.get("monitor") != self.monitor:
            raise ValueError(
                f"{str(self.path)!r} was not written for monitor={self.monitor!r}, but for "
                f"{record.get('monitor')!r}. Choose another path, or delete the file."
            )
        self.best_value, self.best_epoch = record["value"], record["epoch"]

    def restore(self) -> None:
        """Go back to the best: the generator's weights, or with `path` the whole model.

        In another process, `gankit.load_model(path)` is the model at its best.

        Raises:
            ValueError: if nothing was kept.
        """
        if self.best_value is None:
            raise ValueError(
                f"There is no best to go back to: monitor={self.monitor!r}, measured were "
                f"{self.values}."
            )
        if self.path is None:
            self._measured_network().set_weights(self.best_weights)
        else:
            self.model.load_weights(self.path)

    def _measured_network(self) -> keras.Model:
        averaged = self.model.averaged_generator
        return self.model.generator if averaged is None else averaged


def _numbers(name: str, result: Any) -> dict[str, float]:
    """What a metric returned, as numbers by the names to log them under."""
    if not isinstance(result, Mapping) and not hasattr(result, "_asdict"):
        fields = {name: result}
    else:
        fields = result if isinstance(result, Mapping) else result._asdict()
        fields = {f"{name}_{field}": value for field, value in fields.items()}
    arrays = {key: np.asarray(keras.ops.convert_to_numpy(v)) for key, v in fields.items()}
    numbers = {k: float(a) for k, a in arrays.items() if a.ndim == 0 and a.dtype.kind in "fiub"}
    if not numbers:
        raise TypeError(
            f"The metric {name!r} must return a number, or a mapping or NamedTuple with numbers. "
            f"Received: {result!r}."
        )
    return numbers
