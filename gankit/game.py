"""`Game`: players who own networks, and one step in which they move."""

from __future__ import annotations

import functools
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit import autodiff, backend, checks, feed, pipelines
from gankit.averaging import AveragedNetworks, Averaging
from gankit.penalties import Penalty
from gankit.penalties import get as get_penalty
from gankit.players import (
    AllOptimizers,
    Report,
    Team,
    build_optimizer,
    check_player,
    check_players,
    refuse_losses,
)
from gankit.replicas import clip_together, global_batch, share_of_batch
from gankit.saving import Saved


class Game(Saved, keras.Model):
    r"""A game of any number of players, trained with `fit` on TensorFlow, JAX and PyTorch.

    A subclass writes three things:

    - `players()`: a dictionary from each player's name to a list of the networks that it moves.
      Networks may share layers.
    - **losses**: methods that take a batch and return `(scalar, report)`, where `report` maps names
      to scalars that `fit` shows; or a tuple of scalars and one report, where several players move
      from one forward pass.
    - `step(*batch)`: the algorithm, which calls `self.update(player, loss, *batch)`.

    `update` moves the players that it names and nobody else: weights, batch statistics and averages
    of the others stay, so a loss calls any network with `training=True` and stops no gradients.
    Random numbers come from `self.draws` (`normal(like)`, `uniform(like)`, `rows(draw, n)`), whose
    draws do not depend on the number of replicas.

    Args:
        seed: what `self.draws` and the order of the data depend on. None draws one (which
            `keras.utils.set_random_seed` governs). The initial weights belong to the networks.
        **kwargs: `name` and so on, as in any Keras model.

    Attributes:
        optimizers: from `compile` on, each player's optimizer by name.
        averages: each player's averaged networks by name, where `compile` was asked for them.

    Example, two players who each want the product $xy$ for themselves:

    >>> import keras, numpy as np, gankit
    >>> def number():
    ...     return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    >>> class Product(gankit.Game):
    ...     def __init__(self, x, y, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.x, self.y = x, y
    ...     def players(self):
    ...         return {"x": [self.x], "y": [self.y]}
    ...     def step(self, ones):
    ...         self.update(("x", "y"), self.losses, ones)
    ...     def losses(self, ones):
    ...         product = keras.ops.mean(self.x(ones) * self.y(ones))
    ...         return (product, -product), {"product": product}
    >>> game = Product(number(), number(), seed=0)
    >>> game.compile(optimizers={"x": "sgd", "y": "sgd"})
    >>> history = game.fit(np.ones((32, 1), "float32"), batch_size=8, epochs=2, verbose=0)
    >>> sorted(history.history)
    ['product']

    A game saves and loads whole (`save`, `gankit.load_model`): a constructor's arguments are kept,
    so that no `get_config` is needed. Register the class with
    `keras.saving.register_keras_serializable` to load it in another process.
    """

    default_batch_size, smallest_batch = 64, 1

    def __init__(self, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.seed = random.randrange(2**31) if seed is None else checks.check_seed("seed", seed)
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.draws = ReplicaRandom(self.seed_generator)
        self.averages = {}
        self.data_position, self.order_follows_seed, self.training_data = None, False, None
        # Of runs whose result is not saved yet; and what the latest one holds, in words.
        self.finished_backups, self.last_backup = set(), None
        self._report = Report()
        self.built = True

    # ---- what a subclass writes --------------------------------------------------------------

    def players(self) -> dict[str, list[keras.Layer]]:
        """Name the players: from each name to the networks that the player's optimizer moves."""
        raise NotImplementedError(f"{type(self).__name__} must implement `players`.")

    def step(self, *batch: Any) -> None:
        """Play one step, in calls of `self.update`.

        Args:
            *batch: the tensors of a batch.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `step`.")

    def batch_spec(self) -> list[tuple] | None:
        """Declare what a batch holds, so that `fit` can check the data.

        Returns:
            A list of sets, each a tuple of `gankit.feed.Examples`, `ClassNumbers` or `Vectors` that
            belong together row by row. Several sets are not paired: they may differ in length.
            None, the default, declares nothing: data is then checked for being there.
        """
        return None

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """The players' optimizers where `compile` is given none.

        Adam with learning rate 2e-4 and β₁ = 0.5 (Radford et al. 2016, section 4).
        """
        return {
            name: keras.optimizers.Adam(2e-4, beta_1=0.5, name=f"{name}_adam")
            for name in self.players()
        }

    # ---- playing -----------------------------------------------------------------------------

    def update(self, players: str | Sequence[str], loss: Callable, *batch: Any) -> None:
        """Move players against their losses, from one forward pass, and change nobody else.

        Args:
            players: a player's name, or several.
            loss: called with the batch. Returns `(scalar, report)`; for several players a tuple of
                scalars, one for each in their order, and one report.
            *batch: tensors with as many rows each.

        Raises:
            ValueError: for an unknown player, two players who own the same variable, a loss that
                does not return a scalar for each player, or a report whose names other losses use.
        """
        names = (players,) if isinstance(players, str) else tuple(players)
        team = self._teams.get(names) or self._teams.setdefault(names, Team(self, names))
        rows = ops.shape(batch[0])[0]
        share = 1.0 if self.draws.replicas == 1 else share_of_batch(rows)
        scales = [optimizer.scale_loss(share) for optimizer in team.optimizers]

        def scaled_losses():
            values, report = loss(*batch)
            values = values if isinstance(values, (tuple, list)) else (values,)
            if len(values) != len(names) or any(len(getattr(v, "shape", ())) for v in values):
                refuse_losses(names, values, loss)
            return [v * scale for v, scale in zip(values, scales, strict=True)], report

        report, gradients = autodiff.gradients_of_each(
            scaled_losses, team.variables, team.keeps, team.others
        )
        moves = zip(names, team.optimizers, team.variables, gradients, strict=True)
        for name, optimizer, own, found in moves:
            autodiff.apply_gradients(optimizer, clip_together(optimizer, found), own)
            for penalty in self.penalties.get(name, ()):
                penalty.after_update(own)
        self._report.add(report, rows, by=(names, getattr(loss, "__qualname__", None)))

    @autodiff.as_train_step
    def train_step(self, data: Any) -> dict:
        """Keras' hook: one `step`, the averages, and the means so far. JAX adds a state."""
        # `train_on_batch` passes None for labels and weights that it was not given.
        batch = [part for part in keras.tree.flatten(data) if part is not None]
        self.step(*batch)
        for name, average in self.averages.items():
            _, examples = global_batch(ops.shape(batch[0])[0])
            average.update(self.players()[name], examples)
        return self.get_metrics_result()

    def penalty(self, player: str, critic: Callable, real: Any, fake: Any) -> Any:
        """The sum of a player's penalties, to be added to its loss.

        Args:
            player: the player's name.
            critic: function from examples to logits: the player's network in training mode.
            real: examples.
            fake: as many generated ones.
        """
        updates = ops.convert_to_tensor(self.optimizers[player].iterations)
        values = [p(critic, real, fake, self.draws, updates) for p in self.penalties[player]]
        for value, penalty in zip(values, self.penalties[player], strict=True):
            if len(getattr(value, "shape", (None,))):
                raise ValueError(
                    f"A penalty must return a scalar. Received: {value} from {penalty}."
                )
        return sum(values)

    # ---- compile -----------------------------------------------------------------------------

    def compile(
        self,
        optimizers: Mapping[str, Any] | None = None,
        averages: Mapping[str, Averaging] | None = None,
        penalties: Mapping[str, Sequence[Penalty | Callable]] | None = None,
        run_eagerly: bool = False,
        jit_compile: bool | None = None,
        steps_per_execution: int = 1,
    ) -> None:
        """Choose the optimizers, and build them.

        Built here, they take their state back from a file: weights that are loaded into a freshly
        compiled game bring the optimizers' moments with them.

        Args:
            optimizers: player to Keras optimizer (or its name). Those that are left out come from
                `default_optimizers()`. Schedules, clipping and gradient accumulation count per
                player.
            averages: player to `gankit.averaging.Averaging`: whose weights to average, and how.
            penalties: player to a list of `gankit.penalties.Penalty`, or functions
                `penalty(critic, real, fake)`. A loss adds them by `self.penalty(...)`; what a
                penalty does after an update happens by itself.
            run_eagerly: run the step without compiling it, for debugging.
            jit_compile: whether to compile with XLA. None: not for TensorFlow on a CPU, where it
                does not pay; Keras' rule elsewhere.
            steps_per_execution: batches per call of the compiled step (as in Keras, which takes
                only 1 on PyTorch).

        Raises:
            ValueError: for players without networks, names that are no players, an optimizer that
                is in use elsewhere.
            TypeError: if an object is not of the class that its argument asks for.
        """
        checks.check_count("steps_per_execution", steps_per_execution)
        checks.check_choice("jit_compile", jit_compile, (None, True, False, "auto"))
        super().compile(
            optimizer=None,
            run_eagerly=checks.check_flag("run_eagerly", run_eagerly),
            jit_compile=backend.resolve_jit_compile(jit_compile),
            steps_per_execution=steps_per_execution,
        )
        self._jit_compile_asked = jit_compile
        players = check_players(self)
        given = [dict(choice or {}) for choice in (optimizers, averages, penalties)]
        for choice, what in zip(given, ("optimizers", "averages", "penalties"), strict=True):
            for name in choice:
                check_player(name, players, f"`{what}` names ")
        for name, listed in given[2].items():
            if not isinstance(listed, (list, tuple)):
                raise TypeError(f"Penalties of the {name} must be a list. Received: {listed!r}.")
        chosen = {name: o for name, o in given[0].items() if o is not None}
        self.optimizers = {
            name: build_optimizer(name, chosen.get(name, default), players[name])
            for name, default in self.default_optimizers().items()
        }
        self.optimizer = AllOptimizers(*self.optimizers.values())  # Keras looks for one
        self.penalties = {name: tuple(map(get_penalty, p)) for name, p in given[2].items()}
        self._average(given[1])
        backend.seed_layers(self)
        self.draws.replicas = autodiff.replicas(self)
        self._declared = self.batch_spec()
        self._traces_first = backend.traces_first(self)
        self._teams = {(name,): Team(self, (name,)) for name in players}
        self._report = Report()

    def _average(self, averages: Mapping[str, Averaging]) -> None:
        for old in self.averages.values():
            self._tracker.untrack(old)
        self.averages = {
            name: AveragedNetworks(self.players()[name], checks.check_kind(name, how, Averaging))
            for name, how in averages.items()
            if how is not None
        }

    @property
    def metrics(self) -> list:
        """The means over the epoch that `fit` reports."""
        return list(self._report.means.values())

    def restore_means(self, means: Mapping[str, Sequence]) -> None:
        """Put the means over an epoch where a backup left them.

        Args:
            means: from the name of each mean to the values of its variables.
        """
        for name, values in means.items():
            for variable, value in zip(self._report.mean(name).variables, values, strict=True):
                variable.assign(value)

    # ---- fit ---------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        shuffle: bool = True,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
    ) -> keras.callbacks.History:
        """Train all players; the arguments are Keras' own.

        The data is checked: arrays in full before the first step, pipelines batch by batch. Arrays
        are shuffled in an order that `(seed, epoch)` decides, so a resumed run sees the same order.

        Args:
            x: array of examples; a tuple of arrays where the game declares several sets; or
                anything `keras.Model.fit` takes that yields batches
                (`gankit.datasets.stream(...)`, `tf.data.Dataset`, `PyDataset`, `DataLoader`).
            y: what goes with an array `x`, row by row, such as labels.
            batch_size: examples per `train_step`, for arrays. Default 64.
            epochs: index of the epoch to stop at.
            verbose: as in Keras.
            callbacks: as in Keras.
            shuffle: whether to shuffle arrays.
            initial_epoch: epoch to start at.
            steps_per_epoch: as in Keras, for pipelines without an end.

        Returns:
            Keras' `History`: the means over each epoch of what the losses report.

        Raises:
            TypeError: if examples are not floating point, class numbers not integers, label
                vectors not floating point.
            ValueError: on a wrong rank, size or number of channels, values outside the declared
                range, NaN, labels out of range, a class that an array `y` never names, labels that
                are missing or not asked for, an empty set. It names the batch of a pipeline.
            FloatingPointError: after the epoch in which a loss became NaN, which ends there.
        """
        self._assert_compile_called("fit")
        counts = epochs, initial_epoch, 1 if steps_per_epoch is None else steps_per_epoch
        whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in counts)
        if not whole or not 0 <= initial_epoch < epochs or counts[2] < 1:
            raise ValueError(
                f"Training goes from `initial_epoch`, 0 or more, to `epochs`, a larger number. "
                f"Received: {initial_epoch=!r}, {epochs=!r}, {steps_per_epoch=!r}."
            )
        if not isinstance(shuffle, bool) or verbose not in ("auto", 0, 1, 2):
            known = "`shuffle` must be True or False, `verbose` 'auto', 0, 1 or 2."
            raise TypeError(f"{known} Received: {shuffle=!r}, {verbose=!r}.")
        callbacks = [] if callbacks is None else keras.tree.flatten(callbacks)
        if wrong := [c for c in callbacks if not isinstance(c, keras.callbacks.Callback)]:
            raise TypeError(f"`callbacks` must be Keras callbacks. Received: {wrong[0]!r}.")
        arrays = isinstance(x, np.ndarray) or pipelines.holds_arrays(x)
        if arrays:
            data = self._batches(x, y, batch_size, shuffle)
        else:
            data, first = pipelines.peeked(x, y, batch_size)
            self.check_data(pipelines.tensors_of(first), whole=False)
            checked = pipelines.Checked(data, functools.partial(self.check_data, whole=False))
            data = checked.pipeline
        if self._traces_first and not self._report.means:
            with self._report.traced():
                backend.trace_step(self, data[0] if arrays else first)
        position = getattr(data, "position", None)
        self.training_data = data if arrays else first
        data = autodiff.to_input_pipeline(data, self, steps_per_epoch) if arrays else data
        # With steps_per_epoch, a pass over the data and an epoch are different things.
        self.data_position = position if steps_per_epoch is None else None
        self.order_follows_seed = arrays
        follow = feed.FollowTraining()
        follow.async_safe = not self._traces_first  # a step of JAX reuses the memory of logs
        with warnings.catch_warnings():
            if self.data_position is not None:  # an epoch resumed in its middle ends early
                warnings.filterwarnings("ignore", message="Your input ran out of data")
            try:
                history = super().fit(
                    data,
                    epochs=epochs,
                    verbose=verbose,
                    callbacks=[follow, *callbacks],
                    shuffle=False,  # again, from a random state that no file would hold
                    initial_epoch=initial_epoch,
                    steps_per_epoch=steps_per_epoch,
                )
            except Exception:
                if not arrays and checked.error is not None:
                    raise checked.error from None
                raise
            finally:
                self.training_data = None
        follow.refuse_nan()
        for name in self.optimizers:
            self._teams[(name,)].finalize()
        return history

    def sets(self, x: Any, y: Any) -> list[tuple]:
        """Sort the arrays that `fit` was given into the sets of `batch_spec`, if it has several.

        Args:
            x: what `fit` was given, arrays.
            y: the same.
        """
        return [part if isinstance(part, (tuple, list)) else (part,) for part in x]

    def check_data(self, tensors: Sequence, whole: bool) -> None:
        """Check data against `batch_spec`.

        Args:
            tensors: the tensors of a batch, or of whole sets.
            whole: whether these are the whole sets.

        Raises:
            TypeError, ValueError: saying what is wrong.
        """
        if self._declared is None:
            return feed.check_not_empty(tensors)
        if len(tensors) != sum(map(len, self._declared)):
            raise ValueError(self.wrong_parts(len(tensors)))
        remaining = iter(tensors)
        for group in self._declared:
            rows = None
            for part in group:
                tensor = next(remaining)
                part.check(tensor, rows, whole)
                rows = tensor.shape[0]

    def wrong_parts(self, received: int) -> str:
        """What to say of a batch that holds another number of tensors than is declared.

        Args:
            received: how many it holds.
        """
        names = [part.name for group in self.batch_spec() for part in group]
        return (
            f"{type(self).__name__} takes {len(names)} tensors per batch: {', '.join(names)}. "
            f"Received: {received}. Pass fit(x, y), or a pipeline that yields them in this order."
        )

    def _batches(self, x: Any, y: Any, batch_size: int | None, shuffle: bool) -> feed.Batches:
        size = self.default_batch_size
        if batch_size is not None:
            size = checks.check_count("batch_size", batch_size, self.smallest_batch)
        several = self._declared is not None and len(self._declared) > 1
        both = (x,) if y is None else keras.tree.flatten((x, y))
        sets = self.sets(x, y) if several else [both]
        if any(isinstance(array, np.ma.MaskedArray) for group in sets for array in group):
            raise TypeError(
                "Arrays must be plain ones: a mask would be ignored. Received: a masked one."
            )
        sets = [tuple(map(ops.convert_to_numpy, group)) for group in sets]
        self.check_data([array for group in sets for array in group], whole=True)
        position = feed.Position(self.seed)
        return feed.Batches(*sets, batch_size=size, shuffle=shuffle, position=position)

    def evaluate(self, *arguments: Any, **options: Any) -> None:
        """Say what to do instead: players have losses of their own, and none measures samples."""
        raise NotImplementedError(
            f"{type(self).__name__} has no one loss to evaluate. Measure what it makes with "
            f"gankit.metrics, or while it trains with gankit.callbacks.Evaluate."
        )


