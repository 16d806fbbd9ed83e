"""`python -m gankit.commands.pix2pix`: train on pairs of pictures, translate a folder of them."""

from __future__ import annotations

import argparse
import functools
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from gankit import checks, datasets
from gankit.callbacks import BackupAndRestore
from gankit.commands import _common
from gankit.datasets import own_images
from gankit.models.pix2pix import Pix2Pix, edges, gray

MAKERS: dict[str, Callable] = {"edges": edges, "gray": gray}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: what follows `python -m gankit.commands.pix2pix`. None: `sys.argv`.

    Returns:
        The exit status: 0; 1 if some files could not be used and the others were; 2 if nothing
        could be done.

    Raises:
        SystemExit: with status 2, if the arguments themselves are wrong; with status 0 after help.
    """
    return _common.run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gankit.commands.pix2pix",
        description="Learn to translate pictures from pairs, and translate a folder (pix2pix).",
    )
    commands = parser.add_subparsers(required=True, metavar="train|translate")
    add_command = functools.partial(
        commands.add_parser, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    train = add_command("train", help="learn from a folder", description=_train.__doc__)
    train.set_defaults(run=_train)
    train.add_argument("folder", help="pairs: folders A and B, or files with A left, B right")
    train.add_argument("model", type=Path, help="file to write, ending in .keras")
    number = functools.partial(_common.add_number, train)
    number("--size", 256, "side in pixels, a multiple of 16", minimum=32, maximum=512)
    number("--epochs", 200, "passes")
    number("--batch-size", 1, "pairs per step")
    number("--width", 64, "maps next to the picture")
    number("--patch", None, "patch that the discriminator sees, in pixels")
    number("--l1-weight", 100.0, "weight of L1", checks.check_number, minimum=0)
    number("--seed", 0, "what all randomness depends on", checks.check_seed)
    pairs = train.add_mutually_exclusive_group()
    pairs.add_argument("--reverse", action="store_true", help="translate from B to A")

    translate = add_command("translate", help="translate a folder", description=_translate.__doc__)
    translate.set_defaults(run=_translate)
    translate.add_argument("model", type=Path, help="file that `train` wrote")
    translate.add_argument("folder", type=Path, help="pictures")
    _common.add_results(translate)
    _common.add_number(translate, "--seed", 0, "what the noise depends on", checks.check_seed)
    translate.add_argument("--no-noise", action="store_true", help="without dropout")
    translate.add_argument(
        "--moving",
        action="store_true",
        help="normalize by moving averages: for models trained in batches of several pairs",
    )
    for command in (pairs, translate):
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
    _common.check_target(options.model)
    gan = Pix2Pix(
        (options.size, options.size, 3), width=options.width, patch=options.patch, seed=options.seed
    )
    gan.compile(l1_weight=options.l1_weight)
    with _common.left_out() as left_out:
        if options.make:
            targets = datasets.from_folder(options.folder, options.size, on_error="skip")
            inputs = MAKERS[options.make](targets)
        else:
            pair = datasets.paired_folder(options.folder, options.size, on_error="skip")
            inputs, targets = reversed(pair) if options.reverse else pair
    folder = options.model.with_suffix(".backup")
    # The backup outlives the training: it goes when the model is on disk.
    backup = BackupAndRestore(folder, delete_when_done=False)
    gan.fit(
        inputs, targets, batch_size=options.batch_size, epochs=options.epochs, callbacks=[backup]
    )
    gan.save(options.model)
    shutil.rmtree(folder)
    return _common.report(f"{len(inputs)} pairs", left_out, options.model)


def _translate(options: argparse.Namespace) -> int:
    """Translate the central square of every picture of a folder, into .png files of the same
    names. Files that cannot be read are named and left out.
    """
    gan = _common.load(options.model, "a Pix2Pix", lambda model: isinstance(model, Pix2Pix))
    own_images.image_files(options.folder)  # refuses what is no folder
    jobs = _common.find_jobs([options.folder], options.results, options.overwrite)

    def translate(file: Path) -> np.ndarray:
        image = own_images.open_image(file)
        picture = own_images.central_square(image, gan.size, gan.image_shape[-1])
        inputs = picture[None].astype("float32") / 127.5 - 1.0
        if options.make:
            inputs = MAKERS[options.make](inputs)
        statistics = "moving" if options.moving else "batch"
        noise = not options.no_noise
        made = gan.translate(inputs, seed=options.seed, noise=noise, statistics=statistics)[0]
        return np.round((made + 1.0) * 127.5).astype(np.uint8)

    return _common.make_each(jobs, translate, "translated", options.results)


if __name__ == "__main__":
    raise SystemExit(main())
