"""How fast `fit` is beside another checkout of gankit, model by model.

    git worktree add ../before 01f4933
    python benchmarks/two_versions.py ../before [--rounds 15] [--json RESULT]

Both versions train the same model on the same data on the CPU, each in a process of its own, and
take turns (`turns.py`). Above 1, this checkout is the faster one.
"""

import argparse
import json
import os
from pathlib import Path

from turns import ENVIRONMENT, Contender, race, ratio

HERE = Path(__file__).resolve().parents[1]
MODELS = ("DCGAN", "CGAN", "Pix2Pix", "SRGAN")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("--rounds", type=int, default=15, help="slices for each version")
    parser.add_argument("--slice-seconds", type=float, default=1.5, help="length of a slice")
    parser.add_argument("--only", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the result")
    options = parser.parse_args()
    if not (options.other / "gankit" / "__init__.py").is_file():
        parser.error(f"there is no gankit in {str(options.other)!r}")
    os.environ |= ENVIRONMENT | {"KERAS_BACKEND": os.environ.get("KERAS_BACKEND", "tensorflow")}
    checkouts = {"this": str(HERE), "other": str(options.other.resolve())}
    result = {}
    for model in options.only:
        contenders = [Contender(n, "model_fit", (model,), c) for n, c in checkouts.items()]
        rates = race(contenders, options.rounds, options.slice_seconds)
        result[model] = ratio(rates["this"], rates["other"])
        print(f"{model:10} {result[model]}", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
