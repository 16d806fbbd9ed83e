"""`load`: read a named set into arrays."""

from __future__ import annotations

import numpy as np

from gankit.checks import check_choice
from gankit.datasets import cmp_facades, idx, tfds_sets
from gankit.datasets.folders import data_folder
from gankit.datasets.images import check_image_size, resize, to_unit_range
from gankit.datasets.registry import Dataset, describe, find, names


def load(
    name: str, split: str = "train", image_size: int | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Read a named set into arrays.

    Embedded sets need neither a network nor TensorFlow. Neither do `mnist`, `fashion_mnist` and
    `kmnist` if their four original archives are in `<data folder>/<name>/` (checked by SHA-256).
    TensorFlow Datasets reads all other sets, and fetches them if necessary. The data folder is
    `folders.data_folder()`: the environment variable `GANKIT_DATA_DIR`, else the repository's
    `data/`, else the default of TensorFlow Datasets.

    The examples keep the order of their source. The order in TensorFlow Datasets differs from that
    in the original archives. `digits` keeps exactly the 17 gray levels of the original.

    Args:
        name: one of `names()`.
        split: `"train"` or `"test"`; `celeb_a` also has `"validation"`.
        image_size: side of the images in pixels, at least 4; None keeps the set's own side (64
            for `celeb_a`). Images are resized with antialiasing (Pillow's bicubic).

    Returns:
        Images float32 `(n, side, side, channels)` in [-1, 1], and labels int32 `(n,)`, or None if
        the set has no labels. The 162,770 training images of `celeb_a` take 8 GB as one array: use
        `stream` for that set.

    Raises:
        ValueError: if the name or the split is unknown, another function reads the set, or the
            image size is not a whole number of at least 4.
        DatasetUnavailable: if the set is missing and cannot be fetched or stored.
        ImportError: if the set needs TensorFlow Datasets, which is not installed.

    Example:

    >>> images, labels = load("digits")
    >>> images.shape, float(images.min()), float(images.max())
    ((1442, 8, 8, 1), -1.0, 1.0)
    """
    dataset = find(name, "load")
    images, labels = read_levels(dataset, split, image_size)
    return to_unit_range(images, dataset.max_level), labels


def read_levels(
    dataset: Dataset, split: str, image_size: int | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Read one split as gray levels, which take a quarter of the memory of floats.

    Args:
        dataset: the set.
        split: one of its splits.
        image_size: side of the images, or None for the set's own.

    Returns:
        uint8 images `(n, side, side, channels)` with levels `0..dataset.max_level`, and int32
        labels or None.

    Raises:
        ValueError: if the set has no such split, or the image size is not a whole number of at
            least 4.
    """
    check_choice("split", split, dataset.splits)
    side = check_image_size(image_size, dataset.image_size)
    if dataset.embedded is not None:
        images, labels = dataset.embedded(split)
    elif _has_archives(dataset):
        images, labels = idx.read(dataset.name, split, data_folder() / dataset.name)
    else:
        images, labels = tfds_sets.read(dataset, split, side)
    return resize(images, side), labels


def factors(name: str, split: str = "train") -> dict[str, np.ndarray]:
    """Return the factors from which each example of a set was drawn.

    Args:
        name: a set with known factors: `"glyphs"`.
        split: `"train"` or `"test"`.

    Returns:
        One array `(n,)` per factor, in the order in which `load` returns the examples. The factors
        of `glyphs` are `font` (index into `gankit.datasets.outlines.FONTS`), `rotation` (degrees),
        `scale`, `aspect`, `shear`, `thickness`, `dx`, `dy` and `elastic` (pixels).

    Raises:
        ValueError: if the name or the split is unknown, or the set has no known factors.

    Example:

    >>> sorted(factors("glyphs"))[:3]
    ['aspect', 'dx', 'dy']
    """
    dataset = describe(name)
    if dataset.factors is None:
        known = [n for n in names() if describe(n).factors is not None]
        raise ValueError(
            f"This set has no known factors. Received: name={name!r}. "
            f"Sets with known factors: {', '.join(known)}."
        )
    return dataset.factors(check_choice("split", split, dataset.splits))


def available(name: str) -> bool:
    """Return whether a set can be loaded without a network.

    Args:
        name: the name of any set.

    Returns:
        True for embedded sets, for sets whose original archives are in the data folder, and for
        sets that TensorFlow Datasets has prepared there, if it is installed.

    Raises:
        ValueError: if the name is unknown.

    Example:

    >>> available("glyphs")
    True
    """
    dataset = describe(name)
    if dataset.embedded is not None or _has_archives(dataset):
        return True
    return cmp_facades.present() if name == "cmp_facades" else tfds_sets.readable(dataset)


def _has_archives(dataset: Dataset) -> bool:
    return idx.known(dataset.name) and idx.present(data_folder() / dataset.name)
