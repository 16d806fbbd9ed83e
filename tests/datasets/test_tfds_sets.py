import sys
import urllib.error
import urllib.request

import numpy as np
import pytest

from gankit import datasets
from gankit.datasets import idx, streaming, tfds_sets

tf = pytest.importorskip("tensorflow")
tfds = pytest.importorskip("tensorflow_datasets")


def prepare(folder, name, images, labels=None, config=None, encoding="png"):
    """Write our own images to a data folder as TensorFlow Datasets does."""
    features = {"image": tfds.features.Image(shape=images.shape[1:], encoding_format=encoding)}
    columns = {"image": images}
    if labels is not None:
        features["label"] = tfds.features.ClassLabel(num_classes=int(max(labels)) + 1)
        columns["label"] = np.asarray(labels, np.int64)
    split = tf.data.Dataset.from_tensor_slices(columns)
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version="1.2.3",
        features=tfds.features.FeaturesDict(features),
        split_datasets={"train": split.take(len(images)), "test": split.take(2)},
        config=config,
        data_dir=folder,
        disable_shuffling=True,
    )


def pictures(n, *shape):
    return np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.fixture
def offline(monkeypatch):
    asked = []

    def no_network(request, timeout):
        asked.append(timeout)
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    return asked


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_cifar10_from_a_prepared_folder(data_dir):
    images, labels = pictures(7, 32, 32, 3), [0, 1, 2, 3, 4, 5, 9]
    prepare(data_dir, "cifar10", images, labels)
    assert datasets.available("cifar10")
    got, classes = datasets.load("cifar10")
    np.testing.assert_allclose(got, images / 127.5 - 1, atol=1e-6)
    assert classes.tolist() == labels and classes.dtype == np.int32
    assert datasets.load("cifar10", "test", image_size=16)[0].shape == (2, 16, 16, 3)
    batch, _ = next(iter(datasets.stream("cifar10", 4, labels=True, shuffle=False)))
    np.testing.assert_array_equal(batch, got[:4])


def test_emnist_is_turned_upright(data_dir):
    images = pictures(5, 28, 28, 1)
    prepare(data_dir, "emnist", images, [0, 46, 2, 3, 4], config="balanced")
    got, _ = datasets.load("emnist")
    np.testing.assert_allclose(got, images.transpose(0, 2, 1, 3) / 127.5 - 1, atol=1e-6)


@pytest.fixture
def faces(data_dir, monkeypatch):
    """Prepare twenty faces, each with one color in its central square and black elsewhere."""
    monkeypatch.setattr(streaming, "WINDOW", 8)
    images = np.zeros((20, 218, 178, 3), np.uint8)
    images[:, 20:198] = (10 + 12 * np.arange(20, dtype=np.uint8))[:, None, None, None]
    prepare(data_dir, "celeb_a", images)
    return 10 + 12 * np.arange(20)


def colors(batches):
    values = [np.round((np.asarray(b) + 1) * 127.5).astype(int) for b in batches]
    assert all((v == v[:, :1, :1, :1]).all() for v in values)  # no black pixel is left
    return [v[:, 0, 0, 0].tolist() for v in values]


def test_celeb_a_is_cut_to_the_central_square(faces):
    images, labels = datasets.load("celeb_a")
    assert images.shape == (20, 64, 64, 3) and labels is None
    assert colors([images]) == [faces.tolist()]
    assert datasets.load("celeb_a", image_size=32)[0].shape == (20, 32, 32, 3)


def test_celeb_a_streams_from_disk_and_resumes(faces):
    stream = datasets.stream("celeb_a", 3, image_size=16, seed=1)
    assert stream.element_spec.shape == (3, 16, 16, 3) and len(stream) == 6
    first, second = colors(stream), colors(stream)
    assert first != second
    again = datasets.stream("celeb_a", 3, image_size=16, seed=1)
    tf.random.set_seed(5)  # the order must not depend on any global seed
    assert [colors(again), colors(again)] == [first, second]
    again.position.seek(1, 4)
    assert colors(again) == second[4:]


def test_celeb_a_shuffles_all_of_each_window(faces):
    whole = datasets.stream("celeb_a", 4, drop_remainder=False, image_size=16)
    seen = sum(colors(whole), [])
    assert sorted(seen) == faces.tolist() and seen != faces.tolist()
    assert sorted(seen[:8]) == faces[:8].tolist()
    plain = datasets.stream("celeb_a", 4, shuffle=False, image_size=16)
    assert sum(colors(plain), []) == faces.tolist()


