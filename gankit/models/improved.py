r"""Improved techniques: play that converges, smoothed labels, feature matching, few labels.

- Why gradient play circles: `play` on $\min_x \max_y xy$ by five rules, and `radii`, their closed
  forms.
- One-sided label smoothing: `smoothed_discriminator`, the best discriminator on densities, and
  `SmoothedLabels`, the loss that smooths either side.
- `FeatureMatchingGAN`: the generator matches mean features of the discriminator.
- `SemiSupervisedGAN`: a discriminator that is a classifier of K classes and knows a K+1st, with
  `build_generator` and `build_discriminator`, the paper's networks for MNIST; `RootAdam`, their
  optimizer; `draw_labeled`, a few labels of each class.

The other techniques are parts of the toolbox: `gankit.layers.minibatch_discrimination`,
`gankit.layers.virtual_batch_normalization`, `gankit.historical`, `gankit.metrics.inception_score`.

Source: Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen, "Improved Techniques for Training
GANs" (2016), and the authors' released code for what the paper leaves open.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import ArrayLike

from gankit import backend, checks, feed, losses
from gankit.averaging import Averaging
from gankit.game import Game
from gankit.gan import GAN
from gankit.historical import HistoricalAveragingGAN
from gankit.layers.minibatch_discrimination import MinibatchDiscrimination
from gankit.layers.virtual_batch_normalization import ReferenceBatch, VirtualBatchNormalization
from gankit.layers.weight_normalization import WeightNormalization, initialize
from gankit.models import minimax
from gankit.sampling import in_batches

__all__ = [
    "RULES",
    "TECHNIQUES",
    "FeatureMatchingGAN",
    "LogitOfReal",
    "RootAdam",
    "SemiSupervisedGAN",
    "SmoothedLabels",
    "build_discriminator",
    "build_generator",
    "classifier",
    "collapsing_game",
    "draw_labeled",
    "mlp",
    "play",
    "radii",
    "smoothed_discriminator",
]


# ---- the game of two numbers ---------------------------------------------------------------------

RULES = ("simultaneous", "alternating", "averaged", "extragradient", "optimistic")
"""The rules that `play` knows."""


def play(
    rule: str, start: Sequence[float] = (1.0, 0.0), step_size: float = 0.1, steps: int = 100
) -> np.ndarray:
    r"""Play $V(x, y) = xy$, x minimizes and y maximizes, by one of five rules.

    With the field $F(x, y) = (-y, x)$ and $z = (x, y)$:

    | rule | step |
    |---|---|
    | `simultaneous` | $z_{t+1} = z_t + h F(z_t)$ |
    | `alternating` | x moves, then y answers the new x |
    | `averaged` | the mean of all points of alternating play so far |
    | `extragradient` | $z_{t+1} = z_t + h F(z_t + h F(z_t))$: the slope of one step ahead |
    | `optimistic` | $z_{t+1} = z_t + 2 h F(z_t) - h F(z_{t-1})$, with $z_{-1} = z_0$ |

    Args:
        rule: one of `RULES`.
        start: first x and y.
        step_size: $h$, above zero.
        steps: number of steps, at least 1.

    Returns:
        Array of shape `(steps + 1, 2)`: x and y at every step, the start included.

    Raises:
        ValueError: for an unknown rule, and as `gankit.models.minimax.play_xy`.

    Example:

    >>> import numpy as np
    >>> from gankit.models import improved
    >>> for rule in improved.RULES:
    ...     x, y = improved.play(rule, (1.0, 0.0), step_size=0.1, steps=1000)[-1]
    ...     print(f"{rule:13} {np.hypot(x, y):8.4f}")
    simultaneous  144.7728
    alternating     0.9796
    averaged        0.0038
    extragradient   0.0069
    optimistic      0.0063

    Source: Salimans et al. (2016), section 3, for the circles. Extragradient: Korpelevich, "The
    extragradient method for finding saddle points and other problems" (1976). Optimistic:
    Daskalakis et al., "Training GANs with Optimism" (2018).
    """
    _check_rule(rule)
    if rule in ("simultaneous", "alternating", "averaged"):
        path = minimax.play_xy(start, step_size, steps, alternating=rule != "simultaneous")
        if rule == "averaged":
            return np.cumsum(path, axis=0) / np.arange(1, len(path) + 1)[:, None]
        return path

    path = minimax.play_xy(start, step_size, steps)  # checks the arguments; its steps are replaced
    before = path[0]
    for t in range(steps):
        z = path[t]
        if rule == "extragradient":
            path[t + 1] = z + step_size * _field(z + step_size * _field(z))
        else:
            path[t + 1] = z + step_size * (2 * _field(z) - _field(before))
        before = z
    return path


def _field(z: np.ndarray) -> np.ndarray:
    """Down the gradient for x, up for y."""
    return np.array([-z[1], z[0]])


def radii(
    rule: str, start: Sequence[float] = (1.0, 0.0), step_size: float = 0.1, steps: int = 100
) -> np.ndarray:
    r"""Compute how far from the equilibrium `play` is at each step, without playing.

    As complex numbers $z = x + iy$, the field is $F(z) = iz$. So

    | rule | $\lvert z_t \rvert$ |
    |---|---|
    | `simultaneous` | $r_0 (1 + h^2)^{t/2}$: outwards |
    | `extragradient` | $r_0 (1 - h^2 + h^4)^{t/2}$: inwards for $h < 1$ |
    | `optimistic` | $r_0 \lvert (1 + ih) p_t - ih\,p_{t-1} \rvert$: inwards for $h < 1/\sqrt 3$ |
    | `alternating` | $\lvert M^t z_0 \rvert$: an ellipse |
    | `averaged` | $\lvert (I - M)^{-1} (I - M^{t+1}) z_0 \rvert / (t + 1)$: inwards like $1/t$ |

    $$p_t = \frac{\lambda_+^t - \lambda_-^t}{\lambda_+ - \lambda_-}, \quad
      2\lambda_\pm = 1 + 2ih \pm \sqrt{1 - 4h^2}, \qquad
      M = \begin{pmatrix} 1 & -h \\ h & 1 - h^2 \end{pmatrix}, \quad
      M^t = \frac{\sin t\theta}{\sin\theta} M - \frac{\sin (t-1)\theta}{\sin\theta} I, \quad
      2 \sin\tfrac\theta2 = h$$

    Args:
        rule: one of `RULES`.
        start: first x and y.
        step_size: $h$, above zero; below 2 for `alternating` and `averaged`, and not $\frac12$ for
            `optimistic`, where the two roots meet.
        steps: number of steps.

    Returns:
        Array of shape `(steps + 1,)`.

    Raises:
        ValueError: for an unknown rule, or a step size for which the form does not hold.

    Example:

    >>> import numpy as np
    >>> from gankit.models import improved
    >>> path = improved.play("optimistic", (1.0, 0.0), 0.1, 50)
    >>> exact = improved.radii("optimistic", (1.0, 0.0), 0.1, 50)
    >>> bool(np.allclose(np.linalg.norm(path, axis=1), exact, rtol=1e-12))
    True

    Source: derived here; the rate of extragradient and optimistic play on bilinear games agrees
    with Mokhtari et al., "A Unified Analysis of Extra-gradient and Optimistic Gradient Methods"
    (2020).
    """
    _check_rule(rule)
    h, t, z = step_size, np.arange(steps + 1), complex(*start)
    if rule == "simultaneous":
        return abs(z) * (1 + h * h) ** (t / 2)
    if rule == "extragradient":
        return abs(z) * (1 - h * h + h**4) ** (t / 2)
    if rule == "optimistic":
        root = np.sqrt(1 - 4 * h * h + 0j)
        if abs(root) < 1e-6:
            raise ValueError(f"The two roots meet at a step size of 1/2. Received: step_size={h}.")
        plus, minus = (1 + 2j * h + root) / 2, (1 + 2j * h - root) / 2
        p = (plus**t - minus**t) / root
        p_before = (plus ** (t - 1.0) - minus ** (t - 1.0)) / root
        return np.abs(z * ((1 + 1j * h) * p - 1j * h * p_before))

    if not 0 < h < 2:
        raise ValueError(f"Alternating play turns for step sizes in (0, 2). Received: {h}.")
    step, theta = np.array([[1, -h], [h, 1 - h * h]]), 2 * math.asin(h / 2)

    def power(t):
        sines = np.sin(t * theta), np.sin((t - 1) * theta)
        both = [s[:, None, None] * m for s, m in zip(sines, (step, np.eye(2)), strict=True)]
        return (both[0] - both[1]) / math.sin(theta)

    if rule == "alternating":
        return np.linalg.norm(power(t) @ np.asarray(start, float), axis=1)
    sums = np.linalg.inv(np.eye(2) - step) @ (np.eye(2) - power(t + 1))
    return np.linalg.norm(sums @ np.asarray(start, float), axis=1) / (t + 1)


def _check_rule(rule):
    if rule not in RULES:
        raise ValueError(f"`rule` must be one of {', '.join(RULES)}. Received: rule={rule!r}.")


# ---- smoothed labels -----------------------------------------------------------------------------


def smoothed_discriminator(
    p_data: ArrayLike, p_g: ArrayLike, positive: float = 0.9, negative: float = 0.0
) -> np.ndarray:
    r"""Compute the best discriminator where its targets are smoothed.

    It is trained to say $\alpha$ on real examples and $\beta$ on generated ones:

    $$D^*(x) = \frac{\alpha\,p_{data}(x) + \beta\,p_g(x)}{p_{data}(x) + p_g(x)}$$

    With $\beta = 0$ it is the usual one times $\alpha$. With $\beta > 0$ the generator's density
    stands in the numerator: where $p_{data}$ is near 0 and $p_g$ is large, $D^* \approx \beta$,
    whatever the examples are like, and nothing draws them towards the data.

    Args:
        p_data: the data's density at some points, not negative, any shape.
        p_g: the generator's density at the same points.
        positive: $\alpha$, the target for real examples, in (0, 1].
        negative: $\beta$, the target for generated ones, in [0, 1), below `positive`.

    Returns:
        Array of the same shape; nan where both densities are zero.

    Raises:
        ValueError: if a target is out of range, the shapes differ, or a density is negative or
            not finite.

    Example:

    >>> from gankit.models import improved
    >>> improved.smoothed_discriminator([0.3, 0.0], [0.1, 0.5], positive=0.9, negative=0.1)
    array([0.7, 0.1])

    Source: Salimans et al. (2016), section 3.4.
    """
    _check_targets(positive, negative)
    share = minimax.optimal_discriminator(p_data, p_g)
    return positive * share + negative * (1.0 - share)


@keras.saving.register_keras_serializable("gankit")
class SmoothedLabels(losses.NonSaturating):
    r"""The non-saturating game whose discriminator aims at $\alpha$ and $\beta$ instead of 1 and 0.

    $$L_D = E\,[\mathrm{sp}(s_r) - \alpha s_r] + E\,[\mathrm{sp}(s_f) - \beta s_f]$$

    It is here to show what smoothing *both* sides does. For one side, $\beta = 0$, pass
    `gankit.losses.NonSaturating(label_smoothing=1 - alpha)`.

    Args:
        positive: $\alpha$, the target for real examples, in (0, 1].
        negative: $\beta$, the target for generated ones, in [0, 1), below `positive`.

    Raises:
        ValueError: if a target is out of range.

    Example:

    >>> from gankit.models import improved
    >>> loss = improved.SmoothedLabels(0.9, 0.1)
    >>> round(float(loss.discriminator([[0.0]], [[0.0]])), 4)  # log 4 at D = 1/2, as without
    1.3863

    Source: Salimans et al. (2016), section 3.4.
    """

    def __init__(self, positive: float = 0.9, negative: float = 0.0):
        super().__init__()
        self.positive, self.negative = _check_targets(positive, negative)

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        """Cross-entropy with the targets of the two sides."""
        return (
            super().discriminator(real_logits, fake_logits)
            + (1.0 - self.positive) * ops.mean(real_logits)
            - self.negative * ops.mean(fake_logits)
        )

    def get_config(self) -> dict:
        """Arguments that make an equal loss."""
        return {"positive": self.positive, "negative": self.negative}


def _check_targets(positive, negative):
    if not 0.0 <= negative < positive <= 1.0:
        raise ValueError(
            "The targets must hold 0 <= negative < positive <= 1. Received: "
            f"positive={positive!r}, negative={negative!r}."
        )
    return float(positive), float(negative)


# ---- feature matching ----------------------------------------------------------------------------


@keras.saving.register_keras_serializable("gankit")
class FeatureMatchingGAN(GAN):
    r"""A `GAN` whose generator matches the mean features that its discriminator sees.

    $$L_G = \frac1d \left\| E_x f(x) - E_z f(G(z)) \right\|_2^2$$

    $f$ is an inner layer of the discriminator, which plays its usual game.

    Args:
        generator: as in `gankit.GAN`.
        discriminator: a functional or `Sequential` model.
        latent_dim: size of the latent vectors.
        features: name of the discriminator's layer whose output is $f$.
        **kwargs: as in `gankit.GAN`.

    Raises:
        ValueError: if the discriminator has no such layer, and as `gankit.GAN`.

    Example:

    >>> import keras
    >>> from gankit.models import improved, minimax
    >>> nets = minimax.points_gan(width=16, seed=0)
    >>> last_hidden = nets.discriminator.layers[-2].name
    >>> gan = improved.FeatureMatchingGAN(
    ...     nets.generator, nets.discriminator, 2, last_hidden, data_range=None, seed=0)
    >>> gan.compile()
    >>> history = gan.fit(minimax.ring(512, seed=0), batch_size=256, verbose=0)
    >>> gan.generate(5, seed=1).shape
    (5, 2)

    Source: Salimans et al. (2016), section 3.1. Departures: divided by the number of features, as
    in the authors' code; the batch that the discriminator has seen serves the generator too, where
    that code draws another.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        features: str = "features",
        **kwargs: Any,
    ):
        super().__init__(generator, discriminator, latent_dim, **kwargs)
        self._see = _reader(discriminator, features)

    def generator_loss(self, real: Any, *conditions: Any) -> tuple[Any, dict]:
        """The distance of the mean features of generated examples from those of real ones.

        Args:
            real: examples, shape `(batch, *example_shape)`; as many are generated.
            *conditions: their labels, for a conditional GAN.
        """
        fake = self.fake(real, *conditions)
        loss = losses.feature_matching(*self._features_of(real, fake, *conditions))
        return loss, {"generator_loss": loss}

    def _features_of(self, real, fake, *conditions):
        """The layer's output for both kinds, which pass through in batches of their own."""
        inputs = [[part, *conditions] if conditions else part for part in (real, fake)]
        return [self._see(part, training=True) for part in inputs]


