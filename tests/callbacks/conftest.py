"""The calls that `fit` makes, without its step: most of a callback needs no training."""

import keras
import numpy as np
import pytest

import gankit


class Moved(keras.callbacks.Callback):
    """Stands in for a training step: moves every weight of the generator a little."""

    def on_epoch_begin(self, epoch, logs=None):
        network = self.model.generator
        network.set_weights([weight + np.float32(0.125) for weight in network.get_weights()])


@pytest.fixture
def drive():
    def drive(gan, *callbacks, epochs=3, initial_epoch=0, logs=None):
        """Epochs of a run in which nothing is trained; what Keras' history then holds."""
        calls = keras.callbacks.CallbackList(
            [Moved(), *callbacks], add_history=True, model=gan, epochs=epochs
        )
        calls.on_train_begin()
        for epoch in range(initial_epoch, epochs):
            calls.on_epoch_begin(epoch)
            calls.on_epoch_end(epoch, {"generator_loss": 1.0, **(logs or {})})
        calls.on_train_end()
        return gan.history.history

    return drive


@pytest.fixture
def images_gan():
    """A game of 8x8 images, compiled."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    generator = keras.Sequential(
        [keras.Input((4,)), layers.Dense(64, "tanh"), layers.Reshape((8, 8, 1))]
    )
    discriminator = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)])
    gan = gankit.GAN(generator, discriminator, latent_dim=4, seed=5)
    gan.compile()
    return gan
