"""The PyTorch loop under bfloat16 autocast."""

import torch
from contenders import pytorch_loop


def train(images, batch_size, width, after_step):
    """Train without end; `after_step` is called after every batch."""
    with torch.autocast("cpu", torch.bfloat16):
        pytorch_loop.train(images, batch_size, width, after_step)
