"""Twenty seeded steps of every model: whether a change of the core changed a result.

    python scripts/reference_steps.py record before.npz     # in the checkout before the change
    python scripts/reference_steps.py compare before.npz    # in the one after it

Networks, optimizers, averages, random state and the reported means are compared bit by bit, on
TensorFlow and a CPU. What differs is listed with its largest relative difference.
"""

import argparse
import sys
from collections.abc import Callable, Iterator

import keras
import numpy as np

import gankit
from gankit import penalties
from gankit.averaging import Averaging
from gankit.models import cgan, dcgan, improved, minimax, pix2pix, srgan

STEPS, BATCH = 20, 8
RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(STEPS * BATCH, 2)).astype("float32")
IMAGES = RNG.uniform(-1, 1, (STEPS * BATCH, 16, 16, 1)).astype("float32")
PICTURES = RNG.uniform(-1, 1, (STEPS * BATCH, 32, 32, 3)).astype("float32")
LABELS = np.arange(STEPS * BATCH) % 3
VECTORS = RNG.uniform(-1, 1, (STEPS * BATCH, 2)).astype("float32")


def points_gan(**options) -> tuple:
    """A game with batch normalization and dropout in both networks."""

    def network(inputs, outputs):
        return keras.Sequential(
            [
                keras.Input((inputs,)),
                keras.layers.Dense(8),
                keras.layers.BatchNormalization(),
                keras.layers.LeakyReLU(negative_slope=0.2),
                keras.layers.Dropout(0.3),
                keras.layers.Dense(outputs, dtype="float32"),
            ]
        )

    gan = gankit.GAN(network(4, 2), network(2, 1), latent_dim=4, data_range=None, seed=0)
    gan.compile(**options)
    return gan, POINTS


def images_gan(kind: Callable, *extra, labels=None, compiled=None, **options) -> tuple:
    gan = kind((16, 16, 1), *extra, seed=0, **options)
    gan.compile(**compiled or {})
    return (gan, IMAGES) if labels is None else (gan, IMAGES, labels)


def pix2pix_of(**options) -> tuple:
    gan = pix2pix.Pix2Pix((32, 32, 3), width=4, seed=0, **options)
    gan.compile(averaging=Averaging(100))
    return gan, PICTURES, PICTURES[::-1].copy()


def srgan_of(**compiled) -> tuple:
    sizes = {"width": 4, "blocks": 1}, {"width": 2, "dense": 8}
    gan = srgan.SRGAN((16, 16, 3), 4, *sizes, seed=0)
    gan.compile(**compiled)
    return gan, PICTURES[:, :16, :16]


def semi_supervised() -> tuple:
    gan = improved.mlp((16, 16, 1), 3, (16, 16), (16, 16), 4, seed=0)
    gan.compile()
    return gan, IMAGES, (IMAGES[:9], LABELS[:9])


def feature_matching() -> tuple:
    nets = minimax.points_gan(width=16, seed=0)
    name = nets.discriminator.layers[-2].name
    gan = improved.FeatureMatchingGAN(
        nets.generator, nets.discriminator, 2, name, data_range=None, seed=0
    )
    gan.compile()
    return gan, POINTS


def heavy() -> list:
    return [
        penalties.GradientPenalty(),
        penalties.R1(0.1, every=2),
        penalties.WeightClipping(0.5),
    ]


