"""Is a seeded run the same in every bit, whole or killed and resumed? Many runs of one small game.

    python benchmarks/bit_for_bit.py [--repeats 200] [--kills 100] [--json RESULT]
    KERAS_BACKEND=jax python benchmarks/bit_for_bit.py --repeats 30 --kills 30

The game (`tests/games/everything.py`) has a gradient penalty and R1, averages, historical averaging
and instance noise. Every run has a process of its own. A run that is to be killed gets SIGKILL at
random times while it trains and backs up after every step, and is started again until it is done.
Its final state, weights, statistics, averages, random states and optimizers, is compared with that
of the first run, which was left alone.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import runpy
import statistics
import sys
import tempfile
import time
from pathlib import Path

from turns import ENVIRONMENT

GAME = Path(__file__).resolve().parents[1] / "tests" / "games" / "everything.py"


def run(folder, seed, began):
    """What a process does: train, with backups in `folder`, and write a hash of the final state."""
    game = runpy.run_path(str(GAME))
    from gankit.callbacks import BackupAndRestore

    class Began(BackupAndRestore):
        def on_train_begin(self, logs=None):
            super().on_train_begin(logs)
            began.set()

    callbacks = [Began(folder / "backups", save_freq=1, delete_when_done=False)]
    state, _ = game["trained"](game["everything"](seed), callbacks)
    sums = [hashlib.sha256(array.tobytes()).hexdigest() for array in state]
    (folder / "state.json").write_text(json.dumps(sums), encoding="utf-8")


def start(processes, folder, seed):
    """Start the run; return its process, and when it began to train."""
    began = processes.Event()
    process = processes.Process(target=run, args=(folder, seed, began))
    process.start()
    while not began.wait(0.1):
        if not process.is_alive():
            sys.exit(f"The run ended with {process.exitcode}; its own message is above.")
    return process, time.perf_counter()


def left_alone(processes):
    """The sums of a run that nobody kills, and how long it trained."""
    with tempfile.TemporaryDirectory() as folder:
        process, began = start(processes, Path(folder), seed=99)
        process.join()
        seconds = time.perf_counter() - began
        return json.loads((Path(folder) / "state.json").read_text("utf-8")), seconds


def killed(processes, seconds, draws, most):
    """The sums of a run that is killed again and again, and how often it was: twice, or `most`."""
    kills = 0
    with tempfile.TemporaryDirectory() as folder:
        while not (Path(folder) / "state.json").exists():
            # A resumed process starts from other weights: all must come from the backup.
            process, began = start(processes, Path(folder), seed=99 if kills == 0 else 3)
            if kills < min(2, most):
                process.join(draws.uniform(0, seconds) - (time.perf_counter() - began))
            else:
                process.join()
            if process.is_alive():
                process.kill()
                process.join()
                kills += 1
        return json.loads((Path(folder) / "state.json").read_text("utf-8")), kills


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=200, help="runs that are left alone")
    parser.add_argument("--kills", type=int, default=100, help="SIGKILLs, at most two in a run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to add the result")
    options = parser.parse_args()
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    os.environ |= ENVIRONMENT | {"KERAS_BACKEND": backend}
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["keras"])
    draws = random.Random(0)

    first, _ = left_alone(processes)
    seconds, differ = [], 0
    for done in range(1, options.repeats):
        sums, took = left_alone(processes)
        seconds.append(took)
        differ += sums != first
        print(f"\r{done + 1} runs, {differ} differ", end="", file=sys.stderr, flush=True)
    kills, resumed, changed = 0, 0, 0
    while kills < options.kills:
        most = options.kills - kills
        sums, times = killed(processes, statistics.median(seconds), draws, most)
        kills, resumed, changed = kills + times, resumed + 1, changed + (sums != first)
        print(f"\r{kills} kills, {changed} differ", end="", file=sys.stderr, flush=True)
    result = {
        "arrays": len(first),
        "left alone": {"runs": options.repeats, "differ": differ},
        "killed": {"kills": kills, "runs": resumed, "differ": changed},
    }
    print(f"\n{backend}: {result}")
    if options.json is not None:
        known = json.loads(options.json.read_text("utf-8")) if options.json.exists() else {}
        text = json.dumps(known | {backend: result}, indent=2) + "\n"
        options.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
