"""`Validate`: measures pairs held out, keeps the best."""

import numpy as np
import pytest

from gankit.callbacks import Validate
from gankit.models.srgan import LIGHT, SRGAN


def error(output, target):
    return float(np.mean((output - target) ** 2))


def make_pairs():
    rng = np.random.default_rng(0)
    small = [rng.uniform(-1, 1, (5, 6 + i, 3)).astype("float32") for i in range(2)]
    return small, [rng.uniform(-1, 1, (10, 12 + 2 * i, 3)).astype("float32") for i in range(2)]


def train(callback, epochs=3):
    gan = SRGAN((16, 16, 3), 2, LIGHT | {"width": 2, "blocks": 1}, {"width": 1, "dense": 2}, seed=0)
    gan.compile(adversarial_weight=0)
    crops = np.random.default_rng(1).uniform(-1, 1, (4, 16, 16, 3)).astype("float32")
    return gan, gan.fit(crops, epochs=epochs, callbacks=[callback], verbose=0).history


@pytest.mark.usefixtures("untraced")
def test_it_logs_the_mean_over_pairs_and_keeps_the_best():
    small, large = make_pairs()
    validate = Validate({"error": error}, small, large, monitor="error", mode="max")
    gan, history = train(validate)
    outputs = [gan.enlarge(x[None])[0] for x in small]
    last = np.mean([error(a, b) for a, b in zip(outputs, large, strict=True)])
    assert history["error"][-1] == pytest.approx(last, rel=1e-5) and len(history["error"]) == 3
    assert validate.best_value == max(history["error"])
    validate.restore()
    outputs = [gan.enlarge(x[None])[0] for x in small]
    best = np.mean([error(a, b) for a, b in zip(outputs, large, strict=True)])
    assert best == pytest.approx(validate.best_value, rel=1e-5)


def test_pairs_must_be_pairs():
    small, large = make_pairs()
    with pytest.raises(ValueError, match="Received: 2 inputs and 1 targets"):
        Validate({"error": error}, small, large[:1])
    with pytest.raises(ValueError, match="Received: 0 inputs and 0 targets"):
        Validate({"error": error}, [], [])


@pytest.mark.parametrize(
    ("metrics", "inputs", "targets", "best", "message"),
    [
        (None, [0], [0], {}, "map names to functions. Received: None"),
        ({"e": error}, None, [0], {}, "`inputs` must hold one entry .* Received: None"),
        ({"e": error}, [0], 5, {}, "`targets` must hold one entry .* Received: 5"),
        ({"e": error}, [0], "a", {}, "`targets` must hold one entry .* Received: 'a'"),
        ({"e": error}, [0], [0], {"restore_best": "no"}, "restore_best='no'"),
    ],
)
def test_other_types_are_refused(metrics, inputs, targets, best, message):
    with pytest.raises(TypeError, match=message):
        Validate(metrics, inputs, targets, **best)
