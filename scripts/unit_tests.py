"""Run the unit tests once per installed backend: the first thing `make test` does.

Keras fixes its backend at import, so each backend gets a process of its own.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = ("tensorflow", "jax", "torch")


def main() -> int:
    """Run the tests on every backend there is, name those left out, return the exit status."""
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    failed = []
    for name in installed:
        print(f"Unit tests on {name}", flush=True)
        status = subprocess.run(
            [sys.executable, "-m", "pytest", "--quiet", "--durations=5", "tests"],
            cwd=ROOT,
            env=os.environ | {"KERAS_BACKEND": name},
        ).returncode
        if status:
            failed.append(name)

    left_out = [f"{name} (not installed)" for name in BACKENDS if name not in installed]
    print("Unit tests ran on:", ", ".join(installed) or "nothing")
    print("Left out:", ", ".join(left_out) or "nothing")
    print("Failed on:", ", ".join(failed) or "nothing", flush=True)
    return int(bool(failed) or not installed)


if __name__ == "__main__":
    sys.exit(main())
