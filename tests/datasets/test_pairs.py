import numpy as np
import pytest

from gankit import datasets


def test_each_verb_names_the_other():
    for load in (datasets.load, lambda name: datasets.stream(name, batch_size=2)):
        with pytest.raises(ValueError, match="`load` cannot .*'facades'. Call `datasets.load_p"):
            load("facades")
    with pytest.raises(ValueError, match="`load_pairs` cannot .*'digits'. Call `datasets.load`"):
        datasets.load_pairs("digits")


def test_pairs_are_found_by_name():
    assert datasets.names(embedded=True, loader="load_pairs") == ["facades"]
    assert datasets.available("facades") and datasets.describe("facades").image_size == 64
    with pytest.raises(ValueError, match="name='facade'. Did you mean 'facades'"):
        datasets.load_pairs("facade")
    with pytest.raises(ValueError, match="must be one of .*Received: name=None"):
        datasets.load_pairs(None)


def test_bad_splits_and_sizes():
    with pytest.raises(ValueError, match="'test'. Received: split='val'"):
        datasets.load_pairs("facades", "val")
    with pytest.raises(ValueError, match="at least 4. Received: image_size=3"):
        datasets.load_pairs("facades", image_size=3)
    with pytest.raises(ValueError, match="whole number.*64.5"):
        datasets.load_pairs("facades", image_size=64.5)


def test_loading_twice_gives_equal_and_separate_arrays():
    first, second = (datasets.load_pairs("facades", "test", 16) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
        a[:] = 0
        assert b.min() < 0
