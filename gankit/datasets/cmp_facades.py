"""`cmp_facades`: photographs of building fronts and their hand-drawn label maps.

The set has 400 pairs for training and 106 for testing, 256×256, in the form that Isola et al. 2017
and Zhu et al. 2017 published.

TensorFlow Datasets fetches the same archive (as `cycle_gan/facades`), but shuffles photographs and
label maps separately, which loses the pairing. This module therefore reads the archive itself and
checks it by the same SHA-256.

Source: Tyleček and Šára, "Spatial Pattern Templates for Recognition of Objects with Regular
Structure", GCPR 2013.
"""

from __future__ import annotations

import contextlib
import io
import re
import urllib.request
import zipfile
from pathlib import Path

import numpy as np

from gankit.datasets import tfds_sets
from gankit.datasets.folders import data_folder, read_original
from gankit.datasets.own_images import central_square, open_image
from gankit.datasets.registry import Dataset
from gankit.saving import atomic_write

ARCHIVE = "facades.zip"
"""Name of the original archive, which belongs in `<data folder>/cmp_facades/`."""

_URL = f"https://efrosgans.eecs.berkeley.edu/cyclegan/datasets/{ARCHIVE}"
_SHA256 = "9a31ebf3a31b9b5cd195dd5bf62e9308e00cb94604d1019e3889ac84248695c0"
_TIMEOUT_SECONDS = 30
_MEMBER = re.compile(r"(?:.*/)?(train|test)([AB])/(\d+)_[AB]\.jpe?g")


def present() -> bool:
    """Return whether the archive is in the data folder.

    Returns:
        True if no network is needed.
    """
    return _archive_path().is_file()


def read_pairs(dataset: Dataset, split: str, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Read one split, and fetch the archive first if it is missing.

    Args:
        dataset: the entry of this set in the registry.
        split: `"train"` or `"test"`.
        side: side of the images in pixels.

    Returns:
        Colored label maps and photographs, both uint8 `(n, side, side, 3)`, in the order of
        their numbers.

    Raises:
        DatasetUnavailable: if the archive is missing and cannot be fetched or stored.
        ValueError: if the archive is not the original, or a picture has no partner.
    """
    archive = _archive_path()
    if not archive.is_file():
        _fetch(dataset, archive)
    with zipfile.ZipFile(io.BytesIO(_content(archive))) as opened:
        photographs, label_maps = (_members(opened, split, half) for half in "AB")
        if photographs.keys() != label_maps.keys():
            unpaired = sorted(photographs.keys() ^ label_maps.keys())
            raise ValueError(
                f"Every picture in {str(archive)!r} must have a partner. Received: pictures "
                f"{unpaired} of {split!r} without a partner."
            )
        return tuple(
            np.stack([_read(opened, members[number], side) for number in sorted(members)])
            for members in (label_maps, photographs)
        )


def _archive_path() -> Path:
    return data_folder() / "cmp_facades" / ARCHIVE


def _fetch(dataset: Dataset, archive: Path) -> None:
    """Fetch the archive into the data folder, and leave no partial file there on failure."""
    folder = data_folder()
    tfds_sets.check_writable(dataset, folder)
    try:
        with urllib.request.urlopen(_URL, timeout=_TIMEOUT_SECONDS) as answer:
            archive.parent.mkdir(exist_ok=True)
            with atomic_write(archive) as partial:
                partial.write_bytes(answer.read())
                _content(partial)
    except (OSError, ValueError) as error:
        reason = f"it cannot be fetched from {_URL} ({error})"
        raise tfds_sets.unavailable(dataset, folder, reason, {ARCHIVE}) from error
    finally:
        with contextlib.suppress(OSError):
            archive.parent.rmdir()  # fails, and keeps the folder, if it is not empty


def _content(archive: Path) -> bytes:
    return read_original(archive, _SHA256, "Delete the file, and gankit will fetch it again.")


def _members(archive: zipfile.ZipFile, split: str, half: str) -> dict[int, str]:
    found = (_MEMBER.fullmatch(name) for name in archive.namelist())
    return {int(m[3]): m[0] for m in found if m and (m[1], m[2]) == (split, half)}


def _read(archive: zipfile.ZipFile, member: str, side: int) -> np.ndarray:
    return central_square(open_image(Path(member), io.BytesIO(archive.read(member))), side, 3)
