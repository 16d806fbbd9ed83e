"""`digits`: 1,797 real handwritten digits, 8×8, from the UCI repository through scikit-learn.

Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits" (UCI Machine Learning
Repository, 1998), CC BY 4.0. scikit-learn carries the test part of the original, inside its wheel.
"""

from __future__ import annotations

import numpy as np

PEAK = 240
"""Gray level of full ink: the original's 0..16 times 15, exact and fine enough to resize."""

_EVERY = 5


def read(split: str) -> tuple[np.ndarray, np.ndarray]:
    """One split of the set.

    The original has no split here, so in each class every fifth example, in file order, is
    test: the split is stratified, the same everywhere, and both parts hold every writer.

    Args:
        split: `"train"` (1,442 examples) or `"test"` (355).

    Returns:
        uint8 images `(n, 8, 8, 1)` with levels `0..PEAK`, and int32 labels.

    Example:

    >>> images, labels = read("test")
    >>> images.shape, len(set(labels.tolist()))
    ((355, 8, 8, 1), 10)
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    labels = bunch.target.astype(np.int32)
    test = np.zeros(len(labels), bool)
    for digit in range(10):
        test[np.flatnonzero(labels == digit)[_EVERY - 1 :: _EVERY]] = True
    chosen = test if split == "test" else ~test
    levels = np.round(bunch.images[chosen] * (PEAK // 16)).astype(np.uint8)
    return levels[..., None], labels[chosen]
