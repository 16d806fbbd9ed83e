"""Run the unit tests on each installed backend, as the first step of `make test`.

Keras fixes its backend at import, so each backend needs its own processes. There is one worker per
core, but at most four because each loads its own copy of the backend. A worker computes on one
thread.
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
# Run all tests of a file in one worker, so that its fixtures are made once, and keep the order of
# tests/conftest.py.
COMMAND += ["--numprocesses", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]
TESTED_ONCE = (
    *("tests/commands", "tests/datasets", "tests/notebooks", "tests/plots"),
    *("tests/test_benchmarks.py", "tests/test_exercises.py", "tests/test_house.py"),
    "tests/test_settings.py",
    "tests/callbacks/test_every_model.py",  # the table; each callback's own tests run everywhere
)
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}
# Most of the time on JAX is spent in XLA: the workers share what it has compiled, for later runs
# too, and it need not optimize steps that are taken a few times. The notebooks run as usual.
QUICK_COMPILATION = {
    "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".pytest_cache" / "jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
}


def passes(backend: str, first: bool) -> bool:
    """Run the unit tests on one backend and return whether they pass."""
    print(f"\nUnit tests on {backend}", flush=True)
    left_out = [] if first else [f"--ignore={path}" for path in TESTED_ONCE]
    environment = os.environ | ONE_THREAD | QUICK_COMPILATION | {"KERAS_BACKEND": backend}
    return subprocess.run([*COMMAND, *left_out], cwd=ROOT, env=environment).returncode == 0


def main() -> int:
    """Run the tests on all installed backends, name the others, and return the exit status."""
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    failed = [name for name in installed if not passes(name, first=name == installed[0])]
    missing = [name for name in BACKENDS if name not in installed]
    print("Unit tests ran on:", ", ".join(installed) or "nothing")
    print("Not installed:", ", ".join(missing) or "nothing")
    print("Failed on:", ", ".join(failed) or "nothing", flush=True)
    return int(bool(failed) or not installed)


if __name__ == "__main__":
    sys.exit(main())
