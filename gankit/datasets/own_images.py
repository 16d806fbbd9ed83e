"""`from_folder`: read a folder of your own images into an array."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np

from gankit.checks import check_choice, check_path
from gankit.datasets.images import check_image_size, to_unit_range

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""File suffixes, in lower or upper case, that count as images."""

_WHITE = (255, 255, 255, 255)

Read = TypeVar("Read")


class UnreadableImage(ValueError):
    """A file is not a readable image, or does not match its partner.

    Attributes:
        file: the path of the file.
        reason: what is wrong with the file.
    """

    def __init__(self, file: Path, reason: str):
        self.file = file
        self.reason = reason
        super().__init__(
            f"{str(file)!r} cannot be read as an image: {reason}. "
            "Remove the file, or pass on_error='skip'."
        )


class SkippedImages(UserWarning):
    """Some images of a folder could not be read and were skipped.

    Attributes:
        files: the paths of the skipped files, in order.
    """

    def __init__(self, skipped: list[UnreadableImage]):
        self.files = [image.file for image in skipped]
        lines = [f"{image.file}: {image.reason}" for image in skipped]
        super().__init__(
            f"{len(skipped)} image(s) could not be read and were skipped:\n" + "\n".join(lines)
        )


def from_folder(
    path: str | os.PathLike, image_size: int, channels: int = 3, on_error: str = "raise"
) -> np.ndarray:
    """Read all images in a folder and its subfolders.

    Each image is rotated upright (EXIF), cropped to its central square and resized with
    antialiasing (Pillow's bicubic). Gray, color, palette and CMYK images are converted, 16-bit gray
    is scaled to 8 bits, and transparent images are composited on white. Only the first frame of an
    animation is read. Hidden files and folders are ignored, and so are files without an image
    suffix (`SUFFIXES`).

    Args:
        path: the folder.
        image_size: side of the images in pixels, at least 4.
        channels: 3 for color, 1 for gray (luma, ITU-R 601).
        on_error: what to do with a file that cannot be read: `"raise"` an error that names the
            file, or `"skip"` it. One `SkippedImages` warning names all skipped files.

    Returns:
        float32 `(n, image_size, image_size, channels)` in [-1, 1], sorted by path.

    Raises:
        FileNotFoundError: if the folder does not exist.
        NotADirectoryError: if the path is not a folder.
        ValueError: if the folder holds no readable image, a file cannot be read (the error names
            it), or `image_size`, `channels` or `on_error` is not valid.
        TypeError: if `path` is no path.

    Example:

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("L", (40, 30), 255).save(f"{folder}/white.png")
    ...     from_folder(folder, image_size=16).shape
    (1, 16, 16, 3)
    """
    side = check_image_size(image_size)
    check_choice("channels", channels, (1, 3))
    files = image_files(check_path("path", path))
    images = read_each(
        files, lambda file: central_square(open_image(file), side, channels), on_error
    )
    return to_unit_range(np.stack(images))


def image_files(folder: Path) -> list[Path]:
    """Return the paths of the images in a folder and its subfolders.

    Args:
        folder: the folder to search.

    Returns:
        At least one path, sorted.

    Raises:
        FileNotFoundError: if the folder does not exist.
        NotADirectoryError: if the path is not a folder.
        ValueError: if the folder holds no image.
    """
    if not folder.exists():
        raise FileNotFoundError(f"The folder {str(folder)!r} does not exist.")
    if not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is not a folder.")
    images = (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    files = [file for file in images if file.is_file() and not _hidden(file.relative_to(folder))]
    if not files:
        raise ValueError(
            f"The folder {str(folder)!r} holds no image. Image files must end in "
            f"{', '.join(SUFFIXES)}."
        )
    return sorted(files, key=lambda file: file.relative_to(folder).as_posix())


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def read_each(
    files: Iterable[Path],
    read: Callable[[Path], Read],
    on_error: str,
    skipped: Iterable[UnreadableImage] = (),
) -> list[Read]:
    """Read each file, and raise an error or skip the file if it cannot be read.

    Args:
        files: paths.
        read: reads one file, or raises `UnreadableImage`.
        on_error: `"raise"` or `"skip"`. One `SkippedImages` warning names all skipped files.
        skipped: files that the caller has already skipped, for the warning.

    Returns:
        The results of `read`, at least one, in the order of the files.

    Raises:
        UnreadableImage: if a file cannot be read and `on_error` is `"raise"`.
        ValueError: if no file can be read, or `on_error` has another value.
    """
    check_choice("on_error", on_error, ("raise", "skip"))
    results, skipped = [], list(skipped)
    for file in files:
        try:
            results.append(read(file))
        except UnreadableImage as error:
            if on_error == "raise":
                raise
            skipped.append(error)
    if not results:
        raise ValueError(f"At least one image must be readable. Received: {SkippedImages(skipped)}")
    if skipped:
        warnings.warn(SkippedImages(skipped), stacklevel=3)
    return results


def open_image(file: Path, content: BinaryIO | None = None) -> Image.Image:
    """Open an image, upright and opaque, with 8 bits per channel.

    Args:
        file: the path, or only a name for errors if `content` is given.
        content: a stream to read instead of the file.

    Returns:
        A Pillow image, gray or RGB.

    Raises:
        UnreadableImage: if the image cannot be read.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(file if content is None else content) as opened:
            return _eight_bits(ImageOps.exif_transpose(opened))
    except Exception as error:  # there are many, for there are many ways to be damaged
        raise UnreadableImage(file, str(error) or type(error).__name__) from error


def central_square(image: Image.Image, side: int, channels: int) -> np.ndarray:
    """Crop an image to its central square and resize it with antialiasing (Pillow's bicubic).

    Args:
        image: a Pillow image, gray or RGB.
        side: new side in pixels.
        channels: 3 for color, 1 for gray.

    Returns:
        uint8 `(side, side, channels)`.
    """
    from PIL import Image

    image = image.convert("L" if channels == 1 else "RGB")
    shortest = min(image.size)
    left, top = (image.width - shortest) / 2, (image.height - shortest) / 2
    square = image.resize(
        (side, side), Image.Resampling.BICUBIC, box=(left, top, left + shortest, top + shortest)
    )
    return np.asarray(square).reshape(side, side, channels)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Convert an image to an opaque one with 8 bits per channel."""
    from PIL import Image

    if image.mode == "F":
        raise ValueError("its gray levels are floats of unknown range; save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        levels = np.asarray(image).astype(np.int64)
        if levels.min() < 0 or levels.max() > 65535:
            raise ValueError(f"gray levels {levels.min()}..{levels.max()} do not fit in 16 bits")
        return Image.fromarray(np.round(levels / 257).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")
