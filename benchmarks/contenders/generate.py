"""Many images from gankit's `generate`, or from Keras' `predict` of the same generator."""

import numpy as np

BATCH = 128


def train(way, width, images, after_step):
    """Make images without end; `after_step` is called after every set of them.

    Args:
        way: `"generate"` or `"predict"`.
        width: maps next to the image.
        images: how many are in a set.
        after_step: function without arguments.
    """
    from gankit.models.dcgan import DCGAN

    gan = DCGAN((32, 32, 3), width=width, seed=0)
    latents = np.random.default_rng(0).normal(size=(images, gan.latent_dim)).astype("float32")
    while True:
        if way == "generate":
            made = gan.generate(latents=latents, batch_size=BATCH)
        else:
            made = gan.generator.predict(latents, batch_size=BATCH, verbose=0)
        assert made.shape == (images, 32, 32, 3)
        after_step()
