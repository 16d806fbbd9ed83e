"""The same training written by hand in TensorFlow, as lean as it can be made.

One graph per step, no metrics, no callbacks, a batch of constant size, and nothing watched by the
tapes but the variables that the step changes.
"""

import keras
import numpy as np
import tensorflow as tf

from gankit.models.dcgan import build_discriminator, build_generator


def adam():
    return keras.optimizers.Adam(2e-4, beta_1=0.5)


def make_update(generator, discriminator):
    """Return `update(real, latents, fresh_latents)`: one step of both players, its two losses."""
    players = {network: adam() for network in (generator, discriminator)}
    for network, optimizer in players.items():
        optimizer.build(network.trainable_variables)

    def descend(network, objective):
        tensors = [variable.value for variable in network.trainable_variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(tensors)
            loss = objective()
        players[network].apply(tape.gradient(loss, tensors), network.trainable_variables)
        return loss

    def update(real, latents, fresh_latents):
        fake = generator(latents, training=True)

        def discriminator_objective():
            real_logits = discriminator(real, training=True)
            fake_logits = discriminator(fake, training=True)
            return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(
                tf.nn.softplus(fake_logits)
            )

        def generator_objective():
            logits = discriminator(generator(fresh_latents, training=True), training=True)
            return tf.reduce_mean(tf.nn.softplus(-logits))

        return (
            descend(discriminator, discriminator_objective),
            descend(generator, generator_objective),
        )

    return update


def train(images, batch_size, width, after_step, latent_dim=100, prepare=lambda network: network):
    """Train without end; `after_step` is called after every batch."""
    generator = build_generator(images.shape[1:], latent_dim, width, seed=1)
    discriminator = build_discriminator(images.shape[1:], width, seed=2)
    update = make_update(prepare(generator), prepare(discriminator))

    @tf.function(autograph=False)
    def step(real):
        latents = tf.random.uniform((2, batch_size, latent_dim), -1.0, 1.0)
        return update(real, latents[0], latents[1])

    order = np.random.default_rng(0)
    while True:
        for chosen in order.permutation(len(images)).reshape(-1, batch_size):
            step(tf.constant(images[chosen]))
            after_step()
