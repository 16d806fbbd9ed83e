"""What stands behind a `Game`: teams of players, their optimizers, and what their losses report."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from gankit import autodiff, checks


class Team:
    """Players who move together: what they own, and what must stay.

    Args:
        game: a compiled game.
        names: the players.
    """

    def __init__(self, game: Any, names: tuple[str, ...]):
        players = game.players()
        for name in names:
            check_player(name, players, "`update` was called for ")
        networks = [players[name] for name in names]
        self.optimizers = [game.optimizers[name] for name in names]
        self.variables = [_unique(n.trainable_variables for n in own) for own in networks]
        moved = [variable for own in self.variables for variable in own]
        if len({id(v) for v in moved}) < len(moved):
            twice = next(v for i, v in enumerate(moved) if any(v is w for w in moved[:i]))
            raise ValueError(
                f"Two players own the same variable in one update. Received: {twice.path!r} of "
                f"{' and '.join(names)}. Update them one after the other, or share no layer."
            )
        own = {id(v) for v in _unique(n.weights for network in networks for n in network)}
        foreign = {id(v) for layer in game.layers for v in layer.weights} - own
        self.keeps = lambda variable: id(variable) not in foreign
        self.others = [v for v in game.trainable_variables if id(v) in foreign]

    def finalize(self) -> None:
        """At the end of `fit`, an optimizer's own average (`use_ema=True`) becomes the weights."""
        for optimizer, own in zip(self.optimizers, self.variables, strict=True):
            if getattr(optimizer, "inner_optimizer", optimizer).use_ema:
                optimizer.finalize_variable_values(own)
                for variable in own:  # JAX would keep one buffer for both, and donate it twice
                    variable.assign(ops.copy(variable))


class Report:
    """The means over an epoch of what losses report. A mean is made when its name is first seen."""

    def __init__(self):
        self.means: dict[str, keras.metrics.Mean] = {}
        self._reporters: dict[str, Any] = {}
        self._tracing = False

    def add(self, report: Mapping[str, Any], rows: Any, by: Any) -> None:
        """Count what a loss reported, for so many examples."""
        for name, value in report.items():
            if self._reporters.setdefault(name, by) != by:
                raise ValueError(
                    f"Two losses report the same name, and one mean cannot hold both. Received: "
                    f"{name!r} from {self._reporters[name]} and from {by}. Rename one of them."
                )
            if not self._tracing:
                self.mean(name).update_state(value, sample_weight=rows)

    def mean(self, name: str) -> keras.metrics.Mean:
        """The mean of that name."""
        if name not in self.means:
            with autodiff.outside_graph():
                self.means[name] = keras.metrics.Mean(name=name)
        return self.means[name]

    @contextlib.contextmanager
    def traced(self) -> Iterator[None]:
        """Inside the block, names are noted and nothing is counted; then the means are made."""
        self._tracing = True
        try:
            yield
        finally:
            self._tracing = False
        for name in self._reporters:
            self.mean(name)


class AllOptimizers:
    """The players' optimizers behind the one object that Keras looks for as `model.optimizer`."""

    def __init__(self, *optimizers: keras.optimizers.Optimizer):
        self.optimizers = optimizers  # the name by which TensorBoard finds the learning rates

    @property
    def built(self) -> bool:
        return all(optimizer.built for optimizer in self.optimizers)

    @property
    def variables(self) -> list:
        return [variable for optimizer in self.optimizers for variable in optimizer.variables]

    @property
    def iterations(self) -> Any:
        """Updates of the first player."""
        return self.optimizers[0].iterations


def _unique(lists: Any) -> list:
    """The variables of several lists, each once."""
    return list({id(v): v for variables in lists for v in variables}.values())


def check_players(game: Any) -> dict[str, list]:
    """The players, or an error that says what is wrong with them."""
    players, parts = game.players(), {id(layer) for layer in game._flatten_layers()}
    if not players:
        raise ValueError(f"{type(game).__name__} has no players. Received: {players!r}.")
    for name, networks in players.items():
        if not isinstance(networks, (list, tuple)) or not networks:
            raise ValueError(
                f"Player {name!r} needs a list of at least one network. Received: {networks!r}."
            )
        for network in networks:
            if not isinstance(network, keras.Layer) or not network.built:
                raise ValueError(
                    f"The networks of player {name!r} must be built Keras models. Received: "
                    f"{network!r}. Give the first layer an Input, or call the network once."
                )
            if id(network) not in parts:
                raise ValueError(
                    f"A network of player {name!r} is not part of the game, so no file would hold "
                    f"it. Received: {network.name!r}. Assign it in __init__: self.x = network."
                )
    return players


def check_player(name: str, players: Mapping[str, Any], where: str) -> None:
    """Refuse a name that no player has, and offer the nearest that one has.

    Args:
        name: the name.
        players: the players, by name.
        where: how the error begins, such as `"`update` was called for "`.
    """
    if name not in players:
        near = difflib.get_close_matches(str(name), players, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"{where}a player that the game does not have. Received: {name!r}. "
            f"The players are {', '.join(players)}.{hint}"
        )


def build_optimizer(player: str, optimizer: Any, networks: Sequence[keras.Layer]) -> Any:
    """A player's optimizer, built for its variables, and scaling losses where float16 needs it.

    Args:
        player: the player's name.
        optimizer: Keras optimizer, or its name.
        networks: the player's networks.
    """
    try:
        optimizer = keras.optimizers.get(optimizer)
    except Exception as error:  # of whatever class a config names
        raise ValueError(
            f"The {player}'s optimizer must be a Keras optimizer, or its name. Received: "
            f"{optimizer!r}."
        ) from error
    rate = ops.convert_to_numpy(optimizer.learning_rate)
    checks.check_number(f"{player} learning_rate", float(rate), 0)
    if optimizer.built:
        raise ValueError(
            f"The {player}'s optimizer has been built for other variables already. Received: "
            f"{optimizer!r}. Each player needs an optimizer of its own; make a fresh one with "
            f"type(optimizer).from_config(optimizer.get_config())."
        )
    layers = [layer for network in networks for layer in network._flatten_layers()]
    half = any(layer.compute_dtype == "float16" for layer in layers)
    if half and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(_unique(network.trainable_variables for network in networks))
    return optimizer


def refuse_losses(names: tuple[str, ...], values: Sequence, loss: Callable) -> None:
    """Say what a loss returned instead of a scalar for each player.

    Args:
        names: the players.
        values: what it returned for them.
        loss: the loss.
    """
    shapes = [tuple(getattr(value, "shape", ())) for value in values]
    called = getattr(loss, "__qualname__", loss)
    raise ValueError(
        f"A loss must return a scalar for each player, and a report: `return loss, {{}}`. "
        f"Received: {len(values)} values of shapes {shapes} for {', '.join(names)} from {called}."
    )
