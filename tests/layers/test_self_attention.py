"""Self-attention; its formula is checked in tests/oracles/layers.py."""

import re

import numpy as np
import pytest
from keras import ops

from gankit.layers.self_attention import SelfAttention2D


def test_it_starts_as_the_identity():
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 8)).astype("float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(SelfAttention2D()(x)), x)


def test_attention_is_shared_out():
    x = 3 * np.random.default_rng(0).normal(size=(2, 5, 4, 8)).astype("float32")
    layer = SelfAttention2D()
    layer.build(x.shape)
    attention = ops.convert_to_numpy(layer.attention(x))
    assert attention.shape == (2, 20, 4) and attention.min() >= 0.0 and attention.std() > 0.01
    np.testing.assert_allclose(attention.sum(axis=-1), 1.0, rtol=1e-5)


@pytest.mark.parametrize("shape", [(2, 8, 8), (2, 8, 8, 4), (2, 8, 8, None), (2, 1, 8, 8)])
def test_bad_inputs_are_repeated(shape):
    with pytest.raises(ValueError, match=re.escape(f"input shape {shape}")):
        SelfAttention2D().compute_output_shape(shape)


def test_a_wrapper_that_no_file_could_name_is_refused():
    with pytest.raises(ValueError, match="wrapper=5"):
        SelfAttention2D(wrapper=5)
    with pytest.raises(ValueError, match="wrapper='missing>Wrapper'"):
        SelfAttention2D(wrapper="missing>Wrapper")
