"""Sets from TensorFlow Datasets: fetch and prepare them once in the data folder, then read them."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from gankit.datasets import idx
from gankit.datasets.folders import data_folder
from gankit.datasets.registry import Dataset, names
from gankit.datasets.unavailable import DatasetUnavailable

if TYPE_CHECKING:
    import tensorflow as tf

_PROBE_SECONDS = 10
_READ_BATCH = 512


def tensorflow() -> ModuleType:
    """Import TensorFlow, and hide the GPU from it if it serves only to read data.

    Returns:
        The module.

    Raises:
        ImportError: if TensorFlow or TensorFlow Datasets is not installed. The error gives the
            command that installs them and names the sets that need neither.
    """
    if not _installed():
        raise ImportError(
            "TensorFlow and TensorFlow Datasets are not installed. Install them: "
            "pip install tensorflow tensorflow-datasets importlib_resources. "
            f"`load` does not need them for the embedded sets ({', '.join(names(embedded=True))}), "
            "nor for mnist, fashion_mnist and kmnist if their original archives are in "
            f"{str(data_folder() / '<name>')!r}."
        )
    import keras
    import tensorflow

    if keras.backend.backend() != "tensorflow":
        # TensorFlow would reserve the whole memory of the GPU on which JAX or PyTorch trains.
        with contextlib.suppress(RuntimeError):
            tensorflow.config.set_visible_devices([], "GPU")
    return tensorflow


def readable(dataset: Dataset) -> bool:
    """Return whether a set is prepared in the data folder and TensorFlow Datasets is installed.

    Args:
        dataset: a set with a `tfds_name`.

    Returns:
        True if no network is needed.
    """
    return _installed() and _prepared(dataset, data_folder()) is not None


def read(dataset: Dataset, split: str, side: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Read one split into arrays, and fetch and prepare the set first if necessary.

    Args:
        dataset: a set with a `tfds_name`.
        split: one of its splits.
        side: side of the images of `celeb_a`; the other sets keep their own size.

    Returns:
        uint8 images `(n, height, width, channels)`, and int32 labels or None.

    Raises:
        DatasetUnavailable: if the set is missing and cannot be fetched or stored.
        ImportError: if TensorFlow or TensorFlow Datasets is not installed.
    """
    tf = tensorflow()
    examples = _builder(dataset).as_dataset(split=split, shuffle_files=False)
    if dataset.large:
        examples = examples.map(lambda e: {"image": square(e["image"], side)}, tf.data.AUTOTUNE)
    batches = list(examples.batch(_READ_BATCH).prefetch(2).as_numpy_iterator())
    images = np.concatenate([batch["image"] for batch in batches])
    if dataset.name == "emnist":
        images = images.transpose(0, 2, 1, 3)  # EMNIST stores images transposed.
    if dataset.num_classes is None:
        return images, None
    return images, np.concatenate([batch["label"] for batch in batches]).astype(np.int32)


def encoded(dataset: Dataset, split: str) -> tuple[tf.data.Dataset, int]:
    """Return one split as a `tf.data` pipeline of undecoded images, in the order of the files.

    Args:
        dataset: a set with a `tfds_name`.
        split: one of its splits.

    Returns:
        A `tf.data.Dataset` of scalar strings, and the number of its examples.

    Raises:
        DatasetUnavailable: if the set is missing and cannot be fetched or stored.
        ImportError: if TensorFlow or TensorFlow Datasets is not installed.
    """
    tensorflow()
    import tensorflow_datasets as tfds

    builder = _builder(dataset)
    skip = {"image": tfds.decode.SkipDecoding()}
    examples = builder.as_dataset(split=split, shuffle_files=False, decoders=skip)
    return examples.map(lambda e: e["image"]), builder.info.splits[split].num_examples


def square(image: tf.Tensor, side: int) -> tf.Tensor:
    """Cut the central square from an image and resize it with antialiasing (bicubic).

    Args:
        image: uint8 `(height, width, channels)`.
        side: new side in pixels.

    Returns:
        uint8 `(side, side, channels)`.
    """
    tf = tensorflow()
    shortest = tf.reduce_min(tf.shape(image)[:2])
    image = tf.image.resize_with_crop_or_pad(image, shortest, shortest)
    image = tf.image.resize(image, (side, side), method="bicubic", antialias=True)
    return tf.cast(tf.clip_by_value(tf.round(image), 0, 255), tf.uint8)


