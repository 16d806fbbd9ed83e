import numpy as np
import pytest

from gankit import datasets
from gankit.datasets import folders, glyphs
from gankit.datasets.outlines import FONTS, distance_fields


@pytest.fixture(scope="module")
def fields():
    return distance_fields(96, 2.0)


@pytest.fixture(scope="module")
def upright():
    """Return the factors of one undistorted digit."""
    plain = {name: 0.0 for name in glyphs.FACTORS} | {"scale": 1.0, "aspect": 1.0}
    return {"font": np.zeros(1, np.uint8)} | {k: np.float32([v]) for k, v in plain.items()}


def draw(fields, factors, digit=4, bend=0.0, **changed):
    factors = factors | {name: np.float32([value]) for name, value in changed.items()}
    bends = np.full((1, 2, 7, 7), bend)
    return glyphs.render(np.array([digit]), factors, bends, fields)[0].astype(float)


def center(image):
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(image * columns).sum(), (image * rows).sum()]) / image.sum()


def test_the_committed_arrays_are_reproduced(tmp_path):
    committed = folders.committed_file("glyphs.npz")
    assert committed is not None and committed.stat().st_size < 2_000_000
    made = glyphs.write(tmp_path / "glyphs.npz")
    assert made.stat().st_size < 2_000_000
    with np.load(committed) as expected, np.load(made) as arrays:
        assert arrays.files == expected.files
        for name in arrays.files:
            assert arrays[name].dtype == expected[name].dtype
            np.testing.assert_array_equal(arrays[name], expected[name])


def test_sizes_classes_and_disjointness():
    train, train_labels = datasets.load("glyphs")
    test, test_labels = datasets.load("glyphs", "test")
    assert train.shape == (12_000, 28, 28, 1) and test.shape == (2_000, 28, 28, 1)
    assert np.bincount(train_labels).tolist() == [1200] * 10
    assert np.bincount(test_labels).tolist() == [200] * 10
    both = np.concatenate([train, test]).reshape(14_000, -1)
    assert len(np.unique(both, axis=0)) == 14_000


def test_no_digit_is_empty_or_cut_off():
    images, _ = datasets.load("glyphs")
    ink = (images + 1) / 2
    assert ink.sum((1, 2, 3)).min() > 20
    border = np.ones((28, 28, 1), bool)
    border[1:-1, 1:-1] = False
    assert (ink[:, border].sum(1) > 0.05 * ink.sum((1, 2, 3))).mean() < 0.001


@pytest.mark.parametrize("split", ["train", "test"])
def test_factors_stay_in_range_and_vary(split):
    factors = datasets.factors("glyphs", split)
    _, labels = datasets.load("glyphs", split)
    assert set(factors) == {"font", *glyphs.FACTORS}
    assert all(len(values) == len(labels) for values in factors.values())
    assert set(factors["font"].tolist()) == set(range(len(FONTS)))
    for name, (low, high, _) in glyphs.FACTORS.items():
        values = factors[name].astype(float)
        assert low - 1e-6 <= values.min() and values.max() <= high + 1e-6
        expected = (high - low) / np.sqrt(12)  # standard deviation of a uniform factor
        np.testing.assert_allclose(values.std(), expected, rtol=0.06)
        assert abs(np.corrcoef(values, labels)[0, 1]) < 0.08


def test_the_factors_handed_out_may_be_changed():
    datasets.factors("glyphs")["dx"][:] = 99
    assert np.abs(datasets.factors("glyphs")["dx"]).max() <= 2


def test_stored_factors_explain_the_images():
    factors = datasets.factors("glyphs")
    images, _ = datasets.load("glyphs")
    ink = (images[..., 0] + 1) / 2
    columns = (ink.sum(1) * np.arange(28)).sum(1) / ink.sum((1, 2))
    rows = (ink.sum(2) * np.arange(28)).sum(1) / ink.sum((1, 2))
    assert np.corrcoef(columns, factors["dx"])[0, 1] > 0.6
    assert np.corrcoef(rows, factors["dy"])[0, 1] > 0.6
    assert np.corrcoef(ink.sum((1, 2)), factors["scale"])[0, 1] > 0.2
    assert np.corrcoef(ink.sum((1, 2)), factors["thickness"])[0, 1] > 0.3


def test_shift_moves_right_and_down(fields, upright):
    base, moved = draw(fields, upright), draw(fields, upright, dx=2.0, dy=-1.0)
    np.testing.assert_allclose(center(moved) - center(base), [2, -1], atol=0.05)


