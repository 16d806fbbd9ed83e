"""`HealthMonitor`: says what is wrong with a game in training, and what to do."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from gankit import checks
from gankit.callbacks import _health_rules as rules
from gankit.callbacks._health_look import Watcher

__all__ = ["Finding", "HealthMonitor", "HealthWarning"]

# kind: (rule, remedy); the rule for "nan" needs no looks.
_RULES = {
    "discriminator_won": (
        rules.discriminator_has_won,
        "Lower its learning rate or raise the generator's; hold it back with a gradient penalty, "
        "noise on its inputs or one-sided label smoothing. If the generator starts far from the "
        "data, scale the data to what it can reach.",
    ),
    "collapse": (
        rules.generator_has_collapsed,
        "Lower the generator's learning rate or raise the discriminator's; let the discriminator "
        "see the batch (minibatch layers); use fewer latents where the data is simple.",
    ),
    "oscillation": (
        rules.game_oscillates,
        "Lower both learning rates, or beta_1 of Adam; damp the discriminator with a gradient "
        "penalty; average the generator's weights. A generator that leaps from mode to mode has "
        "too high a learning rate next to the discriminator's.",
    ),
    "vanishing_gradient": (
        rules.generator_gradient_vanishes,
        "With the minimax loss, use 'non_saturating'; make the discriminator weaker; look for "
        "saturated or dead units in either network.",
    ),
    "exploding_gradient": (
        rules.gradient_explodes,
        "Lower the learning rates, clip the gradients (`clipnorm` of the optimizers), and bound "
        "the discriminator: a gradient penalty, spectral normalization or clipped weights.",
    ),
}
_NAN_REMEDY = (
    "Lower the learning rates or clip the gradients (`clipnorm` of the optimizers); start again "
    "from a backup of before that step."
)


class HealthWarning(UserWarning):
    """What `HealthMonitor` found."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a game.

    Attributes:
        kind: `"discriminator_won"`, `"collapse"`, `"oscillation"`, `"vanishing_gradient"`,
            `"exploding_gradient"` or `"nan"`.
        epoch: the epoch in which it was found, from 1.
        step: for `"nan"` in a loss the step in which it began, for all else that in which it was
            found: updates of the generator, from 1.
        message: what is wrong, in words and numbers.
        remedy: what to try.
    """

    kind: str
    epoch: int
    step: int
    message: str
    remedy: str


class HealthMonitor(keras.callbacks.Callback):
    r"""Watches a game for six faults and warns of each once, with a remedy.

    Every `every` steps it looks at the two networks, in training mode, with the same real examples
    and the same latents each time:

    - `discriminator_won`: in 5 looks in a row, the slope of its loss,
      $\sum |\partial L_D / \partial s|$, is below 2 % of the slope where all logits are 0;
    - `collapse`: in 5 looks in a row, the generated examples hold below 30 % as many different ones
      as the real ones, and not ever more of them, and the discriminator has not won;
    - `oscillation`: over 12 looks, the mean of the generated examples swings by more than half the
      spread of the real ones, crosses its middle at least 3 times, and does not die down;
    - `vanishing_gradient`: in 5 looks in a row, the generator's gradient is below 2 % of that at
      the first look, and the discriminator tells 95 % of the pairs apart;
    - `exploding_gradient`: in 2 looks in a row, a gradient is over 100 times as long as its
      weights;
    - `nan`: a loss is not finite, which is looked for in every step; or a weight is not, which is
      looked for every `every` steps.

    Different examples are counted as $1 / E \exp(-\lvert x - x' \rvert^2 / \sigma^2)$ over all
    pairs, where $\sigma$ is a quarter of the median distance of real ones. The bounds and how often
    they are right: `benchmarks/health_monitor.py`.

    Training with this callback and without it ends the same: nothing that a look assigns is kept.
    A resumed run is judged from its first look on. With `steps_per_execution=k` losses come once
    in `k` steps, and `nan` names the first of them.

    Args:
        real: the data, or some hundred of its examples, shape `(examples, ...)`.
        labels: for a conditional GAN, their class numbers.
        n: examples per look, drawn from `real`; as many are generated. At most as many as `real`
            holds.
        seed: seed of that choice and of the latents.
        every: steps from look to look. There is one before the first step too.

    Attributes:
        findings: list of `Finding`, of the last `fit`.
        looks: what each look saw, in the order of the steps.

    Raises:
        TypeError: when training begins, if `real` is not floating point or `labels` no integers.
        ValueError: on an argument out of range, and when training begins, if `real` or `labels`
            are not what the GAN takes.

    Example:

    >>> from gankit.callbacks import HealthMonitor
    >>> from gankit.models import minimax
    >>> gan = minimax.points_gan(width=16, seed=0)
    >>> gan.compile()
    >>> points = minimax.ring(256, seed=0)
    >>> monitor = HealthMonitor(points, every=2)
    >>> history = gan.fit(points, batch_size=64, callbacks=[monitor], verbose=0)
    >>> [look.step for look in monitor.looks], monitor.findings
    ([0, 2, 4], [])
    """

    def __init__(
        self, real: Any, *, labels: Any = None, n: int = 128, seed: int = 0, every: int = 200
    ):
        super().__init__()
        self.seed = checks.check_count("seed", seed, minimum=0)
        self.every = checks.check_count("every", every)
        real = np.asarray(keras.ops.convert_to_numpy(real))
        if real.ndim < 2 or len(real) < 16:
            raise ValueError(
                "`real` must hold at least 16 examples of the data, shape (examples, ...). "
                f"Received shape {real.shape}."
            )
        count = min(checks.check_count("n", n, minimum=16), len(real))
        chosen = np.random.default_rng(seed).permutation(len(real))[:count]
        self.real = real[chosen]
        self.labels = None
        if labels is not None:
            labels = np.asarray(keras.ops.convert_to_numpy(labels))
            checks.check_labels(labels, len(real), labels.max() + 1)
            self.labels = labels[chosen]
        self.findings, self.looks = [], []

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Check that the examples are of the game's kind, and draw the latents."""
        gan = self.model
        checks.check_examples(self.real, gan.example_shape, gan.data_range)
        if (gan.num_classes is None) != (self.labels is None):
            raise ValueError(
                f"The GAN has num_classes={gan.num_classes}, and `labels` are "
                f"{'missing' if self.labels is None else 'given'}: a conditional GAN, and no "
                "other, is watched with labels."
            )
        if self.labels is not None:
            checks.check_labels(self.labels, len(self.real), gan.num_classes)
        latents = keras.ops.convert_to_numpy(gan.sample_latents(len(self.real), self.seed))
        self._watcher = Watcher(self.real, self.labels, latents)
        self._next = None  # step of the next look
        self.findings, self.looks = [], []

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Find out at which step the epoch begins, and look once before the first."""
        self._epoch = epoch + 1
        self._begin = self._step = int(self.model.optimizer.iterations)
        if self._next is None:
            self._look()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Look for NaN, and look at the networks where that is due."""
        before, self._step = self._step, self._begin + batch + 1
        if self._found("nan"):
            return  # all that follows is its consequence
        if broken := sorted(name for name, value in logs.items() if not math.isfinite(value)):
            message = f"Not finite any more, since step {before + 1}: {', '.join(broken)}."
            self._report("nan", before + 1, message, _NAN_REMEDY)
        elif self._step >= self._next:
            self._look()

    def _look(self) -> None:
        self._next = (self._step // self.every + 1) * self.every
        if broken := self._networks_not_finite():
            message = (
                f"Found at step {self._step}: weights of the {' and the '.join(broken)} are not "
                f"finite, though the losses are (a ReLU can make 0 of NaN)."
            )
            self._report("nan", self._step, message, _NAN_REMEDY)
            return
        look = self._watcher.look(self.model, self._step)
        if look is None:
            return  # the losses of the next step will not be finite
        self.looks.append(look)
        for kind, (rule, remedy) in _RULES.items():
            if not self._found(kind) and (message := rule(self.looks)):
                self._report(kind, self._step, message, remedy)

    def _networks_not_finite(self) -> list[str]:
        networks = {
            "generator": self.model.generator,
            "discriminator": self.model.discriminator,
        }
        return [
            name
            for name, network in networks.items()
            if not all(
                np.isfinite(keras.ops.convert_to_numpy(weight.value)).all()
                for weight in network.trainable_variables
            )
        ]

    def _found(self, kind: str) -> bool:
        return any(finding.kind == kind for finding in self.findings)

    def _report(self, kind: str, step: int, message: str, remedy: str) -> None:
        self.findings.append(Finding(kind, self._epoch, step, message, remedy))
        warnings.warn(f"{message} {remedy}", HealthWarning, stacklevel=2)
