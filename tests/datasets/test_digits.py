import numpy as np
from sklearn.datasets import load_digits

from gankit import datasets


def test_the_original_exactly_split_in_two():
    (train, y_train), (test, y_test) = datasets.load("digits"), datasets.load("digits", "test")
    ours = np.concatenate([train, test])[..., 0]
    original = load_digits().images / 8 - 1
    np.testing.assert_array_equal(
        np.unique(ours.reshape(1797, -1), axis=0),
        np.unique(original.reshape(1797, -1).astype("float32"), axis=0),
    )
    assert np.bincount(y_train).sum() + np.bincount(y_test).sum() == 1797
    assert y_train.dtype == np.int32


def test_the_split_is_stratified():
    train, test = (np.bincount(datasets.load("digits", s)[1]) for s in ("train", "test"))
    np.testing.assert_allclose(test / (train + test), 0.2, atol=0.005)


def test_labels_belong_to_their_images():
    images, labels = datasets.load("digits")
    bunch = load_digits()
    known = {image.tobytes(): y for image, y in zip(bunch.images, bunch.target, strict=True)}
    back = (images[..., 0].astype(np.float64) + 1) * 8
    assert all(known[x.tobytes()] == y for x, y in zip(back, labels, strict=True))
