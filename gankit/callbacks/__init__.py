"""Callbacks for `fit`: show, measure, watch and back up a game while it trains."""

from gankit.callbacks.evaluate import Evaluate
from gankit.callbacks.health import Finding, HealthMonitor, HealthWarning
from gankit.callbacks.sample_grid import SampleGrid
from gankit.callbacks.sample_summary import SampleSummary
from gankit.callbacks.validate import Validate
from gankit.callbacks.walk import LatentWalk, latent_walk, slerp
from gankit.resume import BackupAndRestore

__all__ = [
    "BackupAndRestore",
    "Evaluate",
    "Finding",
    "HealthMonitor",
    "HealthWarning",
    "LatentWalk",
    "SampleGrid",
    "SampleSummary",
    "Validate",
    "latent_walk",
    "slerp",
]
