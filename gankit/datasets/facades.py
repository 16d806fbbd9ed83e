"""`facades`: label maps of building fronts, and pictures drawn from them by a known rule.

The set replaces the CMP facades if there is no network. Isola et al. 2017 ("Image-to-Image
Translation with Conditional Adversarial Networks", pix2pix) translate the label maps of the CMP
facades to photographs. This set offers ground truth that photographs lack: the label map of a
picture, pixel by pixel (`recover_labels`), and all pictures that a label map can become (`draw`).

The rule is random. Each building has its own colors for walls, roof, shutters and door. Each window
is dark, lit or reflects the sky. The patterns of bricks, tiles, louvers, planks and bars have
random offsets. The median of all pictures of one label map minimizes the mean absolute error (L1),
but it shows no bricks, and its colors are those of no building. The label map determines only the
layout, the gradient of the sky and the shadows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gankit.checks import as_array, check_choice, check_count, check_seed
from gankit.datasets.facade_layouts import CLASSES, SKY, UNITS, WINDOW, rasterize, sample
from gankit.datasets.images import check_image_size, to_unit_range
from gankit.feed import Examples

IMAGE_SIZE = 64
"""Default side of the pictures in pixels."""

COUNTS = {"train": 400, "test": 100}
"""Number of pairs in each split. The CMP facades also have 400 training pairs."""

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
_LAYOUT_STREAM, _PICTURE_STREAM = 1, 2
_SHADE = 0.78
_OPENINGS = [CLASSES.index(name) for name in ("window", "door")]
_PROTRUDING = [CLASSES.index(name) for name in ("roof", "cornice", "balcony")]


def _matt(red: float, green: float, blue: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a color in the shade and in full light."""
    light = np.array([red, green, blue], np.float64)
    return _SHADE * light, light


# Each class has styles, each style has two tones, and each tone has a darkest and a lightest color.
# A pixel lies on the line segment between the two colors. Segments of different classes are at
# least 23 gray levels apart, so the label map can be recovered.
_STYLES = {
    "sky": [(((102, 157, 223), (195, 221, 249)), ((210, 230, 252), (226, 243, 255)))],
    "roof": [
        (_matt(217, 114, 62), _matt(133, 65, 55)),
        (_matt(127, 141, 169), _matt(89, 88, 114)),
        (_matt(128, 197, 171), _matt(78, 138, 126)),
    ],
    "wall": [
        (_matt(200, 73, 60), _matt(240, 155, 130)),
        (_matt(232, 178, 84), _matt(250, 226, 160)),
        (_matt(122, 160, 110), _matt(191, 221, 170)),
        (_matt(104, 131, 191), _matt(192, 197, 226)),
        (_matt(166, 116, 190), _matt(212, 184, 232)),
    ],
    "cornice": [(_matt(248, 237, 203), _matt(154, 145, 123))],
    "window": [
        (_matt(30, 48, 76), _matt(56, 84, 122)),
        (_matt(255, 206, 40), _matt(255, 236, 110)),
        (_matt(116, 207, 233), _matt(173, 244, 251)),
    ],
    "shutter": [
        (_matt(56, 140, 74), _matt(28, 84, 50)),
        (_matt(52, 84, 190), _matt(30, 48, 128)),
        (_matt(190, 36, 56), _matt(116, 20, 40)),
    ],
    "balcony": [(_matt(255, 252, 251), _matt(36, 28, 30))],
    "door": [
        (_matt(0, 142, 150), _matt(0, 96, 110)),
        (_matt(150, 96, 30), _matt(100, 62, 16)),
        (_matt(134, 50, 134), _matt(88, 28, 92)),
    ],
}
_TONES = np.array([tone for name in CLASSES for style in _STYLES[name] for tone in style], float)
_TONE_LABELS = np.repeat(np.arange(len(CLASSES)), [2 * len(_STYLES[name]) for name in CLASSES])
_FIRST_TONES = np.searchsorted(_TONE_LABELS, np.arange(len(CLASSES)))


def sample_label_maps(count: int, image_size: int = IMAGE_SIZE, seed: int = 0) -> np.ndarray:
    """Draw label maps of building fronts at random.

    A front depends only on the seed and its index, and not on `image_size` or `count`.

    Args:
        count: number of maps, at least 1.
        image_size: side of the maps in pixels, at least 4; below 32, details are lost.
        seed: 0 to 2**31 - 1.

    Returns:
        uint8 `(count, image_size, image_size)`, indices into `CLASSES`.

    Raises:
        ValueError: if a value is not a whole number in its range.

    Example:

    >>> maps = sample_label_maps(2, image_size=32)
    >>> maps.shape, CLASSES[maps[0, 0, 0]]
    ((2, 32, 32), 'sky')
    """
    side = check_image_size(image_size)
    streams = [_stream(seed, i, _LAYOUT_STREAM) for i in range(check_count("count", count))]
    return np.stack([rasterize(sample(stream), side) for stream in streams])


