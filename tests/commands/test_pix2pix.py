"""`python -m gankit.commands.pix2pix`: from a folder of pairs to a folder of results."""

import numpy as np
import pytest
from PIL import Image

from gankit.commands.pix2pix import _output_files, main


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


def test_no_result_overwrites_another(tmp_path):
    files = [tmp_path / "in" / name for name in ("a.png", "a.jpg", "b.v2.jpg", "c/a.png")]
    found = _output_files(files, tmp_path / "in", tmp_path)
    names = ["a.png.png", "a.jpg.png", "b.v2.png", "c/a.png"]
    assert found == [tmp_path / name for name in names]


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
