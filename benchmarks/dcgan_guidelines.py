"""What each guideline of DCGAN does: short trainings with one guideline less, over seeds.

    python benchmarks/dcgan_guidelines.py [--epochs 3] [--seeds 3]

Each guideline is left out at the learning rate of the paper and at the one that chapter `02_dcgan`
uses. Each run's score is kept as soon as it is known, and a run that was killed is taken up where
it stopped. The result goes to `benchmarks/results/dcgan_guidelines.json`.
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

import gankit
from gankit import datasets, metrics
from gankit.averaging import Averaging
from gankit.callbacks import BackupAndRestore
from gankit.normalization import BatchNormalization
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "dcgan_guidelines.json"
RUN = HERE / "runs" / "dcgan_guidelines"
ARMS = {
    "all guidelines": {},
    "pooling instead of strides": {"pooling": True},
    "hidden dense layers": {"dense": 256},
    "no batch normalization": {"batch_norm": False},
    "ReLU in the discriminator": {"slope": 0.0},
    "weights from N(0, 0.2)": {"spread": 0.2},
    "beta_1 = 0.9": {"beta_1": 0.9},
}
RATES = {"the paper's rate": 2e-4, "the chapter's rate": 3e-3}
LATENT_DIM, WIDTH, KERNEL, BATCH, SAMPLES = 64, 16, 4, 64, 2_000


@keras.saving.register_keras_serializable("dcgan_guidelines")
class UniformGAN(gankit.GAN):
    """A GAN whose latents are uniform on [-1, 1]."""

    def sample_latents(self, n, seed):
        return keras.random.uniform((n, self.latent_dim), -1, 1, seed=seed)


class Builder:
    """Builds both networks, with or without a guideline.

    Args:
        pooling: whether maps are resampled by max pooling and by nearest-neighbor enlargement,
            except next to the image. The amount of arithmetic stays the same.
        dense: units of a hidden dense layer in each network; 0: none.
        batch_norm: whether to normalize.
        slope: of LeakyReLU in the discriminator.
        spread: standard deviation of the initial weights.
    """

    def __init__(self, pooling=False, dense=0, batch_norm=True, slope=0.2, spread=0.02):
        self.pooling, self.dense, self.batch_norm = pooling, dense, batch_norm
        self.slope, self.spread = slope, spread

    def weights(self, normalized=True):
        normal = keras.initializers.RandomNormal(0.0, self.spread)
        return {"kernel_initializer": normal, "use_bias": not (normalized and self.batch_norm)}

    def after(self, activation):
        if not self.batch_norm:
            return [activation]
        gain = keras.initializers.RandomNormal(1.0, 0.02)
        return [BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=gain), activation]

    def larger(self, maps):
        same = {"padding": "same", **self.weights()}
        if self.pooling:
            return [layers.Conv2D(maps, KERNEL, **same), layers.UpSampling2D(2)]
        return [layers.Conv2DTranspose(maps, KERNEL, 2, **same)]

    def smaller(self, maps):
        same = {"padding": "same", **self.weights()}
        if self.pooling:
            return [layers.MaxPooling2D(2), layers.Conv2D(maps, KERNEL, **same)]
        return [layers.Conv2D(maps, KERNEL, 2, **same)]

    def generator(self):
        net = [keras.Input((LATENT_DIM,))]
        if self.dense:
            net += [layers.Dense(self.dense, **self.weights()), *self.after(layers.ReLU())]
        net += [layers.Dense(4 * 4 * 4 * WIDTH, **self.weights())]
        net += [layers.Reshape((4, 4, 4 * WIDTH)), *self.after(layers.ReLU())]
        for maps in (2 * WIDTH, WIDTH):
            net += [*self.larger(maps), *self.after(layers.ReLU())]
        last = {"padding": "same", "activation": "tanh", **self.weights(normalized=False)}
        return keras.Sequential([*net, layers.Conv2DTranspose(1, KERNEL, 2, **last)])

    def discriminator(self):
        first = {"padding": "same", **self.weights(normalized=False)}
        net = [keras.Input((32, 32, 1)), layers.Conv2D(WIDTH, KERNEL, 2, **first)]
        net += [layers.LeakyReLU(self.slope)]
        for maps in (2 * WIDTH, 4 * WIDTH):
            net += [*self.smaller(maps), *self.after(layers.LeakyReLU(self.slope))]
        net += [layers.Flatten()]
        if self.dense:
            hidden = self.after(layers.LeakyReLU(self.slope))
            net += [layers.Dense(self.dense, **self.weights()), *hidden]
        return keras.Sequential([*net, layers.Dense(1, **self.weights(normalized=False))])


def inner(images):
    """Take off the border that makes 32 pixels of 28."""
    return images[:, 2:-2, 2:-2]


def score(images, real, change, rate, seed, epochs, run):
    """Train one pair of networks and return how far its samples are from the real images."""
    keras.utils.set_random_seed(seed)
    change = dict(change)
    beta_1 = change.pop("beta_1", 0.5)
    build = Builder(**change)
    gan = UniformGAN(build.generator(), build.discriminator(), LATENT_DIM, seed=seed)
    adams = [keras.optimizers.Adam(rate, beta_1=beta_1) for _ in range(2)]
    options = {"generator_optimizer": adams[0], "discriminator_optimizer": adams[1]}
    gan.compile(averaging=Averaging(), **options)
    backup = [BackupAndRestore(run)]
    gan.fit(images, batch_size=BATCH, epochs=epochs, verbose=2, callbacks=backup)
    classifier = metrics.digit_classifier()
    samples = inner(gan.generate(SAMPLES, seed=1))
    classes = classifier.probabilities(samples).argmax(axis=1)
    return {
        "frechet": round(metrics.frechet_distance(real, classifier.features(samples)), 1),
        "largest_class": round(float(np.bincount(classes, minlength=10).max() / SAMPLES), 3),
    }


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=3, help="passes over the 12,000 glyphs")
    parser.add_argument("--seeds", type=int, default=3)
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_options(arguments)
    images, _ = datasets.load("glyphs")
    images = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)], constant_values=-1)
    test, _ = datasets.load("glyphs", "test")
    real = metrics.digit_classifier().features(test)
    folder = RUN / f"{options.epochs}_epochs"
    folder.mkdir(parents=True, exist_ok=True)
    runs = {label: {name: [] for name in ARMS} for label in RATES}
    cases = [(s, label, name) for s in range(options.seeds) for label in RATES for name in ARMS]
    for seed, label, name in cases:
        slug = f"{list(ARMS).index(name)}_{RATES[label]:g}_{seed}"
        done = folder / f"{slug}.json"
        if not done.exists():
            found = score(
                images, real, ARMS[name], RATES[label], seed, options.epochs, folder / slug
            )
            with atomic_write(done) as temporary:
                temporary.write_text(json.dumps(found), encoding="utf-8")
            keras.backend.clear_session()
        runs[label][name].append(json.loads(done.read_text(encoding="utf-8")))
        print(f"{label}, {name}, seed {seed}: {runs[label][name][-1]}", flush=True)

    result = {
        "data": "glyphs with a border of 2 pixels: 12,000 training images; "
        "2,000 samples, test images",
        "seeds": list(range(options.seeds)),
    }
    for measure in ("frechet", "largest_class"):
        result[measure] = {
            label: {name: [run[measure] for run in found] for name, found in arms.items()}
            for label, arms in runs.items()
        }
    result["settings"] = {
        "epochs": options.epochs,
        "width": WIDTH,
        "latent_dim": LATENT_DIM,
        "batch_size": BATCH,
        "optimizers": f"Adam, beta_1 0.5, learning rates {RATES}",
        "averaging": "half-life of 10,000 images",
        "backend": keras.config.backend(),
    }
    with atomic_write(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["frechet"], indent=2))


if __name__ == "__main__":
    main()
