r"""Improved techniques: a game that collapses, and what its authors try against it.

`collapsing_game` builds a game that collapses, with one technique of the paper or none.
`SmoothedLabels` is the loss with smoothed targets. The rest of chapter 3 is offered here too:

- play that circles and play that converges (`gankit.models.toy_games`);
- the best discriminator where labels are smoothed (`gankit.models.theory`);
- feature matching (`gankit.models.feature_matching`);
- learning from few labels (`gankit.models.semi_supervised`, `gankit.models.root_adam`).

The other techniques belong to the toolbox: `gankit.layers.minibatch_discrimination`,
`gankit.layers.virtual_batch_normalization`, `gankit.historical`, `gankit.metrics.inception_score`.

Source: Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen, "Improved Techniques for Training
GANs" (2016), and the authors' released code for what the paper leaves open.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from gankit import checks, losses
from gankit.gan import GAN
from gankit.historical import HistoricalAveragingGAN
from gankit.layers.minibatch_discrimination import MinibatchDiscrimination
from gankit.layers.virtual_batch_normalization import ReferenceBatch, VirtualBatchNormalization
from gankit.models._building import check_sizes
from gankit.models.feature_matching import FeatureMatchingGAN
from gankit.models.root_adam import RootAdam
from gankit.models.semi_supervised import SemiSupervisedGAN, draw_labeled, mlp
from gankit.models.semi_supervised_networks import (
    LogitOfReal,
    build_discriminator,
    build_generator,
    classifier,
)
from gankit.models.theory import check_targets, smoothed_discriminator
from gankit.models.toy_games import RULES, play, radii

__all__ = [
    "RULES",
    "TECHNIQUES",
    "FeatureMatchingGAN",
    "LogitOfReal",
    "RootAdam",
    "SemiSupervisedGAN",
    "SmoothedLabels",
    "build_discriminator",
    "build_generator",
    "classifier",
    "collapsing_game",
    "draw_labeled",
    "mlp",
    "play",
    "radii",
    "smoothed_discriminator",
]


@keras.saving.register_keras_serializable("gankit")
class SmoothedLabels(losses.NonSaturating):
    r"""The non-saturating game whose discriminator aims at $\alpha$ and $\beta$ instead of 1 and 0.

    $$L_D = E\,[\mathrm{sp}(s_r) - \alpha s_r] + E\,[\mathrm{sp}(s_f) - \beta s_f]$$

    It is here to show what smoothing *both* sides does. For one side, $\beta = 0$, pass
    `gankit.losses.NonSaturating(label_smoothing=1 - alpha)`.

    Args:
        positive: $\alpha$, the target for real examples, in (0, 1].
        negative: $\beta$, the target for generated ones, in [0, 1), below `positive`.

    Raises:
        TypeError: if a target is not a number.
        ValueError: if a target is out of range.

    Example:

    >>> from gankit.models import improved
    >>> loss = improved.SmoothedLabels(0.9, 0.1)
    >>> round(float(loss.discriminator([[0.0]], [[0.0]])), 4)  # log 4 at D = 1/2, as without
    1.3863

    Source: Salimans et al. (2016), section 3.4.
    """

    def __init__(self, positive: float = 0.9, negative: float = 0.0):
        super().__init__()
        self.positive, self.negative = check_targets(positive, negative)

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return the cross-entropy with the targets of the two sides."""
        return (
            super().discriminator(real_logits, fake_logits)
            + (1.0 - self.positive) * ops.mean(real_logits)
            - self.negative * ops.mean(fake_logits)
        )

    def get_config(self) -> dict:
        """Return arguments that make an equal loss."""
        return {"positive": self.positive, "negative": self.negative}


TECHNIQUES = (
    "none",
    "feature matching",
    "minibatch discrimination",
    "historical averaging",
    "one-sided smoothing",
    "smoothing of both sides",
    "batch normalization",
    "virtual batch normalization",
)
"""The techniques that `collapsing_game` knows."""


