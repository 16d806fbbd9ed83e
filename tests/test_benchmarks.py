"""The throughput benchmark runs, and its contenders do the same arithmetic. No timing is tested."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
BENCHMARKS = REPOSITORY / "benchmarks"
HAS_TORCH = importlib.util.find_spec("torch") is not None
WIDTH, BATCH, LATENT_DIM, STEPS = 4, 8, 100, 3

pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def contenders_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / "step_throughput.py"), *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        timeout=600,
    )


def draw_steps():
    """Images and both players' latents for some steps."""
    draws = np.random.default_rng(3)
    shapes = [(BATCH, 28, 28, 1), (BATCH, LATENT_DIM), (BATCH, LATENT_DIM)]
    return [
        [draws.uniform(-1, 1, shape).astype("float32") for shape in shapes] for _ in range(STEPS)
    ]


def networks():
    from gankit.models.dcgan import build_discriminator, build_generator

    return (
        build_generator((28, 28, 1), LATENT_DIM, WIDTH, seed=1),
        build_discriminator((28, 28, 1), WIDTH, seed=2),
    )


def tensorflow_run(steps, prepare=lambda network: network):
    """The networks after the hand-written TensorFlow loop, and the losses of its steps."""
    import tensorflow as tf
    from contenders.tensorflow_loop import make_update

    generator, discriminator = map(prepare, networks())
    step = tf.function(make_update(generator, discriminator), autograph=False)
    losses = [[float(loss) for loss in step(*map(tf.constant, arrays))] for arrays in steps]
    return generator, discriminator, losses


def assert_same_weights(networks, others):
    for network, other in zip(networks, others, strict=True):
        assert network.count_params() == other.count_params()
        for a, b in zip(network.trainable_variables, other.trainable_variables, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-5, err_msg=a.path)


def test_runs_and_writes_what_it_measured(tmp_path):
    import step_throughput

    path = tmp_path / "result.json"
    small = ["--rounds", "2", "--slice-seconds", "0.01", "--width", "2", "--batch", "4"]
    done = run(*small, "--json", str(path))
    assert done.returncode == 0, done.stderr
    result = json.loads(path.read_text())
    names = [name for name in step_throughput.CONTENDERS if HAS_TORCH or "PyTorch" not in name]
    assert list(result["contenders"]) == names
    assert ("PyTorch is left out" in done.stdout) is not HAS_TORCH
    for name, row in result["contenders"].items():
        assert row["images_per_second"] > 0
        for ratio in row["speed"].values():
            assert 0 < ratio["min"] <= ratio["median"] <= ratio["max"]
        assert f"{name} " in done.stdout
    for baseline in ("TensorFlow", "PyTorch") if HAS_TORCH else ("TensorFlow",):
        assert set(result["contenders"][baseline]["speed"][baseline].values()) == {1.0}
    assert result["settings"]["rounds"] == 2
    assert "/" not in json.dumps(result["versions"])


@pytest.mark.parametrize("option", ["--rounds", "--slice-seconds", "--width", "--batch"])
def test_refuses_settings_that_are_not_above_0(option):
    done = run(option, "0")
    assert done.returncode == 2
    assert f"{option} must be above 0: 0" in done.stderr


def test_the_tensorflow_loop_takes_the_steps_that_gankit_takes():
    import keras

    from gankit.models.dcgan import DCGAN

    steps = draw_steps()
    generator, discriminator, losses = tensorflow_run(steps)

    draws = iter([latents for _, *both in steps for latents in both])

    class SameLatents(DCGAN):
        def sample_latents(self, n, seed):
            return keras.ops.convert_to_tensor(next(draws))

    gan = SameLatents((28, 28, 1), LATENT_DIM, WIDTH)
    for network, start in zip((gan.generator, gan.discriminator), networks(), strict=True):
        network.set_weights(start.get_weights())
    gan.compile(run_eagerly=True)
    for (real, *_), expected in zip(steps, losses, strict=True):
        gan.reset_metrics()
        logs = gan.train_on_batch(real, return_dict=True)
        found = [logs["discriminator_loss"], logs["generator_loss"]]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert_same_weights((gan.generator, gan.discriminator), (generator, discriminator))


