"""`load_pairs`: a named set of pairs of pictures as arrays."""

from __future__ import annotations

import numpy as np

from gankit.datasets import cmp_facades
from gankit.datasets.images import check_image_size, to_unit_range
from gankit.datasets.registry import check_split, find


def load_pairs(
    name: str, split: str = "train", image_size: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """A named set of pairs, to learn a translation from.

    - `facades`, embedded: colored label maps of building fronts, and pictures of them drawn by
      the rule of `gankit.datasets.facades`, at the size asked for.
    - `cmp_facades`: colored label maps and photographs, 256×256, as in the paper on pix2pix. Its
      archive (35 MB) is fetched on first use and kept in the data folder, or put there by hand.
      Resized to another size, label maps have mixed colors at their edges.

    Args:
        name: One of `names(verb="load_pairs")`.
        split: `"train"` or `"test"`.
        image_size: Side of the pictures in pixels, at least 4; None keeps the set's own.

    Returns:
        Inputs and targets, both float32 `(n, side, side, 3)` in [-1, 1]: the i-th target belongs
        to the i-th input.

    Raises:
        ValueError: Unknown name or split, a set that another verb reads, or an image size
            below 4.
        TypeError: An image size that is no whole number.
        DatasetUnavailable: The set is not here and cannot be fetched or kept.

    Example:

    >>> inputs, targets = load_pairs("facades", "test", image_size=32)
    >>> inputs.shape, targets.shape
    ((100, 32, 32, 3), (100, 32, 32, 3))
    """
    dataset = find(name, "load_pairs")
    side = dataset.image_size if image_size is None else check_image_size(image_size)
    check_split(dataset, split)
    if dataset.embedded is not None:
        inputs, targets = dataset.embedded(split, side)
    else:
        inputs, targets = cmp_facades.read_pairs(dataset, split, side)
    return to_unit_range(inputs), to_unit_range(targets)
