"""Read the original archives of MNIST, Fashion-MNIST and KMNIST without TensorFlow.

LeCun, Cortes and Burges describe the format: a big-endian header (two zero bytes, a type code, the
number of dimensions, each dimension), then the values. The whole file is gzipped.
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

from gankit.datasets.folders import read_original

_TRAIN = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
_TEST = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
ARCHIVES = {"train": _TRAIN, "test": _TEST}
"""The original names of the archives of images and labels of each split."""

# The checksums that TensorFlow Datasets uses, in the order of (*_TRAIN, *_TEST).
_SHA256 = {
    "mnist": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
    "fashion_mnist": (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
    "kmnist": (
        "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
        "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
        "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
        "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    ),
}


def known(name: str) -> bool:
    """Return whether `read` can read the original archives of a set.

    Args:
        name: name of a set.

    Returns:
        True for `mnist`, `fashion_mnist` and `kmnist`.
    """
    return name in _SHA256


def present(folder: Path) -> bool:
    """Return whether a folder holds all four archives.

    Args:
        folder: the folder to look in.

    Returns:
        True if none is missing.
    """
    return all((folder / archive).is_file() for archive in (*_TRAIN, *_TEST))


def read(name: str, split: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read one split from its original archives.

    Args:
        name: `"mnist"`, `"fashion_mnist"` or `"kmnist"`.
        split: `"train"` or `"test"`.
        folder: the folder that holds the archives.

    Returns:
        uint8 images `(n, 28, 28, 1)` and int32 labels `(n,)`.

    Raises:
        ValueError: if the SHA-256 of an archive is not that of the original.
    """
    sums = dict(zip((*_TRAIN, *_TEST), _SHA256[name], strict=True))
    images, labels = (_read_archive(folder / a, sums[a]) for a in ARCHIVES[split])
    return images[..., None], labels.astype(np.int32)


def parse(content: bytes) -> np.ndarray:
    """Return the array in an uncompressed idx file of unsigned bytes.

    Args:
        content: the whole file.

    Returns:
        uint8 array.

    Raises:
        ValueError: if the header has another format, or the length does not match the header.

    Example:

    >>> parse(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9])).tolist()
    [7, 9]
    """
    if len(content) < 4 or content[:3] != bytes([0, 0, 8]):  # 8: unsigned bytes
        raise ValueError(
            f"This is not an idx file of unsigned bytes. Received: first bytes {content[:4]!r}."
        )
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(
            f"The header must have {start} bytes. Received: a file of {len(content)} bytes."
        )
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    values = np.frombuffer(content[start:], np.uint8)
    if values.size != np.prod(shape, dtype=np.int64):
        raise ValueError(
            f"The header announces an array of shape {shape}. Received: {values.size} values."
        )
    return values.reshape(shape)


def _read_archive(path: Path, sha256: str) -> np.ndarray:
    advice = "Fetch it again, or move it away to let TensorFlow Datasets fetch it."
    return parse(gzip.decompress(read_original(path, sha256, advice)))
