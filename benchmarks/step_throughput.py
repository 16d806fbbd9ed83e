"""How fast a DCGAN trains: gankit's `fit`, a TensorFlow loop, a PyTorch loop.

    python benchmarks/step_throughput.py [--rounds 20] [--json RESULT]

All train the same networks on the same images on the CPU, each in a process of its own, and take
turns: while one trains for a slice of time, the others wait. A round gives every contender one
slice, and contenders are compared within a round, so that a machine whose speed drifts, or that is
busy with other work, does not favor one of them.
"""

import argparse
import importlib
import importlib.metadata
import importlib.util
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from pathlib import Path

# In every process: none takes a GPU, TensorFlow keeps its notices to itself, and memory that a step
# frees stays for the next one. Without the last, luck decides how much of it goes back to the
# system and is fetched again page by page: up to half of a step, for any of the contenders.
ENVIRONMENT = {
    "MALLOC_TOP_PAD_": str(64 * 2**20),
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
CONTENDERS = {
    "gankit": "gankit_fit",
    "gankit, both at once": "gankit_at_once",
    "gankit, bfloat16": "gankit_bfloat16",
    "gankit, both at once, bf16": "gankit_at_once_bfloat16",
    "TensorFlow": "tensorflow_loop",
    "TensorFlow, Keras' norm": "tensorflow_keras_norm",
    "PyTorch": "pytorch_loop",
    "PyTorch, bfloat16": "pytorch_bfloat16",
}
BASELINES = ("TensorFlow", "PyTorch", "PyTorch, bfloat16")


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


def contend(module, connection, images, batch_size, width):
    """What a contender's process does: train until it is ended."""
    sys.stdout = open(os.devnull, "w")  # the progress bar costs what it costs, and is not shown
    contender = importlib.import_module(f"contenders.{module}")
    contender.train(images, batch_size, width, Turns(connection))


class Contender:
    """A process that trains when it is told to."""

    def __init__(self, name, images, options):
        self.name, self.batch_size = name, options.batch
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe()
        self.process = spawn.Process(
            target=contend,
            args=(CONTENDERS[name], theirs, images, options.batch, options.width),
            daemon=True,
        )
        self.process.start()
        theirs.close()

    def images_per_second(self, seconds):
        """Let it train for a slice of `seconds`, in whole steps."""
        self.connection.send(seconds)
        try:
            return self.connection.recv() * self.batch_size
        except EOFError:
            raise RuntimeError(f"{self.name} ended; its own message is above.") from None


def race(images, names, options):
    """Images per second of every contender in every round."""
    contenders = [Contender(name, images, options) for name in names]
    try:
        for contender in contenders:
            contender.images_per_second(0.0)
        rates = {name: [] for name in names}
        for done in range(options.rounds):
            # Every other round goes backwards, so that none is always the one after another.
            for contender in contenders[:: 1 if done % 2 == 0 else -1]:
                rates[contender.name].append(contender.images_per_second(options.slice_seconds))
            print(f"\rround {done + 1} of {options.rounds}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return rates
    finally:
        for contender in contenders:
            contender.process.terminate()
            contender.process.join()


def summary(rates):
    """Median speed, and the speed as a multiple of each baseline's in the same round."""
    result = {}
    for name, own in rates.items():
        result[name] = {"images_per_second": round(statistics.median(own), 1), "speed": {}}
        for baseline in (b for b in BASELINES if b in rates):
            ratios = [rate / base for rate, base in zip(own, rates[baseline], strict=True)]
            result[name]["speed"][baseline] = {
                "median": round(statistics.median(ratios), 3),
                "min": round(min(ratios), 3),
                "max": round(max(ratios), 3),
            }
    return result


def table(contenders):
    """One line per contender: images per second, and the speed with each baseline as 1."""
    baselines = list(next(iter(contenders.values()))["speed"])
    lines = [f"{'':24}{'images/s':>10}" + "".join(f"   {f'{b} = 1':^24}" for b in baselines)]
    for name, row in contenders.items():
        line = f"{name:24}{row['images_per_second']:10.1f}"
        for ratio in row["speed"].values():
            line += f"   {ratio['median']:6.3f} ({ratio['min']:.3f} to {ratio['max']:.3f})"
        lines.append(line)
    return "\n".join(lines)


def versions(names):
    packages = ["keras", "numpy", "tensorflow"] + (["torch"] if "PyTorch" in names else [])
    return {"python": platform.python_version()} | {
        package: importlib.metadata.version(package) for package in packages
    }


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20, help="slices for each contender")
    parser.add_argument("--slice-seconds", type=float, default=1.5, help="length of a slice")
    parser.add_argument("--width", type=int, default=64, help="maps next to the image")
    parser.add_argument("--batch", type=int, default=128, help="images per step")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, help="leave out the others")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the result")
    options = parser.parse_args(arguments)
    for name in ("rounds", "slice_seconds", "width", "batch"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name.replace('_', '-')} must be above 0: {getattr(options, name)}")
    return options


def main():
    options = parse_options()
    os.environ |= ENVIRONMENT
    from gankit import datasets

    names = [name for name in CONTENDERS if options.only is None or name in options.only]
    if importlib.util.find_spec("torch") is None:
        names = [name for name in names if "PyTorch" not in name]
        print("PyTorch is left out: it is not installed (pip install torch).")
    images, _ = datasets.load("glyphs")
    if options.batch > len(images):
        sys.exit(f"--batch must be at most {len(images)}, the number of images: {options.batch}")
    images = images[: len(images) // options.batch * options.batch]  # whole batches only

    contenders = summary(race(images, names, options))
    print(table(contenders))
    if options.json is not None:
        result = {
            "contenders": contenders,
            "settings": {
                "images": "glyphs, 28x28x1",
                "width": options.width,
                "batch_size": options.batch,
                "rounds": options.rounds,
                "slice_seconds": options.slice_seconds,
            },
            "cpus": os.cpu_count(),
            "versions": versions(names),
        }
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
