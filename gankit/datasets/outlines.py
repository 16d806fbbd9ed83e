"""Digits as signed distance fields, from the font outlines inside matplotlib's wheel.

A signed distance field says how far each point lies inside (positive) or outside
(negative) a shape. Drawn from it, a digit can be turned, bent and thickened at will
by arithmetic on arrays, with no rasteriser whose version could change a pixel.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

FONTS = (
    "DejaVuSans",
    "DejaVuSans-Oblique",
    "DejaVuSans-Bold",
    "DejaVuSans-BoldOblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Oblique",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Italic",
    "DejaVuSerif-Bold",
    "DejaVuSerif-BoldItalic",
    "STIXGeneral",
    "STIXGeneralItalic",
    "STIXGeneralBol",
    "STIXGeneralBolIta",
    "cmr10",
    "cmb10",
    "cmss10",
    "cmtt10",
)
"""Fonts with ten legible lining digits, the same files in matplotlib 3.10 and 3.11."""

_MOVE, _LINE, _QUADRATIC, _CUBIC, _CLOSE = 1, 2, 3, 4, 79
_CURVE_PARTS = 6


def digit_outline(font: str, digit: int) -> np.ndarray:
    """The outline of one digit as straight segments.

    Read unscaled and unhinted: the points are the integers stored in the font file,
    whatever the version of FreeType.

    Args:
        font: One of `FONTS`.
        digit: 0 to 9.

    Returns:
        float64 array `(segments, 2, 2)`: start and end points `(x, y)`, y upwards, in
        units of the height of the font's digit 0, centred on the digit's bounding box.

    Example:

    >>> digit_outline("DejaVuSans", 1).shape[1:]
    (2, 2)
    """
    zero = np.concatenate(_contours(font, 0))
    height = zero[:, 1].max() - zero[:, 1].min()
    contours = _contours(font, digit)
    points = np.concatenate(contours)
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    segments = [np.stack([c, np.roll(c, -1, axis=0)], axis=1) for c in contours]
    return (np.concatenate(segments) - centre) / height


def signed_distance(segments: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distance from points to a closed outline, positive inside (non-zero winding rule).

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


def distance_fields(cells: int = 96, extent: float = 2.0) -> np.ndarray:
    """The signed distance field of every digit of every font.

    Args:
        cells: Grid points per side.
        extent: Side of the square grid, in digit heights.

    Returns:
        float64 array `(fonts, 10, cells, cells)` in digit heights; row 0 is the top.
    """
    axis = (np.arange(cells) - (cells - 1) / 2) * (extent / (cells - 1))
    x, y = np.meshgrid(axis, -axis)
    grid = np.stack([x.ravel(), y.ravel()], axis=1)
    fields = [[signed_distance(digit_outline(f, d), grid) for d in range(10)] for f in FONTS]
    return np.array(fields).reshape(len(FONTS), 10, cells, cells)


def _contours(font: str, digit: int) -> list[np.ndarray]:
    """Closed polylines of one digit in font units, curves cut into straight parts."""
    import matplotlib
    from matplotlib.ft2font import FT2Font, LoadFlags

    path = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{font}.ttf")
    face = FT2Font(str(path))
    face.load_char(ord(str(digit)), flags=LoadFlags.NO_SCALE)
    vertices, codes = face.get_path()
    contours: list[list[np.ndarray]] = []
    i = 0
    while i < len(codes):
        degree = {_QUADRATIC: 2, _CUBIC: 3}.get(int(codes[i]), 1)
        if codes[i] == _MOVE:
            contours.append([vertices[i]])
        elif codes[i] != _CLOSE:
            contours[-1].extend(_bezier(contours[-1][-1], *vertices[i : i + degree]))
        i += degree
    return [np.array(points) for points in contours]


def _bezier(*controls: np.ndarray) -> list[np.ndarray]:
    """Points on a Bézier curve after its start, by de Casteljau's construction."""
    if len(controls) == 2:
        return [controls[1]]
    points = []
    for t in np.arange(1, _CURVE_PARTS + 1) / _CURVE_PARTS:
        level = list(controls)
        while len(level) > 1:
            level = [(1 - t) * a + t * b for a, b in zip(level, level[1:], strict=False)]
        points.append(level[0])
    return points
