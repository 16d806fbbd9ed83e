"""How fast a DCGAN trains: gankit's `fit`, a TensorFlow loop, a PyTorch loop.

    python benchmarks/step_throughput.py [--rounds 20] [--json RESULT]

All train the same networks on the same images on the CPU, each in a process of its own, and take
turns (`turns.py`).
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import sys
from pathlib import Path

from turns import ENVIRONMENT, Contender, race, ratio

CONTENDERS = {
    "gankit": "gankit_fit",
    "gankit, bfloat16": "gankit_bfloat16",
    "TensorFlow": "tensorflow_loop",
    "TensorFlow, Keras' norm": "tensorflow_keras_norm",
    "PyTorch": "pytorch_loop",
    "PyTorch, bfloat16": "pytorch_bfloat16",
}
BASELINES = ("TensorFlow", "PyTorch", "PyTorch, bfloat16")


def summary(rates):
    """Median speed, and the speed as a multiple of each baseline's in the same round."""
    result = {}
    for name, own in rates.items():
        result[name] = {"images_per_second": round(statistics.median(own), 1), "speed": {}}
        for baseline in (b for b in BASELINES if b in rates):
            result[name]["speed"][baseline] = ratio(own, rates[baseline])
    return result


def table(contenders):
    """One line per contender: images per second, and the speed with each baseline as 1."""
    baselines = list(next(iter(contenders.values()))["speed"])
    lines = [f"{'':24}{'images/s':>10}" + "".join(f"   {f'{b} = 1':^24}" for b in baselines)]
    for name, row in contenders.items():
        line = f"{name:24}{row['images_per_second']:10.1f}"
        for speed in row["speed"].values():
            line += f"   {speed['median']:6.3f} ({speed['min']:.3f} to {speed['max']:.3f})"
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
    os.environ |= ENVIRONMENT | {"KERAS_BACKEND": "tensorflow"}
    from gankit import datasets

    names = [name for name in CONTENDERS if options.only is None or name in options.only]
    if importlib.util.find_spec("torch") is None:
        names = [name for name in names if "PyTorch" not in name]
        print("PyTorch is left out: it is not installed (pip install torch).")
    images, _ = datasets.load("glyphs")
    if options.batch > len(images):
        sys.exit(f"--batch must be at most {len(images)}, the number of images: {options.batch}")
    images = images[: len(images) // options.batch * options.batch]  # whole batches only

    arguments = (images, options.batch, options.width)
    contenders = [Contender(name, CONTENDERS[name], arguments) for name in names]
    rates = race(contenders, options.rounds, options.slice_seconds)
    contenders = summary({n: [rate * options.batch for rate in r] for n, r in rates.items()})
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
