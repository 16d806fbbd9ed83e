import warnings

import numpy as np
import pytest
from PIL import Image

from gankit.datasets import SkippedImages, from_folder

RED = (255, 0, 0)


def save(folder, name, image, **options):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def only(folder, channels=3, size=8):
    (image,) = from_folder(folder, size, channels)
    return image


def levels(image):
    return np.round((image + 1) * 127.5).astype(int)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_white_is_white_in_every_mode(tmp_path, mode):
    if mode == "I;16":
        white = Image.fromarray(np.full((12, 10), 65535, np.uint16))
    else:
        white = Image.new("RGB", (10, 12), "white").convert(mode)
    save(tmp_path, "a.tif" if mode == "CMYK" else "a.png", white)
    for channels in (1, 3):
        image = only(tmp_path, channels)
        assert image.shape == (8, 8, channels) and image.dtype == np.float32
        np.testing.assert_array_equal(image, 1)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    save(tmp_path, "a.png", Image.fromarray(np.full((9, 9), 257 * 100, np.uint16)))
    np.testing.assert_array_equal(levels(only(tmp_path)), 100)


def test_color_becomes_luma(tmp_path):
    save(tmp_path, "a.png", Image.new("RGB", (9, 9), RED))
    np.testing.assert_array_equal(levels(only(tmp_path)), np.broadcast_to(RED, (8, 8, 3)))
    np.testing.assert_allclose(levels(only(tmp_path, 1)), 0.299 * 255, atol=1)


def test_transparency_is_laid_on_white(tmp_path):
    save(tmp_path, "a.png", Image.new("RGBA", (9, 9), (0, 0, 0, 0)))
    np.testing.assert_array_equal(only(tmp_path), 1)
    save(tmp_path, "a.png", Image.new("RGBA", (9, 9), (255, 0, 0, 128)))
    np.testing.assert_allclose(levels(only(tmp_path))[0, 0], (255, 127, 127), atol=1)


def test_transparent_palette(tmp_path):
    image = Image.new("P", (9, 9), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    save(tmp_path, "a.gif", image, transparency=0)
    np.testing.assert_array_equal(only(tmp_path), 1)


def test_the_photograph_is_turned_upright(tmp_path):
    image = Image.new("RGB", (8, 8), "black")
    image.paste("white", (0, 0, 8, 4))  # the upper half
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise to view
    save(tmp_path, "a.png", image, exif=exif)
    turned = only(tmp_path, 1)[..., 0]
    assert turned[:, 4:].min() == 1 and turned[:, :4].max() == -1


@pytest.mark.parametrize("size", [(24, 8), (8, 24)])
def test_the_central_square_is_taken(tmp_path, size):
    image = Image.new("L", size, 0)
    left, top = (size[0] - 8) // 2, (size[1] - 8) // 2
    image.paste(255, (left, top, left + 8, top + 8))
    save(tmp_path, "a.png", image)
    np.testing.assert_array_equal(only(tmp_path, 1), 1)


def test_shrinking_does_not_alias(tmp_path):
    stripes = np.zeros((128, 128), np.uint8)
    stripes[:, ::2] = 255
    save(tmp_path, "a.png", Image.fromarray(stripes))
    assert np.ptp(levels(only(tmp_path, 1, 16))[2:-2, 2:-2]) < 12


def test_nested_mixed_folder_in_the_order_of_names(tmp_path):
    for gray, name in ((10, "b/x.PNG"), (20, "a/z.png"), (30, "c.png"), (40, "a/b/y.png")):
        save(tmp_path, name, Image.new("L", (10 + gray, 12), gray))
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".hidden.png").write_text("no image")
    save(tmp_path, ".ipynb_checkpoints/c-checkpoint.png", Image.new("L", (9, 9), 99))
    (tmp_path / "folder.png").mkdir()
    images = from_folder(tmp_path, 8, channels=1)
    assert levels(images)[:, 0, 0, 0].tolist() == [40, 20, 10, 30]


def damage(folder):
    save(folder, "good.png", Image.new("L", (9, 9), 255))
    (folder / "empty.jpg").write_bytes(b"")
    whole = save(folder, "cut.png", Image.fromarray(np.arange(4096, dtype=np.uint16)))
    whole.write_bytes(whole.read_bytes()[:60])
    (folder / "text.bmp").write_text("no image at all")


@pytest.mark.parametrize("broken", ["empty.jpg", "cut.png", "text.bmp"])
def test_a_broken_file_is_named(tmp_path, broken):
    damage(tmp_path)
    for name in {"empty.jpg", "cut.png", "text.bmp"} - {broken}:
        (tmp_path / name).unlink()
    with pytest.raises(ValueError, match=f"{broken}' cannot be read as an image.*on_error='skip'"):
        from_folder(tmp_path, 8)


def test_broken_files_are_skipped_named_and_counted(tmp_path):
    damage(tmp_path)
    with pytest.warns(SkippedImages) as caught:
        images = from_folder(tmp_path, 8, on_error="skip")
    assert images.shape == (1, 8, 8, 3)
    (warning,) = caught
    assert [f.name for f in warning.message.files] == ["cut.png", "empty.jpg", "text.bmp"]
    assert str(warning.message).startswith("3 image(s)") and "empty.jpg" in str(warning.message)


def test_readable_images_cause_no_warning(tmp_path):
    save(tmp_path, "a.png", Image.new("L", (9, 9)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_folder(tmp_path, 8, on_error="skip")


def test_all_broken_is_an_error_even_when_skipping(tmp_path):
    (tmp_path / "a.png").write_text("")
    with pytest.raises(ValueError, match="(?s)must be readable. Received: 1 image.*a.png: cannot"):
        from_folder(tmp_path, 8, on_error="skip")


def test_float_images_have_no_known_range(tmp_path):
    save(tmp_path, "a.tif", Image.fromarray(np.ones((9, 9), np.float32)))
    with pytest.raises(ValueError, match="a.tif.*floats of unknown range"):
        from_folder(tmp_path, 8)


def test_levels_beyond_sixteen_bits(tmp_path):
    save(tmp_path, "a.tif", Image.fromarray(np.full((9, 9), 70_000, np.int32)))
    with pytest.raises(ValueError, match="70000..70000 do not fit in 16 bits"):
        from_folder(tmp_path, 8)


def test_bad_arguments(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder .*none' does not exist"):
        from_folder(tmp_path / "none", 8)
    with pytest.raises(ValueError, match="holds no image. Image files must end in .bmp"):
        from_folder(tmp_path, 8)
    file = save(tmp_path, "a.png", Image.new("L", (9, 9)))
    with pytest.raises(NotADirectoryError, match="a.png' is not a folder"):
        from_folder(file, 8)
    with pytest.raises(ValueError, match="at least 4. Received: image_size=2"):
        from_folder(tmp_path, 2)
    with pytest.raises(ValueError, match="whole number.*'8'"):
        from_folder(tmp_path, "8")
    for path in (None, 3, ""):
        with pytest.raises(TypeError, match=f"must be a path, as text. Received: path={path!r}"):
            from_folder(path, 8)
    with pytest.raises(ValueError, match="Received: channels=True"):
        from_folder(tmp_path, 8, channels=True)
    with pytest.raises(ValueError, match=r"one of 1, 3. Received: channels=4"):
        from_folder(tmp_path, 8, channels=4)
    with pytest.raises(ValueError, match="one of 'raise', 'skip'. Received: on_error='ignore'"):
        from_folder(tmp_path, 8, on_error="ignore")
