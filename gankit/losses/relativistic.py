r"""Relativistic losses: is this example more real than that one?"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from gankit.losses._tensors import check_same_shape, to_float
from gankit.losses.adversarial import AdversarialLoss

__all__ = ["Relativistic", "RelativisticAverage"]


def _both(loss: AdversarialLoss, real_logits: Any, fake_logits: Any) -> tuple[Any, Any]:
    if real_logits is None:
        raise ValueError(
            f"The generator of {type(loss).__name__} is judged against real examples. Received: "
            f"real_logits=None. Call generator(fake_logits, real_logits) with the logits of a real "
            f"batch."
        )
    return to_float(real_logits, "real_logits"), to_float(fake_logits, "fake_logits")


@keras.saving.register_keras_serializable("gankit")
class Relativistic(AdversarialLoss):
    r"""Each real example is compared with one generated example (RSGAN, also called RpGAN).

    $\sigma(s_r - s_f)$ is the probability that the real one of the two is the more real. The
    discriminator minimizes $E\,\mathrm{sp}(-(s_r - s_f))$, the generator
    $E\,\mathrm{sp}(-(s_f - s_r))$: it gains as much by lowering the logits of real examples as by
    raising those of its own.

    Raises:
        ValueError: if real and generated logits differ in shape, as they are compared in pairs;
            if the generator's loss gets no real logits.

    Example:

    >>> import gankit
    >>> loss = gankit.losses.get("relativistic")
    >>> real, fake = [[2.0], [3.0]], [[2.0], [3.0]]
    >>> round(float(loss.discriminator(real, fake)), 4)  # no telling them apart: log 2
    0.6931
    >>> round(float(loss.generator(fake, real)), 4)
    0.6931

    Source: Jolicoeur-Martineau, "The relativistic discriminator: a key element missing from
    standard GAN" (2019), section 4.1 (RSGAN).
    """

    generator_needs_real = True

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        r"""$E\,\mathrm{sp}(s_f - s_r)$."""
        return ops.mean(ops.softplus(-self._lead(real_logits, fake_logits)))

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        r"""$E\,\mathrm{sp}(s_r - s_f)$."""
        return ops.mean(ops.softplus(self._lead(real_logits, fake_logits)))

    def _lead(self, real_logits, fake_logits):
        """How much more real each real example looks than its partner."""
        real, fake = _both(self, real_logits, fake_logits)
        check_same_shape(
            real,
            fake,
            ("real_logits", "fake_logits"),
            "They are compared in pairs: generate as many examples as there are real ones, or use "
            "'relativistic_average'.",
        )
        return real - fake


@keras.saving.register_keras_serializable("gankit")
class RelativisticAverage(AdversarialLoss):
    r"""Each example is compared with the average example of the other kind (RaSGAN).

    With $\bar s_r = E s_r$ and $\bar s_f = E s_f$ over the batch:

    $$L_D = E\,\mathrm{sp}(-(s_r - \bar s_f)) + E\,\mathrm{sp}(s_f - \bar s_r) \qquad
      L_G = E\,\mathrm{sp}(-(s_f - \bar s_r)) + E\,\mathrm{sp}(s_r - \bar s_f)$$

    A batch that is shared out over replicas is averaged on each replica for itself, so this loss
    depends on how many there are, as batch normalization does.

    Raises:
        ValueError: if the generator's loss gets no real logits.

    Source: Jolicoeur-Martineau (2019), section 4.2 (RaSGAN). The author's code halves both losses
    of this pair; these are the paper's. ESRGAN trains with it (Wang et al. 2018, section 3.2).
    """

    generator_needs_real = True

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        r"""$E\,\mathrm{sp}(-(s_r - \bar s_f)) + E\,\mathrm{sp}(s_f - \bar s_r)$."""
        real, fake = self._leads(real_logits, fake_logits)
        return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        r"""$E\,\mathrm{sp}(-(s_f - \bar s_r)) + E\,\mathrm{sp}(s_r - \bar s_f)$."""
        real, fake = self._leads(real_logits, fake_logits)
        return ops.mean(ops.softplus(-fake)) + ops.mean(ops.softplus(real))

    def _leads(self, real_logits, fake_logits):
        """How much more real each example looks than the average of the other kind."""
        real, fake = _both(self, real_logits, fake_logits)
        return real - ops.mean(fake), fake - ops.mean(real)
