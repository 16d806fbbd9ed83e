"""What `fit` can do besides training: show, measure and back up how the generator comes along."""

from gankit.callbacks.evaluate import Evaluate
from gankit.callbacks.sample_grid import SampleGrid
from gankit.callbacks.sample_summary import SampleSummary
from gankit.callbacks.walk import LatentWalk, latent_walk, slerp
from gankit.resume import BackupAndRestore

__all__ = [
    "BackupAndRestore",
    "Evaluate",
    "LatentWalk",
    "SampleGrid",
    "SampleSummary",
    "latent_walk",
    "slerp",
]
