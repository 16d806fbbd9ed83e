"""`digits`: 1,797 real handwritten digits, 8×8, from the UCI repository through scikit-learn.

Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits" (UCI Machine Learning
Repository, 1998), CC BY 4.0. scikit-learn ships the test part of the original in its wheel.
"""

from __future__ import annotations

import numpy as np

MAX_LEVEL = 240
"""Gray level of full ink. The original levels 0..16 are multiplied by 15, which is exact and leaves
intermediate levels for resizing."""

_TEST_STRIDE = 5


def read(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return one split of the set.

    scikit-learn's copy has no split. In each class, every fifth example in file order goes to the
    test split, so the split is stratified and always the same. Every writer occurs in both splits.

    Args:
        split: `"train"` (1,442 examples) or `"test"` (355).

    Returns:
        uint8 images `(n, 8, 8, 1)` with levels `0..MAX_LEVEL`, and int32 labels.

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
        test[np.flatnonzero(labels == digit)[_TEST_STRIDE - 1 :: _TEST_STRIDE]] = True
    chosen = test if split == "test" else ~test
    levels = np.round(bunch.images[chosen] * (MAX_LEVEL // 16)).astype(np.uint8)
    return levels[..., None], labels[chosen]
