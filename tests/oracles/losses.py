"""Losses against SciPy, NumPy in double precision and finite differences."""

import keras
import numpy as np
from scipy.special import log_expit, log_softmax, logsumexp

from gankit import autodiff, losses
from oracles.part import Part

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(0.5, 2.0, (32, 1)), RNG.normal(-0.5, 2.0, (32, 1))
CLASS_LOGITS, OTHER_LOGITS = RNG.normal(0.0, 3.0, (2, 16, 5))
LABELS = RNG.integers(0, 5, 16)
IMAGES, OTHER_IMAGES = RNG.uniform(-1.0, 1.0, (2, 3, 6, 6, 2))


def deviation(got, expected) -> float:
    """The largest difference, in units of the largest expected value."""
    got, expected = np.asarray(keras.ops.convert_to_numpy(got), "float64"), np.asarray(expected)
    return float(np.abs(got - expected).max() / np.abs(expected).max())


def numerical_gradient(function, at, step=1e-5):
    """Central differences of a scalar function in double precision."""
    gradient = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        ahead, behind = at.copy(), at.copy()
        ahead[index] += step
        behind[index] -= step
        gradient[index] = (function(ahead) - function(behind)) / (2 * step)
    return gradient


def error(loss, formula, at):
    """Of the value, and of the gradient with respect to the one argument of both functions."""
    variable = keras.Variable(at, dtype="float32")
    value, (gradient,) = autodiff.value_and_gradients(
        lambda: (objective := loss(variable), objective), [variable]
    )
    return max(deviation(value, formula(at)), deviation(gradient, numerical_gradient(formula, at)))


def single(array):
    return array.astype("float32")


def adversarial(name, discriminator, generator):
    """Both losses of a pair, each with its gradient with respect to the generated logits."""
    loss = losses.get(name)
    return max(
        error(
            lambda f: loss.discriminator(single(REAL), f), lambda f: discriminator(REAL, f), FAKE
        ),
        error(lambda f: loss.generator(f, single(REAL)), lambda f: generator(f, REAL), FAKE),
    )


def cross_entropies(real, fake):
    return -log_expit(real).mean() - log_expit(-fake).mean()


PAIRS = {
    "Minimax": (cross_entropies, lambda f, r: log_expit(-f).mean()),
    "NonSaturating": (cross_entropies, lambda f, r: -log_expit(f).mean()),
    "LeastSquares": (
        lambda r, f: 0.5 * np.mean((r - 1) ** 2) + 0.5 * np.mean(f**2),
        lambda f, r: 0.5 * np.mean((f - 1) ** 2),
    ),
    "Wasserstein": (lambda r, f: f.mean() - r.mean(), lambda f, r: -f.mean()),
    "Hinge": (
        lambda r, f: np.mean(np.maximum(0, 1 - r)) + np.mean(np.maximum(0, 1 + f)),
        lambda f, r: -f.mean(),
    ),
    "Relativistic": (
        lambda r, f: -log_expit(r - f).mean(),
        lambda f, r: -log_expit(f - r).mean(),
    ),
    "RelativisticAverage": (
        lambda r, f: -log_expit(r - f.mean()).mean() - log_expit(r.mean() - f).mean(),
        lambda f, r: -log_expit(f - r.mean()).mean() - log_expit(f.mean() - r).mean(),
    ),
}
NAMES = dict(zip(PAIRS, losses.names(), strict=True))


def adversarial_part(class_name):
    name = NAMES[class_name]
    return Part(
        name=f"losses.{class_name}",
        use=f"""
import gankit
loss = gankit.losses.get("{name}")  # or GAN.compile(loss="{name}")
real_logits, fake_logits = [[2.0], [0.5]], [[-1.0], [0.0]]
loss.discriminator(real_logits, fake_logits)
loss.generator(fake_logits, real_logits)
""",
        oracle="the formula with SciPy in double precision; gradients by finite differences",
        error=lambda: adversarial(name, *PAIRS[class_name]),
        tolerance=1e-5,
    )


# ------------------------------------------------------------------------------ the other losses


def explicit_k_plus_one(unlabeled, fake):
    """The loss by a softmax of K + 1 classes, the last of which has the logit 0."""

    def log_probabilities(logits):
        return log_softmax(np.pad(logits, ((0, 0), (0, 1))), axis=-1)

    on_real = logsumexp(log_probabilities(unlabeled)[:, :-1], axis=-1)
    on_fake = log_probabilities(fake)[:, -1]
    return -0.5 * on_real.mean() - 0.5 * on_fake.mean()


def error_of_logit():
    """D as the probability of the first K of K + 1 classes."""
    padded = log_softmax(np.pad(CLASS_LOGITS, ((0, 0), (0, 1))), axis=-1)
    d = keras.ops.sigmoid(losses.logit_of_real(single(CLASS_LOGITS)))
    return deviation(d[:, 0], np.exp(padded[:, :-1]).sum(axis=-1))


def error_of_matching():
    def formula(fake):
        return np.mean((CLASS_LOGITS.mean(axis=0) - fake.mean(axis=0)) ** 2)

    return error(lambda f: losses.feature_matching(single(CLASS_LOGITS), f), formula, OTHER_LOGITS)


def error_of_cycle():
    """Two affine maps that do not undo each other."""

    def formula(x):
        there_and_back = np.abs(0.4 * (2.0 * x - 1.0) + 0.3 - x).mean()
        return there_and_back + np.abs(2.0 * (0.4 * IMAGES + 0.3) - 1.0 - IMAGES).mean()

    return error(
        lambda x: losses.cycle_consistency(
            x, single(IMAGES), lambda t: 2.0 * t - 1.0, lambda t: 0.4 * t + 0.3
        ),
        formula,
        OTHER_IMAGES,
    )


