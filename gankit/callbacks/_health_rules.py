"""The rules of `HealthMonitor`: each sees all snapshots so far and says what is wrong, or nothing.

A rule has the name of the kind of finding that it makes. The bounds were chosen on the runs of
`benchmarks/health_monitor.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gankit.callbacks._health_snapshot import Snapshot

_PATIENCE = 5  # snapshots in a row for which trouble must last
_WINDOW = 12  # snapshots over which swings are judged

_FLAT = 0.02
_VANISHED = 0.02
_EXPLODED = 100.0
_COLLAPSED = 0.3
_SWING = 0.5


def discriminator_won(snapshots: Sequence[Snapshot]) -> str | None:
    """The slope of its loss is gone: it has nothing left to learn."""
    last = snapshots[-_PATIENCE:]
    if len(last) < _PATIENCE or max(s.relative_slope for s in last) > _FLAT:
        return None
    return (
        f"The discriminator has won. Since step {last[0].step} its loss has less than "
        f"{_FLAT:.0%} of the slope that it has where the discriminator guesses; its logits "
        f"are {last[-1].real_logit:.1f} on real examples and {last[-1].fake_logit:.1f} on "
        "generated ones."
    )


def collapse(snapshots: Sequence[Snapshot]) -> str | None:
    """Its examples are few and do not become more, though the discriminator still learns."""
    last = snapshots[-_PATIENCE:]
    diversity = [s.diversity for s in last]
    grows = diversity[-1] > 1.5 * diversity[0]
    if len(last) < _PATIENCE or max(diversity) > _COLLAPSED or grows:
        return None
    if min(s.relative_slope for s in last) <= _FLAT:
        return None  # the generator is not taught, which is another fault
    return (
        f"The generator has collapsed. Since step {last[0].step} it makes at most "
        f"{max(diversity):.0%} as many different examples as the data holds."
    )


def oscillation(snapshots: Sequence[Snapshot]) -> str | None:
    """The mean of the generated examples swings to and fro, and the swings do not die down."""
    if len(snapshots) < _WINDOW:
        return None
    centers = np.stack([s.center for s in snapshots[-_WINDOW:]])
    early, late = (_swing(half) for half in np.split(centers, 2))
    if min(early, late) < _SWING or late < 0.8 * early or _crossings(centers) < 3:
        return None
    return (
        f"The game oscillates. Since step {snapshots[-_WINDOW].step} the mean of the generated "
        f"examples swings by {late:.2f} of the data's spread, and the swings do not die down."
    )


def vanishing_gradient(snapshots: Sequence[Snapshot]) -> str | None:
    """The generator learns no more, though the discriminator tells its examples from real ones."""
    last = snapshots[-_PATIENCE:]
    bound = _VANISHED * snapshots[0].generator_gradient
    if len(snapshots) <= _PATIENCE or max(s.generator_gradient for s in last) > bound:
        return None
    if min(s.auc for s in last) < 0.95:
        return None  # it has nothing to learn
    share = last[-1].generator_gradient / snapshots[0].generator_gradient
    return (
        f"The generator's gradient has vanished. Since step {last[0].step} it is below "
        f"{_VANISHED:.0%} of what it was at step {snapshots[0].step} (now {share:.2%}), though the "
        f"discriminator tells {last[-1].auc:.0%} of the pairs apart."
    )


def exploding_gradient(snapshots: Sequence[Snapshot]) -> str | None:
    """The norm of a gradient is many times that of the weights."""
    last = snapshots[-2:]
    for player in ("generator", "discriminator"):
        lengths = [getattr(s, f"{player}_gradient") for s in last]
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
