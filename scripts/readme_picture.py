"""Make `docs/noise_to_digits.png`, where the README and chapter 2 begin: noise becomes digits.

    python scripts/readme_picture.py

Trains chapter 2's DCGAN on the embedded glyphs at the `cpu` preset and draws the same 30 latent
vectors, decoded before training and after a growing number of epochs. Takes some minutes.
"""

from pathlib import Path

import keras

from gankit import datasets, plots
from gankit.callbacks import SampleGrid
from gankit.models.dcgan import DCGAN

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "noise_to_digits.png"
EPOCHS = (0, 1, 2, 5, 18, 36)


def main():
    """Train, and write the picture whole or not at all."""
    images, _ = datasets.load("glyphs")
    gan = DCGAN((28, 28, 1), latent_dim=64, width=24, seed=0)
    adams = [keras.optimizers.Adam(6e-4, beta_1=0.5) for _ in range(2)]
    gan.compile(generator_optimizer=adams[0], discriminator_optimizer=adams[1])
    frames, half = {}, EPOCHS[-1] // 2
    for start, stop, rate in ((0, half, 6e-4), (half, 2 * half, 2e-4)):
        for adam in adams:
            adam.learning_rate = rate
        grid = SampleGrid(30, columns=5, seed=3)
        gan.fit(
            images, batch_size=64, epochs=stop, initial_epoch=start, callbacks=[grid], verbose=2
        )
        frames |= dict(zip(grid.epochs, grid.frames, strict=True))
    strip = plots.filmstrip(
        [frames[epoch] for epoch in EPOCHS],
        count=len(EPOCHS),
        labels=["noise", *(f"epoch {epoch}" for epoch in EPOCHS[1:])],
    )
    PICTURE.parent.mkdir(exist_ok=True)
    strip.savefig(PICTURE, dpi=200)
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
