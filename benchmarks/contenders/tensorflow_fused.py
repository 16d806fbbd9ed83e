"""The TensorFlow loop with batch normalisation by TensorFlow's fused kernel.

Keras, and so gankit, normalises with some ten operations that XLA can fuse on an accelerator.
On a CPU the one kernel that does it all takes less arithmetic; it knows TensorFlow only.
"""

import keras
import tensorflow as tf
from contenders import tensorflow_loop


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer, with its training pass in one kernel."""

    def call(self, inputs, training=None, mask=None):
        if not training:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma.value, self.beta.value, epsilon=self.epsilon, is_training=True
        )
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return outputs


def fuse(network):
    """The same network with the same weights, normalising by the fused kernel."""

    def replace(layer):
        normalises = isinstance(layer, keras.layers.BatchNormalization)
        kind = FusedBatchNormalization if normalises else type(layer)
        return kind.from_config(layer.get_config())

    fused = keras.models.clone_model(network, clone_function=replace)
    fused.set_weights(network.get_weights())
    return fused


def train(images, batch_size, width, after_step):
    """Train without end; `after_step` is called after every batch."""
    tensorflow_loop.train(images, batch_size, width, after_step, prepare=fuse)
