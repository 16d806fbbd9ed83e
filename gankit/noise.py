"""Instance noise: the discriminator sees every example through noise that fades."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from gankit.checks import check_count, check_number
from gankit.game import ReplicaRandom


@keras.saving.register_keras_serializable("gankit")
class InstanceNoise:
    r"""Gaussian noise on real and on generated examples, before the discriminator sees them.

    $$x \leftarrow x + \sigma_t\,\epsilon, \quad \epsilon \sim N(0, I), \qquad
      \sigma_t = \sigma \max\left(0,\; 1 - \frac{t}{T}\right)$$

    Real and generated examples rarely lie where the other kind does, so a discriminator can tell
    them apart without fault and teaches nothing. Noise makes the two distributions overlap. Let the
    discriminator of your own game see it:

    ```
    class NoisyGAN(gankit.GAN):
        noise = InstanceNoise(std=0.1, steps=10_000)

        def judge(self, examples, *conditions):
            step = self.discriminator_optimizer.iterations
            return super().judge(self.noise(examples, self.draws, step), *conditions)
    ```

    Args:
        std: $\sigma$, above 0, in units of the data (images span 2).
        steps: $T$, the updates of the discriminator until the noise is gone.

    Raises:
        TypeError: if `std` is not a number.
        ValueError: if `std` is not above 0, or `steps` is no whole number of at least 1.

    Example:

    >>> from gankit.noise import InstanceNoise
    >>> noise = InstanceNoise(std=0.2, steps=1000)
    >>> [round(float(noise.std_at(step)), 3) for step in (0, 500, 1000, 2000)]
    [0.2, 0.1, 0.0, 0.0]

    Source: Sønderby et al., "Amortised MAP Inference for Image Super-resolution" (2017); Arjovsky
    & Bottou, "Towards Principled Methods for Training GANs" (2017), section 3. Choices made here:
    the noise fades along a line, and by updates of the discriminator.
    """

    def __init__(self, std: float, steps: int):
        self.std = check_number("std", std, above=0)
        self.steps = check_count("steps", steps)

    def std_at(self, step: Any) -> Any:
        """The noise's standard deviation after so many updates of the discriminator."""
        return self.std * ops.maximum(0.0, 1.0 - ops.cast(step, "float32") / self.steps)

    def __call__(self, examples: Any, draws: ReplicaRandom, step: Any) -> Any:
        """Examples with noise.

        Args:
            examples: tensor of shape `(batch, ...)`, floating point.
            draws: where the random numbers come from.
            step: updates of the discriminator so far.
        """
        examples = ops.convert_to_tensor(examples)
        noise = self.std_at(step) * draws.normal(examples)
        return examples + ops.cast(noise, examples.dtype)

    def get_config(self) -> dict:
        """Arguments that make an equal object."""
        return {"std": self.std, "steps": self.steps}

    @classmethod
    def from_config(cls, config: dict) -> InstanceNoise:
        """Make one from what `get_config` gave."""
        return cls(**config)
