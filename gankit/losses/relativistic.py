"""Relativistic losses: they compare real examples with generated ones."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from gankit.losses._tensors import to_equal_shapes
from gankit.losses.adversarial import AdversarialLoss, to_float


def _check_real(loss: AdversarialLoss, real_logits: Any) -> None:
    if real_logits is None:
        raise ValueError(
            f"The generator's loss of {type(loss).__name__} needs the logits of real examples. "
            f"Received: real_logits=None. Call generator(fake_logits, real_logits) with the logits "
            f"of a real batch."
        )


@keras.saving.register_keras_serializable("gankit")
class Relativistic(AdversarialLoss):
    r"""Compare each real example with one generated example (RSGAN, also called RpGAN).

    $\sigma(s_r - s_f)$ is the probability that the real example looks more real than the generated
    one. The discriminator minimizes $E\,\mathrm{sp}(-(s_r - s_f))$, the generator
    $E\,\mathrm{sp}(-(s_f - s_r))$. The generator's loss falls by the same amount whether the
    logits of real examples fall or those of generated examples rise.

    Raises:
        ValueError: if real and generated logits differ in shape, since they are compared in pairs;
            or if the generator's loss gets no real logits.

    Example:

    >>> import gankit
    >>> loss = gankit.losses.get("relativistic")
    >>> real, fake = [[2.0], [3.0]], [[2.0], [3.0]]
    >>> round(float(loss.discriminator(real, fake)), 4)  # equal logits: log 2
    0.6931
    >>> round(float(loss.generator(fake, real)), 4)
    0.6931

    Source: Jolicoeur-Martineau, "The relativistic discriminator: a key element missing from
    standard GAN" (2019), section 4.1 (RSGAN).
    """

    generator_needs_real = True

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        r"""Compute $E\,\mathrm{sp}(s_f - s_r)$."""
        return ops.mean(ops.softplus(-self._difference(real_logits, fake_logits)))

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        r"""Compute $E\,\mathrm{sp}(s_r - s_f)$."""
        return ops.mean(ops.softplus(self._difference(real_logits, fake_logits)))

    def _difference(self, real_logits, fake_logits):
        """Compute the logit of each real example minus that of its generated partner."""
        _check_real(self, real_logits)
        real, fake = to_equal_shapes(
            "Generate as many examples as there are real ones, since they are compared in pairs, "
            "or use 'relativistic_average'.",
            real_logits=real_logits,
            fake_logits=fake_logits,
        )
        return real - fake


@keras.saving.register_keras_serializable("gankit")
class RelativisticAverage(AdversarialLoss):
    r"""Compare each example with the average example of the other kind (RaSGAN).

    With $\bar s_r = E s_r$ and $\bar s_f = E s_f$ over the batch:

    $$L_D = E\,\mathrm{sp}(-(s_r - \bar s_f)) + E\,\mathrm{sp}(s_f - \bar s_r) \qquad
      L_G = E\,\mathrm{sp}(-(s_f - \bar s_r)) + E\,\mathrm{sp}(s_r - \bar s_f)$$

    Each replica averages over its own part of the batch. This loss therefore depends on the number
    of replicas, as batch normalization does.

    Raises:
        ValueError: if the generator's loss gets no real logits.

    Source: Jolicoeur-Martineau (2019), section 4.2 (RaSGAN). The author's code halves both losses;
    these are the paper's. ESRGAN trains with this pair (Wang et al. 2018, section 3.2).
    """

    generator_needs_real = True

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        r"""Compute $E\,\mathrm{sp}(-(s_r - \bar s_f)) + E\,\mathrm{sp}(s_f - \bar s_r)$."""
        real, fake = self._differences(real_logits, fake_logits)
        return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        r"""Compute $E\,\mathrm{sp}(-(s_f - \bar s_r)) + E\,\mathrm{sp}(s_r - \bar s_f)$."""
        real, fake = self._differences(real_logits, fake_logits)
        return ops.mean(ops.softplus(-fake)) + ops.mean(ops.softplus(real))

    def _differences(self, real_logits, fake_logits):
        """Compute the logit of each example minus the mean logit of the other kind."""
        _check_real(self, real_logits)
        real, fake = to_float(real_logits, "real_logits"), to_float(fake_logits, "fake_logits")
        return real - ops.mean(fake), fake - ops.mean(real)