def _reader(network: keras.Model, *names: str) -> Any:
    """A function from inputs to what layers of a network give, which no model holds as a part."""
    for name in names:
        if name not in [layer.name for layer in network.layers]:
            raise ValueError(
                f"The discriminator has no layer {name!r}. Its layers are "
                f"{', '.join(layer.name for layer in network.layers)}."
            )
    outputs = [network.get_layer(name).output for name in names]
    inputs = network.inputs if len(network.inputs) > 1 else network.inputs[0]
    part = keras.Model(inputs, outputs if len(names) > 1 else outputs[0])
    return lambda inputs, training: part(inputs, training=training)


# ---- a game that collapses -----------------------------------------------------------------------

TECHNIQUES = (
    "none",
    "feature matching",
    "minibatch discrimination",
    "historical averaging",
    "one-sided smoothing",
    "smoothing of both sides",
    "virtual batch normalization",
)
"""The techniques that `collapsing_game` knows."""


def collapsing_game(
    example_shape: Sequence[int],
    technique: str = "none",
    width: int = 128,
    latent_dim: int = 64,
    generator_rate: float = 5e-4,
    discriminator_rate: float = 1e-4,
    seed: int = 0,
    **options: Any,
) -> GAN:
    r"""Build a game whose discriminator is five times too slow, with one technique or none.

    Two ReLU layers in each network. The generator runs ahead of the discriminator and jumps with
    all its examples to wherever the latest one is fooled: it collapses. Which technique helps?

    Args:
        example_shape: `(coordinates,)` for unbounded points, or that of images in [-1, 1].
        technique: one of `TECHNIQUES`: `feature matching` of the last hidden layer; `minibatch
            discrimination` behind it, 16 kernels of 4; `historical averaging` of both players,
            $\lambda = 0.01$; targets 0.9 and 0 (`one-sided smoothing`), or 0.9 and 0.1; `virtual
            batch normalization` of the generator's hidden layers, 64 latents of reference.
        width: units of every hidden layer.
        latent_dim: size of the latent vectors.
        generator_rate: Adam's learning rate of the generator, with $\beta_1 = 0.5$.
        discriminator_rate: that of the discriminator.
        seed: what the initial weights, the latents and the order of the data depend on.
        **options: more for `compile`, such as `steps_per_execution`.

    Returns:
        A compiled `GAN`.

    Raises:
        ValueError: for an unknown technique, or a size below 1.

    Example:

    >>> from gankit.models import improved, minimax
    >>> gan = improved.collapsing_game((2,), "minibatch discrimination", width=16)
    >>> history = gan.fit(minimax.ring(256, seed=0), verbose=0)
    >>> gan.generate(5, seed=1).shape
    (5, 2)

    Source: the techniques: Salimans et al. (2016), section 3. The unequal rates: Metz et al.,
    "Unrolled Generative Adversarial Networks" (2017), whose ring collapses so.
    """
    if technique not in TECHNIQUES:
        raise ValueError(
            f"`technique` must be one of {', '.join(TECHNIQUES)}. Received: {technique!r}."
        )
    _check_sizes(example_shape, (width,), latent_dim=latent_dim)
    keras.utils.set_random_seed(seed)
    images, norm = len(example_shape) > 1, technique == "virtual batch normalization"
    hidden = []
    for _ in range(2):
        hidden += [layers.Dense(width)]
        hidden += [VirtualBatchNormalization(64)] if norm else []
        hidden += [layers.ReLU()]
    last = layers.Dense(math.prod(example_shape), activation="tanh" if images else None)
    parts = [keras.Input((latent_dim,)), *hidden, last, layers.Reshape(tuple(example_shape))]
    generator = keras.Sequential(parts, name="generator")
    if norm:
        reference = keras.random.normal((64, latent_dim), seed=seed)
        wrapped = ReferenceBatch(generator, reference)
        generator = keras.Sequential([keras.Input((latent_dim,)), wrapped], name="generator")

    judge = [layers.Flatten(), layers.Dense(width, "relu")]
    judge += [layers.Dense(width, "relu", name="features")]
    if technique == "minibatch discrimination":
        judge += [MinibatchDiscrimination(kernels=16, dims=4)]
    parts = [keras.Input(tuple(example_shape)), *judge, layers.Dense(1)]
    discriminator = keras.Sequential(parts, name="discriminator")

    kinds = {
        "feature matching": FeatureMatchingGAN,
        "historical averaging": HistoricalAveragingGAN,
    }
    strengths = [0.01, 0.01] if technique == "historical averaging" else []
    gan = kinds.get(technique, GAN)(
        generator,
        discriminator,
        latent_dim,
        *strengths,
        data_range=(-1.0, 1.0) if images else None,
        seed=seed,
    )
    smoothed = {"one-sided smoothing": 0.0, "smoothing of both sides": 0.1}
    if technique in smoothed:
        options["loss"] = SmoothedLabels(0.9, smoothed[technique])
    adams = [keras.optimizers.Adam(r, beta_1=0.5) for r in (generator_rate, discriminator_rate)]
    gan.compile(generator_optimizer=adams[0], discriminator_optimizer=adams[1], **options)
    return gan


