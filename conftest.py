"""What every test and every notebook's kernel needs in its environment.

nbmake starts a notebook's kernel as a process of its own. It inherits what is set here, because
this file lies above notebooks/ and is imported before the kernel starts.
"""

import os
from pathlib import Path

import pytest

# TensorFlow's notices (no CUDA here, ...) are not a chapter's output; failures raise all the same.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# glibc gives memory that a training step frees back to the system, which hands it out again page by
# page: up to half of a step. A margin keeps it. (For the kernels; `make` sets it for everything.)
os.environ.setdefault("MALLOC_TOP_PAD_", str(64 * 2**20))

# Real data sets beside the checkout are used when they are there; everything passes without them.
SHARED_DATA = Path(__file__).resolve().parent.parent / "shared" / "data"
if SHARED_DATA.is_dir():
    os.environ.setdefault("GANKIT_DATA_DIR", str(SHARED_DATA))


def pytest_collection_modifyitems(config, items):
    """Mark the notebooks, and leave out what another backend than the chosen one needs."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker(pytest.mark.notebook)

    needs_tensorflow = [item for item in items if item.get_closest_marker("tensorflow")]
    if needs_tensorflow:
        import keras

        if keras.config.backend() != "tensorflow":
            config.hook.pytest_deselected(items=needs_tensorflow)
            items[:] = [item for item in items if item not in needs_tensorflow]
