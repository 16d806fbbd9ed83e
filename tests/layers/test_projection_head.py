"""Projection head; its formula is checked in tests/oracles/layers.py."""

import re

import keras
import numpy as np
import pytest

from gankit.layers.projection_head import ProjectionHead


@pytest.mark.parametrize("value", [0, 2.0, True])
def test_bad_numbers_of_classes_are_repeated(value):
    with pytest.raises(ValueError, match=f"num_classes={value!r}"):
        ProjectionHead(value)


@pytest.mark.parametrize("wrapper", ["missing>Wrapper", keras.layers.SpectralNormalization, 5])
def test_a_wrapper_that_no_file_could_name_is_refused(wrapper):
    with pytest.raises(ValueError, match=re.escape(f"wrapper={wrapper!r}")):
        ProjectionHead(3, wrapper=wrapper)


@pytest.mark.parametrize("shape", [(2, 4), [(2, 4, 4, 1), (2,)], [(2, 4), (2, 1)]])
def test_bad_inputs_are_repeated(shape):
    with pytest.raises(ValueError, match=r"Received: input shapes? .*2"):
        ProjectionHead(3).compute_output_shape(shape)


def test_labels_must_be_integers():
    with pytest.raises(TypeError, match="float32"):
        ProjectionHead(3)([np.ones((2, 4), "float32"), np.ones(2, "float32")])
