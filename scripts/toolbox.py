"""Write `docs/toolbox.md`: every part with its oracle and its worst error on each backend.

python scripts/toolbox.py            # measure on every installed backend and write the page
python scripts/toolbox.py --measure  # print this backend's errors as JSON
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "toolbox.md"
ORACLES = ROOT / "tests"  # the folder of the package `oracles`
BACKENDS = ("tensorflow", "jax", "torch")

HEAD = """# The toolbox

Every part that you can copy into your own project, the oracle that it was compared with, and the
worst error on each backend (relative if the values are far from zero). `make toolbox` measures the
errors and writes this page. `tests/test_toolbox.py` holds every error to its bound, runs every
example, and fails if this page is older than the code.
"""

GONE = """
## What is no longer here, and what to use instead

- `compile(update="one_stage")` reused one backward pass for both players. It was exact for some
  losses and discriminators only, and its samples were 11 % behind. `simultaneous.SimultaneousGAN`
  shares the forward passes, is exact for all of them, and takes 25 lines.
- `compile(instance_noise=...)`: let `judge` add the noise, as `noise.InstanceNoise` shows.
- `compile(historical_averaging=...)` is a class, `historical.HistoricalAveragingGAN`: two losses
  with a term more. Gradients that are still being accumulated are no longer counted.
"""


def measure() -> dict[str, float]:
    """Compute the worst error of every part on this backend."""
    from oracles import all_parts

    return {part.name: part.worst() for part in all_parts()}


def measure_on(backend: str) -> dict[str, float]:
    """Compute these errors on another backend, in a new process."""
    done = subprocess.run(
        [sys.executable, __file__, "--measure"],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def page(errors: dict[str, dict[str, float]]) -> str:
    """Return the page for the errors of each backend."""
    from oracles import all_parts

    parts = all_parts()
    lines = [HEAD, f"| part | oracle | bound | {' | '.join(BACKENDS)} |"]
    lines.append("|---" * (3 + len(BACKENDS)) + "|")
    for part in parts:
        seen = " | ".join(f"{errors[backend][part.name]:.1e}" for backend in BACKENDS)
        lines.append(
            f"| [`{part.name}`](#{anchor(part.name)}) | {part.oracle} "
            f"| {part.tolerance:.0e} | {seen} |"
        )
    lines.append("\n## How to use each\n")
    for part in parts:
        lines.append(f"### `{part.name}`\n\n```python\n{part.use.strip()}\n```\n")
    return "\n".join(lines) + GONE


def anchor(name: str) -> str:
    """Return GitHub's anchor of a heading."""
    return "".join(letter for letter in name.lower() if letter.isalnum() or letter in "-_")


def main() -> int:
    """Print this backend's errors, or write the page."""
    sys.path.insert(0, str(ORACLES))
    if "--measure" in sys.argv[1:]:
        print(json.dumps(measure()))
        return 0
    missing = [name for name in BACKENDS if not importlib.util.find_spec(name)]
    if missing:
        print(
            f"The page shows three backends; not installed: {', '.join(missing)}. Install them "
            'with: .venv/bin/pip install --constraint requirements.lock -e ".[jax,torch]"'
        )
        return 2
    PAGE.write_text(page({name: measure_on(name) for name in BACKENDS}), encoding="utf-8")
    print(f"Wrote {PAGE.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
