"""Print the first backend that sees a GPU, or say that there is none: `make test-gpu` asks.

Each backend is asked in a process of its own, which gives the GPU's memory back when it ends.
"""

import importlib.util
import subprocess
import sys

PROBES = {
    "tensorflow": "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))",
    "jax": "import jax; print(sum(d.platform == 'gpu' for d in jax.devices()))",
    "torch": "import torch; print(torch.cuda.device_count())",
}


def gpus_seen(probe: str) -> int:
    """Return how many GPUs the backend of this probe sees."""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"This backend is installed and fails at import:\n{done.stderr}")
    return int(done.stdout)


if __name__ == "__main__":
    asked = [name for name in PROBES if importlib.util.find_spec(name)]
    for name in asked:
        if gpus_seen(PROBES[name]):
            print(name)
            sys.exit()
    sys.exit(
        f"No GPU: none is seen by the backends installed here ({', '.join(asked) or 'none'}). "
        "The README's FAQ says how to install a backend with CUDA; "
        "`make test` runs the same notebooks on the CPU."
    )
