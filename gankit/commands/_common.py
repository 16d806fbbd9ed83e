"""What the commands share: options, targets that can be written, pictures, and words for errors."""

from __future__ import annotations

import argparse
import collections
import contextlib
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image

from gankit.checks import check_count, check_number
from gankit.datasets.own_images import SkippedImages, UnreadableImage, image_files
from gankit.saving import atomic_write, load_model


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Run the command that the arguments name, and say what is wrong in one line.

    Args:
        parser: sets `run`, a function of the options that returns the exit status.
        arguments: what follows the program's name. None: `sys.argv`.

    Returns:
        The exit status of the command; 2 if nothing could be done.
    """
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def add_number(
    parser: argparse.ArgumentParser,
    flag: str,
    default: float | None,
    help: str,
    check: Callable = check_count,
    **limits: float,
) -> None:
    """Add an option that is a number, and is checked while the command line is parsed.

    Args:
        parser: what to add it to.
        flag: what the option is called.
        default: its value if it is not given.
        help: what it means.
        check: a check of `gankit.checks`.
        **limits: further arguments of the check.
    """
    convert = float if check is check_number else int

    def parse(text: str) -> float:
        number: Any = text
        with contextlib.suppress(ValueError):  # the check refuses text in better words
            number = convert(text)
        try:
            return check(flag, number, **limits)
        except (TypeError, ValueError) as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    parser.add_argument(flag, type=parse, default=default, help=help)


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the folder for the results, and the option to replace those that are there.

    Args:
        parser: what to add them to.
    """
    parser.add_argument("results", type=Path, help="folder for the results, .png; made if missing")
    parser.add_argument("--overwrite", action="store_true", help="replace results that exist")


# ---- training ------------------------------------------------------------------------------------


def check_target(model: Path) -> None:
    """Refuse a file that a model could not be saved to, before its training and not after it.

    Args:
        model: the file. Its folder is made if it is missing.

    Raises:
        ValueError: if it does not end in `.keras`, is a folder, or cannot be written.
    """
    if model.suffix != ".keras":
        raise ValueError(f"The model's file must end in .keras. Received: {str(model)!r}.")
    try:
        model.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=model.parent).close()
        if model.is_dir():
            raise IsADirectoryError("it is a folder")
    except OSError as error:
        raise ValueError(
            f"The model's file cannot be written ({error}). Received: {str(model)!r}. Choose "
            f"another name, in a folder that you can write to."
        ) from error


@contextlib.contextmanager
def left_out() -> Iterator[list[Path]]:
    """Collect the files that data sets leave out in the block, and say why at its end."""
    files: list[Path] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SkippedImages)
        yield files
    for warning in caught:
        print(warning.message, file=sys.stderr)
        files += getattr(warning.message, "files", [])


def report(examples: str, files: Sequence[Path], model: Path) -> int:
    """Say what a model was trained on, and return the exit status.

    Args:
        examples: how many of what.
        files: what was left out.
        model: where the model is.
    """
    print(f"trained on {examples}, {len(files)} file(s) left out; model in {model}")
    return 1 if files else 0


# ---- application ---------------------------------------------------------------------------------


def load(path: Path, what: str, holds: Callable[[keras.Model], bool]) -> keras.Model:
    """Load a model for use, and refuse a file that holds another one.

    Args:
        path: a `.keras` file.
        what: what it must hold, for the error.
        holds: whether a model is that.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or holds another model.
    """
    model = load_model(path, compile=False)
    if not holds(model):
        raise ValueError(
            f"The file must hold {what}. Received: {str(path)!r}, which holds a "
            f"{type(model).__name__}."
        )
    return model


def find_jobs(inputs: Sequence[Path], results: Path, overwrite: bool) -> list[tuple[Path, Path]]:
    """Pair each picture with the file for its result, which replaces nothing unasked.

    The result of `a.jpg` is `a.png`; where there is an `a.bmp` too, it is `a.jpg.png`. A missing
    file is a job too, and fails.

    Args:
        inputs: folders and files.
        results: the folder for the results. It is made if it is missing.
        overwrite: whether results that exist may be replaced. Pictures never are.

    Raises:
        FileExistsError: if results exist and `overwrite` is False.
        ValueError: if the folder is that of the pictures or lies in it, a result would replace a
            picture, or two pictures would have the same result.
    """
    places = []
    for path in inputs:
        if path.is_dir() and path.resolve() in (results.resolve(), *results.resolve().parents):
            raise ValueError(
                f"Results must not go into the folder of the pictures, where the next run would "
                f"take them for pictures. Received: {str(path)!r} and {str(results)!r}. Choose "
                f"another folder for the results."
            )
        files, root = (image_files(path), path) if path.is_dir() else ([path], path.parent)
        places += [(file, file.relative_to(root)) for file in files]
    uses = collections.Counter(place.with_suffix("") for _, place in places)
    jobs = []
    for file, place in places:
        alone = uses[place.with_suffix("")] == 1
        jobs.append((file, results / place.with_name(f"{place.stem if alone else place.name}.png")))
    pictures = {file.resolve() for file, _ in jobs}
    taken: dict[Path, Path] = {}
    for file, result in jobs:
        if result.resolve() in pictures:
            raise ValueError(
                f"A result would replace a picture. Received: {str(file)!r} and {str(result)!r}. "
                f"Choose another folder for the results."
            )
        if result in taken:
            raise ValueError(
                f"Two pictures would have the same result, {str(result)!r}. Received: "
                f"{str(taken[result])!r} and {str(file)!r}. Give each a folder of its own."
            )
        taken[result] = file
    existing = [result for result in taken if result.exists()]
    if existing and not overwrite:
        raise FileExistsError(
            f"{len(existing)} of {len(jobs)} results exist already. Received: "
            f"{str(existing[0])!r}. Pass --overwrite to replace them, or choose another folder."
        )
    results.mkdir(parents=True, exist_ok=True)
    return jobs


def make_each(jobs: list[tuple[Path, Path]], make: Callable, made: str, results: Path) -> int:
    """Process each picture. Name those that failed, and count both.

    Args:
        jobs: what `find_jobs` returned.
        make: function from a file to bytes `(height, width, channels)`.
        made: what was done, for the count.
        results: the folder for the results, for the count.

    Returns:
        The exit status: 1 if a picture failed, else 0.
    """
    failed = 0
    for number, (file, result) in enumerate(jobs, start=1):
        print(f"[{number}/{len(jobs)}] {file}", flush=True)
        try:
            levels: np.ndarray = make(file)
            result.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(result) as temporary:
                Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels).save(temporary)
        except (UnreadableImage, OSError) as error:
            failed += 1
            print(f"failed: {str(file)!r}: {getattr(error, 'reason', error)}", file=sys.stderr)
    print(f"{len(jobs) - failed} {made}, {failed} failed; results in {results}")
    return 1 if failed else 0
