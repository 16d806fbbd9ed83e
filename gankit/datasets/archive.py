"""`.npz` files that come out the same, byte for byte, each time they are written."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_npz(path: str | os.PathLike, arrays: dict[str, np.ndarray]) -> Path:
    """Write arrays to a compressed `.npz` whose bytes depend on the arrays alone.

    `numpy.savez_compressed` stamps the time and compresses with zlib, whose output
    differs between the builds that Python releases carry. Here the stamp is fixed and
    the compression is bzip2, unchanged since 2010 and read by `numpy.load` all the same.
    The file is written beside its place and moved there, so a reader never sees half of it.

    Args:
        path: Where to write.
        arrays: Arrays by name, in the order in which they are to be stored.

    Returns:
        The path written.

    Raises:
        ValueError: An array holds Python objects, which would need pickle.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_npz(f"{folder}/a.npz", {"x": np.arange(3)})
    ...     np.load(path)["x"].tolist()
    [0, 1, 2]
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_BZIP2, compresslevel=9) as archive:
            for name, array in arrays.items():
                archive.writestr(_entry(name), _npy_bytes(name, array))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def read_npz(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """All arrays of an `.npz`, read without pickle.

    Args:
        path: The file.

    Returns:
        Arrays by name.

    Raises:
        ValueError: The file is no whole `.npz`; the error names it.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{os.fspath(path)!r} is no whole .npz file ({error}). "
            "Delete it: it is made or fetched again."
        ) from error


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
    entry.compress_type = zipfile.ZIP_BZIP2
    entry.create_system = 3  # "Unix" on every system: Windows would write another byte here
    entry.external_attr = 0o644 << 16
    return entry


def _npy_bytes(name: str, array: np.ndarray) -> bytes:
    if array.dtype.hasobject:
        raise ValueError(f"array {name!r} holds Python objects; give it a numeric dtype")
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()
