"""The two sizes at which every chapter runs: a laptop's and the paper's.

A chapter has one settings cell, made with `choose`. It takes the `cpu` values on a machine without
an accelerator and the `gpu` values (the paper's scale) on one with. The environment variable
`GANKIT_PRESET` overrules what was found.
"""

import keyword
import os
import re
import types
from collections.abc import Mapping
from typing import Any

import keras

PRESETS = ("cpu", "gpu")
ENVIRONMENT_VARIABLE = "GANKIT_PRESET"

# How TensorFlow, JAX and PyTorch spell the devices in a tensor's own address.
_ACCELERATORS = {"gpu": "gpu", "cuda": "gpu", "rocm": "gpu", "tpu": "tpu"}


def device() -> str:
    """Names the kind of device that Keras puts its tensors on.

    A tensor is asked for its address, because that works alike on every backend;
    `keras.distribution.list_devices("gpu")` raises on JAX without a GPU and on PyTorch.

    Returns:
        `"gpu"`, `"tpu"`, `"cpu"`, or the backend's own name for anything else (`"mps"`).

    Example:

    >>> from gankit import settings
    >>> settings.device() in ("cpu", "gpu", "tpu", "mps")
    True
    """
    address = str(keras.ops.zeros(()).device).lower()
    kind = re.sub(r":?\d+$", "", address).rsplit(":", 1)[-1]
    return _ACCELERATORS.get(kind, kind)


def preset() -> str:
    """Picks the preset: `GANKIT_PRESET` where it is set, else by the device found.

    A CUDA or ROCm GPU and a TPU give `"gpu"`. Apple's `mps` gives `"cpu"`: the `gpu` preset is the
    paper's scale, hours on a laptop.

    Returns:
        `"cpu"` or `"gpu"`.

    Raises:
        ValueError: If `GANKIT_PRESET` is set to anything but `cpu` or `gpu`.

    Example:

    >>> from gankit import settings
    >>> settings.preset() in settings.PRESETS
    True
    """
    asked = os.environ.get(ENVIRONMENT_VARIABLE)
    if asked is None:
        return "gpu" if device() in _ACCELERATORS.values() else "cpu"
    if asked not in PRESETS:
        raise ValueError(
            f"The environment variable {ENVIRONMENT_VARIABLE} must be one of {list(PRESETS)}, "
            f"but it is {asked!r}. Unset it to choose by the device found."
        )
    return asked


class Settings(types.SimpleNamespace):
    """The values of one chapter, read by attribute and never changed. Made by `choose`."""

    def __setattr__(self, name: str, value: Any):
        raise AttributeError(
            f"Settings are fixed: cannot set {name}={value!r}. Change it in `settings.choose(...)`."
        )

    def __delattr__(self, name: str):
        raise AttributeError(f"Settings are fixed: cannot delete {name!r}.")

    def __repr__(self) -> str:
        values = dict(vars(self))
        head = f"{values.pop('preset')} preset: {values.pop('backend')} on {values.pop('device')}"
        width = max(map(len, values))
        return "\n".join([head, *(f"  {name:<{width}}  {v!r}" for name, v in values.items())])


def choose(*, cpu: Mapping[str, Any], gpu: Mapping[str, Any], **shared: Any) -> Settings:
    """Makes a chapter's settings from the values for a laptop and those for a GPU.

    Args:
        cpu: Name to value, for the `cpu` preset.
        gpu: Name to value, for the `gpu` preset; the same names as `cpu`.
        **shared: Values that both presets have in common, such as the seed.

    Returns:
        A frozen object with one attribute per name, and `preset`, `backend` and `device`.

    Raises:
        TypeError: If `cpu` or `gpu` is no mapping.
        ValueError: If the presets have different names, a name is given twice, is reserved, or
            cannot be an attribute; if there is no value at all; or if `GANKIT_PRESET` is invalid.

    Example:

    >>> from gankit import settings
    >>> S = settings.choose(cpu=dict(epochs=3, width=16), gpu=dict(epochs=25, width=64), seed=0)
    >>> (S.epochs, S.width) in [(3, 16), (25, 64)], S.seed
    (True, 0)
    """
    for name, values in (("cpu", cpu), ("gpu", gpu)):
        if not isinstance(values, Mapping):
            raise TypeError(f"`{name}` must map names to values, but it is {values!r}.")
    only_cpu, only_gpu = sorted(set(cpu) - set(gpu)), sorted(set(gpu) - set(cpu))
    if only_cpu or only_gpu:
        raise ValueError(
            "Both presets must set the same names, but only `cpu` has "
            f"{only_cpu} and only `gpu` has {only_gpu}."
        )
    if twice := sorted(set(cpu) & set(shared)):
        raise ValueError(f"{twice} stand both in the presets and beside them: keep one of the two.")
    values = {**cpu, **shared}
    if not values:
        raise ValueError("There is nothing to choose: give at least one value.")
    for name in values:
        if not (isinstance(name, str) and name.isidentifier()) or keyword.iskeyword(name):
            raise ValueError(f"A setting's name must be a Python identifier, but it is {name!r}.")
        if name in ("preset", "backend", "device"):
            raise ValueError(f"The name {name!r} is reserved: rename that setting.")
    chosen = preset()
    return Settings(
        preset=chosen,
        backend=keras.config.backend(),
        device=device(),
        **{**(cpu if chosen == "cpu" else gpu), **shared},
    )
