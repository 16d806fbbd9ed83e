"""`facades`: label maps of building fronts, and pictures drawn from them by a known rule.

A stand-in, without any network, for the CMP facades on which Isola et al. 2017 ("Image-to-Image
Translation with Conditional Adversarial Networks", pix2pix) translate label maps to photographs.
Two things are known here that nobody knows of photographs: which label map a picture shows, pixel
by pixel (`recover_labels`), and all the pictures that a label map may become (`draw`).

The rule leaves much to chance. The color of the walls, the roof, the shutters and the door is one
for each building; each window is dark, lit or mirrors the sky; bricks, tiles, louvres, planks and
bars begin anywhere. The picture that is best in the mean absolute error (L1), the median of all
pictures of one label map, therefore shows no bricks and has the colors of no building. Only the
layout, the light on the sky and the shadows are certain.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import check_count
from gankit.datasets.facade_layouts import (
    BALCONY,
    CLASSES,
    CORNICE,
    DOOR,
    ROOF,
    SHUTTER,
    SKY,
    UNITS,
    WALL,
    WINDOW,
    rasterize,
    sample,
)
from gankit.datasets.images import check_image_size, to_unit_range

IMAGE_SIZE = 64
"""Side of the pictures where no other is asked for."""

COUNTS = {"train": 400, "test": 100}
"""Number of pairs in each split; of CMP's facades, too, 400 are for training."""

COLORS = np.array(
    [
        (120, 190, 240),  # sky
        (160, 60, 40),  # roof
        (240, 205, 130),  # wall
        (130, 130, 130),  # cornice
        (30, 60, 130),  # window
        (40, 150, 90),  # shutter
        (225, 70, 175),  # balcony
        (90, 45, 10),  # door
    ],
    np.uint8,
)
"""Color of each class in a colored label map, in the order of `CLASSES`."""

_SEEDS = {"train": 2017, "test": 2018}
_LAYOUT, _PICTURE = 1, 2  # the two streams of random numbers of an example
_IN_SHADE = 0.78
_OPENINGS = (WINDOW, DOOR)
_STAND_OUT = (ROOF, CORNICE, BALCONY)


def _matt(red: float, green: float, blue: float) -> tuple[np.ndarray, np.ndarray]:
    """A color in shade and in light."""
    light = np.array([red, green, blue], np.float64)
    return _IN_SHADE * light, light


# For each class its styles, for each style two tones, for each tone its darkest and its lightest
# color. A pixel lies on the line between the two, and no line of one class comes closer than 23
# gray levels to a line of another: that is why the label map can be recovered.
_STYLES = {
    SKY: [(((102, 157, 223), (195, 221, 249)), ((210, 230, 252), (226, 243, 255)))],
    ROOF: [
        (_matt(217, 114, 62), _matt(133, 65, 55)),
        (_matt(127, 141, 169), _matt(89, 88, 114)),
        (_matt(128, 197, 171), _matt(78, 138, 126)),
    ],
    WALL: [
        (_matt(200, 73, 60), _matt(240, 155, 130)),
        (_matt(232, 178, 84), _matt(250, 226, 160)),
        (_matt(122, 160, 110), _matt(191, 221, 170)),
        (_matt(104, 131, 191), _matt(192, 197, 226)),
        (_matt(166, 116, 190), _matt(212, 184, 232)),
    ],
    CORNICE: [(_matt(248, 237, 203), _matt(154, 145, 123))],
    WINDOW: [
        (_matt(30, 48, 76), _matt(56, 84, 122)),
        (_matt(255, 206, 40), _matt(255, 236, 110)),
        (_matt(116, 207, 233), _matt(173, 244, 251)),
    ],
    SHUTTER: [
        (_matt(56, 140, 74), _matt(28, 84, 50)),
        (_matt(52, 84, 190), _matt(30, 48, 128)),
        (_matt(190, 36, 56), _matt(116, 20, 40)),
    ],
    BALCONY: [(_matt(255, 252, 251), _matt(36, 28, 30))],
    DOOR: [
        (_matt(0, 142, 150), _matt(0, 96, 110)),
        (_matt(150, 96, 30), _matt(100, 62, 16)),
        (_matt(134, 50, 134), _matt(88, 28, 92)),
    ],
}
_TONES = np.array([tone for c in sorted(_STYLES) for style in _STYLES[c] for tone in style], float)
_TONE_LABELS = np.repeat(np.arange(len(CLASSES)), [2 * len(_STYLES[c]) for c in sorted(_STYLES)])
_FIRST_TONES = np.searchsorted(_TONE_LABELS, np.arange(len(CLASSES)))


