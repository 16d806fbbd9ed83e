"""Weights that Keras publishes for its applications, downloaded once."""

from __future__ import annotations

import os
from pathlib import Path

import keras

__all__ = ["published_weights"]

ROOT = "https://storage.googleapis.com/tensorflow/keras-applications"


def published_weights(path: str, md5: str, size: str, instead: str) -> str:
    """Find the file of an application's weights; download it where it is missing.

    Args:
        path: the application's folder and the file's name, below `ROOT`.
        md5: what the file must sum up to.
        size: how large it is, for the error.
        instead: what the error recommends to those without a network.

    Returns:
        The file's path, in the folder `models` of `$KERAS_HOME` or else of `~/.keras`.

    Raises:
        RuntimeError: if the weights are neither there nor to be had; the error names the file and
            the place to put it.

    Example: `published_weights("vgg19/....h5", md5, "80 MB", instead="Or train without.")`
    """
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    name, url = path.rsplit("/", 1)[-1], f"{ROOT}/{path}"
    try:
        home.mkdir(parents=True, exist_ok=True)  # Keras would else turn to a folder elsewhere
        return keras.utils.get_file(
            name, url, file_hash=md5, cache_dir=str(home), cache_subdir="models"
        )
    except Exception as error:  # Keras raises Exception itself where a download fails
        raise RuntimeError(
            f"The weights {name} are not in {home / 'models'}, and could not be downloaded: "
            f"{error}\nWhere there is a network, fetch {url} ({size}) and put it there, "
            f"or set KERAS_HOME to a folder whose `models` has it. {instead}"
        ) from error
