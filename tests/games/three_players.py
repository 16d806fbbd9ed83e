"""A game of three players with shared layers and dropout, on which every guarantee is tested.

The source of a `VAEGAN` as somebody would write it: an encoder, a generator and a discriminator
that move from one forward pass. Tests that run processes of their own execute this text there.
"""

import keras
from keras import layers, ops

import gankit


@keras.saving.register_keras_serializable("tests")
class VAEGAN(gankit.Game):
    """Larsen et al. (2016), algorithm 1, on points; the encoder and D share their first layers."""

    def __init__(self, encoder, generator, discriminator, gamma=0.1, **kwargs):
        super().__init__(**kwargs)
        self.encoder, self.generator, self.discriminator = encoder, generator, discriminator
        self.gamma = gamma

    def players(self):
        return {
            "encoder": [self.encoder.get_layer("head")],
            "generator": [self.generator],
            "discriminator": [self.discriminator],
        }

    def step(self, real):
        self.update(("encoder", "generator", "discriminator"), self.losses, real)

    def losses(self, real):
        encoded = ops.cast(self.encoder(real, training=True), "float32")
        mean, log_var = ops.split(encoded, 2, axis=-1)
        latents = mean + ops.exp(log_var / 2) * self.draws.normal(mean)
        made = ops.cast(self.generator(latents, training=True), "float32")
        logits = self.discriminator(ops.concatenate([real, made], axis=0), training=True)
        of_real, of_made = ops.split(ops.cast(logits, "float32"), 2, axis=0)
        prior = -0.5 * ops.mean(ops.sum(1 + log_var - mean**2 - ops.exp(log_var), axis=-1))
        distance = ops.mean(ops.square(real - made))
        fool = ops.mean(ops.softplus(-of_made))
        judge = ops.mean(ops.softplus(-of_real)) + ops.mean(ops.softplus(of_made))
        return (prior + distance, self.gamma * distance + fool, judge), {
            "prior": prior,
            "distance": distance,
            "judge": judge,
        }


def networks(norm=True, dropout=0.2):
    """Encoder, generator and discriminator; the first two layers of two of them are the same."""

    def body(inputs, name):
        parts = [layers.Dense(8, name="first")]
        parts += [layers.BatchNormalization()] if norm else []
        parts += [layers.ReLU(), layers.Dropout(dropout)]
        return keras.Sequential([keras.Input((inputs,)), *parts], name=name)

    shared = body(2, "shared")
    points = keras.Input((2,))
    encoder = keras.Model(points, layers.Dense(6, name="head")(shared(points)), name="encoder")
    points = keras.Input((2,))
    discriminator = keras.Model(points, layers.Dense(1)(shared(points)), name="discriminator")
    latents = keras.Input((3,))
    generator = keras.Model(latents, layers.Dense(2)(body(3, "body")(latents)), name="generator")
    return encoder, generator, discriminator


def three_players(seed=0, norm=True, dropout=0.2, **compile_options):
    """The game, compiled where options are given."""
    keras.utils.set_random_seed(seed)
    game = VAEGAN(*networks(norm, dropout), seed=seed)
    game.compile(**compile_options)
    return game
