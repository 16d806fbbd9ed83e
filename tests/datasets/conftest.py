"""Fixtures that the tests of the data sets share."""

import os
from pathlib import Path

import pytest

from gankit.datasets import idx

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    """Make an empty data folder for one test."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("GANKIT_DATA_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def mnist_archives():
    """Return the folder of MNIST's original archives, or skip the test if there is none."""
    beside = REPOSITORY.parent / "shared" / "data"
    for folder in (os.environ.get("GANKIT_DATA_DIR"), beside):
        if folder and idx.present(Path(folder) / "mnist"):
            return Path(folder).absolute() / "mnist"
    pytest.skip("MNIST's original archives are not on this machine")
