"""The rules by which `HealthMonitor` judges: each sees all looks so far and says what is wrong.

The bounds were set on the runs of `benchmarks/health_monitor.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gankit.callbacks._health_look import Look

_PATIENCE = 5  # looks in a row that a state must last: trouble that passes is none
_WINDOW = 12  # looks over which swings are judged

_NO_LESSON = 0.02
_VANISHED = 0.02
_EXPLODED = 100.0
_COLLAPSED = 0.3
_SWING = 0.5


def discriminator_has_won(looks: Sequence[Look]) -> str | None:
    """Its loss has nothing left to teach it."""
    last = looks[-_PATIENCE:]
    if len(last) < _PATIENCE or max(look.lesson for look in last) > _NO_LESSON:
        return None
    return (
        f"The discriminator has won. Since step {last[0].step} its loss has less than "
        f"{_NO_LESSON:.0%} of the slope that it has where the discriminator guesses; its logits "
        f"are {last[-1].real_logit:.1f} on real examples and {last[-1].fake_logit:.1f} on "
        "generated ones."
    )


def generator_has_collapsed(looks: Sequence[Look]) -> str | None:
    """Its examples are few and do not become more, though the game goes on."""
    last = looks[-_PATIENCE:]
    diversity = [look.diversity for look in last]
    grows = diversity[-1] > 1.5 * diversity[0]
    if len(last) < _PATIENCE or max(diversity) > _COLLAPSED or grows:
        return None
    if min(look.lesson for look in last) <= _NO_LESSON:
        return None  # a generator that is not taught has not collapsed
    return (
        f"The generator has collapsed. Since step {last[0].step} it makes, whatever the latents, "
        f"at most {max(diversity):.0%} as many different examples as the data has."
    )


def game_oscillates(looks: Sequence[Look]) -> str | None:
    """What is generated swings to and fro as a whole, and the swings do not die down."""
    if len(looks) < _WINDOW:
        return None
    centers = np.stack([look.center for look in looks[-_WINDOW:]])
    early, late = (_swing(half) for half in np.split(centers, 2))
    if min(early, late) < _SWING or late < 0.8 * early or _crossings(centers) < 3:
        return None
    return (
        f"The game oscillates. Since step {looks[-_WINDOW].step} the mean of the generated "
        f"examples swings by {late:.2f} of the data's spread, and the swings do not die down."
    )


def generator_gradient_vanishes(looks: Sequence[Look]) -> str | None:
    """The generator learns no more, though its examples are told from the real ones."""
    last = looks[-_PATIENCE:]
    bound = _VANISHED * looks[0].generator_gradient
    if len(looks) <= _PATIENCE or max(look.generator_gradient for look in last) > bound:
        return None
    if min(look.told_apart for look in last) < 0.95:
        return None  # it has nothing to learn
    share = last[-1].generator_gradient / looks[0].generator_gradient
    return (
        f"The generator's gradient has vanished. Since step {last[0].step} it is below "
        f"{_VANISHED:.0%} of what it was at step {looks[0].step} (now {share:.2%}), though the "
        f"discriminator tells {last[-1].told_apart:.0%} of the pairs apart."
    )


def gradient_explodes(looks: Sequence[Look]) -> str | None:
    """A gradient is many times as long as the weights it is to change."""
    last = looks[-2:]
    for player in ("generator", "discriminator"):
        lengths = [getattr(look, f"{player}_gradient") for look in last]
        if len(last) == 2 and min(lengths) > _EXPLODED and np.isfinite(lengths).all():
            return (
                f"The {player}'s gradient explodes. At step {last[-1].step} it is "
                f"{lengths[-1]:.0f} times as long as the {player}'s weights."
            )
    return None


def _swing(centers: np.ndarray) -> float:
    """Root mean square distance of the centers from their mean."""
    return float(np.sqrt(((centers - centers.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _crossings(centers: np.ndarray) -> int:
    """How often the centers cross their mean, along the direction in which they move most."""
    offsets = centers - centers.mean(axis=0)
    direction = np.linalg.svd(offsets, full_matrices=False)[2][0]
    return int((np.diff(np.sign(offsets @ direction)) != 0).sum())
