"""The throughput benchmark runs, and its contenders do the same arithmetic. No timing is tested."""

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
HAS_TORCH = importlib.util.find_spec("torch") is not None
WIDTH, BATCH, LATENT_DIM, STEPS = 4, 8, 100, 3

pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def contenders_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


# What `python benchmarks/step_throughput.py ...` does.
THROUGHPUT = """
import contextlib, os, runpy, sys
os.environ["OMP_NUM_THREADS"] = "1"
sys.argv = [script, *arguments]
with open(out, "w") as file, contextlib.redirect_stdout(file):
    runpy.run_path(script, run_name="__main__")
"""


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


def test_runs_and_writes_what_it_measured(run_process, tmp_path):
    import step_throughput

    path = tmp_path / "result.json"
    small = ["--rounds", "2", "--slice-seconds", "0.01", "--width", "2", "--batch", "4"]
    # One of each framework: every process imports its own.
    asked = ["gankit, bfloat16", "TensorFlow", "PyTorch, bfloat16"]
    arguments = [*small, "--json", str(path), "--only", *asked]
    script, out = str(BENCHMARKS / "step_throughput.py"), tmp_path / "printed.txt"
    assert run_process(THROUGHPUT, script=script, arguments=arguments, out=str(out)) == 0
    printed = out.read_text()
    result = json.loads(path.read_text())
    names = [name for name in asked if HAS_TORCH or "PyTorch" not in name]
    assert set(asked) < set(step_throughput.CONTENDERS)
    assert list(result["contenders"]) == names
    assert ("PyTorch is left out" in printed) is not HAS_TORCH
    for name, row in result["contenders"].items():
        assert row["images_per_second"] > 0
        for ratio in row["speed"].values():
            assert 0 < ratio["min"] <= ratio["median"] <= ratio["max"]
        assert f"{name} " in printed
    for baseline in names[1:]:
        assert set(result["contenders"][baseline]["speed"][baseline].values()) == {1.0}
    assert result["settings"]["rounds"] == 2
    assert "/" not in json.dumps(result["versions"])


def test_two_versions_and_two_ways_to_generate_are_compared(run_process, tmp_path):
    small = {
        "two_versions.py": [str(BENCHMARKS.parent), "--only", "CGAN", "--slice-seconds", "0.01"],
        "generate_cost.py": ["--images", "4", "--widths", "2"],
    }
    for name, arguments in small.items():
        path, out = tmp_path / f"{name}.json", tmp_path / f"{name}.txt"
        arguments = [*arguments, "--rounds", "2", "--json", str(path)]
        script = str(BENCHMARKS / name)
        assert run_process(THROUGHPUT, script=script, arguments=arguments, out=str(out)) == 0
        found = json.loads(path.read_text())
        (ratio,) = found.values() if name == "two_versions.py" else found["tensorflow"].values()
        assert 0 < ratio["min"] <= ratio["median"] <= ratio["max"]


@pytest.mark.parametrize("option", ["--rounds", "--slice-seconds", "--width", "--batch"])
def test_refuses_settings_that_are_not_above_0(option, monkeypatch, capsys):
    import step_throughput

    monkeypatch.setattr(sys, "argv", ["step_throughput.py", option, "0"])
    with pytest.raises(SystemExit, match="2"):
        step_throughput.main()
    assert f"{option} must be above 0: 0" in capsys.readouterr().err


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


def test_keras_normalization_takes_the_steps_of_the_one_kernel():
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


@pytest.mark.usefixtures("untraced")
def test_the_quality_of_cheaper_arithmetic_is_measured_and_kept(tmp_path, monkeypatch):
    import step_quality

    load = step_quality.datasets.load
    few = {split: [part[:256] for part in load("glyphs", split)] for split in ("train", "test")}
    monkeypatch.setattr(step_quality.datasets, "load", lambda name, split="train": few[split])
    monkeypatch.setattr(step_quality, "RESULT", tmp_path / "result.json")
    monkeypatch.setattr(step_quality, "RUN", tmp_path / "runs")
    monkeypatch.setattr(step_quality, "SAMPLES", 256)
    monkeypatch.setattr(sys, "argv", ["step_quality.py", "--epochs=1", "--seeds=1", "--width=2"])
    step_quality.main()
    first = (tmp_path / "result.json").read_text()
    distances = json.loads(first)["frechet"]
    assert list(distances) == list(step_quality.POLICIES)
    assert all(0 < d < 10_000 for (d,) in distances.values())

    monkeypatch.setattr(step_quality, "frechet", None)  # what is known is not trained again
    step_quality.main()
    assert (tmp_path / "result.json").read_text() == first


