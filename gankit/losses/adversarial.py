r"""Adversarial losses: the base class and five classic pairs.

Every loss takes **logits** $s(x)$, the output of a discriminator without a sigmoid. In papers,
$D(x)$ stands for $\sigma(s(x))$. The table in `gankit.losses` compares the losses.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from gankit.checks import check_number


def to_float(values: Any, name: str) -> Any:
    """Return a tensor of at least float32, since half precision overflows inside a mean."""
    try:
        values = ops.convert_to_tensor(values)
    except (RuntimeError, TypeError, ValueError) as error:  # by backend
        raise TypeError(
            f"`{name}` must be an array or a tensor. Received: {name}={values!r:.200}."
        ) from error
    dtype = keras.backend.standardize_dtype(values.dtype)
    if "float" not in dtype:
        raise TypeError(
            f"`{name}` must be floating point. Received: dtype {dtype}. Pass the outputs of the "
            f"network without rounding."
        )
    if 0 in values.shape:
        raise ValueError(
            f"`{name}` must not be empty, since its mean is taken. "
            f"Received: shape {tuple(values.shape)}."
        )
    return ops.cast(values, keras.backend.result_type(dtype, "float32"))


class AdversarialLoss:
    """A pair of losses, one for each player.

    For your own loss, subclass it, implement `discriminator` and `generator`, and pass an instance
    to `GAN.compile(loss=...)`.

    Attributes:
        generator_needs_real: whether `generator` needs the logits of real examples.
    """

    generator_needs_real = False

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        """Compute the discriminator's loss, a scalar: a mean over the examples.

        Args:
            real_logits: logits of real examples, any shape.
            fake_logits: logits of generated examples, any shape.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `discriminator`.")

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        """Compute the generator's loss, a scalar: a mean over the examples.

        Args:
            fake_logits: logits of generated examples, any shape.
            real_logits: logits of real examples, used only by a loss with
                `generator_needs_real`.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `generator`.")

    def get_config(self) -> dict:
        """Return the constructor arguments of an equal loss."""
        return {}

    @classmethod
    def from_config(cls, config: dict) -> AdversarialLoss:
        """Create a loss from the result of `get_config`."""
        return cls(**config)


@keras.saving.register_keras_serializable("gankit")
class Minimax(AdversarialLoss):
    r"""The minimax game of Goodfellow et al.: both players share one value function.

    $$\min_G \max_D V(D, G) = E_{x \sim p_{data}} \log D(x) + E_z \log(1 - D(G(z)))$$

    The discriminator minimizes $-V$; the generator minimizes the term of $V$ that depends on it.
    The generator's gradient vanishes if the discriminator is sure that a sample is generated:
    see `NonSaturating`.

    Args:
        label_smoothing: $\alpha$ in [0, 0.5): the discriminator's target for *real* examples is
            $1 - \alpha$; the target for generated ones stays 0 (one-sided smoothing).

    Raises:
        TypeError: if `label_smoothing` is not a number.
        ValueError: if `label_smoothing` is outside [0, 0.5).

    Example:

    >>> import numpy as np, gankit
    >>> loss = gankit.losses.get("minimax")
    >>> undecided = np.zeros((4, 1), "float32")
    >>> round(float(loss.discriminator(undecided, undecided)), 4)  # -V at D = 1/2: log 4
    1.3863

    Source: Goodfellow et al., "Generative Adversarial Nets" (2014), equation 1. One-sided label
    smoothing: Salimans et al., "Improved Techniques for Training GANs" (2016), section 3.4.
    """

    def __init__(self, label_smoothing: float = 0.0):
        self.label_smoothing = check_number("label_smoothing", label_smoothing, 0, below=0.5)

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        r"""Compute the cross-entropy: target $1 - \alpha$ for real examples, 0 for generated ones.

        $$E\,[(1-\alpha)\,\mathrm{sp}(-s_r) + \alpha\,\mathrm{sp}(s_r)] + E\,\mathrm{sp}(s_f)$$
        """
        real, fake = to_float(real_logits, "real_logits"), to_float(fake_logits, "fake_logits")
        # (1-a) sp(-s) + a sp(s) = sp(-s) + a s, which needs only one exponential.
        on_real = ops.mean(ops.softplus(-real) + self.label_smoothing * real)
        return on_real + ops.mean(ops.softplus(fake))

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        r"""Compute $E \log(1 - \sigma(s_f)) = -E\,\mathrm{sp}(s_f)$."""
        return -ops.mean(ops.softplus(to_float(fake_logits, "fake_logits")))

    def get_config(self) -> dict:
        """Return the constructor arguments of an equal loss."""
        return {"label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable("gankit")
class NonSaturating(Minimax):
    r"""The minimax discriminator with a generator that maximizes $\log D(G(z))$.

    The fixed point is that of `Minimax`, but the generator's gradient is largest for samples that
    the discriminator rejects: $|\partial/\partial s| = \sigma(-s)$ instead of $\sigma(s)$. The code
    of the 2014 paper, of DCGAN and of pix2pix trains with this loss.

    Args:
        label_smoothing: as in `Minimax`.

    Source: Goodfellow et al. (2014), section 3, last paragraph.
    """

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        r"""Compute $-E \log \sigma(s_f) = E\,\mathrm{sp}(-s_f)$."""
        return ops.mean(ops.softplus(-to_float(fake_logits, "fake_logits")))


@keras.saving.register_keras_serializable("gankit")
class LeastSquares(AdversarialLoss):
    r"""LSGAN with target 1 for real examples, 0 for generated examples, and 1 for the generator.

    Source: Mao et al., "Least Squares Generative Adversarial Networks" (2017), equation 9.
    """

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        r"""Compute $\frac12 E (s_r - 1)^2 + \frac12 E s_f^2$."""
        real, fake = to_float(real_logits, "real_logits"), to_float(fake_logits, "fake_logits")
        return 0.5 * ops.mean(ops.square(real - 1.0)) + 0.5 * ops.mean(ops.square(fake))

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        r"""Compute $\frac12 E (s_f - 1)^2$."""
        return 0.5 * ops.mean(ops.square(to_float(fake_logits, "fake_logits") - 1.0))


@keras.saving.register_keras_serializable("gankit")
class Wasserstein(AdversarialLoss):
    """The difference between the critic's mean logits for generated and for real examples.

    The critic must be Lipschitz. The loss does not ensure this: pass weight clipping or a gradient
    penalty to `GAN.compile(penalties=...)`.

    Source: Arjovsky et al., "Wasserstein GAN" (2017), equation 2 and algorithm 1.
    """

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        """Compute $E s_f - E s_r$."""
        real, fake = to_float(real_logits, "real_logits"), to_float(fake_logits, "fake_logits")
        return ops.mean(fake) - ops.mean(real)

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        """Compute $-E s_f$."""
        return -ops.mean(to_float(fake_logits, "fake_logits"))


@keras.saving.register_keras_serializable("gankit")
class Hinge(AdversarialLoss):
    """The hinge loss: examples that are classified with a margin of one give no gradient.

    Source: Lim & Ye, "Geometric GAN" (2017); Miyato et al., "Spectral Normalization for GANs"
    (2018), equations 16 and 17.
    """

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        r"""Compute $E \max(0, 1 - s_r) + E \max(0, 1 + s_f)$."""
        real, fake = to_float(real_logits, "real_logits"), to_float(fake_logits, "fake_logits")
        return ops.mean(ops.relu(1.0 - real)) + ops.mean(ops.relu(1.0 + fake))

    def generator(self, fake_logits: Any, real_logits: Any = None) -> Any:
        """Compute $-E s_f$."""
        return -ops.mean(to_float(fake_logits, "fake_logits"))
