"""Break the library in small ways, one at a time, and report how many of them the tests notice.

    python scripts/mutants.py [--only TEXT] [--workers N]

`mutant_list.py` holds the mutants. For each, a temporary folder gets a copy of gankit/ with one
piece of text replaced, and links to the rest of the repository; the tests that should notice run
there, and the mutant is killed by the first that fails, if that one passes on an unchanged copy.
The exit status is 1 if fewer than 98 % are killed, or a test fails anyway.
"""

import argparse
import contextlib
import multiprocessing
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 120  # a run that takes longer counts as killed: a loop without an end is noticed
LEAST = 0.98
DIED, TIMED_OUT = -1, -2  # beside the exit statuses of pytest
# Imported once, in the process from which every run is forked. Of gankit, nothing.
PRELOADED = ["keras", "pytest", "scipy.stats", "skimage.metrics", "sklearn.neighbors"]
ONE_THREAD = (
    *("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    "OPENBLAS_NUM_THREADS",
)


class Mutant(NamedTuple):
    """One change of the library: a file under gankit/, a text that occurs once, and another."""

    file: str
    before: str
    after: str
    tests: str  # arguments of pytest, the paths relative to tests/

    def __str__(self) -> str:
        before, after = (" ".join(text.split()) for text in (self.before, self.after))
        return f"{self.file}: {before}  ->  {after or '(nothing)'}"


class Outcome(NamedTuple):
    """What came of a run of tests: pytest's status, the first test that failed, the seconds."""

    status: int
    failed: str | None
    seconds: float


def all_mutants() -> list[Mutant]:
    """The mutants of `mutant_list.py`."""
    from mutant_list import MUTANTS

    return [Mutant(*fields) for fields in MUTANTS]


def mutate(package: Path, mutant: Mutant) -> None:
    """Replace the mutant's text in a copy of the package.

    Raises:
        ValueError: if the text does not occur exactly once, or stays as it is.
    """
    path = package / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.before) != 1 or mutant.before == mutant.after:
        raise ValueError(f"Found {text.count(mutant.before)} times, not once: {mutant}")
    path.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")


def make_copy(folder: Path, mutant: Mutant | None) -> None:
    """A copy of gankit/ with the mutant in it, and links to everything beside it."""
    for path in ROOT.iterdir():
        if path.name == "gankit":
            # The compiled files come along: Python compiles anew only what has changed.
            shutil.copytree(path, folder / "gankit")
        elif path.name not in (".git", ".venv"):
            (folder / path.name).symlink_to(path)
    if mutant:
        mutate(folder / "gankit", mutant)


class FirstFailure:
    """A plugin of pytest that remembers which test failed first."""

    name = None

    def pytest_runtest_logreport(self, report):
        if report.failed and self.name is None:
            self.name = report.nodeid


def run_tests(folder: str, selection: list[str], answer) -> None:
    """In a process of its own: run tests on the copy in `folder`, and send what came of it."""
    os.setsid()  # so that what the tests start can be ended with them
    os.chdir(folder)
    os.environ["PYTHONPATH"] = folder
    sys.path.insert(0, folder)
    with open("output.txt", "w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)

    import pytest

    failure = FirstFailure()
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:nbmake"]
    status = pytest.main([*options, *selection], plugins=[failure])

    import gankit

    if not gankit.__file__.startswith(folder):
        status = pytest.ExitCode.USAGE_ERROR  # the copy was not what the tests saw
    answer.send((int(status), failure.name))
    answer.close()
    sys.stdout.flush()
    os._exit(0)  # the threads of a backend need not be waited for


class Judge:
    """Runs tests on copies of the package, in processes forked from one that has imported Keras."""

    def __init__(self):
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(PRELOADED)
        self._passes: dict[tuple, bool] = {}

    def run(self, selection: list[str], mutant: Mutant | None = None) -> Outcome:
        """Run tests on a copy with the mutant, or on an unchanged one."""
        with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as folder:
            make_copy(Path(folder), mutant)
            ours, theirs = self._processes.Pipe(duplex=False)
            began = time.monotonic()
            process = self._processes.Process(target=run_tests, args=(folder, selection, theirs))
            process.start()
            theirs.close()
            status, failed = (DIED if ours.poll(SECONDS) else TIMED_OUT), None
            if status == DIED:
                with contextlib.suppress(EOFError):
                    status, failed = ours.recv()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.join()
            return Outcome(status, failed, time.monotonic() - began)

    def judge(self, mutant: Mutant) -> tuple[str, str]:
        """A verdict (killed, killed by time, survived or void) and a line that explains it."""
        # A word that ends in .py is a file of tests.
        words = shlex.split(mutant.tests)
        selection = [f"tests/{word}" if word.endswith(".py") else word for word in words]
        outcome = self.run(selection, mutant)
        verdict, how = {0: ("survived", ""), TIMED_OUT: ("killed by time", "")}.get(
            outcome.status, ("killed", f" by {outcome.failed or 'an import that fails'}")
        )
        if outcome.status != 0:
            noticed = (outcome.failed,) if outcome.failed else tuple(selection)
            if noticed not in self._passes:
                self._passes[noticed] = self.run(list(noticed)).status == 0
            if not self._passes[noticed]:
                verdict, how = "void", f": {' '.join(noticed)} fails on an unchanged copy too"
        return verdict, f"{outcome.seconds:6.1f} s  {mutant}\n          {verdict}{how}"


def main() -> int:
    """Run the mutants, print what became of each, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="mutants whose file or text contains this")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1))
    options = parser.parse_args()
    mutants = [m for m in all_mutants() if options.only in str(m)]
    os.environ |= {name: "1" for name in ONE_THREAD}
    os.environ["KERAS_BACKEND"] = "tensorflow"  # some mutants are of what TensorFlow alone runs
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

    judge, found = Judge(), {}
    with ThreadPoolExecutor(options.workers) as pool:
        runs = {pool.submit(judge.judge, mutant): mutant for mutant in mutants}
        for run in as_completed(runs):
            found[runs[run]], line = run.result()
            print(line, flush=True)
    count = Counter(found.values())
    killed = count["killed"] + count["killed by time"]
    by_time = f", {count['killed by time']} of them by the limit of {SECONDS} s"
    print(f"Killed {killed} of {len(mutants)}{by_time if count['killed by time'] else ''}.")
    for mutant in mutants:
        if found[mutant] in ("survived", "void"):
            print(f"{found[mutant].capitalize()}: {mutant}")
    return int(count["void"] > 0 or killed < LEAST * len(mutants))


if __name__ == "__main__":
    sys.exit(main())
