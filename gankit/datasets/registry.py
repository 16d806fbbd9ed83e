"""The sets that have a name, and where each comes from."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gankit.datasets import digits, facades, glyphs, photos

Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Dataset:
    """What is known of a named set before any of it is read.

    Attributes:
        name: Its name in `load` and `stream`, or in the verb that reads it.
        image_size: Side of its images in pixels, where no other is asked for.
        channels: 1 for gray, 3 for color.
        num_classes: Number of labels, or None where it has none.
        about: One line for people.
        splits: Its parts.
        peak: The gray level of full brightness.
        verb: The function of `gankit.datasets` that reads it: `"load"` (and `stream`),
            `"load_pairs"` or `"photo_crops"`.
        embedded: Reads one split of a set that needs no network (of pairs, at a given side), or
            None.
        factors: Reads what each example of a split was made from, or None.
        tfds_name: Its name in TensorFlow Datasets, or None.
        large: Whether it is too large to be held in memory by `stream`.
    """

    name: str
    image_size: int
    channels: int
    num_classes: int | None
    about: str
    splits: tuple[str, ...] = ("train", "test")
    peak: int = 255
    verb: str = "load"
    embedded: Callable[..., Arrays] | None = None
    factors: Callable[[str], dict[str, np.ndarray]] | None = None
    tfds_name: str | None = None
    large: bool = False


_DATASETS = (
    Dataset(
        name="digits",
        image_size=8,
        channels=1,
        num_classes=10,
        about="1,797 real handwritten digits of the UCI repository",
        peak=digits.PEAK,
        embedded=digits.read,
    ),
    Dataset(
        name="glyphs",
        image_size=28,
        channels=1,
        num_classes=10,
        about="14,000 digits drawn from fonts, every factor known",
        embedded=glyphs.read,
        factors=glyphs.read_factors,
    ),
    Dataset(
        name="mnist",
        image_size=28,
        channels=1,
        num_classes=10,
        about="70,000 handwritten digits",
        tfds_name="mnist",
    ),
    Dataset(
        name="fashion_mnist",
        image_size=28,
        channels=1,
        num_classes=10,
        about="70,000 pictures of clothes",
        tfds_name="fashion_mnist",
    ),
    Dataset(
        name="kmnist",
        image_size=28,
        channels=1,
        num_classes=10,
        about="70,000 cursive hiragana",
        tfds_name="kmnist",
    ),
    Dataset(
        name="emnist",
        image_size=28,
        channels=1,
        num_classes=47,
        about="131,600 handwritten digits and letters in 47 balanced classes",
        tfds_name="emnist/balanced",
    ),
    Dataset(
        name="cifar10",
        image_size=32,
        channels=3,
        num_classes=10,
        about="60,000 small photographs",
        tfds_name="cifar10",
    ),
    Dataset(
        name="celeb_a",
        image_size=64,
        channels=3,
        num_classes=None,
        about="202,599 faces, cut to the central square",
        splits=("train", "validation", "test"),
        tfds_name="celeb_a",
        large=True,
    ),
    Dataset(
        name="facades",
        image_size=facades.IMAGE_SIZE,
        channels=3,
        num_classes=None,
        about="500 label maps of building fronts and pictures drawn from them by a known rule",
        verb="load_pairs",
        embedded=facades.read_pairs,
    ),
    Dataset(
        name="cmp_facades",
        image_size=256,
        channels=3,
        num_classes=None,
        about="506 label maps of building fronts and their photographs",
        verb="load_pairs",
    ),
    Dataset(
        name="photos",
        image_size=96,
        channels=3,
        num_classes=None,
        about="17 photographs of sizes of their own, from scikit-image and scikit-learn",
        verb="photo_crops",
        embedded=photos.photographs,
    ),
)
_BY_NAME = {dataset.name: dataset for dataset in _DATASETS}


def names(embedded: bool | None = None, verb: str = "load") -> list[str]:
    """The names that a verb knows.

    Args:
        embedded: True for the sets that need no network, False for the others, None for all.
        verb: `"load"` (what it knows, `stream` knows), `"load_pairs"` or `"photo_crops"`.

    Returns:
        A list of names.

    Example:

    >>> names(embedded=True), names(embedded=True, verb="load_pairs")
    (['digits', 'glyphs'], ['facades'])
    """
    sets = (d for d in _DATASETS if d.verb == verb)
    return [d.name for d in sets if embedded in (None, d.embedded is not None)]


def describe(name: str) -> Dataset:
    """What is known of a set, without reading it.

    Args:
        name: One of `names()`, whatever verb reads it.

    Returns:
        A `Dataset`: image size, channels, classes, splits, a line about it.

    Raises:
        TypeError: The name is not a string.
        ValueError: No set has this name; the error lists the names and the nearest.

    Example:

    >>> describe("glyphs").num_classes
    10
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of a data set must be a string, got {name!r}")
    if name in _BY_NAME:
        return _BY_NAME[name]
    near = difflib.get_close_matches(name.lower(), _BY_NAME, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown data set {name!r}.{hint} Known: {', '.join(_BY_NAME)}")


def find(name: str, verb: str) -> Dataset:
    """The set that a verb is to read.

    Args:
        name: What the caller asked for.
        verb: The verb called.

    Returns:
        What is known of it.

    Raises:
        TypeError: The name is not a string.
        ValueError: No set has this name, or another verb reads it.
    """
    dataset = describe(name)
    if dataset.verb != verb:
        raise ValueError(
            f"{name!r} is read by `datasets.{dataset.verb}`; `{verb}` knows "
            f"{', '.join(names(verb=verb))}"
        )
    return dataset


def check_split(dataset: Dataset, split: str) -> str:
    """The name of a split, checked.

    Args:
        dataset: The set.
        split: What the caller asked for.

    Returns:
        The same.

    Raises:
        ValueError: The set has no such split.
    """
    if split not in dataset.splits:
        raise ValueError(f"{dataset.name!r} has the splits {dataset.splits}, got {split!r}")
    return split
