"""The README's code runs as it stands, but for the time it takes."""

import re
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
IMAGES = np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 1)).astype("float32")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def block(word):
    (found,) = (source for source in BLOCKS if word in source)
    return re.sub(r"epochs=\d+", "epochs=1", found)


def test_a_gan_of_ones_own(elsewhere):
    layers = keras.layers
    generator = keras.Sequential(
        [keras.Input((100,)), layers.Dense(64, "tanh"), layers.Reshape((8, 8, 1))]
    )
    discriminator = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)])
    names = {"generator": generator, "discriminator": discriminator, "images": IMAGES}
    exec(block("BackupAndRestore"), names)
    assert names["samples"].shape == (16, 8, 8, 1)
    assert {path.name for path in elsewhere.iterdir()} == {"backup", "gan.keras", "training.gif"}


def test_a_game_of_ones_own(elsewhere, capsys):
    layers = keras.layers

    def network(shape, *parts):
        return keras.Sequential([keras.Input(shape), *parts])

    flat, picture = layers.Flatten(), layers.Reshape((8, 8, 1))
    gray = np.ones((64, 8, 8, 1), "float32") * np.linspace(-0.9, 0.9, 64)[:, None, None, None]
    gray = gray.astype("float32")
    names = {
        "encoder": network((8, 8, 1), flat, layers.Dense(200)),
        "generator": network((100,), layers.Dense(64, "tanh"), picture),
        "discriminator": network((8, 8, 1), layers.Flatten(), layers.Dense(1)),
        "images": gray,
    }
    source = block("class VAEGAN")
    exec(source, names)
    game = names["vae_gan"]
    assert "distance" in capsys.readouterr().out
    np.testing.assert_array_equal(names["samples"], game.generate(16, seed=0))
    history = game.fit(gray, batch_size=8, epochs=30, verbose=0).history["distance"]
    assert history[-1] < 0.7 * history[0], "what the encoder sees is rebuilt better and better"
    body = source[source.index("class VAEGAN") : source.index("vae_gan = ")]
    lines = [line for line in body.splitlines() if line.strip()]
    assert len(lines) <= 22


def test_a_layer_alone(elsewhere, monkeypatch):
    shutil.copy(ROOT / "gankit" / "layers" / "maxout.py", elsewhere)
    monkeypatch.syspath_prepend(str(elsewhere))
    names = {"x": IMAGES.reshape(64, -1)}
    exec(block("from maxout"), names)
    del sys.modules["maxout"]
    assert names["x"].shape == (64, 240)


def test_a_folder_of_ones_own(elsewhere):
    (elsewhere / "photos").mkdir()
    for i in range(4):
        Image.new("RGB", (90, 70), (40 * i, 90, 200)).save(elsewhere / "photos" / f"{i}.png")
    (elsewhere / "photos" / "broken.png").write_bytes(b"no picture")
    names = {}
    source = block("from_folder").replace("width=64", "width=2")
    with pytest.warns(UserWarning, match=r"broken\.png"):
        exec(source, names)
    assert names["images"].shape == (4, 64, 64, 3)
    assert names["gan"].generate(1, seed=0).shape == (1, 64, 64, 3)


def test_every_block_is_tried_here():
    assert len(BLOCKS) == 4
