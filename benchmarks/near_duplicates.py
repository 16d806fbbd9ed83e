"""Near-duplicates among glyphs: the codes of DCGAN's section 4.1.1 beside comparing all pixels.

    python benchmarks/near_duplicates.py [--images 5000] [--copies 300]

Altered copies are planted among clean images, and two methods look for them: the paper's binary
codes, and distances between the pixels of all pairs. The result goes to
`benchmarks/results/near_duplicates.json`; the chapter `02_dcgan` shows it.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy import ndimage

from gankit import datasets, metrics
from gankit.saving import atomic_write

RESULT = Path(__file__).resolve().parent / "results" / "near_duplicates.json"
BITS = (0, 2, 4)


def plant(images, copies, rng):
    """Append altered copies: a third noisy, a third dimmed, a third moved by 0.2 pixels."""
    source = rng.choice(len(images), copies, replace=False)
    noisy, dimmed, moved = np.split(images[source], 3)
    noisy = np.clip(noisy + rng.normal(0, 0.04, noisy.shape), -1, 1)
    dimmed = (dimmed + 1) * rng.uniform(0.9, 1, (len(dimmed), 1, 1, 1)) - 1
    moved = ndimage.shift(moved, (0, 0.2, 0.2, 0), order=1, mode="nearest")
    return np.concatenate([images, noisy, dimmed, moved]).astype("float32"), source


def rate(original, source, count):
    """Return how many copies were found, by kind, and how many of the found pairs are copies."""
    truth = np.concatenate([np.arange(count), source])
    recall = (original[count:] == source).reshape(3, -1).mean(axis=1)
    named = np.flatnonzero(original != np.arange(len(original)))
    precision = float(np.mean(truth[original[named]] == truth[named])) if len(named) else 1.0
    kinds = ("noisy", "dimmed", "moved")
    found = {kind: round(float(share), 3) for kind, share in zip(kinds, recall, strict=True)}
    return found | {"precision": round(precision, 3)}


def by_pixels(planted, count):
    """Name the nearest earlier image, if it is nearer than almost all clean images are."""
    found = metrics.nearest_neighbors(planted, planted, k=2)
    itself = found.indices[:, 0] == np.arange(len(planted))
    neighbor = np.where(itself, found.indices[:, 1], found.indices[:, 0])
    distance = np.where(itself, found.distances[:, 1], found.distances[:, 0])
    clean = metrics.nearest_neighbors(planted[:count], planted[:count], k=2).distances[:, 1]
    original = np.arange(len(planted))
    near = (distance < np.quantile(clean, 0.01)) & (neighbor < original)
    original[near] = neighbor[near]
    return original


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--copies", type=int, default=300, help="a multiple of 3")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    images = datasets.load("glyphs")[0][: options.images]
    planted, source = plant(images, options.copies, np.random.default_rng(options.seed))

    table, started = {}, time.process_time()
    table["all pairs of images, by pixels"] = rate(
        by_pixels(planted, len(images)), source, len(images)
    )
    seconds = {"pixels": time.process_time() - started}
    started = time.process_time()
    codes = metrics.SemanticHash(bits=128, seed=options.seed).fit(planted).codes(planted)
    seconds["codes, training included"] = time.process_time() - started
    for bits in BITS:
        original = metrics.near_duplicates(codes, max_distance=bits).original
        table[f"codes that differ in at most {bits} of 128 bits"] = rate(
            original, source, len(images)
        )
    result = {
        "data": f"{options.images} glyphs and {options.copies} altered copies: noise of standard "
        "deviation 0.04, dimmed by up to 10 %, moved by 0.2 pixels each way",
        "found": table,
        "cpu_seconds": {name: round(value, 1) for name, value in seconds.items()},
        "settings": vars(options),
    }
    with atomic_write(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["found"], indent=2))


if __name__ == "__main__":
    main()
