"""Pixel shuffle and ICNR; their formulas are checked in tests/oracles/layers.py."""

import numpy as np
import pytest
from keras import ops

from gankit.layers.pixel_shuffle import ICNR, PixelShuffle


def test_sizes_may_be_unknown():
    assert PixelShuffle(3).compute_output_shape((None, None, 5, 18)) == (None, None, 15, 2)


@pytest.mark.parametrize("part", [PixelShuffle, ICNR])
@pytest.mark.parametrize("value", [1, 0, 2.0, True, "2"])
def test_bad_scales_are_repeated(part, value):
    with pytest.raises(ValueError, match=f"scale={value!r}"):
        part(value)


@pytest.mark.parametrize("shape", [(2, 4, 4), (2, 4, 4, 6), (2, 4, 4, None)])
def test_bad_inputs_are_repeated(shape):
    with pytest.raises(ValueError, match=r"scale\*\*2 = 4.*input shape \(2.*" + repr(shape[-1])):
        PixelShuffle(2).compute_output_shape(shape)


def test_bad_kernels_are_repeated():
    with pytest.raises(ValueError, match=r"scale\*\*2 = 4.*kernel shape \(3, 3, 8, 6\)"):
        ICNR(2)((3, 3, 8, 6))


def test_icnr_draws_from_the_initializer_it_is_given():
    kernel = ops.convert_to_numpy(ICNR(2, "ones")((3, 8)))
    np.testing.assert_array_equal(kernel, 1.0)
    assert (
        ICNR.from_config(ICNR(3, "ones").get_config()).get_config() == ICNR(3, "ones").get_config()
    )
