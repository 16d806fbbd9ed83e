import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from gankit import datasets

WITHOUT_TENSORFLOW = """
import importlib.util, os, sys
for module in ("tensorflow", "tensorflow_datasets"):
    sys.modules[module] = None
backends = [b for b in ("jax", "torch") if importlib.util.find_spec(b)]
os.environ["KERAS_BACKEND"] = backends[0]
from gankit import datasets
for name in datasets.names(embedded=True):
    images, labels = datasets.load(name, "test")
    assert images.dtype == "float32" and len(images) == len(labels)
for name in datasets.names(embedded=True, loader="load_pairs"):
    inputs, targets = datasets.load_pairs(name, "test", image_size=16)
    assert inputs.shape == targets.shape
assert datasets.photo_crops(16, per_photograph=1).shape == (13, 16, 16, 3)
try:
    datasets.stream("digits", batch_size=8)
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["digits", "glyphs"])
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("size", [None, 16, 32])
def test_embedded_sets_at_any_size(name, split, size):
    images, labels = datasets.load(name, split, size)
    side = size or datasets.describe(name).image_size
    assert images.shape == (len(labels), side, side, 1)
    assert images.dtype == np.float32 and labels.dtype == np.int32
    assert images.min() == -1 and images.max() <= 1
    assert set(labels.tolist()) == set(range(10))


def test_loading_twice_gives_equal_and_separate_arrays():
    first, _ = datasets.load("glyphs")
    second, _ = datasets.load("glyphs")
    np.testing.assert_array_equal(first, second)
    first[:] = 0
    assert second.min() == -1


def test_unknown_names_are_answered_with_the_known_ones():
    for call in (datasets.load, datasets.available, datasets.factors, datasets.describe):
        with pytest.raises(
            ValueError, match="'digits', 'glyphs'.*name='minst'. Did you mean 'mnist'"
        ):
            call("minst")
    with pytest.raises(ValueError, match="one of 'digits', .*name='zzz'"):
        datasets.load("zzz")


def test_a_name_must_be_a_string():
    with pytest.raises(ValueError, match="`name` must be one of .*Received: name=3"):
        datasets.load(3)
    with pytest.raises(ValueError, match="`loader` must be one of .*Received: loader='fit'"):
        datasets.names(loader="fit")
    with pytest.raises(TypeError, match="True or False. Received: embedded='no'"):
        datasets.names(embedded="no")


def test_unknown_splits():
    with pytest.raises(ValueError, match=r"'test'. Received: split='dev'"):
        datasets.load("glyphs", "dev")
    with pytest.raises(ValueError, match="split='validation'"):
        datasets.factors("glyphs", "validation")


def test_bad_sizes_are_refused_before_anything_is_read(data_dir):
    with pytest.raises(ValueError, match="at least 4. Received: image_size=2"):
        datasets.load("cifar10", image_size=2)


def test_factors_only_where_they_are_known():
    with pytest.raises(ValueError, match=r"name='digits'. Sets with known factors: glyphs"):
        datasets.factors("digits")


def test_what_is_available_in_an_empty_folder(data_dir):
    here = [name for name in datasets.names() if datasets.available(name)]
    assert here == datasets.names(embedded=True) == ["digits", "glyphs"]
    assert not datasets.available("cmp_facades")
    assert set(datasets.names(embedded=False)) == set(datasets.names()) - set(here)
    assert list(data_dir.iterdir()) == []


if any(importlib.util.find_spec(backend) for backend in ("jax", "torch")):
    # Keras needs a backend. Without TensorFlow, this must be JAX or PyTorch.

    def test_embedded_sets_need_no_tensorflow():
        run = [sys.executable, "-c", WITHOUT_TENSORFLOW]
        done = subprocess.run(run, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "pip install tensorflow tensorflow-datasets importlib_resources" in done.stdout
        assert "(digits, glyphs)" in done.stdout
