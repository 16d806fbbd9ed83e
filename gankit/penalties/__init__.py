r"""Penalties: terms and constraints that bound the gradient of the discriminator.

Pass them to `GAN.compile(penalties=[...])`. The critic's logit is $s(x)$, its gradient is
$g(x) = \nabla_x s(x)$, and $\|g\|$ is the norm over all values of an example:

| penalty | term of the loss | points |
|---|---|---|
| `GradientPenalty` | $\lambda\,E(\|g(\hat x)\| - 1)^2$ | between real and generated examples |
| `DRAGAN` | $\lambda\,E(\|g(x + \delta)\| - 1)^2$ | around real examples |
| `R1` | $\frac\gamma2 E\|g(x)\|^2$ | at real examples |
| `R2` | $\frac\gamma2 E\|g(G(z))\|^2$ | at generated examples |
| `ConsistencyRegularization` | $\lambda\,E(s(x) - s(T(x)))^2$ | at real and augmented examples |
| `WeightClipping` | none; it clips weights to $[-c, c]$ after each update | |

Penalties call the critic in training mode, as the loss does. Batch normalization mixes the examples
of a batch, and then $g$ is not the gradient of one example's logit. For a critic with a gradient
penalty, use layer normalization, spectral normalization, or no normalization. If a critic returns
a map of logits, $s$ is their sum.
"""

from __future__ import annotations

from gankit.penalties.at_points import PenaltyAtPoints
from gankit.penalties.base import Penalty, PlainPenalty, get
from gankit.penalties.clipping import WeightClipping
from gankit.penalties.consistency import ConsistencyRegularization, shift_and_flip
from gankit.penalties.gradient_norms import DRAGAN, R1, R2, GradientPenalty

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
