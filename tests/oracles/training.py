"""What the training step does, against steps written in NumPy in double precision."""

import keras
import numpy as np
from keras import layers, ops
from scipy.special import expit

import gankit
from gankit.averaging import AveragedNetworks, Averaging
from gankit.game import ReplicaRandom
from gankit.historical import HistoricalAveragingGAN
from gankit.noise import InstanceNoise
from gankit.simultaneous import SimultaneousGAN
from oracles.part import Part

RNG = np.random.default_rng(0)
RATE = 10.0  # steps so long that rounding the weights is nothing beside them
LATENTS, POINTS = RNG.normal(size=(24, 3)), RNG.normal(1.0, 2.0, size=(24, 2))


def numbers(variables):
    return [ops.convert_to_numpy(ops.convert_to_tensor(v)).astype("float64") for v in variables]


def deviation(got, expected) -> float:
    """The largest difference in any array, in units of its largest expected value."""
    pairs = zip(got, expected, strict=True)
    return max(float(np.abs(g - e).max() / np.abs(e).max()) for g, e in pairs)


# ------------------------------------------------------------------------- averaged weights


def averaged(averaging, weight_of_step) -> float:
    """Unequal batches; the oracle is the sum of all weights, each times its share."""
    batches, values = [8, 8, 5, 16, 8, 3], RNG.normal(size=(6, 3))
    network = keras.Sequential([keras.Input((3,)), layers.Dense(1, use_bias=False)])
    average = AveragedNetworks([network], averaging)
    shares, seen = np.zeros(0), 0
    for images, value in zip(batches, values, strict=True):
        network.set_weights([value[:, None]])
        average.update([network], images)
        newest = weight_of_step(seen, images)
        shares, seen = np.append(shares * (1 - newest), newest), seen + images
    return deviation(numbers(average.networks[0].weights), [(shares @ values)[:, None]])


def closed_form() -> float:
    """Without a ramp-up the shares are known at once: $2^{-age/h}$, made to sum to one."""
    batches, values = np.array([8, 8, 5, 16, 8, 3]), RNG.normal(size=(6, 3))
    network = keras.Sequential([keras.Input((3,)), layers.Dense(1, use_bias=False)])
    average = AveragedNetworks([network], Averaging(half_life=10, ramp_up=None))
    for images, value in zip(batches, values, strict=True):
        network.set_weights([value[:, None]])
        average.update([network], int(images))
    ages = batches.sum() - np.cumsum(batches)
    shares = (1 - 2.0 ** (-batches / 10)) * 2.0 ** (-ages / 10)
    expected = (shares / shares.sum()) @ values
    return deviation(numbers(average.networks[0].weights), [expected[:, None]])


def ramped_up(seen, images):
    return 1 - 2 ** (-images / min(10, 0.5 * seen)) if seen else 1.0


def averaging_error() -> float:
    return max(closed_form(), averaged(Averaging(half_life=10, ramp_up=0.5), ramped_up))


# --------------------------------------------------------------------- historical averaging


class Scalar(keras.layers.Layer):
    """One weight, and a function of it and the input."""

    def __init__(self, start, function):
        super().__init__()
        self.function = function
        self.value = self.add_weight(shape=(), initializer=keras.initializers.Constant(start))

    def call(self, inputs):
        return self.function(inputs, ops.convert_to_tensor(self.value))


class Value(gankit.losses.AdversarialLoss):
    """The generator minimizes the critic's output, which the discriminator maximizes."""

    def discriminator(self, real_logits, fake_logits):
        return -ops.mean(fake_logits)

    def generator(self, fake_logits, real_logits=None):
        return ops.mean(fake_logits)


class DrawnAtOnce(SimultaneousGAN, HistoricalAveragingGAN):
    """Both players move at once, each drawn to its past: the paper's toy game."""


def toy_game(strength, steps):
    """min over x, max over y of (f(x) - 1)(y - 1), with f(x) = x below 0 and x² above."""
    generator = keras.Sequential(
        [keras.Input((1,)), Scalar(-1.0, lambda z, x: 0 * z + ops.where(x < 0, x, x * x))]
    )
    discriminator = keras.Sequential(
        [keras.Input((1,)), Scalar(2.0, lambda f, y: (f - 1) * (y - 1))]
    )
    gan = DrawnAtOnce(generator, discriminator, 1, strength, strength, data_range=None, seed=0)
    gan.compile(
        loss=Value(),
        generator_optimizer=keras.optimizers.SGD(0.02),
        discriminator_optimizer=keras.optimizers.SGD(0.02),
    )
    gan.fit(np.zeros((steps, 1), "float32"), batch_size=1, verbose=0)
    return np.array(numbers(gan.trainable_variables))


def toy_formula(strength, steps):
    at = np.array([-1.0, 2.0])
    past = at.copy()
    for step in range(1, steps + 1):
        (x, y), pull = at, 2 * strength * (at - past / step)
        f, slope = (x, 1.0) if x < 0 else (x * x, 2 * x)
        at = at - 0.02 * (np.array([slope * (y - 1), 1 - f]) + pull)
        past = past + at
    return at


def historical_error() -> float:
    return deviation([toy_game(0.5, 150)], [toy_formula(0.5, 150)])


# ------------------------------------------ both at once; gradient accumulation and clipping


class Linear(SimultaneousGAN):
    """G(z) = zA + b and s(x) = xw + c, with latents that are known: every gradient is too."""

    def sample_latents(self, n, seed):
        latents = np.concatenate([LATENTS, LATENTS]).astype("float32")
        return ops.convert_to_tensor(latents)[:n]


