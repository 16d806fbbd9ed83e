"""One look at a game in training: the numbers by which `HealthMonitor` judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit import autodiff


@dataclass(frozen=True)
class Look:
    r"""What one look saw.

    Attributes:
        step: updates of the generator at that time.
        real_logit: mean logit of the real examples.
        fake_logit: mean logit of as many generated ones.
        told_apart: share of all pairs of a real and a generated example in which the real one has
            the higher logit: 0.5 where the discriminator guesses.
        lesson: what the discriminator's loss can still teach it: its slope
            $\sum |\partial L_D / \partial s|$, in parts of the slope where all logits are 0.
        generator_gradient: length of the gradient of the generator's loss with respect to its
            weights, in parts of the length of the weights.
        discriminator_gradient: the same of the discriminator, without penalties.
        diversity: number of different examples among the generated (`effective_number`), in parts
            of that among the real ones.
        center: mean of the generated examples, flat, in units of the spread of the real ones.
    """

    step: int
    real_logit: float
    fake_logit: float
    told_apart: float
    lesson: float
    generator_gradient: float
    discriminator_gradient: float
    diversity: float
    center: np.ndarray


class Watcher:
    """Looks at a game with the same real examples and the same latents each time.

    Args:
        real: real examples, shape `(n, ...)`.
        labels: their classes, for a conditional GAN; the generated examples get the same.
        latents: as many latents.
    """

    def __init__(self, real: np.ndarray, labels: np.ndarray | None, latents: np.ndarray):
        self.real, self.latents = ops.convert_to_tensor(real), ops.convert_to_tensor(latents)
        self.labels = [] if labels is None else [ops.convert_to_tensor(labels)]
        flat = _flat(real)
        self._spread = np.sqrt(((flat - flat.mean(axis=0)) ** 2).sum(axis=1).mean())
        distances = np.sqrt(_squared_distances(flat)[np.triu_indices(len(flat), 1)])
        self._scale = np.median(distances) / 4
        self._number = effective_number(flat, self._scale)

    def look(self, gan: Any, step: int) -> Look | None:
        """Look, and leave every variable of the game as it was.

        None where examples or logits are not finite, for then there is nothing to measure.
        """
        autodiff.sync(gan)
        with keras.StatelessScope():  # forgets what is assigned inside: statistics and seeds
            fake, generator_gradient = self._look_at_generator(gan)
            real_logits, fake_logits, discriminator_gradient = self._look_at_discriminator(
                gan, ops.stop_gradient(fake)
            )
        flat = _flat(ops.convert_to_numpy(fake))
        real, generated = (_of_each(logits) for logits in (real_logits, fake_logits))
        if not all(np.isfinite(values).all() for values in (flat, real, generated)):
            return None
        return Look(
            step=step,
            real_logit=float(real.mean()),
            fake_logit=float(generated.mean()),
            told_apart=float((real[:, None] > generated).mean()),
            lesson=_lesson(gan.adversarial_loss, real_logits, fake_logits),
            generator_gradient=generator_gradient,
            discriminator_gradient=discriminator_gradient,
            diversity=effective_number(flat, self._scale) / self._number,
            center=flat.mean(axis=0) / self._spread,
        )

    def _look_at_generator(self, gan: Any) -> tuple[Any, float]:
        loss, optimizer = gan.adversarial_loss, gan.generator_optimizer

        def objective():
            fake = gan.generator(self._inputs(self.latents), training=True)
            logits = [gan.discriminator(self._inputs(fake), training=True)]
            if loss.generator_needs_real:
                logits.append(gan.discriminator(self._inputs(self.real), training=True))
            return optimizer.scale_loss(loss.generator(*logits)), fake

        variables = gan.generator.trainable_variables
        fake, gradient = autodiff.value_and_gradients(objective, variables)
        return fake, _relative_length(gradient, variables, optimizer)

    def _look_at_discriminator(self, gan: Any, fake: Any) -> tuple[Any, Any, float]:
        loss, optimizer = gan.adversarial_loss, gan.discriminator_optimizer

        def objective():
            logits = [gan.discriminator(self._inputs(x), training=True) for x in (self.real, fake)]
            return optimizer.scale_loss(loss.discriminator(*logits)), logits

        variables = gan.discriminator.trainable_variables
        logits, gradient = autodiff.value_and_gradients(objective, variables)
        return *logits, _relative_length(gradient, variables, optimizer)

    def _inputs(self, first: Any) -> Any:
        return [first, *self.labels] if self.labels else first


def effective_number(examples: np.ndarray, scale: float) -> float:
    r"""How many different examples there are: $1 / E\,k(x, x')$ over all pairs.

    $$k(x, x') = \exp(-|x - x'|^2 / \sigma^2)$$

    `n` examples far apart from each other count as `n`, `n` equal ones as 1, and examples that fall
    evenly into `m` narrow groups as `m`. It is the Vendi score of order 2 for the kernel
    $\sqrt{k}$.

    Args:
        examples: array of shape `(n, d)`; each is paired with itself too.
        scale: $\sigma$, above zero: the distance from which on two examples are different.

    Source: Pasarkar and Dieng, "Cousins of the Vendi score" (2024).
    """
    return float(1 / np.exp(-_squared_distances(examples) / scale**2).mean())


def _squared_distances(examples: np.ndarray) -> np.ndarray:
    squares = (examples**2).sum(axis=1)
    return np.maximum(squares[:, None] + squares - 2 * examples @ examples.T, 0)


def _flat(examples: np.ndarray) -> np.ndarray:
    return np.reshape(examples, (len(examples), -1)).astype("float64")


def _of_each(logits: Any) -> np.ndarray:
    """One logit of each example, the mean where there is a map of them."""
    return _flat(ops.convert_to_numpy(logits)).mean(axis=1)


def _lesson(loss: Any, real_logits: Any, fake_logits: Any) -> float:
    def slope(real, fake):
        on_real = autodiff.input_gradient(lambda s: loss.discriminator(s, fake), real)
        on_fake = autodiff.input_gradient(lambda s: loss.discriminator(real, s), fake)
        return sum(np.abs(ops.convert_to_numpy(slopes)).sum() for slopes in (on_real, on_fake))

    undecided = (ops.zeros_like(real_logits), ops.zeros_like(fake_logits))
    return float(slope(real_logits, fake_logits) / slope(*undecided))


def _relative_length(gradients: list, variables: list, optimizer: Any) -> float:
    """Length of a gradient, without its loss scale, in parts of the length of the weights."""
    scale = float(optimizer.scale_loss(ops.ones(())))
    gradient = _length(g for g in gradients if g is not None) / scale
    return gradient / (_length(v.value for v in variables) or 1.0)


def _length(tensors: Any) -> float:
    arrays = (ops.convert_to_numpy(tensor).astype("float64") for tensor in tensors)
    return float(np.sqrt(sum((array**2).sum() for array in arrays)))
