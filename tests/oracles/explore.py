"""The panel of sliders, and the directions that they move along."""

import io
import math

import keras
import numpy as np

import gankit
from gankit.explore import explore, latent_directions
from oracles.part import Part


def linear_gan(*shape: int) -> tuple[gankit.GAN, np.ndarray]:
    """A GAN whose generator is a matrix, and the matrix, shape (pixels, 6)."""
    layers = keras.layers
    kernel = np.random.default_rng(0).normal(0, 0.1, (6, math.prod(shape))).astype("float32")
    dense = layers.Dense(math.prod(shape), use_bias=False)
    generator = keras.Sequential([keras.Input((6,)), dense, layers.Reshape(shape)])
    dense.set_weights([kernel])
    judge = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(1)])
    return gankit.GAN(generator, judge, latent_dim=6, seed=0), kernel.T.astype("float64")


def latent_directions_error() -> float:
    """How far each direction is from the singular vector, of either sign."""
    gan, matrix = linear_gan(9, 8, 1)
    expected = np.linalg.svd(matrix)[2][:4]
    found = latent_directions(gan, 4)
    signs = np.sign((found * expected).sum(axis=1, keepdims=True))
    return np.abs(found - signs * expected).max()


def explore_error() -> float:
    """Levels by which the picture differs, after a move of one slider, as a part of 255."""
    from PIL import Image

    gan, matrix = linear_gan(8, 8, 1)
    panel = explore(gan, sliders=2)
    slider = panel.children[2]
    before = slider.value
    slider.value = before / 2 + 0.4
    latent = keras.ops.convert_to_numpy(gan.sample_latents(1, 0))[0].astype("float64")
    second = np.linalg.svd(matrix)[2][1]
    second *= np.sign(second[np.abs(second).argmax()])
    image = matrix @ (latent + (slider.value - before) * second)
    expected = (image.clip(-1, 1) + 1) * 127.5
    with Image.open(io.BytesIO(panel.children[0].value)) as png:
        found = np.asarray(png)[::8, ::8].ravel().astype("float64")
    # A picture holds whole levels.
    return max(np.abs(found - expected).max() - 0.5, 0.0) / 255


PARTS = [
    Part(
        name="explore.explore",
        use="""from gankit.explore import explore
from gankit.models.minimax import MLPGAN
explore(MLPGAN((8, 8, 1), generator_width=32, discriminator_width=16))""",
        oracle="a linear generator's image, computed by NumPy",
        error=explore_error,
        tolerance=1e-5,
    ),
    Part(
        name="explore.latent_directions",
        use="""from gankit.explore import latent_directions
from gankit.models.minimax import MLPGAN
gan = MLPGAN((8, 8, 1), generator_width=32, discriminator_width=16)
directions = latent_directions(gan, k=3)""",
        oracle="singular vectors of a linear generator's matrix (NumPy)",
        error=latent_directions_error,
        tolerance=1e-5,
    ),
]
