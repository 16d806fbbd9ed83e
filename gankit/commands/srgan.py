"""`python -m gankit.commands.srgan`: train on a folder of pictures, enlarge another folder."""

from __future__ import annotations

import argparse
import functools
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageOps

from gankit import checks, metrics
from gankit.callbacks import BackupAndRestore, Validate
from gankit.commands import _common
from gankit.datasets.images import to_unit_range
from gankit.datasets.own_images import UnreadableImage, image_files, open_image, read_each
from gankit.game import Game
from gankit.models import srgan

SHRUNK = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: what follows `python -m gankit.commands.srgan`. None: `sys.argv`.

    Returns:
        The exit status: 0; 1 if some files could not be used and the others were; 2 if nothing
        could be done.

    Raises:
        SystemExit: with status 2, if the arguments themselves are wrong; with status 0 after help.
    """
    return _common.run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gankit.commands.srgan",
        description="Super-resolution: train a model on pictures, or enlarge pictures with one.",
    )
    commands = parser.add_subparsers(required=True, metavar="train|upscale")
    add_command = functools.partial(
        commands.add_parser, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    train = add_command(
        "train", help="train on a folder of pictures; after a crash, run it again and it continues"
    )
    train.set_defaults(run=_train)
    train.add_argument("pictures", type=Path, help="folder; a tenth of its pictures is held out")
    train.add_argument("model", type=Path, help=".keras file to write")
    train.add_argument("--scale", type=int, default=4, choices=srgan.SCALES)
    number = functools.partial(_common.add_number, train)
    number("--mse-epochs", 60, "phase 1, for PSNR")
    number("--gan-epochs", 0, "phase 2, for looks", minimum=0)
    train.add_argument("--vgg", help="weights of VGG-19 for phase 2: a file, or 'imagenet'")
    train.add_argument("--vgg-layer", default="block5_conv4", help="layer of it to compare in")
    train.add_argument(
        "--keep-best",
        action="store_true",
        help="keep phase 2's epoch of best PSNR on held-out pictures, not its last one",
    )
    train.add_argument("--paper", action="store_true", help="the paper's network, for a GPU")
    number("--width", 32, "maps of the light network")
    number("--blocks", 8, "residual blocks of it")
    number("--rate", 5e-4, "of phase 1, falling to 0", checks.check_number, above=0)
    number("--crop", 96, "side of the crops in pixels", minimum=16)
    number("--crops", 4000, "crops, an epoch")
    number("--batch-size", 16, "crops, a step")
    number("--seed", 0, "what all randomness depends on", checks.check_seed)

    up = add_command("upscale", help="enlarge pictures of any size")
    up.set_defaults(run=_upscale)
    up.add_argument("model", type=Path, help=".keras file of an SRGAN or of its generator")
    up.add_argument("pictures", type=Path, nargs="+", help="folders and files")
    _common.add_results(up)
    _common.add_number(up, "--scale", None, "refuse a model that enlarges by another factor")
    _common.add_number(up, "--tile", 256, "side of the tiles, in small pixels")
    return parser


# ---- pictures ------------------------------------------------------------------------------------


def read_picture(file: Path) -> np.ndarray:
    """Read one picture, upright, with its transparency.

    Args:
        file: its path.

    Returns:
        uint8 `(height, width, channels)` with 1 channel (gray), 2 (gray and alpha), 3 or 4.

    Raises:
        UnreadableImage: if the file cannot be read, whatever the reason.
        TypeError: if `file` is no path.

    Example:

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGBA", (40, 30)).save(f"{folder}/logo.png")
    ...     read_picture(Path(folder, "logo.png")).shape
    (30, 40, 4)
    """
    file = checks.check_path("file", file)
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
        pictures: uint8 `(height, width, channels)`, 2 to 4 channels. Larger pictures give more
            crops, and those that are smaller than a crop give none.
        side: side of the squares in pixels, at least 1.
        count: how many, at least 1.
        seed: what the places depend on, 0 to 2**31 - 1.

    Returns:
        float32 `(count, side, side, channels)` in [-1, 1].

    Raises:
        TypeError: if the pictures are not as described above.
        ValueError: if no picture holds a crop, or a number is not whole or out of range.

    Example:

    >>> random_crops([np.zeros((50, 60, 3), "uint8")], side=32, count=5, seed=0).shape
    (5, 32, 32, 3)
    """
    checks.check_count("side", side)
    checks.check_count("count", count)
    for picture in pictures if isinstance(pictures, Iterable) else [pictures]:
        array = np.asarray(picture)
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] not in (2, 3, 4):
            raise TypeError(
                f"`pictures` must be uint8 arrays (height, width, channels), with 2 to 4 channels. "
                f"Received: a {type(picture).__name__} of {array.dtype} and shape {array.shape}."
            )
    if not any(min(picture.shape[:2]) >= side for picture in pictures):
        sizes = [f"{picture.shape[0]}x{picture.shape[1]}" for picture in pictures]
        raise ValueError(
            f"A picture must be large enough for a crop of {side} pixels. Received: {sizes}."
        )
    rng = np.random.default_rng(checks.check_seed("seed", seed))
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
        output: float array in [-1, 1], `(height, width, channels)`; what exceeds it is cut.
        target: another one.
        scale: pixels of the border to leave out.

    Raises:
        TypeError: if they are not floats.
        ValueError: if they are not finite; and as `gankit.metrics.psnr`.

    Example:

    >>> round(y_psnr(np.zeros((20, 20, 1)), np.full((20, 20, 1), 2 / 255)), 2)
    48.13
    """
    pair = []
    for name, picture in (("output", output), ("target", target)):
        array = checks.as_array(picture, name)
        floats = array.dtype.kind == "f"
        if not floats or not np.isfinite(array).all():
            raise (ValueError if floats else TypeError)(
                f"`{name}` must hold finite floats in [-1, 1]. Received: {picture!r}."
            )
        pair.append(np.floor((array.clip(-1, 1) + 1) * 127.5 + 0.5).astype("uint8"))
    return metrics.psnr(*pair, border=scale, y_channel=True)


# ---- upscale -------------------------------------------------------------------------------------


def _upscale(options: argparse.Namespace) -> int:
    model = _common.load(options.model, "an SRGAN or its generator", _enlarges)
    srgan.upscale(np.zeros((1, 1), "uint8"), model, options.tile, scale=options.scale)
    jobs = _common.find_jobs(options.pictures, options.results, options.overwrite)

    def enlarge(file: Path) -> np.ndarray:
        bar = keras.utils.Progbar(None, unit_name="tile")

        def show(done: int, tiles: int) -> None:
            bar.target = tiles
            bar.update(done)

        return srgan.upscale(read_picture(file), model, options.tile, progress=show)

    return _common.make_each(jobs, enlarge, "enlarged", options.results)


def _enlarges(model: keras.Model) -> bool:
    network = not isinstance(model, Game) and hasattr(model, "input_shape")
    return network or isinstance(model, srgan.SRGAN)


# ---- train ---------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> int:
    _common.check_target(options.model)
    content = "mse"
    if options.vgg and options.gan_epochs:
        content = srgan.VGGContent(options.vgg_layer, options.vgg)
    elif options.vgg:
        raise ValueError("--vgg is for phase 2. Received: --gan-epochs=0. Give it epochs, too.")
    elif options.gan_epochs:
        print("Phase 2 without --vgg: its content loss is the mean squared error.")
    light = srgan.LIGHT | {"width": options.width, "blocks": options.blocks}
    sizes = ({}, {}) if options.paper else (light, {"width": 16, "dense": 256})
    shape = (options.crop, options.crop, 3)
    gan = srgan.SRGAN(shape, options.scale, *sizes, seed=options.seed)
    with _common.left_out() as left_out:
        files = image_files(options.pictures)
        pictures = read_each(files, lambda file: _read(file, options.crop), "skip")
    if len(pictures) < 2:
        raise ValueError(
            f"Training needs 2 pictures that hold a crop. Received: {len(pictures)} in "
            f"{str(options.pictures)!r}."
        )
    training = [picture for index, picture in enumerate(pictures) if index % 10]
    crops = random_crops(training, options.crop, options.crops, options.seed)
    held_out = []
    for picture in pictures[::10]:
        height, width = (side // options.scale * options.scale for side in picture.shape[:2])
        held_out.append(picture[:height, :width])
    small = [srgan.bicubic_downscale(picture, options.scale) for picture in held_out]

    runs = options.model.with_suffix(".runs")  # from which a killed run continues
    fit = functools.partial(_fit, gan, crops, small, held_out, runs, options)
    steps = -(-len(crops) // options.batch_size) * options.mse_epochs
    rate = keras.optimizers.schedules.CosineDecay(options.rate, steps)
    gan.compile(adversarial_weight=0, generator_optimizer=keras.optimizers.Adam(rate))
    fit("mse", options.mse_epochs)
    if options.gan_epochs:
        gan.compile(content=content)
        fit("gan", options.gan_epochs)
    gan.save(options.model)
    shutil.rmtree(runs)
    for name, enlarge in (
        ("bicubic", lambda x: srgan.bicubic_upscale(x, options.scale)),
        ("this model", lambda x: srgan.upscale(x, gan)),
    ):
        scores = [
            metrics.psnr(enlarge(x), y, border=options.scale, y_channel=True)
            for x, y in zip(small, held_out, strict=True)
        ]
        print(f"{name}: {np.mean(scores):.2f} dB on {len(held_out)} pictures held out")
    return _common.report(f"{len(pictures)} pictures", left_out, options.model)


def _read(file: Path, side: int) -> np.ndarray:
    """Read a picture in color, unless it is smaller than a crop."""
    picture = np.asarray(open_image(file).convert("RGB"))
    if min(picture.shape[:2]) < side:
        reason = f"its {picture.shape[1]}x{picture.shape[0]} pixels hold no crop of {side}"
        raise UnreadableImage(file, reason)
    return picture


def _fit(gan, crops, small, held_out, runs, options, phase, epochs) -> None:
    """Train one phase, or what is left of it."""
    validate = Validate(
        {"held_out_psnr": lambda a, b: y_psnr(a, b, options.scale)},
        [to_unit_range(picture) for picture in small],
        [to_unit_range(picture) for picture in held_out],
        monitor="held_out_psnr",
        mode="max",
        path=runs / f"{phase}.keras",
        restore_best=options.keep_best or phase == "mse",
    )
    backup = BackupAndRestore(runs / phase, delete_when_done=False)
    gan.fit(crops, batch_size=options.batch_size, epochs=epochs, callbacks=[validate, backup])


if __name__ == "__main__":
    raise SystemExit(main())
