"""`glyphs`: 28×28 digits drawn from known factors, so that coverage can be measured.

Each example is a digit of one of matplotlib's fonts, thickened, sheared, stretched, turned,
shifted and bent. Every factor is drawn at random and kept, and
`make` draws the whole set again from nothing in some seconds.

The bending follows the elastic distortion of Simard, Steinkraus and Platt, "Best Practices
for Convolutional Neural Networks Applied to Visual Document Analysis" (ICDAR 2003,
section 2). Departure: their random displacements are smoothed by a Gaussian, ours by a
cubic B-spline over a coarse grid, which is as smooth and needs no SciPy.
"""

from __future__ import annotations

import functools
import os
import warnings
from pathlib import Path

import numpy as np

from gankit.datasets.archive import read_npz, write_npz
from gankit.datasets.folders import committed_file, data_folder
from gankit.datasets.outlines import FONTS, distance_fields

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
"""Lowest value, highest value and step of each factor besides `font`; see `sample_factors`."""

_KNOTS = 4
_FIELD_CELLS = 96
_FIELD_EXTENT = 2.0
_CHUNK = 500


def make(train: int = 12_000, test: int = 2_000, seed: int = 2014) -> dict[str, np.ndarray]:
    """Draw the whole set.

    Classes are balanced, in random order. No image occurs twice, in one split or across both.
    The arithmetic is float64 on the integers of the font files and ends in a rounding to
    32 gray levels, so the bytes depend on the fonts and on numpy's PCG64 stream alone:
    they are the same on Python 3.10 to 3.13, with matplotlib 3.10 and 3.11, numpy 2.0 to 2.5.

    Args:
        train: Number of training examples, a multiple of 10.
        test: Number of test examples, a multiple of 10.
        seed: Non-negative seed of everything drawn.

    Returns:
        For each split `s` in `train`, `test`: `s_images` uint8 `(n, 28, 28)` (0 is
        background), `s_labels` uint8 `(n,)`, `s_font` uint8 `(n,)` (index into
        `outlines.FONTS`) and one float32 `(n,)` array `s_<factor>` per key of `FACTORS`.

    Raises:
        ValueError: A count is no positive multiple of 10.

    Example:

    >>> made = make(train=20, test=10)
    >>> made["train_images"].shape, sorted(set(made["test_labels"].tolist()))
    ((20, 28, 28), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    for name, count in (("train", train), ("test", test)):
        if count < 10 or count % 10:
            raise ValueError(f"{name} must be a positive multiple of 10, got {count!r}")
    fields = distance_fields(_FIELD_CELLS, _FIELD_EXTENT)
    rng = np.random.Generator(np.random.PCG64(seed))
    arrays: dict[str, np.ndarray] = {}
    for split, count in (("train", train), ("test", test)):
        labels = _shuffled_labels(rng, count)
        factors = sample_factors(rng, count)
        bends = rng.random((count, 2, _KNOTS + 3, _KNOTS + 3)) * 2 - 1
        arrays[f"{split}_images"] = render(labels, factors, bends, fields)
        arrays[f"{split}_labels"] = labels
        arrays |= {f"{split}_{name}": values for name, values in factors.items()}
    _refuse_duplicates(arrays["train_images"], arrays["test_images"])
    return arrays


def write(path: str | os.PathLike) -> Path:
    """Make the set with its default arguments and write it as `.npz`.

    This is how the repository's `data/glyphs.npz` was made:
    `python -c "from gankit.datasets import glyphs; glyphs.write('data/glyphs.npz')"`.

    Args:
        path: Where to write.

    Returns:
        The path written.
    """
    return write_npz(path, make())


def read(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one split.

    Args:
        split: `"train"` or `"test"`.

    Returns:
        uint8 images `(n, 28, 28, 1)` and int32 labels `(n,)`.
    """
    arrays = _arrays()
    return arrays[f"{split}_images"][..., None], arrays[f"{split}_labels"].astype(np.int32)


def read_factors(split: str) -> dict[str, np.ndarray]:
    """The factors of one split, in the order of its images.

    Args:
        split: `"train"` or `"test"`.

    Returns:
        A fresh array `(n,)` per factor; see `sample_factors`.
    """
    arrays = _arrays()
    return {name: arrays[f"{split}_{name}"].copy() for name in ("font", *FACTORS)}


