import numpy as np
import pytest

from gankit.metrics import segmentation_scores


def test_the_confusion_is_summed_over_the_maps_before_the_ratios():
    true = np.array([[0, 0, 0, 0], [0, 1, 1, 1]])
    predicted = np.array([[0, 0, 0, 0], [1, 1, 1, 1]])
    scores = segmentation_scores(true, predicted, 2)
    assert scores.confusion.tolist() == [[4, 1], [0, 3]]
    assert scores.pixel_accuracy == 7 / 8
    assert scores.class_accuracy == pytest.approx((4 / 5 + 1) / 2)
    assert scores.iou == pytest.approx((4 / 5 + 3 / 4) / 2)


def test_a_class_that_occurs_nowhere_is_left_out():
    scores = segmentation_scores([0, 0, 2], [0, 2, 2], 4)
    np.testing.assert_array_equal(np.isnan(scores.class_accuracies), [False, True, False, True])
    assert scores.class_accuracy == pytest.approx((1 / 2 + 1) / 2)
    assert scores.iou == pytest.approx((1 / 2 + 1 / 2) / 2)


def test_a_class_that_is_only_predicted_counts_against_the_iou_alone():
    scores = segmentation_scores([0, 0, 0, 0], [0, 0, 0, 1], 2)
    assert scores.class_accuracy == 3 / 4 and scores.iou == pytest.approx((3 / 4 + 0) / 2)
    assert np.isnan(scores.class_accuracies[1]) and scores.class_ious[1] == 0


def test_perfect_and_wholly_wrong_maps():
    true = np.random.default_rng(0).integers(0, 5, (2, 6, 6))
    assert segmentation_scores(true, true, 5)[:3] == (1, 1, 1)
    assert segmentation_scores(true, (true + 1) % 5, 5)[:3] == (0, 0, 0)


def test_small_integers_do_not_overflow():
    true = np.full((20, 20), 200, np.uint8)
    scores = segmentation_scores(true, true, 201)
    assert scores.pixel_accuracy == 1 and scores.confusion[200, 200] == 400


def test_bad_arguments():
    maps = np.zeros((2, 4, 4), int)
    with pytest.raises(TypeError, match="`predicted` must be integers.*float64.*argmax"):
        segmentation_scores(maps, maps.astype(float), 2)
    with pytest.raises(TypeError, match="`true` must be integers.*bool"):
        segmentation_scores(maps.astype(bool), maps, 2)
    with pytest.raises(
        ValueError, match=r"`predicted` .* shape \(2, 4, 4\).*Received: shape \(1, 4, 4\)"
    ):
        segmentation_scores(maps, maps[:1], 2)
    with pytest.raises(
        ValueError, match="`predicted` must lie in 0..1, the classes. Received: values from 2 to 2"
    ):
        segmentation_scores(maps, maps + 2, 2)
    with pytest.raises(ValueError, match="`true` must lie in .*from -1 to -1"):
        segmentation_scores(maps - 1, maps, 2)
    with pytest.raises(ValueError, match="`true` must have .* at least one label"):
        segmentation_scores(maps[:0], maps[:0], 2)
    with pytest.raises(ValueError, match="`true` must be an array, with rows of equal shapes"):
        segmentation_scores([[0, 1], [1]], maps, 2)
    with pytest.raises(ValueError, match="num_classes.*at least 1.*num_classes=0"):
        segmentation_scores(maps, maps, 0)
