"""The two presets of every chapter: one for a laptop, one at the paper's scale.

A chapter has one settings cell, which calls `choose`. It selects the `cpu` values on a machine
without an accelerator, and the `gpu` values (the paper's scale) on a machine with one. The
environment variable `GANKIT_PRESET` overrides this choice. `record` names the figures that the
README quotes.
"""

import keyword
import os
import re
import sys
import types
from collections.abc import Mapping
from typing import Any

import keras

PRESETS = ("cpu", "gpu")
ENVIRONMENT_VARIABLE = "GANKIT_PRESET"

# The names of devices in the address of a tensor, on TensorFlow, JAX and PyTorch.
_ACCELERATORS = {"gpu": "gpu", "cuda": "gpu", "rocm": "gpu", "tpu": "tpu"}


def device() -> str:
    """Return the kind of device on which Keras places its tensors.

    The function reads the address of a tensor, because this works on every backend.
    `keras.distribution.list_devices("gpu")` raises an error on JAX without a GPU and on PyTorch.

    Returns:
        `"gpu"`, `"tpu"`, `"cpu"`, or the backend's name of any other device (`"mps"`).

    Example:

    >>> from gankit import settings
    >>> settings.device() in ("cpu", "gpu", "tpu", "mps")
    True
    """
    address = str(keras.ops.zeros(()).device).lower()
    kind = re.sub(r":?\d+$", "", address).rsplit(":", 1)[-1]
    return _ACCELERATORS.get(kind, kind)


def preset() -> str:
    """Return the preset: `GANKIT_PRESET` if it is set, otherwise a choice by the device.

    A CUDA or ROCm GPU and a TPU give `"gpu"`. Apple's `mps` gives `"cpu"`, because the `gpu` preset
    (the paper's scale) takes hours on a laptop.

    Returns:
        `"cpu"` or `"gpu"`.

    Raises:
        ValueError: if `GANKIT_PRESET` is set to another value than `cpu` or `gpu`.

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
            f"The environment variable {ENVIRONMENT_VARIABLE} must be one of {list(PRESETS)}. "
            f"Received: {ENVIRONMENT_VARIABLE}={asked!r}. Unset it to choose by the device."
        )
    return asked


class Settings(types.SimpleNamespace):
    """The settings of one chapter as read-only attributes. `choose` creates them."""

    def __setattr__(self, name: str, value: Any):
        raise AttributeError(
            f"Settings are read-only. Received: {name}={value!r}. "
            "Change the value in `settings.choose(...)`."
        )

    def __delattr__(self, name: str):
        raise AttributeError(f"Settings are read-only. Received: a request to delete {name!r}.")

    def __repr__(self) -> str:
        values = dict(vars(self))
        head = f"{values.pop('preset')} preset: {values.pop('backend')} on {values.pop('device')}"
        width = max(map(len, values))
        return "\n".join([head, *(f"  {name:<{width}}  {v!r}" for name, v in values.items())])


def choose(*, cpu: Mapping[str, Any], gpu: Mapping[str, Any], **shared: Any) -> Settings:
    """Choose a chapter's settings from the values for a laptop and those for a GPU.

    Args:
        cpu: names and values of the `cpu` preset.
        gpu: names and values of the `gpu` preset, with the same names as `cpu`.
        **shared: values for both presets, for example the seed.

    Returns:
        A read-only object with one attribute per name, and `preset`, `backend` and `device`.

    Raises:
        TypeError: if `cpu` or `gpu` is not a mapping.
        ValueError: if the presets have different names; if a name is given twice, is reserved, or
            cannot be an attribute; if there is no value at all; or if `GANKIT_PRESET` is invalid.

    Example:

    >>> from gankit import settings
    >>> S = settings.choose(cpu=dict(epochs=3, width=16), gpu=dict(epochs=25, width=64), seed=0)
    >>> (S.epochs, S.width) in [(3, 16), (25, 64)], S.seed
    (True, 0)
    """
    for name, values in (("cpu", cpu), ("gpu", gpu)):
        if not isinstance(values, Mapping):
            raise TypeError(f"`{name}` must map names to values. Received: {name}={values!r}.")
    if set(cpu) != set(gpu):
        only_cpu, only_gpu = [n for n in cpu if n not in gpu], [n for n in gpu if n not in cpu]
        raise ValueError(
            "`cpu` and `gpu` must set the same names. Received: "
            f"{only_cpu} only in `cpu`, and {only_gpu} only in `gpu`."
        )
    if twice := [name for name in cpu if name in shared]:
        raise ValueError(
            "A name must be either in both presets or a shared value. "
            f"Received: both for {twice}. Remove one of the two."
        )
    if not cpu and not shared:
        raise ValueError("There must be at least one setting. Received: no values.")
    fixed = {"preset": preset(), "backend": keras.config.backend(), "device": device()}
    for name in (*cpu, *shared):
        identifier = isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)
        if not identifier or name in fixed:
            raise ValueError(
                "The name of a setting must be an identifier, and 'preset', 'backend' and 'device' "
                f"are reserved. Received: {name!r}. Rename this setting."
            )
    return Settings(**fixed, **(cpu if fixed["preset"] == "cpu" else gpu), **shared)


def record(**figures: str | int) -> None:
    """Print figures and keep them in the notebook, for the README to quote.

    Call it in the cell that measures the figures. `scripts/figures.py` finds them in the stored
    output of the cell and writes them into the README. Outside a notebook, it only prints them.

    Args:
        **figures: text of one line, or a whole number, as the README shows it. Format other numbers
            yourself, to as many digits as the measurement has.

    Raises:
        TypeError: if a figure is neither text nor a whole number.
        ValueError: if there are no figures, or a text is empty, has several lines, or contains `|`
            or `<!--`, which end a cell or begin a comment in the README.

    Example:

    >>> from gankit import settings
    >>> settings.record(modes="8 of 8", jsd=f"{0.00412:.3f}")
    recorded: modes = 8 of 8, jsd = 0.004
    """
    if not figures:
        raise ValueError("There must be at least one figure to record. Received: no figures.")
    for name, value in figures.items():
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            raise TypeError(
                f"A figure must be text or a whole number. Received: {name}={value!r}. Format it, "
                f'for example {name}=f"{{{name}:.2f}}".'
            )
        text = str(value)
        if not text.strip() or len(text.splitlines()) > 1 or "|" in text or "<!--" in text:
            raise ValueError(
                f"A figure must be one line of text without '|' and '<!--'. "
                f"Received: {name}={value!r}."
            )
    figures = {name: str(value) for name, value in figures.items()}
    text = "recorded: " + ", ".join(f"{name} = {value}" for name, value in figures.items())
    ipython = sys.modules.get("IPython")  # which a kernel has imported
    if ipython is None or ipython.get_ipython() is None:
        print(text)
    else:
        ipython.display.display({"text/plain": text}, metadata={"figures": figures}, raw=True)
