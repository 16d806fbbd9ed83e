"""gankit as one uses it: `fit` on arrays, everything left at its default."""

import keras

from gankit.models.dcgan import DCGAN


def train(images, batch_size, width, after_step):
    """Train without end; `after_step` is called after every batch, inside the one long `fit`.

    Args:
        images: what to train on.
        batch_size: images per step.
        width: maps next to the image.
        after_step: function without arguments.
    """
    gan = DCGAN(images.shape[1:], width=width, seed=0)
    gan.compile()
    turns = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: after_step())
    gan.fit(images, batch_size=batch_size, epochs=10**9, callbacks=[turns])
