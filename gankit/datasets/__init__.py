"""Data sets: `load` returns arrays, `stream` a `tf.data` pipeline.

`load_pairs` returns the inputs and targets of an image translation, `photographs` and `photo_crops`
return real photographs, and `from_folder` and `paired_folder` read your own images.

Images are channels last in [-1, 1], and labels are int32. `digits`, `glyphs`, `facades` and
`photos` are embedded: they need no network and no TensorFlow. The other sets are fetched on first
use.
"""

from gankit.datasets.loading import available, factors, load
from gankit.datasets.own_images import SkippedImages, from_folder
from gankit.datasets.paired_folder import paired_folder
from gankit.datasets.pairs import load_pairs
from gankit.datasets.photos import photo_crops, photographs
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
    "paired_folder",
    "photo_crops",
    "photographs",
    "stack_digits",
    "stream",
]
