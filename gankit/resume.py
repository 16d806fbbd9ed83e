"""`BackupAndRestore`: a run that was killed goes on as if it had not been."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit import backend, checks, feed
from gankit.saving import atomic_write


class BackupAndRestore(keras.callbacks.Callback):
    """Backs up everything while training, and goes on from there when `fit` is called again.

    Run the same script again after a crash, and training continues to the very weights that the
    uninterrupted run would have reached: networks, all optimizers (and their averaged weights),
    random state, position in the data, the means over the epoch and the history are restored.

    A backup of a run that ended by itself is deleted when the model has been saved (`game.save`),
    not before: a full disk at the end costs no training. Until then `fit` finds nothing left to do.

    Departures from `keras.callbacks.BackupAndRestore`: a backup is one file with a checksum that is
    replaced whole, so that a process killed while it writes loses nothing and never pairs new
    weights with an old epoch number; it knows what it continues, and refuses other data or
    settings; with `save_freq` in batches, training goes on at the next *batch*, where Keras goes
    back to the start of the epoch with weights that have seen part of it; the history of the
    earlier epochs is kept.

    Args:
        directory: folder for the backup; made when missing. One folder per run.
        save_freq: `"epoch"`, or a number of batches.
        delete_when_done: whether to delete the backup when the trained model is saved.

    Raises:
        ValueError: at the start of `fit`, where the order of the data is unknown (pass arrays or
            `gankit.datasets.stream`, and no `steps_per_epoch`), where the backup is damaged, or
            where it was made by another model, with other settings or on other data.
        FloatingPointError: where weights are no longer finite. The backup keeps the earlier ones.

    Example:

    `gan.fit(images, epochs=20, callbacks=[gankit.callbacks.BackupAndRestore("backup/dcgan")])`
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        save_freq: str | int = "epoch",
        delete_when_done: bool = True,
    ):
        super().__init__()
        if not isinstance(save_freq, str) or save_freq != "epoch":
            checks.check_count("save_freq", save_freq)
        self.path = checks.check_path("directory", directory) / "backup.gankit"
        self.save_freq = save_freq
        self.delete_when_done = checks.check_flag("delete_when_done", delete_when_done)
        self._epoch = self._skipped = self._last_saved = 0
        self._resumed = self._continues = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Restore the backup, if there is one."""
        if getattr(self.model, "data_position", None) is None:
            raise ValueError(
                "Training cannot be resumed exactly: the order of this data is not known. Pass "
                "arrays or gankit.datasets.stream(...) to `fit`, without steps_per_epoch. "
                "(keras.callbacks.BackupAndRestore goes on without that promise.)"
            )
        self._continues = _what_it_continues(self.model, self.params["steps"])
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            self._restore()

    def _restore(self) -> None:
        about, arrays = _read(self.path)
        if difference := _first_difference(about["continues"], self._continues):
            raise ValueError(
                f"The backup {str(self.path)!r} continues another run: {difference}. Go on as that "
                f"run did, or delete the backup to start anew."
            )
        for variable, array in zip(self._variables(), arrays, strict=True):
            variable.assign(array)
        self.model.seed = self.model.data_position.seed = about["seed"]
        # The place where Keras' own callback leaves it.
        self.model._initial_epoch = about["epoch"]
        # The rest waits for the epoch to begin: Keras resets the metrics there.
        self._resumed = about

    def _variables(self) -> list:
        return [*self.model.variables, *self.model.optimizer.variables]

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Put the data and the means where the backup left them."""
        self._epoch, self._skipped, self._last_saved = epoch, 0, 0
        if self._resumed is None:
            return
        resumed = self._restore_history()
        if resumed["batch"]:
            self._skipped = self._last_saved = resumed["batch"]
            self.model.data_position.seek(epoch, resumed["batch"])
            self.model.restore_means(resumed["means"])

    def _restore_history(self) -> dict:
        resumed, self._resumed = self._resumed, None
        self.model.history.epoch = resumed["epochs"]
        self.model.history.history = resumed["history"]
        return resumed

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Back up every `save_freq` batches."""
        done = self._skipped + batch + 1
        # The end of the epoch has a backup of its own.
        last = self.params["steps"] is not None and done >= self.params["steps"]
        if self.save_freq != "epoch" and not last and done - self._last_saved >= self.save_freq:
            self._last_saved = done
            self._back_up(self._epoch, done)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Back up the end of the epoch."""
        history = self.model.history
        # Keras adds the epoch to its history after or before this call, by the callbacks' order.
        epochs, past = list(history.epoch), {k: list(v) for k, v in history.history.items()}
        if not epochs or epochs[-1] != epoch:
            epochs.append(epoch)
            for name, value in (logs or {}).items():
                past.setdefault(name, []).append(value)
        self._back_up(epoch + 1, 0, epochs, past)

    def _back_up(
        self, epoch: int, batch: int, epochs: list | None = None, history: dict | None = None
    ) -> None:
        backend.sync(self.model)
        arrays = [ops.convert_to_numpy(variable.value) for variable in self._variables()]
        if not all(np.isfinite(array.astype("float32")).all() for array in arrays):
            raise FloatingPointError(
                f"Training has diverged: weights or their optimizers are NaN or infinite after "
                f"epoch {epoch} and {batch} batches of the next. They were not backed up. "
                f"{self.model.last_backup or 'There is no earlier backup.'} Lower the learning "
                f"rates, or clip the gradients."
            )
        about: dict[str, Any] = {
            "continues": self._continues,
            "epoch": epoch,
            "batch": batch,
            "seed": self.model.data_position.seed,
            "epochs": list(self.model.history.epoch) if epochs is None else epochs,
            "history": self.model.history.history if history is None else history,
            "means": {
                metric.name: [ops.convert_to_numpy(v).tolist() for v in metric.variables]
                for metric in self.model.metrics
            },
        }
        _write(self.path, about, arrays)
        held = f"epoch {epoch}{f' and {batch} batches of the next' if batch else ''}"
        self.model.last_backup = f"The backup {str(self.path)!r} holds {held}."

    def on_train_end(self, logs: dict | None = None) -> None:
        """Let the backup of a run that is complete go once the model is saved."""
        if self._resumed is not None:  # it was complete already: no epoch began
            done = len(self._restore_history()["epochs"])
            print(
                f"{str(self.path)!r} holds all {done} epochs of this run: none was left to train."
            )
        self.model._initial_epoch = None
        if self.delete_when_done:
            self.model.finished_backups.add(self.path)


