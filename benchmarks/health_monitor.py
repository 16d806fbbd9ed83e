"""What `HealthMonitor` finds in games that are known to be well, and in games known to be broken.

    python benchmarks/health_monitor.py [--seeds 3]

Every game is trained for each seed. Each run's findings are kept as soon as they are known, and a
benchmark that was killed is taken up where it stopped. The result goes to
`benchmarks/results/health_monitor.json`, when all runs are done.
"""

import argparse
import contextlib
import dataclasses
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

import gankit
from gankit import datasets, penalties
from gankit.callbacks import HealthMonitor, HealthWarning
from gankit.models import minimax
from gankit.models.dcgan import DCGAN
from gankit.saving import atomic_write

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "health_monitor.json"
FOLDER = HERE / "runs" / "health_monitor"
EVERY = 100


@dataclasses.dataclass(frozen=True)
class Game:
    """A game to train, and what is known of it.

    Attributes:
        make: from a seed to a compiled GAN.
        data: function that returns the examples.
        batch_size: examples per step.
        steps: how many.
        must: what has to be found.
        may: what can be found besides, as a consequence.
    """

    make: Callable
    data: Callable
    batch_size: int
    steps: int
    must: tuple = ()
    may: tuple = ()


def adam(rate, beta_2=0.999):
    return keras.optimizers.Adam(rate, beta_1=0.5, beta_2=beta_2)


def points(
    loss, generator_optimizer, discriminator_optimizer, dimensions=2, latent_dim=2, **options
):
    """A maker of games for points: two layers of 128 units in each network."""

    def make(seed):
        keras.utils.set_random_seed(seed)
        game = minimax.points_gan(dimensions, latent_dim, seed=seed)
        game.compile(loss, generator_optimizer(), discriminator_optimizer(), **options)
        return game

    return make


def linear(loss, rate):
    """The smallest game: a line of slope and offset in each network."""

    def make(seed):
        keras.utils.set_random_seed(seed)
        networks = [
            keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)], name=name)
            for name in ("generator", "discriminator")
        ]
        game = gankit.GAN(*networks, latent_dim=1, data_range=None, seed=seed)
        game.compile(loss, keras.optimizers.SGD(rate), keras.optimizers.SGD(rate))
        return game

    return make


def digits_mlp(generator_rate, discriminator_rate, loss="non_saturating"):
    """A game for 8x8 digits: two layers of 128 units in each network."""

    def make(seed):
        keras.utils.set_random_seed(seed)
        layers = keras.layers
        hidden = [layers.Dense(128, "leaky_relu") for _ in range(4)]
        generator = keras.Sequential(
            [keras.Input((16,)), *hidden[:2], layers.Dense(64, "tanh"), layers.Reshape((8, 8, 1))]
        )
        discriminator = keras.Sequential(
            [keras.Input((8, 8, 1)), layers.Flatten(), *hidden[2:], layers.Dense(1)]
        )
        game = gankit.GAN(generator, discriminator, latent_dim=16, seed=seed)
        game.compile(loss, adam(generator_rate), adam(discriminator_rate))
        return game

    return make


def wgan_gp(seed):
    optimizers = [lambda: adam(5e-4, beta_2=0.9)] * 2
    penalty = penalties.GradientPenalty(0.1)
    return points("wasserstein", *optimizers, discriminator_steps=5, penalties=[penalty])(seed)


def dcgan(seed):
    game = DCGAN((28, 28, 1), latent_dim=32, width=16, seed=seed)
    game.compile(generator_optimizer=adam(8e-4), discriminator_optimizer=adam(8e-4))
    return game


def ring():
    return minimax.ring(12_800, seed=0)


def far_ring():
    return ring() + 6


def ring_for_critics():
    return np.repeat(ring() / np.float32(np.sqrt(2)), 5, axis=0)


def line():
    rng = np.random.default_rng(0)
    both = np.append(rng.normal(-1.2, 0.5, 6_000), rng.normal(1.4, 0.35, 4_000))
    return both.astype("float32")[:, None]


def bump():
    return np.random.default_rng(0).normal(2, 0.1, (6_400, 1)).astype("float32")


def digits():
    return datasets.load("digits")[0]


def glyphs():
    return datasets.load("glyphs")[0]


def fast(rate=1e-3):
    return lambda: adam(rate)


def sgd(rate, momentum=0.0):
    return lambda: keras.optimizers.SGD(rate, momentum)


