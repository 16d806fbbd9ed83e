"""How long the panel of `gankit.explore` takes to redraw: the median and the slowest of some moves.

    python benchmarks/explore_redraw.py

Printed for DCGAN's generator of 28x28 images at two widths, on the backend of KERAS_BACKEND.
"""

import statistics
import time

import keras
import numpy as np

from gankit.explore import explore
from gankit.models.dcgan import DCGAN


def redraws(width: int, moves: int) -> list[float]:
    """Milliseconds of each move of a slider, after one that is not counted."""
    panel = explore(DCGAN((28, 28, 1), width=width, seed=0))
    slider, times = panel.children[1], []
    for value in np.linspace(slider.min, slider.max, moves + 1):
        start = time.perf_counter()
        slider.value = value
        times.append(1000 * (time.perf_counter() - start))
    return times[1:]


if __name__ == "__main__":
    for width in (16, 64):
        times = redraws(width, moves=40)
        print(
            f"{keras.backend.backend()}, width {width}: "
            f"median {statistics.median(times):.0f} ms, slowest {max(times):.0f} ms"
        )
