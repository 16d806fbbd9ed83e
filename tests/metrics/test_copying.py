import numpy as np
import pytest

from gankit.metrics import memorization
from gankit.metrics.copying import _mann_whitney


@pytest.fixture
def sets():
    """Draw training, held-out and fresh examples from one distribution."""
    return np.random.default_rng(0).normal(size=(3, 300, 4, 2, 1))


def test_copies_fresh_and_bad_examples(sets):
    training, held_out, fresh = sets
    noise = np.random.default_rng(1).normal(size=fresh.shape)
    copies = memorization(training + 0.05 * noise, training, held_out)
    honest = memorization(fresh, training, held_out)
    bad = memorization(fresh + 3 * noise, training, held_out)
    assert copies.statistic < -10 and copies.closer > 0.95
    assert abs(honest.statistic) < 3 and abs(honest.closer - 0.5) < 0.1
    assert bad.statistic > 10 and bad.closer < 0.1


def test_the_statistic_is_standard_normal_for_honest_generators():
    rng = np.random.default_rng(0)
    distances = [(rng.exponential(size=40), rng.exponential(size=60)) for _ in range(1000)]
    scores, closer = np.transpose([_mann_whitney(*pair) for pair in distances])
    # Three standard errors of the mean and the standard deviation.
    assert abs(np.mean(scores)) < 0.1 and abs(np.std(scores) - 1) < 0.07
    assert np.mean(closer) == pytest.approx(0.5, abs=0.01)


def test_a_fraction_of_copies_is_found(sets):
    training, held_out, fresh = sets
    half = np.concatenate([training[:150], fresh[:150]])
    assert memorization(half, training, held_out).statistic < -5


def test_cells_find_what_cancels_out():
    """Copies in one region, and examples that are too far away in the other."""
    rng = np.random.default_rng(0)
    training, held_out, fresh = rng.normal(size=(3, 400, 3))
    left = np.arange(400) < 130
    for rows in (training, held_out, fresh):
        rows[~left] += 100.0
    generated = fresh + np.where(left, 0, 0.8)[:, None] * rng.normal(size=fresh.shape)
    generated[left] = training[left] + 1e-3
    together = memorization(generated, training, held_out)
    apart = [
        memorization(generated[side], training[side], held_out[side]) for side in (left, ~left)
    ]
    assert apart[0].statistic < -10 and apart[1].statistic > 3
    found = memorization(generated, training, held_out, cells=2)
    expected = np.average([one.statistic for one in apart], weights=[130, 270])
    assert found.statistic == pytest.approx(expected, rel=1e-9) != together.statistic


def test_a_cell_without_enough_examples_is_left_out():
    rng = np.random.default_rng(0)
    training, held_out, fresh = rng.normal(size=(3, 60, 2))
    far = 100 + rng.normal(size=(30, 2))
    whole = memorization(fresh, training, held_out)
    for generated, held in (
        (np.concatenate([fresh, far[:19]]), np.concatenate([held_out, far])),
        (np.concatenate([fresh, far]), held_out),
    ):
        found = memorization(generated, np.concatenate([training, far]), held, cells=2)
        assert found == pytest.approx(whole, rel=1e-9)
    with pytest.raises(ValueError, match="20 generated examples .* Received: cells=10"):
        memorization(fresh, training, held_out, cells=10)


def test_equal_distances_say_nothing():
    training, others = np.zeros((5, 2)), np.ones((20, 2))
    assert memorization(others, training, others) == (0.0, 0.5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"generated": np.ones((19, 2))},
            ValueError,
            "`generated` must have at least 20 examples. Received: 19",
        ),
        (
            {"held_out": np.ones((3, 2))},
            ValueError,
            "`held_out` must have at least 20 examples. Received: 3",
        ),
        (
            {"held_out": np.ones((30, 3))},
            ValueError,
            "`training` and `held_out` must .*Received: 2 and 2 and 3",
        ),
        (
            {"generated": np.ones((30, 3))},
            ValueError,
            "`generated` and `training` and `held_out` must .*Received: 3 and 2 and 2",
        ),
        ({"training": np.ones(30)}, ValueError, "`training` must have one row per example"),
        (
            {"training": [[np.nan, 0]]},
            ValueError,
            "`training` must hold finite values. Received: 1 values",
        ),
        ({"training": [["a", "b"]]}, TypeError, "`training` must hold real numbers"),
        ({"training": [[1e200, 0]]}, ValueError, "the first is 1e.200"),
        ({"seed": -1}, ValueError, "seed=-1"),
        ({"cells": 0}, ValueError, "`cells` must be a whole number of at least 1.*cells=0"),
        (
            {"cells": 31},
            ValueError,
            "`cells` must lie in 1..30, the number of training .*Received: cells=31",
        ),
    ],
)
def test_bad_input_is_refused(arguments, error, message):
    good = dict.fromkeys(("generated", "training", "held_out"), np.ones((30, 2)))
    with pytest.raises(error, match=message):
        memorization(**{**good, **arguments})


def test_cells_count_by_their_held_out_examples():
    """In one cell all generated examples are closer than the held-out ones, in the other none."""
    rows = lambda *parts: np.concatenate([np.full((n, 1), x) for n, x in parts])  # noqa: E731
    found = memorization(
        rows((20, 0.0), (20, 100.4)),
        rows((30, 0.0), (30, 100.0)),
        rows((30, 0.4), (10, 100.0)),
        cells=2,
    )
    assert found.closer == pytest.approx(30 / 40)
