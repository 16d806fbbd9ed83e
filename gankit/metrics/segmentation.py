"""Agreement of predicted label maps with the true ones: the scores of table 1 of pix2pix."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count
from gankit.metrics._checks import as_array, to_labels


class SegmentationScores(NamedTuple):
    """The result of `segmentation_scores`.

    Attributes:
        pixel_accuracy: fraction of all pixels with the correct class.
        class_accuracy: fraction of the pixels of a class that have the correct class, averaged over
            the classes that occur in the true maps.
        iou: intersection over union of a class, averaged over the classes that occur in the true or
            in the predicted maps.
        class_accuracies: accuracy of each class, shape (num_classes,); nan for a class that does
            not occur in the true maps.
        class_ious: intersection over union of each class; nan for a class that occurs in neither.
        confusion: number of pixels of each true class (row) with each predicted class (column).
    """

    pixel_accuracy: float
    class_accuracy: float
    iou: float
    class_accuracies: np.ndarray
    class_ious: np.ndarray
    confusion: np.ndarray


def segmentation_scores(
    true: ArrayLike, predicted: ArrayLike, num_classes: int
) -> SegmentationScores:
    """Compare label maps pixel by pixel.

    Let `c[i, j]` be the number of pixels of class i with predicted class j in all maps together:

        pixel accuracy = sum_i c[i, i] / sum_ij c[i, j]
        class accuracy = mean_i c[i, i] / sum_j c[i, j]
        IoU = mean_i c[i, i] / (sum_j c[i, j] + sum_j c[j, i] - c[i, i])

    For the "FCN scores" of a generator that draws images from label maps, a segmentation network or
    a known rule predicts label maps from its images. Report the scores of real images as well: they
    are an upper bound.

    Args:
        true: integers of any shape, such as (n, height, width), in [0, num_classes).
        predicted: integers of the same shape.
        num_classes: number of classes, at least 1.

    Returns:
        A `SegmentationScores`.

    Raises:
        TypeError: if the labels are not integers.
        ValueError: if the shapes differ, a map is empty, or a label is out of range.

    Example:

    >>> from gankit.metrics import segmentation_scores
    >>> scores = segmentation_scores([[0, 0, 0, 1]], [[0, 0, 1, 1]], num_classes=3)
    >>> scores.pixel_accuracy, round(scores.class_accuracy, 3), round(scores.iou, 3)
    (0.75, 0.833, 0.583)

    Source: Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks",
    section 3.2 and table 1; Long et al. 2015, "Fully Convolutional Networks for Semantic
    Segmentation", section 5, for the formulas.
    """
    check_count("num_classes", num_classes)
    true = as_array(true, "true")
    true = to_labels(true, "true", true.shape, num_classes)
    predicted = to_labels(predicted, "predicted", true.shape, num_classes)
    cells = true.ravel().astype(np.int64) * num_classes + predicted.ravel()
    confusion = np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)
    correct = confusion.diagonal()
    of_true, of_predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    accuracies = _ratio(correct, of_true)
    ious = _ratio(correct, of_true + of_predicted - correct)
    return SegmentationScores(
        pixel_accuracy=float(correct.sum() / confusion.sum()),
        class_accuracy=float(np.nanmean(accuracies)),
        iou=float(np.nanmean(ious)),
        class_accuracies=accuracies,
        class_ious=ious,
        confusion=confusion,
    )


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
