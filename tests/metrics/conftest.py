"""MNIST and Set5 for the tests that can use them: read from local folders, never downloaded."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def data_roots():
    """Return the folders in which real data may be stored."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    given = os.environ.get("GANKIT_DATA_DIR")
    return [Path(given), beside] if given else [beside]


def find_mnist():
    """Return the folder of the four original archives, or None."""
    folders = [root / "mnist" for root in data_roots()]
    return next((f for f in folders if (f / "t10k-images-idx3-ubyte.gz").is_file()), None)


def read_mnist(folder, split):
    """Read images in [-1, 1] and labels of one split from the original archives."""
    stem = {"train": "train", "test": "t10k"}[split]
    with gzip.open(folder / f"{stem}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(folder / f"{stem}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8).astype("int32")
    return images.astype("float32") / 127.5 - 1, labels


@pytest.fixture(scope="session")
def mnist_folder():
    """The folder of MNIST's archives, or None."""
    return find_mnist()


@pytest.fixture(scope="session")
def mnist(mnist_folder):
    """MNIST as `mnist("train")`, `mnist("test")`."""
    if mnist_folder is None:
        pytest.skip("MNIST's archives are in neither GANKIT_DATA_DIR nor ../shared/data")
    return lambda split: read_mnist(mnist_folder, split)


@pytest.fixture(scope="session")
def set5():
    """The five images of Set5 as uint8 RGB, in the order of their names."""
    for root in data_roots():
        if paths := sorted((root / "sr" / "set5").glob("*_GT.bmp")):
            return [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    pytest.skip("Set5 is in neither GANKIT_DATA_DIR nor ../shared/data")