# ---- few labels ----------------------------------------------------------------------------------


@keras.saving.register_keras_serializable("gankit")
class RootAdam(keras.optimizers.Adam):
    r"""Adam with $\epsilon$ inside the root, as the authors' code has it.

    $$\theta \leftarrow \theta - \eta \frac{\hat m}{\sqrt{\hat v + \epsilon}}$$

    With $\epsilon = 10^{-8}$ the denominator is never below $10^{-4}$, where Keras' own Adam goes
    down to $10^{-7}$. Feature matching is a sum that nears zero; late in training its gradients
    are tiny, and an optimizer that blows them up to full steps diverges.

    Args:
        learning_rate: $\eta$, or a schedule.
        beta_1: decay of the mean of gradients.
        beta_2: decay of the mean of squares.
        epsilon: $\epsilon$, above 0.
        **kwargs: as in `keras.optimizers.Adam`.

    Raises:
        ValueError: if `epsilon` is not above 0, or `amsgrad` is asked for.

    Example:

    >>> import keras
    >>> from gankit.models.improved import RootAdam
    >>> v = keras.Variable(0.0)
    >>> RootAdam(learning_rate=1.0, epsilon=3.0).apply([keras.ops.convert_to_tensor(1.0)], [v])
    >>> round(float(v), 4)  # 1 / sqrt(1 + 3)
    -0.5

    Source: the code of Salimans et al. (2016); Adam: Kingma & Ba, "Adam" (2015).
    """

    def __init__(
        self,
        learning_rate: Any = 0.003,
        beta_1: float = 0.5,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        **kwargs: Any,
    ):
        if not epsilon > 0 or kwargs.get("amsgrad"):
            raise ValueError(
                "RootAdam needs `epsilon` above 0 and has no amsgrad. Received: "
                f"epsilon={epsilon!r}, amsgrad={kwargs.get('amsgrad', False)!r}."
            )
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move one variable. Keras' hook."""
        gradient = ops.cast(gradient, variable.dtype)
        step = ops.cast(self.iterations + 1, "float32")
        unbias = [1.0 - ops.power(beta, step) for beta in (self.beta_1, self.beta_2)]
        m = self._momentums[self._get_variable_index(variable)]
        v = self._velocities[self._get_variable_index(variable)]
        self.assign_add(m, (gradient - m) * (1.0 - self.beta_1))
        self.assign_add(v, (ops.square(gradient) - v) * (1.0 - self.beta_2))
        rate = ops.cast(learning_rate / unbias[0], variable.dtype)
        scale = ops.cast(1.0 / unbias[1], variable.dtype)
        self.assign_sub(variable, rate * m * ops.rsqrt(v * scale + self.epsilon))


