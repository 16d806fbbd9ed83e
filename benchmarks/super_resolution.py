"""SRResNet and SRGAN x4, trained on T91 and measured on Set5 by the papers' protocol.

    python benchmarks/super_resolution.py [--mse-epochs 45] [--gan-epochs 3]
    python benchmarks/super_resolution.py --photograph

The data is read from `sr/t91` and `sr/set5` in the folder that `GANKIT_DATA_DIR` names, the VGG-19
weights of the content loss from `weights/vgg19_normalized_to_conv3_1.npz` there. Ten pictures of
T91 are held out: they decide which epoch is kept. Set5 is measured at the end.

A killed run goes on where it stopped when it is started again. The result, with the curves and the
settings, goes to `benchmarks/results/super_resolution.json`, pictures beside it; the chapter
`06_srgan` shows them. `--photograph` enlarges a picture of 4000x3000 pixels by the command line
with the network that was trained, and adds the seconds and the memory that it took.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from seconds import Seconds

from gankit import datasets, metrics, plots
from gankit.callbacks import BackupAndRestore, Validate
from gankit.commands.srgan import random_crops, y_psnr
from gankit.datasets.images import to_unit_range
from gankit.models import srgan
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "super_resolution.json"
RUN = HERE / "runs" / "super_resolution"
DATA = Path(os.environ.get("GANKIT_DATA_DIR", HERE.parent / "data"))
WEIGHTS = DATA / "weights" / "vgg19_normalized_to_conv3_1.npz"
SCALE, CROP, BATCH = 4, 96, 16
SIDE = 112
SHOWN = {
    "bird_GT": (10, 130),
    "butterfly_GT": (60, 120),
    "woman_GT": (0, 20),
    "baby_GT": (120, 110),
}


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


# ---- training ------------------------------------------------------------------------------------


def fit(gan, crops, held_out, phase, epochs, distance, monitor, mode):
    """Train one phase, or what is left of it, and go back to its best epoch."""
    small = [to_unit_range(srgan.bicubic_downscale(p, SCALE)) for p in held_out]
    validate = Validate(
        {"held_out_psnr": y_psnr, "held_out_distance": distance},
        small,
        [to_unit_range(p) for p in held_out],
        monitor=monitor,
        mode=mode,
        path=RUN / f"{phase}.keras",
        restore_best=True,
    )
    backup = BackupAndRestore(RUN / phase, delete_when_done=False)
    watch = [Seconds(), validate, backup]
    history = gan.fit(crops, batch_size=BATCH, epochs=epochs, verbose=2, callbacks=watch)
    return {name: [round(v, 4) for v in values] for name, values in history.history.items()}


def adam(rate, steps, falling):
    """Adam at a rate that falls as half a cosine, or as the paper's second phase: to a tenth."""
    if falling == "cosine":
        return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))
    halves = keras.optimizers.schedules.PiecewiseConstantDecay([steps // 2], [rate, rate / 10])
    return keras.optimizers.Adam(halves)


def train(options, distance):
    """Both phases; the generator's weights after each, and the history of each."""
    pictures = list(read("t91").values())
    held_out = [p for i, p in enumerate(pictures) if i % 9 == 0][:10]
    training = [p for i, p in enumerate(pictures) if i % 9 or i >= 90]
    crops = random_crops(training, CROP, options.crops, options.seed)
    steps = -(-len(crops) // BATCH)

    sizes = srgan.LIGHT | {"width": options.width, "blocks": options.blocks}
    judge = {"width": 16, "dense": 256}
    gan = srgan.SRGAN((CROP, CROP, 3), SCALE, sizes, judge, seed=options.seed)
    first = adam(options.rate, steps * options.decay_epochs, "cosine")
    gan.compile(adversarial_weight=0, generator_optimizer=first)
    data = (gan, crops, held_out)
    history = {"mse": fit(*data, "mse", options.mse_epochs, distance, "held_out_psnr", "max")}
    weights = {"SRResNet": gan.generator.get_weights()}
    if not options.gan_epochs:
        return gan, weights, history

    vgg = srgan.VGGContent("block2_conv2", WEIGHTS, factor=options.vgg_factor)

    def content(photographs, enlarged):
        squares = keras.ops.square(photographs - enlarged)
        return vgg(photographs, enlarged) + options.mse_weight * keras.ops.mean(squares)

    rates = options.gan_rate, options.discriminator_rate
    both = [adam(rate, steps * options.gan_epochs, "halves") for rate in rates]
    gan.compile(content, generator_optimizer=both[0], discriminator_optimizer=both[1])
    history["gan"] = fit(*data, "gan", options.gan_epochs, distance, "held_out_distance", "min")
    weights["SRGAN"] = gan.generator.get_weights()
    return gan, weights, history


# ---- measuring -----------------------------------------------------------------------------------


def slope(picture):
    """Root mean square of the differences between neighbors of Y: how much detail there is."""
    y = picture.astype("float64") @ np.array([65.481, 128.553, 24.966]) / 255
    return np.sqrt(np.mean(np.diff(y, axis=0) ** 2) + np.mean(np.diff(y, axis=1) ** 2))


def ensemble(picture, model):
    """The mean over the picture's eight positions, each enlarged and turned back."""
    results = []
    for turns in range(4):
        for mirrored in (False, True):
            x = np.rot90(picture[:, ::-1] if mirrored else picture, turns)
            y = np.rot90(srgan.upscale(to_unit_range(x), model), -turns)
            results.append(y[:, ::-1] if mirrored else y)
    return np.floor((np.mean(results, axis=0) + 1) * 127.5 + 0.5).astype("uint8")


def measure(enlarge, pictures, distance):
    """PSNR of each picture, and the means of all measures; the enlarged pictures."""
    enlarged = {n: enlarge(srgan.bicubic_downscale(p, SCALE)) for n, p in pictures.items()}
    y_only = {"border": SCALE, "y_channel": True}
    pairs = [(enlarged[name], picture) for name, picture in pictures.items()]
    psnr = [metrics.psnr(a, b, **y_only) for a, b in pairs]
    rows = {
        "psnr": psnr,
        "ssim": [metrics.ssim(a, b, **y_only) for a, b in pairs],
        "rgb_psnr": [metrics.psnr(a, b, border=SCALE) for a, b in pairs],
        "detail": [slope(a) / slope(b) for a, b in pairs],
        "distance": [distance(to_unit_range(a), to_unit_range(b)) for a, b in pairs],
    }
    means = {name: round(float(np.mean(values)), 4) for name, values in rows.items()}
    of_each = {name: round(float(v), 2) for name, v in zip(pictures, psnr, strict=True)}
    return means | {"psnr_of_each": of_each}, enlarged


def compare(gan, weights, pictures, distance):
    """All measures of all ways to enlarge the pictures."""
    table, shown = {}, {}

    def add(name, enlarge):
        table[name], shown[name] = measure(enlarge, pictures, distance)

    add("bicubic", lambda x: srgan.bicubic_upscale(x, SCALE))
    for name, values in weights.items():
        gan.generator.set_weights(values)
        add(name, lambda x: srgan.upscale(x, gan))
        if name == "SRResNet":
            add("SRResNet, self-ensemble", lambda x: ensemble(x, gan))
    return table, shown


def save_pictures(pictures, shown):
    """Crops of some pictures, in rows: each way to enlarge them, and the originals."""
    rows = {n: photos for n, photos in shown.items() if "ensemble" not in n}
    rows["original"] = pictures
    crops = {
        row: np.stack([photos[n][t : t + SIDE, x : x + SIDE] for n, (t, x) in SHOWN.items()])
        for row, photos in rows.items()
    }
    figure = plots.comparison_grid({row: to_unit_range(pixels) for row, pixels in crops.items()})
    with atomic_write(RESULT.with_suffix(".png")) as temporary:
        figure.savefig(temporary, bbox_inches="tight")


# ---- a large photograph --------------------------------------------------------------------------


def enlarge_a_photograph(height, width):
    """Enlarge a photograph by the command line in a process of its own; seconds and peak memory."""
    china = np.asarray(to_pixels(datasets.photographs("test")["china"]))
    rows, columns = -(-height // len(china)), -(-width // china.shape[1])
    photograph = np.tile(china, (rows, columns, 1))[:height, :width]
    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(photograph).save(f"{folder}/photograph.png")
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "gankit.commands.srgan", "upscale", str(RUN / "mse.keras")]
            + [f"{folder}/photograph.png", f"{folder}/large"],
            check=True,
        )
        seconds = time.perf_counter() - begun
        Image.MAX_IMAGE_PIXELS = None
        with Image.open(f"{folder}/large/photograph.png") as large:
            assert large.size == (width * SCALE, height * SCALE)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)  # kilobytes, on Linux
    return {
        "from": [width, height],
        "to": [width * SCALE, height * SCALE],
        "wall_minutes": round(seconds / 60, 1),
        "cpu_minutes": round((usage.ru_utime + usage.ru_stime) / 60, 1),
        "peak_gigabytes": round(usage.ru_maxrss / 1e6, 2),
    }


def to_pixels(picture):
    return np.round((picture + 1) * 127.5).astype("uint8")


def main():
    options = parse()
    if options.photograph:
        result = json.loads(RESULT.read_text(encoding="utf-8"))
        result["photograph"] = enlarge_a_photograph(3000, 4000)
        return write(result)
    if options.bfloat16:
        keras.config.set_dtype_policy("mixed_bfloat16")
    RUN.mkdir(parents=True, exist_ok=True)
    layer = srgan.VGGContent("block3_conv1", WEIGHTS, factor=1.0)

    def distance(a, b):
        return float(layer(a[None], b[None]))

    gan, weights, history = train(options, distance)
    pictures = read("set5")
    table, shown = compare(gan, weights, pictures, distance)
    save_pictures(pictures, shown)
    minutes = {phase: sum(rows["cpu_seconds"]) / 60 for phase, rows in history.items()}
    write(
        {
            "data": f"T91: {options.crops} crops of {CROP}x{CROP} from 81 pictures, 10 held out; "
            "measured on Set5 x4: Y, border of 4 pixels",
            "set5": table,
            "paper": {
                "bicubic": {"psnr": 28.43},
                "SRResNet": {"psnr": 32.05},
                "SRGAN (VGG2,2)": {"psnr": 29.84},
            },
            "parameters": gan.generator.count_params(),
            "updates": {
                p: len(rows["cpu_seconds"]) * -(-options.crops // BATCH)
                for p, rows in history.items()
            },
            "cpu_minutes": {phase: round(m, 1) for phase, m in minutes.items()},
            "after_epoch": history,
            "settings": {name: v for name, v in vars(options).items() if name != "photograph"}
            | {
                "batch_size": BATCH,
                "content": "VGG2,2 of weights of mean activation 1, and mse_weight times the MSE",
                "backend": keras.config.backend(),
                "threads": os.environ.get("OMP_NUM_THREADS", "all"),
            },
        }
    )
    for name, row in table.items():
        print(name, row)


def write(result):
    """Write the result; what `--photograph` has measured before stays."""
    if RESULT.exists():
        before = json.loads(RESULT.read_text(encoding="utf-8"))
        result |= {name: before[name] for name in {"photograph"} & (set(before) - set(result))}
    with atomic_write(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mse-epochs", type=int, default=45, help="passes over the crops, phase 1")
    parser.add_argument("--gan-epochs", type=int, default=3, help="of phase 2; 0: leave it out")
    parser.add_argument("--crops", type=int, default=4000)
    parser.add_argument("--width", type=int, default=48)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--rate", type=float, default=5e-4, help="of phase 1, falling")
    parser.add_argument("--decay-epochs", type=int, default=60, help="until it would be 0")
    parser.add_argument("--gan-rate", type=float, default=1e-4, help="of phase 2, for half of it")
    parser.add_argument("--discriminator-rate", type=float, default=4e-4, help="likewise")
    parser.add_argument("--mse-weight", type=float, default=1.0, help="beside VGG, in phase 2")
    parser.add_argument("--vgg-factor", type=float, default=0.006, help="of the content loss")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--float32", dest="bfloat16", action="store_false")
    parser.add_argument("--photograph", action="store_true", help="only enlarge a large picture")
    return parser.parse_args()


if __name__ == "__main__":
    main()
