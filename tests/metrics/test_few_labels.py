"""Accuracy with few labels: easy and hopeless features, the draws, and bad input."""

import numpy as np
import pytest

from gankit.metrics import few_label_accuracy


def points(count, distance, classes=3, seed=0):
    """Draw Gaussian clouds in ten dimensions, one per class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    return rng.normal(size=(count, 10)) + distance * np.eye(classes, 10)[labels], labels


def test_easy_features_score_one_and_noise_scores_chance():
    easy, labels = points(600, distance=12.0)
    noise, _ = points(600, distance=0.0)
    assert few_label_accuracy(easy, labels, easy, labels, count=30).min() == 1.0
    chance = few_label_accuracy(noise[:300], labels[:300], noise[300:], labels[300:], count=30)
    assert chance.shape == (5,) and abs(chance.mean() - 1 / 3) < 0.08


def test_the_scale_of_the_features_does_not_matter():
    rows, labels = points(300, distance=2.0)
    small, large = (
        few_label_accuracy(rows * factor, labels, rows * factor, labels, count=15, draws=2)
        for factor in (1e-3, 1e3)
    )
    np.testing.assert_allclose(small, large, atol=0.01)


def test_more_labels_help_and_the_seed_decides_the_draws():
    rows, labels = points(900, distance=2.0)
    train, test = (rows[:600], labels[:600]), (rows[600:], labels[600:])
    few = few_label_accuracy(*train, *test, count=6)
    many = few_label_accuracy(*train, *test, count=150)
    assert many.mean() > few.mean() + 0.05
    np.testing.assert_array_equal(few, few_label_accuracy(*train, *test, count=6))
    assert (few != few_label_accuracy(*train, *test, count=6, seed=1)).any()


def test_draws_are_balanced_and_without_repetition(monkeypatch):
    from sklearn import svm

    seen = []

    class Spy(svm.LinearSVC):
        def fit(self, rows, labels):
            seen.append((rows, labels))
            return super().fit(rows, labels)

    monkeypatch.setattr(svm, "LinearSVC", Spy)
    rows, labels = points(90, distance=3.0)
    few_label_accuracy(rows, labels, rows, labels, count=12, draws=2, penalties=[1.0])
    assert len(seen) == 2
    for drawn, classes in seen:
        assert np.bincount(classes).tolist() == [4, 4, 4]
        assert len(np.unique(drawn, axis=0)) == 12


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (dict(labels=np.zeros(30)), TypeError, "`labels` must be integers.*float64"),
        (dict(test_labels=np.zeros(4, int)), ValueError, r"\(30,\).*Received: .*\(4,\)"),
        (dict(count=10), ValueError, "multiple of 3, .*Received: count=10"),
        (dict(count=30), ValueError, "count=30.*smallest class has 10"),
        (dict(count=0), ValueError, "count=0"),
        (dict(draws=0), ValueError, "draws=0"),
        (dict(seed=-1), ValueError, "seed=-1"),
        (dict(features=np.zeros((30, 10))), ValueError, "`features` must .*Received: only zeros"),
        (dict(labels=np.ones(30, int)), ValueError, "at least two classes. Received: only 1"),
        (dict(penalties=[1.0, 0.0]), ValueError, "penalties=0.0"),
        (dict(penalties=[]), ValueError, "`penalties` must not be empty"),
        (dict(penalties="C"), TypeError, "`penalties` must hold real numbers"),
        (dict(labels=[[0], [1, 2]]), ValueError, "`labels` must be an array.*Received: .*1, 2"),
        (dict(test_features=np.zeros((30, 4))), ValueError, "Received: 10 and 4"),
    ],
)
def test_bad_input_is_repeated(change, error, message):
    rows, labels = points(30, distance=1.0)
    arguments = dict(features=rows, labels=labels, test_features=rows, test_labels=labels, count=15)
    with pytest.raises(error, match=message):
        few_label_accuracy(**(arguments | change))