@keras.saving.register_keras_serializable("gankit")
class LogitOfReal(layers.Layer):
    """The logit of "real" from class logits, as a layer: see `gankit.losses.logit_of_real`.

    Input shape:
        `(batch, classes)`.

    Output shape:
        `(batch, 1)`.

    Example:

    >>> import numpy as np
    >>> from gankit.models.improved import LogitOfReal
    >>> round(float(LogitOfReal()(np.zeros((1, 2), "float32"))[0, 0]), 4)
    0.6931

    Source: Salimans et al. (2016), section 5.
    """

    def call(self, inputs):
        return losses.logit_of_real(inputs)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)


def build_discriminator(
    example_shape: Sequence[int],
    classes: int = 10,
    widths: Sequence[int] = (1000, 500, 250, 250, 250),
    input_noise: float = 0.3,
    noise: float = 0.5,
    seed: int | None = None,
) -> keras.Model:
    r"""Build the classifier that is a discriminator: examples in [-1, 1] to the logit of "real".

    Weight-normalized ReLU layers, Gaussian noise on the inputs of every layer, and K class logits
    in the layer `class_logits`; the model's output is their log-sum-exp. The layer `features` is
    the last hidden one. Lengths $g$ of the weights are trained in `class_logits` only.

    Args:
        example_shape: shape of one example; it is made flat and scaled to [0, 1].
        classes: K, at least 2.
        widths: units of the hidden layers.
        input_noise: standard deviation of the noise on the examples, on the scale of [0, 1].
        noise: standard deviation of the noise on every later layer's input.
        seed: seed of the initial weights and the noise. None: Keras' own random state.

    Returns:
        A Keras model named `discriminator`, with logits `(batch, 1)`. Before training,
        `gankit.layers.weight_normalization.initialize` has to fit it to a batch of examples;
        `SemiSupervisedGAN.fit` does.

    Raises:
        ValueError: for a size below its minimum, no hidden layer, or a negative noise.

    Example:

    >>> from gankit.models import improved
    >>> discriminator = improved.build_discriminator((28, 28, 1))
    >>> discriminator.get_layer("class_logits").output.shape, discriminator.count_params()
    ((None, 10), 1541020)

    Source: Salimans et al. (2016), section 5, and the authors' code for MNIST.
    """
    _check_sizes(example_shape, widths, classes=classes)
    for name, std in (("input_noise", input_noise), ("noise", noise)):
        if not 0 <= std < math.inf:
            raise ValueError(f"`{name}` must be at least 0. Received: {name}={std!r}.")
    draw = _seeds(seed)

    def dense(units, name, **options):
        kernel = keras.initializers.RandomNormal(0.0, 0.1, seed=draw())
        layer = layers.Dense(units, kernel_initializer=kernel, **options)
        return WeightNormalization(layer, train_scale=name == "class_logits", name=name)

    examples = keras.Input(tuple(example_shape), name="examples")
    x = layers.Flatten(name="flat")(examples)
    x = layers.Rescaling(0.5, 0.5, name="zero_to_one")(x)
    x = layers.GaussianNoise(input_noise, seed=draw(), name="noise_0")(x)
    for number, units in enumerate(widths, start=1):
        name = "features" if number == len(widths) else f"hidden_{number}"
        x = dense(units, name, activation="relu")(x)
        x = layers.GaussianNoise(noise, seed=draw(), name=f"noise_{number}")(x)
    x = dense(classes, "class_logits", dtype="float32")(x)
    return keras.Model(examples, LogitOfReal(name="logit")(x), name="discriminator")


