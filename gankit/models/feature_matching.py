"""Feature matching: the generator matches mean features instead of fooling the discriminator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from gankit import losses
from gankit.gan import GAN
from gankit.models._building import check_network


@keras.saving.register_keras_serializable("gankit")
class FeatureMatchingGAN(GAN):
    r"""A `GAN` whose generator matches the mean features that its discriminator sees.

    $$L_G = \frac1d \left\| E_x f(x) - E_z f(G(z)) \right\|_2^2$$

    $f$ is the output of a hidden layer of the discriminator, whose own loss is that of `GAN`.

    Args:
        generator: as in `gankit.GAN`.
        discriminator: a functional or `Sequential` model.
        latent_dim: size of the latent vectors.
        features: name of the discriminator's layer whose output is $f$.
        **kwargs: as in `gankit.GAN`.

    Raises:
        ValueError: if the discriminator has no such layer, and as `gankit.GAN`.

    Example:

    >>> import keras
    >>> from gankit.models import feature_matching, points
    >>> nets = points.points_gan(width=16, seed=0)
    >>> last_hidden = nets.discriminator.layers[-2].name
    >>> gan = feature_matching.FeatureMatchingGAN(
    ...     nets.generator, nets.discriminator, 2, last_hidden, data_range=None, seed=0)
    >>> gan.compile()
    >>> history = gan.fit(points.ring(512, seed=0), batch_size=256, verbose=0)
    >>> gan.generate(5, seed=1).shape
    (5, 2)

    Source: Salimans et al., "Improved Techniques for Training GANs" (2016), section 3.1.
    Departures: the loss is divided by the number of features, as in the authors' code; both
    players see the same real examples, whereas that code draws another batch for the generator.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        features: str = "features",
        **kwargs: Any,
    ):
        super().__init__(generator, discriminator, latent_dim, **kwargs)
        self._see = layer_reader(discriminator, features)

    def generator_loss(self, real: Any, *conditions: Any) -> tuple[Any, dict]:
        """Return the distance of the mean features of generated examples from those of real ones.

        Args:
            real: examples, shape `(batch, *example_shape)`; as many are generated.
            *conditions: their labels, for a conditional GAN.
        """
        fake = self.fake(real, *conditions)
        loss = losses.feature_matching(*self._features_of(real, fake, *conditions))
        return loss, {"generator_loss": loss}

    def _features_of(self, real, fake, *conditions):
        """Return the layer's output for real and for generated examples, each in its own batch."""
        inputs = [[part, *conditions] if conditions else part for part in (real, fake)]
        return [self._see(part, training=True) for part in inputs]


def layer_reader(network: keras.Model, name: str) -> Callable[..., Any]:
    """Return a function from a network's inputs to the output of one of its layers.

    A game can keep the function as an attribute. A model in its place would be saved as another
    part of the game.

    Args:
        network: a functional or `Sequential` model.
        name: name of the layer.

    Returns:
        A function `(inputs, training) -> output`.

    Raises:
        TypeError: if `network` is no such model.
        ValueError: if the network has no such layer.
    """
    check_network("discriminator", network)
    names = [layer.name for layer in network.layers]
    if name not in names:
        raise ValueError(
            f"The discriminator has no layer {name!r}. Name one of its layers: {', '.join(names)}."
        )
    inputs = network.inputs if len(network.inputs) > 1 else network.inputs[0]
    part = keras.Model(inputs, network.get_layer(name).output)
    return lambda inputs, training: part(inputs, training=training)
