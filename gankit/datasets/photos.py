"""`photos`: real photographs that scikit-image and scikit-learn ship in their wheels.

This module reads files of the installed packages and fetches nothing. `data/README.md` lists the
authors and licenses.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from gankit.checks import check_choice, check_count, check_seed
from gankit.datasets.images import check_image_size, to_unit_range

_FILES = {
    "train": "astronaut.png flower.jpg hubble_deep_field.jpg ihc.png motorcycle_left.png "
    "motorcycle_right.png retina.jpg rocket.jpg brick.png camera.png grass.png gravel.png moon.png",
    # Textures that show errors clearly: fur, a building, wood and china, metal.
    "test": "chelsea.png china.jpg coffee.png coins.png",
}
_OF_SKLEARN = ("flower.jpg", "china.jpg")


def photographs(split: str = "train", channels: int = 3) -> dict[str, np.ndarray]:
    """Return whole photographs, each in its own size.

    Thirteen are for training and four for testing. Both pictures of the stereo pair `motorcycle`
    are for training. `brick`, `camera`, `grass`, `gravel`, `moon` and `coins` are gray.

    Args:
        split: `"train"` or `"test"`.
        channels: 3 for color (a gray photograph has three equal channels), 1 for gray (luma,
            ITU-R 601).

    Returns:
        A dictionary from name to float32 `(height, width, channels)` in [-1, 1]. The smallest
        photograph is 300 pixels high, and the largest is 1411×1411.

    Raises:
        ValueError: if the split is unknown, or `channels` is neither 1 nor 3.

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
    """Cut random square crops from the photographs, at full resolution.

    Training crops never come from test photographs.

    Args:
        image_size: side of the crops in pixels, at least 4.
        split: `"train"` (13 photographs) or `"test"` (4).
        per_photograph: number of crops from each photograph, at least 1; crops may overlap.
        channels: 3 for color, 1 for gray.
        seed: 0 to 2**31 - 1; determines where the crops lie.

    Returns:
        float32 `(photographs * per_photograph, image_size, image_size, channels)` in [-1, 1],
        one photograph after another in the order of `photographs`.

    Raises:
        ValueError: if the split is unknown, a number is not whole or out of range, or the image
            size exceeds the height or width of a photograph.

    Example:

    >>> photo_crops(32, "test", per_photograph=5).shape
    (20, 32, 32, 3)
    """
    side = check_image_size(image_size)
    count = check_count("per_photograph", per_photograph)
    rng = np.random.Generator(np.random.PCG64(check_seed("seed", seed)))
    crops = []
    for name, levels in _levels(split, channels).items():
        positions = np.array(levels.shape[:2]) - side + 1
        if positions.min() < 1:
            raise ValueError(
                f"`image_size` must fit into {name!r}, which is {levels.shape[0]} pixels high and "
                f"{levels.shape[1]} wide. Received: image_size={side}."
            )
        for top, left in np.floor(rng.random((count, 2)) * positions).astype(int):
            crops.append(levels[top : top + side, left : left + side])
    return to_unit_range(np.stack(crops))


def _levels(split: str, channels: int) -> dict[str, np.ndarray]:
    """Return the gray levels of the photographs of one split; the arrays are cached."""
    check_choice("split", split, _FILES)
    check_choice("channels", channels, (1, 3))
    return {Path(file).stem: _read(file, channels) for file in _FILES[split].split()}


@functools.cache
def _read(file: str, channels: int) -> np.ndarray:
    from PIL import Image

    package, inside = ("sklearn", "datasets/images") if file in _OF_SKLEARN else ("skimage", "data")
    (folder,) = find_spec(package).submodule_search_locations
    with Image.open(Path(folder, inside, file)) as image:
        levels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    return levels.reshape(*levels.shape[:2], channels)