def build_generator(
    example_shape: Sequence[int],
    latent_dim: int = 100,
    widths: Sequence[int] = (500, 500),
    seed: int | None = None,
) -> keras.Model:
    r"""Build the generator: latents to examples in [-1, 1].

    Batch-normalized softplus layers without scale, then a weight-normalized layer and a sigmoid
    (stretched from [0, 1]).

    Args:
        example_shape: shape of one example.
        latent_dim: size of the latent vectors.
        widths: units of the hidden layers.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `generator`.

    Raises:
        ValueError: for a size below 1, or no hidden layer.

    Example:

    >>> from gankit.models import improved
    >>> improved.build_generator((28, 28, 1)).output_shape
    (None, 28, 28, 1)

    Source: the code of Salimans et al. (2016) for MNIST.
    """
    _check_sizes(example_shape, widths, latent_dim=latent_dim)
    draw = _seeds(seed)

    def dense(units, **options):
        kernel = keras.initializers.GlorotUniform(seed=draw())
        return layers.Dense(units, kernel_initializer=kernel, **options)

    latents = x = keras.Input((latent_dim,), name="latents")
    for number, units in enumerate(widths, start=1):
        x = dense(units, use_bias=False, name=f"hidden_{number}")(x)
        x = layers.BatchNormalization(
            scale=False, momentum=0.9, epsilon=1e-5, name=f"hidden_{number}_norm"
        )(x)
        x = layers.Activation("softplus", name=f"hidden_{number}_softplus")(x)
    last = dense(math.prod(example_shape), dtype="float32", activation="sigmoid")
    x = WeightNormalization(last, name="values")(x)
    x = layers.Rescaling(2.0, -1.0, dtype="float32", name="minus_one_to_one")(x)
    examples = layers.Reshape(tuple(example_shape), dtype="float32", name="examples")(x)
    return keras.Model(latents, examples, name="generator")


