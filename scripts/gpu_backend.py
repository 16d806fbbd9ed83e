"""Print the first backend that finds a GPU, or exit with an error, for `make test-gpu`.

Each backend runs in its own process, which frees the memory of the GPU when it ends.
"""

import importlib.util
import subprocess
import sys

PROBES = {
    "tensorflow": "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))",
    "jax": "import jax; print(sum(d.platform == 'gpu' for d in jax.devices()))",
    "torch": "import torch; print(torch.cuda.device_count())",
}


def count_gpus(probe: str) -> int:
    """Return the number of GPUs that the backend of this probe finds."""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"This backend is installed, but its import fails:\n{done.stderr}")
    return int(done.stdout)


if __name__ == "__main__":
    installed = [name for name in PROBES if importlib.util.find_spec(name)]
    for name in installed:
        if count_gpus(PROBES[name]):
            print(name)
            sys.exit()
    sys.exit(
        f"The installed backends ({', '.join(installed) or 'none'}) find no GPU. "
        "The README's FAQ says how to install a backend with CUDA. "
        "`make test` runs the same notebooks on the CPU."
    )
