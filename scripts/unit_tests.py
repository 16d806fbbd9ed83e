"""Run the unit tests once per installed backend: the first thing `make test` does.

Keras fixes its backend at import, so each backend gets processes of its own: one worker per core,
up to four (each holds a copy of its backend), that computes on one thread.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = ("tensorflow", "jax", "torch")
WORKERS = min(4, os.cpu_count() or 1)
COMMAND = [sys.executable, "-m", "pytest", "--quiet", "--durations=5", "tests"]
# A file's fixtures are made once; the files come in the order of tests/conftest.py.
COMMAND += ["--numprocesses", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


def passes(backend: str) -> bool:
    """Run the unit tests on one backend, their output shown as it comes."""
    print(f"\nUnit tests on {backend}", flush=True)
    environment = os.environ | ONE_THREAD | {"KERAS_BACKEND": backend}
    return subprocess.run(COMMAND, cwd=ROOT, env=environment).returncode == 0


def main() -> int:
    """Run the tests on every backend there is, name those left out, return the exit status."""
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    failed = [name for name in installed if not passes(name)]
    left_out = [f"{name} (not installed)" for name in BACKENDS if name not in installed]
    print("Unit tests ran on:", ", ".join(installed) or "nothing")
    print("Left out:", ", ".join(left_out) or "nothing")
    print("Failed on:", ", ".join(failed) or "nothing", flush=True)
    return int(bool(failed) or not installed)


if __name__ == "__main__":
    sys.exit(main())