def _seeds(seed):
    """A function that gives a seed for each layer."""
    source = random if seed is None else random.Random(seed)
    return lambda: source.randrange(2**31)


def _check_sizes(example_shape, widths, **counts):
    if not widths:
        raise ValueError(f"`widths` must name a hidden layer at least. Received: {widths!r}.")
    for size in example_shape:
        checks.check_count("example_shape", size)
    for width in widths:
        checks.check_count("widths", width)
    for name, count in counts.items():
        checks.check_count(name, count, minimum=2 if name == "classes" else 1)


@keras.saving.register_keras_serializable("gankit")
class SemiSupervisedGAN(FeatureMatchingGAN):
    r"""A classifier that learns from a few labels, many examples without, and a generator.

    The discriminator has K class logits $l$ and a K+1st, that of "generated", which is fixed at 0:
    $D(x) = \sigma(\mathrm{lse}(l(x)))$. Its loss has two parts,

    $$L = \underbrace{E\,[\mathrm{lse}(l) - l_y]}_{\text{supervised}}
      + \underbrace{\tfrac12 E\,\mathrm{sp}(-\mathrm{lse}(l(x)))
      + \tfrac12 E\,\mathrm{sp}(\mathrm{lse}(l(G(z))))}_{\text{unsupervised}}$$

    and the generator matches the mean of the layer `features`. `classify` uses the mean of the
    discriminator's weights over time.

    Train it with `fit(examples, (labeled, labels))`: all examples, and those with labels (which
    may be among them). The labeled examples come round more often, in a new order each time. A
    pipeline yields batches `(examples, labeled, labels, others)`, in which `others` are the real
    examples that the generator matches. `mlp` makes one with the paper's networks.

    Args:
        generator: Keras model from latents to examples.
        discriminator: Keras model from examples to the logit of "real", with layers `class_logits`
            and `features`, such as `build_discriminator` makes. It judges each example by itself
            (no batch normalization): all three kinds go through it together.
        latent_dim: size of the latent vectors.
        half_life: of the averaged weights, in examples: see `gankit.averaging.Averaging`. The
            default is the authors' $10^{-4}$ per batch of 100. A tenth suits short runs.
        **kwargs: as in `gankit.GAN`; it takes no `num_classes`.

    Attributes:
        classes: K.

    Raises:
        ValueError: if the discriminator lacks a layer, and as `gankit.GAN`.

    Example:

    >>> import numpy as np
    >>> from gankit.models import improved
    >>> gan = improved.mlp((8, 8, 1), classes=3, widths=(16, 16), latent_dim=4, seed=0)
    >>> gan.compile()
    >>> rng = np.random.default_rng(0)
    >>> images = rng.uniform(-1, 1, (64, 8, 8, 1)).astype("float32")
    >>> few = images[:6], np.array([0, 1, 2, 0, 1, 2])
    >>> history = gan.fit(images, few, batch_size=32, epochs=1, verbose=0)
    >>> gan.classify(images[:5]).shape
    (5, 3)

    Source: Salimans et al. (2016), section 5, and the authors' code, in which too the generator's
    real examples are others than the discriminator's. Departure: the average is corrected for
    having begun with nothing, as runs shorter than the paper's 180,000 steps need.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        half_life: float = 693_147,
        **kwargs: Any,
    ):
        super().__init__(generator, discriminator, latent_dim, **kwargs)
        self._class_logits = _reader(discriminator, "class_logits")
        self.classes = discriminator.get_layer("class_logits").output.shape[-1]
        self.half_life = half_life

    def sample_latents(self, n: Any, seed: Any) -> Any:
        """Draw from the prior, uniform on [0, 1]: shape `(n, latent_dim)`.

        Args:
            n: how many vectors.
            seed: integer, or a `keras.random.SeedGenerator`.
        """
        return keras.random.uniform((n, self.latent_dim), seed=seed)

    def default_optimizers(self) -> dict:
        """`RootAdam` with learning rate 0.003 and β₁ = 0.5 for both, as in the authors' code."""
        return {name: RootAdam(name=f"{name}_adam") for name in self.players()}

    def compile(
        self, generator_optimizer: Any = None, discriminator_optimizer: Any = None, **options: Any
    ) -> None:
        """Choose the optimizers; the losses are those of the class.

        Args:
            generator_optimizer: as in `gankit.GAN.compile`.
            discriminator_optimizer: the same.
            **options: as in `gankit.Game.compile`.
        """
        optimizers = {"generator": generator_optimizer, "discriminator": discriminator_optimizer}
        average = {"discriminator": Averaging(self.half_life, ramp_up=None)}
        self.adversarial_loss, self.discriminator_steps = losses.NonSaturating(), 1
        Game.compile(self, optimizers, average, **options)

    def get_compile_config(self) -> dict | None:
        """Arguments of `compile`, ready to be written to a file."""
        config = Game.get_compile_config(self)
        if config is None:
            return None
        optimizers = config.pop("optimizers")
        del config["averages"]  # which `compile` sets itself
        return config | {f"{name}_optimizer": o for name, o in optimizers.items()}

    def batch_spec(self) -> list[tuple]:
        """Examples; labeled examples; and the examples that the generator matches."""
        kinds = [
            feed.Examples(self.example_shape, self.data_range, name)
            for name in ("examples", "labeled examples", "other examples")
        ]
        return [(kinds[0],), (kinds[1], feed.ClassNumbers(self.classes)), (kinds[2],)]

    def sets(self, x: Any, y: Any) -> list[tuple]:
        """All examples, the labeled ones, and all examples again in another order.

        Args:
            x: all examples.
            y: `(labeled, labels)`.
        """
        if not isinstance(y, (tuple, list)) or len(y) != 2:
            raise ValueError(self.wrong_parts(len(keras.tree.flatten((x, y)))))
        return [(x,), tuple(y), (x,)]

    def wrong_parts(self, received: int) -> str:
        """What to say of data with other parts than these.

        Args:
            received: how many there are.
        """
        return (
            "A SemiSupervisedGAN learns from examples and from some with labels: pass "
            "fit(examples, (labeled, labels)), or a pipeline of batches (examples, labeled, "
            f"labels, others). Received: data of {received} parts."
        )

    def step(self, real: Any, labeled: Any, labels: Any, others: Any) -> None:
        """Update the discriminator on three kinds of examples, then the generator on others.

        Args:
            real: examples.
            labeled: examples with labels.
            labels: their class numbers.
            others: the real examples that the generator matches.
        """
        self.update("discriminator", self.discriminator_loss, real, labeled, labels)
        self.update("generator", self.generator_loss, others)

    def discriminator_loss(self, real: Any, labeled: Any, labels: Any) -> tuple[Any, dict]:
        """The discriminator names classes, and tells real examples from generated ones.

        Args:
            real: examples, shape `(batch, *example_shape)`; as many are generated.
            labeled: examples with labels.
            labels: their class numbers.
        """
        kinds = [labeled, real, self.fake(real)]
        together = ops.concatenate([ops.cast(part, "float32") for part in kinds], axis=0)
        ends = ops.shape(labeled)[0], ops.shape(labeled)[0] + ops.shape(real)[0]
        of_labeled, of_real, of_fake = _split(self._class_logits(together, training=True), *ends)
        supervised = losses.class_cross_entropy(of_labeled, labels)
        unsupervised = losses.k_plus_one_unsupervised(of_real, of_fake)
        right = ops.equal(ops.argmax(of_labeled, axis=-1), ops.cast(labels, "int32"))
        return supervised + unsupervised, {
            "discriminator_loss": supervised + unsupervised,
            "supervised_loss": supervised,
            "unsupervised_loss": unsupervised,
            "labeled_accuracy": ops.mean(ops.cast(right, "float32")),
            "real_logit": ops.mean(losses.logit_of_real(of_real)),
            "fake_logit": ops.mean(losses.logit_of_real(of_fake)),
        }

    def _features_of(self, real, fake):
        features = self._see(ops.concatenate([real, fake], axis=0), training=True)
        return _split(features, ops.shape(real)[0])

    def check_data(self, tensors: Sequence, whole: bool) -> None:
        """Check the data, and fit the weights' lengths to them before the first step.

        Args:
            tensors: as in `Game.check_data`.
            whole: whether these are the whole sets.
        """
        # A set of few labels may leave a class out: it is not asked for.
        super().check_data(tensors, whole=False)
        normalized = [
            layer
            for layer in self.discriminator._flatten_layers()
            if isinstance(layer, WeightNormalization)
        ]
        if normalized and int(self.discriminator_optimizer.iterations) == 0:
            initialize(self.discriminator, ops.convert_to_tensor(tensors[0][:500]))

    def classify(self, examples: Any, averaged: bool = True, batch_size: int = 1000) -> np.ndarray:
        """Compute the probabilities of the K classes, given that an example is real.

        Args:
            examples: array of shape `(n, *example_shape)`.
            averaged: whether to use the averaged weights, which `compile` begins.
            batch_size: how many to compute at once.

        Returns:
            Array of float32, shape `(n, classes)`.

        Raises:
            TypeError, ValueError: if `examples` are not such as `fit` takes.

        Example: `labels = gan.classify(images).argmax(axis=1)`
        """
        feed.Examples(self.example_shape, self.data_range).check(examples)
        average = self.averages.get("discriminator") if averaged else None
        network = classifier(average.networks[0] if average else self.discriminator)
        backend.sync(self)
        logits = in_batches(network, [ops.convert_to_numpy(examples)], batch_size)
        return ops.convert_to_numpy(ops.softmax(logits))


