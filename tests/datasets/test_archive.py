import numpy as np
import pytest

from gankit.datasets.archive import read_npz, write_npz


def test_round_trip_and_plain_numpy_reads_it(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.uint8).reshape(2, 3), "b": np.float32([1.5])}
    path = write_npz(tmp_path / "new" / "x.npz", arrays)
    with np.load(path, allow_pickle=False) as archive:
        for name, array in arrays.items():
            np.testing.assert_array_equal(archive[name], array)
            np.testing.assert_array_equal(read_npz(path)[name], array)
            assert read_npz(path)[name].dtype == array.dtype


def test_same_arrays_same_bytes(tmp_path):
    arrays = {"a": np.arange(1000)}
    first = write_npz(tmp_path / "1.npz", arrays).read_bytes()
    assert write_npz(tmp_path / "2.npz", {"a": np.arange(1000)}).read_bytes() == first


def test_objects_are_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(ValueError, match="'bad' holds Python objects"):
        write_npz(tmp_path / "x.npz", {"bad": np.array([None])})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = write_npz(tmp_path / "x.npz", {"a": np.arange(3)})
    before = path.read_bytes()
    with pytest.raises(ValueError):
        write_npz(path, {"a": np.arange(4), "bad": np.array([None])})
    assert path.read_bytes() == before


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_a_cut_file_is_named(tmp_path, keep):
    path = write_npz(tmp_path / "cut.npz", {"a": np.arange(10_000)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"cut\.npz' is no whole \.npz file"):
        read_npz(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "none.npz")
