"""Callbacks whose arithmetic has an oracle."""

import numpy as np

from gankit.callbacks import slerp
from oracles.part import Part


def _slerp_error() -> float:
    """Against a rotation in the plane of both vectors: the exponential of a skew matrix."""
    from scipy.linalg import expm

    rng = np.random.default_rng(0)
    t = np.linspace(0, 1, 7)
    worst = 0.0
    for dimensions in (2, 3, 100):
        a, b = rng.normal(size=(2, dimensions))
        unit = a / np.linalg.norm(a)
        across = b - (b @ unit) * unit
        across /= np.linalg.norm(across)
        angle = np.arccos(b @ unit / np.linalg.norm(b))
        plane = np.outer(across, unit) - np.outer(unit, across)
        lengths = (1 - t) * np.linalg.norm(a) + t * np.linalg.norm(b)
        turned = np.stack([expm(s * angle * plane) @ unit for s in t]) * lengths[:, None]
        worst = max(worst, np.abs(slerp(a, b, t) - turned).max() / np.abs(turned).max())
    return worst


PARTS = [
    Part(
        name="callbacks.slerp",
        use="""
import numpy as np
from gankit.callbacks import slerp
start, end = np.random.default_rng(0).normal(size=(2, 100))
path = slerp(start, end, np.linspace(0, 1, 9))
assert path.shape == (9, 100) and np.allclose(path[-1], end)
""",
        oracle="a rotation by SciPy's matrix exponential",
        error=_slerp_error,
        tolerance=1e-12,
    ),
]
