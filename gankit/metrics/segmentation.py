"""How well predicted label maps agree with the true ones: the scores of pix2pix's table 1."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count


class SegmentationScores(NamedTuple):
    """What `segmentation_scores` measures.

    Attributes:
        pixel_accuracy: part of all pixels that have the right class.
        class_accuracy: part of the pixels of a class that were found, mean over the classes that
            occur in the true maps.
        iou: intersection over union of a class, mean over the classes that occur in the true or
            in the predicted maps.
        class_accuracies: the same for each class, shape (num_classes,); nan where it does not occur
            in the true maps.
        class_ious: the same for each class; nan where it occurs in neither.
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

    With `c[i, j]` the number of pixels of class i that were given class j, summed over all maps
    before any ratio is taken,

        pixel accuracy = sum_i c[i, i] / sum_ij c[i, j]
        class accuracy = mean_i c[i, i] / sum_j c[i, j]
        IoU = mean_i c[i, i] / (sum_j c[i, j] + sum_j c[j, i] - c[i, i])

    The "FCN scores" of a generator that draws pictures from label maps are these, with the maps
    that a segmenting network, or a known rule, reads from its pictures as the predicted ones. Give
    the scores of real pictures beside them: they bound what can be reached.

    Args:
        true: integers of any shape, such as (n, height, width), in [0, num_classes).
        predicted: integers of the same shape.
        num_classes: number of classes, at least 1.

    Returns:
        A `SegmentationScores`.

    Raises:
        TypeError: if the labels are no integers.
        ValueError: if the shapes differ or hold nothing, or a label is out of range.

    Example:

    >>> from gankit.metrics import segmentation_scores
    >>> scores = segmentation_scores([[0, 0, 0, 1]], [[0, 0, 1, 1]], num_classes=3)
    >>> scores.pixel_accuracy, round(scores.class_accuracy, 3), round(scores.iou, 3)
    (0.75, 0.833, 0.583)

    Reference:
        Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks",
        section 3.2 and table 1; Long et al. 2015, "Fully Convolutional Networks for Semantic
        Segmentation", section 5, for the formulas.
    """
    check_count("num_classes", num_classes)
    true, predicted = (
        _check_labels(labels, name, num_classes)
        for labels, name in ((true, "true"), (predicted, "predicted"))
    )
    if true.shape != predicted.shape:
        raise ValueError(
            f"true and predicted must have one shape, got {true.shape} and {predicted.shape}."
        )
    places = true.ravel().astype(np.int64) * num_classes + predicted.ravel()
    confusion = np.bincount(places, minlength=num_classes**2).reshape(num_classes, num_classes)
    right, there, found = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    accuracies, ious = _ratio(right, there), _ratio(right, there + found - right)
    return SegmentationScores(
        pixel_accuracy=float(right.sum() / confusion.sum()),
        class_accuracy=float(np.nanmean(accuracies)),
        iou=float(np.nanmean(ious)),
        class_accuracies=accuracies,
        class_ious=ious,
        confusion=confusion,
    )


def _check_labels(labels: ArrayLike, name: str, num_classes: int) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.size == 0:
        raise ValueError(f"{name} is empty: its shape is {labels.shape}.")
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"{name} must hold integers, one class per pixel; got dtype {labels.dtype}. "
            "Probabilities become classes with argmax(axis=-1)."
        )
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f"{name} must hold classes in [0, {num_classes}); "
            f"got values in {labels.min()}..{labels.max()}."
        )
    return labels


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
