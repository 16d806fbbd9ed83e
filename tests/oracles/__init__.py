"""Every part of the toolbox with the oracle that it is checked against: one module per area.

`PARTS` of a module are checked by `tests/test_toolbox.py` on the backend at hand and shown in
`docs/toolbox.md`, which `scripts/toolbox.py` writes.
"""

import importlib
import pkgutil

from oracles.part import Part

__all__ = ["Part", "all_parts"]


def all_parts() -> list[Part]:
    """Every part of every area, in the order of the areas' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"oracles.{name}") for name in names if name != "part"]
    return [part for module in modules for part in module.PARTS]
