"""Check the answers to a chapter's exercises without giving them away.

The answers lie as hashes in `exercises.json`, beside this file. `docs/solutions.md` explains them.
"""

import difflib
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

_FILE = Path(__file__).with_name("exercises.json")
_KINDS = {"number": "a number", "truth": "True or False", "text": "a text"}


def check(name: str, answer: Any) -> None:
    """Print whether the answer to an exercise is right, and a hint if it is wrong.

    Args:
        name: the number of the chapter and that of the exercise, for example `"01.2"`.
        answer: a number, which is rounded as the exercise says, a text, or True or False. None or
            `...` is no answer yet.

    Raises:
        ValueError: if there is no exercise of this name.

    Example:

    >>> from gankit import exercises
    >>> exercises.check("00.1", ...)
    00.1: your turn.
    >>> exercises.check("00.1", 41)
    00.1: not yet. Hint: seven groups of six.
    >>> exercises.check("00.1", 6 * 7)
    00.1: right.
    """
    known = json.loads(_FILE.read_text(encoding="utf-8"))
    if name not in known:
        near = difflib.get_close_matches(str(name), known, 1, cutoff=0)
        raise ValueError(
            f"`name` must be the name of an exercise. Received: name={name!r}. "
            f"Did you mean {near[0]!r}?"
        )
    entry = known[name]
    if answer is None or answer is ...:
        print(f"{name}: your turn.")
        return
    text = canonical(answer, entry["kind"], entry["decimals"])
    if text is None:
        print(f"{name}: the answer is {_KINDS[entry['kind']]}.")
    elif digest(name, text) == entry["digest"]:
        print(f"{name}: right.")
    else:
        print(f"{name}: not yet. Hint: {entry['hint']}")


def canonical(answer: Any, kind: str, decimals: int) -> str | None:
    """Return an answer as the text that is hashed, or None if it is of another kind."""
    if kind == "text":
        return " ".join(answer.casefold().split()) if isinstance(answer, str) else None
    truth = isinstance(answer, (bool, np.bool_))
    if kind == "truth":
        return str(bool(answer)) if truth else None
    if truth or isinstance(answer, str):
        return None
    try:
        return f"{round(float(answer), decimals) + 0.0:.{decimals}f}"  # + 0.0 removes a -0
    except (TypeError, ValueError):  # such as an array of several numbers
        return None


def digest(name: str, text: str) -> str:
    """Return the hash of an answer, with the name of its exercise as salt."""
    return hashlib.pbkdf2_hmac("sha256", text.encode(), name.encode(), 20_000).hex()[:32]
