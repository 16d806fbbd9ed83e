"""`glyphs`: 28×28 digits drawn from known factors, so that coverage can be measured.

Each example is a digit in one of matplotlib's fonts, thickened, sheared, stretched, rotated,
shifted and bent elastically. Every factor is drawn at random and stored. `make` draws the whole set
again in about ten seconds.

Source: Simard, Steinkraus and Platt, "Best Practices for Convolutional Neural Networks Applied to
Visual Document Analysis", ICDAR 2003, section 2, for the elastic distortion. Departure: they smooth
random displacements with a Gaussian; we interpolate a coarse random grid with a cubic B-spline.
"""

from __future__ import annotations

import functools
import itertools
import os
import warnings
from pathlib import Path

import numpy as np

from gankit.checks import check_count, check_path, check_seed
from gankit.datasets.folders import committed_file, data_folder
from gankit.datasets.outlines import FONTS, distance_fields
from gankit.saving import atomic_write

IMAGE_SIZE = 28
DIGIT_HEIGHT = 18.0
"""Height of the digit 0 at scale 1, in pixels."""

FACTORS = {
    "rotation": (-15.0, 15.0, 0.25),
    "scale": (0.8, 1.15, 0.01),
    "aspect": (0.8, 1.2, 0.01),
    "shear": (-0.3, 0.3, 0.01),
    "thickness": (0.0, 0.9, 0.01),
    "dx": (-2.0, 2.0, 0.05),
    "dy": (-2.0, 2.0, 0.05),
    "elastic": (0.0, 2.5, 0.05),
}
"""Lowest value, highest value and step of each factor except `font`; see `sample_factors`."""

_SPLINE_INTERVALS = 4
_FIELD_CELLS = 96
_FIELD_EXTENT = 2.0
_CHUNK_SIZE = 500


def make(train: int = 12_000, test: int = 2_000, seed: int = 2014) -> dict[str, np.ndarray]:
    """Draw the whole set.

    Classes are balanced and in random order. No image occurs twice, within a split or across both.
    The arithmetic is float64 on the integers of the font files, and the result is rounded to 32
    gray levels. The arrays therefore depend only on the fonts and on NumPy's PCG64 stream. They are
    the same on Python 3.10 to 3.13 with matplotlib 3.10 and 3.11 and NumPy 2.0 to 2.5.

    Args:
        train: number of training examples, a multiple of 10.
        test: number of test examples, a multiple of 10.
        seed: 0 to 2**31 - 1; determines all random draws.

    Returns:
        For each split `s` in `train`, `test`: `s_images` uint8 `(n, 28, 28)` (0 is
        background), `s_labels` uint8 `(n,)`, `s_font` uint8 `(n,)` (index into
        `outlines.FONTS`) and one float32 `(n,)` array `s_<factor>` per key of `FACTORS`.

    Raises:
        ValueError: if a count is not a positive multiple of 10, or the seed is out of range.

    Example:

    >>> made = make(train=20, test=10)
    >>> made["train_images"].shape, sorted(set(made["test_labels"].tolist()))
    ((20, 28, 28), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    counts = {"train": train, "test": test}
    for split, count in counts.items():
        if check_count(split, count, 10) % 10:
            raise ValueError(f"`{split}` must be a multiple of 10. Received: {split}={count!r}.")
    fields = distance_fields(_FIELD_CELLS, _FIELD_EXTENT)
    rng = np.random.Generator(np.random.PCG64(check_seed("seed", seed)))
    arrays: dict[str, np.ndarray] = {}
    for split, count in counts.items():
        # NumPy may change the stream of `permutation` between versions, but not that of `random`.
        order = np.argsort(rng.random(count), kind="stable")
        labels = (np.arange(count) % 10).astype(np.uint8)[order]
        factors = sample_factors(rng, count)
        bends = rng.random((count, 2, _SPLINE_INTERVALS + 3, _SPLINE_INTERVALS + 3)) * 2 - 1
        arrays[f"{split}_images"] = render(labels, factors, bends, fields)
        arrays[f"{split}_labels"] = labels
        arrays |= {f"{split}_{name}": values for name, values in factors.items()}
    _refuse_duplicates(arrays["train_images"], arrays["test_images"])
    return arrays


def write(path: str | os.PathLike) -> Path:
    """Make the set with default arguments and write it as a compressed `.npz`.

    Args:
        path: the file to write.

    Returns:
        The path.

    Raises:
        TypeError: if it is no path.
    """
    return _save(check_path("path", path), make())


def read(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images and labels of one split.

    Args:
        split: `"train"` or `"test"`.

    Returns:
        uint8 images `(n, 28, 28, 1)` and int32 labels `(n,)`.
    """
    arrays = _arrays()
    return arrays[f"{split}_images"][..., None], arrays[f"{split}_labels"].astype(np.int32)


def read_factors(split: str) -> dict[str, np.ndarray]:
    """Return the factors of one split, in the order of its images.

    Args:
        split: `"train"` or `"test"`.

    Returns:
        A new array `(n,)` per factor; see `sample_factors`.
    """
    arrays = _arrays()
    return {name: arrays[f"{split}_{name}"].copy() for name in ("font", *FACTORS)}


@functools.cache
def _arrays() -> dict[str, np.ndarray]:
    """Read the repository's file or the cached one, or make the set and cache it."""
    cached = data_folder() / "glyphs.npz"
    ready = committed_file("glyphs.npz") or cached
    if ready.is_file():
        return _load(ready)
    arrays = make()
    try:
        _save(cached, arrays)
    except OSError as error:
        warnings.warn(
            f"The glyphs could not be stored in {str(cached.parent)!r} ({error}), so each process "
            "makes them again. Set GANKIT_DATA_DIR to a writable folder.",
            stacklevel=2,
        )
    return arrays


