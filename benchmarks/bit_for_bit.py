"""Is a seeded run the same in every bit, whole or killed and resumed? Many runs of one small game.

    python benchmarks/bit_for_bit.py [--repeats 200] [--kills 100] [--json RESULT]
    KERAS_BACKEND=jax python benchmarks/bit_for_bit.py --repeats 30 --kills 30

The game (`tests/games/everything.py`) has a gradient penalty and R1, averages, historical averaging
and instance noise. It is trained again and again from one state, in one process. Then other runs,
each in a process of its own, get SIGKILL at random times while they train and back up after every
step, and are started again until they are done. Their final states, weights, statistics, averages,
random states and optimizers, are compared with that of the first run, which was left alone.
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
from pathlib import Path
from time import perf_counter as now

from turns import ENVIRONMENT

IN_ONE_RUN = 4  # kills
GAME = Path(__file__).resolve().parents[1] / "tests" / "games" / "everything.py"


def sums_of(state):
    return [hashlib.sha256(array.tobytes()).hexdigest() for array in state]


def repeat(times, connection):
    """What a process does that nobody kills: train `times` times, and send each final state."""
    import keras

    game = runpy.run_path(str(GAME))
    model = game["everything"](99)
    variables = [*model.variables, *model.optimizer.variables]
    first = [keras.ops.convert_to_numpy(v.value).copy() for v in variables]
    for _ in range(times):
        for variable, value in zip(variables, first, strict=True):
            variable.assign(value)
        began = now()
        state, _ = game["trained"](model)
        connection.send((sums_of(state), now() - began))


def run(folder, seed, began):
    """What a process does that is killed: train with backups in `folder`, and write the sums."""
    game = runpy.run_path(str(GAME))
    from gankit.callbacks import BackupAndRestore

    class Began(BackupAndRestore):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            began.set()  # from here on nothing is traced

    callbacks = [Began(folder / "backups", save_freq=1, delete_when_done=False)]
    state, _ = game["trained"](game["everything"](seed), callbacks)
    (folder / "state.json").write_text(json.dumps(sums_of(state)), encoding="utf-8")


def start(processes, folder, seed):
    """Start the run; return its process when it has taken a step, or is done."""
    began = processes.Event()
    process = processes.Process(target=run, args=(folder, seed, began))
    process.start()
    while not began.wait(0.1) and process.is_alive():
        pass
    if process.exitcode:
        sys.exit(f"The run ended with {process.exitcode}; its own message is above.")
    return process


def killed(processes, pace, draws, most):
    """The sums of a run that is killed again and again, and how often it was: `most`, or less.

    `pace` holds the seconds that a run takes after its first step; it is kept up to date.
    """
    kills = 0
    with tempfile.TemporaryDirectory() as folder:
        while not (Path(folder) / "state.json").exists():
            # A resumed process starts from other weights: all must come from the backup.
            process, began = start(processes, Path(folder), seed=99 if kills == 0 else 3), now()
            process.join(draws.uniform(0, pace[0]) if kills < most else None)
            if process.is_alive():
                process.kill()
                process.join()
                kills += 1
            elif kills == 0:
                pace[0] = now() - began
        return json.loads((Path(folder) / "state.json").read_text("utf-8")), kills


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--repeats", type=int, default=200, help="runs that are left alone, at least 2"
    )
    parser.add_argument("--kills", type=int, default=100, help="SIGKILLs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to add the result")
    options = parser.parse_args()
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    os.environ |= ENVIRONMENT | {"KERAS_BACKEND": backend}
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["keras"])
    draws = random.Random(0)

    mine, theirs = processes.Pipe()
    alone = processes.Process(target=repeat, args=(options.repeats, theirs), daemon=True)
    alone.start()
    theirs.close()
    first, _ = mine.recv()  # how long it took is left out: the step was traced
    seconds, differ = [], 0
    for done in range(1, options.repeats):
        sums, took = mine.recv()
        seconds.append(took)
        differ += sums != first
        print(f"\r{done + 1} runs, {differ} differ", end="", file=sys.stderr, flush=True)
    kills, resumed, changed, pace = 0, 0, 0, [2 * statistics.median(seconds)]
    while kills < options.kills:
        most = min(IN_ONE_RUN, options.kills - kills)
        sums, times = killed(processes, pace, draws, most)
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
