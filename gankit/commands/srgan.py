"""`python -m gankit.commands.srgan`: train on a folder of pictures, enlarge another folder."""

from __future__ import annotations

import argparse
import functools
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from gankit import metrics
from gankit.callbacks import BackupAndRestore, Validate
from gankit.datasets.images import to_unit_range
from gankit.datasets.own_images import UnreadableImage, image_files, open_image
from gankit.models import srgan
from gankit.saving import atomic_write, load_model

__all__ = ["main", "random_crops", "read_picture", "y_psnr"]

SHRUNK = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: what follows `python -m gankit.commands.srgan`. None: `sys.argv`.

    Returns:
        The exit status: 0; 1 if some files could not be used and the others were; 2 if nothing
        could be done.
    """
    options = _parser().parse_args(arguments)
    try:
        failed = options.run(options)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gankit.commands.srgan",
        description="Super-resolution: train a model on pictures, or enlarge pictures with one.",
    )
    commands = parser.add_subparsers(required=True, metavar="train|upscale")
    _add_train(commands)
    up = commands.add_parser(
        "upscale",
        help="enlarge pictures of any size",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    up.add_argument("model", type=Path, help=".keras file of an SRGAN or of its generator")
    up.add_argument("pictures", type=Path, nargs="+", help="folders and files")
    up.add_argument("output", type=Path, help="folder for the results, .png; made if missing")
    up.add_argument("--scale", type=int, help="refuse a model that enlarges by another factor")
    up.add_argument("--tile", type=int, default=256, help="side of the tiles, in small pixels")
    up.set_defaults(run=_upscale)
    return parser


def _add_train(commands: Any) -> None:
    train = commands.add_parser(
        "train",
        help="train on a folder of pictures; after a crash, run it again and it continues",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    train.add_argument("pictures", type=Path, help="folder; a tenth of its pictures is held out")
    train.add_argument("model", type=Path, help=".keras file to write")
    train.add_argument("--scale", type=int, default=4, choices=srgan.SCALES)
    train.add_argument("--mse-epochs", type=int, default=60, help="phase 1, for PSNR")
    train.add_argument("--gan-epochs", type=int, default=0, help="phase 2, for looks")
    train.add_argument("--vgg", help="weights of VGG-19 for phase 2: a file, or 'imagenet'")
    train.add_argument("--vgg-layer", default="block5_conv4")
    train.add_argument(
        "--keep-best",
        action="store_true",
        help="keep phase 2's epoch of best PSNR on held-out pictures, not its last one",
    )
    train.add_argument("--paper", action="store_true", help="the paper's network, for a GPU")
    train.add_argument("--width", type=int, default=32, help="maps of the light network")
    train.add_argument("--blocks", type=int, default=8, help="residual blocks of it")
    train.add_argument("--rate", type=float, default=5e-4, help="of phase 1, falling to 0")
    train.add_argument("--crop", type=int, default=96, help="side of the crops in pixels")
    train.add_argument("--crops", type=int, default=4000, help="crops, an epoch")
    train.add_argument("--batch-size", type=int, default=16)
    train.add_argument("--seed", type=int, default=0)
    train.set_defaults(run=_train)


# ---- pictures ------------------------------------------------------------------------------------


def read_picture(file: Path) -> np.ndarray:
    """Read one picture, upright, with its transparency.

    Args:
        file: its path.

    Returns:
        uint8 `(height, width, channels)` with 1 channel (gray), 2 (gray and alpha), 3 or 4.

    Raises:
        UnreadableImage: if the file cannot be read, whatever the reason.

    Example:

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGBA", (40, 30)).save(f"{folder}/logo.png")
    ...     read_picture(Path(folder, "logo.png")).shape
    (30, 40, 4)
    """
    from PIL import Image, ImageOps

    image = open_image(file)  # opaque; it finds out whatever is wrong with the file
    with Image.open(file) as opened:
        if opened.has_transparency_data:
            mode = "LA" if opened.mode == "LA" else "RGBA"
            image = ImageOps.exif_transpose(opened).convert(mode)
    pixels = np.asarray(image)
    return pixels.reshape(*pixels.shape[:2], -1)


def random_crops(pictures: Sequence[np.ndarray], side: int, count: int, seed: int) -> np.ndarray:
    """Cut squares at random places out of pictures, each shrunk by a random factor from 0.5 to 1.

    Shrunk pictures have finer detail for their size, and there are more of them.

    Args:
        pictures: uint8 `(height, width, channels)`. Larger pictures give more crops, and those
            that are smaller than a crop give none.
        side: side of the squares in pixels.
        count: how many.
        seed: what the places depend on.

    Returns:
        float32 `(count, side, side, channels)` in [-1, 1].

    Raises:
        ValueError: if no picture holds a crop.

    Example:

    >>> random_crops([np.zeros((50, 60, 3), "uint8")], side=32, count=5, seed=0).shape
    (5, 32, 32, 3)
    """
    from PIL import Image

    if not any(min(picture.shape[:2]) >= side for picture in pictures):
        sizes = [f"{picture.shape[0]}x{picture.shape[1]}" for picture in pictures]
        raise ValueError(
            f"A picture must be large enough for a crop of {side} pixels. Received: {sizes}."
        )
    rng = np.random.default_rng(seed)
    areas = np.array([picture.shape[0] * picture.shape[1] for picture in pictures], "float64")

    @functools.cache
    def shrink(index: int, factor: float) -> np.ndarray:
        picture = pictures[index]
        size = np.floor(np.array(picture.shape[1::-1]) * factor).astype(int).tolist()
        return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))

    crops = []
    while len(crops) < count:
        index = int(rng.choice(len(pictures), p=areas / areas.sum()))
        small = shrink(index, float(rng.choice(SHRUNK)))
        if min(small.shape[:2]) < side:
            continue
        top, left = (int(rng.integers(room - side + 1)) for room in small.shape[:2])
        crops.append(small[top : top + side, left : left + side])
    return to_unit_range(np.stack(crops))


def y_psnr(output: np.ndarray, target: np.ndarray, scale: int = 4) -> float:
    """Compute PSNR by the protocol of the papers: bytes, Y, without a border of `scale` pixels.

    Args:
        output: float array in [-1, 1], `(height, width, channels)`.
        target: another one.
        scale: pixels of the border to leave out.

    Example:

    >>> round(y_psnr(np.zeros((20, 20, 1)), np.full((20, 20, 1), 2 / 255)), 2)
    48.13
    """
    pair = [np.floor((x.clip(-1, 1) + 1) * 127.5 + 0.5).astype("uint8") for x in (output, target)]
    return metrics.psnr(*pair, border=scale, y_channel=True)


# ---- upscale -------------------------------------------------------------------------------------


def _upscale(options: argparse.Namespace) -> int:
    from PIL import Image

    model = load_model(options.model, compile=False)
    if options.scale is not None:
        srgan.upscale(np.zeros((1, 1), "uint8"), model, tile=options.tile, scale=options.scale)
    jobs = _jobs(options.pictures, options.output)
    failed = []
    for number, (file, result) in enumerate(jobs, start=1):
        print(f"[{number}/{len(jobs)}] {file}", flush=True)
        bar = keras.utils.Progbar(None, unit_name="tile")
        try:
            picture = read_picture(file)

            def show(done: int, tiles: int, bar: Any = bar) -> None:
                bar.target = tiles
                bar.update(done)

            large = srgan.upscale(picture, model, tile=options.tile, progress=show)
            result.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(result) as temporary:
                Image.fromarray(large[..., 0] if large.shape[-1] == 1 else large).save(temporary)
        except (UnreadableImage, OSError) as error:
            failed.append(file)
            print(f"failed: {getattr(error, 'reason', error)}", file=sys.stderr)
    return _count("enlarged", len(jobs), failed)


def _jobs(inputs: Iterable[Path], output: Path) -> list[tuple[Path, Path]]:
    """Pair each picture with the file for its result. A missing file is a job too, and fails."""
    pairs = []
    for path in inputs:
        files = image_files(path) if path.is_dir() else [path]
        root = path if path.is_dir() else path.parent
        pairs += [(file, output / file.relative_to(root)) for file in files]
    plain = [place.with_suffix(".png") for _, place in pairs]
    jobs = []
    for (file, place), result in zip(pairs, plain, strict=True):
        if plain.count(result) > 1:  # a.jpg and a.png
            result = place.with_name(f"{place.name}.png")
        if result.resolve() == file.resolve():
            raise ValueError(
                f"A result would replace its picture. Received: {str(file)!r}. Choose another "
                f"folder for the results."
            )
        jobs.append((file, result))
    return jobs


def _count(what: str, files: int, failed: Sequence) -> int:
    print(f"{files - len(failed)} of {files} pictures {what}, {len(failed)} failed.")
    return len(failed)


# ---- train ---------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> int:
    if options.model.suffix != ".keras":
        raise ValueError(f"The model's name must end in .keras. Received: {str(options.model)!r}.")
    if options.gan_epochs and options.vgg is None:
        print("Phase 2 without --vgg: its content loss is the mean squared error.")
    files = image_files(options.pictures)
    pictures, failed = _read(files, options.crop)
    if len(pictures) < 2:
        raise ValueError(
            f"Training needs 2 pictures that hold a crop. Received: {len(pictures)} in "
            f"{str(options.pictures)!r}."
        )
    held_out = _modulo(pictures[::10], options.scale)
    training = [picture for index, picture in enumerate(pictures) if index % 10]
    crops = random_crops(training, options.crop, options.crops, options.seed)
    gan = _train_phases(options, crops, held_out)
    gan.save(options.model)
    shutil.rmtree(_runs(options))
    small = [srgan.bicubic_downscale(picture, options.scale) for picture in held_out]
    for name, enlarge in (
        ("bicubic", lambda x: srgan.bicubic_upscale(x, options.scale)),
        ("this model", lambda x: srgan.upscale(x, gan)),
    ):
        scores = [
            metrics.psnr(enlarge(x), y, border=options.scale, y_channel=True)
            for x, y in zip(small, held_out, strict=True)
        ]
        print(f"{name}: {np.mean(scores):.2f} dB on {len(held_out)} pictures held out")
    return _count("used", len(files), failed)


def _read(files: Sequence[Path], side: int) -> tuple[list[np.ndarray], list[Path]]:
    """Return pictures in color, and the files that cannot be read or are smaller than a crop."""
    pictures, failed = [], []
    for file in files:
        try:
            picture = np.asarray(open_image(file).convert("RGB"))
            if min(picture.shape[:2]) < side:
                reason = f"its {picture.shape[1]}x{picture.shape[0]} pixels hold no crop of {side}"
                raise UnreadableImage(file, reason)
            pictures.append(picture)
        except UnreadableImage as error:
            failed.append(file)
            print(f"left out: {str(file)!r}: {error.reason}", file=sys.stderr)
    return pictures, failed


def _modulo(pictures: Iterable[np.ndarray], scale: int) -> list[np.ndarray]:
    """Cut pictures to sides that the scale divides."""
    return [p[: len(p) // scale * scale, : p.shape[1] // scale * scale] for p in pictures]


def _train_phases(options, crops, held_out) -> srgan.SRGAN:
    sizes = {} if options.paper else srgan.LIGHT | _width_and_blocks(options)
    judge = {} if options.paper else {"width": 16, "dense": 256}
    shape = (options.crop, options.crop, 3)
    gan = srgan.SRGAN(shape, options.scale, sizes, judge, seed=options.seed)
    steps = -(-len(crops) // options.batch_size) * options.mse_epochs
    rate = keras.optimizers.schedules.CosineDecay(options.rate, max(steps, 1))
    gan.compile(adversarial_weight=0, generator_optimizer=keras.optimizers.Adam(rate))
    _fit(gan, crops, held_out, options, "mse", options.mse_epochs)
    if options.gan_epochs:
        content = "mse"
        if options.vgg is not None:
            content = srgan.VGGContent(options.vgg_layer, options.vgg)
        gan.compile(content=content)
        _fit(gan, crops, held_out, options, "gan", options.gan_epochs)
    return gan


def _runs(options) -> Path:
    """Return the folder from which a killed run continues."""
    return options.model.with_suffix(".runs")


def _width_and_blocks(options) -> dict:
    return {"width": options.width, "blocks": options.blocks}


def _fit(gan, crops, held_out, options, phase, epochs) -> None:
    """Train one phase, or what is left of it."""
    folder = _runs(options)
    small = [to_unit_range(srgan.bicubic_downscale(p, options.scale)) for p in held_out]
    validate = Validate(
        {"held_out_psnr": lambda a, b: y_psnr(a, b, options.scale)},
        small,
        [to_unit_range(picture) for picture in held_out],
        monitor="held_out_psnr",
        mode="max",
        path=folder / f"{phase}.keras",
        restore_best=options.keep_best or phase == "mse",
    )
    backup = BackupAndRestore(folder / phase, delete_when_done=False)
    gan.fit(crops, batch_size=options.batch_size, epochs=epochs, callbacks=[validate, backup])


if __name__ == "__main__":
    raise SystemExit(main())
