"""What it costs `fit` to check every batch of a pipeline: a DCGAN of width 64 on 28×28 images.

    python benchmarks/pipeline_checks.py [--rounds 30] [--json RESULT]

One contender checks as always; in the other's process the check is taken out. They take turns
(`turns.py`). Above 1, the one that checks is the faster one.
"""

import argparse
import json
import os
from pathlib import Path

from turns import ENVIRONMENT, Contender, race, ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30, help="slices for each")
    parser.add_argument("--slice-seconds", type=float, default=1.5, help="length of a slice")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the result")
    options = parser.parse_args()
    os.environ |= ENVIRONMENT | {"KERAS_BACKEND": "tensorflow"}
    contenders = [
        Contender(name, "pipeline_fit", (name == "checked",)) for name in ("checked", "unchecked")
    ]
    rates = race(contenders, options.rounds, options.slice_seconds)
    result = ratio(rates["checked"], rates["unchecked"])
    print(result)
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