def draw(label_maps: ArrayLike, seed: int = 0) -> np.ndarray:
    """Draw a picture of each label map; different seeds draw different pictures of one front.

    Args:
        label_maps: integers `(n, height, width)`, indices into `CLASSES`, from
            `sample_label_maps` or of your own.
        seed: 0 to 2**31 - 1; determines colors, textures and lighting.

    Returns:
        float32 `(n, height, width, 3)` in [-1, 1].

    Raises:
        TypeError: if the labels are not integers.
        ValueError: if the shape is wrong, a label is not a class, or the seed is out of range.

    Example:

    >>> maps = sample_label_maps(1)
    >>> draw(maps).shape, bool((draw(maps, seed=1) == draw(maps, seed=2)).all())
    ((1, 64, 64, 3), False)
    """
    return to_unit_range(_draw_levels(check_label_maps(label_maps), seed))


def color(label_maps: ArrayLike) -> np.ndarray:
    """Color label maps, one color per class, as input for a translation network.

    Args:
        label_maps: integers `(n, height, width)`, indices into `CLASSES`.

    Returns:
        float32 `(n, height, width, 3)` in [-1, 1].

    Raises:
        TypeError: if the labels are not integers.
        ValueError: if the shape is wrong, or a label is not a class.

    Example:

    >>> color(np.zeros((1, 4, 4), int))[0, 0, 0].round(2).tolist()
    [-0.06, 0.49, 0.88]
    """
    return to_unit_range(COLORS[check_label_maps(label_maps)])


def recover_labels(pictures: ArrayLike) -> np.ndarray:
    """Recover the label maps of pictures: exactly for `draw`, approximately for generated pictures.

    Each pixel gets the class with the nearest color (Euclidean, RGB). All colors of each class are
    known, and the colors of different classes are at least 23 of 256 gray levels apart.

    Args:
        pictures: floats `(n, height, width, 3)` in [-1, 1].

    Returns:
        uint8 `(n, height, width)`, indices into `CLASSES`.

    Raises:
        TypeError: if the pictures are not floating point.
        ValueError: if the shape is wrong, or a value is outside [-1, 1].

    Example:

    >>> maps = sample_label_maps(3)
    >>> bool((recover_labels(draw(maps)) == maps).all())
    True
    """
    pictures = as_array(pictures, "pictures")
    Examples((None, None, 3), name="pictures").check(pictures)
    labels = np.empty(pictures.shape[:-1], np.uint8)
    for i, picture in enumerate(pictures):
        levels = (picture.reshape(-1, 3).astype(np.float64) + 1) * 127.5
        nearest = _squared_distances(levels).argmin(1)
        labels[i] = _TONE_LABELS[nearest].reshape(picture.shape[:-1])
    return labels


def label_maps(split: str = "train", image_size: int = IMAGE_SIZE) -> np.ndarray:
    """Return the label maps of one split, in the order of `load_pairs("facades")`.

    Args:
        split: `"train"` (400) or `"test"` (100).
        image_size: side of the maps in pixels, at least 4.

    Returns:
        uint8 `(n, image_size, image_size)`, indices into `CLASSES`.

    Raises:
        ValueError: if the split is unknown, or the image size is not a whole number of at least 4.

    Example:

    >>> label_maps("test", image_size=32).shape
    (100, 32, 32)
    """
    check_choice("split", split, COUNTS)
    return sample_label_maps(COUNTS[split], image_size, _SEEDS[split])


