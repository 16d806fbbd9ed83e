import numpy as np
import pytest
import train_digit_features as script

from gankit.metrics import DigitClassifier


def test_embedded_sets_are_28_pixels_wide_in_both_framings():
    sets = script.load("embedded", "test")
    assert {name: images.shape[1:] for name, (images, _) in sets.items()} == dict.fromkeys(
        ("glyphs", "digits", "digits with a margin"), (28, 28, 1)
    )
    assert (sets["digits with a margin"][0][:, :4] == -1).all()
    images, labels = script.concatenate(sets)
    assert len(images) == len(labels) == 2000 + 2 * 3 * 355


@pytest.mark.usefixtures("untraced")
def test_writes_weights_that_load(tmp_path, monkeypatch, capsys):
    few = {name: (x[:40], y[:40]) for name, (x, y) in script.load("embedded", "test").items()}
    monkeypatch.setattr(script, "load", lambda data, split: few)
    path = tmp_path / "weights.npz"
    script.main(["--epochs", "1", "--output", str(path)])
    classifier = DigitClassifier(seed=5)
    classifier.load(path)
    images, labels = few["glyphs"]
    printed = capsys.readouterr().out
    assert f"glyphs: test accuracy {classifier.accuracy(images, labels):.4f}" in printed
    assert np.isfinite(classifier.features(images)).all()


def test_mnist_does_not_overwrite_the_shipped_weights(capsys):
    with pytest.raises(SystemExit):
        script.main(["--data", "mnist"])
    assert "--data mnist needs --output" in capsys.readouterr().err