def _what_it_continues(model: keras.Model, batches: int) -> dict:
    """Model, settings and data of a run, as a file holds them."""
    variables = [*model.variables, *model.optimizer.variables]
    continues = {
        "model": type(model).__name__,
        "variables": [list(v.shape) for v in variables],
        "settings": _held(
            model.get_compile_config, ("run_eagerly", "jit_compile", "steps_per_execution")
        ),
        "arguments": _held(model.get_config, ("seed",)),
        "data": feed.facts(model.training_data),
        "batches per epoch": batches,
    }
    return json.loads(json.dumps(_without_names(continues), default=str))


def _held(get_config: Callable[[], dict], leave_out: Sequence[str]) -> dict:
    """A config; empty where it holds an object that no file can hold, so that none can compare."""
    try:
        return {k: v for k, v in get_config().items() if k not in leave_out}
    except (NotImplementedError, TypeError):
        return {}


def _without_names(part: Any) -> Any:
    """A config without the names of layers, which depend on what the process has built before."""
    if isinstance(part, dict):
        dropped = ("name", "inbound_nodes", "input_layers", "output_layers")
        return {k: _without_names(v) for k, v in part.items() if k not in dropped}
    return [_without_names(p) for p in part] if isinstance(part, (list, tuple)) else part


def _first_difference(earlier: dict, now: dict) -> str | None:
    """What differs first between two nests, in words."""
    sides = []
    for side in (earlier, now):
        leaves = keras.tree.flatten_with_path(side)
        sides.append({".".join(map(str, path)): value for path, value in leaves})
    for where in sorted(sides[0].keys() | sides[1].keys()):
        before, after = (side.get(where, "not there") for side in sides)
        if before != after:
            return f"{where} was {before!r}, and is {after!r} now"
    return None


# A backup is a checksum of what follows, then the length of the description, the description as
# JSON, and the arrays' bytes, one after the other.
_DIGEST, _LENGTH = hashlib.sha256().digest_size, 8


def _write(path: Path, about: dict, arrays: list[np.ndarray]) -> None:
    kinds = [[str(array.dtype), list(array.shape)] for array in arrays]
    text = json.dumps(about | {"arrays": kinds}, default=float).encode()
    parts = [len(text).to_bytes(_LENGTH, "little"), text, *(array.tobytes() for array in arrays)]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        file.write(digest.digest())
        file.writelines(parts)


def _read(path: Path) -> tuple[dict, list[np.ndarray]]:
    data = memoryview(path.read_bytes())
    try:
        if hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
            raise ValueError("its checksum does not fit")
        start = _DIGEST + _LENGTH
        end = start + int.from_bytes(data[_DIGEST:start], "little")
        about, arrays = json.loads(bytes(data[start:end])), []
        for kind, shape in about.pop("arrays"):
            dtype, start = np.dtype(kind), end
            end = start + dtype.itemsize * int(np.prod(shape))
            arrays.append(np.frombuffer(data[start:end], dtype).reshape(shape))
        if end != len(data) or [list(a.shape) for a in arrays] != about["continues"]["variables"]:
            raise ValueError("its sizes do not fit together")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"The backup {str(path)!r} ({len(data)} bytes) is damaged: {error}. Delete it to start "
            f"anew, or put an earlier copy in its place."
        ) from error
    return about, arrays
