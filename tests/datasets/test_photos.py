import socket

import numpy as np
import pytest

from gankit import datasets


def levels(images):
    return np.round((images + 1) * 127.5).astype(np.uint8)


def occurs(piece, whole):
    """Return whether a crop was cut from a photograph."""
    size = len(piece)
    starts = np.argwhere((whole[: 1 - size, : 1 - size] == piece[0, 0]).all(-1))
    return any((whole[r : r + size, c : c + size] == piece).all() for r, c in starts)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a photograph was fetched")

    monkeypatch.setattr(socket, "socket", refuse)


def test_the_photographs_are_those_of_the_packages(no_network):
    from skimage import data
    from sklearn.datasets import load_sample_image

    train, test = datasets.photographs("train"), datasets.photographs("test")
    assert len(train) == 13 and len(test) == 4 and not set(train) & set(test)
    np.testing.assert_array_equal(levels(test["chelsea"]), data.chelsea())
    np.testing.assert_array_equal(levels(train["astronaut"]), data.astronaut())
    np.testing.assert_array_equal(levels(test["china"]), load_sample_image("china.jpg"))
    np.testing.assert_array_equal(levels(test["coins"]), data.coins()[..., None].repeat(3, 2))


def test_the_photographs_differ_and_are_no_drawings():
    for split in ("train", "test"):
        for image in datasets.photographs(split).values():
            assert image.dtype == np.float32 and image.ndim == 3 and image.shape[2] == 3
            assert -1 <= image.min() < 0 < image.max() <= 1
            assert min(image.shape[:2]) >= 300
            assert len(np.unique(levels(image))) > 140


def test_gray_is_luma():
    color = datasets.photographs("test")["chelsea"]
    gray = datasets.photographs("test", channels=1)["chelsea"]
    assert gray.shape == (*color.shape[:2], 1)
    luma = color @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(gray[..., 0], luma, atol=1.01 / 127.5)


def test_crops_are_pieces_of_their_photographs():
    crops = datasets.photo_crops(24, "test", per_photograph=3)
    assert crops.shape == (12, 24, 24, 3) and crops.dtype == np.float32
    for i, whole in enumerate(datasets.photographs("test").values()):
        for piece in crops[3 * i : 3 * i + 3]:
            assert occurs(levels(piece), levels(whole))


def test_crops_depend_only_on_the_seed():
    first = datasets.photo_crops(16, per_photograph=2)
    assert first.shape == (26, 16, 16, 3)
    np.testing.assert_array_equal(datasets.photo_crops(16, per_photograph=2), first)
    assert (datasets.photo_crops(16, per_photograph=2, seed=1) != first).any((1, 2, 3)).all()
    gray = datasets.photo_crops(16, per_photograph=2, channels=1)
    luma = first @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(gray[..., 0], luma, atol=1.01 / 127.5)


def test_what_is_handed_out_may_be_changed():
    datasets.photographs("test")["coins"][:] = 0
    assert datasets.photographs("test")["coins"].max() > 0.5


def test_the_largest_crop_is_the_smallest_photograph():
    assert datasets.photo_crops(300, "test", per_photograph=1).shape == (4, 300, 300, 3)
    with pytest.raises(ValueError, match="fit into 'chelsea', .* 300 pixels high .*image_size=301"):
        datasets.photo_crops(301, "test")


def test_the_set_is_found_by_name():
    assert datasets.available("photos") and datasets.names(loader="photo_crops") == ["photos"]
    with pytest.raises(ValueError, match="'photos'. Call `datasets.photo_crops`"):
        datasets.load("photos")


def test_bad_arguments():
    for call in (datasets.photographs, lambda split: datasets.photo_crops(16, split)):
        with pytest.raises(ValueError, match=r"'test'. Received: split='val'"):
            call("val")
    with pytest.raises(ValueError, match=r"one of 1, 3. Received: channels=4"):
        datasets.photographs(channels=4)
    with pytest.raises(ValueError, match="per_photograph.*at least 1.*=0"):
        datasets.photo_crops(16, per_photograph=0)
    for seed in (-1, 2**32, "x", True):
        with pytest.raises(ValueError, match=f"seed.*at least 0.*={seed!r}"):
            datasets.photo_crops(16, seed=seed)
    with pytest.raises(ValueError, match="at least 4. Received: image_size=3"):
        datasets.photo_crops(3)