def error_of_perceptual():
    """Two layers of 1 x 1 convolutions, which are matrix products."""
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 3)), rng.normal(size=(3, 4))
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(3, 1, activation="tanh", use_bias=False, name="a"),
            layers.Conv2D(4, 1, use_bias=False, name="b"),
        ]
    )
    network.set_weights([single(first)[None, None], single(second)[None, None]])
    loss = losses.PerceptualLoss(network, ["a", "b"], weights=[2.0, 0.5])

    def maps(images):
        return np.tanh(images @ first), np.tanh(images @ first) @ second

    def formula(images):
        (a, b), (c, d) = maps(IMAGES), maps(images)
        return 2.0 * np.mean((a - c) ** 2) + 0.5 * np.mean((b - d) ** 2)

    return error(lambda images: loss(single(IMAGES), images), formula, OTHER_IMAGES)


OTHERS = [
    Part(
        name="losses.class_cross_entropy",
        use="""
import gankit
class_logits = [[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]]  # the second output of a discriminator
gankit.losses.class_cross_entropy(class_logits, [0, 2])
""",
        oracle="`scipy.special.log_softmax`; gradients by finite differences",
        error=lambda: error(
            lambda s: losses.class_cross_entropy(s, LABELS),
            lambda s: -log_softmax(s, axis=-1)[np.arange(16), LABELS].mean(),
            CLASS_LOGITS,
        ),
        tolerance=1e-5,
    ),
    Part(
        name="losses.logit_of_real",
        use="""
import keras, gankit
class_logits = [[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]]
probability_of_real = keras.ops.sigmoid(gankit.losses.logit_of_real(class_logits))
""",
        oracle="an explicit softmax of K + 1 classes, with SciPy",
        error=error_of_logit,
        tolerance=1e-5,
    ),
    Part(
        name="losses.k_plus_one_unsupervised",
        use="""
import numpy as np, gankit
labeled, unlabeled, fake = np.random.default_rng(0).normal(size=(3, 8, 10)).astype("float32")
supervised = gankit.losses.class_cross_entropy(labeled, labels=[0, 1, 2, 3, 4, 5, 6, 7])
loss = supervised + gankit.losses.k_plus_one_unsupervised(unlabeled, fake)
""",
        oracle="an explicit softmax of K + 1 classes, with SciPy; gradients by finite differences",
        error=lambda: max(
            error(
                lambda s: losses.k_plus_one_unsupervised(s, single(OTHER_LOGITS)),
                lambda s: explicit_k_plus_one(s, OTHER_LOGITS),
                CLASS_LOGITS,
            ),
            error(
                lambda s: losses.k_plus_one_unsupervised(single(CLASS_LOGITS), s),
                lambda s: explicit_k_plus_one(CLASS_LOGITS, s),
                OTHER_LOGITS,
            ),
        ),
        tolerance=1e-5,
    ),
    Part(
        name="losses.feature_matching",
        use="""
import numpy as np, gankit
real_features, fake_features = np.random.default_rng(0).normal(size=(2, 8, 250)).astype("float32")
gankit.losses.feature_matching(real_features, fake_features)
""",
        oracle="the formula with NumPy in double precision; gradients by finite differences",
        error=error_of_matching,
        tolerance=1e-5,
    ),
    Part(
        name="losses.l1",
        use="""
import numpy as np, gankit
target, prediction = np.random.default_rng(0).normal(size=(2, 4, 8, 8, 3)).astype("float32")
gankit.losses.l1(target, prediction)
""",
        oracle="the formula with NumPy in double precision; gradients by finite differences",
        error=lambda: error(
            lambda p: losses.l1(single(IMAGES), p),
            lambda p: np.abs(IMAGES - p).mean(),
            OTHER_IMAGES,
        ),
        tolerance=1e-5,
    ),
    Part(
        name="losses.charbonnier",
        use="""
import numpy as np, gankit
target, prediction = np.random.default_rng(0).normal(size=(2, 4, 8, 8, 3)).astype("float32")
gankit.losses.charbonnier(target, prediction, epsilon=1e-3)
""",
        oracle="the formula with NumPy in double precision; gradients by finite differences",
        error=lambda: error(
            lambda p: losses.charbonnier(single(IMAGES), p, epsilon=0.1),
            lambda p: np.hypot(IMAGES - p, 0.1).mean(),
            OTHER_IMAGES,
        ),
        tolerance=1e-5,
    ),
    Part(
        name="losses.cycle_consistency",
        use="""
import keras, numpy as np, gankit
x, y = np.random.default_rng(0).normal(size=(2, 4, 8, 8, 3)).astype("float32")
to_y, to_x = (keras.layers.Conv2D(3, 3, padding="same") for _ in range(2))
gankit.losses.cycle_consistency(x, y, to_y, to_x)
""",
        oracle="two affine maps in double precision; gradients by finite differences",
        error=error_of_cycle,
        tolerance=1e-5,
    ),
    Part(
        name="losses.PerceptualLoss",
        use="""
import keras, numpy as np, gankit
network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="edges")])
loss = gankit.losses.PerceptualLoss(network, layers=["edges"])
target, prediction = np.random.default_rng(0).normal(size=(2, 4, 8, 8, 3)).astype("float32")
loss(target, prediction)
""",
        oracle="a network of matrix products in double precision; gradients by finite differences",
        error=error_of_perceptual,
        tolerance=1e-5,
    ),
]

PARTS = [*(adversarial_part(name) for name in PAIRS), *OTHERS]
