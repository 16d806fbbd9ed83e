"""`from_folder`: a folder of one's own images as an array."""

from __future__ import annotations

import os
import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gankit.datasets.images import check_image_size, to_unit_range

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""Files with these suffixes, in small or capital letters, are taken for images."""

_WHITE = (255, 255, 255, 255)


class SkippedImages(UserWarning):
    """Some images of a folder could not be read and were left out.

    Attributes:
        files: The paths left out, in order; `len(files)` is their number.
    """

    def __init__(self, files: list[Path], reasons: list[str]):
        self.files = files
        lines = [f"{file}: {reason}" for file, reason in zip(files, reasons, strict=True)]
        super().__init__(
            f"{len(files)} image(s) could not be read and were skipped:\n" + "\n".join(lines)
        )


def from_folder(
    path: str | os.PathLike,
    image_size: int,
    channels: int = 3,
    on_error: str = "raise",
) -> np.ndarray:
    """Read all images of a folder and the folders in it.

    Each image is turned upright (EXIF), cut to its central square and resized with
    antialiasing (Pillow's bicubic). Grey, colour, palette and CMYK images are converted;
    16-bit grey is scaled to 8 bits; transparent parts are laid on white; of an animation the
    first frame is taken. Files without an image's suffix (`SUFFIXES`) and hidden files are
    ignored.

    Args:
        path: The folder.
        image_size: Side of the images in pixels, at least 4.
        channels: 3 for colour, 1 for grey (luma, ITU-R 601).
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
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 (grey) or 3 (colour), got {channels!r}")
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', got {on_error!r}")
    files = _image_files(Path(path))
    images, skipped, reasons = [], [], []
    for file in files:
        try:
            images.append(_read(file, side, channels))
        except ValueError as error:
            if on_error == "raise":
                raise ValueError(
                    f"{str(file)!r} cannot be read as an image: {error}. "
                    "Remove it, or pass on_error='skip'."
                ) from error
            skipped.append(file)
            reasons.append(str(error))
    if not images:
        raise ValueError(f"none of the {len(files)} images in {str(path)!r} can be read: {reasons}")
    if skipped:
        warnings.warn(SkippedImages(skipped, reasons), stacklevel=2)
    return to_unit_range(np.stack(images))


def _image_files(folder: Path) -> list[Path]:
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


def _read(file: Path, side: int, channels: int) -> np.ndarray:
    """One image as uint8 `(side, side, channels)`; any way to fail is a ValueError."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            image = _eight_bits(ImageOps.exif_transpose(opened))
    except (OSError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError) as error:
        raise ValueError(str(error) or type(error).__name__) from error
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
        raise ValueError("its grey levels are floats of unknown range; save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        levels = np.asarray(image).astype(np.int64)
        if levels.min() < 0 or levels.max() > 65535:
            raise ValueError(f"grey levels {levels.min()}..{levels.max()} do not fit in 16 bits")
        return Image.fromarray(np.round(levels / 257).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")