def _split(rows, *ends):
    """Rows up to each end, and the rest."""
    return [rows[start:end] for start, end in zip((0, *ends), (*ends, None), strict=True)]


def mlp(
    example_shape: Sequence[int],
    classes: int = 10,
    widths: Sequence[int] = (1000, 500, 250, 250, 250),
    generator_widths: Sequence[int] = (500, 500),
    latent_dim: int = 100,
    seed: int | None = None,
    **kwargs: Any,
) -> SemiSupervisedGAN:
    """Build the paper's semi-supervised GAN for MNIST, or a smaller one.

    Args:
        example_shape: shape of one example, with values in [-1, 1].
        classes: number of classes.
        widths: units of the discriminator's hidden layers.
        generator_widths: units of the generator's hidden layers.
        latent_dim: size of the latent vectors.
        seed: what the initial weights, the noise and the order of the data depend on.
        **kwargs: as in `SemiSupervisedGAN`, such as `half_life`.

    Returns:
        A `SemiSupervisedGAN`, ready to compile.

    Raises:
        ValueError: for a size below its minimum.

    Example: see `SemiSupervisedGAN`.
    """
    seeds = [None if seed is None else seed + offset for offset in (1, 2)]
    return SemiSupervisedGAN(
        build_generator(example_shape, latent_dim, generator_widths, seed=seeds[0]),
        build_discriminator(example_shape, classes, widths, seed=seeds[1]),
        latent_dim,
        seed=seed,
        **kwargs,
    )


