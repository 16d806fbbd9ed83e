"""Every reader refuses a broken file with an error that names it."""

import errno
import itertools

import broken_files
import keras
import numpy as np
import pytest

import gankit
from gankit.callbacks import BackupAndRestore
from gankit.commands.srgan import read_picture
from gankit.datasets import from_folder, glyphs, idx, load, paired_folder
from gankit.metrics import DigitClassifier, inception_features
from gankit.models.vgg_content import VGGContent


def check_refused(read, path):
    """The error is one of three kinds, is raised on purpose, and names the file."""
    with pytest.raises((OSError, TypeError, ValueError)) as caught:
        read()
    kind = type(caught.value)
    assert kind.__module__ == "builtins" or kind.__module__.startswith("gankit."), kind
    assert not issubclass(kind, UnicodeError)
    assert str(path) in str(caught.value)


IMAGE_READERS = {
    "from_folder": lambda path: from_folder(path.parent, 8),
    "from_folder, skipping": lambda path: from_folder(path.parent, 8, on_error="skip"),
    "paired_folder": lambda path: paired_folder(path.parent, 8),
    "read_picture": read_picture,
}


@pytest.mark.parametrize("reader", IMAGE_READERS)
def test_images(tmp_path, subtests, reader):
    for what, path in broken_files.images(tmp_path).items():
        with subtests.test(what):
            check_refused(lambda path=path: IMAGE_READERS[reader](path), path)


@pytest.mark.parametrize("side", ["A", "B"])
def test_an_image_of_a_pair(tmp_path, subtests, side):
    for what, path in broken_files.images(tmp_path).items():
        folder = path.parent
        (folder / "A").mkdir(), (folder / "B").mkdir()
        path = path.rename(folder / side / path.name)
        partner = {"A": "B", "B": "A"}[side]
        (folder / partner / "a.png").write_bytes(broken_files.encoded("PNG"))
        with subtests.test(what):
            check_refused(lambda folder=folder: paired_folder(folder, 8), path)


def test_keras_files(make_gan, tmp_path, subtests):
    make_gan().save(tmp_path / "whole.keras")
    for what, path in broken_files.keras_files(tmp_path, tmp_path / "whole.keras").items():
        with subtests.test(what):
            check_refused(lambda path=path: gankit.load_model(path), path)


@pytest.mark.usefixtures("untraced")
def test_backups(make_gan, points, state_of, tmp_path, subtests):
    keeps = BackupAndRestore(tmp_path, delete_when_done=False)
    make_gan().fit(points, batch_size=16, verbose=0, callbacks=[keeps])
    gan = make_gan(seed=1)
    before = state_of(gan)

    def go_on(path):
        backup = BackupAndRestore(path.parent)
        gan.fit(points, batch_size=16, epochs=2, verbose=0, callbacks=[backup])

    for what, path in broken_files.backups(tmp_path, tmp_path / "backup.gankit").items():
        content = path.read_bytes()
        with subtests.test(what):
            check_refused(lambda path=path: go_on(path), path)
        assert path.read_bytes() == content
    for a, b in zip(before, state_of(gan), strict=True):
        np.testing.assert_array_equal(a, b)


def test_npz_files_of_the_digit_classifier(tmp_path, subtests):
    classifier = DigitClassifier(seed=0)
    classifier.save(tmp_path / "whole.npz")
    for what, path in broken_files.npz_files(tmp_path, tmp_path / "whole.npz").items():
        with subtests.test(what):
            check_refused(lambda path=path: classifier.load(path), path)


def test_npz_files_of_the_glyphs(tmp_path, subtests, monkeypatch):
    monkeypatch.setattr(glyphs, "committed_file", lambda name: None)
    pairs = itertools.product(("train", "test"), ("images", "labels", "font", *glyphs.FACTORS))
    arrays = {"_".join(pair): np.zeros((2, 28, 28)) for pair in pairs}
    whole = glyphs._save(tmp_path / "glyphs.npz", arrays)
    monkeypatch.setenv("GANKIT_DATA_DIR", str(tmp_path))
    glyphs._arrays.cache_clear()
    assert glyphs.read("train")[0].shape == (2, 28, 28, 1)
    for what, path in broken_files.npz_files(tmp_path, whole).items():
        monkeypatch.setenv("GANKIT_DATA_DIR", str(path.parent))
        path = path.rename(path.with_name("glyphs.npz"))
        glyphs._arrays.cache_clear()
        with subtests.test(what):
            check_refused(lambda: load("glyphs"), path)
    glyphs._arrays.cache_clear()


