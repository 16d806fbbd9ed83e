"""Open the notebooks in JupyterLab, for `make lab`.

JupyterLab prints its address. The script opens a browser only if there is a screen, and allows the
root user of a container. Otherwise, JupyterLab would fail at the first command of a new reader.
"""

import os
import sys
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


def flags() -> list[str]:
    """Return the command-line options that this machine needs."""
    has_screen = sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--no-browser"] * (not has_screen) + ["--allow-root"] * is_root


if __name__ == "__main__":
    # The kernels inherit this setting, which keeps TensorFlow's notices out of the outputs.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    command = [sys.executable, "-m", "jupyterlab", *flags(), str(NOTEBOOKS)]
    os.execv(sys.executable, command)
