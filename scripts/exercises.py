"""Write the hashed answers of `docs/solutions.md` to `gankit/exercises.json`.

    python scripts/exercises.py

An exercise of `docs/solutions.md` is a folded block:

    <details><summary>01.2: What does D return where no data lie?</summary>

    Why it is so, in some sentences.

    - Hint: what D returns where only one of the two densities is positive.
    - Answer: `0.5`

    </details>

`True` and `False` are truths. A number is rounded to the decimals that the answer shows, and
anything else is a text, in which capitals and spaces do not matter.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = ROOT / "docs" / "solutions.md"
RESULT = ROOT / "gankit" / "exercises.json"
BLOCK = re.compile(r"<details>(.*?)</details>", re.DOTALL)
FORM = re.compile(
    r"<summary>(?P<name>\d\d\.\d+): .+?</summary>\n\n.+\n"
    r"- Hint: (?P<hint>[^\n]+)\n- Answer: `(?P<answer>[^`\n]+)`\n*",
    re.DOTALL,
)
NUMBER = re.compile(r"-?\d+(?:\.(?P<decimals>\d+))?")


def entries(text: str) -> dict[str, dict]:
    """Return the content of `exercises.json` for the text of `docs/solutions.md`."""
    from gankit.exercises import canonical, digest

    found = {}
    for block in BLOCK.findall(text):
        exercise = FORM.fullmatch(block)
        if exercise is None:
            raise ValueError(
                f"An exercise must have a name, a question, its reasons, a hint and an answer. "
                f"Received:\n{block.strip()}"
            )
        name, hint, answer = exercise["name"], exercise["hint"], exercise["answer"]
        if name in found:
            raise ValueError(f"Exercises must have different names. Received: {name} twice.")
        number = NUMBER.fullmatch(answer)
        kind, decimals = ("number", len(number["decimals"] or "")) if number else ("text", 0)
        if answer in ("True", "False"):
            kind = "truth"
        value = {"number": float, "truth": "True".__eq__, "text": str}[kind](answer)
        secret = digest(name, canonical(value, kind, decimals))
        found[name] = {"kind": kind, "decimals": decimals, "hint": hint, "digest": secret}
    return found


def as_json(found: dict[str, dict]) -> str:
    """Return the entries with one exercise on each line, so that changes are easy to merge."""
    lines = [f"  {json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    RESULT.write_text(as_json(entries(SOLUTIONS.read_text(encoding="utf-8"))), encoding="utf-8")
    print(f"{RESULT.relative_to(ROOT)} is written.")
