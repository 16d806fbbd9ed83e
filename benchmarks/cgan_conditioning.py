"""Four ways for a label to enter a conditional GAN: the same networks and budget, over seeds.

    python benchmarks/cgan_conditioning.py [--epochs 3] [--seeds 3]

Each run's score is kept as soon as it is known, and a run that was killed is taken up where it
stopped. The result goes to `benchmarks/results/cgan_conditioning.json`; the chapter `04_cgan` shows
it beside one live example. Samples are judged by the classifier that ships with the package, which
has never seen a generated image. As in the chapter, images get a border of 2 pixels, and
generators are averaged.
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np
from seconds import Seconds

from gankit import averaging, datasets, metrics
from gankit.callbacks import BackupAndRestore
from gankit.models.cgan import CONDITIONINGS, ConvCGAN
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "cgan_conditioning.json"
RUN = HERE / "runs" / "cgan_conditioning"
RATE, BATCH, LATENT_DIM = 2e-3, 64, 64
PER_CLASS = 500


def score(gan, judge, real, real_labels):
    """How often samples are what was asked for, and how far each class is from the real one."""
    asked = np.repeat(np.arange(gan.num_classes), PER_CLASS)
    samples = gan.generate(labels=asked, seed=1)[:, 2:-2, 2:-2]
    real_features, features = judge.features(real), judge.features(samples)
    distances = [
        metrics.frechet_distance(real_features[real_labels == k], features[asked == k])
        for k in range(gan.num_classes)
    ]
    return {
        "accuracy": round(judge.accuracy(samples, asked), 4),
        "frechet_per_class": [round(distance, 1) for distance in distances],
    }


def run(conditioning, seed, options, data, judge, folder):
    """Train one GAN and score it."""
    gan = ConvCGAN(
        (32, 32, 1),
        10,
        conditioning=conditioning,
        latent_dim=LATENT_DIM,
        width=options.width,
        seed=seed,
    )
    adams = [keras.optimizers.Adam(RATE, beta_1=0.5) for _ in range(2)]
    gan.compile("non_saturating", *adams, averaging=averaging.Averaging(half_life=10_000))
    callbacks = [Seconds(), BackupAndRestore(folder)]
    images, labels = data
    framed = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)], constant_values=-1)
    history = gan.fit(framed, labels, BATCH, options.epochs, verbose=2, callbacks=callbacks)
    seconds = round(float(np.median(history.history["cpu_seconds"])), 2)
    return score(gan, judge, *data) | {"cpu_seconds_per_epoch": seconds}


def summary(runs):
    """One row per way: mean and standard deviation over the seeds."""
    table = {}
    for name, found in runs.items():
        columns = {
            "accuracy": [one["accuracy"] for one in found],
            "frechet": [float(np.mean(one["frechet_per_class"])) for one in found],
            "worst_class_frechet": [max(one["frechet_per_class"]) for one in found],
            "cpu_seconds_per_epoch": [one["cpu_seconds_per_epoch"] for one in found],
        }
        table[name] = {
            key: {"mean": round(float(np.mean(v)), 4), "spread": round(float(np.std(v)), 4)}
            for key, v in columns.items()
        }
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=3, help="passes over the 12,000 glyphs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--width", type=int, default=16)
    options = parser.parse_args()

    data = datasets.load("glyphs")
    judge = metrics.digit_classifier()
    folder = RUN / f"width_{options.width}_epochs_{options.epochs}"
    folder.mkdir(parents=True, exist_ok=True)
    runs = {name: [] for name in CONDITIONINGS}
    for seed in range(options.seeds):
        for name in CONDITIONINGS:
            done = folder / f"{name}_{seed}.json"
            if not done.exists():
                found = run(name, seed, options, data, judge, folder / f"{name}_{seed}")
                with atomic_write(done) as temporary:
                    temporary.write_text(json.dumps(found), encoding="utf-8")
            runs[name].append(json.loads(done.read_text(encoding="utf-8")))

    result = {
        "data": "glyphs with a border of 2 pixels: 12,000 training images; "
        f"{10 * PER_CLASS:,} samples per run",
        "seeds": list(range(options.seeds)),
        "table": summary(runs),
        "runs": runs,
        "settings": {
            "epochs": options.epochs,
            "width": options.width,
            "latent_dim": LATENT_DIM,
            "batch_size": BATCH,
            "optimizers": f"Adam, learning rate {RATE:g}, beta_1 0.5",
            "averaging": "half-life 10,000 images",
            "backend": keras.config.backend(),
        },
    }
    with atomic_write(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["table"], indent=2))


if __name__ == "__main__":
    main()
