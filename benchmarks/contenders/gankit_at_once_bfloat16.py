"""One pass for both players, under Keras' policy `mixed_bfloat16`."""

import keras
from contenders import gankit_at_once


def train(images, batch_size, width, after_step):
    """Train without end; `after_step` is called after every batch."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    gankit_at_once.train(images, batch_size, width, after_step)
