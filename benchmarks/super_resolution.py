"""SRResNet and SRGAN x4, trained on T91 and measured on Set5 by the papers' protocol.

    python benchmarks/super_resolution.py [--mse-epochs 60] [--gan-epochs 12]

The data is read from `sr/t91` and `sr/set5` in the folder that `GANKIT_DATA_DIR` names, the VGG-19
weights of the content loss from `weights/vgg19_normalised_to_conv3_1.npz` there. Ten pictures of
T91 are held out: they decide which epoch is kept. Set5 is looked at once, at the end.

A killed run goes on where it stopped when it is started again. The result, with the curves and the
settings, goes to `benchmarks/results/super_resolution.json`, pictures beside it; the chapter
`06_srgan` shows them.
"""

import argparse
import json
import os
import time
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from gankit import metrics, plots
from gankit.callbacks import BackupAndRestore, Validate
from gankit.datasets.images import to_unit_range
from gankit.models import srgan
from gankit.saving import written_whole

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "super_resolution.json"
RUN = HERE / "runs" / "super_resolution"
DATA = Path(os.environ.get("GANKIT_DATA_DIR", HERE.parent / "data"))
WEIGHTS = DATA / "weights" / "vgg19_normalised_to_conv3_1.npz"
SCALE, CROP = 4, 96


def read(folder):
    """Pictures of a folder by name, uint8, cut to sides that are multiples of the scale."""
    files = sorted((DATA / "sr" / folder).glob("*.bmp"))
    if not files:
        raise SystemExit(f"There are no .bmp files in {DATA / 'sr' / folder}: set GANKIT_DATA_DIR.")
    pictures = {file.stem: np.asarray(Image.open(file).convert("RGB")) for file in files}
    return {
        name: p[: len(p) // SCALE * SCALE, : p.shape[1] // SCALE * SCALE]
        for name, p in pictures.items()
    }


def crops_of(pictures, count, seed):
    """Crops at random places of pictures that are shrunk by up to 0.5, float32 in [-1, 1]."""
    rng = np.random.default_rng(seed)
    crops = []
    areas = np.array([p.shape[0] * p.shape[1] for p in pictures], "float64")
    while len(crops) < count:
        picture = pictures[rng.choice(len(pictures), p=areas / areas.sum())]
        size = np.floor(np.array(picture.shape[1::-1]) * rng.choice([1.0, 0.9, 0.8, 0.7, 0.6, 0.5]))
        if size.min() < CROP:
            continue
        small = np.asarray(
            Image.fromarray(picture).resize(size.astype(int).tolist(), Image.Resampling.BICUBIC)
        )
        top, left = (int(rng.integers(side - CROP + 1)) for side in small.shape[:2])
        crops.append(small[top : top + CROP, left : left + CROP])
    return to_unit_range(np.stack(crops))


def y_psnr(a, b):
    return metrics.psnr(to_bytes(a), to_bytes(b), border=SCALE, y_channel=True)


def to_bytes(picture):
    return np.floor((picture.clip(-1, 1) + 1) * 127.5 + 0.5).astype("uint8")


class Seconds(keras.callbacks.Callback):
    """Adds the processor's seconds to the history of every epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.begun = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        logs["cpu_seconds"] = round(time.process_time() - self.begun, 1)


def fit(gan, crops, held_out, name, epochs, keep_best):
    """Train one phase, or what is left of it; return its history and the epoch that is kept."""
    small = [to_unit_range(srgan.bicubic_downscale(p, SCALE)) for p in held_out]
    best = {"monitor": "held_out_psnr", "mode": "max", "path": RUN / f"{name}.keras"}
    validate = Validate(
        {"held_out_psnr": y_psnr}, small, [to_unit_range(p) for p in held_out], **best
    )
    backup = BackupAndRestore(RUN / name, delete_when_done=False)
    history = gan.fit(
        crops,
        batch_size=16,
        epochs=epochs,
        verbose=2,
        callbacks=[Seconds(), validate, backup],
    ).history
    if keep_best:
        validate.restore()
    return history, validate.best_epoch


def cosine(rate, steps):
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))


def main():
    options = parse()
    if options.bfloat16:
        keras.config.set_dtype_policy("mixed_bfloat16")
    pictures = read("t91")
    held_out = [p for i, p in enumerate(pictures.values()) if i % 9 == 0][:10]
    training = [p for i, p in enumerate(pictures.values()) if i % 9 or i >= 90]
    crops = crops_of(training, options.crops, options.seed)
    RUN.mkdir(parents=True, exist_ok=True)
    steps = -(-len(crops) // 16)

    sizes = srgan.LIGHT | {"width": options.width, "blocks": options.blocks}
    gan = srgan.SRGAN((CROP, CROP, 3), SCALE, sizes, {"width": 16, "dense": 256}, seed=options.seed)
    gan.compile(
        adversarial_weight=0,
        generator_optimizer=cosine(options.rate, steps * options.mse_epochs),
    )
    history = {}
    history["mse"], _ = fit(gan, crops, held_out, "mse", options.mse_epochs, keep_best=True)
    return gan, history


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mse-epochs", type=int, default=60, help="passes over the crops, phase 1")
    parser.add_argument("--gan-epochs", type=int, default=12, help="passes over the crops, phase 2")
    parser.add_argument("--crops", type=int, default=4000)
    parser.add_argument("--width", type=int, default=48)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--rate", type=float, default=5e-4, help="of phase 1, falling to 0")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--float32", dest="bfloat16", action="store_false")
    return parser.parse_args()


if __name__ == "__main__":
    main()
