"""`load_pairs`: read a named set of image pairs into arrays."""

from __future__ import annotations

import functools

import numpy as np

from gankit.checks import check_choice
from gankit.datasets import cmp_facades
from gankit.datasets.images import check_image_size, to_unit_range
from gankit.datasets.registry import find


def load_pairs(
    name: str, split: str = "train", image_size: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Read a named set of image pairs for image-to-image translation.

    - `facades` is embedded: colored label maps of building fronts, and pictures that
      `gankit.datasets.facades` draws from them, at the requested size.
    - `cmp_facades` holds colored label maps and photographs, 256×256, as in the pix2pix paper. Its
      archive (35 MB) is fetched on first use and stored in the data folder; you can also put it
      there by hand. At other sizes, resizing mixes the colors at the edges of the label maps.

    Args:
        name: one of `names(loader="load_pairs")`.
        split: `"train"` or `"test"`.
        image_size: side of the pictures in pixels, at least 4; None keeps the set's own side.

    Returns:
        Inputs and targets, both float32 `(n, side, side, 3)` in [-1, 1]. The i-th target belongs
        to the i-th input.

    Raises:
        ValueError: if the name or the split is unknown, another function reads the set, or the
            image size is not a whole number of at least 4.
        DatasetUnavailable: if the set is missing and cannot be fetched or stored.

    Example:

    >>> inputs, targets = load_pairs("facades", "test", image_size=32)
    >>> inputs.shape, targets.shape
    ((100, 32, 32, 3), (100, 32, 32, 3))
    """
    dataset = find(name, "load_pairs")
    side = check_image_size(image_size, dataset.image_size)
    check_choice("split", split, dataset.splits)
    read = dataset.embedded or functools.partial(cmp_facades.read_pairs, dataset)
    inputs, targets = read(split, side)
    return to_unit_range(inputs), to_unit_range(targets)
