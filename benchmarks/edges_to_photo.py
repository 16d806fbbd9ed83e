"""pix2pix from edges to a photograph of one subject, trained for longer than a chapter can.

    python benchmarks/edges_to_photo.py [--epochs 60]

scikit-image carries a stereo pair of photographs of a motorcycle. Squares of the left one, a third
of its size, train; squares of the right one, taken from another place, are scored and shown. A
killed run goes on with the epoch it was in. After every epoch the scores go to
`benchmarks/results/edges_to_photo.json`, a picture beside it; the chapter `05_pix2pix` shows them.
"""

import argparse
import json
import os
from pathlib import Path

import keras
import numpy as np
from falling_rate import FallingRate
from pix2pix_ablation import energy
from seconds import Seconds

from gankit import datasets, plots, settings
from gankit.callbacks import BackupAndRestore
from gankit.models import pix2pix
from gankit.models.srgan import bicubic_downscale
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "edges_to_photo.json"
RUN = HERE / "runs" / "edges_to_photo"
SCALE, SIDE, SHOWN = 3, 64, 10


class Report(keras.callbacks.Callback):
    """Scores and shows what becomes of the right photograph's edges after every epoch."""

    def __init__(self, photos, options):
        super().__init__()
        self.photos, self.lines, self.options = photos, pix2pix.edges(photos), options

    def on_epoch_end(self, epoch, logs=None):
        size = self.options["batch_size"]
        made = self.model.translate(self.lines, seed=0, batch_size=size)
        logs.update(score(made, self.photos))
        past = self.model.history.history  # which gets this epoch after this call
        curves = {k: [round(x, 4) for x in [*past.get(k, []), v]] for k, v in logs.items()}
        names = ("brightness", "color", "sharpness")
        result = {
            "data": "left photograph of the motorcycle, at a third of its size, for training; "
            "scores on 40 squares of the right one",
            "epochs_done": epoch + 1,
            "right_photograph": {name: curves[name][-1] for name in names},
            "cpu_minutes": round(sum(curves["cpu_seconds"]) / 60, 1),
            "settings": self.options,
            "after_epoch": {name: curves[name] for name in (*names, "l1", "discriminator_loss")},
        }
        with atomic_write(RESULT) as temporary:
            temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        rows = np.concatenate([part[:SHOWN] for part in (self.lines, made, self.photos)])
        figure = plots.image_grid(rows, columns=SHOWN, row_labels=["input", "made", "true"])
        plots.save_png(plots.to_frame(figure), RESULT.with_suffix(".png"))


def score(made, photos):
    """Correlations of brightness and of what is left without it, and sharpness (true: 1)."""
    bright, true_bright = pix2pix.gray(made), pix2pix.gray(photos)

    def agreement(a, b):
        return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])

    return {
        "brightness": agreement(bright, true_bright),
        "color": agreement(made - bright, photos - true_bright),
        "sharpness": float(energy(made) / energy(photos)),
    }


def squares(name, count, seed):
    """Squares from random places of a photograph, shrunk so that a square holds a thing whole."""
    photo = datasets.photographs()[name]
    height, width = (length // SCALE * SCALE for length in photo.shape[:2])
    small = np.clip(bicubic_downscale(photo[:height, :width], SCALE), -1, 1)
    room = np.array(small.shape[:2]) - SIDE + 1
    places = (np.random.default_rng(seed).random((count, 2)) * room).astype(int)
    return np.stack([small[y : y + SIDE, x : x + SIDE] for y, x in places]).astype("float32")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--crops", type=int, default=800, help="squares per epoch")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--rate", type=float, default=5e-4, help="for half of the epochs")
    parser.add_argument("--l1-weight", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    photos = squares("motorcycle_left", options.crops, options.seed)
    gan = pix2pix.Pix2Pix((SIDE, SIDE, 3), width=options.width, jitter=0, seed=options.seed)
    adams = [keras.optimizers.Adam(options.rate, beta_1=0.5) for _ in range(2)]
    gan.compile("non_saturating", *adams, l1_weight=options.l1_weight)
    told = vars(options) | {
        "optimizers": "Adam, beta_1 0.5, the rate falling over the second half, as the paper's",
        "backend": keras.config.backend(),
        "device": settings.device(),
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
    }
    callbacks = [
        FallingRate(options.rate, options.epochs),
        Seconds(),
        Report(squares("motorcycle_right", 40, options.seed + 1), told),
        BackupAndRestore(RUN, delete_when_done=False),
    ]
    fit = {"batch_size": options.batch_size, "epochs": options.epochs, "verbose": 2}
    gan.fit(pix2pix.edges(photos), photos, callbacks=callbacks, **fit)


if __name__ == "__main__":
    main()