def test_a_way_of_conditioning_is_scored(tmp_path, monkeypatch):
    import cgan_conditioning

    from gankit import datasets, metrics

    monkeypatch.setattr(cgan_conditioning, "PER_CLASS", 70)
    images, labels = datasets.load("glyphs", "test")
    options = SimpleNamespace(width=2, epochs=1)
    data = images[:1000], labels[:1000]
    judge = metrics.digit_classifier()
    found = cgan_conditioning.run("projection", 0, options, data, judge, tmp_path)
    assert 0 <= found["accuracy"] <= 1 and len(found["frechet_per_class"]) == 10
    other = found | {"accuracy": found["accuracy"] + 0.2}
    row = cgan_conditioning.summary({"projection": [found, other]})["projection"]
    assert row["accuracy"]["mean"] == pytest.approx(found["accuracy"] + 0.1)
    assert row["accuracy"]["spread"] == pytest.approx(0.1)


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("networks", ["convolutional", "dense"])
def test_conditional_mnist_is_trained_and_scored(networks, tmp_path, monkeypatch):
    import cgan_mnist

    from gankit import datasets

    images, labels = datasets.load("glyphs", "test")
    images, labels = images[:100], labels[:100]
    gan = cgan_mnist.build(SimpleNamespace(networks=networks, seed=0, width=2))
    gan.fit(cgan_mnist.padded(images, gan.example_shape[0]), labels, batch_size=100, verbose=0)
    asked = np.repeat(np.arange(10), 15)
    samples = cgan_mnist.drawn(gan, asked, seed=0)
    assert samples.shape == (150, 28, 28, 1)
    score = cgan_mnist.parzen(samples, (images[:20] + 1) / 2, (images[20:40] + 1) / 2)
    assert np.isfinite(list(score.values())).all()
    levels = np.repeat([0.0, 2.0], 10)[:, None]  # each class once at 0 and once at 2
    assert cgan_mnist.spread(levels, np.tile(np.arange(10), 2)) == 1

    result = tmp_path / "result.json"
    result.write_text('{"networks": {"others": 1}}')
    monkeypatch.setattr(cgan_mnist, "RESULT", result)
    monkeypatch.setattr(cgan_mnist, "ASKED", asked)
    cgan_mnist.write({networks: score}, 0.5, {networks: samples})
    written = json.loads(result.read_text())["networks"]
    assert written == {"others": 1, networks: score}
    assert (tmp_path / f"result_{networks}.png").is_file()


@pytest.fixture
def tiny_super_resolution(monkeypatch, tmp_path):
    """The script, with small pictures, a small VGG and files of its own."""
    import super_resolution
    from PIL import Image

    rng = np.random.default_rng(0)
    for folder, names in {"t91": [f"t{i}" for i in range(12)], "set5": ["bird_GT"]}.items():
        (tmp_path / "sr" / folder).mkdir(parents=True)
        for name in names:
            pixels = rng.integers(0, 256, (90, 101, 3), "uint8")
            Image.fromarray(pixels).save(tmp_path / "sr" / folder / f"{name}.bmp")
    maps, arrays = 3, {}
    for layer in ("1_1", "1_2", "2_1", "2_2", "3_1"):
        arrays[f"conv{layer}_kernel"] = rng.normal(0, 0.01, (3, 3, maps, 2)).astype("float32")
        arrays[f"conv{layer}_bias"] = np.ones(2, "float32")
        maps = 2
    np.savez(tmp_path / "vgg.npz", **arrays)
    (tmp_path / "results").mkdir()
    own = {"DATA": tmp_path, "WEIGHTS": tmp_path / "vgg.npz", "RUN": tmp_path / "runs"}
    own |= {
        "RESULT": tmp_path / "results" / "sr.json",
        "CROP": 32,
        "SHOWN": {"bird_GT": (2, 2)},
        "SIDE": 80,
    }
    for name, value in own.items():
        monkeypatch.setattr(super_resolution, name, value)
    return super_resolution


