"""Sets of TensorFlow Datasets: fetched once, prepared in the data folder, read from there."""

from __future__ import annotations

import importlib.util

import numpy as np

from gankit.datasets.registry import Dataset


def readable(dataset: Dataset) -> bool:
    return False


def read(dataset: Dataset, split: str, side: int) -> tuple[np.ndarray, np.ndarray | None]:
    raise NotImplementedError