def sample_label_maps(count: int, image_size: int = IMAGE_SIZE, seed: int = 0) -> np.ndarray:
    """Draw label maps of building fronts at random.

    A front depends on the seed and its number alone: it is the same at any size and in a longer
    list.

    Args:
        count: How many, at least 1.
        image_size: Side of the maps in pixels, at least 4; below 32 details are lost.
        seed: Non-negative integer.

    Returns:
        uint8 `(count, image_size, image_size)`, indices into `CLASSES`.

    Raises:
        TypeError: The image size is no whole number.
        ValueError: A value is too small.

    Example:

    >>> maps = sample_label_maps(2, image_size=32)
    >>> maps.shape, CLASSES[maps[0, 0, 0]]
    ((2, 32, 32), 'sky')
    """
    side = check_image_size(image_size)
    streams = [_stream(seed, i, _LAYOUT) for i in range(check_count("count", count))]
    return np.stack([rasterize(sample(stream), side) for stream in streams])


def draw(label_maps: ArrayLike, seed: int = 0) -> np.ndarray:
    """Draw a picture of each label map; another seed gives another picture of the same front.

    Args:
        label_maps: Integers `(n, height, width)`, indices into `CLASSES`: drawn by
            `sample_label_maps` or by hand.
        seed: Non-negative integer: all that the label map leaves open depends on it.

    Returns:
        float32 `(n, height, width, 3)` in [-1, 1].

    Raises:
        TypeError: The labels are no integers.
        ValueError: A wrong shape, a label that is none of the classes, a negative seed.

    Example:

    >>> maps = sample_label_maps(1)
    >>> draw(maps).shape, bool((draw(maps, seed=1) == draw(maps, seed=2)).all())
    ((1, 64, 64, 3), False)
    """
    return to_unit_range(_draw_levels(check_label_maps(label_maps), seed))


def color(label_maps: ArrayLike) -> np.ndarray:
    """Show label maps in colors, one for each class: what a translating network is given.

    Args:
        label_maps: Integers `(n, height, width)`, indices into `CLASSES`.

    Returns:
        float32 `(n, height, width, 3)` in [-1, 1].

    Raises:
        TypeError: The labels are no integers.
        ValueError: A wrong shape, or a label that is none of the classes.

    Example:

    >>> color(np.zeros((1, 4, 4), int))[0, 0, 0].round(2).tolist()
    [-0.06, 0.49, 0.88]
    """
    return to_unit_range(COLORS[check_label_maps(label_maps)])


def recover_labels(pictures: ArrayLike) -> np.ndarray:
    """Read the label map from a picture: exact for `draw`, a judge for translated pictures.

    Each pixel gets the class to whose colors its own is nearest (Euclidean, RGB). All colors
    that a class may take are known, and those of two classes are at least 23 of 256 gray levels
    apart.

    Args:
        pictures: Floats `(n, height, width, 3)` in [-1, 1].

    Returns:
        uint8 `(n, height, width)`, indices into `CLASSES`.

    Raises:
        TypeError: The pictures are not floating point.
        ValueError: A wrong shape, or a value that is not in [-1, 1].

    Example:

    >>> maps = sample_label_maps(3)
    >>> bool((recover_labels(draw(maps)) == maps).all())
    True
    """
    pictures = _check_pictures(pictures)
    labels = np.empty(pictures.shape[:-1], np.uint8)
    for i, picture in enumerate(pictures):
        levels = (picture.reshape(-1, 3).astype(np.float64) + 1) * 127.5
        nearest = _squared_distances(levels).argmin(1)
        labels[i] = _TONE_LABELS[nearest].reshape(picture.shape[:-1])
    return labels


