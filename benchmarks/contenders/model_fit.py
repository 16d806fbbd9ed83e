"""`fit` of one of gankit's models, by the gankit that comes first on the path."""

import keras
import numpy as np


def made(name):
    """A compiled model of a chapter's size, what it trains on, and the size of a batch."""
    draws = np.random.default_rng(0)
    digits = draws.uniform(-1, 1, (1280, 28, 28, 1)).astype("float32")
    labels = np.arange(1280) % 10
    pictures = draws.uniform(-1, 1, (160, 64, 64, 3)).astype("float32")
    if name == "DCGAN":
        from gankit.models.dcgan import DCGAN

        model, data, batch_size = DCGAN((28, 28, 1), width=32, seed=0), (digits,), 128
    elif name == "CGAN":
        from gankit.models.cgan import ConvCGAN

        model, data, batch_size = ConvCGAN((28, 28, 1), 10, width=32, seed=0), (digits, labels), 128
    elif name == "Pix2Pix":
        from gankit.models.pix2pix import Pix2Pix

        pairs = pictures, pictures[::-1].copy()
        model, data, batch_size = Pix2Pix((64, 64, 3), width=16, seed=0), pairs, 8
    else:
        from gankit.models.srgan import SRGAN

        sizes = {"width": 32, "blocks": 4}, {"width": 16, "dense": 128}
        model, data, batch_size = SRGAN((64, 64, 3), 4, *sizes, seed=0), (pictures,), 8
    model.compile()
    return model, data, batch_size


def train(name, after_step):
    """Train without end; `after_step` is called after every batch.

    Args:
        name: the model: DCGAN, CGAN, Pix2Pix or SRGAN.
        after_step: function without arguments.
    """
    model, data, batch_size = made(name)
    turns = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: after_step())
    model.fit(*data, batch_size=batch_size, epochs=10**9, callbacks=[turns])
