"""The same training written by hand in PyTorch, maps in channels-last order in memory.

The networks keep weights and maps in the layout of Keras where it shows (the maps between dense
layers and convolutions), so weights can be carried over and nothing is transposed.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

CONVOLUTION = {"kernel_size": 4, "stride": 2, "padding": 1}
BASE = 7  # side of the coarsest maps for images of 28x28


def normalize(maps):
    return nn.BatchNorm2d(maps, eps=1e-5, momentum=0.1)


class Generator(nn.Module):
    def __init__(self, latent_dim, width):
        super().__init__()
        self.project = nn.Linear(latent_dim, BASE * BASE * 2 * width, bias=False)
        self.up = nn.Sequential(
            normalize(2 * width),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(2 * width, width, bias=False, **CONVOLUTION),
            normalize(width),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(width, 1, **CONVOLUTION),
            nn.Tanh(),
        )

    def forward(self, latents):
        base = self.project(latents).view(len(latents), BASE, BASE, -1)
        return self.up(base.permute(0, 3, 1, 2))


class Discriminator(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.down = nn.Sequential(
            nn.Conv2d(1, width, **CONVOLUTION),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(width, 2 * width, bias=False, **CONVOLUTION),
            normalize(2 * width),
            nn.LeakyReLU(0.2, inplace=True),
        )
        self.logit = nn.Linear(BASE * BASE * 2 * width, 1)

    def forward(self, images):
        return self.logit(self.down(images).permute(0, 2, 3, 1).flatten(1))


def initialize(network):
    """Draw the weights from N(0, 0.02), as the DCGAN paper has it."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
    return network.to(memory_format=torch.channels_last)


def make_update(generator, discriminator):
    """Return `update(real, latents, fresh_latents)`: one step of both players, its two losses."""
    adam = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-7, "fused": True}
    players = {
        network: torch.optim.Adam(network.parameters(), **adam)
        for network in (generator, discriminator)
    }

    def descend(network, loss):
        optimizer = players[network]
        optimizer.zero_grad(set_to_none=True)
        loss.backward(inputs=list(network.parameters()))  # no gradients for the other player
        optimizer.step()
        return loss.detach()

    def update(real, latents, fresh_latents):
        with torch.no_grad():
            fake = generator(latents)
        real_logits, fake_logits = discriminator(real), discriminator(fake)
        discriminator_loss = (
            functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()
        )
        first = descend(discriminator, discriminator_loss)
        logits = discriminator(generator(fresh_latents))
        return first, descend(generator, functional.softplus(-logits).mean())

    return update


def train(images, batch_size, width, after_step, latent_dim=100):
    """Train without end; `after_step` is called after every batch."""
    torch.manual_seed(0)
    update = make_update(initialize(Generator(latent_dim, width)), initialize(Discriminator(width)))
    order = np.random.default_rng(0)
    while True:
        for chosen in order.permutation(len(images)).reshape(-1, batch_size):
            real = torch.from_numpy(images[chosen]).permute(0, 3, 1, 2)
            latents = torch.rand(2, batch_size, latent_dim) * 2 - 1
            update(real, latents[0], latents[1])
            after_step()
