"""Minibatch standard deviation; its formula is checked in tests/oracles/layers.py."""

import numpy as np
import pytest
from keras import ops

from gankit.layers.minibatch_stddev import MinibatchStdDev


@pytest.mark.parametrize("batch, groups", [(1, 1), (3, 1), (4, 1), (5, 2), (8, 2), (9, 3), (10, 3)])
def test_groups_are_no_larger_than_asked_for(batch, groups):
    """Examples of a group share one number, and no two groups of random examples do."""
    x = np.random.default_rng(0).normal(size=(batch, 3)).astype("float32")
    numbers = ops.convert_to_numpy(MinibatchStdDev(4)(x))[:, -1]
    values, members = np.unique(numbers, return_counts=True)
    assert len(values) == groups and members.max() <= 4
    assert members.max() - members.min() <= 1


def test_a_lone_example_has_no_deviation():
    outputs = ops.convert_to_numpy(MinibatchStdDev()(np.full((1, 3), 7.0, "float32")))
    np.testing.assert_allclose(outputs[:, -1], 1e-4, rtol=1e-5)  # the root of epsilon


@pytest.mark.parametrize("value", [1, 0, 4.0, True, "4"])
def test_bad_group_sizes_are_repeated(value):
    with pytest.raises(ValueError, match=f"group_size={value!r}"):
        MinibatchStdDev(value)


@pytest.mark.parametrize("shape", [(4,), (2, 4, 4, None)])
def test_bad_inputs_are_repeated(shape):
    with pytest.raises(ValueError, match=r"input shape \(.*" + repr(shape[-1])):
        MinibatchStdDev().compute_output_shape(shape)
