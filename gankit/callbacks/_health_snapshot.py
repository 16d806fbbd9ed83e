"""A snapshot of a game in training: the numbers by which `HealthMonitor` judges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit import autodiff, backend


@dataclass(frozen=True)
class Snapshot:
    r"""The state of a game at one step.

    Attributes:
        step: updates of the generator so far.
        real_logit: mean logit of the real examples.
        fake_logit: mean logit of as many generated ones.
        auc: fraction of the pairs of a real and a generated example in which the real one has the
            higher logit, the area under the ROC curve: 0.5 where the discriminator guesses.
        relative_slope: slope of the discriminator's loss, $\sum |\partial L_D / \partial s|$,
            relative to the slope where all logits are 0. Near 0, the loss teaches it nothing more.
        generator_gradient: norm of the gradient of the generator's adversarial loss with respect
            to its weights, relative to the norm of the weights.
        discriminator_gradient: the same for the discriminator, without penalties.
        diversity: number of different examples among the generated ones (`effective_number`),
            relative to that among the real ones.
        center: mean of the generated examples, flat, in units of the spread of the real ones.
    """

    step: int
    real_logit: float
    fake_logit: float
    auc: float
    relative_slope: float
    generator_gradient: float
    discriminator_gradient: float
    diversity: float
    center: np.ndarray


class Watcher:
    """Takes snapshots of a game, with the same real examples and the same random numbers each time.

    Args:
        real: real examples, shape `(n, ...)`.
        *conditions: what goes with each of them, as the game's `fake` and `judge` take it.
        seed: seed of the random numbers: the latents are those of `sample_latents(n, seed)`.
    """

    def __init__(self, real: np.ndarray, *conditions: np.ndarray, seed: int):
        self.real, *self.conditions = map(_to_tensor, (real, *conditions))
        self.seed = np.array([seed, 0], "uint32")
        flat = _flat(real)
        self._spread = np.sqrt(((flat - flat.mean(axis=0)) ** 2).sum(axis=1).mean())
        distances = np.sqrt(_squared_distances(flat)[np.triu_indices(len(flat), 1)])
        self._scale = np.median(distances) / 4
        self._number = effective_number(flat, self._scale)

    def snapshot(self, game: Any, step: int) -> Snapshot | None:
        """Take a snapshot, and leave every variable of the game as it was.

        Args:
            game: a compiled `gankit.gan.TwoPlayerGame`.
            step: updates of the generator so far.

        Returns:
            The snapshot; None where examples or logits are not finite, so that nothing can be
            measured.
        """
        backend.sync(game)
        loss, state = game.adversarial_loss, game.seed_generator.state

        def play():
            made = game.fake(self.real, *self.conditions)
            logits = [game.judge(made, *self.conditions)]
            if game.compares:
                logits.append(game.judge(self.real, *self.conditions))
            return loss.generator(*logits), made

        def judge():
            logits = [game.judge(x, *self.conditions) for x in (self.real, fake)]
            return loss.discriminator(*logits), logits

        # The scope forgets what is assigned inside: batch statistics and random state.
        with keras.StatelessScope([(state, self.seed.astype(state.dtype))]):
            fake, of_generator = _gradient(play, game.generator, game.generator_optimizer)
            fake = ops.stop_gradient(fake)
            optimizer = game.discriminator_optimizer
            logits, of_discriminator = _gradient(judge, game.discriminator, optimizer)
        # One logit for each example: the mean, where the discriminator returns a map of logits.
        real, generated = (_flat(ops.convert_to_numpy(x)).mean(axis=1) for x in logits)
        flat = _flat(ops.convert_to_numpy(fake))
        if not all(np.isfinite(values).all() for values in (flat, real, generated)):
            return None
        return Snapshot(
            step=step,
            real_logit=float(real.mean()),
            fake_logit=float(generated.mean()),
            auc=float((real[:, None] > generated).mean()),
            relative_slope=_relative_slope(loss, *logits),
            generator_gradient=of_generator,
            discriminator_gradient=of_discriminator,
            diversity=effective_number(flat, self._scale) / self._number,
            center=flat.mean(axis=0) / self._spread,
        )


def effective_number(examples: np.ndarray, scale: float) -> float:
    r"""Count the different examples: $1 / E\,k(x, x')$ over all pairs.

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


def _to_tensor(array: np.ndarray) -> Any:
    return ops.convert_to_tensor(array.astype("float32") if array.dtype.kind == "f" else array)


def _squared_distances(examples: np.ndarray) -> np.ndarray:
    squares = (examples**2).sum(axis=1)
    return np.maximum(squares[:, None] + squares - 2 * examples @ examples.T, 0)


def _flat(examples: np.ndarray) -> np.ndarray:
    return np.reshape(examples, (len(examples), -1)).astype("float64")


def _relative_slope(loss: Any, real_logits: Any, fake_logits: Any) -> float:
    def slope(real, fake):
        on_real = autodiff.input_gradient(lambda s: loss.discriminator(s, fake), real)
        on_fake = autodiff.input_gradient(lambda s: loss.discriminator(real, s), fake)
        return sum(np.abs(ops.convert_to_numpy(slopes)).sum() for slopes in (on_real, on_fake))

    undecided = (ops.zeros_like(real_logits), ops.zeros_like(fake_logits))
    return float(slope(real_logits, fake_logits) / slope(*undecided))


def _gradient(objective: Callable, network: Any, optimizer: Any) -> tuple[Any, float]:
    """What `objective` returns beside a loss, and the norm of its gradient in units of weights."""

    def scaled():
        loss, beside = objective()
        return optimizer.scale_loss(loss), beside

    variables = network.trainable_variables
    beside, gradient = autodiff.value_and_gradients(scaled, variables)
    scale = float(optimizer.scale_loss(ops.ones(())))
    norm = _norm(g for g in gradient if g is not None) / scale
    return beside, norm / (_norm(v.value for v in variables) or 1.0)


def _norm(tensors: Any) -> float:
    arrays = (ops.convert_to_numpy(tensor).astype("float64") for tensor in tensors)
    return float(np.sqrt(sum((array**2).sum() for array in arrays)))
