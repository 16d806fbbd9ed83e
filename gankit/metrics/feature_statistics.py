"""Features of images in batches, and their running mean and covariance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import keras
import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_function
from gankit.metrics._checks import check_widths, to_features
from gankit.metrics.features import digit_classifier

Images = ArrayLike | Iterable[ArrayLike]
Features = Callable[[np.ndarray], ArrayLike]


def image_features(
    images: Images, features: Features | None = None, batch_size: int = 256
) -> np.ndarray:
    """Compute the features of images, batch by batch.

    The images need not fit in memory together.

    Args:
        images: an array of images, or batches of them: a `tf.data` pipeline, or a generator such as
            `(gan.generate(256, seed=s) for s in range(40))`. `features` gets them unchanged.
        features: function of an array of images that returns one row per image, shape (n, d), as
            NumPy or as a tensor of Keras' backend; by default the 64 features of
            `digit_classifier()`, which takes floats in [-1, 1] of shape (n, 28, 28, 1).
        batch_size: the largest number of images per call of `features`.

    Returns:
        float64 array of shape (n, d).

    Raises:
        TypeError: if `features` is not callable, or a batch is not an array.
        ValueError: if there are no images, or `features` does not return one row of finite numbers
            per image.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import image_features
    >>> batches = (np.full((5, 8, 8, 3), value) for value in (0.0, 1.0))
    >>> image_features(batches, features=lambda x: x.mean(axis=(1, 2))).shape
    (10, 3)
    """
    rows = list(_feature_batches(images, features, batch_size))
    if not rows:
        raise ValueError(
            "`images` must have at least one batch. Received: no batch. "
            "A generator can be used only once: create it again."
        )
    return np.concatenate(rows)


class FeatureStatistics:
    r"""Count, mean and covariance of features, computed without storing images or features.

    Two parts with counts $n, m$, means $\mu, \nu$ and scatter matrices
    $S = \sum_i (x_i - \mu)(x_i - \mu)^T$ and $T$ combine to

    $$\text{mean} = \mu + \frac{m}{n + m} \delta, \quad
      \text{scatter} = S + T + \frac{n m}{n + m} \delta \delta^T, \quad \delta = \nu - \mu$$

    in float64. Unlike a sum of squares, this loses no digits if the mean is large. The order and
    the size of the parts only affect rounding errors.

    Args:
        features: function of images, as in `image_features`; by default
            `digit_classifier().features`.
        batch_size: the largest number of images per call of `features`.

    Attributes:
        count: number of examples so far.
        mean: array of shape (d,); None before the first example.

    Example:

    >>> import numpy as np
    >>> from gankit.metrics import FeatureStatistics, frechet_distance
    >>> rng = np.random.default_rng(0)
    >>> colors = lambda images: images.mean(axis=(1, 2))
    >>> real, fake = FeatureStatistics(colors), FeatureStatistics(colors)
    >>> for _ in range(3):
    ...     real = real.update(rng.uniform(-1, 1, (50, 8, 8, 3)))
    ...     fake = fake.update(rng.uniform(-1, 0, (50, 8, 8, 3)))
    >>> real.count, fake.covariance.shape
    (150, (3, 3))
    >>> abs(frechet_distance(real, fake) - 3 * 0.5**2) < 0.02
    True

    Source: Chan, Golub, LeVeque 1983, "Algorithms for Computing the Sample Variance", equation 2.1.
    """

    def __init__(self, features: Features | None = None, batch_size: int = 256):
        self.count, self.mean = 0, None
        if features is not None:
            check_function("features", features)
        self._features, self._batch_size = features, check_count("batch_size", batch_size)
        self._scatter = None

    @property
    def covariance(self) -> np.ndarray:
        """The unbiased covariance, shape (d, d). It needs at least two examples."""
        if self.count < 2:
            raise ValueError(
                f"A covariance needs at least 2 examples. Received: {self.count} examples."
            )
        return self._scatter / (self.count - 1)

    def update(self, images: Images) -> FeatureStatistics:
        """Include the features of more images.

        Args:
            images: an array of images, or batches of them, as in `image_features`.

        Returns:
            This object.

        Raises:
            TypeError: as in `image_features`.
            ValueError: as in `image_features`. The batches before a bad one are included.
        """
        for rows in _feature_batches(images, self._features, self._batch_size):
            self.add(rows)
        return self

    def add(self, features: ArrayLike) -> FeatureStatistics:
        """Include features that are already computed.

        Args:
            features: one row per example, shape (n, d).

        Returns:
            This object.

        Raises:
            TypeError: if a value is not a real number.
            ValueError: if a value is beyond ±1e20 or not finite, or the shape is not (n, d) with
                the d of before.
        """
        (rows,) = to_features(features=features)
        mean = rows.mean(axis=0)
        centered = rows - mean
        return self._combine(len(rows), mean, centered.T @ centered)

    def merge(self, other: FeatureStatistics) -> FeatureStatistics:
        """Include the examples of another object, for example from another machine.

        Args:
            other: statistics of the same features; it does not change.

        Returns:
            This object.

        Raises:
            TypeError: if `other` is not a `FeatureStatistics`.
            ValueError: if `other` has another number of features.
        """
        if not isinstance(other, FeatureStatistics):
            raise TypeError(f"`other` must be a FeatureStatistics. Received: other={other!r}.")
        if other.count == 0:
            return self
        return self._combine(other.count, other.mean, other._scatter)

    def _combine(self, count: int, mean: np.ndarray, scatter: np.ndarray) -> FeatureStatistics:
        if self.count == 0:
            self.mean, self._scatter = np.zeros_like(mean), np.zeros_like(scatter)
        check_widths(**{"features": len(mean), "features so far": len(self.mean)})
        total = self.count + count
        delta = mean - self.mean
        self.mean = self.mean + delta * (count / total)
        between = np.outer(delta, delta) * (self.count * count / total)
        self._scatter = self._scatter + scatter + between
        self.count = total
        return self


def _feature_batches(
    images: Images, features: Features | None, batch_size: int
) -> Iterator[np.ndarray]:
    """Yield the features of at most `batch_size` images at a time, checked."""
    features = digit_classifier().features if features is None else features
    check_function("features", features)
    for batch in _batches(images, check_count("batch_size", batch_size)):
        returned = keras.ops.convert_to_numpy(features(batch))
        (rows,) = to_features(**{"features(images)": returned})
        if len(rows) != len(batch):
            raise ValueError(
                "`features` must return one row for each image. "
                f"Received: shape {rows.shape} for {len(batch)} images."
            )
        yield rows


def _batches(images: Images, batch_size: int) -> Iterator[np.ndarray]:
    several = isinstance(images, Iterable) and not hasattr(images, "shape")
    for batch in images if several else [images]:
        if not hasattr(batch, "shape"):
            raise TypeError(
                "`images` must be an array, or batches that are arrays. Received: a batch of type "
                f"{type(batch).__name__}. Select the images of pairs with (images for images, "
                "labels in data)."
            )
        batch = keras.ops.convert_to_numpy(batch)
        if batch.ndim == 0 or len(batch) == 0:
            raise ValueError(
                f"`images` must have shape (n, …), n >= 1. Received: shape {batch.shape}."
            )
        for start in range(0, len(batch), batch_size):
            yield batch[start : start + batch_size]
