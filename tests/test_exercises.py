import json

import numpy as np
import pytest

from gankit import exercises

ANSWERS = {
    "01.1": ("number", 2, "0.35"),
    "01.2": ("truth", 0, "True"),
    "02.1": ("text", 0, "mode collapse"),
}


@pytest.fixture(autouse=True)
def known(tmp_path, monkeypatch):
    entries = {
        name: {
            "kind": kind,
            "decimals": decimals,
            "hint": "look closer.",
            "digest": exercises.digest(name, text),
        }
        for name, (kind, decimals, text) in ANSWERS.items()
    }
    path = tmp_path / "exercises.json"
    path.write_text(json.dumps(entries))
    monkeypatch.setattr(exercises, "_FILE", path)


@pytest.mark.parametrize(
    ("name", "answer", "verdict"),
    [
        ("01.1", 0.35, "right."),
        ("01.1", np.float32(0.3512), "right."),
        ("01.1", np.array(0.349), "right."),
        ("01.1", 0.36, "not yet. Hint: look closer."),
        ("01.1", -0.35, "not yet. Hint: look closer."),
        ("01.1", float("nan"), "not yet. Hint: look closer."),
        ("01.1", float("inf"), "not yet. Hint: look closer."),
        ("01.1", "0.35", "the answer is a number."),
        ("01.1", True, "the answer is a number."),
        ("01.1", [0.35, 0.35], "the answer is a number."),
        ("01.2", True, "right."),
        ("01.2", np.bool_(True), "right."),
        ("01.2", False, "not yet. Hint: look closer."),
        ("01.2", 1, "the answer is True or False."),
        ("02.1", " Mode  COLLAPSE", "right."),
        ("02.1", "collapse", "not yet. Hint: look closer."),
        ("02.1", 3, "the answer is a text."),
        ("01.1", ..., "your turn."),
        ("01.2", None, "your turn."),
    ],
)
def test_an_answer_is_judged(capsys, name, answer, verdict):
    exercises.check(name, answer)
    assert capsys.readouterr().out == f"{name}: {verdict}\n"


@pytest.mark.parametrize("name", ["1.1", 1.1])
def test_another_name_is_refused(name):
    with pytest.raises(ValueError, match=f"Received: name={name!r}. Did you mean '01.1'?"):
        exercises.check(name, 3)


def test_minus_zero_is_zero():
    assert exercises.canonical(-0.001, "number", 2) == "0.00"
