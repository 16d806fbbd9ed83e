"""What batch normalization does for DCGAN: the same short training with it and without, over seeds.

    python benchmarks/dcgan_ablation.py [--epochs 2] [--seeds 3]

Each run's score is kept as soon as it is known, and a run that was killed is taken up where it
stopped. The result goes to `benchmarks/results/dcgan_ablation.json`; the chapter `02_dcgan` shows
it beside one live example.
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np

from gankit import datasets, metrics
from gankit.callbacks import BackupAndRestore
from gankit.models.dcgan import DCGAN
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "dcgan_ablation.json"
RUN = HERE / "runs" / "dcgan_ablation"
ARMS = {
    "with batch normalization": {"batch_norm": True},
    "without batch normalization": {"batch_norm": False},
}
SAMPLES = 2_000


def inner(images):
    """Take off the border that makes 32 pixels of 28."""
    return images[:, 2:-2, 2:-2]


def score(images, real, change, seed, epochs, run):
    """Train one network pair and return how far its samples are from the real images."""
    gan = DCGAN((32, 32, 1), latent_dim=64, width=16, seed=seed, **change)
    adams = [keras.optimizers.Adam(8e-4, beta_1=0.5) for _ in range(2)]
    gan.compile(generator_optimizer=adams[0], discriminator_optimizer=adams[1])
    gan.fit(images, batch_size=64, epochs=epochs, verbose=2, callbacks=[BackupAndRestore(run)])
    classifier = metrics.digit_classifier()
    samples = inner(gan.generate(SAMPLES, seed=1))
    classes = classifier.probabilities(samples).argmax(axis=1)
    return {
        "frechet": round(metrics.frechet_distance(real, classifier.features(samples)), 1),
        "largest_class": round(float(np.bincount(classes, minlength=10).max() / SAMPLES), 3),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=2, help="passes over the 12,000 glyphs")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()

    images, _ = datasets.load("glyphs")
    images = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)], constant_values=-1)
    test, _ = datasets.load("glyphs", "test")
    real = metrics.digit_classifier().features(test)
    folder = RUN / f"{options.epochs}_epochs"
    folder.mkdir(parents=True, exist_ok=True)
    runs = {name: [] for name in ARMS}
    for seed in range(options.seeds):
        for name, change in ARMS.items():
            slug = f"{name.split()[0]}_{seed}"
            done = folder / f"{slug}.json"
            if not done.exists():
                found = score(images, real, change, seed, options.epochs, folder / slug)
                with atomic_write(done) as temporary:
                    temporary.write_text(json.dumps(found), encoding="utf-8")
            runs[name].append(json.loads(done.read_text(encoding="utf-8")))

    result = {
        "data": "glyphs with a border of 2 pixels: 12,000 training images; "
        "2,000 samples, test images",
        "seeds": list(range(options.seeds)),
        "frechet": {name: [run["frechet"] for run in found] for name, found in runs.items()},
        "largest_class": {
            name: [run["largest_class"] for run in found] for name, found in runs.items()
        },
        "settings": {
            "epochs": options.epochs,
            "width": 16,
            "latent_dim": 64,
            "batch_size": 64,
            "optimizers": "Adam, learning rate 8e-4, beta_1 0.5",
            "backend": keras.config.backend(),
        },
    }
    with atomic_write(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["frechet"], indent=2))


if __name__ == "__main__":
    main()
