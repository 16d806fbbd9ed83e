import numpy as np
import pytest

from gankit.metrics import digit_classifier, inception_score


def test_closed_forms():
    sure = np.eye(7)[np.arange(700) % 7]
    assert inception_score(sure, splits=1).mean == pytest.approx(7, rel=1e-12)
    assert inception_score(np.full((700, 7), 1 / 7)).mean == pytest.approx(1, rel=1e-12)
    # Undecided between two of four classes, equally often: half the number of classes.
    pairs = np.repeat([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]], 50, axis=0)
    assert inception_score(pairs, splits=1).mean == pytest.approx(2, rel=1e-12)
    # The exponential of the entropy of frequencies 3/4 and 1/4.
    uneven = np.repeat(np.eye(2), [75, 25], axis=0)
    expected = (4 / 3) ** 0.75 * 4**0.25
    assert inception_score(uneven, splits=1).mean == pytest.approx(expected, rel=1e-12)


def test_images_in_the_order_of_their_classes_score_the_same():
    in_order = np.repeat(np.eye(5), 200, axis=0)
    found = inception_score(in_order)
    assert found.mean > 4.8 and 0 < found.standard_deviation < 0.1
    assert found == inception_score(in_order) != inception_score(in_order, seed=1)


def test_what_fools_it():
    """The documented cases, on the digit classifier: copies of ten images, and no digit at all."""
    from gankit import datasets

    images, labels = datasets.load("glyphs", "test")
    one_of_each = images[[np.flatnonzero(labels == digit)[0] for digit in range(10)]]
    copies = np.tile(digit_classifier().probabilities(one_of_each), (20, 1))
    assert inception_score(copies, splits=1).mean > 9.5
    missing = digit_classifier().probabilities(images[labels != 3][:400])
    assert 8.5 < inception_score(missing, splits=1).mean < 9.1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"seed": -1}, ValueError, "seed=-1"),
        ({"splits": 0}, ValueError, "`splits` must be a whole number of at least 1.*splits=0"),
        (
            {"splits": 8},
            ValueError,
            "at least 4 images.*Received: splits=8 with 20 images.*at least 32",
        ),
        ({"probabilities": np.ones(4) / 4}, ValueError, r"shape \(n, d\).*Received: shape \(4,\)"),
        (
            {"probabilities": np.ones((20, 4))},
            ValueError,
            "sum to 1 in each row. Received: .* to 4",
        ),
        (
            {"probabilities": [[2.0, -1.0]] * 20},
            ValueError,
            "not be negative. Received: .*-1.*softmax",
        ),
        (
            {"probabilities": [[np.nan, 1]] * 20},
            ValueError,
            "Received: 20 values that are not finite",
        ),
        ({"probabilities": [["a"]]}, TypeError, "`probabilities` must hold real numbers"),
    ],
)
def test_bad_input_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        inception_score(**{"probabilities": np.full((20, 4), 0.25), "splits": 2, **arguments})
