"""`SimultaneousGAN`: both players move at once, from one forward pass."""

from __future__ import annotations

from typing import Any

import keras

from gankit.gan import GAN


@keras.saving.register_keras_serializable("gankit")
class SimultaneousGAN(GAN):
    r"""A `GAN` whose players move at once, each against the other as it was before the step.

    Both gradients come from one forward pass: the generator runs once instead of twice, and the
    discriminator judges each generated example once. The players share the latents. The generator
    meets a discriminator that has not answered yet, so some games need lower learning rates.

    Mix it with a model: `class OnePassDCGAN(SimultaneousGAN, DCGAN): pass`. The arguments are those
    of `gankit.GAN`.

    Example:

    >>> from gankit.models import minimax
    >>> from gankit.simultaneous import SimultaneousGAN
    >>> nets = minimax.points_gan(width=8, seed=0)
    >>> gan = SimultaneousGAN(nets.generator, nets.discriminator, 2, data_range=None, seed=0)
    >>> gan.compile()
    >>> history = gan.fit(minimax.ring(64, seed=0), verbose=0)

    Source: the released code of Goodfellow et al. (2014), which moves both players at once; for the
    shared pass, Shen et al., "Training Generative Adversarial Networks in One Stage" (2021).
    Departure: they also reuse one backward pass, which needs a discriminator whose examples do not
    influence each other.
    """

    def compile(self, *arguments: Any, discriminator_steps: int = 1, **options: Any) -> None:
        """Choose the objective and the optimizers, as `gankit.GAN.compile` does.

        Args:
            *arguments: as in `gankit.GAN.compile`.
            discriminator_steps: 1.
            **options: as in `gankit.GAN.compile`.

        Raises:
            ValueError: for other `discriminator_steps`, and as `gankit.GAN.compile`.
        """
        if discriminator_steps != 1:
            raise ValueError(
                f"Players who move at once move equally often. Received: "
                f"discriminator_steps={discriminator_steps!r}. Use gankit.GAN for several steps."
            )
        super().compile(*arguments, **options)

    def step(self, real: Any, *conditions: Any) -> None:
        """Move both players at once."""
        self.update(("generator", "discriminator"), self.losses, real, *conditions)

    def losses(self, real: Any, *conditions: Any) -> tuple[tuple, dict]:
        """Both losses, from one pass through each network.

        Args:
            real: examples.
            *conditions: what goes with each, such as labels.
        """
        fake = self.fake(real, *conditions)
        of_real, of_fake = self.judge(real, *conditions), self.judge(fake, *conditions)
        discriminator, report = self.discriminator_loss(
            real, *conditions, fake=fake, logits=(of_real, of_fake)
        )
        logits = [of_fake, of_real] if self.compares else [of_fake]
        generator, more = self.generator_loss(real, *conditions, logits=logits)
        return (generator, discriminator), report | more