SMALL = {"latent_dim": 4, "width": 4}
GAMES: dict[str, Callable[[], tuple]] = {
    "GAN": points_gan,
    "GAN, two steps of D, penalties, average": lambda: points_gan(
        discriminator_steps=2, penalties=heavy(), averaging=Averaging(50), loss="hinge"
    ),
    "GAN, relativistic": lambda: points_gan(loss="relativistic_average"),
    "GAN, clipped and accumulated": lambda: points_gan(
        generator_optimizer=keras.optimizers.Adam(1e-3, clipnorm=0.1, gradient_accumulation_steps=2)
    ),
    "MLPGAN": lambda: images_gan(minimax.MLPGAN, 4, 16, 8, 2),
    "DCGAN": lambda: images_gan(dcgan.DCGAN, **SMALL),
    "CGAN": lambda: images_gan(cgan.CGAN, 3, latent_dim=4, labels=LABELS),
    "CGAN, vectors": lambda: images_gan(cgan.CGAN, label_size=2, latent_dim=4, labels=VECTORS),
    **{
        f"ConvCGAN, {way}": lambda way=way: images_gan(
            cgan.ConvCGAN, 3, conditioning=way, labels=LABELS, **SMALL
        )
        for way in cgan.CONDITIONINGS
    },
    "ConvCGAN, auxiliary vectors, R1": lambda: images_gan(
        cgan.ConvCGAN,
        label_size=2,
        conditioning="auxiliary_classifier",
        labels=VECTORS,
        compiled={"penalties": [penalties.R1(0.1)], "loss": "relativistic"},
        **SMALL,
    ),
    "feature matching": feature_matching,
    "K+1": semi_supervised,
    "Pix2Pix": pix2pix_of,
    "Pix2Pix, GAN of latents": lambda: pix2pix_of(objective="GAN", noise="latent"),
    "Pix2Pix, L1": lambda: pix2pix_of(objective="L1"),
    "SRGAN, phase 1": lambda: srgan_of(adversarial_weight=0),
    "SRGAN, phase 2": lambda: srgan_of(averaging=Averaging(100)),
}


def arrays_of(gan: gankit.GAN) -> dict[str, np.ndarray]:
    """All state that training changes, by the part that it belongs to."""
    parts = {
        "generator": gan.generator.variables,
        "discriminator": gan.discriminator.variables,
        "noise": [gan.seed_generator.state],
        "generator optimizer": gan.generator_optimizer.variables,
        "discriminator optimizer": gan.discriminator_optimizer.variables,
    }
    if getattr(gan, "averaged_generator", None) is not None:
        parts["average"] = gan.averaged_generator.weights
    return {
        f"{part}/{index:03}": keras.ops.convert_to_numpy(variable.value)
        for part, variables in parts.items()
        for index, variable in enumerate(variables)
    }


def played() -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Each game by name, and its state after twenty steps."""
    todo = [(name, "float32") for name in GAMES] + [("DCGAN", "mixed_bfloat16")]
    for name, policy in todo:
        keras.utils.set_random_seed(1)
        keras.config.set_dtype_policy(policy)
        gan, *data = GAMES[name]()
        history = gan.fit(*data, batch_size=BATCH, epochs=1, verbose=0).history
        means = {f"mean/{key}": np.array(values) for key, values in history.items()}
        yield f"{name} ({policy})", arrays_of(gan) | means
        keras.backend.clear_session()


def compare(old: np.lib.npyio.NpzFile) -> int:
    """Print how each game compares with the recorded one; return how many differ."""
    differ = 0
    for name, arrays in played():
        expected = {k.split("|", 1)[1]: old[k] for k in old.files if k.split("|", 1)[0] == name}
        worst, where = 0.0, ""
        for key in sorted(expected.keys() | arrays.keys()):
            if key not in expected or key not in arrays:
                worst, where = np.inf, f"{key} is on one side only"
                continue
            a, b = np.asarray(expected[key], "float64"), np.asarray(arrays[key], "float64")
            error = np.abs(a - b).max(initial=0.0) / max(np.abs(a).max(initial=0.0), 1e-8)
            if error > worst:
                worst, where = error, key
        differ += worst > 0
        print(f"{name:60} {'equal' if not worst else f'differs by {worst:.1e} in {where}'}")
    return differ


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("record", "compare"))
    parser.add_argument("file")
    options = parser.parse_args()
    if options.what == "compare":
        with np.load(options.file) as old:
            return int(compare(old) > 0)
    arrays = {f"{name}|{key}": v for name, found in played() for key, v in found.items()}
    np.savez_compressed(options.file, **arrays)
    return 0


if __name__ == "__main__":
    sys.exit(main())
