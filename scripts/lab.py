"""Open JupyterLab on the notebooks: what `make lab` runs.

JupyterLab prints its address. A browser is opened only where there is a screen to show it on,
and a container's root user is let in: both would otherwise stop a reader at the first command.
"""

import os
import sys
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


def flags() -> list[str]:
    """Return the options that this machine needs."""
    has_screen = sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--no-browser"] * (not has_screen) + ["--allow-root"] * is_root


if __name__ == "__main__":
    # The kernels inherit it: TensorFlow's notices (no CUDA here, ...) are not a chapter's output.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    command = [sys.executable, "-m", "jupyterlab", *flags(), str(NOTEBOOKS)]
    os.execv(sys.executable, command)
