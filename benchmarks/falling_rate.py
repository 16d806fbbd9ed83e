"""A learning rate that falls in the second half of a training."""

import keras


class FallingRate(keras.callbacks.Callback):
    """Both optimizers of a GAN at one rate for half of the epochs, then down to 0 in a line."""

    def __init__(self, rate, epochs):
        super().__init__()
        self.rate, self.epochs = rate, epochs

    def on_epoch_begin(self, epoch, logs=None):
        rate = self.rate * min(1.0, 2.0 - 2.0 * epoch / self.epochs)
        for optimizer in (self.model.generator_optimizer, self.model.discriminator_optimizer):
            optimizer.learning_rate = rate