def collapsing_game(
    example_shape: Sequence[int],
    technique: str = "none",
    width: int = 128,
    latent_dim: int = 64,
    generator_rate: float = 5e-4,
    discriminator_rate: float = 1e-4,
    seed: int = 0,
    **options: Any,
) -> GAN:
    r"""Build a game whose discriminator is five times too slow, with one technique or none.

    Each network has two ReLU layers. The generator learns faster than the discriminator, so it
    moves all its examples to wherever the discriminator is fooled at the moment: it collapses.

    Args:
        example_shape: `(coordinates,)` for unbounded points, or that of images in [-1, 1].
        technique: one of `TECHNIQUES`: `feature matching` of the last hidden layer; `minibatch
            discrimination` behind it, 8 kernels of 4; `historical averaging` of both players,
            $\lambda = 0.01$; targets 0.9 and 0 (`one-sided smoothing`), or 0.9 and 0.1; `batch
            normalization` or `virtual batch normalization` of the generator's hidden layers, 64
            latents of reference.
        width: units of every hidden layer.
        latent_dim: size of the latent vectors.
        generator_rate: Adam's learning rate of the generator, with $\beta_1 = 0.5$.
        discriminator_rate: that of the discriminator.
        seed: what the initial weights, the latents and the order of the data depend on.
        **options: more for `compile`, such as `steps_per_execution`.

    Returns:
        A compiled `GAN`.

    Raises:
        TypeError: if a rate is not a number.
        ValueError: for an unknown technique, a size below 1, a rate that is not above 0, or what
            is not a seed.

    Example:

    >>> from gankit.models import improved, minimax
    >>> gan = improved.collapsing_game((2,), "minibatch discrimination", width=16)
    >>> history = gan.fit(minimax.ring(256, seed=0), verbose=0)
    >>> gan.generate(5, seed=1).shape
    (5, 2)

    Source: the techniques: Salimans et al. (2016), section 3. The unequal rates: Metz et al.,
    "Unrolled Generative Adversarial Networks" (2017), whose ring collapses in the same way.
    """
    checks.check_choice("technique", technique, TECHNIQUES)
    example_shape = check_sizes("example_shape", example_shape)
    checks.check_count("width", width)
    checks.check_count("latent_dim", latent_dim)
    rates = {"generator_rate": generator_rate, "discriminator_rate": discriminator_rate}
    rates = [checks.check_number(name, rate, above=0) for name, rate in rates.items()]
    keras.utils.set_random_seed(checks.check_seed("seed", seed))
    images = len(example_shape) > 1
    hidden = []
    for _ in range(2):
        hidden += [layers.Dense(width)]
        if technique == "batch normalization":
            hidden += [layers.BatchNormalization()]
        elif technique == "virtual batch normalization":
            hidden += [VirtualBatchNormalization(64)]
        hidden += [layers.ReLU()]
    last = layers.Dense(math.prod(example_shape), activation="tanh" if images else None)
    parts = [keras.Input((latent_dim,)), *hidden, last, layers.Reshape(example_shape)]
    generator = keras.Sequential(parts, name="generator")
    if technique == "virtual batch normalization":
        reference = keras.random.normal((64, latent_dim), seed=seed)
        wrapped = ReferenceBatch(generator, reference)
        generator = keras.Sequential([keras.Input((latent_dim,)), wrapped], name="generator")

    judge = [layers.Flatten(), layers.Dense(width, "relu")]
    judge += [layers.Dense(width, "relu", name="features")]
    if technique == "minibatch discrimination":
        judge += [MinibatchDiscrimination(kernels=8, dims=4)]
    parts = [keras.Input(example_shape), *judge, layers.Dense(1)]
    discriminator = keras.Sequential(parts, name="discriminator")

    kinds = {"feature matching": FeatureMatchingGAN, "historical averaging": HistoricalAveragingGAN}
    strengths = [0.01, 0.01] if technique == "historical averaging" else []
    shared = {"data_range": (-1.0, 1.0) if images else None, "seed": seed}
    gan = kinds.get(technique, GAN)(generator, discriminator, latent_dim, *strengths, **shared)
    smoothed = {"one-sided smoothing": 0.0, "smoothing of both sides": 0.1}
    if technique in smoothed:
        options["loss"] = SmoothedLabels(0.9, smoothed[technique])
    adams = [keras.optimizers.Adam(rate, beta_1=0.5) for rate in rates]
    gan.compile(generator_optimizer=adams[0], discriminator_optimizer=adams[1], **options)
    return gan
