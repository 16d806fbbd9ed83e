r"""Penalties: what keeps the discriminator from growing too steep.

Pass them to `GAN.compile(penalties=[...])`. With the critic's logit $s(x)$, its gradient
$g(x) = \nabla_x s(x)$ and $\|g\|$ over all values of an example:

| penalty | added to the loss | where |
|---|---|---|
| `GradientPenalty` | $\lambda\,E(\|g(\hat x)\| - 1)^2$ | between real and generated examples |
| `DRAGAN` | $\lambda\,E(\|g(x + \delta)\| - 1)^2$ | around real examples |
| `R1` | $\frac\gamma2 E\|g(x)\|^2$ | at real examples |
| `R2` | $\frac\gamma2 E\|g(G(z))\|^2$ | at generated examples |
| `ConsistencyRegularization` | $\lambda\,E(s(x) - s(T(x)))^2$ | at real examples, and augmented |
| `WeightClipping` | nothing; weights are cut to $[-c, c]$ after each update | |

The critic is called in training mode, as in the loss itself. Batch normalization couples the
examples of a batch, and then $g$ is no gradient of one example's logit: use layer normalization,
spectral normalization or none in a critic under a gradient penalty. Where a critic returns a map
of logits, $s$ is their sum.
"""

from __future__ import annotations

from gankit.penalties.at_points import PenaltyAtPoints
from gankit.penalties.base import Penalty, PlainPenalty, get
from gankit.penalties.clipping import WeightClipping
from gankit.penalties.consistency import ConsistencyRegularization, shift_and_flip
from gankit.penalties.slopes import DRAGAN, R1, R2, GradientPenalty

__all__ = [
    "DRAGAN",
    "R1",
    "R2",
    "ConsistencyRegularization",
    "GradientPenalty",
    "Penalty",
    "PenaltyAtPoints",
    "PlainPenalty",
    "WeightClipping",
    "get",
    "shift_and_flip",
]
