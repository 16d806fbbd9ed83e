"""`from_folder`: a folder of one's own images as an array."""

from __future__ import annotations

import os
import struct
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np

from gankit.datasets.images import check_channels, check_image_size, to_unit_range

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""Files with these suffixes, in small or capital letters, are taken for images."""

_WHITE = (255, 255, 255, 255)

Read = TypeVar("Read")


class UnreadableImage(ValueError):
    """One file that is no image, or not the one that it should be.

    Attributes:
        file: Its path.
        reason: What is wrong with it.
    """

    def __init__(self, file: Path, reason: str):
        self.file = file
        self.reason = reason
        super().__init__(
            f"{str(file)!r} cannot be read as an image: {reason}. "
            "Remove it, or pass on_error='skip'."
        )


class SkippedImages(UserWarning):
    """Some images of a folder could not be read and were left out.

    Attributes:
        files: The paths left out, in order; `len(files)` is their number.
    """

    def __init__(self, skipped: list[UnreadableImage]):
        self.files = [image.file for image in skipped]
        lines = [f"{image.file}: {image.reason}" for image in skipped]
        super().__init__(
            f"{len(skipped)} image(s) could not be read and were skipped:\n" + "\n".join(lines)
        )


def from_folder(
    path: str | os.PathLike,
    image_size: int,
    channels: int = 3,
    on_error: str = "raise",
) -> np.ndarray:
    """Read all images of a folder and the folders in it.

    Each image is turned upright (EXIF), cut to its central square and resized with
    antialiasing (Pillow's bicubic). Gray, color, palette and CMYK images are converted;
    16-bit gray is scaled to 8 bits; transparent parts are laid on white; of an animation the
    first frame is taken. Files without an image's suffix (`SUFFIXES`) and hidden files are
    ignored.

    Args:
        path: The folder.
        image_size: Side of the images in pixels, at least 4.
        channels: 3 for color, 1 for gray (luma, ITU-R 601).
        on_error: What to do with a file that cannot be read: `"raise"` an error that names
            it, or `"skip"` it; then one `SkippedImages` warning names them all.

    Returns:
        float32 `(n, image_size, image_size, channels)` in [-1, 1], in the order of the
        paths' names.

    Raises:
        FileNotFoundError: There is no such folder.
        NotADirectoryError: The path is no folder.
        ValueError: No image in the folder, none readable, or one that is not (it is named);
            a bad `image_size`, `channels` or `on_error`.
        TypeError: `image_size` is no whole number.

    Example:

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("L", (40, 30), 255).save(f"{folder}/white.png")
    ...     from_folder(folder, image_size=16).shape
    (1, 16, 16, 3)
    """
    side = check_image_size(image_size)
    check_channels(channels)
    files = image_files(Path(path))
    images = read_each(
        files, lambda file: central_square(open_image(file), side, channels), on_error
    )
    if not images:
        raise ValueError(f"none of the {len(files)} images in {str(path)!r} can be read")
    return to_unit_range(np.stack(images))


def image_files(folder: Path) -> list[Path]:
    """The images of a folder and the folders in it.

    Args:
        folder: Where to look.

    Returns:
        Their paths, in the order of the paths' names; at least one.

    Raises:
        FileNotFoundError: There is no such folder.
        NotADirectoryError: The path is no folder.
        ValueError: No image is in it.
    """
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {str(folder)!r}")
    if not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is not a folder")
    inside = (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    files = [file for file in inside if file.is_file() and not file.name.startswith(".")]
    if not files:
        raise ValueError(
            f"no image in {str(folder)!r}: looked for files that end in {', '.join(SUFFIXES)}"
        )
    return sorted(files, key=lambda file: file.relative_to(folder).as_posix())


def read_each(
    files: Iterable[Path],
    read: Callable[[Path], Read],
    on_error: str,
    skipped: Iterable[UnreadableImage] = (),
) -> list[Read]:
    """What is read from each file, with those that cannot be read named.

    Args:
        files: Paths.
        read: Reads one; raises `UnreadableImage` where it cannot.
        on_error: `"raise"` or `"skip"`; then one `SkippedImages` warning names all that were
            left out.
        skipped: What was left out before.

    Returns:
        What `read` returned, in the order of the files.

    Raises:
        UnreadableImage: The first file that cannot be read, unless it is to be skipped.
        ValueError: Another `on_error`.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', got {on_error!r}")
    results, skipped = [], list(skipped)
    for file in files:
        try:
            results.append(read(file))
        except UnreadableImage as error:
            if on_error == "raise":
                raise
            skipped.append(error)
    if skipped and results:
        warnings.warn(SkippedImages(skipped), stacklevel=3)
    return results


def open_image(file: Path, content: BinaryIO | None = None) -> Image.Image:
    """One image, upright and opaque, with 8 bits per channel.

    Args:
        file: Its path, or its name where `content` is given.
        content: What to read instead of the file.

    Returns:
        A Pillow image, gray or RGB.

    Raises:
        UnreadableImage: Whatever is wrong with it.
    """
    from PIL import Image, ImageOps

    broken = (OSError, SyntaxError, EOFError, ValueError, struct.error)
    try:
        with Image.open(file if content is None else content) as opened:
            return _eight_bits(ImageOps.exif_transpose(opened))
    except (*broken, Image.DecompressionBombError) as error:
        raise UnreadableImage(file, str(error) or type(error).__name__) from error


def central_square(image: Image.Image, side: int, channels: int) -> np.ndarray:
    """The central square of an image, resized with antialiasing (Pillow's bicubic).

    Args:
        image: A Pillow image, gray or RGB.
        side: New side in pixels.
        channels: 3 for color, 1 for gray.

    Returns:
        uint8 `(side, side, channels)`.
    """
    from PIL import Image

    image = image.convert("L" if channels == 1 else "RGB")
    shortest = min(image.size)
    left, top = (image.width - shortest) / 2, (image.height - shortest) / 2
    square = image.resize(
        (side, side),
        Image.Resampling.BICUBIC,
        box=(left, top, left + shortest, top + shortest),
    )
    return np.asarray(square).reshape(side, side, channels)


def _eight_bits(image: Image.Image) -> Image.Image:
    """An opaque image with 8 bits per channel."""
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
