"""gankit's `fit` with both players moved from one forward pass; the rest is the default."""

from contenders import gankit_fit

from gankit.models.dcgan import DCGAN
from gankit.simultaneous import SimultaneousGAN


class OnePassDCGAN(SimultaneousGAN, DCGAN):
    """A DCGAN whose players move at once."""


def train(images, batch_size, width, after_step):
    """Train without end; `after_step` is called after every batch."""
    gankit_fit.train(images, batch_size, width, after_step, OnePassDCGAN)
