"""Stack three digits into the channels of one image: a data set with 1000 countable modes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import as_array, check_count, check_seed
from gankit.feed import ClassNumbers, Examples


def stack_digits(
    images: ArrayLike, labels: ArrayLike, n: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw triples of digits and stack each triple into the RGB channels of one image.

    With ten digits there are 1000 modes, which `gankit.metrics.stacked_mode_coverage` counts.

    Args:
        images: gray digits in [-1, 1], shape (m, height, width, 1), for example MNIST.
        labels: the digits 0..9, integers of shape (m,).
        n: number of images to make, at least 1.
        seed: seed of the draw, 0 to 2**31 - 1. The draw is uniform over `images`, and with
            replacement.

    Returns:
        float32 images (n, height, width, 3), and int32 labels (n,) in 0..999, whose three digits
        are those of the red, green and blue channels.

    Raises:
        TypeError: if `images` are not floats or `labels` not integers.
        ValueError: if a shape or a value is not as described above.

    Example:

    >>> from gankit.datasets import load, stack_digits
    >>> images, labels = stack_digits(*load("digits"), n=100)
    >>> images.shape, labels.shape
    ((100, 8, 8, 3), (100,))

    Source: Metz et al., "Unrolled Generative Adversarial Networks", 2017, section 3.3 (with MNIST).
    """
    images, labels = as_array(images, "images"), as_array(labels, "labels")
    Examples((None, None, 1), name="images").check(images)
    ClassNumbers(10).check(labels, len(images))
    rng = np.random.default_rng(check_seed("seed", seed))
    drawn = rng.integers(len(images), size=(check_count("n", n), 3))
    stacked = np.moveaxis(images[drawn, ..., 0], 1, -1)
    return stacked.astype("float32"), (labels[drawn] @ [100, 10, 1]).astype("int32")
