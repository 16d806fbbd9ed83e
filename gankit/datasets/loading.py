"""`load`: a named set as arrays."""

from __future__ import annotations

import numpy as np

from gankit.datasets import cmp_facades, idx, tfds_sets
from gankit.datasets.folders import data_folder
from gankit.datasets.images import check_image_size, resize, to_unit_range
from gankit.datasets.registry import Dataset, check_split, describe, find, names


def load(
    name: str, split: str = "train", image_size: int | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """A named set as arrays in memory.

    Embedded sets need neither a network nor TensorFlow. `mnist`, `fashion_mnist` and
    `kmnist` need neither when their four original archives lie in `<data folder>/<name>/`
    (checked by SHA-256). All others are read, and where need be fetched, by TensorFlow
    Datasets. The data folder is `folders.data_folder()`: the environment variable
    `GANKIT_DATA_DIR`, else the repository's `data/`, else TensorFlow Datasets' own.

    The order of the examples is that of the source, and TensorFlow Datasets' differs from the
    archives'. The gray levels of `digits` are the original's 17, exactly.

    Args:
        name: One of `names()`.
        split: `"train"` or `"test"`; `celeb_a` also has `"validation"`.
        image_size: Side of the images in pixels, at least 4; None keeps the set's own
            (64 for `celeb_a`). Resized with antialiasing (Pillow's bicubic).

    Returns:
        Images float32 `(n, side, side, channels)` in [-1, 1], and labels int32 `(n,)`;
        None in place of the labels where the set has none (`celeb_a`, whose 162,770
        training images take 8 GB as one array: `stream` is meant for it).

    Raises:
        ValueError: Unknown name or split, a set that another verb reads, or an image size
            below 4.
        TypeError: An image size that is no whole number.
        DatasetUnavailable: The set is not here and cannot be fetched or kept.
        ImportError: TensorFlow Datasets is needed and not installed.

    Example:

    >>> images, labels = load("digits")
    >>> images.shape, float(images.min()), float(images.max())
    ((1442, 8, 8, 1), -1.0, 1.0)
    """
    dataset = find(name, "load")
    images, labels = read_levels(dataset, check_split(dataset, split), image_size)
    return to_unit_range(images, dataset.peak), labels


def read_levels(
    dataset: Dataset, split: str, image_size: int | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """One split as gray levels, which take a quarter of the memory.

    Args:
        dataset: The set.
        split: One of its splits.
        image_size: Side of the images, or None for the set's own.

    Returns:
        uint8 images `(n, side, side, channels)` with levels `0..dataset.peak`, and int32
        labels or None.
    """
    side = dataset.image_size if image_size is None else check_image_size(image_size)
    if dataset.embedded is not None:
        images, labels = dataset.embedded(split)
    elif _has_archives(dataset):
        images, labels = idx.read(dataset.name, split, data_folder() / dataset.name)
    else:
        images, labels = tfds_sets.read(dataset, split, side)
    return resize(images, side), labels


def factors(name: str, split: str = "train") -> dict[str, np.ndarray]:
    """What each example of a set was made from, where that is known.

    Args:
        name: A set with known factors: `"glyphs"`.
        split: `"train"` or `"test"`.

    Returns:
        One array `(n,)` per factor, in the order of `load`'s examples. Of `glyphs`: `font`
        (index into `gankit.datasets.outlines.FONTS`), `rotation` (degrees), `scale`,
        `aspect`, `shear`, `thickness`, `dx`, `dy`, `elastic` (pixels).

    Raises:
        ValueError: Unknown name or split, or a set whose factors nobody knows.

    Example:

    >>> sorted(factors("glyphs"))[:3]
    ['aspect', 'dx', 'dy']
    """
    dataset = describe(name)
    if dataset.factors is None:
        known = [n for n in names() if describe(n).factors is not None]
        raise ValueError(f"the factors of {name!r} are not known; sets with factors: {known}")
    return dataset.factors(check_split(dataset, split))


def available(name: str) -> bool:
    """Whether a set can be loaded here and now, without a network.

    Args:
        name: One of `names()`.

    Returns:
        True for embedded sets, for sets whose original archives lie in the data folder,
        and for sets that TensorFlow Datasets has prepared there and can read here.

    Raises:
        ValueError: Unknown name.

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
