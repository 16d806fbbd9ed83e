import inspect

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from gankit import datasets
from gankit.metrics import (
    classification_accuracy_score,
    digit_classifier,
    train_digit_classifier,
)


def points(count, classes=3, seed=0):
    labels = np.arange(count) % classes
    noise = np.random.default_rng(seed).normal(size=(count, 2, 2, 1))
    return noise + 6.0 * np.eye(classes, 4)[labels].reshape(-1, 2, 2, 1), labels


def test_good_images_score_one_and_wrong_labels_chance():
    images, labels = points(90)
    test = points(60, seed=1)
    estimator = LogisticRegression()
    good = classification_accuracy_score(images, labels, *test, classifier=estimator)
    assert good.accuracy == 1.0 and good.per_class.tolist() == [1.0, 1.0, 1.0]
    assert not hasattr(estimator, "coef_")
    shuffled = np.random.default_rng(0).permutation(labels)
    bad = classification_accuracy_score(images, shuffled, *test, classifier=estimator)
    assert bad.accuracy < 0.7


def test_a_class_that_is_not_generated_is_named():
    images, labels = points(90)
    there = labels != 1
    found = classification_accuracy_score(
        images[there], labels[there], *points(60, seed=1), classifier=LogisticRegression()
    )
    assert found.accuracy == pytest.approx(2 / 3) and found.per_class.tolist() == [1.0, 0.0, 1.0]


def test_a_class_without_test_images_has_no_accuracy():
    images, labels = points(90)
    test_images, test_labels = points(60, seed=1)
    there = test_labels != 0
    found = classification_accuracy_score(
        images, labels, test_images[there], test_labels[there], classifier=LogisticRegression()
    )
    assert np.isnan(found.per_class[0]) and found.per_class[1:].tolist() == [1.0, 1.0]


class Fixed:
    """A custom classifier that always gives the same predictions."""

    def __init__(self, answer):
        self.predict = lambda images: answer


@pytest.mark.parametrize("answer", [np.array([0, 1, 1, 1]), np.eye(3)[[0, 1, 1, 1]]])
def test_a_function_that_trains(answer):
    images, labels = points(4)
    seen = []

    def train(images, labels):
        seen.append((images, labels))
        return Fixed(answer)

    found = classification_accuracy_score(images, labels, images, [0, 1, 2, 0], train)
    assert found.accuracy == 0.5 and found.per_class.tolist() == [0.5, 1.0, 0.0]
    np.testing.assert_array_equal(seen[0][0], images)
    np.testing.assert_array_equal(seen[0][1], labels)


def test_a_digit_classifier_by_default():
    """Its training is tested elsewhere; here a trained classifier replaces it."""
    default = inspect.signature(classification_accuracy_score).parameters["classifier"].default
    assert default is train_digit_classifier
    images, labels = (array[:100] for array in datasets.load("glyphs", "test"))
    found = classification_accuracy_score(
        images, labels, images, labels, lambda images, labels: digit_classifier()
    )
    assert found.accuracy >= 0.99 and found.per_class.shape == (10,)


GOOD = dict(zip(("images", "labels", "test_images", "test_labels"), points(6) * 2, strict=True))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"images": np.ones(6)},
            ValueError,
            r"same shape after the first axis. Received: shapes \(6,\) and",
        ),
        (
            {"images": np.ones((6, 3, 2, 1))},
            ValueError,
            r"Received: .*\(6, 3, 2, 1\) and \(6, 2, 2, 1\)",
        ),
        (
            {"images": np.full((6, 2, 2, 1), np.nan)},
            ValueError,
            "`images` must hold finite values. Received: 24 values",
        ),
        ({"test_images": [["a"]]}, TypeError, "`test_images` must hold real numbers"),
        ({"labels": [0.0] * 6}, TypeError, "`labels` must be integers. Received: dtype float64"),
        ({"labels": [0, 1]}, ValueError, r"`labels` must have shape \(6,\).*Received: .*\(2,\)"),
        ({"labels": [1, 2, 3] * 2}, ValueError, "`labels` must lie in 0..2.*from 1 to 3"),
        (
            {"test_labels": [-1, 0, 1] * 2, "labels": [0, 1] * 3},
            ValueError,
            "`test_labels` must lie",
        ),
        (
            {"classifier": "svm"},
            TypeError,
            "`classifier` must be a function .*Received: classifier='svm'",
        ),
        ({"classifier": lambda x, y: x}, TypeError, r"predict\(images\). Received: .*ndarray"),
        (
            {"classifier": lambda x, y: Fixed(np.ones(6))},
            ValueError,
            "Received: shape .6,., dtype float64",
        ),
        (
            {"classifier": lambda x, y: Fixed(np.ones((6, 1)))},
            ValueError,
            r"Received: shape \(6, 1\)",
        ),
        (
            {"classifier": lambda x, y: Fixed(np.ones((5, 3)))},
            ValueError,
            r"Received: shape \(5, 3\)",
        ),
    ],
)
def test_bad_input_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        classification_accuracy_score(**{**GOOD, "classifier": LogisticRegression(), **arguments})
