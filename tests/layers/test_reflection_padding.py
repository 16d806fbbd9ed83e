"""Reflection padding; it is checked against NumPy's in tests/oracles/layers.py."""

import re

import pytest

from gankit.layers.reflection_padding import ReflectionPadding2D


@pytest.mark.parametrize(
    "padding, sides",
    [
        (2, ((2, 2), (2, 2))),
        ((0, 3), ((0, 0), (3, 3))),
        ([[1, 0], [2, 3]], ((1, 0), (2, 3))),
        ((1, (2, 3)), ((1, 1), (2, 3))),
    ],
)
def test_padding_is_given_in_three_forms(padding, sides):
    layer = ReflectionPadding2D(padding)
    (top, bottom), (left, right) = layer.padding
    assert layer.padding == sides
    shape = layer.compute_output_shape((None, 8, None, 3))
    assert shape == (None, 8 + top + bottom, None, 3)


@pytest.mark.parametrize("padding", [-1, 1.0, True, "1", (1,), (1, 2, 3), ((1, 2), (3, -1)), None])
def test_bad_paddings_are_repeated(padding):
    with pytest.raises(ValueError, match=re.escape(f"padding={padding!r}")):
        ReflectionPadding2D(padding)


@pytest.mark.parametrize("shape", [(2, 8, 8), (2, 3, 8, 1), (None, 8, 3, 1)])
def test_bad_inputs_are_repeated(shape):
    with pytest.raises(ValueError, match=re.escape(f"input shape {shape}")):
        ReflectionPadding2D(3).compute_output_shape(shape)
