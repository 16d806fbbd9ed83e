import numpy as np
import pytest

from gankit.datasets import stack_digits

# Each "image" holds its own index, so that a stack shows its three sources.
LABELS = np.arange(50) % 10
IMAGES = np.broadcast_to(np.arange(50)[:, None, None, None] / 50, (50, 4, 5, 1)).astype("float32")


def test_each_channel_is_the_digit_that_its_label_says():
    images, labels = stack_digits(IMAGES, LABELS, n=300, seed=1)
    assert images.shape == (300, 4, 5, 3) and images.dtype == np.float32
    assert labels.shape == (300,) and labels.dtype == np.int32
    indices = np.rint(images * 50).astype(int)
    assert (indices == indices[:, :1, :1]).all()
    red, green, blue = LABELS[indices[:, 0, 0]].T
    np.testing.assert_array_equal(labels, 100 * red + 10 * green + blue)


def test_every_digit_is_as_likely_in_every_channel():
    _, labels = stack_digits(IMAGES, LABELS, n=20_000)
    for place in (100, 10, 1):
        counts = np.bincount(labels // place % 10, minlength=10)
        assert ((counts - 2000) ** 2 / 2000).sum() < 27.9  # chi-squared, 9 degrees, 0.1 %


def test_the_seed_decides():
    first, again, other = (stack_digits(IMAGES, LABELS, 20, seed)[1] for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((IMAGES[..., 0], LABELS, 5), ValueError, r"Received shape \(50, 4, 5\), 3 axes"),
        ((IMAGES.repeat(3, -1), LABELS, 5), ValueError, "channels is 3, not 1"),
        ((IMAGES * 255, LABELS, 5), ValueError, r"must lie in \[-1, 1\]"),
        ((IMAGES.astype(int), LABELS, 5), TypeError, "must be floating point"),
        ((IMAGES, LABELS[1:], 5), ValueError, r"shape \(50,\). Received shape \(49,\)"),
        ((IMAGES, LABELS + 1, 5), ValueError, r"must lie in \[0, 10\). Received 10"),
        ((IMAGES, LABELS, 0), ValueError, "n=0"),
        ((IMAGES, LABELS, 5, -1), ValueError, "at least 0 .*Received: seed=-1"),
        ((IMAGES, LABELS, 5, "x"), ValueError, "whole number .*Received: seed='x'"),
    ],
)
def test_bad_input_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        stack_digits(*arguments)
