"""Layouts of building fronts: the position of each part of a front.

A layout is a list of parts in the order in which they are painted. A picture measures 64 by 64
units, whatever its size in pixels, so one layout can be drawn at any size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

CLASSES = ("sky", "roof", "wall", "cornice", "window", "shutter", "balcony", "door")
"""Names of the classes; a label map holds their indices."""

UNITS = 64.0
"""Width and height of a front, in the units of a layout."""

SKY, ROOF, WALL, CORNICE, WINDOW, SHUTTER, BALCONY, DOOR = range(len(CLASSES))

_GROUND_FLOOR_HEIGHT = 15.0
_MIN_COLUMN_WIDTH = 13.0


class Part(NamedTuple):
    """One part of a front.

    Attributes:
        label: class, an index into `CLASSES`.
        left: left edge, in units from the left of the picture.
        top: upper edge, in units from the top of the picture.
        right: right edge.
        bottom: lower edge.
        shape: `"box"`, `"arch"` (a round top), `"gable"` or `"mansard"`.
    """

    label: int
    left: float
    top: float
    right: float
    bottom: float
    shape: str = "box"


class _Front(NamedTuple):
    """The properties that all floors of one front share."""

    left: float
    right: float
    eaves: float
    floors: int
    columns: int
    window_shape: str
    window_width: float  # as a fraction of the column width
    shutters: bool
    ledges: bool
    balconies: int  # 0 none, 1 in the middle, 2 everywhere


def sample(rng: np.random.Generator) -> list[Part]:
    """Draw the layout of one front at random.

    A front has two to four floors with two to four windows each, a door, a flat, gabled or mansard
    roof, and sky around it. Shutters, balconies, ledges and round arches are optional.

    Args:
        rng: source of randomness.

    Returns:
        The parts, from back to front.

    Example:

    >>> parts = sample(np.random.default_rng(0))
    >>> CLASSES[parts[0].label], CLASSES[parts[-1].label]
    ('sky', 'door')
    """
    front = _sample_front(rng)
    parts = [Part(SKY, 0, 0, UNITS, UNITS), *_roof(rng, front)]
    parts.append(Part(WALL, front.left, front.eaves, front.right, UNITS))
    parts.append(Part(CORNICE, front.left - 1, front.eaves, front.right + 1, front.eaves + 2))
    parts.append(Part(CORNICE, front.left, UNITS - 2, front.right, UNITS))
    height = (UNITS - _GROUND_FLOOR_HEIGHT - front.eaves - 2) / (front.floors - 1)
    for floor in range(front.floors - 1):
        top = front.eaves + 2 + floor * height
        parts += _upper_floor(rng, front, top, height)
    return parts + _ground_floor(rng, front)


def rasterize(parts: list[Part], image_size: int) -> np.ndarray:
    """Paint a layout as a label map.

    Args:
        parts: the parts of a layout, from back to front.
        image_size: side of the map in pixels.

    Returns:
        uint8 label map `(image_size, image_size)`. Each part is at least one pixel wide and high.

    Example:

    >>> rasterize([Part(SKY, 0, 0, 64, 64), Part(WALL, 16, 32, 64, 64)], 4).tolist()
    [[0, 0, 0, 0], [0, 0, 0, 0], [0, 2, 2, 2], [0, 2, 2, 2]]
    """
    labels = np.zeros((image_size, image_size), np.uint8)
    for part in parts:
        left, right = _pixels(part.left, part.right, image_size)
        top, bottom = _pixels(part.top, part.bottom, image_size)
        inside = labels[max(top, 0) : bottom, max(left, 0) : right]
        shape = _shape(part.shape, bottom - top, right - left)
        inside[shape[max(-top, 0) :, max(-left, 0) :][: len(inside), : inside.shape[1]]] = (
            part.label
        )
    return labels


def _pixels(low: float, high: float, image_size: int) -> tuple[int, int]:
    first = int(np.floor(low * image_size / UNITS + 0.5))
    return first, max(int(np.floor(high * image_size / UNITS + 0.5)), first + 1)


def _shape(shape: str, height: int, width: int) -> np.ndarray:
    """Return a mask of the pixels of its bounding box that a shape covers."""
    down = (np.arange(height)[:, None] + 0.5) / height
    aside = np.abs((np.arange(width)[None, :] + 0.5) / width * 2 - 1)
    if shape == "gable":
        return aside <= down
    if shape == "mansard":
        return aside <= 0.8 + 0.2 * down
    if shape == "arch":
        above = np.clip(1 - (np.arange(height)[:, None] + 0.5) / (width / 2), 0, None)
        return above**2 + aside**2 <= 1.05
    return np.ones((height, width), bool)


def _sample_front(rng: np.random.Generator) -> _Front:
    floors = 2 + _below(rng, 3)
    left, right = _between(rng, 1.5, 8), UNITS - _between(rng, 1.5, 8)
    columns = 2 + _below(rng, int((right - left) / _MIN_COLUMN_WIDTH) - 1)
    shutters = rng.random() < 0.5
    return _Front(
        left=left,
        right=right,
        eaves=_between(rng, *((22, 28), (14, 18), (9, 12))[floors - 2]),
        floors=floors,
        columns=columns,
        window_shape="arch" if rng.random() < 0.35 else "box",
        window_width=_between(rng, 0.36, 0.44) if shutters else _between(rng, 0.42, 0.56),
        shutters=shutters,
        ledges=rng.random() < 0.5,
        balconies=_below(rng, 3),
    )


def _roof(rng: np.random.Generator, front: _Front) -> list[Part]:
    left, right, eaves = front.left, front.right, front.eaves
    kind = ("flat", "gable", "mansard")[_below(rng, 3)]
    chimney, tall = _between(rng, left + 6, right - 11), rng.random() < 0.6
    if kind == "flat":
        return [Part(CORNICE, left, eaves - 1.5, right, eaves)]
    ridge = eaves - _between(rng, 0.5, 0.75) * eaves
    parts = [Part(ROOF, left - 1.5, ridge, right + 1.5, eaves, kind)]
    if tall:
        parts.append(Part(ROOF, chimney, max(ridge - 3, 1), chimney + 4, eaves - 1))
    if kind == "mansard" and eaves - ridge > 8:
        for axis in _axes(front):
            parts.append(Part(CORNICE, axis - 3, eaves - 6.5, axis + 3, eaves))
            parts.append(Part(WINDOW, axis - 2, eaves - 5.5, axis + 2, eaves))
    return parts


def _upper_floor(rng: np.random.Generator, front: _Front, top: float, height: float) -> list[Part]:
    parts = []
    middle = _below(rng, front.columns)
    for column, axis in enumerate(_axes(front)):
        balcony = front.balconies == 2 or (front.balconies == 1 and column == middle)
        parts += _window(rng, front, axis, top + 0.18 * height, top + 0.8 * height, balcony)
    if front.ledges:
        parts.append(Part(CORNICE, front.left, top + height - 1, front.right, top + height))
    return parts


def _window(
    rng: np.random.Generator, front: _Front, axis: float, top: float, bottom: float, balcony: bool
) -> list[Part]:
    """Return the parts of a window: the window, its shutters, and a sill or a balcony."""
    between = (front.right - front.left) / front.columns
    half, leaf = min(front.window_width * between / 2, 5), min(0.2 * between, 4)
    closed = rng.random() < 0.25
    parts = [Part(WINDOW, axis - half, top, axis + half, bottom, front.window_shape)]
    if front.shutters and closed:
        parts.append(Part(SHUTTER, axis - half, top, axis + half, bottom, front.window_shape))
    elif front.shutters:
        parts.append(Part(SHUTTER, axis - half - leaf, top, axis - half, bottom))
        parts.append(Part(SHUTTER, axis + half, top, axis + half + leaf, bottom))
    if balcony:
        parts.append(Part(BALCONY, axis - half - 2, bottom - 4, axis + half + 2, bottom))
        parts.append(Part(CORNICE, axis - half - 2.5, bottom, axis + half + 2.5, bottom + 1))
    else:
        parts.append(Part(CORNICE, axis - half - 0.5, bottom, axis + half + 0.5, bottom + 1))
    return parts


def _ground_floor(rng: np.random.Generator, front: _Front) -> list[Part]:
    parts, top = [], UNITS - _GROUND_FLOOR_HEIGHT
    if front.floors == 2 or rng.random() < 0.5:
        parts.append(Part(CORNICE, front.left - 0.5, top - 0.5, front.right + 0.5, top + 1))
    entrance = _below(rng, front.columns)
    axes = _axes(front)
    for column, axis in enumerate(axes):
        if column != entrance:
            parts += _window(rng, front, axis, top + 3.5, UNITS - 4.5, balcony=False)
    half = _between(rng, 3, 4.5)
    left, right = axes[entrance] - half, axes[entrance] + half
    parts.append(Part(CORNICE, left - 1, top + 2, right + 1, UNITS, front.window_shape))
    parts.append(Part(DOOR, left, top + 3, right, UNITS - 1, front.window_shape))
    return parts


def _axes(front: _Front) -> list[float]:
    between = (front.right - front.left) / front.columns
    return [front.left + (column + 0.5) * between for column in range(front.columns)]


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * rng.random()


def _below(rng: np.random.Generator, count: int) -> int:
    # NumPy may change the stream of `integers` between versions, but not that of `random`.
    return int(rng.random() * count)
