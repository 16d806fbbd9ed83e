"""Classification accuracy score: the accuracy of a classifier trained on generated images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import ArrayLike

from gankit.metrics._checks import as_array, to_array, to_labels
from gankit.metrics.features import train_digit_classifier


class ClassificationAccuracy(NamedTuple):
    """The result of `classification_accuracy_score`.

    Attributes:
        accuracy: fraction of the real test images that are classified correctly.
        per_class: the fraction for the test images of each class, shape (classes,); nan for a class
            without test images. A low value marks a class that the generator draws badly or never.
    """

    accuracy: float
    per_class: np.ndarray


def classification_accuracy_score(
    images: ArrayLike,
    labels: ArrayLike,
    test_images: ArrayLike,
    test_labels: ArrayLike,
    classifier: Callable[[np.ndarray, np.ndarray], Any] | Any = train_digit_classifier,
) -> ClassificationAccuracy:
    """Train a classifier on generated images and test it on real ones.

    Compare the score of a conditional generator with the score of the same classifier trained on
    the same number of real images. The generator's score is lower if its images lack variety, do
    not look like their label, or look like nothing. The classifier itself limits both scores.

    Args:
        images: generated images, shape (n, height, width, channels), or features (n, d).
        labels: the class that the generator was given for each image, integers of shape (n,).
        test_images: real images in the same form.
        test_labels: classes of the real images, integers from 0, shape (m,).
        classifier: function `(images, labels)` that trains a classifier from scratch and returns
            it, an object whose `predict(images)` returns a class, or a score for each class, for
            every image; by default `train_digit_classifier`, for digits of 28x28x1 in [-1, 1]. Or a
            scikit-learn estimator; a clone of it is trained on images flattened to rows.

    Returns:
        A `ClassificationAccuracy`.

    Raises:
        TypeError: if images are not real numbers, labels are not integers, or `classifier` is
            neither a function nor an estimator.
        ValueError: if shapes do not fit, a value is not finite, a label is negative or not among
            the classes of the test labels, or `predict` returns something else.

    Example:

    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from gankit.metrics import classification_accuracy_score
    >>> points, labels = np.eye(3)[[0, 0, 1, 2]], np.array([0, 0, 1, 2])
    >>> one_is_missing = points[[0, 3]], labels[[0, 3]]
    >>> nearest = KNeighborsClassifier(n_neighbors=1)
    >>> classification_accuracy_score(*one_is_missing, points, labels, nearest)
    ClassificationAccuracy(accuracy=0.75, per_class=array([1., 0., 1.]))

    Source: Ravuri, Vinyals 2019, "Classification Accuracy Score for Conditional Generative Models",
    section 3: a ResNet-50 on ImageNet, with as many generated images as the training set has.
    `train_digit_classifier` distorts its training images, which helps for real and for generated
    images.
    """
    images, test_images = as_array(images, "images"), as_array(test_images, "test_images")
    for array, name in ((images, "images"), (test_images, "test_images")):
        to_array(array, name)
    if images.ndim < 2 or images.shape[1:] != test_images.shape[1:]:
        raise ValueError(
            "`images` and `test_images` must have the same shape after the first axis. "
            f"Received: shapes {images.shape} and {test_images.shape}."
        )
    test_labels = to_labels(test_labels, "test_labels", test_images.shape[:1])
    classes = int(test_labels.max()) + 1
    to_labels(test_labels, "test_labels", test_labels.shape, classes)  # none is negative
    labels = to_labels(labels, "labels", images.shape[:1], classes)
    predicted = _train_and_predict(classifier, images, labels, test_images)
    correct = (predicted == test_labels).astype(float)
    counts = np.bincount(test_labels, minlength=classes)
    with np.errstate(invalid="ignore"):  # 0 / 0 is nan, as documented
        per_class = np.bincount(test_labels, correct, minlength=classes) / counts
    return ClassificationAccuracy(float(correct.mean()), per_class)


def _train_and_predict(
    classifier: Any, images: np.ndarray, labels: np.ndarray, test_images: np.ndarray
) -> np.ndarray:
    if hasattr(classifier, "fit") and hasattr(classifier, "get_params"):
        from sklearn.base import clone

        test_images = test_images.reshape(len(test_images), -1)
        trained = clone(classifier).fit(images.reshape(len(images), -1), labels)
    elif callable(classifier):
        trained = classifier(images, labels)
    else:
        raise TypeError(
            "`classifier` must be a function (images, labels) or a scikit-learn estimator. "
            f"Received: classifier={classifier!r}."
        )
    if not hasattr(trained, "predict"):
        raise TypeError(
            "`classifier` must return an object with predict(images). "
            f"Received: a {type(trained).__name__}."
        )
    predicted, count = keras.ops.convert_to_numpy(trained.predict(test_images)), len(test_images)
    if predicted.ndim == 2 and predicted.shape[0] == count and predicted.shape[1] > 1:
        return predicted.argmax(axis=1)  # scores of all classes
    if predicted.shape != (count,) or predicted.dtype.kind not in "iu":
        raise ValueError(
            f"predict must return {count} integers, or scores of shape ({count}, classes). "
            f"Received: shape {predicted.shape}, dtype {predicted.dtype}."
        )
    return predicted
