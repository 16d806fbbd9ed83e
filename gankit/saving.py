"""Models on disk: written whole or not at all, and refused by name where they are damaged."""

from __future__ import annotations

import contextlib
import errno
import inspect
import json
import os
import socket
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit import backend
from gankit.averaging import Averaging
from gankit.checks import check_flag, check_path
from gankit.sharing import mark_shared_layers, shared_once


class Saved:
    """What a `Game` needs to be saved and loaded whole: a part of that class.

    The arguments of the constructor are remembered, so a subclass needs no `get_config`: any
    argument that Keras can serialize comes back, networks included.
    """

    def __new__(cls, *args: Any, **kwargs: Any):
        game = super().__new__(cls)
        signature = inspect.signature(cls.__init__)
        with contextlib.suppress(TypeError):  # which __init__ will raise with better words
            bound = signature.bind(game, *args, **kwargs)
            bound.apply_defaults()
            arguments = dict(list(bound.arguments.items())[1:])
            for name, parameter in signature.parameters.items():
                if parameter.kind is parameter.VAR_KEYWORD:
                    arguments |= arguments.pop(name)
            object.__setattr__(game, "_arguments", arguments)  # unseen by Keras: no parts
        return game

    def get_config(self) -> dict:
        """Arguments that make an equal game, networks included."""
        arguments = dict(self._arguments)
        if "seed" in arguments:
            arguments["seed"] = self.seed
        parameters = inspect.signature(type(self).__init__).parameters
        if any(p.name == "name" or p.kind is p.VAR_KEYWORD for p in parameters.values()):
            arguments["name"] = self.name
        config = {n: keras.saving.serialize_keras_object(v) for n, v in arguments.items()}
        mark_shared_layers(config, arguments)
        return json.loads(json.dumps(config))  # as a file holds it, where tuples are lists

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Any:
        """Make a game from what `get_config` gave."""
        with shared_once():
            arguments = {name: _deserialized(v, custom_objects) for name, v in config.items()}
        return cls(**arguments)

    def get_compile_config(self) -> dict | None:
        """Arguments of `compile`, ready to be written to a file."""
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        penalties = self.penalties.items()
        return {
            "optimizers": {name: serialize(o) for name, o in self.optimizers.items()},
            "averages": {name: serialize(a.averaging) for name, a in self.averages.items()},
            "penalties": {name: [serialize(p) for p in listed] for name, listed in penalties},
            "run_eagerly": self.run_eagerly,
            "jit_compile": self._jit_compile_asked,
            "steps_per_execution": self.steps_per_execution,
        }

    def compile_from_config(self, config: dict) -> None:
        """Compile as the saved game was compiled."""
        self.compile(**{name: _deserialized(value) for name, value in config.items()})

    def _random_state(self) -> list:
        """Seed states of this game and of every layer in it, which Keras leaves out of files."""
        weights = {id(v) for v in self.weights}
        return [v for v in self.variables if id(v) not in weights]

    def save_own_variables(self, store: Any) -> None:
        """Keras' hook: what belongs to the game besides its networks and optimizers."""
        super().save_own_variables(store)
        store["seed"] = np.array(self.seed)
        for name, average in self.averages.items():
            # For a game that is loaded without compiling it.
            store[f"averaging_{name}"] = average.averaging.to_array()
        for index, variable in enumerate(self._random_state()):
            store[f"random_state_{index}"] = ops.convert_to_numpy(variable.value)

    def load_own_variables(self, store: Any) -> None:
        """Keras' hook: the counterpart of `save_own_variables`."""
        start = "averaging_"
        held = {key[len(start) :]: key for key in store.keys() if key.startswith(start)}
        if held and not self.compiled:
            self._average({n: Averaging.from_array(np.asarray(store[k])) for n, k in held.items()})
        elif missing := sorted(self.averages.keys() - held.keys()):
            raise ValueError(
                f"This game averages weights, and the file holds no average. Received a file "
                f"without one for: {', '.join(missing)}. Load it before `compile`, and the average "
                f"begins at the weights that were loaded."
            )
        self.seed = int(np.asarray(store["seed"]))
        for index, variable in enumerate(self._random_state()):
            variable.assign(np.asarray(store[f"random_state_{index}"]))

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Save everything to a `.keras` file: networks, optimizers, averages, random state.

        The file is written whole or not at all.

        Args:
            filepath: path that ends in `.keras`.
            overwrite: whether a file that is there may be replaced.
            **kwargs: as in `keras.Model.save`.

        Raises:
            ValueError: if the path does not end in `.keras`.
            FileExistsError: if there is such a file and `overwrite` is False.
        """
        path = check_path("filepath", filepath)
        if path.suffix != ".keras":
            raise ValueError(f"The file name must end in .keras. Received: {str(filepath)!r}.")
        if not check_flag("overwrite", overwrite) and path.exists():
            raise FileExistsError(f"{str(path)!r} exists; pass overwrite=True to replace it.")
        backend.sync(self)
        with atomic_write(path) as temporary:
            super().save(temporary, **kwargs)
        while self.finished_backups:  # the file holds all that they held
            self.finished_backups.pop().unlink(missing_ok=True)


def _deserialized(value: Any, custom_objects: dict | None = None) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    return keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary path to write to, which becomes `path` when the block ends well.

    A process that is killed inside the block leaves what was at `path` before as it was. What it
    had written is removed when the next process on this machine writes to `path`.

    Args:
        path: the file to write. Its folder must exist.

    Raises:
        OSError: if it cannot be written, with its path.
    """
    path = Path(os.path.realpath(path))  # where `path` is a link, it stays one
    # The suffixes stay, since Keras chooses the format by them; the name must not become too long.
    suffixes = "".join(path.suffixes[-2:])[-20:]
    start = f".partial-{zlib.crc32(f'{socket.gethostname()} {path.stem}'.encode()):08x}-"
    temporary = path.with_name(f"{start}{os.getpid()}{suffixes}")
    for left in path.parent.glob(f"{start}*{suffixes}"):
        if not _runs(int(left.name[len(start) :].partition(".")[0])):
            left.unlink(missing_ok=True)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:  # it names the temporary file, or none, as on a full disk
        reason = error.strerror or str(error)
        raise OSError(error.errno or errno.EIO, reason, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Whether there is such a process on this machine."""
    with contextlib.suppress(PermissionError):  # it runs, and belongs to somebody else
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True


def load_model(path: str | os.PathLike, compile: bool = True) -> keras.Model:
    """Load a model that `model.save("x.keras")` wrote, ready to go on training.

    `keras.models.load_model` does the same once gankit is imported; this one also finds damage
    before anything is built.

    Args:
        path: a `.keras` file.
        compile: whether to restore the loss and both optimizers with their state.

    Returns:
        The model.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is no `.keras` file, is cut short or damaged.
    """
    path = check_path("path", path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no model file {str(path)!r}.")
    size = path.stat().st_size
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                damaged = archive.testzip()
                members = set(archive.namelist())
        except Exception as error:  # there are many, for there are many ways to be damaged
            raise ValueError(
                f"{str(path)!r} ({size} bytes) is cut short or is no .keras file: {error}. "
                f"Save the model again, or take an earlier copy."
            ) from error
    missing = {"config.json", "model.weights.h5"} - members
    if damaged or missing:
        what = f"its member {damaged!r} is damaged" if damaged else f"it lacks {sorted(missing)}"
        raise ValueError(
            f"{str(path)!r} ({size} bytes) is not a whole .keras file: {what}. "
            f"Save the model again, or take an earlier copy."
        )
    try:
        return keras.models.load_model(path, compile=check_flag("compile", compile))
    except FileNotFoundError:  # of another file, such as the weights of a content loss
        raise
    except Exception as error:  # of whatever the file holds
        raise ValueError(
            f"{str(path)!r} ({size} bytes) is a .keras file that cannot be read: "
            f"{type(error).__name__}: {error}. Import the classes of your own that it holds, save "
            f"the model again, or take an earlier copy."
        ) from error