NS = "non_saturating"
GAMES = {
    "ring, non-saturating": Game(points(NS, fast(), fast()), ring, 256, 3_000),
    "ring, hinge": Game(points("hinge", fast(), fast()), ring, 256, 3_000),
    "ring, least squares": Game(points("least_squares", fast(), fast()), ring, 256, 3_000),
    "ring, WGAN-GP": Game(wgan_gp, ring_for_critics, 1_280, 1_500),
    "line, non-saturating": Game(points(NS, fast(), fast(3e-3), 1, 1), line, 500, 2_000),
    "digits, MLP": Game(digits_mlp(1e-3, 1e-3), digits, 64, 3_000),
    "digits, MLP, slow": Game(digits_mlp(2e-4, 2e-4), digits, 64, 3_000),
    "glyphs, DCGAN": Game(dcgan, glyphs, 64, 900),
    "ring, fast generator, 256 latents": Game(
        points(NS, fast(), fast(1e-4), 2, 256), ring, 256, 3_000, ("collapse",), ("oscillation",)
    ),
    "digits, fast generator": Game(
        digits_mlp(5e-3, 1e-4), digits, 64, 2_000, ("collapse",), ("oscillation",)
    ),
    "digits, fast discriminator": Game(
        digits_mlp(1e-5, 2e-3), digits, 64, 1_500, ("discriminator_won",)
    ),
    "far ring, minimax, slow generator": Game(
        points("minimax", fast(1e-5), fast()),
        far_ring,
        256,
        1_500,
        ("vanishing_gradient",),
        ("discriminator_won",),
    ),
    "bump, linear, Wasserstein": Game(
        linear("wasserstein", 0.02), bump, 64, 2_000, ("oscillation",)
    ),
    "ring, Wasserstein without a bound": Game(
        points("wasserstein", fast(), fast()), ring, 256, 3_000, ("oscillation",), ("collapse",)
    ),
    "ring, Wasserstein, tenfold rate": Game(
        points("wasserstein", fast(1e-2), fast(1e-2)),
        ring,
        256,
        1_500,
        ("exploding_gradient",),
        ("collapse", "oscillation"),
    ),
    "ring, SGD with momentum": Game(
        points(NS, sgd(0.5, 0.9), sgd(0.5, 0.9)), ring, 256, 500, ("nan",), ("exploding_gradient",)
    ),
}


def train(game, seed):
    """What one run's monitor found: kinds, and the steps at which they were named."""
    gan, data = game.make(seed), game.data()
    per_epoch = len(data) // game.batch_size
    monitor = HealthMonitor(data, every=EVERY)
    # A loss that becomes NaN ends training with an error, after the monitor has named it.
    with warnings.catch_warnings(), contextlib.suppress(FloatingPointError):
        warnings.simplefilter("ignore", HealthWarning)
        gan.fit(
            data[: per_epoch * game.batch_size],
            batch_size=game.batch_size,
            epochs=-(-game.steps // per_epoch),
            verbose=0,
            callbacks=[monitor],
        )
    snapshots = [dataclasses.asdict(s) | {"center": s.center.tolist()} for s in monitor.snapshots]
    return {"findings": {f.kind: f.step for f in monitor.findings}, "snapshots": snapshots}


def is_right(game, findings):
    """Whether all that must be found was, and nothing else but what may be."""
    return set(game.must) <= set(findings) <= {*game.must, *game.may}


def kept(name, game, seed):
    """The findings of a run, from its file where it was trained before."""
    slug = "".join(letter if letter.isalnum() else "_" for letter in name)
    done = FOLDER / f"{slug}_{seed}.json"
    if not done.exists():
        found = train(game, seed)
        with atomic_write(done) as temporary:
            temporary.write_text(json.dumps(found), encoding="utf-8")
    findings = json.loads(done.read_text(encoding="utf-8"))["findings"]
    print(f"{name}, seed {seed}: {findings}, {is_right(game, findings)}", flush=True)
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    seeds = range(options.seeds)
    found = {name: [] for name in GAMES}
    for seed in seeds:
        for name, game in GAMES.items():
            found[name].append(kept(name, game, seed))
    result = {
        "about": "kinds found, with the step at which each was named; one entry for each seed",
        "bounds": "chosen by looking at runs of seed 0; the other seeds are a check on them",
        "seeds": list(seeds),
        "every": EVERY,
        "backend": keras.config.backend(),
        "games": {
            name: {
                "steps": game.steps,
                "must": game.must,
                "may": game.may,
                "found": found[name],
                "right": [is_right(game, findings) for findings in found[name]],
            }
            for name, game in GAMES.items()
        },
    }
    with atomic_write(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
