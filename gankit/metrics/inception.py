"""The features of Keras' InceptionV3, for scores of natural images."""

from __future__ import annotations

import os
from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import ArrayLike

from gankit.backend import single_precision
from gankit.checks import check_count, check_images, check_path
from gankit.weights import naming_file, published_weights

SIZE = 299
PUBLISHED = {
    "path": "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "md5": "bcbd6486424b2319ff4ef7d526e38f63",
    "size": "88 MB",
    "instead": "Scores of digits need no download: `digit_classifier().features`.",
}


def inception_features(
    weights: str | os.PathLike | None = "imagenet", batch_size: int = 32
) -> Callable[[ArrayLike], np.ndarray]:
    """Build a function from images to the 2048 pooled features of InceptionV3.

    The function takes bytes or floats in [-1, 1], shape (n, height, width, 1 or 3). Gray images get
    three equal channels. All images are resized bilinearly to 299x299, with anti-aliasing if they
    shrink. The network always computes in float32 and with channels last, whatever Keras' global
    settings. The function returns a float32 array (n, 2048). Keep the function: every call of
    `inception_features` builds a new network.

    A Fréchet distance of these features needs at least 2049 images; 50,000 are usual. Its values
    are *not* those of published FIDs, which use other weights (a network of 2015) and a resize
    without anti-aliasing. Compare them only with other values from gankit.

    Args:
        weights: "imagenet" downloads Keras' weights (88 MB) once, into the folder `models` of
            `$KERAS_HOME` or of `~/.keras`; a path reads them from that file; None keeps random
            weights, which need no download but give useless scores.
        batch_size: number of images per batch; each takes 1 MB at 299x299x3.

    Returns:
        A function of images, for `features=` of `image_features` and `FeatureStatistics`.

    Raises:
        RuntimeError: if the weights are missing and cannot be downloaded; the error names the file
            and the folder for it.
        TypeError: if `weights` is neither a path nor None.
        FileNotFoundError: if `weights` is a path without a file.
        ValueError: if the file does not hold weights of InceptionV3.

    Example:

    >>> from gankit.metrics import FeatureStatistics, inception_features
    >>> statistics = FeatureStatistics(inception_features())  # doctest: +SKIP
    >>> statistics = statistics.update(images)  # doctest: +SKIP

    Source: Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision"; Heusel
    et al. 2017 for the pooled features; Parmar et al. 2022, "On Aliased Resizing and Surprising
    Subtleties in GAN Evaluation", for the effect of the resize on a FID.
    """
    check_count("batch_size", batch_size)
    if weights == "imagenet":
        weights = published_weights(**PUBLISHED)
    elif weights is not None and not check_path("weights", weights).is_file():
        raise FileNotFoundError(
            f"`weights` must be 'imagenet', None or a file. Received: weights={weights!r}."
        )
    data_format = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_last")
    try:
        with naming_file(weights or "", "InceptionV3"), single_precision():
            network = keras.applications.InceptionV3(
                include_top=False, pooling="avg", input_shape=(SIZE, SIZE, 3), weights=weights
            )
    finally:
        keras.config.set_image_data_format(data_format)
    return _Resized(network, batch_size)


class _Resized:
    """A network of images 299x299x3 in [-1, 1], applied to gray or color images of any size."""

    def __init__(self, network: keras.Model, batch_size: int):
        self._network, self._batch_size = network, batch_size

    def __call__(self, images: ArrayLike) -> np.ndarray:
        images = check_images("images", images)
        starts = range(0, len(images), self._batch_size)
        batches = (_to_input(images[start : start + self._batch_size]) for start in starts)
        return np.concatenate([self._network.predict_on_batch(batch) for batch in batches])


def _to_input(images: np.ndarray) -> np.ndarray:
    if images.dtype == np.uint8:
        images = images / 127.5 - 1.0
    images = images.astype("float32")
    if images.shape[-1] == 1:
        images = np.repeat(images, 3, axis=-1)
    resized = keras.ops.image.resize(
        images, (SIZE, SIZE), "bilinear", antialias=True, data_format="channels_last"
    )
    return keras.ops.convert_to_numpy(resized)