def linear_gan(loss="non_saturating", **options):
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    discriminator = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    gan = Linear(generator, discriminator, latent_dim=3, data_range=None, seed=0)
    sgd = keras.optimizers.SGD(RATE, **options)
    gan.compile(
        loss=loss,
        generator_optimizer=sgd,
        discriminator_optimizer=keras.optimizers.SGD.from_config(sgd.get_config()),
    )
    return gan


def signs(loss, real, fake):
    """Derivatives of the losses: of the discriminator's by both logits, of the generator's."""
    if loss == "hinge":
        return -1.0 * (real < 1.0), 1.0 * (fake > -1.0), -np.ones_like(fake)
    return -expit(-real), expit(fake), -expit(-fake)


def simultaneous(weights, real, loss="non_saturating", limit=np.inf):
    """A step of gradient descent of both players at once; each gradient at most `limit` long."""
    a, b, w, c = weights
    latents = np.concatenate([LATENTS, LATENTS])[: len(real)]
    fake = latents @ a + b
    parts = signs(loss, real @ w + c, fake @ w + c)
    on_real, on_fake, of_generator = (part / len(real) for part in parts)
    on_sample = of_generator @ w.T
    gradients = (
        latents.T @ on_sample,
        on_sample.sum(0),
        real.T @ on_real + fake.T @ on_fake,
        on_real.sum(0) + on_fake.sum(0),
    )
    short = (g * min(1.0, limit / np.linalg.norm(g)) for g in gradients)
    return [weight - RATE * g for weight, g in zip(weights, short, strict=True)]


def step_error(loss, batches, **options) -> float:
    gan = linear_gan(loss, **options)
    start = numbers(gan.trainable_variables)
    # Some logits beyond the margin of the hinge loss, on both sides.
    start[2] = 3.0 * start[2]
    gan.discriminator.set_weights(start[2:])
    points = np.concatenate([POINTS] if batches == 1 else [POINTS, -POINTS])
    gan.fit(points.astype("float32"), batch_size=24, shuffle=False, verbose=0)
    expected = simultaneous(start, points, loss, limit=options.get("clipnorm", np.inf))
    got = numbers(gan.trainable_variables)
    moves = [[new - old for new, old in zip(to, start, strict=True)] for to in (got, expected)]
    return deviation(*moves)


def simultaneous_error() -> float:
    return max(step_error(loss, 1) for loss in ("non_saturating", "hinge"))


def optimizers_error() -> float:
    return step_error("non_saturating", 2, gradient_accumulation_steps=2, clipnorm=0.1)


# ------------------------------------------------------------------------- instance noise


class Ones(ReplicaRandom):
    def normal(self, like):
        return ops.ones_like(like)


def noise_error() -> float:
    noise, steps = InstanceNoise(std=0.3, steps=40), [0, 1, 10, 39, 40, 41]
    got = [numbers([noise(np.zeros((2, 3), "float32"), Ones(None), step)])[0] for step in steps]
    expected = [np.full((2, 3), 0.3 * max(0.0, 1 - step / 40)) for step in steps]
    return float(np.abs(np.array(got) - expected).max())


PARTS = [
    Part(
        "averaging.Averaging",
        """import gankit
from gankit.models.dcgan import DCGAN
gan = DCGAN((16, 16, 1), latent_dim=4, width=2)
gan.compile(averaging=gankit.averaging.Averaging(half_life=10_000))
images = gan.generate(4, averaged=True)""",
        "the weights of every step, each times its share, NumPy",
        averaging_error,
        1e-5,
    ),
    Part(
        "historical.HistoricalAveragingGAN",
        """from gankit.historical import HistoricalAveragingGAN
from gankit.models import dcgan
networks = dcgan.build_generator((16, 16, 1), 4, 2), dcgan.build_discriminator((16, 16, 1), 2)
gan = HistoricalAveragingGAN(*networks, 4, generator_strength=0.1, discriminator_strength=0.1)
gan.compile()""",
        "150 steps of the paper's toy game, NumPy",
        historical_error,
        1e-5,
    ),
    Part(
        "noise.InstanceNoise",
        """from gankit.models.dcgan import DCGAN
from gankit.noise import InstanceNoise
class NoisyDCGAN(DCGAN):
    def judge(self, images, noise=InstanceNoise(std=0.1, steps=10_000)):
        return super().judge(noise(images, self.draws, self.discriminator_optimizer.iterations))""",
        "the line that the deviation follows, NumPy",
        noise_error,
        1e-6,
    ),
    Part(
        "simultaneous.SimultaneousGAN",
        """from gankit.models.dcgan import DCGAN
from gankit.simultaneous import SimultaneousGAN
class OnePassDCGAN(SimultaneousGAN, DCGAN):
    "Both players move at once, from one forward pass."
OnePassDCGAN((16, 16, 1), latent_dim=4, width=2).compile(loss="hinge")""",
        "both players' gradients derived by hand at the same weights, NumPy",
        simultaneous_error,
        1e-5,
    ),
    Part(
        "GAN.compile",
        """import keras
from gankit.models.dcgan import DCGAN
gan = DCGAN((16, 16, 1), latent_dim=4, width=2)
patient = keras.optimizers.Adam(2e-4, gradient_accumulation_steps=4, clipnorm=1.0)
gan.compile(discriminator_optimizer=patient)""",
        "two accumulated batches, clipped: one step on both together, NumPy",
        optimizers_error,
        1e-5,
    ),
]
