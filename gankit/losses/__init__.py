r"""Losses: the functions that the discriminator and the generator minimize.

**Adversarial losses** are pairs, chosen by name in `GAN.compile(loss=...)`. They take logits
$s(x)$, with $D(x) = \sigma(s(x))$. With $\mathrm{sp}(t) = \log(1 + e^t)$, so that
$-\log \sigma(s) = \mathrm{sp}(-s)$ and $-\log(1 - \sigma(s)) = \mathrm{sp}(s)$:

| name | discriminator minimizes | generator minimizes |
|---|---|---|
| `minimax` | $E\,\mathrm{sp}(-s_r) + E\,\mathrm{sp}(s_f)$ | $-E\,\mathrm{sp}(s_f)$ |
| `non_saturating` | the same | $E\,\mathrm{sp}(-s_f)$ |
| `least_squares` | $\frac12 E(s_r-1)^2 + \frac12 E s_f^2$ | $\frac12 E(s_f-1)^2$ |
| `wasserstein` | $E s_f - E s_r$ | $-E s_f$ |
| `hinge` | $E\max(0, 1-s_r) + E\max(0, 1+s_f)$ | $-E s_f$ |
| `relativistic` | $E\,\mathrm{sp}(-(s_r - s_f))$ | $E\,\mathrm{sp}(-(s_f - s_r))$ |
| `relativistic_average` | $E\,\mathrm{sp}(-(s_r - \bar s_f)) + E\,\mathrm{sp}(s_f - \bar s_r)$ | $E\,\mathrm{sp}(-(s_f - \bar s_r)) + E\,\mathrm{sp}(s_r - \bar s_f)$ |

$s_r$ are the logits of real examples, $s_f$ those of generated examples, and $\bar s$ is a mean.

**The other losses** are scalar means, for use in your own training step:

| function or class | use |
|---|---|
| `class_cross_entropy` | the auxiliary classifier of AC-GAN; the labeled examples of K+1 |
| `logit_of_real`, `k_plus_one_unsupervised` | semi-supervised learning with K+1 classes |
| `feature_matching` | the generator of semi-supervised GANs |
| `l1`, `charbonnier` | image-to-image translation, super-resolution |
| `cycle_consistency` | translation without pairs |
| `PerceptualLoss` | super-resolution, style |

Losses check shapes and dtypes. They cannot check values, because a training step is compiled: NaN
in the inputs gives NaN.
"""  # noqa: E501

from __future__ import annotations

from gankit.losses.adversarial import (
    AdversarialLoss,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Wasserstein,
)
from gankit.losses.classification import class_cross_entropy
from gankit.losses.matching import feature_matching
from gankit.losses.perceptual import PerceptualLoss
from gankit.losses.reconstruction import charbonnier, cycle_consistency, l1
from gankit.losses.registry import get, names
from gankit.losses.relativistic import Relativistic, RelativisticAverage
from gankit.losses.semi_supervised import k_plus_one_unsupervised, logit_of_real

# adversarial
__all__ = ["AdversarialLoss", "Hinge", "LeastSquares", "Minimax", "NonSaturating", "Wasserstein"]
__all__ += ["Relativistic", "RelativisticAverage", "get", "names"]
# others
__all__ += ["class_cross_entropy", "k_plus_one_unsupervised", "logit_of_real", "feature_matching"]
__all__ += ["l1", "charbonnier", "cycle_consistency", "PerceptualLoss"]
