"""What `generate` costs beside Keras' `predict`: 10,000 images of 32×32 from one generator.

    KERAS_BACKEND=tensorflow python benchmarks/generate_cost.py [--rounds 7] [--json RESULT]

The two work in processes of their own and take turns (`turns.py`). Above 1, `generate` is faster.
"""

import argparse
import json
import os
from pathlib import Path

from turns import ENVIRONMENT, Contender, race, ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to add the result")
    parser.add_argument("--images", type=int, default=10_000, help="how many in a turn")
    parser.add_argument("--widths", type=int, nargs="+", default=(16, 64), help="of the generators")
    options = parser.parse_args()
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    os.environ |= ENVIRONMENT | {"KERAS_BACKEND": backend}
    result = {}
    for width in options.widths:
        contenders = [
            Contender(way, "generate", (way, width, options.images))
            for way in ("generate", "predict")
        ]
        rates = race(contenders, options.rounds, slice_seconds=0.1)
        result[f"width {width}"] = ratio(rates["generate"], rates["predict"])
        print(f"{backend}, width {width}: {result[f'width {width}']}", flush=True)
    if options.json is not None:
        known = json.loads(options.json.read_text("utf-8")) if options.json.exists() else {}
        known[backend] = known.get(backend, {}) | result
        text = json.dumps(known, indent=2) + "\n"
        options.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
