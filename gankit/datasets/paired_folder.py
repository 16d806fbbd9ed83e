"""`paired_folder`: a folder of one's own pairs of images as two arrays."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from gankit.datasets.images import check_image_size, to_unit_range
from gankit.datasets.own_images import (
    UnreadableImage,
    central_square,
    image_files,
    open_image,
    read_each,
)

Pair = tuple[np.ndarray, np.ndarray]


def paired_folder(
    path: str | os.PathLike, image_size: int, on_error: str = "raise"
) -> tuple[np.ndarray, np.ndarray]:
    """Read a folder of pairs A, B of images, in either of the two ways in which they are kept.

    - The folder has two folders `A` and `B`: an image of `A` and that of `B` with the same path,
      suffix aside, are a pair, and must be of one size.
    - It has not: each image shows A in its left and B in its right half, as in the sets of pix2pix.

    Of both, the same central square is taken and resized with antialiasing (Pillow's bicubic).
    Modes, rotation, transparency, suffixes and hidden files are treated as in `from_folder`.

    Args:
        path: The folder.
        image_size: Side of the images in pixels, at least 4.
        on_error: What to do with a file that cannot be read, has no partner, or does not fit
            it: `"raise"` an error that names it, or `"skip"` the pair; then one
            `SkippedImages` warning names them all.

    Returns:
        A and B, both float32 `(n, image_size, image_size, 3)` in [-1, 1], in the order of the
        paths' names. Which is the input and which the target is the caller's choice:
        `targets, inputs = paired_folder(...)` translates from B to A.

    Raises:
        FileNotFoundError: There is no such folder.
        NotADirectoryError: The path is no folder.
        ValueError: No image in the folder, no whole pair, a file that is wrong (it is named;
            those without a partner all at once), a bad `image_size` or `on_error`.
        TypeError: `image_size` is no whole number.

    Example:

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (80, 40)).save(f"{folder}/black_beside_black.png")
    ...     a, b = paired_folder(folder, image_size=16)
    >>> a.shape, b.shape
    ((1, 16, 16, 3), (1, 16, 16, 3))
    """
    side, folder = check_image_size(image_size), Path(path)
    if (folder / "A").is_dir() and (folder / "B").is_dir():
        partners, alone = _partners(folder)
        if alone and on_error == "raise":
            raise ValueError(
                f"{len(alone)} image(s) in {str(folder)!r} have no partner of the same name: "
                f"{', '.join(str(image.file.relative_to(folder)) for image in alone)}. "
                "Remove them, or pass on_error='skip'."
            )
        pairs = read_each(partners, lambda a: _read_two(a, partners[a], side), on_error, alone)
    else:
        pairs = read_each(image_files(folder), lambda file: _read_halves(file, side), on_error)
    if not pairs:
        raise ValueError(f"no whole pair of images in {str(folder)!r}")
    a, b = (to_unit_range(np.stack(images)) for images in zip(*pairs, strict=True))
    return a, b


def _partners(folder: Path) -> tuple[dict[Path, Path], list[UnreadableImage]]:
    """The file in `B` of each file in `A`, and what has no partner."""
    a, b = (_by_stem(folder / name) for name in ("A", "B"))
    alone = [UnreadableImage(a[stem], "it has no partner in B") for stem in a if stem not in b]
    alone += [UnreadableImage(b[stem], "it has no partner in A") for stem in b if stem not in a]
    return {a[stem]: b[stem] for stem in a if stem in b}, alone


def _by_stem(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for file in image_files(folder):
        stem = file.relative_to(folder).with_suffix("").as_posix()
        if stem in files:
            raise ValueError(
                f"{str(files[stem])!r} and {str(file)!r} differ in their suffix alone, so that "
                "the partner of neither is known. Rename or remove one."
            )
        files[stem] = file
    return files


def _read_two(a: Path, b: Path, side: int) -> Pair:
    first, second = open_image(a), open_image(b)
    if first.size != second.size:
        raise UnreadableImage(
            b, f"it has {second.size} pixels, and its partner {a.name!r} has {first.size}"
        )
    return central_square(first, side, 3), central_square(second, side, 3)


def _read_halves(file: Path, side: int) -> Pair:
    image = open_image(file)
    half, rest = divmod(image.width, 2)
    if rest or not half:
        raise UnreadableImage(file, f"its width of {image.width} pixels has no two equal halves")
    halves = (image.crop((left, 0, left + half, image.height)) for left in (0, half))
    a, b = (central_square(each, side, 3) for each in halves)
    return a, b
