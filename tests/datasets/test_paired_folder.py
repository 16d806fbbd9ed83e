import warnings

import numpy as np
import pytest
from PIL import Image

from gankit.datasets import SkippedImages, paired_folder


def save(path, gray, size=(12, 12)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, gray).save(path)


def save_halves(path, left, right, size=(16, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("L", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    image.save(path)


def grays(images):
    values = np.round((images + 1) * 127.5).astype(int)
    assert (values == values[:, :1, :1, :1]).all()  # no pixel mixes two images
    return values[:, 0, 0, 0].tolist()


def test_two_folders_are_paired_by_name(tmp_path):
    for gray, name in ((10, "A/b.png"), (20, "A/a/z.jpg"), (110, "B/b.bmp"), (120, "B/a/z.png")):
        save(tmp_path / name, gray)
    (tmp_path / "B" / "notes.txt").write_text("no image")
    a, b = paired_folder(tmp_path, 8)
    assert a.shape == b.shape == (2, 8, 8, 3) and a.dtype == b.dtype == np.float32
    assert grays(a) == [20, 10] and grays(b) == [120, 110]


@pytest.mark.parametrize(
    "a, b", [("a", "b"), ("trainA", "trainB"), ("train_A", "train_B"), ("train/A", "train/B")]
)
def test_layouts_are_told_by_the_names_of_folders(tmp_path, a, b):
    for gray, place in enumerate((a, b), start=1):
        save(tmp_path / place / "more" / "1.png", gray)
        save(tmp_path / place.replace("train", "test") / "more" / "1.png", gray)
    (first,), (second,) = map(grays, paired_folder(tmp_path, 8))
    assert (first, second) == (1, 2)


@pytest.mark.parametrize(
    "files, message",
    [
        (["A/1.png"], "in one folder for A and one for B.*Received: images in A/. Rename"),
        (["b/1.png", "c/1.png"], "Received: images in b/"),
        (["A/1.png", "trainB/1.png"], "Received: images in A/, trainB/"),
        (["A/1.png", "B/1.png", "trainA/1.png", "trainB/1.png"], "in A/, B/, trainA/, trainB/"),
        (["testA/1.png", "testB/1.png"], "Received: images in testA/, testB/"),
        (["day/1.png", "night/1.jpg"], "Received: images in day, night. Rename two folders to A"),
        (["x/A/1.png", "x/B/1.png"], "Received: images in x/A, x/B. .*one folder at a time"),
        (["1.png", "photos/1.png"], r"Received: images in \., photos"),
    ],
)
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_what_is_ambiguous_is_refused_and_not_cut_in_half(tmp_path, files, message, on_error):
    for file in files:
        save(tmp_path / file, 50, size=(16, 8))
    with pytest.raises(ValueError, match=message):
        paired_folder(tmp_path, 8, on_error)


def test_halves_of_one_image_are_a_pair(tmp_path):
    save_halves(tmp_path / "2.png", 30, 130)
    save_halves(tmp_path / "below" / "1.png", 40, 140, size=(64, 20))
    a, b = paired_folder(tmp_path, 8)
    assert grays(a) == [30, 40] and grays(b) == [130, 140]


def test_both_images_of_a_pair_are_cropped_equally(tmp_path):
    columns = np.tile(np.arange(96, dtype=np.uint8), (48, 1))
    save(tmp_path / "A" / "x.png", 0)
    for name in "AB":
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        Image.fromarray(columns).save(folder / "x.png")
    a, b = paired_folder(tmp_path, 24)
    np.testing.assert_array_equal(a, b)
    assert np.round((a[0, 0, 0, 0] + 1) * 127.5) == pytest.approx(24.5, abs=1)  # the central square


def test_images_without_a_partner_are_all_named(tmp_path):
    for name in ("A/1.png", "A/2.png", "B/2.png", "B/3.png"):
        save(tmp_path / name, 50)
    with pytest.raises(ValueError, match="2 image.* without a partner.*A/1.png, B/3.png.*'skip'"):
        paired_folder(tmp_path, 8)
    with pytest.warns(SkippedImages) as caught:
        a, b = paired_folder(tmp_path, 8, on_error="skip")
    assert len(a) == len(b) == 1
    assert [f.name for f in caught[0].message.files] == ["1.png", "3.png"]
    assert "1.png: it has no partner in B" in str(caught[0].message)


def test_sizes_must_agree(tmp_path):
    save(tmp_path / "A" / "1.png", 50)
    save(tmp_path / "B" / "1.png", 50, size=(12, 16))
    with pytest.raises(ValueError, match=r"B/1.png'.*\(12, 16\), and .*'1.png' is \(12, 12\)"):
        paired_folder(tmp_path, 8)


def test_an_odd_width_has_no_halves(tmp_path):
    save(tmp_path / "1.png", 50, size=(17, 8))
    with pytest.raises(ValueError, match="1.png'.*width of 17 pixels has no two equal halves"):
        paired_folder(tmp_path, 8)


def test_broken_files_are_named_or_skipped_and_counted(tmp_path):
    for name in ("A/1.png", "B/1.png", "A/2.png"):
        save(tmp_path / name, 50)
    (tmp_path / "B" / "2.png").write_text("no image")
    with pytest.raises(ValueError, match="B/2.png' cannot be read as an image.*on_error='skip'"):
        paired_folder(tmp_path, 8)
    save(tmp_path / "B" / "3.png", 50)
    with pytest.warns(SkippedImages, match="^2 image") as caught:
        a, _ = paired_folder(tmp_path, 8, on_error="skip")
    assert len(a) == 1 and caught[0].filename == __file__
    assert [f.name for f in caught[0].message.files] == ["3.png", "2.png"]


def test_complete_pairs_cause_no_warning(tmp_path):
    save_halves(tmp_path / "1.png", 0, 255)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        paired_folder(tmp_path, 8, on_error="skip")


def test_no_whole_pair_is_an_error_even_when_skipping(tmp_path):
    save(tmp_path / "A" / "1.png", 50)
    save(tmp_path / "B" / "2.png", 50)
    with pytest.raises(ValueError, match="(?s)2 image.*A/1.png: it has no partner in B"):
        paired_folder(tmp_path, 8, on_error="skip")


def test_names_that_differ_only_in_their_suffix(tmp_path):
    for name in ("A/1.png", "A/1.jpg", "B/1.png"):
        save(tmp_path / name, 50)
    with pytest.raises(ValueError, match="1.jpg' and .*1.png' differ only in their suffix"):
        paired_folder(tmp_path, 8, on_error="skip")


def test_bad_arguments(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder .*none' does not exist"):
        paired_folder(tmp_path / "none", 8)
    with pytest.raises(ValueError, match="holds no image"):
        paired_folder(tmp_path, 8)
    save_halves(tmp_path / "1.png", 0, 255)
    with pytest.raises(ValueError, match="one of 'raise', 'skip'. Received: on_error='ignore'"):
        paired_folder(tmp_path, 8, on_error="ignore")
    with pytest.raises(ValueError, match="whole number.*None"):
        paired_folder(tmp_path, None)
    for path in (None, 3):
        with pytest.raises(TypeError, match=f"must be a path, as text. Received: path={path}"):
            paired_folder(path, 8)