def test_keras_normalisation_takes_the_steps_of_the_one_kernel():
    import keras
    from contenders.tensorflow_keras_norm import unfuse

    steps = draw_steps()
    *fused, expected = tensorflow_run(steps)
    *plain, found = tensorflow_run(steps, prepare=unfuse)
    counts = [sum(type(x) is keras.layers.BatchNormalization for x in p.layers) for p in plain]
    assert counts == [2, 1]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert_same_weights(fused, plain)


@pytest.mark.skipif(not HAS_TORCH, reason="the PyTorch loop needs PyTorch")
def test_the_pytorch_loop_takes_the_steps_of_the_tensorflow_loop():
    import torch
    from contenders import pytorch_loop

    players = pytorch_loop.Generator(LATENT_DIM, WIDTH), pytorch_loop.Discriminator(WIDTH)
    for player, network in zip(players, networks(), strict=True):
        parameters = list(player.parameters())
        shapes = [tuple(p.shape) for p in parameters]
        # Keras: inputs before outputs, spatial axes first; transposed kernels the other way round.
        order = {2: (1, 0), 4: (3, 2, 0, 1)}
        weights = [v.numpy() for v in network.trainable_variables]
        weights = [w.transpose(order[w.ndim]) if w.ndim in order else w for w in weights]
        assert shapes == [w.shape for w in weights]
        for parameter, weight in zip(parameters, weights, strict=True):
            parameter.data = torch.from_numpy(weight.copy())
        player.to(memory_format=torch.channels_last)

    steps = draw_steps()
    *_, expected = tensorflow_run(steps)
    update = pytorch_loop.make_update(*players)
    found = []
    for real, *latents in steps:
        real = torch.from_numpy(real).permute(0, 3, 1, 2)
        found.append([float(x) for x in update(real, *map(torch.from_numpy, latents))])
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_redraws_are_measured():
    from explore_redraw import redraws

    times = redraws(WIDTH, moves=2)
    assert len(times) == 2 and min(times) > 0


def test_the_cost_of_metrics_is_measured():
    from metrics_cost import score, summary, table

    rows = score(500)
    total = summary(rows)
    assert "precision and recall" in table(rows)
    assert all(row["seconds"] >= 0 for row in rows.values())
    peaks = [row["peak_mib"] for row in rows.values()]
    assert peaks == sorted(peaks) and total["peak_mib"] == peaks[-1] > 100


def test_the_techniques_are_scored_and_taken_up_again(tmp_path, monkeypatch):
    import improved_techniques as script

    monkeypatch.setattr(script, "RESULT", tmp_path / "result.json")
    monkeypatch.setattr(script, "RUN", tmp_path / "run")
    monkeypatch.setattr(script.improved, "TECHNIQUES", ("none", "feature matching"))
    monkeypatch.setattr(sys, "argv", ["script", "--seeds", "1", "--steps", "20"])
    script.main()
    result = json.loads(script.RESULT.read_text())
    for rows in result["table"].values():
        assert set(rows) == {"none", "feature matching"}
        assert all(0 <= run["jsd"] <= np.log(2) + 1e-3 for runs in rows.values() for run in runs)
    monkeypatch.setattr(script, "train", None)  # nothing is trained twice
    script.main()
    assert json.loads(script.RESULT.read_text()) == result


def test_the_semi_supervised_run_reports_and_goes_on(tmp_path, monkeypatch):
    import semi_supervised_mnist as script

    from gankit import datasets
    from gankit.models import improved

    def few_glyphs(name, split="train"):
        return [part[:400] for part in datasets.load("glyphs", split)]

    def small(*arguments, **options):
        return improved.mlp(*arguments, widths=(8,), generator_widths=(8,), **options)

    monkeypatch.setattr(script, "RESULT", tmp_path / "result.json")
    monkeypatch.setattr(script, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(script, "load", few_glyphs)
    monkeypatch.setattr(script, "build", small)
    for epochs in (1, 2):
        monkeypatch.setattr(sys, "argv", ["script", "--epochs", str(epochs)])
        script.main()
        (run,) = json.loads(script.RESULT.read_text())["runs"].values()
        assert run["epochs_done"] == len(run["after_epoch"]["test_error"]) == epochs
        assert 0 < run["test_error"] < 1
    assert (tmp_path / "result.png").stat().st_size > 0
