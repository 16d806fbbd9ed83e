"""Each technique of the 2016 paper alone, on the same data with the same budget, over seeds.

    python benchmarks/improved_techniques.py [--seeds 3]

Two games that collapse when nothing is done: a ring of eight Gaussians, and the 8x8 digits. The
discriminator learns five times (on digits two and a half times) slower than the generator. On the
ring, both rates fall to 0. One row is no technique of that paper, but what anyone would try first:
a generator that is as slow as the discriminator. Scores of a run are kept when they are known; a
benchmark that was killed is taken up where it stopped. The result goes to
`benchmarks/results/improved_techniques.json`; the chapter `03_improved_techniques` shows it beside
live rows.
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np

from gankit import datasets, metrics
from gankit.models import improved, minimax
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "improved_techniques.json"
RUN = HERE / "runs" / "improved_techniques"
BATCH, SAMPLES, STD, PER_CALL = 64, 2_500, 0.05, 20
STEPS = {"ring": 5_000, "digits": 1_800}
RATES = {"ring": (5e-3, 1e-3), "digits": (5e-4, 2e-4)}  # of the generator and the discriminator
LATENT_DIM = 64
LEAST_SHARE = {"ring": 0.01, "digits": 0.02}  # of the samples, for a mode or class to be covered
SLOWER = "generator as slow as the discriminator"


def per_call():
    """Batches per call of the compiled step, where the backend has that."""
    return 1 if keras.config.backend() == "torch" else PER_CALL


def score_ring(points):
    """Modes covered, Fréchet distance and JSD of points, against the ring."""
    found = metrics.mode_coverage(points, minimax.ring_centers(), STD)
    real = minimax.ring(SAMPLES, std=STD, seed=99)
    return {
        "modes": int((found.counts >= LEAST_SHARE["ring"] * len(points)).sum()),
        "high_quality": round(found.high_quality, 3),
        "frechet": round(metrics.frechet_distance(real, points), 3),
        # Points on no mode at all are as far from the ring as one can be.
        "jsd": round(float(np.log(2) if np.isnan(found.jsd) else found.jsd), 3),
    }


class Digits:
    """Scores of 8x8 digits: classes covered, Fréchet distance of pixels, JSD over the classes."""

    def __init__(self):
        from sklearn.svm import SVC

        images, labels = datasets.load("digits")
        test, test_labels = datasets.load("digits", "test")
        self.judge = SVC(gamma=0.01).fit(images.reshape(len(images), -1), labels)
        self.test = test.reshape(len(test), -1)
        self.accuracy = float(self.judge.score(self.test, test_labels))

    def __call__(self, images):
        pixels = images.reshape(len(images), -1)
        shares = np.bincount(self.judge.predict(pixels), minlength=10) / len(images)
        uniform = np.full(10, 0.1)
        return {
            "modes": int((shares >= LEAST_SHARE["digits"]).sum()),
            "frechet": round(metrics.frechet_distance(self.test, pixels), 3),
            "jsd": round(float(metrics.jensen_shannon_divergence(shares, uniform)), 3),
        }


def repeated(examples, count):
    """The examples over and over, so that an epoch has as many steps as the run."""
    return np.tile(examples, (-(-count // len(examples)), *(1,) * (examples.ndim - 1)))[:count]


def train(data, technique, seed, steps):
    """Train one game and return its samples."""
    name = "ring" if data.ndim == 2 else "digits"
    slower = technique == SLOWER
    rates = RATES[name][1:] * 2 if slower else RATES[name]
    if name == "ring":
        rates = [keras.optimizers.schedules.CosineDecay(rate, steps) for rate in rates]
    gan = improved.collapsing_game(
        data.shape[1:], "none" if slower else technique, latent_dim=LATENT_DIM, seed=seed
    )
    adams = (keras.optimizers.Adam(rate, beta_1=0.5) for rate in rates)
    gan.compile(gan.adversarial_loss, *adams, steps_per_execution=per_call())
    gan.fit(repeated(data, BATCH * steps), batch_size=BATCH, verbose=0)
    return gan.generate(SAMPLES, seed=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="updates of each player, for a quick look")
    options = parser.parse_args()
    steps = STEPS if options.steps is None else dict.fromkeys(STEPS, options.steps)

    digits = Digits()
    data = {"ring": minimax.ring(20_000, std=STD, seed=0), "digits": datasets.load("digits")[0]}
    scores = {"ring": score_ring, "digits": digits}
    folder = RUN / "_".join(map(str, steps.values()))
    folder.mkdir(parents=True, exist_ok=True)
    rows = (*improved.TECHNIQUES, SLOWER)
    table = {name: {technique: [] for technique in rows} for name in data}
    for seed in range(options.seeds):
        for name, examples in data.items():
            for technique in rows:
                done = folder / f"{name}_{technique.replace(' ', '_')}_{seed}.json"
                if not done.exists():
                    found = scores[name](train(examples, technique, seed, steps[name]))
                    with atomic_write(done) as temporary:
                        temporary.write_text(json.dumps(found), encoding="utf-8")
                    print(name, technique, seed, found, flush=True)
                table[name][technique].append(json.loads(done.read_text(encoding="utf-8")))

    result = {
        "data": "ring of 8 Gaussians, std 0.05; 1,442 digits of 8x8 pixels; 2,500 samples",
        "modes": "ring: of 8, with 1 % of the points or more within 3 std; "
        "digits: of 10 classes, with 2 % or more",
        "judge_test_accuracy": round(digits.accuracy, 4),
        "seeds": list(range(options.seeds)),
        "table": table,
        "settings": {
            "steps": steps,
            "batch_size": BATCH,
            "optimizers": f"Adam, beta_1 0.5, rates of generator and discriminator {RATES}",
            "backend": keras.config.backend(),
        },
    }
    with atomic_write(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