def classifier(discriminator: keras.Model) -> keras.Model:
    """Take the classifier of K classes out of a semi-supervised discriminator.

    Args:
        discriminator: a model with a layer `class_logits`.

    Returns:
        A Keras model from examples to class logits, which shares the discriminator's weights.
        Train it with `keras.losses.SparseCategoricalCrossentropy(from_logits=True)` for what the
        labels alone teach.

    Raises:
        ValueError: if there is no such layer.

    Example:

    >>> from gankit.models import improved
    >>> improved.classifier(improved.build_discriminator((8, 8, 1), classes=3)).output_shape
    (None, 3)
    """
    _reader(discriminator, "class_logits")
    return keras.Model(discriminator.input, discriminator.get_layer("class_logits").output)


def draw_labeled(
    examples: ArrayLike, labels: ArrayLike, per_class: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw as many labeled examples of each class as are asked for.

    Args:
        examples: array of shape `(n, ...)`.
        labels: class numbers, integers of shape `(n,)`.
        per_class: how many of each class.
        seed: what the choice depends on.

    Returns:
        `(examples, labels)` of the chosen ones, class after class.

    Raises:
        ValueError: if a class has fewer, or the lengths differ.

    Example:

    >>> import numpy as np
    >>> from gankit.models import improved
    >>> images, labels = improved.draw_labeled(np.arange(20.0), np.arange(20) % 2, per_class=3)
    >>> labels.tolist()
    [0, 0, 0, 1, 1, 1]
    """
    examples, labels = np.asarray(examples), np.asarray(labels)
    checks.check_count("per_class", per_class)
    if labels.shape != (len(examples),):
        raise ValueError(
            f"`labels` must have shape ({len(examples)},). Received shape {labels.shape}."
        )
    classes, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < per_class:
        raise ValueError(
            f"Class {classes[sizes.argmin()]} has {sizes.min()} examples. "
            f"Received: per_class={per_class}."
        )
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(np.flatnonzero(labels == c), per_class, replace=False) for c in classes]
    chosen = np.concatenate(chosen)
    return examples[chosen], labels[chosen]
