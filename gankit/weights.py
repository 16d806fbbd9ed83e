"""Download the weights that Keras publishes for its applications."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import keras

ROOT = "https://storage.googleapis.com/tensorflow/keras-applications"


def published_weights(path: str, md5: str, size: str, instead: str) -> str:
    """Return the path of a file with an application's weights; download it if it is missing.

    Args:
        path: path of the file below `ROOT`: the application's folder and the file's name.
        md5: MD5 checksum of the file.
        size: size of the file, for the error message.
        instead: alternative to the weights, for the error message.

    Returns:
        Path of the file in the folder `models` of `$KERAS_HOME` or of `~/.keras`.

    Raises:
        RuntimeError: if the weights are missing and cannot be downloaded; the error names the file
            and the folder for it.

    Example: `published_weights("vgg19/....h5", md5, "80 MB", instead="Or train without.")`
    """
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    name, url = path.rsplit("/", 1)[-1], f"{ROOT}/{path}"
    try:
        home.mkdir(parents=True, exist_ok=True)  # otherwise Keras uses another folder
        return keras.utils.get_file(
            name, url, file_hash=md5, cache_dir=str(home), cache_subdir="models"
        )
    except Exception as error:  # Keras raises a plain Exception if a download fails
        raise RuntimeError(
            f"The weights {name} are not in {home / 'models'} and could not be downloaded: "
            f"{error}\nOn a machine with a network, download {url} ({size}) and copy it to this "
            f"folder, or set KERAS_HOME to a folder with a subfolder `models` that contains it. "
            f"{instead}"
        ) from error


@contextlib.contextmanager
def naming_file(weights: str | os.PathLike, network: str) -> Iterator[None]:
    """Name the file with weights in any error of the block that reads it.

    Args:
        weights: path of the file.
        network: name of the network, for the error message.

    Raises:
        ValueError: if the block fails.

    Example: `with naming_file("vgg.h5", "VGG-19"): network.load_weights("vgg.h5")`
    """
    try:
        yield
    except Exception as error:  # of NumPy, zipfile, h5py or Keras
        raise ValueError(
            f"`weights` must be a whole file with weights of {network}. Received: weights="
            f"{str(weights)!r}, which does not fit: {error}. Copy or download it again."
        ) from error