def label_maps(split: str = "train", image_size: int = IMAGE_SIZE) -> np.ndarray:
    """The label maps of one split of the data set, in the order of `load_pairs("facades")`.

    Args:
        split: `"train"` (400) or `"test"` (100).
        image_size: Side of the maps in pixels, at least 4.

    Returns:
        uint8 `(n, image_size, image_size)`, indices into `CLASSES`.

    Raises:
        TypeError: The image size is no whole number.
        ValueError: Unknown split, or an image size below 4.

    Example:

    >>> label_maps("test", image_size=32).shape
    (100, 32, 32)
    """
    if split not in COUNTS:
        raise ValueError(f"'facades' has the splits {tuple(COUNTS)}, got {split!r}")
    return sample_label_maps(COUNTS[split], image_size, _SEEDS[split])


def read_pairs(split: str, image_size: int) -> tuple[np.ndarray, np.ndarray]:
    """One split of the data set.

    Args:
        split: `"train"` or `"test"`.
        image_size: Side of the pictures in pixels.

    Returns:
        Colored label maps and pictures, both uint8 `(n, image_size, image_size, 3)`.
    """
    labels = label_maps(split, image_size)
    return COLORS[labels], _draw_levels(labels, _SEEDS[split])


def check_label_maps(label_maps: ArrayLike) -> np.ndarray:
    """Label maps, checked.

    Args:
        label_maps: What the caller gave.

    Returns:
        The same as an array of integers `(n, height, width)`.

    Raises:
        TypeError: The labels are no integers.
        ValueError: A wrong shape, or a label that is none of the classes.
    """
    labels = np.asarray(label_maps)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"label_maps must hold integers, got dtype {labels.dtype}")
    if labels.ndim != 3 or labels.size == 0:
        raise ValueError(f"label_maps must have shape (n, height, width), got {labels.shape}")
    if labels.min() < 0 or labels.max() >= len(CLASSES):
        raise ValueError(
            f"label_maps must hold classes 0 to {len(CLASSES) - 1}, "
            f"got values in {labels.min()}..{labels.max()}"
        )
    return labels


def _check_pictures(pictures: ArrayLike) -> np.ndarray:
    pictures = np.asarray(pictures)
    if pictures.dtype.kind != "f":
        raise TypeError(f"pictures must be floats in [-1, 1], got dtype {pictures.dtype}")
    if pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.size == 0:
        raise ValueError(f"pictures must have shape (n, height, width, 3), got {pictures.shape}")
    low, high = pictures.min(), pictures.max()
    if not (low >= -1 and high <= 1):  # false for NaN, too
        raise ValueError(f"pictures must lie in [-1, 1], got values in [{low:g}, {high:g}]")
    return pictures


def _squared_distances(levels: np.ndarray) -> np.ndarray:
    """From each of `(n, 3)` colors to each tone's line between its darkest and lightest."""
    start, along = _TONES[:, 0], _TONES[:, 1] - _TONES[:, 0]
    squared_length = (along**2).sum(1)
    projection = levels @ along.T - (start * along).sum(1)
    part = np.clip(projection / squared_length, 0, 1)
    to_start = (levels**2).sum(1)[:, None] - 2 * levels @ start.T + (start**2).sum(1)
    return to_start - 2 * part * projection + part**2 * squared_length


def _stream(seed: int, example: int, purpose: int) -> np.random.Generator:
    check_count("seed", seed, 0)
    return np.random.Generator(np.random.PCG64([seed, example, purpose]))


def _draw_levels(label_maps: np.ndarray, seed: int) -> np.ndarray:
    streams = (_stream(seed, i, _PICTURE) for i in range(len(label_maps)))
    return np.stack([_draw_one(m, rng) for m, rng in zip(label_maps, streams, strict=True)])


