import gzip
import hashlib

import numpy as np
import pytest

from gankit import datasets
from gankit.datasets import idx


def idx_bytes(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def tiny_archives(tmp_path, monkeypatch):
    """Make archives of ten examples in MNIST's format, and expect their checksums."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    rng = np.random.default_rng(0)
    content, sums = {}, []
    for split in ("train", "test"):
        arrays = rng.integers(0, 256, (10, 28, 28)), np.arange(10)
        content[split] = arrays
        for name, array in zip(idx.ARCHIVES[split], arrays, strict=True):
            (folder / name).write_bytes(gzip.compress(idx_bytes(array)))
            sums.append(hashlib.sha256((folder / name).read_bytes()).hexdigest())
    monkeypatch.setitem(idx._SHA256, "mnist", tuple(sums))
    monkeypatch.setenv("GANKIT_DATA_DIR", str(tmp_path))
    return folder, content


def test_archives_in_the_data_folder_are_loaded(tiny_archives):
    _, content = tiny_archives
    for split in ("train", "test"):
        images, labels = datasets.load("mnist", split)
        np.testing.assert_allclose(images[..., 0], content[split][0] / 127.5 - 1, atol=1e-6)
        assert labels.tolist() == list(range(10)) and labels.dtype == np.int32
    assert datasets.available("mnist")


def test_a_changed_archive_is_named(tiny_archives):
    folder, _ = tiny_archives
    archive = folder / idx.ARCHIVES["train"][0]
    archive.write_bytes(archive.read_bytes()[:-9])
    with pytest.raises(ValueError, match="train-images.* is not the original archive.*SHA-256"):
        datasets.load("mnist")


def test_one_missing_archive_means_not_present(tiny_archives):
    folder, _ = tiny_archives
    (folder / idx.ARCHIVES["test"][1]).unlink()
    assert not idx.present(folder) and not datasets.available("mnist")


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", bytes([0, 0, 13, 1, 0, 0, 0, 0])])
def test_other_formats_are_refused(content):
    with pytest.raises(ValueError, match="not an idx file of unsigned bytes"):
        idx.parse(content)


@pytest.mark.parametrize("cut", [5, 8, 12])
def test_a_short_file_is_refused(cut):
    with pytest.raises(ValueError, match="Received: .* (values|bytes)"):
        idx.parse(idx_bytes(np.ones((2, 3)))[:cut])


def test_the_real_mnist(mnist_archives, monkeypatch):
    monkeypatch.setenv("GANKIT_DATA_DIR", str(mnist_archives.parent))
    images, labels = datasets.load("mnist")
    assert images.shape == (60_000, 28, 28, 1) and images.dtype == np.float32
    # the published mean and standard deviation of the training pixels in [0, 1]
    np.testing.assert_allclose((images.mean() + 1) / 2, 0.1307, atol=1e-4)
    np.testing.assert_allclose(images.std() / 2, 0.3081, atol=1e-4)
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(labels).tolist() == counts
