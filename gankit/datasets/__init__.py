"""Data sets behind two verbs: `load` gives arrays, `stream` a `tf.data` pipeline.

Images are channels last in [-1, 1], labels int32. `digits` and `glyphs` are embedded: they need
no network and no TensorFlow. The others come through TensorFlow Datasets, and `from_folder`
reads images of one's own.
"""

from gankit.datasets.loading import available, factors, load
from gankit.datasets.own_images import SkippedImages, from_folder
from gankit.datasets.pairs import load_pairs
from gankit.datasets.registry import Dataset, describe, names
from gankit.datasets.stacked import stack_digits
from gankit.datasets.streaming import stream
from gankit.datasets.unavailable import DatasetUnavailable

__all__ = [
    "Dataset",
    "DatasetUnavailable",
    "SkippedImages",
    "available",
    "describe",
    "factors",
    "from_folder",
    "load",
    "load_pairs",
    "names",
    "stack_digits",
    "stream",
]
