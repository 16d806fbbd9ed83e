"""The TensorFlow loop with Keras' own batch normalization: what the one kernel is worth."""

import keras
from contenders import tensorflow_loop


def unfuse(network):
    """The same network with the same weights, normalizing by Keras' own operations."""

    def replace(layer):
        normalizes = isinstance(layer, keras.layers.BatchNormalization)
        kind = keras.layers.BatchNormalization if normalizes else type(layer)
        return kind.from_config(layer.get_config())

    unfused = keras.models.clone_model(network, clone_function=replace)
    unfused.set_weights(network.get_weights())
    return unfused


def train(images, batch_size, width, after_step):
    """Train without end; `after_step` is called after every batch."""
    tensorflow_loop.train(images, batch_size, width, after_step, prepare=unfuse)
