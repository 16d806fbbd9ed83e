"""Three digits stacked into the channels of one image: a thousand modes that can be counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_examples, check_labels


def stack_digits(
    images: ArrayLike, labels: ArrayLike, n: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw triples of digits and stack each into the red, green and blue of one image.

    With ten digits there are 1000 modes, which `gankit.metrics.stacked_mode_coverage` counts.

    Args:
        images: gray digits in [-1, 1], shape (m, height, width, 1), such as `load("mnist")` gives.
        labels: their digits 0..9, integers of shape (m,).
        n: how many images to make, at least 1.
        seed: seed of the draw, which is uniform over `images` and with replacement.

    Returns:
        float32 images (n, height, width, 3), and int32 labels (n,) in 0..999: the digits of red,
        green and blue, in this order.

    Raises:
        TypeError: if `images` are not floats or `labels` not integers.
        ValueError: if a shape or value is not as above, or `n` is below 1.

    Example:

    >>> from gankit.datasets import load, stack_digits
    >>> images, labels = stack_digits(*load("digits"), n=100)
    >>> images.shape, labels.shape
    ((100, 8, 8, 3), (100,))

    Reference:
        Metz et al. 2017, "Unrolled Generative Adversarial Networks", section 3.3, on MNIST.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    check_examples(images, (None, None, 1), (-1.0, 1.0))
    check_labels(labels, len(images), 10)
    drawn = np.random.default_rng(seed).integers(len(images), size=(check_count("n", n), 3))
    stacked = np.moveaxis(images[drawn, ..., 0], 1, -1)
    return stacked.astype("float32"), (labels[drawn] @ [100, 10, 1]).astype("int32")
