"""SRGAN from the command line: a folder of pictures in, a model or larger pictures out."""

import re

import keras
import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.commands.srgan import main, random_crops, read_picture, y_psnr
from gankit.models.pix2pix import Pix2Pix
from gankit.models.srgan import LIGHT, SRGAN

PICTURE = np.zeros((9, 9, 3), "uint8")
SMALL = ["--width", "2", "--blocks", "1", "--crop", "32", "--crops", "8", "--batch-size", "4"]


@pytest.fixture
def folder(tmp_path):
    """Five photographs and a picture that is none, one cut short, one too small for a crop."""
    pictures = tmp_path / "pictures"
    (pictures / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for index in range(5):
        pixels = rng.integers(0, 256, (40, 50 + index, 3), "uint8")
        Image.fromarray(pixels).save(pictures / "more" / f"{index}.png")
    (pictures / "broken.png").write_bytes(b"no picture")
    (pictures / "cut.png").write_bytes((pictures / "more" / "0.png").read_bytes()[:900])
    Image.new("RGB", (20, 20)).save(pictures / "tiny.png")
    return pictures


@pytest.fixture
def model(tmp_path):
    gan = SRGAN((16, 16, 3), 2, LIGHT | {"width": 2, "blocks": 1}, {"width": 1, "dense": 2}, seed=0)
    gan.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


@pytest.mark.usefixtures("untraced")
def test_train_and_upscale(folder, tmp_path, capsys):
    path = tmp_path / "photos.keras"
    epochs = ["--mse-epochs", "2", "--gan-epochs", "1", "--scale", "2"]
    assert main(["train", str(folder), str(path), *epochs, *SMALL]) == 1  # three files left out
    told = capsys.readouterr()
    for name in ("broken.png", "cut.png", "tiny.png"):
        assert f"{name}: " in told.err
    assert "20x20 pixels hold no crop of 32" in told.err and "bicubic:" in told.out
    assert f"trained on 5 pictures, 3 file(s) left out; model in {path}" in told.out
    assert not path.with_suffix(".runs").exists()

    assert main(["upscale", str(path), str(folder), str(tmp_path / "large")]) == 1
    told = capsys.readouterr()
    assert "broken.png'" in told.err and told.err.count("failed:") == 2
    assert "6 enlarged, 2 failed" in told.out
    with Image.open(tmp_path / "large" / "more" / "3.png") as large:
        assert large.size == (2 * 53, 2 * 40)


def test_a_killed_training_goes_on(folder, tmp_path, monkeypatch):
    path = tmp_path / "photos.keras"
    arguments = ["train", str(folder), str(path), "--mse-epochs", "3", *SMALL]

    class Crash(Exception):
        pass

    def crash(self, epoch, logs=None):
        if epoch == 1:
            raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(keras.callbacks.History, "on_epoch_begin", crash, raising=False)
        with pytest.raises(Crash):
            main(arguments)
    assert (path.with_suffix(".runs") / "mse").is_dir() and not path.exists()
    main(arguments)
    resumed = gankit.load_model(path)
    other = tmp_path / "whole.keras"
    main([*arguments[:2], str(other), *arguments[3:]])
    for a, b in zip(resumed.get_weights(), gankit.load_model(other).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_transparency_gray_and_names_that_meet(model, tmp_path):
    inside = tmp_path / "in"
    inside.mkdir()
    Image.new("RGBA", (9, 7), (200, 10, 10, 90)).save(inside / "logo.png")
    Image.new("LA", (9, 7), (200, 90)).save(inside / "gray.png")
    Image.new("L", (9, 7), 200).save(inside / "one.png")
    Image.new("RGB", (9, 7), (200, 10, 10)).save(inside / "one.jpg")
    assert main(["upscale", str(model), str(inside), str(tmp_path / "out"), "--scale", "2"]) == 0
    found = {}
    for path in (tmp_path / "out").iterdir():
        with Image.open(path) as image:
            assert image.size == (18, 14)
            found[path.name] = image.mode
    assert found == {"logo.png": "RGBA", "gray.png": "LA", "one.png.png": "L", "one.jpg.png": "RGB"}
    assert read_picture(inside / "gray.png").shape == (7, 9, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["upscale", "MODEL", "IN", "OUT", "--scale", "4"], "enlarge by 2.*scale=4"),
        (["upscale", "nowhere.keras", "IN", "OUT"], "no model file 'nowhere.keras'"),
        (["upscale", "MODEL", "IN", "IN"], "must not go into the folder of the pictures"),
        (["upscale", "MODEL", "IN", "IN", "--overwrite"], "must not go into the folder"),
        (["upscale", "OTHER", "IN", "OUT"], "must hold an SRGAN or its gen.*holds a Pix2Pix"),
        (["upscale", "MODEL", "IN", "OUT", "--tile", "4"], "tile=4"),
        (["train", "IN", "model.h5"], r"end in \.keras"),
        (["train", "nowhere", "x.keras"], "The folder 'nowhere' does not exist"),
        (["train", "IN", "x.keras"], "9x7 pixels hold no crop of 96"),
        (["train", "IN", "x.keras", "--crop", "18"], "multiples of scale=4"),
        (["train", "IN", "FOLDER"], "it is a folder.*Received: 'folder.keras'"),
        (["train", "IN", "x.keras", "--vgg", "no.h5"], "--vgg is for phase 2"),
        (["train", "IN", "x.keras", "--vgg", "no.h5", "--gan-epochs", "1"], "weights='no.h5'"),
    ],
)
def test_what_leaves_nothing_to_do_is_an_error(
    arguments, message, model, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for folder in ("in", "folder.keras"):
        (tmp_path / folder).mkdir()
    Image.new("RGB", (9, 7)).save(tmp_path / "in" / "a.png")
    if "OTHER" in arguments:
        Pix2Pix((32, 32, 3), width=1).save(tmp_path / "other.keras")
    names = {"MODEL": str(model), "IN": "in", "OUT": "out"}
    names |= {"OTHER": "other.keras", "FOLDER": "folder.keras"}
    assert main([names.get(argument, argument) for argument in arguments]) == 2
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rate", "nan"], "finite number above 0. Received: --rate=nan"),
        (["--rate=-1"], "Received: --rate=-1.0"),
        (["--mse-epochs", "0"], "Received: --mse-epochs=0"),
        (["--gan-epochs", "-1"], "Received: --gan-epochs=-1"),
        (["--batch-size", "0"], "Received: --batch-size=0"),
        (["--crops", "0"], "Received: --crops=0"),
        (["--crop=-16"], "at least 16. Received: --crop=-16"),
        (["--width", "x"], "Received: --width='x'"),
        (["--blocks", "0"], "Received: --blocks=0"),
        (["--seed", "-1"], "Received: --seed=-1"),
    ],
)
def test_options_are_checked_when_they_are_read(options, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["train", "nowhere", "model.keras", *options])
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: read_picture(None), TypeError, "must be a path, as text. Received: file=None"),
        (lambda: random_crops([PICTURE], 0, 1, 0), ValueError, "side=0"),
        (lambda: random_crops([PICTURE], 8, 0, 0), ValueError, "count=0"),
        (lambda: random_crops([PICTURE], 8, 1, -1), ValueError, "seed=-1"),
        (lambda: random_crops([PICTURE / 255], 8, 1, 0), TypeError, "must be uint8"),
        (lambda: random_crops([PICTURE[..., 0]], 8, 1, 0), TypeError, "must be uint8"),
        (lambda: random_crops([PICTURE[..., :1]], 8, 1, 0), TypeError, r"shape \(9, 9, 1\)"),
        (lambda: random_crops("x", 8, 1, 0), TypeError, "Received: a str of <U1"),
        (lambda: random_crops(None, 8, 1, 0), TypeError, "Received: a NoneType of object"),
        (lambda: y_psnr(PICTURE, PICTURE), TypeError, "`output` must hold finite floats"),
        (lambda: y_psnr(PICTURE / 255, None), TypeError, "`target` must hold.*Received: None"),
        (lambda: y_psnr(PICTURE / 255, PICTURE / 255 + np.nan), ValueError, "`target`.*nan"),
        (lambda: random_crops([], 8, 1, 0), ValueError, r"Received: \[\]"),
    ],
)
def test_bad_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_missing_file_is_named_and_the_rest_done(model, tmp_path, capsys):
    Image.new("RGB", (9, 7)).save(tmp_path / "a.png")
    files = [str(tmp_path / "missing.png"), str(tmp_path / "a.png")]
    assert main(["upscale", str(model), *files, str(tmp_path / "out")]) == 1
    assert "1 enlarged, 1 failed" in capsys.readouterr().out
    assert (tmp_path / "out" / "a.png").is_file()


