"""What it costs to score 10,000 generated images of 28x28: seconds and peak memory, each metric.

    python benchmarks/metrics_cost.py [--json RESULT]

Generated images come in batches and are not held together, except as bytes for the metrics in image
space. In their place stand glyphs that are shifted and noisy, as a generator takes time of its own.
All metrics run in one process, so the peak is that of everything before, the libraries included.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import resource
import sys
import time
from pathlib import Path

ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
BATCH = 64
LIMIT = {"seconds": 20, "peak_mib": 1024}


def peak_mib():
    """The most memory that this process has had so far; the system counts it in KiB, or bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))


class Costs:
    """Calls functions and notes what each took."""

    def __init__(self):
        self.rows = {}

    def __call__(self, name, function, *arguments, **options):
        wall, cpu = time.perf_counter(), time.process_time()
        result = function(*arguments, **options)
        self.rows[name] = {
            "seconds": round(time.perf_counter() - wall, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "peak_mib": peak_mib(),
        }
        return result


def batches(images):
    return (images[start : start + BATCH] for start in range(0, len(images), BATCH))


def worse(images):
    """Batches that stand for a generator's: glyphs shifted by a pixel under noise."""
    import numpy as np

    rng = np.random.default_rng(0)
    for batch in batches(images):
        batch = np.roll(batch, 1, axis=2)
        yield (batch + rng.normal(0, 0.1, batch.shape)).clip(-1, 1).astype("float32")


def to_bytes(batches):
    return (((batch + 1) * 127.5).round().astype("uint8") for batch in batches)


def score(count):
    """Every metric on `count` images, and what each cost."""
    import numpy as np

    from gankit import datasets, metrics

    costs = Costs()
    (train, _), (test, _) = (datasets.load("glyphs", split) for split in ("train", "test"))
    images = train[:count]
    classifier = costs("libraries, images, classifier", metrics.digit_classifier)
    real = costs("features, real", metrics.image_features, batches(images))
    fake = costs("features, generated", metrics.image_features, worse(images))
    known = metrics.FeatureStatistics().add(real)
    streamed = costs("Fréchet distance, streaming", stream, metrics, known, images)
    assert abs(streamed / metrics.frechet_distance(real, fake) - 1) < 1e-5
    costs("Fréchet distance at infinity", metrics.frechet_distance_at_infinity, known, fake)
    costs("kernel distance", metrics.kernel_distance, real, fake)
    read = metrics.image_features
    probabilities = costs("class probabilities", read, worse(images), classifier.probabilities)
    costs("inception score", metrics.inception_score, probabilities)
    costs("precision and recall", metrics.precision_recall, real, fake)
    costs("density and coverage", metrics.density_coverage, real, fake)
    held_out = metrics.image_features(batches(test))
    costs("memorization", metrics.memorization, fake, real, held_out)
    # As written to files: bytes.
    together, images = (np.concatenate(list(to_bytes(x))) for x in (worse(images), batches(images)))
    pyramid = metrics.sliced_wasserstein_pyramid
    costs("sliced Wasserstein distance", pyramid, images, together, patches=2, projections=128)
    costs("MS-SSIM diversity", metrics.ms_ssim_diversity, together)
    return costs.rows


def stream(metrics, known, images):
    return metrics.frechet_distance(known, metrics.FeatureStatistics().update(worse(images)))


def summary(rows):
    """The rows' sums: what scoring takes when the libraries are there."""
    scored = list(rows.values())[1:]
    return {
        "seconds": round(sum(row["seconds"] for row in scored), 2),
        "cpu_seconds": round(sum(row["cpu_seconds"] for row in scored), 2),
        "peak_mib": scored[-1]["peak_mib"],
    }


def table(rows):
    lines = [f"{'':32}{'seconds':>9}{'CPU':>9}{'peak, MiB':>10}"]
    for name, row in rows.items():
        lines.append(
            f"{name:32}{row['seconds']:9.2f}{row['cpu_seconds']:9.2f}{row['peak_mib']:10d}"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000, help="how many, 500 to 12,000")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the result")
    options = parser.parse_args()
    if not 500 <= options.images <= 12_000:
        parser.error(f"--images must lie in 500..12000: {options.images}")
    os.environ |= ENVIRONMENT
    rows = score(options.images)
    total = summary(rows)
    print(table(rows | {"in all, without the first": total}))
    if options.json is not None:
        packages = ("keras", "numpy", "scikit-learn", "scipy", "tensorflow")
        result = {
            "images": options.images,
            "metrics": rows,
            "total": total,
            "aim": LIMIT,
            "cpus": os.cpu_count(),
            "versions": {"python": platform.python_version()}
            | {package: importlib.metadata.version(package) for package in packages},
        }
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
