"""`BackupAndRestore`: a run that was killed goes on as if it had not been."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import h5py
import keras
from keras import ops

from gankit import backend
from gankit.saving import atomic_write

__all__ = ["BackupAndRestore"]


class BackupAndRestore(keras.callbacks.Callback):
    """Backs up everything while training, and goes on from there when `fit` is called again.

    Run the same script again after a crash, and training continues to the very weights that the
    uninterrupted run would have reached: networks, both optimizers (and their averaged weights),
    random state, position in the data, the means over the epoch and the history are restored.

    Departures from `keras.callbacks.BackupAndRestore`: a backup is one file that is replaced
    whole, so that a process killed while it writes loses nothing and never pairs new weights with
    an old epoch number; with `save_freq` in batches, training goes on at the next *batch*, where
    Keras goes back to the start of the epoch with weights that have seen part of it; the history
    of the earlier epochs is kept.

    Args:
        directory: folder for the backup; made when missing. One folder per run.
        save_freq: `"epoch"`, or a number of batches.
        delete_when_done: whether to delete the backup when training ends by itself.

    Raises:
        ValueError: at the start of `fit`, where the order of the data is unknown (pass arrays or
            `gankit.datasets.stream`, and no `steps_per_epoch`), or where the backup was made by
            another model or on other data.

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
        whole = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
        if save_freq != "epoch" and not whole:
            raise ValueError(
                f"`save_freq` must be 'epoch' or a positive number of batches. "
                f"Received: save_freq={save_freq!r}."
            )
        self.path = Path(directory) / "backup.weights.h5"
        self.save_freq = save_freq
        self.delete_when_done = delete_when_done
        self._epoch = 0
        self._skipped = 0
        self._last_saved = 0
        self._resumed = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Restore the backup, if there is one."""
        if getattr(self.model, "data_position", None) is None:
            raise ValueError(
                "Training cannot be resumed exactly: the order of this data is not known. Pass "
                "arrays or gankit.datasets.stream(...) to `fit`, without steps_per_epoch. "
                "(keras.callbacks.BackupAndRestore goes on without that promise.)"
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            self._restore()

    def _restore(self) -> None:
        try:
            with h5py.File(self.path, "r") as file:
                about = json.loads(file.attrs["gankit"])
        except (OSError, KeyError) as error:
            raise ValueError(
                f"The backup {str(self.path)!r} is damaged ({error}). Delete it to start anew."
            ) from error
        if about["steps"] != self.params["steps"]:
            raise ValueError(
                f"The backup {str(self.path)!r} was made with {about['steps']} batches per epoch, "
                f"this data has {self.params['steps']}. Use the same data and batch size, or "
                f"delete the backup to start anew."
            )
        if about["variables"] != self._variables():
            raise ValueError(
                f"The backup {str(self.path)!r} was made by another model or with other "
                f"optimizers: their variables have other shapes. Restore these, or delete the "
                f"backup to start anew."
            )
        self.model.load_weights(self.path)
        self.model.data_position.seed = about["seed"]
        # The place where Keras' own callback leaves it.
        self.model._initial_epoch = about["epoch"]
        # The rest waits for the epoch to begin: Keras resets the metrics there.
        self._resumed = about

    def _variables(self) -> list:
        """Shapes of all that a backup holds: Keras loads what fits and is silent on the rest."""
        return [list(v.shape) for v in [*self.model.variables, *self.model.optimizer.variables]]

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
        about: dict[str, Any] = {
            "epoch": epoch,
            "batch": batch,
            "steps": self.params["steps"],
            "seed": self.model.data_position.seed,
            "variables": self._variables(),
            "epochs": list(self.model.history.epoch) if epochs is None else epochs,
            "history": self.model.history.history if history is None else history,
            "means": {
                metric.name: [ops.convert_to_numpy(v).tolist() for v in metric.variables]
                for metric in self.model.metrics
            },
        }
        with atomic_write(self.path) as temporary:
            self.model.save_weights(temporary)
            with h5py.File(temporary, "a") as file:
                file.attrs["gankit"] = json.dumps(about, default=float)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Delete the backup of a run that is complete."""
        if self._resumed is not None:  # it was complete already: no epoch began
            self._restore_history()
        self.model._initial_epoch = None
        if self.delete_when_done:
            self.path.unlink(missing_ok=True)
