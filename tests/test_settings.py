import keras
import pytest

from gankit import settings


class _Tensor:
    def __init__(self, device):
        self.device = device


@pytest.fixture
def unset(monkeypatch):
    monkeypatch.delenv("GANKIT_PRESET", raising=False)


@pytest.mark.parametrize(
    ("address", "kind", "preset"),
    [
        ("/job:localhost/replica:0/task:0/device:CPU:0", "cpu", "cpu"),
        ("/job:localhost/replica:0/task:0/device:GPU:1", "gpu", "gpu"),
        ("/job:localhost/replica:0/task:0/device:TPU:0", "tpu", "gpu"),
        ("cpu:0", "cpu", "cpu"),
        ("cuda:0", "gpu", "gpu"),
        ("rocm:3", "gpu", "gpu"),
        ("cpu", "cpu", "cpu"),
        ("cuda", "gpu", "gpu"),
        ("mps:0", "mps", "cpu"),
    ],
)
def test_device_is_read_from_every_backends_spelling(monkeypatch, unset, address, kind, preset):
    monkeypatch.setattr(keras.ops, "zeros", lambda shape: _Tensor(address))
    assert settings.device() == kind
    assert settings.preset() == preset


def test_device_of_this_machine():
    assert settings.device() in ("cpu", "gpu", "tpu", "mps")


@pytest.mark.parametrize("name", settings.PRESETS)
def test_environment_overrules_the_device(monkeypatch, name):
    monkeypatch.setenv("GANKIT_PRESET", name)
    assert settings.preset() == name


@pytest.mark.parametrize("value", ["tpu", "CPU", ""])
def test_unknown_preset_is_refused_by_name(monkeypatch, value):
    monkeypatch.setenv("GANKIT_PRESET", value)
    with pytest.raises(ValueError, match=f"GANKIT_PRESET must be one of .*{value!r}"):
        settings.preset()


@pytest.mark.parametrize(("name", "epochs"), [("cpu", 3), ("gpu", 25)])
def test_choose_takes_the_values_of_the_preset(monkeypatch, name, epochs):
    monkeypatch.setenv("GANKIT_PRESET", name)
    chosen = settings.choose(cpu={"epochs": 3}, gpu={"epochs": 25}, seed=7)
    assert (chosen.preset, chosen.epochs, chosen.seed) == (name, epochs, 7)
    assert chosen.backend == keras.config.backend()
    assert repr(chosen) == (
        f"{name} preset: {keras.config.backend()} on {settings.device()}\n"
        f"  epochs  {epochs}\n"
        "  seed    7"
    )


def test_settings_are_frozen():
    chosen = settings.choose(cpu={"epochs": 3}, gpu={"epochs": 3})
    with pytest.raises(AttributeError, match="epochs=4"):
        chosen.epochs = 4
    with pytest.raises(AttributeError, match="'epochs'"):
        del chosen.epochs
    with pytest.raises(AttributeError, match="epoch"):
        _ = chosen.epoch
    assert chosen.epochs == 3


@pytest.mark.parametrize(
    ("cpu", "gpu", "shared", "message"),
    [
        (
            {"epochs": 3, "a": 1},
            {"epochs": 3, "b": 1},
            {},
            r"Received: \['a'\] only in `cpu`, and \['b'\]",
        ),
        ({"seed": 3}, {"seed": 3}, {"seed": 0}, r"Received: both for \['seed'\]"),
        ({}, {}, {}, "at least one setting"),
        ({"batch size": 1}, {"batch size": 1}, {}, "'batch size'"),
        ({"lambda": 1}, {"lambda": 1}, {}, "'lambda'"),
        ({3: 1}, {3: 1}, {}, "identifier, .* Received: 3"),
        ({3: 1, "a": 1}, {"b": 1}, {}, r"Received: \[3, 'a'\] only in `cpu`, and \['b'\]"),
        ({"device": 1}, {"device": 1}, {}, "are reserved. Received: 'device'"),
    ],
)
def test_choose_refuses(cpu, gpu, shared, message):
    with pytest.raises(ValueError, match=message):
        settings.choose(cpu=cpu, gpu=gpu, **shared)


def test_choose_wants_mappings():
    with pytest.raises(TypeError, match="`gpu` must map .*25"):
        settings.choose(cpu={"epochs": 3}, gpu=25)


def test_recorded_figures_are_printed(capsys):
    settings.record(modes="8 of 8", seeds=3)
    assert capsys.readouterr().out == "recorded: modes = 8 of 8, seeds = 3\n"


@pytest.mark.parametrize(
    ("error", "figures", "message"),
    [
        (ValueError, {}, "Received: no figures"),
        (TypeError, {"jsd": 0.004}, r'Received: jsd=0.004. Format it, .* jsd=f"{jsd:.2f}"'),
        (TypeError, {"cured": True}, "Received: cured=True"),
        (ValueError, {"modes": " "}, "Received: modes=' '"),
        (ValueError, {"modes": "8\n8"}, r"Received: modes='8\\n8'"),
        (ValueError, {"modes": "8 | 8"}, r"Received: modes='8 \| 8'"),
        (ValueError, {"modes": "<!--8"}, "Received: modes='<!--8'"),
    ],
)
def test_record_refuses(error, figures, message):
    with pytest.raises(error, match=message):
        settings.record(**figures)
