"""Make `docs/noise_to_digits.png`, the first picture of the README and of chapter 2.

    python scripts/readme_picture.py

The script trains the DCGAN of chapter 2 on the embedded glyphs with the `cpu` preset. It draws 30
latent vectors and the digits that the generator makes from them after several numbers of epochs. It
takes a few minutes.
"""

from pathlib import Path

import keras
import numpy as np
from PIL import Image

from gankit import datasets, plots
from gankit.callbacks import SampleGrid
from gankit.models.dcgan import DCGAN

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "noise_to_digits.png"
EPOCHS = (1, 2, 4, 8, 12)
SHOWN, SEED = 30, 3


def main():
    """Train the DCGAN and write the picture."""
    images, _ = datasets.load("glyphs")
    images = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)], constant_values=-1)
    gan = DCGAN((32, 32, 1), latent_dim=64, width=16, seed=0)
    adams = [keras.optimizers.Adam(8e-4, beta_1=0.5) for _ in range(2)]
    gan.compile(generator_optimizer=adams[0], discriminator_optimizer=adams[1])
    grid = SampleGrid(SHOWN, columns=5, seed=SEED)
    gan.fit(images, batch_size=64, epochs=EPOCHS[-1], callbacks=[grid], verbose=2)

    # Show each latent vector of 64 numbers, the input of the generator, as 8x8 squares of 4 pixels.
    latents = keras.ops.convert_to_numpy(gan.sample_latents(SHOWN, SEED))
    noise = np.kron(latents.reshape(SHOWN, 8, 8, 1), np.ones((1, 4, 4, 1)))
    strip = plots.filmstrip(
        [plots.tile(plots.to_pixels(noise), 5), *(grid.frames[epoch] for epoch in EPOCHS)],
        count=1 + len(EPOCHS),
        labels=["noise", *(f"epoch {epoch}" for epoch in EPOCHS)],
    )
    PICTURE.parent.mkdir(exist_ok=True)
    strip.savefig(PICTURE, dpi=200)
    Image.open(PICTURE).convert("L").quantize(16).save(PICTURE, optimize=True)
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
