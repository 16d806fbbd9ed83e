"""`paired_folder`: read a folder of your own image pairs into two arrays."""

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
    """Read a folder of image pairs (A, B) that is organized in one of two ways.

    - If the folder has subfolders `A` and `B`, an image in `A` and an image in `B` form a pair if
      their paths are equal except for the suffix. The two images must have equal sizes.
    - Otherwise, the left half of each image is A and the right half is B, as in the pix2pix sets.

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
        ValueError: if the folder holds no complete pair, a file has no partner or cannot be read
            (the error names it), or `image_size` or `on_error` is not valid.
        TypeError: if `image_size` is not a whole number.

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
        partners, unpaired = _partners(folder)
        if unpaired and on_error == "raise":
            raise ValueError(
                f"Every image in {str(folder)!r} must have a partner of the same name. "
                f"Received: {len(unpaired)} image(s) without a partner: "
                f"{', '.join(str(image.file.relative_to(folder)) for image in unpaired)}. "
                "Remove them, or pass on_error='skip'."
            )
        pairs = read_each(partners, lambda a: _read_two(a, partners[a], side), on_error, unpaired)
    else:
        pairs = read_each(image_files(folder), lambda file: _read_halves(file, side), on_error)
    if not pairs:
        raise ValueError(f"The folder {str(folder)!r} holds no complete pair of images.")
    a, b = (to_unit_range(np.stack(images)) for images in zip(*pairs, strict=True))
    return a, b


def _partners(folder: Path) -> tuple[dict[Path, Path], list[UnreadableImage]]:
    """Return the file in `B` for each file in `A`, and the files without a partner."""
    a, b = (_by_stem(folder / name) for name in ("A", "B"))
    unpaired = [UnreadableImage(a[stem], "it has no partner in B") for stem in a if stem not in b]
    unpaired += [UnreadableImage(b[stem], "it has no partner in A") for stem in b if stem not in a]
    return {a[stem]: b[stem] for stem in a if stem in b}, unpaired


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


def _read_two(a: Path, b: Path, side: int) -> Pair:
    first, second = open_image(a), open_image(b)
    if first.size != second.size:
        raise UnreadableImage(
            b, f"its size is {second.size}, and the size of its partner {a.name!r} is {first.size}"
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
