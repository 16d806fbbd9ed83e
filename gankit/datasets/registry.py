"""The named data sets, and where each comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gankit.checks import check_choice, check_flag
from gankit.datasets import digits, facades, glyphs, photos

Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Dataset:
    """What gankit knows about a named set without reading it.

    Attributes:
        name: the set's name, as `load`, `stream` or its own `loader` takes it.
        image_size: default side of the images in pixels.
        channels: 1 for gray, 3 for color.
        num_classes: number of labels, or None if the set has none.
        description: one line about the set.
        splits: names of the splits.
        max_level: the gray level that stands for full brightness.
        loader: the function of `gankit.datasets` that reads the set: `"load"` (then `stream`
            reads it, too), `"load_pairs"` or `"photo_crops"`.
        embedded: reads one split of a set that needs no network (`load_pairs` also passes the
            side of the images), or None.
        factors: reads the factors from which each example of a split was made, or None.
        tfds_name: the set's name in TensorFlow Datasets, or None.
        large: whether `stream` reads the set from disk because it is too large for memory.
    """

    name: str
    image_size: int
    channels: int
    num_classes: int | None
    description: str
    splits: tuple[str, ...] = ("train", "test")
    max_level: int = 255
    loader: str = "load"
    embedded: Callable[..., Arrays] | None = None
    factors: Callable[[str], dict[str, np.ndarray]] | None = None
    tfds_name: str | None = None
    large: bool = False


# Name, side, channels, classes and description; then what not all sets have.
# fmt: off
_DATASETS = (
    Dataset("digits", 8, 1, 10, "1,797 real handwritten digits of the UCI repository",
            max_level=digits.MAX_LEVEL, embedded=digits.read),
    Dataset("glyphs", 28, 1, 10, "14,000 digits drawn from fonts, with every factor known",
            embedded=glyphs.read, factors=glyphs.read_factors),
    Dataset("mnist", 28, 1, 10, "70,000 handwritten digits", tfds_name="mnist"),
    Dataset("fashion_mnist", 28, 1, 10, "70,000 pictures of clothes", tfds_name="fashion_mnist"),
    Dataset("kmnist", 28, 1, 10, "70,000 cursive hiragana", tfds_name="kmnist"),
    Dataset("emnist", 28, 1, 47,
            "131,600 handwritten digits and letters in 47 balanced classes",
            tfds_name="emnist/balanced"),
    Dataset("cifar10", 32, 3, 10, "60,000 small photographs", tfds_name="cifar10"),
    Dataset("celeb_a", 64, 3, None, "202,599 faces, cut to the central square",
            splits=("train", "validation", "test"), tfds_name="celeb_a", large=True),
    Dataset("facades", facades.IMAGE_SIZE, 3, None,
            "500 label maps of building fronts and pictures drawn by a known rule",
            loader="load_pairs", embedded=facades.read_pairs),
    Dataset("cmp_facades", 256, 3, None,
            "506 label maps of building fronts and their photographs", loader="load_pairs"),
    Dataset("photos", 96, 3, None,
            "17 photographs of various sizes, from scikit-image and scikit-learn",
            loader="photo_crops", embedded=photos.photographs),
)
# fmt: on
_BY_NAME = {dataset.name: dataset for dataset in _DATASETS}


def names(embedded: bool | None = None, loader: str = "load") -> list[str]:
    """Return the names of the sets that a function reads.

    Args:
        embedded: True for the sets that need no network, False for the others, None for all.
        loader: `"load"` (`stream` reads the same sets), `"load_pairs"` or `"photo_crops"`.

    Returns:
        A list of names.

    Raises:
        TypeError: if `embedded` is neither True, False nor None.
        ValueError: if `loader` is another word.

    Example:

    >>> names(embedded=True), names(embedded=True, loader="load_pairs")
    (['digits', 'glyphs'], ['facades'])
    """
    check_choice("loader", loader, sorted({d.loader for d in _DATASETS}))
    if embedded is not None:
        check_flag("embedded", embedded)
    sets = (d for d in _DATASETS if d.loader == loader)
    return [d.name for d in sets if embedded in (None, d.embedded is not None)]


def describe(name: str) -> Dataset:
    """Return what gankit knows about a set, without reading the set.

    Args:
        name: the name of any set, whichever function reads it.

    Returns:
        A `Dataset`: image size, channels, classes, splits and a one-line description.

    Raises:
        ValueError: if no set has this name; the error lists the names and suggests the closest.

    Example:

    >>> describe("glyphs").num_classes
    10
    """
    return _BY_NAME[check_choice("name", name, _BY_NAME)]


def find(name: str, loader: str) -> Dataset:
    """Return the set with this name if the calling function can read it.

    Args:
        name: the name that the caller asked for.
        loader: the function that was called.

    Returns:
        The set.

    Raises:
        ValueError: if no set has this name, or another function reads the set.
    """
    dataset = describe(name)
    if dataset.loader != loader:
        raise ValueError(
            f"`{loader}` cannot read this set. Received: name={name!r}. "
            f"Call `datasets.{dataset.loader}`, or choose one of: "
            f"{', '.join(names(loader=loader))}."
        )
    return dataset
