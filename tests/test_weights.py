"""Weights that Keras publishes: one download, a checksum, and an error without a network."""

import hashlib

import pytest

from gankit import weights

KNOWN = {"path": "net/net.h5", "size": "7 MB", "instead": "Or do without."}


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Replace the server with a folder that contains one file."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(weights, "ROOT", (tmp_path / "server").as_uri())
    (tmp_path / "server" / "net").mkdir(parents=True)
    file = tmp_path / "server" / "net" / "net.h5"
    file.write_bytes(b"the weights")
    return file


def test_without_a_network_the_error_says_what_to_put_where(server, tmp_path):
    server.unlink()
    with pytest.raises(RuntimeError, match="could not be downloaded") as error:
        weights.published_weights(md5="0", **KNOWN)
    for part in (
        str(tmp_path / "home" / "models"),
        "net.h5",
        "7 MB",
        server.as_uri(),
        "do without",
    ):
        assert part in str(error.value)


def test_weights_are_downloaded_once_and_checked(server, tmp_path):
    with pytest.raises(RuntimeError, match="could not be downloaded.*hash does not match"):
        weights.published_weights(md5="0" * 32, **KNOWN)
    md5 = hashlib.md5(b"the weights").hexdigest()
    place = tmp_path / "home" / "models" / "net.h5"
    assert weights.published_weights(md5=md5, **KNOWN) == str(place)
    assert place.read_bytes() == b"the weights"
    server.unlink()
    assert weights.published_weights(md5=md5, **KNOWN) == str(place)
