"""Digits as signed distance fields, from the font outlines in matplotlib's wheel.

A signed distance field holds the distance of each point to the outline of a shape, positive inside
and negative outside. Array arithmetic on the field can rotate, bend and thicken a digit. The result
does not depend on the version of a rasterizer.
"""

from __future__ import annotations

import functools
import io
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

from gankit.checks import check_choice, check_count, check_number

FONTS = tuple(
    "DejaVuSans DejaVuSans-Oblique DejaVuSans-Bold DejaVuSans-BoldOblique DejaVuSansMono "
    "DejaVuSansMono-Oblique DejaVuSansMono-Bold DejaVuSerif DejaVuSerif-Italic DejaVuSerif-Bold "
    "DejaVuSerif-BoldItalic STIXGeneral STIXGeneralItalic STIXGeneralBol STIXGeneralBolIta "
    "cmr10 cmb10 cmss10 cmtt10".split()
)
"""Fonts with ten legible lining digits. The files are the same in matplotlib 3.10 and 3.11."""

_SEGMENTS_PER_CURVE = 6

# Some fonts have invalid dates, and fontTools would warn about them for each digit.
logging.getLogger("fontTools.ttLib.tables._h_e_a_d").setLevel(logging.ERROR)


def digit_outline(font: str, digit: int) -> np.ndarray:
    """Return the outline of one digit as straight segments.

    fontTools reads the integers in the font file exactly. matplotlib's own reader rounds them, and
    the rounding differs between versions.

    Args:
        font: one of `FONTS`.
        digit: 0 to 9.

    Returns:
        float64 array `(segments, 2, 2)`: start and end points `(x, y)`, y upwards, in
        units of the height of the font's digit 0, centered on the digit's bounding box.

    Raises:
        ValueError: if the font or the digit is another one.

    Example:

    >>> digit_outline("DejaVuSans", 1).shape[1:]
    (2, 2)
    """
    check_choice("font", font, FONTS)
    check_count("digit", digit, 0, 9)
    zero = np.concatenate(_contours(font, 0))
    height = zero[:, 1].max() - zero[:, 1].min()
    contours = _contours(font, digit)
    points = np.concatenate(contours)
    center = (points.min(axis=0) + points.max(axis=0)) / 2
    segments = [np.stack([c, np.roll(c, -1, axis=0)], axis=1) for c in contours]
    return (np.concatenate(segments) - center) / height


def signed_distance(segments: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the distance of points to a closed outline, positive inside (non-zero winding rule).

    Args:
        segments: `(n, 2, 2)` start and end points of the outline's segments.
        points: `(m, 2)` points `(x, y)`.

    Returns:
        `(m,)` distances in the units of the points.

    Example:

    >>> corners = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> square = np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)
    >>> [float(d) for d in signed_distance(square, np.array([[1.0, 1.0], [5.0, 1.0]]))]
    [1.0, -3.0]
    """
    x, y = points[:, 0], points[:, 1]
    nearest = np.full(len(points), np.inf)
    winding = np.zeros(len(points), dtype=np.int64)
    for (x0, y0), (x1, y1) in segments:
        dx, dy = x1 - x0, y1 - y0
        length = dx * dx + dy * dy
        if length == 0:
            continue
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / length, 0.0, 1.0)
        squared = (x - x0 - along * dx) ** 2 + (y - y0 - along * dy) ** 2
        nearest = np.minimum(nearest, squared)
        left = dx * (y - y0) - dy * (x - x0) > 0
        winding += (y0 <= y) & (y < y1) & left
        winding -= (y1 <= y) & (y < y0) & ~left
    return np.where(winding != 0, 1.0, -1.0) * np.sqrt(nearest)


@functools.lru_cache(maxsize=1)
def distance_fields(cells: int = 96, extent: float = 2.0) -> np.ndarray:
    """Return the signed distance field of every digit of every font.

    Args:
        cells: grid points per side, at least 2.
        extent: side of the square grid, in digit heights, above 0.

    Returns:
        Read-only float64 array `(fonts, 10, cells, cells)` in digit heights; row 0 is the top. It
        is cached.

    Raises:
        TypeError: if `extent` is not a number.
        ValueError: if a number is out of range.
    """
    check_count("cells", cells, 2)
    check_number("extent", extent, above=0)
    axis = (np.arange(cells) - (cells - 1) / 2) * (extent / (cells - 1))
    x, y = np.meshgrid(axis, -axis)
    grid = np.stack([x.ravel(), y.ravel()], axis=1)
    fields = [[signed_distance(digit_outline(f, d), grid) for d in range(10)] for f in FONTS]
    fields = np.array(fields).reshape(len(FONTS), 10, cells, cells)
    fields.flags.writeable = False
    return fields


def _contours(font: str, digit: int) -> list[np.ndarray]:
    """Return closed polylines of one digit in font units, with curves split into segments."""
    face = _face(font)
    glyphs = face.getGlyphSet()
    pen = _PolylinePen(glyphs)
    glyphs[face.getBestCmap()[ord(str(digit))]].draw(pen)
    return [np.array(points, dtype=np.float64) for points in pen.contours]


@functools.lru_cache(maxsize=1)
def _face(font: str) -> TTFont:
    """Open a font, and cache it while its ten digits are read."""
    import matplotlib

    path = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{font}.ttf")
    return TTFont(io.BytesIO(path.read_bytes()))


class _PolylinePen(BasePen):
    """Collect the outline that fontTools draws as polylines."""

    def __init__(self, glyphs: Mapping) -> None:
        super().__init__(glyphs)
        self.contours: list[list[tuple[float, float]]] = []

    def _moveTo(self, point: tuple[float, float]) -> None:
        self.contours.append([point])

    def _lineTo(self, point: tuple[float, float]) -> None:
        self.contours[-1].append(point)

    def _qCurveToOne(self, control: tuple[float, float], end: tuple[float, float]) -> None:
        start = self.contours[-1][-1]
        t = np.arange(1, _SEGMENTS_PER_CURVE + 1)[:, None] / _SEGMENTS_PER_CURVE
        self.contours[-1].extend((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)
