from pathlib import Path

import pytest

from gankit.datasets import folders


def test_the_environment_comes_first(data_dir):
    assert folders.data_folder() == data_dir


def test_a_relative_or_missing_folder_is_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANKIT_DATA_DIR", "not/yet")
    assert folders.data_folder() == tmp_path / "not" / "yet"


def test_a_checkout_keeps_data_beside_the_package(monkeypatch):
    monkeypatch.delenv("GANKIT_DATA_DIR", raising=False)
    assert folders.data_folder() == Path(folders.__file__).resolve().parents[2] / "data"


def test_an_installed_package_takes_the_default(monkeypatch, tmp_path):
    monkeypatch.delenv("GANKIT_DATA_DIR", raising=False)
    monkeypatch.setattr(folders, "_PROJECT", tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    assert folders.data_folder() == tmp_path / "tfds"
    monkeypatch.delenv("TFDS_DATA_DIR")
    assert folders.data_folder() == Path.home() / "tensorflow_datasets"
    assert folders.committed_file("glyphs.npz") is None


def test_a_file_in_its_place(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANKIT_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(NotADirectoryError, match="GANKIT_DATA_DIR, .*file', is not a folder. Set"):
        folders.data_folder()


def test_a_folder_that_may_not_be_read(data_dir, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(folders.os, "listdir", refuse)
    with pytest.raises(PermissionError, match="cannot be read. Set GANKIT_DATA_DIR"):
        folders.data_folder()
