import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from gankit.metrics import mode_coverage

STD = 0.02


@pytest.fixture
def ring():
    angles = 2 * np.pi * np.arange(8) / 8
    return 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_the_true_mixture(ring):
    rng = np.random.default_rng(0)
    points = ring[rng.integers(8, size=20_000)] + rng.normal(0, STD, (20_000, 2))
    found = mode_coverage(points, ring, STD)
    assert found.modes == 8
    assert found.high_quality == pytest.approx(1 - np.exp(-9 / 2), abs=0.003)
    assert found.jsd < 0.001 and found.kl < 0.002
    assert found.counts.sum() == round(found.high_quality * 20_000)


def test_collapse_to_one_mode(ring):
    found = mode_coverage(np.tile(ring[3], (100, 1)), ring, STD)
    assert found.modes == 1 and found.high_quality == 1.0
    assert found.jsd == pytest.approx(0.497, abs=5e-4)
    assert found.kl == pytest.approx(np.log(8))


def test_divergences_agree_with_scipy(ring):
    counts = np.array([5, 1, 0, 2, 7, 0, 3, 1])
    found = mode_coverage(np.repeat(ring, counts, axis=0), ring, STD)
    uniform = np.full(8, 1 / 8)
    assert found.counts.tolist() == counts.tolist() and found.modes == 6
    assert found.jsd == pytest.approx(jensenshannon(counts, uniform) ** 2, abs=1e-12)
    assert found.kl == pytest.approx(entropy(counts, uniform), abs=1e-12)


def test_threshold_counts_standard_deviations(ring):
    point = ring[:1] + [2.5 * STD, 0]
    assert mode_coverage(point, ring, STD).modes == 1
    assert mode_coverage(point, ring, STD, threshold=2.0).modes == 0
    assert mode_coverage(point, ring, STD / 2).modes == 0


def test_no_point_near_a_mode(ring):
    found = mode_coverage(np.zeros((5, 2)), ring, STD)
    assert found.modes == 0 and found.high_quality == 0.0
    assert np.isnan(found.jsd) and np.isnan(found.kl)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"std": 0.0}, "std must be a finite number above zero; got 0.0"),
        ({"threshold": -1}, "threshold must be a finite number above zero; got -1"),
        ({"points": [[np.nan, 0.0]]}, "points holds 1 values that are not finite"),
        ({"points": [[1.0, 2.0, 3.0]]}, "got 3 and 2"),
        ({"points": [1.0, 2.0]}, r"points must have one row per example.*got shape \(2,\)"),
    ],
)
def test_bad_input_is_refused(ring, arguments, message):
    with pytest.raises(ValueError, match=message):
        mode_coverage(**{"points": ring, "centres": ring, "std": STD, **arguments})
