"""Shuffled batches of randomly distorted images, identical on every backend."""

from __future__ import annotations

import keras
import numpy as np


class AugmentedBatches(keras.utils.PyDataset):
    """Batches of images that are shuffled and slightly distorted anew in each epoch.

    NumPy and SciPy draw and distort, with a separate random generator. So a seed gives the same
    batches on every backend, and global seeds do not change.

    Args:
        images: floats of shape (n, height, width, channels), background -1.
        labels: integers of shape (n,).
        batch_size: images per batch; the last batch of an epoch may be smaller.
        seed: seed of the order and the distortions.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, batch_size: int, seed: int):
        super().__init__()
        self._images, self._labels = images, labels
        self._batch_size = batch_size
        self._rng = np.random.default_rng(seed)
        self._order = self._rng.permutation(len(images))

    def __len__(self) -> int:
        return -(-len(self._images) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self._order[index * self._batch_size :][: self._batch_size]
        return random_affine(self._images[chosen], self._rng), self._labels[chosen]

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        self._order = self._rng.permutation(len(self._images))


def random_affine(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift, rotate, scale and shear each image slightly; new border pixels are -1.

    Args:
        images: floats of shape (n, height, width, channels).
        rng: random generator of the distortions: shifts up to 2 pixels, angles up to 0.2 rad,
            scales between 0.85 and 1.15, shears up to 0.2.

    Returns:
        Array of float32 of the same shape.
    """
    from scipy import ndimage

    n, height, width, channels = images.shape
    angle = rng.uniform(-0.2, 0.2, n)
    scale = rng.uniform(0.85, 1.15, (2, n))
    shear = rng.uniform(-0.2, 0.2, n)
    center = np.array([(height - 1) / 2, (width - 1) / 2])
    shift = rng.uniform(-2, 2, (n, 2))
    # Output pixel o gets the value at the input position A(o - center) + center + shift.
    cos, sin = np.cos(angle), np.sin(angle)
    first_row = [scale[0] * cos, scale[0] * (shear * cos - sin)]
    second_row = [scale[1] * sin, scale[1] * (shear * sin + cos)]
    matrix = np.array([first_row, second_row]).transpose(2, 0, 1)
    grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), axis=-1)
    offsets = (grid - center).reshape(1, -1, 2)
    source = offsets @ matrix.transpose(0, 2, 1) + (center + shift)[:, None]
    out = np.empty_like(images, dtype=np.float32)
    rows, columns = source.reshape(n, height, width, 2).transpose(3, 0, 1, 2)
    image = np.broadcast_to(np.arange(n)[:, None, None], rows.shape)
    for channel in range(channels):
        out[..., channel] = ndimage.map_coordinates(
            images[..., channel], [image, rows, columns], order=1, cval=-1.0
        )
    return out
