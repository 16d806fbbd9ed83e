import numpy as np
import pytest

from gankit.metrics import _blocks, density_coverage, precision_recall

both = pytest.mark.parametrize("measure", [precision_recall, density_coverage])


def test_a_set_covers_itself():
    rows = np.random.default_rng(0).normal(size=(60, 4)) + 1e3
    assert precision_recall(rows, rows) == (1.0, 1.0)
    found = density_coverage(rows, rows)
    # Each ball, including its border, contains its center and k others.
    assert found == (pytest.approx(6 / 5), 1.0)


def test_ties_and_duplicates_count_as_inside():
    """On a grid, most distances equal a radius; in collapsed sets, balls have radius 0."""
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(6)), axis=-1).reshape(-1, 2) / 3.0
    assert density_coverage(grid, grid + 1e-9).coverage == 1.0
    collapsed = np.full((36, 2), 1 / 3)
    assert precision_recall(grid, collapsed) == (1.0, 1 / 36)
    assert precision_recall(collapsed, collapsed) == (1.0, 1.0)


def test_a_missing_mode_costs_recall_and_coverage_alone():
    rng = np.random.default_rng(0)
    real = np.concatenate([rng.normal(0, 1, (200, 2)), rng.normal(20, 1, (200, 2))])
    fake = rng.normal(0, 1, (400, 2))
    precision, recall = precision_recall(real, fake)
    density, coverage = density_coverage(real, fake)
    assert precision > 0.9 and 0.4 < recall < 0.55
    assert density > 0.8 and 0.4 < coverage < 0.55


def test_bad_samples_cost_precision_and_density_alone():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(400, 2))
    fake = np.concatenate([rng.normal(size=(400, 2)), rng.normal(0, 0.1, (400, 2)) + 50])
    precision, recall = precision_recall(real, fake)
    density, coverage = density_coverage(real, fake)
    assert 0.4 < precision < 0.55 and recall > 0.9
    assert 0.4 < density < 0.6 and coverage > 0.9


def test_the_expected_coverage_of_equal_distributions():
    rng = np.random.default_rng(0)
    found = [density_coverage(*rng.normal(size=(2, 500, 8)), k=3) for _ in range(4)]
    assert np.mean([one.coverage for one in found]) == pytest.approx(1 - 2**-3, abs=0.02)
    assert np.mean([one.density for one in found]) == pytest.approx(1, abs=0.05)


@both
def test_neither_block_memory_nor_a_shift_matters(measure, monkeypatch):
    real, fake = np.random.default_rng(0).normal(size=(2, 70, 3))
    whole = measure(real, fake)
    assert measure(real + 1e4, fake + 1e4) == pytest.approx(whole, rel=1e-12)
    monkeypatch.setattr(_blocks, "_PAIRS", 3 * 70)
    assert measure(real, fake) == pytest.approx(whole, rel=1e-12)


def test_one_far_example_hides_no_distance():
    """Rounding errors of a far example must not count as the border of every ball."""
    rng = np.random.default_rng(0)
    real, elsewhere = rng.normal(size=(2, 60, 2)) + [[[0.0]], [[50.0]]]
    fake = np.concatenate([elsewhere, [[1e15, 0.0]]])
    assert precision_recall(real, fake).precision == 0.0
    assert density_coverage(real, fake) == (0.0, 0.0)


@both
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"k": 0}, ValueError, "`k` must be a whole number of at least 1.*k=0"),
        ({"k": 6}, ValueError, "at least k . 1 examples each. Received: k=6 with 9 and 6"),
        ({"features_fake": np.ones((9, 3))}, ValueError, "same network. Received: 2 and 3 values"),
        ({"features_real": np.ones(9)}, ValueError, r"`features_real` must have shape \(n, d\)"),
        (
            {"features_real": [[np.inf, 0.0]]},
            ValueError,
            "`features_real` must hold finite values. Received: 1 values",
        ),
        ({"features_real": [[1j, 0.0]]}, TypeError, "`features_real` must hold real numbers"),
        ({"features_fake": np.full((9, 2), 1e200)}, ValueError, "Received: 18 .* first is 1e.200"),
        ({"features_fake": [[1.0], [1.0, 2.0]]}, ValueError, "rows of equal shapes. Received: .*2"),
    ],
)
def test_bad_input_is_refused(measure, arguments, error, message):
    good = {"features_real": np.ones((9, 2)), "features_fake": np.ones((6, 2)), "k": 3}
    with pytest.raises(error, match=message):
        measure(**{**good, **arguments})
