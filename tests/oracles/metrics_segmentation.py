"""Scores of label maps."""

import numpy as np

from gankit import metrics
from oracles.part import Part


def segmentation_error() -> float:
    """Five classes, one of which occurs in neither map and one only in the predicted maps."""
    from sklearn.metrics import confusion_matrix, jaccard_score, recall_score

    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, (3, 16, 16))
    predicted = np.where(rng.random(true.shape) < 0.6, true, rng.integers(0, 4, true.shape))
    a, b = true.ravel(), predicted.ravel()
    confusion = confusion_matrix(a, b, labels=range(5))
    expected = [
        confusion.trace() / confusion.sum(),
        recall_score(a, b, labels=range(3), average="macro"),
        jaccard_score(a, b, labels=range(4), average="macro"),
    ]
    scores = metrics.segmentation_scores(true, predicted, 5)
    return max(
        np.abs(np.array(scores[:3]) / expected - 1).max(),
        np.abs(scores.confusion - confusion).max(),
    )


PARTS = [
    Part(
        name="metrics.segmentation_scores",
        use="""from gankit import metrics
from gankit.datasets import facades
maps = facades.sample_label_maps(3)
read = facades.recover_labels(facades.draw(maps))
print(metrics.segmentation_scores(maps, read, num_classes=len(facades.CLASSES)).iou)""",
        oracle="scikit-learn's confusion matrix, recall and Jaccard index",
        error=segmentation_error,
        tolerance=1e-12,
    ),
]
