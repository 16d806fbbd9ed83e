"""The features of Keras' InceptionV3, for scores over natural images."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count, check_images
from gankit.weights import published_weights

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
    three equal channels; all are resized to 299x299, bilinearly and with anti-aliasing where they
    shrink, and go through the network in float32 and channels last whatever Keras' global settings.
    It returns a float32 array (n, 2048). Keep it: every call of `inception_features` builds the
    network anew.

    A Fréchet distance over it needs 2049 images at least, and is commonly taken on 50,000. Its
    values are *not* those of published FIDs: these come from a network of 2015 with other weights
    and from a resize without anti-aliasing. Compare gankit's with gankit's.

    Args:
        weights: "imagenet" downloads Keras' weights (88 MB) once, into the folder `models` of
            `$KERAS_HOME` or else of `~/.keras`; a path reads them from that file; None leaves them
            random, which needs no network and scores nothing of use.
        batch_size: how many images go through the network at once; each takes 1 MB at 299x299x3.

    Returns:
        A function of images, for `features=` of `image_features` and `FeatureStatistics`.

    Raises:
        RuntimeError: if the weights are neither there nor to be had; the error names the file and
            the place to put it.
        FileNotFoundError: if `weights` is a path without a file.

    Example:

    >>> from gankit.metrics import FeatureStatistics, inception_features
    >>> statistics = FeatureStatistics(inception_features())  # doctest: +SKIP
    >>> statistics = statistics.update(images)  # doctest: +SKIP

    Reference:
        Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision"; Heusel et
        al. 2017 for the pooled features; Parmar et al. 2022, "On Aliased Resizing and Surprising
        Subtleties in GAN Evaluation", for what the resize does to a FID.
    """
    check_count("batch_size", batch_size)
    if weights == "imagenet":
        weights = published_weights(**PUBLISHED)
    elif weights is not None and not Path(weights).is_file():
        raise FileNotFoundError(f"weights must be 'imagenet', None or a file; got {weights!r}.")
    with _keras_defaults():
        network = keras.applications.InceptionV3(
            include_top=False, pooling="avg", input_shape=(SIZE, SIZE, 3), weights=weights
        )
    return _Resized(network, batch_size)


class _Resized:
    """A network of images 299x299x3 in [-1, 1], for images of any size, gray or colored."""

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
        images,
        (SIZE, SIZE),
        interpolation="bilinear",
        antialias=True,
        data_format="channels_last",
    )
    return keras.ops.convert_to_numpy(resized)


@contextlib.contextmanager
def _keras_defaults() -> Iterator[None]:
    """Build in float32 and channels last, as the weights are, whatever is set globally."""
    policy, data_format = keras.config.dtype_policy(), keras.config.image_data_format()
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
        keras.config.set_image_data_format(data_format)
