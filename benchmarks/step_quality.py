"""Whether bfloat16 learns as well as float32: a DCGAN's quality after equal images.

    python benchmarks/step_quality.py [--epochs 6] [--seeds 3]

Each run's score is kept as soon as it is known, and a run that was killed is taken up where it
stopped. The result goes to `benchmarks/results/step_quality.json`.
"""

import argparse
import json
from pathlib import Path

import keras

from gankit import datasets, metrics
from gankit.callbacks import BackupAndRestore
from gankit.models.dcgan import DCGAN
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "step_quality.json"
RUN = HERE / "runs" / "step_quality"
SAMPLES = 2_000
# The policies of Keras that `step_throughput.py` times.
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def frechet(images, real, seed, options, run, policy):
    """Train once; the distance of the samples from the real images."""
    keras.config.set_dtype_policy(policy)
    gan = DCGAN((28, 28, 1), width=options.width, seed=seed)
    gan.compile()
    epochs, callbacks = options.epochs, [BackupAndRestore(run)]
    gan.fit(images, batch_size=128, epochs=epochs, verbose=2, callbacks=callbacks)
    samples = keras.ops.convert_to_numpy(gan.generate(SAMPLES, seed=1)).astype("float32")
    keras.config.set_dtype_policy("float32")
    return metrics.frechet_distance(real, metrics.digit_classifier().features(samples))


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=6, help="passes over the 12,000 glyphs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--width", type=int, default=64, help="maps next to the image")
    return parser.parse_args(arguments)


def main():
    options = parse_options()
    images, _ = datasets.load("glyphs")
    test, _ = datasets.load("glyphs", "test")
    real = metrics.digit_classifier().features(test)
    folder = RUN / f"{options.epochs}_epochs_{options.width}_maps"
    folder.mkdir(parents=True, exist_ok=True)
    distances = {name: [] for name in POLICIES}
    for seed in range(options.seeds):
        for name, policy in POLICIES.items():
            run = folder / f"{name}_{seed}"
            done = run.with_suffix(".json")
            if not done.exists():
                found = frechet(images, real, seed, options, run, policy)
                with atomic_write(done) as temporary:
                    temporary.write_text(json.dumps(round(found, 1)), encoding="utf-8")
            distances[name].append(json.loads(done.read_text(encoding="utf-8")))

    result = {
        "frechet": distances,
        "settings": {
            "images": "glyphs, 28x28x1: 12,000 for training; 2,000 samples and test images",
            "epochs": options.epochs,
            "width": options.width,
            "batch_size": 128,
            "optimizers": "the paper's Adam, learning rate 2e-4, beta_1 0.5",
            "seeds": list(range(options.seeds)),
        },
    }
    with atomic_write(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(distances, indent=2))


if __name__ == "__main__":
    main()