def _installed() -> bool:
    return all(importlib.util.find_spec(m) for m in ("tensorflow", "tensorflow_datasets"))


def _prepared(dataset: Dataset, folder: Path) -> Path | None:
    """Return the folder of the newest prepared version, or None."""
    found = [info.parent for info in folder.glob(f"{dataset.tfds_name}/*/dataset_info.json")]
    versions = [f for f in found if re.fullmatch(r"\d+\.\d+\.\d+", f.name)]
    return max(versions, key=lambda f: [int(n) for n in f.name.split(".")], default=None)


def _builder(dataset: Dataset) -> Any:
    """Return a builder of a set, and prepare the set first if necessary."""
    import tensorflow_datasets as tfds

    folder = data_folder()
    if _prepared(dataset, folder) is None:
        _prepare(dataset, folder)
    return tfds.builder_from_directory(_prepared(dataset, folder))


def _prepare(dataset: Dataset, folder: Path) -> None:
    import tensorflow_datasets as tfds

    check_writable(dataset, folder)
    with _remove_partial_files(folder, dataset.name):
        builder = tfds.builder(dataset.tfds_name, data_dir=folder)
        originals = {url: info.filename for url, info in builder.url_infos.items()}
        files = set(originals.values())
        by_hand = _folder_of_originals(dataset, folder, files)
        missing = [url for url, file in originals.items() if not (by_hand / file).is_file()]
        if missing:
            _check_reachable(dataset, folder, missing[0], files)
        config = tfds.download.DownloadConfig(manual_dir=by_hand, try_download_gcs=False)
        try:
            builder.download_and_prepare(download_config=config)
        except Exception as error:
            reason = f"TensorFlow Datasets could not prepare it ({error})"
            raise unavailable(dataset, folder, reason, files) from error


def _folder_of_originals(dataset: Dataset, folder: Path, files: set[str]) -> Path:
    """Return the folder that holds most of the original archives put there by hand."""
    candidates = [folder / dataset.name, folder / "downloads" / "manual"]
    return max(candidates, key=lambda c: sum((c / file).is_file() for file in files))


def check_writable(dataset: Dataset, folder: Path) -> None:
    """Refuse a data folder that is not writable, and create it if it is missing.

    Args:
        dataset: the set that will be stored.
        folder: the data folder.

    Raises:
        DatasetUnavailable: if the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise unavailable(dataset, folder, f"the folder cannot be written to ({error})") from error


def _check_reachable(dataset: Dataset, folder: Path, url: str, files: set[str]) -> None:
    """Ask the server first, because TensorFlow Datasets retries for 15 minutes when offline."""
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=_PROBE_SECONDS).close()
    except urllib.error.HTTPError:
        return  # The server answered, so it can be reached, even if it refuses HEAD requests.
    except OSError as error:
        host = urllib.parse.urlparse(url).netloc
        reason = f"{host} cannot be reached ({error})"
        raise unavailable(dataset, folder, reason, files) from error


def unavailable(
    dataset: Dataset, folder: Path, reason: str, files: set[str] = frozenset()
) -> DatasetUnavailable:
    """Return the error that says how to obtain a set.

    Args:
        dataset: the set.
        folder: the data folder.
        reason: why the set cannot be read now.
        files: names of its original files, if they are known.

    Returns:
        The error, for the caller to raise.
    """
    if idx.known(dataset.name):
        files = {archive for split in idx.ARCHIVES.values() for archive in split}
    listed = f" ({', '.join(sorted(files))})" if files else ""
    return DatasetUnavailable(
        f"{dataset.name!r} is not in the data folder {str(folder)!r}, and {reason}. "
        f"Go online, or put its original files{listed} into {str(folder / dataset.name)!r}, or "
        "set GANKIT_DATA_DIR to a writable folder or to one that holds the set, or use an embedded "
        f"set, which needs no network: {', '.join(names(True, dataset.loader))}."
    )


@contextlib.contextmanager
def _remove_partial_files(folder: Path, name: str) -> Iterator[None]:
    """Remove partial files if preparation fails, and keep complete downloads for a retry."""
    ours = (folder / name, folder / "downloads")

    def content() -> set[Path]:
        return {path for top in ours for path in (top, *top.rglob("*")) if path.exists()}

    before = content()
    try:
        yield
    except BaseException:
        for path in sorted(content() - before, reverse=True):  # a folder after what it holds
            partial = path.name.startswith("incomplete.") or ".tmp." in path.name
            if partial:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        raise