def _draw_one(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture of one label map, uint8 `(height, width, 3)`."""
    grain = max(1, round(max(labels.shape) / UNITS))
    light = 0.6 + 0.2 * rng.random() - 0.5 * _in_shadow(labels, grain)
    tones = np.empty(labels.shape, np.intp)
    brightness = np.empty(labels.shape)
    for label, texture in _TEXTURES.items():
        style = _styles(labels, label, rng)
        where = np.nonzero(labels == label)
        row, column = (index // grain for index in where)
        second, brightness[where] = texture(row, column, light[where], rng)
        tones[where] = _FIRST_TONES[label] + 2 * style + second
    dark, bright = _TONES[tones, 0], _TONES[tones, 1]
    picture = dark + np.clip(brightness, 0, 1)[..., None] * (bright - dark)
    return np.round(picture).astype(np.uint8)


def _styles(labels: np.ndarray, label: int, rng: np.random.Generator) -> int | np.ndarray:
    """The style of a class: one for the building, but of windows one for each."""
    count = len(_STYLES[label])
    if label != WINDOW:
        return int(rng.random() * count)
    from scipy import ndimage

    windows, number = ndimage.label(labels == WINDOW)
    return np.floor(rng.random(number) * count).astype(np.intp)[windows[windows > 0] - 1]


def _in_shadow(labels: np.ndarray, grain: int) -> np.ndarray:
    """Which pixels lie just below what stands out of the wall, or in the upper edge of openings."""
    above = np.concatenate([labels[:1].repeat(grain, 0), labels])[: len(labels)]
    lie_back = ~np.isin(labels, (SKY, *_STAND_OUT))
    below = np.isin(above, _STAND_OUT) & lie_back
    edge = np.isin(labels, _OPENINGS) & (above != labels)
    return below | edge


# Each texture is given the rows and the columns of a class's pixels and the light on them. It
# returns which of them have the style's second tone, and their brightness: 0 darkest, 1 lightest.
_Texture = Callable[
    [np.ndarray, np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]
]


def _phase(rng: np.random.Generator) -> int:
    return int(rng.random() * 60)  # a multiple of all periods below


def _relief(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A brightness in [-0.35, 0.35] for each brick, tile or block, told apart by two numbers."""
    return 0.7 * rng.random((16, 16))[first % 16, second % 16] - 0.35


def _sky(row, column, light, rng):  # noqa: ANN001
    cloud = np.zeros(row.shape, bool)
    for _ in range(int(rng.random() * 4)):
        x, y, width = rng.random() * 64, 2 + rng.random() * 22, 5 + rng.random() * 6
        for aside, size in ((-0.8, 0.6), (0.0, 1.0), (0.9, 0.5)):
            across = (column - x - aside * width) / (size * width)
            upwards = (y - row) / (size * width * 0.6)
            cloud |= (across**2 + upwards**2 <= 1) & (row <= y)
    return cloud, row / 44 + 0.2 * rng.random()


def _tiles(row, column, light, rng):
    row, column = row + _phase(rng), column + _phase(rng)
    course = row // 2
    return row % 2 == 0, light + _relief(course, (column + 2 * (course % 2)) // 4, rng)


def _bricks(row, column, light, rng):
    row, column = row + _phase(rng), column + _phase(rng)
    course = row // 3
    along = column + 3 * (course % 2)
    joint = (row % 3 == 0) | (along % 6 == 0)
    return joint, light + _relief(course, along // 6, rng)


def _blocks(row, column, light, rng):
    block = (column + _phase(rng)) // 2
    return block % 2 == 0, light + 0.5 * _relief(block, block, rng)


def _panes(row, column, light, rng):
    return (row + column + _phase(rng)) % 6 < 2, light


def _louvres(row, column, light, rng):
    return (row + _phase(rng)) % 2 == 0, light


def _bars(row, column, light, rng):
    return (column + _phase(rng)) % 2 == 0, light


def _planks(row, column, light, rng):
    return (column + _phase(rng)) // 2 % 2 == 0, light


_TEXTURES: dict[int, _Texture] = {
    SKY: _sky,
    ROOF: _tiles,
    WALL: _bricks,
    CORNICE: _blocks,
    WINDOW: _panes,
    SHUTTER: _louvres,
    BALCONY: _bars,
    DOOR: _planks,
}
