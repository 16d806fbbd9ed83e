"""Break the library in small ways, one at a time, and report how many of them the tests notice.

    python scripts/mutants.py [--only TEXT] [--workers N]

`mutant_list.py` holds the mutants. For each, a temporary folder gets a copy of gankit/ with one
piece of text replaced, and links to the rest of the repository; the tests that should notice run
there, and the mutant is killed if they fail. The same tests run on the unchanged copy first, since
tests that fail anyway would kill everything. The exit status is 1 if fewer than 98 % are killed.
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
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 120  # a run that takes longer counts as killed: a loop without an end is noticed
LEAST = 0.98
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
    """What came of a run: whether tests failed, and in words which, or what else happened."""

    killed: bool
    how: str


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

    name = "nothing could be collected"

    def pytest_runtest_logreport(self, report):
        if report.failed and self.name == FirstFailure.name:
            self.name = report.nodeid.rpartition("/")[2]


def run_tests(folder: str, tests: str, answer) -> None:
    """In a process of its own: run tests on the copy in `folder`, and send the exit status."""
    os.setsid()  # so that what the tests start can be ended with them
    os.chdir(folder)
    os.environ["PYTHONPATH"] = folder
    sys.path.insert(0, folder)
    with open("output.txt", "w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)

    import pytest

    # A word that ends in .py is a file of tests.
    words = [f"tests/{word}" if word.endswith(".py") else word for word in shlex.split(tests)]
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:nbmake"]
    failure = FirstFailure()
    status = pytest.main([*options, *words], plugins=[failure])

    import gankit

    if not gankit.__file__.startswith(folder):
        failure.name, status = f"another gankit was imported: {gankit.__file__}", 4
    answer.send((int(status), failure.name))
    answer.close()
    sys.stdout.flush()
    os._exit(0)  # the threads of a backend need not be waited for


def judge(tests: str, mutant: Mutant | None, processes) -> tuple[int, str, float]:
    """Run tests on a copy, and return their status, the first failure, and the seconds."""
    with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as folder:
        make_copy(Path(folder), mutant)
        ours, theirs = processes.Pipe(duplex=False)
        began = time.monotonic()
        process = processes.Process(target=run_tests, args=(folder, tests, theirs))
        process.start()
        theirs.close()
        in_time = ours.poll(SECONDS)
        status, name = 1, f"took more than {SECONDS} s"
        if in_time:
            status, name = 1, "the process died"
            with contextlib.suppress(EOFError):
                status, name = ours.recv()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
        return status, name, time.monotonic() - began


def check_unchanged(mutants: list[Mutant], pool: ThreadPoolExecutor, processes) -> bool:
    """Whether all tests pass on an unchanged copy; says which do not."""
    runs = {pool.submit(judge, t, None, processes): t for t in sorted({m.tests for m in mutants})}
    print(f"Unchanged: {len(runs)} selections of tests", flush=True)
    good = True
    for run in as_completed(runs):
        status, name, seconds = run.result()
        if status or seconds > SECONDS / 3:
            what = f"{name} (status {status})" if status else "too slow for the limit"
            print(f"  {seconds:5.1f} s  {runs[run]}: {what}", flush=True)
        good = good and status == 0
    return good


def main() -> int:
    """Run the mutants, print what became of each, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="mutants whose file or text contains this")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1))
    options = parser.parse_args()
    mutants = [m for m in all_mutants() if options.only in str(m)]

    os.environ |= {name: "1" for name in ONE_THREAD}
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOADED)
    survivors, by_time = [], 0
    with ThreadPoolExecutor(options.workers) as pool:
        if not check_unchanged(mutants, pool, processes):
            print("The tests must pass before mutants can be judged by them.")
            return 1
        runs = {pool.submit(judge, m.tests, m, processes): m for m in mutants}
        for run in as_completed(runs):
            status, name, seconds = run.result()
            by_time += name.startswith("took")
            survivors += [] if status else [runs[run]]
            verdict = f"killed by {name}" if status else "SURVIVED"
            print(f"  {seconds:5.1f} s  {runs[run]}\n           {verdict}", flush=True)
    killed = len(mutants) - len(survivors)
    print(f"Killed {killed} of {len(mutants)}, {by_time} of them by the limit of {SECONDS} s.")
    for mutant in survivors:
        print(f"Survived: {mutant}")
    return int(killed < LEAST * len(mutants))


if __name__ == "__main__":
    sys.exit(main())
