"""gankit: generative adversarial networks on Keras 3, paper by paper.

`GAN`, `Game`, `losses` and `load_model` are here at once; `gankit.datasets`, `gankit.metrics`,
`gankit.plots`, `gankit.callbacks`, `gankit.explore`, `gankit.penalties`, `gankit.settings` and
`gankit.models` are imported on first use, so that importing gankit costs little more than
importing Keras.
"""

from __future__ import annotations

import importlib
from typing import Any

from gankit import losses
from gankit.game import Game
from gankit.gan import GAN
from gankit.saving import load_model

__version__ = "0.1.0"

_LAZY = ["callbacks", "datasets", "explore", "metrics", "models", "penalties", "plots", "settings"]
__all__ = ["GAN", "Game", "load_model", "losses", *_LAZY]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"gankit.{name}")
    raise AttributeError(f"module 'gankit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