@functools.cache
def _arrays() -> dict[str, np.ndarray]:
    """The ready-made file; where gankit was installed without it, made once and kept."""
    committed = committed_file("glyphs.npz")
    if committed is not None:
        return read_npz(committed)
    cached = data_folder() / "glyphs.npz"
    if cached.is_file():
        return read_npz(cached)
    arrays = make()
    try:
        write_npz(cached, arrays)
    except OSError as error:
        warnings.warn(
            f"glyphs were made but could not be kept in {str(cached.parent)!r} ({error}); "
            "they are made again in each process. Set GANKIT_DATA_DIR to a writable folder.",
            stacklevel=2,
        )
    return arrays


def sample_factors(rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """Draw the factors of `count` examples, independently and uniformly.

    Args:
        rng: Source of randomness.
        count: Number of examples.

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
    labels: np.ndarray,
    factors: dict[str, np.ndarray],
    bends: np.ndarray,
    fields: np.ndarray,
) -> np.ndarray:
    """Draw digits from their factors.

    Each pixel is traced back through the bending and the affine map to a point of the
    digit's signed distance field; its gray is the part of the pixel that the thickened
    shape covers, `clip(distance + thickness + 1/2, 0, 1)` with lengths in pixels.

    Args:
        labels: `(n,)` digits 0 to 9.
        factors: As `sample_factors` returns them, each `(n,)`.
        bends: `(n, 2, 7, 7)` spline coefficients of the displacement in [-1, 1].
        fields: As `outlines.distance_fields` returns them.

    Returns:
        uint8 `(n, 28, 28)`.
    """
    images = np.empty((len(labels), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    for start in range(0, len(labels), _CHUNK):
        part = slice(start, start + _CHUNK)
        known = {name: values[part].astype(np.float64) for name, values in factors.items()}
        x, y = _trace_back(known, bends[part])
        font = factors["font"][part].astype(np.intp)
        distance = _look_up(fields, font, labels[part].astype(np.intp), x, y)
        pixels = (DIGIT_HEIGHT * known["scale"])[:, None, None]
        cover = np.clip(distance * pixels + known["thickness"][:, None, None] + 0.5, 0, 1)
        images[part] = _quantize(cover)
    return images


def _trace_back(known: dict[str, np.ndarray], bends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel lies in the digit's own frame, in digit heights, y upwards."""
    k = {name: values[:, None, None] for name, values in known.items()}
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
    """Cubic B-spline surfaces `(n, 2, 28, 28)` over a uniform grid of random coefficients."""
    position = np.arange(IMAGE_SIZE) * (_KNOTS / IMAGE_SIZE)
    knot = np.floor(position).astype(int)
    t = position - knot
    weights = (
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    )
    basis = np.zeros((IMAGE_SIZE, _KNOTS + 3))
    for offset, weight in enumerate(weights):
        basis[np.arange(IMAGE_SIZE), knot + offset] = weight
    return np.einsum("ri,nkij,cj->nkrc", basis, bends, basis, optimize=True)


def _look_up(
    fields: np.ndarray, font: np.ndarray, digit: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Bilinear interpolation of each example's own field."""
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


def _quantize(cover: np.ndarray) -> np.ndarray:
    """32 gray levels: the eye sees no difference, and the file is a third smaller."""
    return np.round(np.round(cover * 31) * (255 / 31)).astype(np.uint8)


def _shuffled_labels(rng: np.random.Generator, count: int) -> np.ndarray:
    # argsort of uniforms: `permutation` may change between versions of numpy, this cannot
    order = np.argsort(rng.random(count), kind="stable")
    return (np.arange(count) % 10).astype(np.uint8)[order]


def _refuse_duplicates(train: np.ndarray, test: np.ndarray) -> None:
    both = np.concatenate([train, test]).reshape(len(train) + len(test), -1)
    distinct = len(np.unique(both, axis=0))
    if distinct != len(both):
        raise ValueError(f"{len(both) - distinct} images occur twice; choose another seed")
