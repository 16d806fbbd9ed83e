"""`paired_folder`: read a folder of your own image pairs into two arrays."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from gankit.checks import check_path
from gankit.datasets.images import check_image_size, to_unit_range
from gankit.datasets.own_images import (
    UnreadableImage,
    central_square,
    image_files,
    open_image,
    read_each,
)

_HALF = re.compile(r"((train|test|val)[_/]?)?[ab]/", re.IGNORECASE)


def paired_folder(
    path: str | os.PathLike, image_size: int, on_error: str = "raise"
) -> tuple[np.ndarray, np.ndarray]:
    """Read a folder of image pairs (A, B), whose layout is told by the names of its subfolders.

    - `A` and `B`, `a` and `b`, `trainA` and `trainB`, or `train/A` and `train/B`: an image in the
      one and an image in the other form a pair if their paths are equal except for the suffix. The
      two images must have equal sizes. `testA`, `test/A`, `valA` and the like are left aside.
    - No such names: the left half of each image is A and the right half is B, as in the pix2pix
      sets.

    Everything in between is refused: one half without the other, two layouts at once, or two
    subfolders of other names that hold images of the same names.

    Both images of a pair are cropped to their central square and resized with antialiasing
    (Pillow's bicubic). Modes, rotation, transparency, suffixes and hidden files are treated as in
    `from_folder`.

    Args:
        path: the folder.
        image_size: side of the images in pixels, at least 4.
        on_error: what to do with a file that cannot be read, has no partner, or differs from its
            partner in size: `"raise"` an error that names the file, or `"skip"` the pair. One
            `SkippedImages` warning names all skipped files.

    Returns:
        A and B, both float32 `(n, image_size, image_size, 3)` in [-1, 1], sorted by path. The
        caller decides which is the input: `targets, inputs = paired_folder(...)` translates from
        B to A.

    Raises:
        FileNotFoundError: if the folder does not exist.
        NotADirectoryError: if the path is not a folder.
        ValueError: if the layout is ambiguous, the folder holds no complete pair, a file has no
            partner or cannot be read (the error names it), or `image_size` or `on_error` is not
            valid.
        TypeError: if `path` is no path.

    Example:

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (80, 40)).save(f"{folder}/black_beside_black.png")
    ...     a, b = paired_folder(folder, image_size=16)
    >>> a.shape, b.shape
    ((1, 16, 16, 3), (1, 16, 16, 3))
    """
    side, folder = check_image_size(image_size), check_path("path", path)
    files = image_files(folder)
    halves = _halves(folder, files)
    if halves:
        a, b = (_by_stem(half) for half in halves)
        unpaired = [
            UnreadableImage(file, f"it has no partner in {other.name}")
            for own, others, other in ((a, b, halves[1]), (b, a, halves[0]))
            for stem, file in own.items()
            if stem not in others
        ]
        if unpaired and on_error == "raise":
            raise ValueError(
                f"Every image in {str(folder)!r} must have a partner of the same name. "
                f"Received: {len(unpaired)} image(s) without a partner: "
                f"{', '.join(str(image.file.relative_to(folder)) for image in unpaired)}. "
                "Remove them, or pass on_error='skip'."
            )
        partners = {a[stem]: b[stem] for stem in a if stem in b}
        pairs = read_each(partners, lambda a: _read_two(a, partners[a], side), on_error, unpaired)
    else:
        pairs = read_each(files, lambda file: _read_halves(file, side), on_error)
    a, b = (to_unit_range(np.stack(images)) for images in zip(*pairs, strict=True))
    return a, b


def _halves(folder: Path, files: list[Path]) -> list[Path]:
    """Return the folders of A and of B, or none where each file holds a pair side by side."""
    inside = [file.relative_to(folder) for file in files]
    found = {match[0] for match in (_HALF.match(path.as_posix()) for path in inside) if match}
    used = sorted((f for f in found if not f.lower().startswith(("test", "val"))), key=str.lower)
    if [half[-2:].lower() for half in used] == ["a/", "b/"]:
        if used[0][:-2].lower() == used[1][:-2].lower():
            return [folder / half for half in used]
    if found:
        raise ValueError(
            f"{str(folder)!r} must hold images in one folder for A and one for B: A and B, trainA "
            f"and trainB, or train/A and train/B. Received: images in "
            f"{', '.join(sorted(found))}. Rename the folders, or pass the path of the two."
        )
    names = {(path.parent, path.stem) for path in inside}
    if len({stem for _, stem in names}) < len(names):
        raise ValueError(
            f"Images of the same name in several subfolders of {str(folder)!r} may be pairs or "
            f"not. Received: images in {', '.join(sorted({str(p) for p, _ in names}))}. Rename two "
            f"folders to A and B if they hold pairs; if each file shows a pair side by side, pass "
            f"one folder at a time."
        )
    return []


def _by_stem(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for file in image_files(folder):
        stem = file.relative_to(folder).with_suffix("").as_posix()
        if stem in files:
            raise ValueError(
                f"{str(files[stem])!r} and {str(file)!r} differ only in their suffix, so their "
                "partners are ambiguous. Rename or remove one of them."
            )
        files[stem] = file
    return files


def _read_two(a: Path, b: Path, side: int) -> tuple[np.ndarray, np.ndarray]:
    first, second = open_image(a), open_image(b)
    if first.size != second.size:
        raise UnreadableImage(
            b, f"its size is {second.size}, and the size of its partner {a.name!r} is {first.size}"
        )
    return central_square(first, side, 3), central_square(second, side, 3)


def _read_halves(file: Path, side: int) -> tuple[np.ndarray, np.ndarray]:
    image = open_image(file)
    half, rest = divmod(image.width, 2)
    if rest or not half:
        raise UnreadableImage(file, f"its width of {image.width} pixels has no two equal halves")
    halves = (image.crop((left, 0, left + half, image.height)) for left in (0, half))
    a, b = (central_square(each, side, 3) for each in halves)
    return a, b
