"""Table 1 of pix2pix and its question of the noise, on facades drawn by rule, over seeds.

    python benchmarks/pix2pix_ablation.py [--epochs 6] [--seeds 3]

Each run's scores are kept as soon as they are known, and a run that was killed is taken up where it
stopped. The result goes to `benchmarks/results/pix2pix_ablation.json`, with as many seeds as are
complete; the chapter `05_pix2pix` shows it beside live examples.
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np

from gankit import datasets, metrics, plots
from gankit.callbacks import BackupAndRestore
from gankit.datasets import facades
from gankit.models.pix2pix import OBJECTIVES, Pix2Pix
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "pix2pix_ablation.json"
RUN = HERE / "runs" / "pix2pix_ablation"
ARMS = {
    **{objective: {"objective": objective} for objective in OBJECTIVES},
    "L1+cGAN, no noise": {"noise": "none"},
    "L1+cGAN, z": {"noise": "latent"},
}
WEIGHTS = {"L1+cGAN, 10": 10.0}  # arms that differ in the weight of L1
SHOWN = 8


def energy(pictures):
    """Mean absolute step from pixel to pixel, of brightness: what blur takes away."""
    gray = pictures.mean(axis=-1)
    return (np.abs(np.diff(gray, axis=1)).mean() + np.abs(np.diff(gray, axis=2)).mean()) / 2


def spread(gan, inputs, batch_size, draws=5):
    """How far pictures of one input are apart: mean deviation of a value over draws."""
    made = [gan.translate(inputs, seed=s, batch_size=batch_size) for s in range(draws)]
    return np.std(made, axis=0).mean()


def score(gan, made, inputs, targets, labels, batch_size):
    """What table 1 says of a generator, its sharpness (real is 1) and its diversity."""
    found = metrics.segmentation_scores(labels, facades.recover_labels(made), len(facades.CLASSES))
    return {
        "pixel": round(found.pixel_accuracy, 3),
        "class": round(found.class_accuracy, 3),
        "iou": round(found.iou, 3),
        "l1": round(float(np.abs(made - targets).mean()), 3),
        "sharpness": round(float(energy(made) / energy(targets)), 3),
        "diversity": round(float(spread(gan, inputs[:20], batch_size)), 4),
    }


def train(pairs, name, seed, options, run):
    """Train one arm."""
    side = (options.size, options.size, 3)
    change = ARMS.get(name, {})
    gan = Pix2Pix(side, width=options.width, jitter=0, seed=seed, **change)
    adams = [keras.optimizers.Adam(options.rate, beta_1=0.5) for _ in range(2)]
    gan.compile(
        generator_optimizer=adams[0],
        discriminator_optimizer=adams[1],
        l1_weight=WEIGHTS.get(name, options.l1_weight),
    )
    callbacks = [BackupAndRestore(run)]
    gan.fit(
        *pairs, batch_size=options.batch_size, epochs=options.epochs, verbose=2, callbacks=callbacks
    )
    return gan


def table(folder, seeds):
    """The scores that are there, arm by arm, of the seeds that are complete."""
    names = [*ARMS, *WEIGHTS]
    done = [s for s in range(seeds) if all((folder / f"{n}_{s}.json").exists() for n in names)]
    read = {n: [json.loads((folder / f"{n}_{s}.json").read_text()) for s in done] for n in names}
    scores = ("pixel", "class", "iou", "l1", "sharpness", "diversity")
    return done, {
        n: {key: [run[key] for run in runs] for key in scores} for n, runs in read.items()
    }


def save_picture(folder, inputs, targets, path):
    """Some test inputs, what each arm of seed 0 makes of them, and the truth: one row each."""
    names = [*ARMS][: len(OBJECTIVES)] + [*WEIGHTS]
    rows = [np.load(folder / f"{name}_0.npy") for name in names]
    pictures = np.concatenate([inputs[:SHOWN], *rows, targets[:SHOWN]])
    labels = ["input", *names, "true"]
    figure = plots.image_grid(pictures, columns=SHOWN, row_labels=labels)
    plots.save_png(plots.to_frame(figure), path)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=64, help="side of the pictures in pixels")
    parser.add_argument("--epochs", type=int, default=6, help="passes over the 400 pairs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate of both players")
    parser.add_argument("--l1-weight", type=float, default=100.0)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args(arguments)

    pairs = datasets.load_pairs("facades", "train", options.size)
    test = datasets.load_pairs("facades", "test", options.size)
    labels = facades.label_maps("test", options.size)
    settings = {k: v for k, v in vars(options).items() if k not in ("out", "seeds")}
    folder = RUN / "_".join(f"{key}{value}" for key, value in settings.items())
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seeds):
        for name in (*ARMS, *WEIGHTS):
            done = folder / f"{name}_{seed}.json"
            if not done.exists():
                gan = train(pairs, name, seed, options, folder / f"{name}_{seed}")
                made = gan.translate(test[0], seed=0, batch_size=options.batch_size)
                np.save(folder / f"{name}_{seed}.npy", made[:SHOWN])
                scores = score(gan, made, *test, labels, options.batch_size)
                with atomic_write(done) as temporary:
                    temporary.write_text(json.dumps(scores), encoding="utf-8")

    seeds, rows = table(folder, options.seeds)
    real = metrics.segmentation_scores(labels, facades.recover_labels(test[1]), 8)
    result = {
        "data": "facades: 400 training pairs, scores on 100 test pairs",
        "seeds": seeds,
        "real": {"pixel": real.pixel_accuracy, "class": real.class_accuracy, "iou": real.iou},
        "table": rows,
        "settings": settings
        | {"optimizers": "Adam, beta_1 0.5", "backend": keras.config.backend()},
    }
    with atomic_write(options.out) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if seeds:
        save_picture(folder, *test, options.out.with_suffix(".png"))
    for name, row in rows.items():
        print(f"{name:22}", *(f"{key} {np.mean(v):.3f} " for key, v in row.items()))


if __name__ == "__main__":
    main()