def _save(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as partial:
        np.savez_compressed(partial, **arrays)
    return path


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            pairs = itertools.product(("train", "test"), ("images", "labels", "font", *FACTORS))
            # Text among the arrays would have no `view`.
            return {name: archive[name].view() for name in map("_".join, pairs)}
    except Exception as error:  # there are many, for there are many ways to be damaged
        raise ValueError(
            f"{str(path)!r} is not a complete .npz file ({error}). "
            "Delete the file, and gankit will make it again."
        ) from error


def sample_factors(rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """Draw the factors of `count` examples, independently and uniformly.

    Args:
        rng: source of randomness.
        count: number of examples.

    Returns:
        `font` (uint8, index into `outlines.FONTS`) and, as float32:
        `rotation` in degrees (counter-clockwise),
        `scale` (1 is a digit 0 of `DIGIT_HEIGHT` pixels),
        `aspect` (width over the font's own width),
        `shear` (tangent of the slant, positive leans right),
        `thickness` (pixels added on either side of each stroke at scale 1),
        `dx`, `dy` (shift in pixels, right and down),
        `elastic` (bound on the displacement of the bending, in pixels).
    """
    factors = {"font": np.floor(rng.random(count) * len(FONTS)).astype(np.uint8)}
    for name, (low, high, step) in FACTORS.items():
        levels = round((high - low) / step) + 1
        drawn = low + np.floor(rng.random(count) * levels) * step
        factors[name] = np.round(drawn, 4).astype(np.float32)
    return factors


def render(
    labels: np.ndarray, factors: dict[str, np.ndarray], bends: np.ndarray, fields: np.ndarray
) -> np.ndarray:
    """Draw digits from their factors.

    The inverse of the bending and of the affine map takes each pixel to a point of the digit's
    signed distance field. The gray level of the pixel is the fraction that the thickened shape
    covers, `clip(distance + thickness + 1/2, 0, 1)`, with lengths in pixels.

    Args:
        labels: `(n,)` digits 0 to 9.
        factors: the factors from `sample_factors`, each `(n,)`.
        bends: `(n, 2, 7, 7)` spline coefficients of the displacement in [-1, 1].
        fields: the fields from `outlines.distance_fields`.

    Returns:
        uint8 `(n, 28, 28)`.
    """
    images = np.empty((len(labels), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    for start in range(0, len(labels), _CHUNK_SIZE):
        chunk = slice(start, start + _CHUNK_SIZE)
        k = {name: values[chunk, None, None].astype(float) for name, values in factors.items()}
        x, y = _to_digit_frame(k, bends[chunk])
        font = factors["font"][chunk].astype(np.intp)
        distance = _interpolate(fields, font, labels[chunk].astype(np.intp), x, y)
        cover = distance * (DIGIT_HEIGHT * k["scale"]) + k["thickness"] + 0.5
        # 32 gray levels look the same as 256, and make the file a third smaller.
        images[chunk] = np.round(np.round(np.clip(cover, 0, 1) * 31) * (255 / 31))
    return images


def _to_digit_frame(k: dict[str, np.ndarray], bends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the position of each pixel in the digit's frame, in digit heights, y upwards."""
    axis = np.arange(IMAGE_SIZE) - (IMAGE_SIZE - 1) / 2
    bend = _displacement(bends) * k["elastic"][:, None]
    x = axis[None, None, :] + bend[:, 0] - k["dx"]
    y = -(axis[None, :, None] + bend[:, 1] - k["dy"])
    angle = np.deg2rad(k["rotation"])
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = cos * x + sin * y, cos * y - sin * x
    x = (x - k["shear"] * y) / k["aspect"]
    pixels = DIGIT_HEIGHT * k["scale"]
    return x / pixels, y / pixels


def _displacement(bends: np.ndarray) -> np.ndarray:
    """Return cubic B-spline surfaces `(n, 2, 28, 28)` with the given coefficients."""
    from scipy.interpolate import BSpline

    position = np.arange(IMAGE_SIZE) * (_SPLINE_INTERVALS / IMAGE_SIZE)
    knots = np.arange(-3.0, _SPLINE_INTERVALS + 4)
    basis = BSpline.design_matrix(position, knots, 3).toarray()
    return np.einsum("ri,nkij,cj->nkrc", basis, bends, basis, optimize=True)


def _interpolate(
    fields: np.ndarray, font: np.ndarray, digit: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Interpolate the distance field of each example bilinearly."""
    cells = fields.shape[-1]
    step = _FIELD_EXTENT / (cells - 1)
    column = np.clip(x / step + (cells - 1) / 2, 0, cells - 1.001)
    row = np.clip(-y / step + (cells - 1) / 2, 0, cells - 1.001)
    c, r = np.floor(column).astype(np.intp), np.floor(row).astype(np.intp)
    u, v = column - c, row - r
    f, d = font[:, None, None], digit[:, None, None]
    top = (1 - u) * fields[f, d, r, c] + u * fields[f, d, r, c + 1]
    bottom = (1 - u) * fields[f, d, r + 1, c] + u * fields[f, d, r + 1, c + 1]
    return (1 - v) * top + v * bottom


def _refuse_duplicates(train: np.ndarray, test: np.ndarray) -> None:
    both = np.concatenate([train, test]).reshape(len(train) + len(test), -1)
    repeated = len(both) - len(np.unique(both, axis=0))
    if repeated:
        raise ValueError(
            f"All images must be distinct. Received: {repeated} repeated image(s). "
            "Choose another seed."
        )
