"""`python -m gankit.commands.pix2pix`: train on pairs of pictures, translate a folder of them."""

from __future__ import annotations

import argparse
import collections
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from gankit import datasets
from gankit.callbacks import BackupAndRestore
from gankit.datasets import own_images
from gankit.models.pix2pix import Pix2Pix, edges, gray
from gankit.saving import load_model

__all__ = ["main"]

MAKERS: dict[str, Callable] = {"edges": edges, "gray": gray}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: what follows `python -m gankit.commands.pix2pix`. None: `sys.argv`.

    Returns:
        The exit status: 0; 1 if some files could not be used and the others were; 2 if nothing
        could be done.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (OSError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gankit.commands.pix2pix",
        description="Learn to translate pictures from pairs, and translate a folder (pix2pix).",
    )
    commands = parser.add_subparsers(required=True, metavar="train|translate")

    train = commands.add_parser("train", help="learn from a folder", description=_train.__doc__)
    train.set_defaults(run=_train)
    train.add_argument("folder", help="pairs: two folders A and B, or files with A left, B right")
    train.add_argument("model", help="file to write, ending in .keras")
    train.add_argument("--size", type=int, default=256, help="side in pixels (default 256)")
    train.add_argument("--reverse", action="store_true", help="translate from B to A")
    train.add_argument("--epochs", type=int, default=200, help="passes (default 200)")
    train.add_argument("--batch-size", type=int, default=1, help="pairs per step (default 1)")
    train.add_argument("--width", type=int, default=64, help="maps next to the picture (64)")
    train.add_argument("--patch", type=int, help="patch that the discriminator sees, in pixels")
    train.add_argument("--l1-weight", type=float, default=100.0, help="weight of L1 (100)")
    train.add_argument("--seed", type=int, default=0, help="what all randomness depends on (0)")

    translate = commands.add_parser(
        "translate", help="translate a folder", description=_translate.__doc__
    )
    translate.set_defaults(run=_translate)
    translate.add_argument("model", help="file that `train` wrote")
    translate.add_argument("folder", help="pictures")
    translate.add_argument("results", help="folder to write to, made where it is missing")
    translate.add_argument("--seed", type=int, default=0, help="what the noise depends on (0)")
    translate.add_argument("--no-noise", action="store_true", help="without dropout")
    translate.add_argument(
        "--moving",
        action="store_true",
        help="normalize by moving averages: for models trained in batches of several pairs",
    )
    for command in (train, translate):
        command.add_argument(
            "--make",
            choices=sorted(MAKERS),
            help="the folder holds plain pictures: make the inputs from them",
        )
    return parser


def _train(options: argparse.Namespace) -> int:
    """Train on a folder, or continue a training that was killed. Files that cannot be used are
    named and left out.
    """
    out = Path(options.model)
    if out.suffix != ".keras":
        raise ValueError(f"The model's file must end in .keras. Received: {options.model!r}.")
    gan = Pix2Pix(
        (options.size, options.size, 3), width=options.width, patch=options.patch, seed=options.seed
    )
    gan.compile(l1_weight=options.l1_weight)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", datasets.SkippedImages)
        if options.make:
            targets = datasets.from_folder(options.folder, options.size, on_error="skip")
            inputs = MAKERS[options.make](targets)
        else:
            pair = datasets.paired_folder(options.folder, options.size, on_error="skip")
            inputs, targets = reversed(pair) if options.reverse else pair
    skipped = [w.message for w in caught if issubclass(w.category, datasets.SkippedImages)]
    for message in skipped:
        print(message, file=sys.stderr)
    out.parent.mkdir(parents=True, exist_ok=True)
    backup = BackupAndRestore(out.with_suffix(".backup"))
    gan.fit(
        inputs,
        targets,
        batch_size=options.batch_size,
        epochs=options.epochs,
        callbacks=[backup],
    )
    gan.save(out)
    left_out = sum(len(message.files) for message in skipped)
    print(f"trained on {len(inputs)} pairs, {left_out} file(s) left out; model in {options.model}")
    return 1 if left_out else 0


def _translate(options: argparse.Namespace) -> int:
    """Translate the central square of every picture of a folder, into .png files of the same
    names. Files that cannot be read are named and left out.
    """
    gan = load_model(options.model, compile=False)
    if not isinstance(gan, Pix2Pix):
        raise ValueError(
            f"The file must hold a Pix2Pix. Received: {options.model!r}, which holds a "
            f"{type(gan).__name__}."
        )
    folder, results = Path(options.folder), Path(options.results)
    files = own_images.image_files(folder)
    outputs = _output_files(files, folder, results)
    bar = keras.utils.Progbar(len(files), unit_name="picture")
    failed = []
    for done, (file, output) in enumerate(zip(files, outputs, strict=True), start=1):
        try:
            picture = own_images.central_square(
                own_images.open_image(file), gan.size, gan.image_shape[-1]
            )
        except own_images.UnreadableImage as error:
            failed.append(error)
        else:
            _write(_translate_one(gan, picture, options), output)
        bar.update(done)
    for error in failed:
        print(f"{error.file}: {error.reason}", file=sys.stderr)
    print(f"{len(files) - len(failed)} translated, {len(failed)} failed; results in {results}")
    return 1 if failed else 0


def _output_files(files: Sequence[Path], folder: Path, results: Path) -> list[Path]:
    """Name the results: `a.png` for `a.jpg`; with an `a.bmp` too, `a.jpg.png` and `a.bmp.png`."""
    inside = [file.relative_to(folder) for file in files]
    uses = collections.Counter(path.with_suffix("") for path in inside)
    names = [p.stem if uses[p.with_suffix("")] == 1 else p.name for p in inside]
    return [results / p.with_name(f"{n}.png") for p, n in zip(inside, names, strict=True)]


def _translate_one(gan, picture, options):
    inputs = picture[None].astype("float32") / 127.5 - 1.0
    if options.make:
        inputs = MAKERS[options.make](inputs)
    statistics = "moving" if options.moving else "batch"
    noise = not options.no_noise
    return gan.translate(inputs, seed=options.seed, noise=noise, statistics=statistics)[0]


def _write(picture: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.round((picture + 1.0) * 127.5).astype(np.uint8)
    Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels).save(path)


if __name__ == "__main__":
    raise SystemExit(main())
