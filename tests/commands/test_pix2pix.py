"""`python -m gankit.commands.pix2pix`: from a folder of pairs to a folder of results."""

import re

import keras
import numpy as np
import pytest
from PIL import Image

from gankit.commands.pix2pix import main
from gankit.models.pix2pix import Pix2Pix


def write_pairs(folder, count=3, size=(80, 40)):
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(count):
        levels = rng.integers(0, 256, (size[1], size[0], 3)).astype("uint8")
        Image.fromarray(levels).save(folder / f"{i}.png")


def test_the_whole_way_from_a_folder_to_a_folder(tmp_path, capsys):
    write_pairs(tmp_path / "pairs")
    (tmp_path / "pairs" / "broken.png").write_bytes(b"no picture")
    Image.new("RGB", (41, 40)).save(tmp_path / "pairs" / "odd.png")
    model, results = str(tmp_path / "model.keras"), tmp_path / "results"
    size = ["--size", "32", "--width", "2", "--epochs", "1"]
    assert main(["train", str(tmp_path / "pairs"), model, *size]) == 1
    found = capsys.readouterr()
    assert "broken.png" in found.err and "odd.png" in found.err
    assert "3 pairs, 2 file(s) left out" in found.out

    (tmp_path / "pairs" / "odd.png").unlink()
    assert main(["translate", model, str(tmp_path / "pairs"), str(results)]) == 1
    found = capsys.readouterr()
    assert "broken.png" in found.err and "3 translated, 1 failed" in found.out
    assert sorted(path.name for path in results.iterdir()) == ["0.png", "1.png", "2.png"]
    assert Image.open(results / "0.png").size == (32, 32)


@pytest.mark.usefixtures("untraced")
def test_inputs_are_made_from_plain_pictures(tmp_path, capsys):
    write_pairs(tmp_path / "plain")
    folder, model, results = (str(tmp_path / name) for name in ("plain", "m.keras", "made"))
    size = ["--size", "32", "--width", "1", "--epochs", "1", "--batch-size", "3"]
    assert main(["train", folder, model, *size, "--make", "gray"]) == 0
    assert main(["translate", model, folder, results, "--make", "gray"]) == 0
    assert "3 translated, 0 failed" in capsys.readouterr().out
    before = [path.read_bytes() for path in sorted((tmp_path / "plain").iterdir())]
    for place, message in ((results, "--overwrite"), (folder, "folder of the pictures")):
        assert main(["translate", model, folder, place, "--make", "gray"]) == 2
        assert message in capsys.readouterr().err
    assert main(["translate", model, folder, folder, "--make", "gray", "--overwrite"]) == 2
    assert before == [path.read_bytes() for path in sorted((tmp_path / "plain").iterdir())]
    assert main(["translate", model, folder, results, "--make", "gray", "--overwrite"]) == 0


@pytest.mark.usefixtures("untraced")
def test_a_training_outlives_a_failed_save(tmp_path, capsys, monkeypatch):
    write_pairs(tmp_path / "pairs")
    path = tmp_path / "m.keras"
    size = ["--size", "32", "--width", "1", "--epochs", "1", "--batch-size", "3"]
    arguments = ["train", str(tmp_path / "pairs"), str(path), *size]

    def fail(self, path):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Pix2Pix, "save", fail)
        assert main(arguments) == 2
    assert "No space left" in capsys.readouterr().err
    backup = tmp_path / "m.backup" / "backup.gankit"
    assert backup.is_file() and not path.exists()
    monkeypatch.setattr(Pix2Pix, "step", fail)  # nothing is left to train
    assert main(arguments) == 0
    assert path.is_file() and not backup.parent.exists()


def test_a_target_that_is_a_folder_is_refused_before_the_training(tmp_path, capsys):
    write_pairs(tmp_path / "pairs")
    (tmp_path / "m.keras").mkdir()
    assert main(["train", str(tmp_path / "pairs"), str(tmp_path / "m.keras")]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.keras", "pairs"]


def test_another_models_file_is_named(tmp_path, capsys):
    path = tmp_path / "other.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    assert main(["translate", str(path), str(tmp_path), str(tmp_path / "out")]) == 2
    assert "must hold a Pix2Pix" in (told := capsys.readouterr().err) and "a Sequential." in told


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "`--epochs` must be a whole number of at least 1. Received.*=0"),
        (["--epochs", "-1"], "Received: --epochs=-1"),
        (["--epochs", "1.5"], "Received: --epochs='1.5'"),
        (["--batch-size", "0"], "Received: --batch-size=0"),
        (["--size", "16"], "at least 32 and at most 512. Received: --size=16"),
        (["--width", "0"], "Received: --width=0"),
        (["--patch", "0"], "Received: --patch=0"),
        (["--l1-weight", "nan"], "finite number of at least 0. Received: --l1-weight=nan"),
        (["--l1-weight", "-1"], "Received: --l1-weight=-1.0"),
        (["--l1-weight", "x"], "Received: --l1-weight='x'"),
        (["--seed", "-1"], "Received: --seed=-1"),
        (["--seed", str(2**32)], "Received: --seed=4294967296"),
        (["--reverse", "--make", "gray"], "not allowed with"),
    ],
)
def test_options_are_checked_when_they_are_read(options, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["train", "nowhere", "model.keras", *options])
    assert re.search(message, capsys.readouterr().err)


def test_the_shell_says_what_is_wrong(tmp_path, capsys):
    assert main(["train", str(tmp_path / "none"), "model.keras", "--size", "32"]) == 2
    assert "none' does not exist" in capsys.readouterr().err
    assert main(["train", str(tmp_path), "model.h5"]) == 2
    assert "'model.h5'" in capsys.readouterr().err
    assert main(["translate", str(tmp_path / "no.keras"), "a", "b"]) == 2
    assert "no.keras" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "train|translate" in capsys.readouterr().out