@pytest.mark.parametrize("name", datasets.names(embedded=False))
def test_offline_and_not_here(name, data_dir, offline):
    with pytest.raises(datasets.DatasetUnavailable) as caught:
        datasets.load(name)
    message = str(caught.value)
    for part in (f"'{name}'", str(data_dir), "cannot be reached", "digits, glyphs"):
        assert part in message
    assert "GANKIT_DATA_DIR" in message and "original files (" in message
    assert max(offline) <= 10  # seconds, the timeout of the only request
    assert everything(data_dir) == []
    assert not datasets.available(name)


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, offline):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANKIT_DATA_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(datasets.DatasetUnavailable, match="cannot be written to.*GANKIT_DATA_DIR"):
        datasets.load("cifar10")
    assert offline == []


def test_damaged_originals_leave_nothing_half_written(data_dir, offline):
    original = data_dir / "cifar10" / "cifar-10-binary.tar.gz"
    original.parent.mkdir()
    original.write_bytes(b"not the archive")
    before = everything(data_dir)
    with pytest.raises(datasets.DatasetUnavailable, match="could not prepare it"):
        datasets.load("cifar10")
    assert everything(data_dir) == before


def test_an_interrupted_preparation_is_tidied(tmp_path):
    kept = tmp_path / "mnist" / "3.0.0"
    kept.mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt), tfds_sets._remove_partial_files(tmp_path, "mnist"):
        half = tmp_path / "mnist" / "incomplete.ABC_3.0.1"
        half.mkdir()
        (half / "mnist-train.tfrecord").write_text("")
        download = tmp_path / "downloads" / "mnist"
        download.mkdir(parents=True)
        (download / "a.gz.tmp.123").write_text("")
        (download / "whole.gz").write_text("")
        raise KeyboardInterrupt
    assert kept.is_dir()
    assert everything(tmp_path / "mnist") == ["3.0.0"]
    assert everything(tmp_path / "downloads") == ["mnist", "mnist/whole.gz"]


def test_an_answer_of_any_kind_means_online(data_dir, monkeypatch):
    def refuses(request, timeout):
        raise urllib.error.HTTPError(request.full_url, 403, "Forbidden", {}, None)

    monkeypatch.setattr(urllib.request, "urlopen", refuses)
    cifar = datasets.describe("cifar10")
    tfds_sets._check_reachable(cifar, data_dir, "https://example.org/x", set())


def test_half_prepared_and_foreign_folders_are_not_taken(data_dir):
    for version in ("incomplete.X_3.0.1", "old"):
        folder = data_dir / "cifar10" / version
        folder.mkdir(parents=True)
        (folder / "dataset_info.json").write_text("{}")
    assert not datasets.available("cifar10")


def test_without_tensorflow_the_command_is_named(data_dir, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match="pip install tensorflow.*digits.*original archives"):
        datasets.load("cifar10")
    assert not datasets.available("cifar10")


def test_the_sums_are_those_of_tensorflow_datasets(data_dir):
    for name, sums in idx._SHA256.items():
        infos = tfds.builder(name, data_dir=data_dir).url_infos.values()
        ours = dict(zip((*idx.ARCHIVES["train"], *idx.ARCHIVES["test"]), sums, strict=True))
        assert {info.filename: info.checksum for info in infos} == ours


def test_mnist_through_tensorflow_datasets(data_dir, mnist_archives, offline, monkeypatch):
    # Preparing all 60,000 examples of the split that the test does not read would take long.
    mnist = sys.modules[type(tfds.builder("mnist", data_dir=data_dir)).__module__]
    monkeypatch.setattr(mnist, "_TRAIN_EXAMPLES", 100)
    by_hand = data_dir / "downloads" / "manual"
    by_hand.mkdir(parents=True)
    for archive in mnist_archives.glob("*.gz"):
        (by_hand / archive.name).symlink_to(archive)
    images, labels = datasets.load("mnist", "test")
    assert datasets.available("mnist") and offline == []
    original, classes = idx.read("mnist", "test", mnist_archives)
    assert images.shape == original.shape
    assert np.bincount(labels).tolist() == np.bincount(classes).tolist()
    back = np.round((images + 1) * 127.5).astype(np.uint8)
    both = (np.unique(a.reshape(len(a), -1), axis=0) for a in (back, original))
    np.testing.assert_array_equal(*both)