def test_crops_are_cut_where_they_fit():
    pictures = [np.full((40, 60, 3), level, "uint8") for level in (0, 255)]
    crops = random_crops(pictures, 32, 50, seed=0)
    assert crops.shape == (50, 32, 32, 3) and set(np.unique(crops)) == {-1.0, 1.0}
    np.testing.assert_array_equal(crops, random_crops(pictures, 32, 50, seed=0))
    with pytest.raises(ValueError, match="crop of 48 pixels.*40x60"):
        random_crops(pictures, 48, 1, seed=0)


def test_psnr_is_the_papers():
    a = np.full((20, 20, 3), -1.0)
    b = np.array(a)
    b[4:-4, 4:-4] += 2 * 10 / 255
    assert y_psnr(a, b) == pytest.approx(20 * np.log10(255 / (10 * 219 / 255)), abs=0.01)


# What `python -m gankit.commands.srgan --help` does.
HELP = """
import contextlib, runpy, sys
sys.argv[1:] = ["--help"]
with open(out, "w") as file, contextlib.redirect_stdout(file):
    runpy.run_module("gankit.commands.srgan", run_name="__main__", alter_sys=True)
"""


def test_help(run_process, tmp_path, capsys):
    for command in ("train", "upscale"):
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
        assert f"python -m gankit.commands.srgan {command}" in capsys.readouterr().out
    assert run_process(HELP, out=str(tmp_path / "help.txt")) == 0
    assert "train|upscale" in (tmp_path / "help.txt").read_text()
