import hashlib
import io
import urllib.error
import urllib.request
import zipfile

import numpy as np
import pytest
from PIL import Image

from gankit import datasets
from gankit.datasets import cmp_facades


def archive_of(names):
    """Make an archive like the original, in which the number and half set each gray level."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("facades/", "")
        for name in names:
            number, half = int(name.split("/")[-1].split("_")[0]), "AB".index(name[-5])
            picture = io.BytesIO()
            Image.new("RGB", (20, 20), (10 * number + 100 * half,) * 3).save(picture, "JPEG")
            archive.writestr(f"facades/{name}", picture.getvalue())
    return content.getvalue()


WHOLE = archive_of(
    [f"train{half}/{n}_{half}.jpg" for half in "AB" for n in (10, 2, 1)]
    + [f"test{half}/{n}_{half}.jpg" for half in "AB" for n in (5,)]
)


@pytest.fixture
def server(monkeypatch):
    """Return `content`, or fail if it is None, and count the requests."""

    class Server:
        content = WHOLE
        asked = 0

        def __call__(self, url, timeout):
            self.asked += 1
            if self.content is None:
                raise urllib.error.URLError("no network")
            return io.BytesIO(self.content)

    server = Server()
    monkeypatch.setattr(urllib.request, "urlopen", server)
    monkeypatch.setattr(cmp_facades, "_SHA256", hashlib.sha256(WHOLE).hexdigest())
    return server


def grays(images):
    return np.round((images[:, 0, 0, 0] + 1) * 127.5).astype(int)


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_fetched_once_and_paired_by_number(data_dir, server):
    assert not datasets.available("cmp_facades")
    inputs, targets = datasets.load_pairs("cmp_facades", image_size=16)
    assert inputs.shape == targets.shape == (3, 16, 16, 3)
    np.testing.assert_allclose(grays(targets), [10, 20, 100], atol=1)  # A, the photographs
    np.testing.assert_allclose(grays(inputs), [110, 120, 200], atol=1)  # B, the label maps
    assert datasets.available("cmp_facades")
    inputs, _ = datasets.load_pairs("cmp_facades", "test")
    assert inputs.shape == (1, 256, 256, 3) and server.asked == 1
    assert everything(data_dir) == ["cmp_facades", "cmp_facades/facades.zip"]


def test_offline_and_not_here(data_dir, server):
    server.content = None
    with pytest.raises(datasets.DatasetUnavailable) as caught:
        datasets.load_pairs("cmp_facades")
    for part in ("'cmp_facades'", str(data_dir), "no network", "(facades.zip)", "GANKIT_DATA_DIR"):
        assert part in str(caught.value)
    assert str(caught.value).endswith("which needs no network: facades.")
    assert everything(data_dir) == []


def test_another_archive_is_not_kept(data_dir, server):
    server.content = WHOLE[:-1]
    with pytest.raises(datasets.DatasetUnavailable, match="not the original archive, whose"):
        datasets.load_pairs("cmp_facades")
    assert everything(data_dir) == []


def test_an_archive_put_there_by_hand_is_checked(data_dir, server):
    place = data_dir / "cmp_facades" / "facades.zip"
    place.parent.mkdir()
    place.write_bytes(WHOLE)
    assert len(datasets.load_pairs("cmp_facades", image_size=8)[0]) == 3
    place.write_bytes(b"another")
    with pytest.raises(
        ValueError, match="facades.zip' is not the original archive.*Delete the file"
    ):
        datasets.load_pairs("cmp_facades")
    assert server.asked == 0 and place.is_file()


def test_a_picture_without_a_partner(data_dir, server, monkeypatch):
    server.content = archive_of(["trainA/1_A.jpg", "trainA/2_A.jpg", "trainB/1_B.jpg"])
    monkeypatch.setattr(cmp_facades, "_SHA256", hashlib.sha256(server.content).hexdigest())
    with pytest.raises(ValueError, match=r"pictures \[2\] of 'train' without a partner"):
        datasets.load_pairs("cmp_facades")


def test_a_folder_that_cannot_be_written(tmp_path, server, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANKIT_DATA_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(datasets.DatasetUnavailable, match="cannot be written to.*GANKIT_DATA_DIR"):
        datasets.load_pairs("cmp_facades")
    assert server.asked == 0


def test_the_sum_is_that_of_tensorflow_datasets(data_dir):
    tfds = pytest.importorskip("tensorflow_datasets")
    infos = tfds.builder("cycle_gan/facades", data_dir=data_dir).url_infos
    assert infos[cmp_facades._URL].checksum == cmp_facades._SHA256
