"""Run the unit tests once per installed backend: the first thing `make test` does.

Keras fixes its backend at import, so each backend gets a process of its own. Much of the time goes
into tracing, which keeps one core busy, so two backends run side by side where there are two.
"""

import importlib.util
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = ("tensorflow", "jax", "torch")
COMMAND = [sys.executable, "-m", "pytest", "--quiet", "--durations=5", "tests"]


def run(backend: str, capture: bool) -> subprocess.CompletedProcess:
    """The unit tests on one backend, their output shown as it comes or captured."""
    return subprocess.run(
        COMMAND,
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend},
        stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.STDOUT if capture else None,
        text=True,
    )


def failures(installed: list[str]) -> list[str]:
    """Run the tests on every installed backend; the ones on which a test failed."""
    together = len(installed) > 1
    failed = []
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        running = {pool.submit(run, name, capture=together): name for name in installed}
        for done in as_completed(running):
            name, result = running[done], done.result()
            if together:
                print(f"Unit tests on {name}\n{result.stdout}", flush=True)
            if result.returncode:
                failed.append(name)
    return failed


def main() -> int:
    """Run the tests on every backend there is, name those left out, return the exit status."""
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    print("Unit tests on:", ", ".join(installed) or "nothing", flush=True)
    failed = failures(installed)
    left_out = [f"{name} (not installed)" for name in BACKENDS if name not in installed]
    print("Unit tests ran on:", ", ".join(installed) or "nothing")
    print("Left out:", ", ".join(left_out) or "nothing")
    print("Failed on:", ", ".join(failed) or "nothing", flush=True)
    return int(bool(failed) or not installed)


if __name__ == "__main__":
    sys.exit(main())