def read_pairs(split: str, image_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one split of the data set.

    Args:
        split: `"train"` or `"test"`.
        image_size: side of the pictures in pixels.

    Returns:
        Colored label maps and pictures, both uint8 `(n, image_size, image_size, 3)`.
    """
    labels = label_maps(split, image_size)
    return COLORS[labels], _draw_levels(labels, _SEEDS[split])


def check_label_maps(label_maps: ArrayLike) -> np.ndarray:
    """Return label maps as an array if they are valid.

    Args:
        label_maps: integers `(n, height, width)`, indices into `CLASSES`.

    Returns:
        The label maps as an array.

    Raises:
        TypeError: if the labels are not integers.
        ValueError: if the shape is wrong, or a label is not a class.
    """
    labels = as_array(label_maps, "label_maps")
    if labels.dtype.kind not in "iu":
        raise TypeError(f"`label_maps` must hold integers. Received: dtype {labels.dtype}.")
    if labels.ndim != 3 or labels.size == 0:
        raise ValueError(
            f"`label_maps` must have shape (n, height, width). Received: shape {labels.shape}."
        )
    if labels.min() < 0 or labels.max() >= len(CLASSES):
        raise ValueError(
            f"`label_maps` must hold classes 0 to {len(CLASSES) - 1}. "
            f"Received: values in {labels.min()}..{labels.max()}."
        )
    return labels


def _squared_distances(levels: np.ndarray) -> np.ndarray:
    """Return the squared distance from each of `(n, 3)` colors to the line segment of each tone."""
    start, along = _TONES[:, 0], _TONES[:, 1] - _TONES[:, 0]
    squared_length = (along**2).sum(1)
    projection = levels @ along.T - (start * along).sum(1)
    fraction = np.clip(projection / squared_length, 0, 1)
    to_start = (levels**2).sum(1)[:, None] - 2 * levels @ start.T + (start**2).sum(1)
    return to_start - 2 * fraction * projection + fraction**2 * squared_length


def _stream(seed: int, example: int, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([check_seed("seed", seed), example, stream]))


def _draw_levels(label_maps: np.ndarray, seed: int) -> np.ndarray:
    streams = (_stream(seed, i, _PICTURE_STREAM) for i in range(len(label_maps)))
    return np.stack([_draw_one(m, rng) for m, rng in zip(label_maps, streams, strict=True)])


def _draw_one(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a picture of one label map, uint8 `(height, width, 3)`."""
    grain = max(1, round(max(labels.shape) / UNITS))
    light = 0.6 + 0.2 * rng.random() - 0.5 * _in_shadow(labels, grain)
    tones = np.empty(labels.shape, np.intp)
    brightness = np.empty(labels.shape)
    for label, texture in enumerate(_TEXTURES):
        style = _styles(labels, label, rng)
        where = np.nonzero(labels == label)
        row, column = (index // grain for index in where)
        second, brightness[where] = texture(row, column, light[where], rng)
        tones[where] = _FIRST_TONES[label] + 2 * style + second
    dark, bright = _TONES[tones, 0], _TONES[tones, 1]
    picture = dark + np.clip(brightness, 0, 1)[..., None] * (bright - dark)
    return np.round(picture).astype(np.uint8)


def _styles(labels: np.ndarray, label: int, rng: np.random.Generator) -> int | np.ndarray:
    """Draw the style of a class: one for the whole building, or one for each window."""
    count = len(_STYLES[CLASSES[label]])
    if label != WINDOW:
        return int(rng.random() * count)
    from scipy import ndimage

    windows, number = ndimage.label(labels == WINDOW)
    return np.floor(rng.random(number) * count).astype(np.intp)[windows[windows > 0] - 1]


def _in_shadow(labels: np.ndarray, grain: int) -> np.ndarray:
    """Return a mask of the pixels below protruding parts and in the upper edges of openings."""
    above = np.concatenate([labels[:1].repeat(grain, 0), labels])[: len(labels)]
    recessed = ~np.isin(labels, (SKY, *_PROTRUDING))
    below = np.isin(above, _PROTRUDING) & recessed
    edge = np.isin(labels, _OPENINGS) & (above != labels)
    return below | edge


# A texture takes the rows and columns of the pixels of a class and the light on these pixels. It
# returns a mask of the pixels with the second tone of the style, and the brightness of each pixel
# from 0 (darkest) to 1 (lightest).


def _phase(rng: np.random.Generator) -> int:
    return int(rng.random() * 60)  # 60 is a multiple of all periods below.


def _relief(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a brightness in [-0.35, 0.35] for each brick, tile or block, found by two indices."""
    return 0.7 * rng.random((16, 16))[first % 16, second % 16] - 0.35


def _sky(row, column, light, rng):
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


def _louvers(row, column, light, rng):
    return (row + _phase(rng)) % 2 == 0, light


def _bars(row, column, light, rng):
    return (column + _phase(rng)) % 2 == 0, light


def _planks(row, column, light, rng):
    return (column + _phase(rng)) // 2 % 2 == 0, light


# In the order of `CLASSES`.
_TEXTURES = (_sky, _tiles, _bricks, _blocks, _panes, _louvers, _bars, _planks)
