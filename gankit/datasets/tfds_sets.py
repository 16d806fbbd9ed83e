"""Sets of TensorFlow Datasets: fetched once, prepared in the data folder, read from there."""

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
    """TensorFlow, imported late and kept off the accelerator when it only reads data.

    Returns:
        The module.

    Raises:
        ImportError: TensorFlow or TensorFlow Datasets is not installed; the error gives the
            command that installs them and names the sets that need neither.
    """
    if not _installed():
        raise ImportError(
            "this needs TensorFlow and TensorFlow Datasets: "
            "pip install tensorflow tensorflow-datasets importlib_resources. "
            f"`load` does without them for the embedded sets {names(embedded=True)}, and for "
            "mnist, fashion_mnist and kmnist when their original archives lie in "
            f"{str(data_folder() / '<name>')!r}."
        )
    import keras
    import tensorflow

    if keras.backend.backend() != "tensorflow":
        # TensorFlow would reserve the whole GPU that JAX or PyTorch is to train on
        with contextlib.suppress(RuntimeError):
            tensorflow.config.set_visible_devices([], "GPU")
    return tensorflow


def readable(dataset: Dataset) -> bool:
    """Whether a set is prepared in the data folder and can be read here.

    Args:
        dataset: A set with a `tfds_name`.

    Returns:
        True when no network is needed.
    """
    return _installed() and _prepared(dataset, data_folder()) is not None


def read(dataset: Dataset, split: str, side: int) -> tuple[np.ndarray, np.ndarray | None]:
    """One split as arrays, fetched and prepared before where need be.

    Args:
        dataset: A set with a `tfds_name`.
        split: One of its splits.
        side: Side of the images of `celeb_a`; the other sets come in their own size.

    Returns:
        uint8 images `(n, height, width, channels)`, and int32 labels or None.

    Raises:
        DatasetUnavailable: The set is not here and cannot be fetched or kept.
        ImportError: TensorFlow or TensorFlow Datasets is not installed.
    """
    tf = tensorflow()
    examples = _builder(dataset).as_dataset(split=split, shuffle_files=False)
    if dataset.large:
        examples = examples.map(lambda e: {"image": square(e["image"], side)}, tf.data.AUTOTUNE)
    batches = list(examples.batch(_READ_BATCH).prefetch(2).as_numpy_iterator())
    images = np.concatenate([batch["image"] for batch in batches])
    if dataset.name == "emnist":
        images = images.transpose(0, 2, 1, 3)  # stored with rows and columns exchanged
    if dataset.num_classes is None:
        return images, None
    return images, np.concatenate([batch["label"] for batch in batches]).astype(np.int32)


def encoded(dataset: Dataset, split: str) -> tuple[tf.data.Dataset, int]:
    """One split as a `tf.data` pipeline of undecoded images, in the order of the files.

    Args:
        dataset: A set with a `tfds_name`.
        split: One of its splits.

    Returns:
        A `tf.data.Dataset` of scalar strings, and the number of its examples.

    Raises:
        DatasetUnavailable: The set is not here and cannot be fetched or kept.
        ImportError: TensorFlow or TensorFlow Datasets is not installed.
    """
    tensorflow()
    import tensorflow_datasets as tfds

    builder = _builder(dataset)
    skip = {"image": tfds.decode.SkipDecoding()}
    examples = builder.as_dataset(split=split, shuffle_files=False, decoders=skip)
    return examples.map(lambda e: e["image"]), builder.info.splits[split].num_examples