def test_idx_contents(subtests):
    for what, content in broken_files.idx_files().items():
        with subtests.test(what), pytest.raises(ValueError, match="Received"):
            idx.parse(content)


def test_idx_archives(tmp_path, subtests, monkeypatch):
    name = idx.ARCHIVES["train"][0]
    for what, path in broken_files.idx_archives(tmp_path, name).items():
        folder = path.parent / "mnist"
        folder.mkdir()
        path = path.rename(folder / name)
        for other in {*idx.ARCHIVES["train"], *idx.ARCHIVES["test"]} - {name}:
            (folder / other).write_bytes(b"")
        monkeypatch.setenv("GANKIT_DATA_DIR", str(folder.parent))
        with subtests.test(what):
            check_refused(lambda: load("mnist"), path)


def test_weights_of_vgg(tmp_path, subtests):
    rng, shapes = np.random.default_rng(0), {"1_1": (3, 3, 3, 2), "1_2": (3, 3, 2, 3)}
    arrays = {f"conv{name}_kernel": rng.normal(size=shape) for name, shape in shapes.items()}
    arrays |= {f"conv{name}_bias": np.zeros(shape[-1]) for name, shape in shapes.items()}
    np.savez(tmp_path / "whole.npz", **arrays)
    VGGContent("block1_conv2", tmp_path / "whole.npz")
    for what, path in broken_files.vgg_weights(tmp_path, tmp_path / "whole.npz").items():
        with subtests.test(what):
            check_refused(lambda path=path: VGGContent("block1_conv2", path), path)


@pytest.mark.tensorflow  # the network is Keras' own, and takes its time on JAX
def test_weights_of_inception(tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(b"hello")
    check_refused(lambda: inception_features(path), path)


# ---- a full disk ---------------------------------------------------------------------------------


class FullDisk:
    """A file that takes half of what is written to it."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, data):
        self.file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    def writelines(self, parts):
        self.write(b"".join(parts))


@pytest.mark.usefixtures("untraced")
def test_a_backup_on_a_full_disk(make_gan, points, tmp_path, monkeypatch):
    path = tmp_path / "backup.gankit"

    def train(epochs):
        callbacks = [BackupAndRestore(tmp_path, delete_when_done=False)]
        make_gan().fit(points, batch_size=16, epochs=epochs, verbose=0, callbacks=callbacks)

    train(1)
    content = path.read_bytes()
    with monkeypatch.context() as full:
        full.setattr("gankit.resume.open", lambda p, m: FullDisk(open(p, m)), raising=False)
        with pytest.raises(OSError, match="No space left on device") as caught:
            train(2)
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == [path] and path.read_bytes() == content
    train(2)  # it goes on from there
    assert path.read_bytes() != content


def test_a_model_on_a_full_disk(make_gan, tmp_path, monkeypatch):
    path, gan = tmp_path / "gan.keras", make_gan()
    gan.save(path)
    content = path.read_bytes()

    def save(model, file, **options):
        with FullDisk(open(file, "wb")) as full:
            full.write(content)

    monkeypatch.setattr(keras.Model, "save", save)
    with pytest.raises(OSError, match="No space left on device") as caught:
        gan.save(path)
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == [path] and path.read_bytes() == content


# No file of the process may grow beyond a few bytes: the kernel refuses, as on a full disk.
LIMITED = """if True:
    import resource, signal
    from pathlib import Path
    import numpy as np
    from conftest import small_gan
    from gankit.callbacks import BackupAndRestore

    backup, model = Path(folder, "backup.gankit"), Path(folder, "gan.keras")
    points = np.random.default_rng(1).normal(size=(48, 2)).astype("float32")
    gan = small_gan()

    def train(epochs):
        callbacks = [BackupAndRestore(folder, delete_when_done=False)]
        gan.fit(points, batch_size=16, epochs=epochs, verbose=0, callbacks=callbacks)

    train(1)
    gan.save(model)
    contents = {path: path.read_bytes() for path in (backup, model)}
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    for path, write in ((backup, lambda: train(2)), (model, lambda: gan.save(model))):
        try:
            write()
        except OSError as error:
            message = str(error)
        assert str(path) in message and "too large" in message, message
        assert set(Path(folder).iterdir()) == {backup, model}
        assert path.read_bytes() == contents[path]
"""


@pytest.mark.tensorflow  # files are written in the same way on every backend
def test_a_disk_that_the_kernel_calls_full(run_process, tmp_path):
    pytest.importorskip("resource")
    assert run_process(LIMITED, folder=str(tmp_path)) == 0
