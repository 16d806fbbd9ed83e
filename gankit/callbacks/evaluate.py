"""`Evaluate`: measure what a model makes while it trains, and keep the best."""

from __future__ import annotations

import json
import math
import os
import warnings
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import keras
import numpy as np

from gankit.callbacks._fixed_inputs import FixedInputs
from gankit.checks import check_choice, check_flag, check_kind, check_path
from gankit.saving import atomic_write

_RECORD = "evaluation.json"  # in the archive that a .keras file is


class Evaluate(FixedInputs):
    """Measure what a model makes, log it as `fit` logs a loss, and keep the best.

    The callback measures what the model makes of the same latents, or of the same pictures, each
    time. The averaged generator makes it, where there is one. The values go into Keras' logs, so
    the progress bar and the history show them, and so do `CSVLogger`, `TensorBoard` and
    `BackupAndRestore` where they stand *after* this callback in the list. As with Keras'
    `validation_freq`, epochs that are not measured have no value. The weights and the model's
    random state stay as they are.

    The best is kept in memory (the weights of the measured generator), or with `path` in a file
    (the whole model, at its best epoch). The file holds the best value as well, so a run that is
    killed and resumed in another process knows which value to beat. Without `path` it does not
    know, and says so in a warning. A run that begins with epoch 0 begins without a best.

    Args:
        metrics: name to function. A function takes the examples as a NumPy array, and with
            `labels` or `inputs` these as well. It returns a number, which is logged under the name;
            or a mapping or NamedTuple, whose numbers are logged as `name_field` and whose arrays
            are left out.
        n: examples to measure. Default: 1000, or as many as there are `labels` or `inputs`.
        labels: for a conditional GAN, the class number or label vector of each example.
        inputs: for a model that makes pictures of pictures, the pictures to start from.
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
        ValueError: on an argument out of range; when training begins, if the model takes no such
            labels or inputs; during `fit`, if the generator makes NaN, or a name is in the logs
            already, or `monitor` is not among the values.
        TypeError: on an argument of another type; when training begins, if the model makes nothing
            (see `gankit.sampling`), or `path` is given for a model that no file can hold; during
            `fit`, if a function returns no number.

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
        labels: Any = None,
        inputs: Any = None,
        seed: int = 0,
        every: int = 1,
        monitor: str | None = None,
        mode: str | None = None,
        path: str | os.PathLike | None = None,
        restore_best: bool = False,
    ):
        super().__init__(n, labels, inputs, seed, every, default=1000)
        named = isinstance(metrics, Mapping) and all(isinstance(name, str) for name in metrics)
        if not named or not all(map(callable, metrics.values())):
            raise TypeError(f"`metrics` must map names to functions. Received: {metrics!r}.")
        if not metrics:
            raise ValueError("`metrics` must hold at least one function. Received: {}.")
        self.metrics = dict(metrics)
        self.monitor, self.mode = check_kind("monitor", monitor, str), mode
        self.restore_best = check_flag("restore_best", restore_best)
        self.path = None if path is None else check_path("path", path)
        if monitor is not None:
            check_choice("mode", mode, ("min", "max"))
        elif mode is not None or path is not None or restore_best:
            raise ValueError(
                "`mode`, `path` and `restore_best` need `monitor`, the value that decides what is "
                f"best. Received: mode={mode!r}, path={self.path}, restore_best={restore_best}, "
                "monitor=None."
            )
        if self.path is not None and self.path.suffix != ".keras":
            raise ValueError(f"`path` must end in '.keras'. Received: path={str(path)!r}.")
        self.values = {}
        self._forget()

    def _forget(self) -> None:
        self.best_value = self.best_epoch = self.best_weights = None

    # ---- in `fit` ----------------------------------------------------------------------------

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Fix the inputs, make the folder, and refuse before training what would fail in it."""
        super().on_train_begin(logs)
        self.values = {}
        self._begun = False
        if self.path is not None:
            self._check_saving()
            self.path.parent.mkdir(parents=True, exist_ok=True)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Find out at the first epoch what was best: only now is it known whether `fit` resumes."""
        if self._begun:
            return
        self._begun = True
        if epoch == 0:
            self._forget()
        elif self.path is not None and self.path.exists():
            self._recall()
        elif self.monitor is not None and self.best_value is None:
            warnings.warn(
                f"Training goes on at epoch {epoch + 1}, and the best {self.monitor!r} before that "
                "is not known. The best is kept from here on. With `path` it outlives the process.",
                stacklevel=2,
            )

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Measure, log, and keep what is best."""
        epochs = epoch + 1
        if not self._is_due(epochs):
            return
        values = self.values[epochs] = self._measure(epochs)
        if taken := sorted(set(values) & set(logs)):
            raise ValueError(
                f"A metric has a name that the logs hold already. Received: {taken}. Rename it."
            )
        logs.update(values)
        if self.monitor is None:
            return
        if self.monitor not in values:
            raise ValueError(
                f"`monitor` must be one of the measured values {list(values)}. Received: "
                f"monitor={self.monitor!r}."
            )
        if self._is_better(values[self.monitor]):
            self._keep(values[self.monitor], epochs)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Go back to the best, where `restore_best` asks for it."""
        if not self._begun and self.path is not None and self.path.exists():
            self._recall()  # the run was complete already: no epoch began
        if self.restore_best:
            self.restore()

    def _measure(self, epochs: int) -> dict[str, float]:
        made, values = self._make(self._inputs, epochs), {}
        given = [given for given in (self.labels, self.inputs) if given is not None]
        for name, metric in self.metrics.items():
            values |= _numbers(name, metric(made, *given))
        return values

    # ---- the best ----------------------------------------------------------------------------

    def _is_better(self, value: float) -> bool:
        if self.best_value is None:
            return not math.isnan(value)
        return value < self.best_value if self.mode == "min" else value > self.best_value

    def _keep(self, value: float, epochs: int) -> None:
        self.best_value, self.best_epoch = value, epochs
        if self.path is None:
            self.best_weights = self._maker().get_weights()
            return
        record = {"monitor": self.monitor, "value": value, "epoch": epochs}
        with atomic_write(self.path) as temporary:
            self.model.save(temporary)
            with zipfile.ZipFile(temporary, "a") as archive:
                archive.writestr(_RECORD, json.dumps(record))

    def _recall(self) -> None:
        record = {}  # as of a file that something else has written
        with suppress(KeyError, zipfile.BadZipFile), zipfile.ZipFile(self.path) as archive:
            record = json.loads(archive.read(_RECORD))
        if record.get("monitor") != self.monitor:
            raise ValueError(
                f"{str(self.path)!r} must have been written for monitor={self.monitor!r}. "
                f"Received a file for {record.get('monitor')!r}. Choose another path, or delete "
                "the file."
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
                f"There is no best to go back to. Received: monitor={self.monitor!r}, measured "
                f"values {self.values}."
            )
        if self.path is None:
            self._maker().set_weights(self.best_weights)
        else:
            self.model.load_weights(self.path)

    def _maker(self) -> keras.Model:
        """The network that makes the examples; the whole model where it names none."""
        generator_for = getattr(self.model, "generator_for", None)
        return self.model if generator_for is None else generator_for(None)

    def _check_saving(self) -> None:
        """Refuse a model that no file can hold."""
        try:
            keras.saving.serialize_keras_object(self.model)
        except (AttributeError, NotImplementedError, TypeError, ValueError) as error:
            raise TypeError(
                "With `path`, Evaluate writes the whole model, and no file can hold this "
                f"{type(self.model).__name__}. Received: {error} Give that object a `get_config`, "
                "or leave `path` out."
            ) from error


def _numbers(name: str, result: Any) -> dict[str, float]:
    """Name the numbers that a metric returned as they are logged."""
    fields = result._asdict() if hasattr(result, "_asdict") else result
    if isinstance(fields, Mapping):
        fields = {f"{name}_{field}": value for field, value in fields.items()}
    else:
        fields = {name: result}
    arrays = {key: np.asarray(keras.ops.convert_to_numpy(v)) for key, v in fields.items()}
    numbers = {k: float(a) for k, a in arrays.items() if a.ndim == 0 and a.dtype.kind in "fiub"}
    if not numbers:
        raise TypeError(
            f"The metric {name!r} must return a number, or a mapping or NamedTuple with numbers. "
            f"Received: {result!r}."
        )
    return numbers
