"""Models on disk: written whole or not at all, and read with a clear word on what is wrong."""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import keras

__all__ = ["load_model", "atomic_write"]


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary path to write to, which becomes `path` when the block ends well.

    A process that is killed inside the block leaves what was at `path` before as it was.

    Args:
        path: the file to write. Its folder must exist.
    """
    path = Path(path)
    # The suffixes stay, since Keras chooses the format by them.
    temporary = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no model file {str(path)!r}.")
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            members = set(archive.namelist())
    except (zipfile.BadZipFile, EOFError) as error:
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
    return keras.models.load_model(path, compile=compile)
