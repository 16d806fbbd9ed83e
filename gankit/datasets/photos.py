"""`photos`: real photographs that scikit-image and scikit-learn carry inside their wheels.

Nothing is fetched: only files that lie in the installed packages are read. Their authors and
licenses are listed in `data/README.md`.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from gankit.checks import check_count
from gankit.datasets.images import check_channels, check_image_size, to_unit_range

_FILES = {
    "train": {
        "astronaut": "skimage/data/astronaut.png",
        "flower": "sklearn/datasets/images/flower.jpg",
        "hubble_deep_field": "skimage/data/hubble_deep_field.jpg",
        "ihc": "skimage/data/ihc.png",
        "motorcycle_left": "skimage/data/motorcycle_left.png",
        "motorcycle_right": "skimage/data/motorcycle_right.png",
        "retina": "skimage/data/retina.jpg",
        "rocket": "skimage/data/rocket.jpg",
        "brick": "skimage/data/brick.png",
        "camera": "skimage/data/camera.png",
        "grass": "skimage/data/grass.png",
        "gravel": "skimage/data/gravel.png",
        "moon": "skimage/data/moon.png",
    },
    # what people look at: fur, a building, wood and china, metal
    "test": {
        "chelsea": "skimage/data/chelsea.png",
        "china": "sklearn/datasets/images/china.jpg",
        "coffee": "skimage/data/coffee.png",
        "coins": "skimage/data/coins.png",
    },
}


def photographs(split: str = "train", channels: int = 3) -> dict[str, np.ndarray]:
    """Whole photographs, each in its own size.

    Thirteen for training and four for testing; both pictures of the stereo pair `motorcycle` are
    for training. `brick`, `camera`, `grass`, `gravel`, `moon` and `coins` are gray.

    Args:
        split: `"train"` or `"test"`.
        channels: 3 for color (a gray photograph has three equal channels), 1 for gray (luma,
            ITU-R 601).

    Returns:
        By name, float32 `(height, width, channels)` in [-1, 1]. The smallest is 300 pixels high,
        the largest 1411×1411.

    Raises:
        ValueError: Unknown split, or a number of channels that is neither 1 nor 3.

    Example:

    >>> {name: image.shape for name, image in photographs("test").items()}
    {'chelsea': (300, 451, 3), 'china': (427, 640, 3), 'coffee': (400, 600, 3),
     'coins': (303, 384, 3)}
    """
    return {name: to_unit_range(levels) for name, levels in _levels(split, channels).items()}


def photo_crops(
    image_size: int,
    split: str = "train",
    per_photograph: int = 64,
    channels: int = 3,
    seed: int = 0,
) -> np.ndarray:
    """Square pieces cut from the photographs at their own resolution, at random places.

    No piece of a test photograph is among those for training.

    Args:
        image_size: Side of the pieces in pixels, at least 4.
        split: `"train"` (13 photographs) or `"test"` (4).
        per_photograph: How many pieces of each, at least 1; they may overlap.
        channels: 3 for color, 1 for gray.
        seed: Non-negative integer that the places depend on.

    Returns:
        float32 `(photographs * per_photograph, image_size, image_size, channels)` in [-1, 1],
        photograph by photograph in the order of `photographs`.

    Raises:
        TypeError: The image size is no whole number.
        ValueError: Unknown split, a bad number, or an image size beyond that of the smallest
            photograph.

    Example:

    >>> photo_crops(32, "test", per_photograph=5).shape
    (20, 32, 32, 3)
    """
    side = check_image_size(image_size)
    count = check_count("per_photograph", per_photograph)
    rng = np.random.Generator(np.random.PCG64(check_count("seed", seed, 0)))
    crops = []
    for name, levels in _levels(split, channels).items():
        room = np.array(levels.shape[:2]) - side + 1
        if room.min() < 1:
            raise ValueError(
                f"image_size {side} is more than {name!r} has, which is {levels.shape[0]} pixels "
                f"high and {levels.shape[1]} wide"
            )
        for top, left in np.floor(rng.random((count, 2)) * room).astype(int):
            crops.append(levels[top : top + side, left : left + side])
    return to_unit_range(np.stack(crops))


def _levels(split: str, channels: int) -> dict[str, np.ndarray]:
    """Gray levels of the photographs of one split, not to be written to."""
    if split not in _FILES:
        raise ValueError(f"'photos' has the splits {tuple(_FILES)}, got {split!r}")
    check_channels(channels)
    return {name: _read(file, channels) for name, file in _FILES[split].items()}


@functools.cache
def _read(file: str, channels: int) -> np.ndarray:
    from PIL import Image

    package, inside = file.split("/", 1)
    (folder,) = find_spec(package).submodule_search_locations
    with Image.open(Path(folder, inside)) as image:
        levels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    return levels.reshape(*levels.shape[:2], channels)
