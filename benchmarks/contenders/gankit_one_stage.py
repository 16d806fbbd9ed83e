"""gankit's `fit` with both players updated from one pass each.

The loss is minimax: its two halves differ by their sign alone, so one pass serves both players
under any discriminator, one with batch normalisation included.
"""

from contenders import gankit_fit


def train(images, batch_size, width, after_step):
    """Train without end; `after_step` is called after every batch."""
    options = {"loss": "minimax", "update": "one_stage"}
    gankit_fit.train(images, batch_size, width, after_step, **options)