@pytest.mark.usefixtures("untraced")
def test_super_resolution_is_trained_measured_and_resumed(tiny_super_resolution, monkeypatch):
    script = tiny_super_resolution
    small = "--mse-epochs 1 --gan-epochs 1 --crops 4 --width 2 --blocks 1 --float32".split()
    results = []
    for _ in range(2):  # the second run finds both phases complete
        monkeypatch.setattr(sys, "argv", ["super_resolution.py", *small])
        script.main()
        results.append(json.loads(script.RESULT.read_text()))
    assert results[0] == results[1] and script.RESULT.with_suffix(".png").is_file()
    assert list(results[0]["set5"]) == ["bicubic", "SRResNet", "SRResNet, self-ensemble", "SRGAN"]
    assert results[0]["updates"] == {"mse": 1, "gan": 1}

    large = script.enlarge_a_photograph(60, 90)
    assert large["from"] == [90, 60] and large["to"] == [360, 240]
    assert large["peak_gigabytes"] > 0.1


def test_detail_and_ensemble_are_what_they_say(monkeypatch):
    import super_resolution as script

    stripes = np.tile(np.array([0, 255], "uint8")[:, None], (8, 16, 3))
    y = 255 * (65.481 + 128.553 + 24.966) / 255
    assert script.slope(stripes) == pytest.approx(y, rel=1e-6)

    # With a model that changes nothing, every position must come back to where it was.
    monkeypatch.setattr(script.srgan, "upscale", lambda x, model: x)
    picture = np.random.default_rng(0).integers(0, 256, (6, 9, 3), "uint8")
    np.testing.assert_array_equal(script.ensemble(picture, None), picture)


@pytest.mark.usefixtures("untraced")
def test_the_ablation_of_pix2pix_resumes_and_writes_its_table(tmp_path, monkeypatch):
    import pix2pix_ablation

    arms = {"L1": {"objective": "L1"}, "L1+cGAN": {"objective": "L1+cGAN"}}
    for name, value in {"RUN": tmp_path / "runs", "ARMS": arms, "WEIGHTS": {}}.items():
        monkeypatch.setattr(pix2pix_ablation, name, value)
    out = tmp_path / "result.json"
    small = ["--size", "32", "--width", "1", "--epochs", "1", "--batch-size", "100"]
    arguments = [*small, "--seeds", "1", "--out", str(out)]
    pix2pix_ablation.main(arguments)
    result = json.loads(out.read_text())
    assert list(result["table"]) == list(arms) and result["seeds"] == [0]
    assert result["real"] == {"pixel": 1.0, "class": 1.0, "iou": 1.0}
    row = result["table"]["L1+cGAN"]
    assert all(0 <= row[name][0] <= 1 for name in ("pixel", "class", "iou"))
    assert out.with_suffix(".png").is_file()

    monkeypatch.setattr(pix2pix_ablation, "train", None)  # every run is done: none is trained anew
    pix2pix_ablation.main(arguments)
    assert json.loads(out.read_text()) == result


@pytest.mark.usefixtures("untraced")
def test_each_guideline_is_left_out_and_the_runs_are_taken_up_again(tmp_path, monkeypatch):
    import dcgan_guidelines as script

    images, labels = script.datasets.load("glyphs")
    monkeypatch.setattr(script.datasets, "load", lambda *_: (images[:100], labels[:100]))
    small = {"WIDTH": 2, "SAMPLES": 100, "RATES": {"a rate": 1e-3}}
    files = {"RUN": tmp_path / "runs", "RESULT": tmp_path / "result.json"}
    for name, value in (small | files).items():
        monkeypatch.setattr(script, name, value)
    script.main(["--epochs", "1", "--seeds", "1"])
    result = json.loads(script.RESULT.read_text())
    assert list(result["frechet"]["a rate"]) == list(script.ARMS)
    assert all(np.isfinite(row).all() for row in result["frechet"]["a rate"].values())

    monkeypatch.setattr(script, "score", None)  # every run is done: none is trained anew
    script.main(["--epochs", "1", "--seeds", "1"])
    assert json.loads(script.RESULT.read_text()) == result


def test_a_guideline_less_is_another_network_of_equal_arithmetic():
    import dcgan_guidelines as script

    usual, pooling = script.Builder(), script.Builder(pooling=True)
    for name in ("generator", "discriminator"):
        sizes = [getattr(build, name)().count_params() for build in (usual, pooling)]
        assert sizes[0] == sizes[1]
    kinds = [layer.__class__.__name__ for layer in pooling.discriminator().layers]
    assert kinds.count("MaxPooling2D") == 2 and kinds.count("Dense") == 1


