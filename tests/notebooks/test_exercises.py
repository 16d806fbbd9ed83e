"""`scripts/exercises.py` reads the solutions and refuses what it cannot read."""

import exercises
import pytest

from gankit.exercises import digest

BLOCK = """<details><summary>01.1: How wide?</summary>

It is so.

- Hint: measure.
- Answer: `{answer}`

</details>
"""


@pytest.mark.parametrize(
    ("answer", "kind", "decimals", "hashed"),
    [
        ("42", "number", 0, "42"),
        ("-0.50", "number", 2, "-0.50"),
        ("True", "truth", 0, "True"),
        ("False", "truth", 0, "False"),
        ("Mode collapse", "text", 0, "mode collapse"),
    ],
)
def test_the_kind_of_an_answer_is_read_from_it(answer, kind, decimals, hashed):
    found = exercises.entries("# Solutions\n\n" + BLOCK.format(answer=answer))
    secret = digest("01.1", hashed)
    entry = {"kind": kind, "decimals": decimals, "hint": "measure.", "digest": secret}
    assert found == {"01.1": entry}
    assert answer not in exercises.as_json(found).replace(secret, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BLOCK.replace("- Hint: measure.\n", ""), "must have a name.*How wide"),
        (BLOCK.replace("It is so.\n\n", ""), "must have a name.*How wide"),
        (BLOCK.replace("01.1", "1"), "must have a name.*How wide"),
        (BLOCK * 2, "01.1 twice"),
    ],
)
def test_an_incomplete_exercise_is_refused(text, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        exercises.entries(text.format(answer="42"))
