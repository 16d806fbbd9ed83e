"""Contenders in processes of their own, which take turns: what the comparisons of speed share.

While one works for a slice of time, the others wait. A round gives every contender one slice, and
contenders are compared within a round, so that a machine whose speed drifts, or that is busy with
other work, does not favor one of them.
"""

import importlib
import multiprocessing
import os
import statistics
import sys
import time

# In every process: none takes a GPU, TensorFlow keeps its notices to itself, and memory that a step
# frees stays for the next one. Without the last, luck decides how much of it goes back to the
# system and is fetched again page by page: up to half of a step, for any of the contenders.
ENVIRONMENT = {
    "MALLOC_TOP_PAD_": str(64 * 2**20),
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


class Turns:
    """Called by a contender after every step: counts, and waits while the others have their turn.

    The first step of a slice is left out of it: it finds the caches full of the others' data, and
    the very first one traces the graph.
    """

    def __init__(self, connection):
        self.connection = connection
        self._wait()

    def __call__(self):
        now = time.perf_counter()
        if self.began is None:
            self.began = now
            return
        self.steps += 1
        if now - self.began >= self.seconds:
            self.connection.send(self.steps / (now - self.began))
            self._wait()

    def _wait(self):
        self.seconds = self.connection.recv()
        self.began, self.steps = None, 0


def contend(module, connection, checkout, arguments):
    """What a contender's process does: work until it is ended."""
    sys.stdout = open(os.devnull, "w")  # the progress bar costs what it costs, and is not shown
    if checkout:
        sys.path.insert(0, checkout)
    importlib.import_module(f"contenders.{module}").train(*arguments, Turns(connection))


class Contender:
    """A process that works when it is told to.

    Args:
        name: what to call it.
        module: a module of `contenders`, whose `train(*arguments, after_step)` works without end.
        arguments: what it is given, besides the function to call after every step.
        checkout: the folder whose gankit it imports; None for the installed one.
    """

    def __init__(self, name, module, arguments, checkout=None):
        self.name = name
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe()
        self.process = spawn.Process(
            target=contend, args=(module, theirs, checkout, arguments), daemon=True
        )
        self.process.start()
        theirs.close()

    def steps_per_second(self, seconds):
        """Let it work for a slice of `seconds`, in whole steps."""
        self.connection.send(seconds)
        try:
            return self.connection.recv()
        except EOFError:
            raise RuntimeError(f"{self.name} ended; its own message is above.") from None


def race(contenders, rounds, slice_seconds):
    """Steps per second of every contender in every round, by name; ends the processes."""
    try:
        for contender in contenders:
            contender.steps_per_second(0.0)
        rates = {contender.name: [] for contender in contenders}
        for done in range(rounds):
            # Every other round goes backwards, so that none is always the one after another.
            for contender in contenders[:: 1 if done % 2 == 0 else -1]:
                rates[contender.name].append(contender.steps_per_second(slice_seconds))
            print(f"\rround {done + 1} of {rounds}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return rates
    finally:
        for contender in contenders:
            contender.process.terminate()
            contender.process.join()


def ratio(own, base):
    """The speed as a multiple of another's in the same round: median, lowest and highest."""
    ratios = [a / b for a, b in zip(own, base, strict=True)]
    return {
        "median": round(statistics.median(ratios), 3),
        "min": round(min(ratios), 3),
        "max": round(max(ratios), 3),
    }