def test_planted_copies_are_looked_for_in_two_ways(tmp_path, monkeypatch):
    import near_duplicates as script

    monkeypatch.setattr(script, "RESULT", tmp_path / "result.json")
    script.main(["--images", "300", "--copies", "30"])
    found = json.loads(script.RESULT.read_text())["found"]
    pixels = found["all pairs of images, by pixels"]
    assert min(pixels["noisy"], pixels["dimmed"]) > 0.9
    assert len(found) == 1 + len(script.BITS)


def test_the_techniques_are_scored_and_taken_up_again(tmp_path, monkeypatch):
    import improved_techniques as script

    monkeypatch.setattr(script, "RESULT", tmp_path / "result.json")
    monkeypatch.setattr(script, "RUN", tmp_path / "run")
    monkeypatch.setattr(script.improved, "TECHNIQUES", ("none", "feature matching"))
    monkeypatch.setattr(sys, "argv", ["script", "--seeds", "1", "--steps", "20"])
    script.main()
    result = json.loads(script.RESULT.read_text())
    for rows in result["table"].values():
        assert set(rows) == {"none", "feature matching", script.SLOWER}
        assert all(0 <= run["jsd"] <= np.log(2) + 1e-3 for runs in rows.values() for run in runs)
    monkeypatch.setattr(script, "train", None)  # nothing is trained twice
    script.main()
    assert json.loads(script.RESULT.read_text()) == result


@pytest.mark.usefixtures("untraced")
def test_edges_become_a_photograph_and_the_run_goes_on(tmp_path, monkeypatch):
    import edges_to_photo as script

    monkeypatch.setattr(script, "RESULT", tmp_path / "result.json")
    monkeypatch.setattr(script, "RUN", tmp_path / "run")
    monkeypatch.setattr(script, "SIDE", 32)
    small = ["script", "--crops", "4", "--width", "1"]
    for epochs in (1, 2):
        monkeypatch.setattr(sys, "argv", [*small, "--epochs", str(epochs)])
        script.main()
        result = json.loads(script.RESULT.read_text())
        assert result["epochs_done"] == len(result["after_epoch"]["l1"]) == epochs
    assert result["right_photograph"]["sharpness"] > 0
    assert script.RESULT.with_suffix(".png").is_file()
    photos = script.squares("motorcycle_right", 3, seed=0)
    perfect = {"brightness": 1, "color": 1, "sharpness": 1}
    assert script.score(photos, photos) == pytest.approx(perfect)


def test_few_labels_are_scored_and_taken_up_again(tmp_path, monkeypatch):
    import few_labels as script

    monkeypatch.setattr(script, "RESULT", tmp_path / "result.json")
    monkeypatch.setattr(script, "RUN", tmp_path / "run")
    monkeypatch.setattr(script, "GRID", ((3, 0.2), (5, 0.2)))
    options = ["script", "--only", "digits", "--draws", "2", "--steps", "5"]
    monkeypatch.setattr(sys, "argv", options)
    script.main()
    result = json.loads(script.RESULT.read_text())
    rows = result["errors"]["digits"]
    assert set(rows) > {"GAN", "same network, labels alone", "label spreading", script.HINDSIGHT}
    assert all(len(errors) == 2 and 0 < min(errors) for errors in rows.values())
    assert np.mean(rows["nearest neighbor"]) < 0.3  # wrong, with 30 labels
    monkeypatch.setattr(script, "Draw", None)  # nothing is trained twice
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
    monkeypatch.setattr(sys, "argv", ["script", "--epochs", "2"])

    class CutOff(script.Errors):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    def reported():
        (run,) = json.loads(script.RESULT.read_text())["runs"].values()
        assert run["epochs_done"] == len(run["after_epoch"]["test_error"])
        assert 0 < run["test_error"] < 1
        return run

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(script, "Errors", CutOff)
        script.main()
    first = reported()
    assert first["epochs_done"] == 1
    script.main()
    second = reported()
    assert second["epochs_done"] == 2
    assert second["after_epoch"]["test_error"][:1] == first["after_epoch"]["test_error"]
    assert (tmp_path / "result.png").stat().st_size > 0
