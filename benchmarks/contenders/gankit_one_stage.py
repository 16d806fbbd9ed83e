"""gankit's `fit` with both players updated from one pass each.

The discriminator normalizes over the maps of a pixel and not over the batch, since no example may
change another's logit; the loss is the default. `step_quality.py` measures how well it learns.
"""

from contenders import gankit_fit


def train(images, batch_size, width, after_step):
    """Train without end; `after_step` is called after every batch."""
    options = {"layer_norm": True, "update": "one_stage"}
    gankit_fit.train(images, batch_size, width, after_step, **options)
