import numpy as np
import pytest

from gankit.metrics import _blocks, kernel, kernel_distance


def test_closed_form_in_one_dimension():
    """k(x, y) = (x y + 1)^3; the sets are {0, 1} and {0, 2}."""
    # 2 k(0, 1) / 2 + 2 k(0, 2) / 2 - 2 (k(0, 0) + k(0, 2) + k(1, 0) + k(1, 2)) / 4
    expected = 1 + 1 - 2 * (1 + 1 + 1 + 27) / 4
    found = kernel_distance([[0.0], [1.0]], [[0.0], [2.0]], blocks=1)
    assert found.distance == pytest.approx(expected, rel=1e-12)
    assert np.isnan(found.standard_error)


def test_it_is_unbiased_where_the_sets_differ_in_size():
    """Normal sets: E k(x, y) = 1 + 3 / d + ... cancels, so the mean over many is 0."""
    rng = np.random.default_rng(0)
    values = [
        kernel_distance(rng.normal(size=(20, 2)), rng.normal(size=(9, 2)), blocks=1).distance
        for _ in range(400)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20


def test_the_error_is_the_spread_between_repetitions():
    rng = np.random.default_rng(0)
    found = [
        kernel_distance(rng.normal(size=(200, 3)), rng.normal(0.3, 1, (200, 3))) for _ in range(60)
    ]
    spread = np.std([one.distance for one in found])
    claimed = np.sqrt(np.mean([one.standard_error**2 for one in found]))
    assert 0.75 < claimed / spread < 1.33


def test_the_error_of_two_blocks_is_half_their_difference(monkeypatch):
    of_blocks = iter([1.0, 4.0])
    monkeypatch.setattr(kernel, "_unbiased_mmd", lambda x, y: next(of_blocks))
    rows = np.arange(8.0)[:, None]
    assert kernel_distance(rows, rows, blocks=2) == pytest.approx((2.5, 1.5))


def test_third_moments_count():
    """Sets of equal mean and variance, which the Fréchet distance cannot distinguish."""
    rng = np.random.default_rng(0)
    skewed, normal = rng.exponential(size=(5000, 1)) - 1, rng.normal(size=(5000, 1))
    found = kernel_distance(skewed, normal)
    assert found.distance > 5 * found.standard_error


def test_neither_order_nor_block_memory_matters(monkeypatch):
    a, b = np.random.default_rng(0).normal(size=(2, 50, 3))
    whole = kernel_distance(a, b, blocks=1)
    assert kernel_distance(a[::-1], b, blocks=1).distance == pytest.approx(whole.distance, rel=1e-9)
    monkeypatch.setattr(_blocks, "_PAIRS", 7 * 50)
    assert kernel_distance(a, b, blocks=1).distance == pytest.approx(whole.distance, rel=1e-9)


def test_the_seed_decides_the_blocks():
    a, b = np.random.default_rng(0).normal(size=(2, 50, 3))
    assert kernel_distance(a, b) == kernel_distance(a, b) != kernel_distance(a, b, seed=1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"blocks": 0}, ValueError, "`blocks` must be a whole number of at least 1.*blocks=0"),
        ({"blocks": 2.0}, ValueError, "blocks=2.0"),
        ({"blocks": 4}, ValueError, "at least 8 examples each. Received: blocks=4 with 9 and 7"),
        ({"features_b": np.ones((9, 3))}, ValueError, "same network. Received: 2 and 3 values"),
        ({"features_b": np.ones(9)}, ValueError, r"`features_b` must have shape \(n, d\)"),
        (
            {"features_a": [[np.nan, 1.0]] * 9},
            ValueError,
            "`features_a` must hold finite values. Received: 9 values",
        ),
        ({"features_a": np.full((9, 2), 1e200)}, ValueError, "Received: 18 .* the first is 1e.200"),
        ({"seed": "x"}, ValueError, "seed='x'"),
        ({"seed": -1}, ValueError, "seed=-1"),
        ({"features_a": [["a", "b"]] * 9}, TypeError, "`features_a` must hold real numbers"),
    ],
)
def test_bad_input_is_refused(arguments, error, message):
    good = {"features_a": np.ones((9, 2)), "features_b": np.ones((7, 2)), "blocks": 3}
    with pytest.raises(error, match=message):
        kernel_distance(**{**good, **arguments})
