"""One pass for both players, under Keras' policy `mixed_bfloat16`."""

import keras
from contenders import gankit_one_stage


def train(images, batch_size, width, after_step):
    """Train without end; `after_step` is called after every batch."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    gankit_one_stage.train(images, batch_size, width, after_step)
