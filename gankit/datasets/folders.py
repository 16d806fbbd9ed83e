"""The folder in which data sets are stored."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2]


def data_folder() -> Path:
    """Return the folder in which data sets are stored.

    It is the environment variable `GANKIT_DATA_DIR` if that is set; else `data/` of the repository
    if gankit runs from a checkout; else the default of TensorFlow Datasets (`TFDS_DATA_DIR`, or
    `~/tensorflow_datasets`).

    Returns:
        An absolute path. It need not exist yet.

    Raises:
        NotADirectoryError: if the path exists and is not a folder.
        PermissionError: if the folder cannot be read.

    Example:

    >>> data_folder().is_absolute()
    True
    """
    chosen = os.environ.get("GANKIT_DATA_DIR")
    folder = Path(chosen).expanduser().absolute() if chosen else _default_folder()
    if folder.exists():
        _check_readable(folder, "GANKIT_DATA_DIR" if chosen else "the default data folder")
    return folder


def committed_file(name: str) -> Path | None:
    """Return the path of a file in the repository's `data/`, or None outside a checkout.

    Args:
        name: file name, for example `"glyphs.npz"`.

    Returns:
        The path of the file, or None if the file does not exist.
    """
    path = _PROJECT / "data" / name
    return path if _in_checkout() and path.is_file() else None


def read_original(path: Path, sha256: str, advice: str) -> bytes:
    """Read an archive that must be the original one.

    Args:
        path: the archive.
        sha256: SHA-256 of the original.
        advice: what to do about another one, for the error.

    Returns:
        Its bytes.

    Raises:
        ValueError: if it is another one.
    """
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{str(path)!r} is not the original archive, whose SHA-256 is {sha256}. "
            f"Received: SHA-256 {found}. {advice}"
        )
    return content


def _default_folder() -> Path:
    if _in_checkout():
        return _PROJECT / "data"
    default = os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets"
    return Path(default).expanduser().absolute()


def _in_checkout() -> bool:
    return (_PROJECT / "pyproject.toml").is_file() and (_PROJECT / "data").is_dir()


def _check_readable(folder: Path, origin: str) -> None:
    advice = "Set GANKIT_DATA_DIR to a folder that you can read and write."
    if not folder.is_dir():
        raise NotADirectoryError(f"{origin}, {str(folder)!r}, is not a folder. {advice}")
    try:
        os.listdir(folder)
    except PermissionError as error:
        raise PermissionError(f"{origin}, {str(folder)!r}, cannot be read. {advice}") from error