class ReplicaRandom:
    """Draws random numbers for the examples of a batch, whatever the number of replicas.

    Every replica draws for the whole batch and keeps what belongs to its own examples, so that
    replicas together use what one device would have used.

    Args:
        seed: the `keras.random.SeedGenerator` to draw from.

    Attributes:
        replicas: how many share a batch, from `Game.compile` on.

    Example:

    >>> import keras
    >>> from gankit.game import ReplicaRandom
    >>> draws = ReplicaRandom(keras.random.SeedGenerator(0))
    >>> images = keras.ops.zeros((4, 8, 8, 1))
    >>> draws.normal(images).shape == (4, 8, 8, 1), draws.uniform(images).shape == (4, 1, 1, 1)
    (True, True)
    """

    def __init__(self, seed: keras.random.SeedGenerator):
        self.seed, self.replicas = seed, 1

    def rows(self, draw: Callable[[Any, Any], Any], examples: Any) -> Any:
        """What `draw(n, seed)` gives for the whole batch: the rows of this replica's examples."""
        if self.replicas == 1:
            return draw(examples, self.seed)
        start, total = global_batch(examples)
        return draw(total, self.seed)[start : start + examples]

    def normal(self, like: Any) -> Any:
        """Standard normal numbers, one for every value of `like`, in its shape."""
        examples, *shape = ops.shape(like)
        return self.rows(lambda n, seed: keras.random.normal((n, *shape), seed=seed), examples)

    def uniform(self, like: Any) -> Any:
        """Numbers uniform on [0, 1), one for every example of `like`: `(batch, 1, ..., 1)`."""
        shape = (1 for _ in like.shape[1:])
        return self.rows(
            lambda n, seed: keras.random.uniform((n, *shape), seed=seed), ops.shape(like)[0]
        )
