"""What the toolbox's page says of a part, and how that is found out."""

import ast
from collections.abc import Callable
from dataclasses import dataclass

import keras

LINES = 5


@dataclass(frozen=True)
class Part:
    """A part of gankit and the check that it computes what it says.

    Attributes:
        name: where to import it from, without `gankit.`: `"losses.Relativistic"`.
        use: how to use it, at most five lines that run as they stand.
        oracle: what it is compared with, which is not gankit.
        error: function without arguments that returns the worst deviation from the oracle,
            relative where the values are far from zero.
        tolerance: what `error` may be at most.
    """

    name: str
    use: str
    oracle: str
    error: Callable[[], float]
    tolerance: float

    def __post_init__(self):
        ast.parse(self.use)
        lines = self.use.strip().splitlines()
        if len(lines) > LINES:
            raise ValueError(f"The use of {self.name} takes {len(lines)} lines; {LINES} are meant.")

    def worst(self) -> float:
        """The worst deviation, of networks that start from the same weights every time."""
        keras.utils.set_random_seed(0)
        return float(self.error())