def test_rotation_is_counter_clockwise(fields, upright):
    turned = draw(fields, upright, digit=1, rotation=15.0)
    top, bottom = center(turned[:14]), center(turned[14:])
    assert top[0] < bottom[0] - 1


def test_shear_leans_right(fields, upright):
    leaning = draw(fields, upright, digit=1, shear=0.3)
    straight = draw(fields, upright, digit=1)
    lean = center(leaning[:14])[0] - center(leaning[14:])[0]
    assert lean > center(straight[:14])[0] - center(straight[14:])[0] + 1


def test_scale_scales_the_area(fields, upright):
    small, large = draw(fields, upright, digit=8, scale=0.8), draw(fields, upright, digit=8)
    np.testing.assert_allclose(small.sum() / large.sum(), 0.64, atol=0.02)


def test_thickness_adds_pixels_to_the_stroke(fields, upright):
    base, thick = draw(fields, upright, digit=1), draw(fields, upright, digit=1, thickness=1.0)
    row = 13
    np.testing.assert_allclose((thick[row].sum() - base[row].sum()) / 255, 2.0, atol=0.25)


def test_elastic_moves_no_further_than_it_says(fields, upright):
    base, bent = draw(fields, upright), draw(fields, upright, bend=1.0, elastic=2.0)
    np.testing.assert_allclose(center(base) - center(bent), [2, 2], atol=0.05)


def test_the_same_seed_draws_the_same():
    first, again = glyphs.make(20, 10, seed=5), glyphs.make(20, 10, seed=5)
    assert all((first[name] == again[name]).all() for name in first)
    assert (glyphs.make(20, 10, seed=6)["train_images"] != first["train_images"]).any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: glyphs.make(train=0), ValueError, "at least 10. Received: train=0"),
        (lambda: glyphs.make(train=15), ValueError, "a multiple of 10. Received: train=15"),
        (lambda: glyphs.make(test=-10), ValueError, "at least 10. Received: test=-10"),
        (lambda: glyphs.make(test="10"), ValueError, "whole number .*Received: test='10'"),
        (lambda: glyphs.make(10, 10, seed=-1), ValueError, "Received: seed=-1"),
        (lambda: glyphs.make(10, 10, seed="x"), ValueError, "Received: seed='x'"),
        (lambda: glyphs.write(None), TypeError, "must be a path, as text. Received: path=None"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_repeated_images_are_refused():
    one = np.zeros((1, 28, 28), np.uint8)
    with pytest.raises(ValueError, match="1 repeated image"):
        glyphs._refuse_duplicates(one, one)


@pytest.fixture
def installed_alone(data_dir, monkeypatch):
    """Simulate an installation without the repository, with a small set for speed."""
    monkeypatch.setattr(glyphs, "committed_file", lambda name: None)
    small = glyphs.make(20, 10)
    calls = []
    monkeypatch.setattr(glyphs, "make", lambda: calls.append(1) or small)
    glyphs._arrays.cache_clear()
    yield data_dir, calls
    glyphs._arrays.cache_clear()


def test_made_once_and_cached_if_the_file_is_missing(installed_alone):
    folder, calls = installed_alone
    images, _ = glyphs.read("train")
    assert [f.name for f in folder.iterdir()] == ["glyphs.npz"]
    glyphs._arrays.cache_clear()
    np.testing.assert_array_equal(glyphs.read("train")[0], images)
    assert len(calls) == 1


def test_a_failed_write_leaves_nothing(installed_alone, monkeypatch):
    folder, _ = installed_alone

    def fail(file, **arrays):
        file.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.warns(UserWarning, match="disk full"):
        glyphs.read("train")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("keep", [0, 2, 1000])
def test_a_damaged_file_is_named(installed_alone, keep):
    folder, _ = installed_alone
    path = glyphs.write(folder / "glyphs.npz")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="not a complete .npz file.*Delete the file"):
        glyphs.read("train")


def test_a_folder_that_is_not_writable_is_reported(installed_alone, monkeypatch):
    folder, _ = installed_alone
    (folder / "file").write_text("")
    monkeypatch.setenv("GANKIT_DATA_DIR", str(folder / "file" / "below"))
    with pytest.warns(UserWarning, match="could not be stored.*GANKIT_DATA_DIR"):
        images, _ = glyphs.read("test")
    assert images.shape == (10, 28, 28, 1)