def square(image: tf.Tensor, side: int) -> tf.Tensor:
    """The central square of an image, resized with antialiasing (bicubic).

    Args:
        image: uint8 `(height, width, channels)`.
        side: New side in pixels.

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
    """The folder of the newest version prepared, or None."""
    found = [info.parent for info in folder.glob(f"{dataset.tfds_name}/*/dataset_info.json")]
    versions = [f for f in found if re.fullmatch(r"\d+\.\d+\.\d+", f.name)]
    return max(versions, key=lambda f: [int(n) for n in f.name.split(".")], default=None)


def _builder(dataset: Dataset) -> Any:
    """A builder of a set that is prepared, now at the latest."""
    import tensorflow_datasets as tfds

    folder = data_folder()
    if _prepared(dataset, folder) is None:
        _prepare(dataset, folder)
    return tfds.builder_from_directory(_prepared(dataset, folder))


def _prepare(dataset: Dataset, folder: Path) -> None:
    import tensorflow_datasets as tfds

    check_writable(dataset, folder)
    with _nothing_half_written(folder, dataset.name):
        builder = tfds.builder(dataset.tfds_name, data_dir=folder)
        originals = {url: info.filename for url, info in builder.url_infos.items()}
        by_hand = _folder_of_originals(dataset, folder, set(originals.values()))
        for url, file in originals.items():
            if not (by_hand / file).is_file():
                _check_reachable(dataset, folder, url, set(originals.values()))
                break
        config = tfds.download.DownloadConfig(manual_dir=by_hand, try_download_gcs=False)
        try:
            builder.download_and_prepare(download_config=config)
        except Exception as error:
            reason = f"TensorFlow Datasets could not prepare it ({error})"
            raise unavailable(dataset, folder, reason, set(originals.values())) from error


def _folder_of_originals(dataset: Dataset, folder: Path, files: set[str]) -> Path:
    """Where original archives were put by hand: the folder that holds most of them."""
    candidates = [folder / dataset.name, folder / "downloads" / "manual"]
    return max(candidates, key=lambda c: sum((c / file).is_file() for file in files))


def check_writable(dataset: Dataset, folder: Path) -> None:
    """Refuse a data folder that nothing can be kept in; make it where it is missing.

    Args:
        dataset: The set that is to be kept.
        folder: The data folder.

    Raises:
        DatasetUnavailable: The folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise unavailable(dataset, folder, f"the folder cannot be written to ({error})") from error


def _check_reachable(dataset: Dataset, folder: Path, url: str, files: set[str]) -> None:
    """Ask the server first: TensorFlow Datasets retries for a quarter of an hour when offline."""
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=_PROBE_SECONDS).close()
    except urllib.error.HTTPError:
        return  # an answer, if only that this server wants another kind of request
    except OSError as error:
        host = urllib.parse.urlparse(url).netloc
        reason = f"{host} cannot be reached ({error})"
        raise unavailable(dataset, folder, reason, files) from error


def unavailable(
    dataset: Dataset, folder: Path, reason: str, files: set[str] = frozenset()
) -> DatasetUnavailable:
    """The error that says how a set can be had.

    Args:
        dataset: The set.
        folder: The data folder.
        reason: Why it cannot be read now.
        files: Names of its original files, where they are known.

    Returns:
        The error, to be raised.
    """
    if idx.known(dataset.name):
        files = {archive for split in idx.ARCHIVES.values() for archive in split}
    originals = (
        f"its original files ({', '.join(sorted(files))})" if files else "its original files"
    )
    return DatasetUnavailable(
        f"{dataset.name!r} is not in the data folder {str(folder)!r}, and {reason}. "
        f"Either go online, or put {originals} into {str(folder / dataset.name)!r}, or set "
        "GANKIT_DATA_DIR to a writable folder or one that holds the set, or use an embedded "
        f"set, which needs no network: {', '.join(names(True, dataset.verb))}."
    )


@contextlib.contextmanager
def _nothing_half_written(folder: Path, name: str) -> Iterator[None]:
    """Remove what a failed preparation leaves; whole downloads stay for the next attempt."""
    ours = (folder / name, folder / "downloads")
    before = {path for top in ours for path in (top, *top.rglob("*")) if path.exists()}
    try:
        yield
    except BaseException:
        for top in ours:
            for path in sorted(top.rglob("*"), reverse=True):
                if path not in before and _half_written(path):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            for path in sorted((top, *top.rglob("*")), reverse=True):
                if path not in before and path.is_dir() and not any(path.iterdir()):
                    path.rmdir()
        raise


def _half_written(path: Path) -> bool:
    return path.name.startswith("incomplete.") or ".tmp." in path.name
