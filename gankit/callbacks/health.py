"""`HealthMonitor`: names what is wrong with a game in training, and what to do about it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from gankit import feed
from gankit.callbacks import _health_rules as rules
from gankit.callbacks._fixed_inputs import count_examples
from gankit.callbacks._health_snapshot import Watcher
from gankit.checks import check_count, check_seed
from gankit.gan import TwoPlayerGame
from gankit.plots._draw import number_array

_RULES = (
    rules.discriminator_won,
    rules.collapse,
    rules.oscillation,
    rules.vanishing_gradient,
    rules.exploding_gradient,
)
_REMEDIES = {
    "discriminator_won": "Lower its learning rate or raise the generator's; weaken it with a "
    "gradient penalty, noise on its inputs or one-sided label smoothing. If the generator starts "
    "far from the data, scale the data to what it can reach.",
    "collapse": "Lower the generator's learning rate or raise the discriminator's; let the "
    "discriminator see the batch (minibatch layers); use fewer latents where the data is simple.",
    "oscillation": "Lower both learning rates, or beta_1 of Adam; damp the discriminator with a "
    "gradient penalty; average the generator's weights. If the generator leaps from mode to mode, "
    "its learning rate is too high next to the discriminator's.",
    "vanishing_gradient": "With the minimax loss, use 'non_saturating'; make the discriminator "
    "weaker; look for saturated or dead units in either network.",
    "exploding_gradient": "Lower the learning rates, clip the gradients (`clipnorm` of the "
    "optimizers), and bound the discriminator: a gradient penalty, spectral normalization or "
    "clipped weights.",
    "nan": "Lower the learning rates or clip the gradients (`clipnorm` of the optimizers); start "
    "again from a backup of before that step.",
}


class HealthWarning(UserWarning):
    """Warn of a finding of `HealthMonitor`."""


@dataclass(frozen=True)
class Finding:
    """A fault of a game.

    Attributes:
        kind: `"discriminator_won"`, `"collapse"`, `"oscillation"`, `"vanishing_gradient"`,
            `"exploding_gradient"` or `"nan"`.
        epoch: the epoch in which it was found, from 1.
        step: the step in which it was found, in updates of the generator, from 1. For `"nan"` in a
            loss, the step in which it began.
        message: what is wrong, in words and numbers.
        remedy: what to try.
    """

    kind: str
    epoch: int
    step: int
    message: str
    remedy: str


class HealthMonitor(keras.callbacks.Callback):
    r"""Watch a game for six faults, and warn of each once, with a remedy.

    Every `every` steps the monitor takes a snapshot of the two networks in training mode, with the
    same real examples and the same latents each time:

    - `discriminator_won`: in 5 snapshots in a row, the slope of its loss,
      $\sum |\partial L_D / \partial s|$, is below 2 % of the slope where all logits are 0;
    - `collapse`: in 5 snapshots in a row, the generated examples hold fewer than 30 % as many
      different ones as the real examples, their number does not grow, and the discriminator has not
      won;
    - `oscillation`: over 12 snapshots, the mean of the generated examples swings by more than half
      the spread of the real ones, crosses its middle at least 3 times, and does not die down;
    - `vanishing_gradient`: in 5 snapshots in a row, the generator's gradient is below 2 % of that
      in the first snapshot, and the discriminator tells 95 % of the pairs apart;
    - `exploding_gradient`: in 2 snapshots in a row, the norm of a gradient is over 100 times that
      of the weights;
    - `nan`: a loss is not finite, which is checked in every step; or a weight is not finite, which
      is checked every `every` steps.

    Different examples are counted as $1 / E \exp(-\lvert x - x' \rvert^2 / \sigma^2)$ over all
    pairs, where $\sigma$ is a quarter of the median distance of real ones. The bounds, and how
    often they are right: `benchmarks/health_monitor.py`.

    Losses and gradients are those of the game's `adversarial_loss`, with the game's own `fake` and
    `judge`. Further terms of its losses (penalties, feature matching, L1) are left out.

    Training with this callback and without it ends the same: nothing that a snapshot assigns is
    kept. A resumed run is judged from its first snapshot on. With `steps_per_execution=k`, losses
    arrive once in `k` steps, and `nan` names the first of these steps.

    Args:
        real: the data, or some hundred of its examples, shape `(examples, ...)`. For a model that
            makes pictures of pictures, the targets.
        labels: for a conditional GAN, the class number or label vector of each example.
        inputs: for a model that makes pictures of pictures, the picture that belongs to each
            target, of the size that the generator takes.
        n: examples per snapshot, drawn from `real`; as many are generated. At most as many as
            `real` holds.
        seed: seed of that choice and of the latents.
        every: steps from snapshot to snapshot. There is one before the first step too.

    Attributes:
        findings: list of `Finding`, of the last `fit`.
        snapshots: list of snapshots in the order of the steps; each has the attributes `step`,
            `real_logit`, `fake_logit`, `auc`, `relative_slope`, `generator_gradient`,
            `discriminator_gradient`, `diversity` and `center`.

    Raises:
        TypeError: if an array holds no numbers; when training begins, if the model is no game of a
            generator against a discriminator, or the data has another dtype than the game's.
        ValueError: on an argument out of range, and when training begins, if the game trains no
            discriminator, or the data is not what it takes.

    Example:

    >>> from gankit.callbacks import HealthMonitor
    >>> from gankit.models import minimax
    >>> gan = minimax.points_gan(width=16, seed=0)
    >>> gan.compile()
    >>> points = minimax.ring(256, seed=0)
    >>> monitor = HealthMonitor(points, every=2)
    >>> history = gan.fit(points, batch_size=64, callbacks=[monitor], verbose=0)
    >>> [snapshot.step for snapshot in monitor.snapshots], monitor.findings
    ([0, 2, 4], [])
    """

    def __init__(
        self,
        real: Any,
        *,
        labels: Any = None,
        inputs: Any = None,
        n: int = 128,
        seed: int = 0,
        every: int = 200,
    ):
        super().__init__()
        self.seed = check_seed("seed", seed)
        self.every = check_count("every", every)
        real = number_array("real", real)
        if real.ndim < 2 or len(real) < 16:
            raise ValueError(
                "`real` must hold at least 16 examples of the data, shape (examples, ...). "
                f"Received shape {real.shape}."
            )
        count = min(check_count("n", n, minimum=16), len(real))
        chosen = np.random.default_rng(seed).permutation(len(real))[:count]
        given = {"labels": labels, "inputs": inputs}
        self._given = {"real": real[chosen]}
        for name, rows in given.items():
            if rows is not None:
                count_examples(len(real), 0, **{name: rows})
                self._given[name] = number_array(name, rows)[chosen]
        self.real, self.labels, self.inputs = map(self._given.get, ("real", *given))
        self.findings, self.snapshots = [], []

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Check that the game has a discriminator, and that the data is what the game takes."""
        _check_game(self.model)
        self._check_data()
        self._watcher = Watcher(*self._given.values(), seed=self.seed)
        self._next = None  # step of the next snapshot
        self.findings, self.snapshots = [], []

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Find out at which step the epoch begins; take a snapshot before the first step."""
        self._epoch = epoch + 1
        self._begin = self._step = int(self.model.optimizer.iterations)
        if self._next is None:
            self._take_snapshot()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Look for NaN, and take a snapshot where one is due."""
        before, self._step = self._step, self._begin + batch + 1
        if self._found("nan"):
            return  # all that follows is its consequence
        if broken := sorted(name for name, value in logs.items() if not math.isfinite(value)):
            message = f"Not finite any more, since step {before + 1}: {', '.join(broken)}."
            self._report("nan", before + 1, f"{message} {self._last_good_epoch()}")
        elif self._step >= self._next:
            self._take_snapshot()

    def _check_data(self) -> None:
        declared = self.model.batch_spec()
        if declared is None:
            return
        names = [_argument_for(part) for part in declared[0]]
        wanted = sorted(names, key=["real", "labels", "inputs"].index)
        if wanted != list(self._given):
            raise ValueError(
                f"HealthMonitor needs what a batch of this {type(self.model).__name__} holds: "
                f"{', '.join(wanted)}. Received: {', '.join(self._given)}."
            )
        for part, name in zip(declared[0], names, strict=True):
            part.check(self._given[name], len(self.real))
        if self.inputs is not None and hasattr(self.model, "inputs_for"):
            # The generator may take one size, where `fit` takes larger pictures and cuts them.
            self.model.inputs_for(len(self.inputs), self.seed, self.inputs)
            if self.inputs.shape[:3] != self.real.shape[:3]:
                raise ValueError(
                    "`real` and `inputs` must be of one size. Received shapes "
                    f"{self.real.shape} and {self.inputs.shape}."
                )

    def _take_snapshot(self) -> None:
        self._next = (self._step // self.every + 1) * self.every
        if broken := [n for n in ("generator", "discriminator") if not self._finite_weights(n)]:
            message = (
                f"Found at step {self._step}: weights of the {' and the '.join(broken)} are not "
                f"finite, though the losses are (a ReLU can make 0 of NaN). "
                f"{self._last_good_epoch()}"
            )
            self._report("nan", self._step, message)
            return
        snapshot = self._watcher.snapshot(self.model, self._step)
        if snapshot is None:
            return  # the losses of the next step will not be finite
        self.snapshots.append(snapshot)
        for rule in _RULES:
            kind = rule.__name__
            if not self._found(kind) and (message := rule(self.snapshots)):
                self._report(kind, self._step, message)

    def _last_good_epoch(self) -> str:
        before = self._epoch - 1
        good = f"Epoch {before} was the last good one" if before else "No epoch was good"
        return f"{good}. {self.model.last_backup or 'There is no backup.'}"

    def _finite_weights(self, network: str) -> bool:
        weights = getattr(self.model, network).trainable_variables
        return all(np.isfinite(keras.ops.convert_to_numpy(w.value)).all() for w in weights)

    def _found(self, kind: str) -> bool:
        return any(finding.kind == kind for finding in self.findings)

    def _report(self, kind: str, step: int, message: str) -> None:
        remedy = _REMEDIES[kind]
        self.findings.append(Finding(kind, self._epoch, step, message, remedy))
        warnings.warn(f"{message} {remedy}", HealthWarning, stacklevel=2)


def _argument_for(part: Any) -> str:
    """The argument that holds what a game declares as a part of its batches."""
    if isinstance(part, (feed.ClassNumbers, feed.Vectors)):
        return "labels"
    return "inputs" if part.name == "inputs" else "real"


def _check_game(game: Any) -> None:
    """Refuse what is no game of a generator against a discriminator that learns."""
    kind = type(game).__name__
    watches = "HealthMonitor watches a generator against a discriminator"
    if not isinstance(game, TwoPlayerGame):
        raise TypeError(
            f"{watches}, a gankit.gan.TwoPlayerGame. Received: {kind}. Leave HealthMonitor out."
        )
    if game.discriminator_rests:
        raise ValueError(
            f"{watches}, and this {kind} trains no discriminator. Received: "
            f"{game.discriminator_rests}. Leave HealthMonitor out, or watch the outputs with "
            f"Validate."
        )
