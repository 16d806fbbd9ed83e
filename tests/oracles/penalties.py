"""Penalties against NumPy in double precision and finite differences of it."""

import keras
import numpy as np
from keras import ops

from gankit import autodiff, penalties
from oracles.losses import deviation, numerical_gradient, single
from oracles.part import Part

RNG = np.random.default_rng(2)
REAL, FAKE, NOISE = RNG.normal(size=(3, 6, 3))
ALPHA = RNG.uniform(size=(6, 1))
# The weights of a critic s(x) = tanh(x A + b) c, in one vector: finite differences move each.
WEIGHTS = RNG.normal(size=3 * 4 + 4 + 4)


class Given:
    """Draws that the oracle knows."""

    def uniform(self, like):
        return ops.convert_to_tensor(single(ALPHA))

    def normal(self, like):
        return ops.convert_to_tensor(single(NOISE))


def layers_of(weights, reshape):
    return reshape(weights[:12], (3, 4)), weights[12:16], reshape(weights[16:], (4, 1))


def error(penalty, formula):
    """Of the value, and of the gradient with respect to the critic's weights.

    `formula(logits, slopes)` is given two functions of points: the critic, and the length of its
    gradient.
    """
    variable = keras.Variable(WEIGHTS, dtype="float32")

    def critic(x):
        a, b, c = layers_of(ops.convert_to_tensor(variable), ops.reshape)
        return ops.tanh(x @ a + b) @ c

    def objective():
        value = penalty(critic, single(REAL), single(FAKE), Given(), step=0)
        return value, value

    def in_double(weights):
        a, b, c = layers_of(weights, np.reshape)

        def slopes(x):
            # The chain rule by hand: A diag(1 - tanh²) c.
            return np.linalg.norm(((1 - np.tanh(x @ a + b) ** 2) * c[:, 0]) @ a.T, axis=1)

        return formula(lambda x: np.tanh(x @ a + b) @ c, slopes)

    value, (gradient,) = autodiff.value_and_gradients(objective, [variable])
    return max(
        deviation(value, in_double(WEIGHTS)),
        deviation(gradient, numerical_gradient(in_double, WEIGHTS)),
    )


def between(logits, slopes):
    return slopes(ALPHA * REAL + (1 - ALPHA) * FAKE)


def error_of_gradient_penalty():
    return max(
        error(
            penalties.GradientPenalty(10.0, target=1.0),
            lambda s, g: 10 * np.mean((between(s, g) - 1) ** 2),
        ),
        error(
            penalties.GradientPenalty(10.0, target=2.0, one_sided=True),
            lambda s, g: 10 * np.mean(np.maximum(between(s, g) - 2, 0) ** 2),
        ),
    )


def error_of_dragan():
    return error(
        penalties.DRAGAN(10.0, target=1.0, noise=0.3),
        lambda s, g: 10 * np.mean((g(REAL + 0.3 * NOISE) - 1) ** 2),
    )


def error_of_r1():
    """At a step when it is evaluated, lazy regularization counts n times."""
    return max(
        error(penalties.R1(0.4), lambda s, g: 0.2 * np.mean(g(REAL) ** 2)),
        error(penalties.R1(0.4, every=4), lambda s, g: 0.8 * np.mean(g(REAL) ** 2)),
    )


def error_of_consistency():
    return error(
        penalties.ConsistencyRegularization(10.0, lambda x, draws: 0.5 * x + draws.normal(x)),
        lambda s, g: 10 * np.mean((s(REAL) - s(0.5 * REAL + NOISE)) ** 2),
    )


def error_of_augmentation():
    """Mirror images and shifts by padding and slicing."""
    images = np.random.default_rng(0).normal(size=(5, 16, 24, 2))
    drawn = np.random.default_rng(1).uniform(size=(3, 5))

    class InTurn:
        turn = iter(drawn)

        def uniform(self, like):
            return ops.convert_to_tensor(single(next(self.turn)).reshape(-1, 1, 1, 1))

    got = penalties.shift_and_flip(ops.convert_to_tensor(single(images)), InTurn())
    expected = []
    for image, (down, right, mirror) in zip(images, drawn.T, strict=True):
        top, left = int(down * 5), int(right * 7)
        image = image[:, ::-1] if mirror < 0.5 else image
        padded = np.pad(image, ((2, 2), (3, 3), (0, 0)), mode="reflect")
        expected.append(padded[top : top + 16, left : left + 24])
    return deviation(got, single(np.stack(expected)))


def error_of_clipping():
    weights = keras.Variable(WEIGHTS, dtype="float32")
    penalties.WeightClipping(limit=0.5).after_update([weights])
    return deviation(weights, np.clip(WEIGHTS, -0.5, 0.5))


IN_DOUBLE = "its gradient by hand, NumPy in double precision; finite differences over the weights"


def in_a_gan(penalty):
    """How to use one: on two networks of points in the plane."""
    return f"""
import keras, gankit
networks = [keras.Sequential([keras.Input((2,)), keras.layers.Dense(n)]) for n in (2, 1)]
gan = gankit.GAN(*networks, latent_dim=2, data_range=None)
gan.compile(loss="wasserstein", penalties=[gankit.penalties.{penalty}])
"""


PARTS = [
    Part(
        name="penalties.GradientPenalty",
        use=in_a_gan("GradientPenalty(weight=10.0)"),
        oracle=IN_DOUBLE,
        error=error_of_gradient_penalty,
        tolerance=1e-5,
    ),
    Part(
        name="penalties.DRAGAN",
        use=in_a_gan("DRAGAN(weight=10.0, noise=0.1)"),
        oracle=IN_DOUBLE,
        error=error_of_dragan,
        tolerance=1e-5,
    ),
    Part(
        name="penalties.R1",
        use=in_a_gan("R1(weight=0.1, every=16)"),
        oracle=IN_DOUBLE,
        error=error_of_r1,
        tolerance=1e-5,
    ),
    Part(
        name="penalties.R2",
        use=in_a_gan("R2(weight=0.1, every=16)"),
        oracle=IN_DOUBLE,
        error=lambda: error(penalties.R2(0.4), lambda s, g: 0.2 * np.mean(g(FAKE) ** 2)),
        tolerance=1e-5,
    ),
    Part(
        name="penalties.ConsistencyRegularization",
        use=in_a_gan("ConsistencyRegularization(10.0, augment=lambda x, draws: -x)"),
        oracle="NumPy in double precision; finite differences over the weights",
        error=error_of_consistency,
        tolerance=1e-5,
    ),
    Part(
        name="penalties.shift_and_flip",
        use="""
import keras, gankit
from gankit.game import ReplicaRandom
draws = ReplicaRandom(keras.random.SeedGenerator(0))
augmented = gankit.penalties.shift_and_flip(keras.random.uniform((4, 16, 16, 3)), draws)
""",
        oracle="`numpy.pad` by reflection, and slices",
        error=error_of_augmentation,
        tolerance=1e-7,
    ),
    Part(
        name="penalties.WeightClipping",
        use=in_a_gan("WeightClipping(limit=0.01)"),
        oracle="`numpy.clip`",
        error=error_of_clipping,
        tolerance=1e-7,
    ),
]
