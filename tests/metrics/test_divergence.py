import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import multivariate_normal, norm

from gankit.metrics import jensen_shannon_divergence, jsd_from_logits, jsd_from_samples

# Computed outside this project for N(0, 1) and N(mean, std^2), in nats.
GAUSSIAN_PAIRS = {(1, 1): 0.11142, (2, 1): 0.33683, (0, 2): 0.09273, (4, 1): 0.63272}


@pytest.mark.parametrize(("mean", "std"), GAUSSIAN_PAIRS)
def test_gaussian_pairs_on_a_grid(mean, std):
    x = np.arange(-20, 25, 0.005)
    jsd = jensen_shannon_divergence(norm.pdf(x), norm.pdf(x, mean, std), dx=0.005)
    assert jsd == pytest.approx(GAUSSIAN_PAIRS[mean, std], abs=1e-5)


@pytest.mark.parametrize("shape", [(50,), (12, 9)])
def test_agrees_with_scipy(shape):
    rng = np.random.default_rng(0)
    p, q = rng.gamma(0.3, size=(2, *shape))
    p, q = p / p.sum(), q / q.sum()
    expected = jensenshannon(p.ravel(), q.ravel()) ** 2
    assert jensen_shannon_divergence(p, q) == pytest.approx(expected, abs=1e-12)
    assert jensen_shannon_divergence(q, p) == pytest.approx(expected, abs=1e-12)


def test_two_dimensional_grid_with_a_step_for_each_axis():
    dx, dy = 0.05, 0.1
    x, y = np.meshgrid(np.arange(-8, 9, dx), np.arange(-8, 8, dy), indexing="ij")
    points = np.stack([x, y], axis=-1)
    p = multivariate_normal([0, 0]).pdf(points)
    q = multivariate_normal([1, 0]).pdf(points)
    # Only one coordinate differs, so the divergence equals that of the one-dimensional pair.
    jsd = jensen_shannon_divergence(p, q, dx=(dx, dy))
    assert jsd == pytest.approx(GAUSSIAN_PAIRS[1, 1], abs=1e-5)


def test_range_of_the_divergence():
    p, q = np.array([0.5, 0.5, 0, 0]), np.array([0, 0, 0.25, 0.75])
    assert jensen_shannon_divergence(p, q) == pytest.approx(np.log(2), abs=1e-15)
    assert jensen_shannon_divergence(p, p) == 0.0
    assert jensen_shannon_divergence(p, q) <= np.log(2)


@pytest.mark.parametrize(
    ("p", "q", "dx", "message"),
    [
        ([0.5, 0.5], [0.5, 0.25, 0.25], 1.0, r"\(2,\) and \(3,\)"),
        ([1.5, -0.5], [0.5, 0.5], 1.0, "must not be negative. Received: a value -0.5"),
        ([0.5, 0.5], [0.5, np.nan], 1.0, "`q` must hold finite values. Received: 1 values"),
        ([0.5, 0.5], [0.5, 0.2], 1.0, "`q` must have mass 1 .* Received: mass 0.7"),
        ([0.5, 0.5], [0.5, 0.5], 0.1, "`p` must have mass 1"),
        ([0.5, 0.5], [0.5, 0.5], 0.0, "`dx` must be a finite number above 0. Received: dx=0.0"),
        ([0.5, 0.5], [0.5, 0.5], (1.0, 1.0), "`dx` must be one number, or one for each of 1"),
        (
            np.ones((1, 1, 1)),
            np.ones((1, 1, 1)),
            1.0,
            r"1-D or 2-D grids. Received: shape \(1, 1, 1\)",
        ),
        ([], [], 1.0, "`p` must not be empty"),
    ],
)
def test_bad_densities_are_refused(p, q, dx, message):
    with pytest.raises(ValueError, match=message):
        jensen_shannon_divergence(p, q, dx=dx)


def test_text_is_refused():
    with pytest.raises(TypeError, match="`range` must hold real numbers"):
        jsd_from_samples([0.0], [1.0], range="x")
    for dx in ("x", None, True):
        with pytest.raises(TypeError, match=f"`dx` must be a finite number.*Received: dx={dx!r}"):
            jensen_shannon_divergence([0.5, 0.5], [0.5, 0.5], dx=dx)
    with pytest.raises(TypeError, match="real numbers. Received: dtype <U1"):
        jensen_shannon_divergence(["a"], ["b"])


@pytest.mark.parametrize("columns", [None, 1])
@pytest.mark.parametrize(("mean", "std"), GAUSSIAN_PAIRS)
def test_samples_of_gaussian_pairs(mean, std, columns):
    rng = np.random.default_rng(0)
    shape = (200_000,) if columns is None else (200_000, columns)
    x, y = rng.normal(0, 1, shape), rng.normal(mean, std, shape)
    jsd = jsd_from_samples(x, y, bins=80, range=(-8, 9))
    assert jsd == pytest.approx(GAUSSIAN_PAIRS[mean, std], abs=0.004)


def test_samples_in_two_dimensions():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100_000, 2)), rng.normal(size=(100_000, 2)) + [1, 0]
    assert jsd_from_samples(x, y, bins=30) == pytest.approx(GAUSSIAN_PAIRS[1, 1], abs=0.006)
    assert jsd_from_samples(x, y, bins=(30, 20), range=((-5, 6), (-5, 5))) == pytest.approx(
        GAUSSIAN_PAIRS[1, 1], abs=0.006
    )


def test_bias_of_the_sample_estimate_is_the_documented_one():
    rng = np.random.default_rng(0)
    n, m, bins = 1000, 500, 10
    estimates = [
        jsd_from_samples(rng.uniform(size=n), rng.uniform(size=m), bins, range=(0, 1))
        for _ in range(300)
    ]
    assert np.mean(estimates) == pytest.approx((bins - 1) / 8 * (1 / n + 1 / m), rel=0.1)


def test_points_outside_the_range_are_counted():
    assert jsd_from_samples([0.5], [7.0], bins=4, range=(0, 1)) == pytest.approx(np.log(2))
    half = jsd_from_samples([0.5, 0.5], [0.5, 7.0], bins=4, range=(0, 1))
    assert half == pytest.approx(jensenshannon([1, 0], [0.5, 0.5]) ** 2)


def test_equal_points_need_no_range():
    assert jsd_from_samples([2.0, 2.0], [2.0]) == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bins": 0}, "`bins` must be a whole number of at least 1. Received: bins=0"),
        ({"bins": (3, 3)}, "one number, or one for each of 1 axes"),
        ({"bins": 2.5}, "Received: .*2.5"),
        ({"bins": "many"}, "Received: bins='many'"),
        ({"bins": None}, "Received: bins=None"),
        ({"range": (0.0, np.inf)}, "`range` must hold finite values"),
        ({"range": ((0, 1), (0,))}, "`range` must be an array, with rows of equal shapes"),
        ({"x": [[0.0], [0.0, 1.0]]}, "`x` must be an array, with rows of equal shapes"),
        ({"range": (1.0, 1.0)}, r"low < high, or 1 of them. Received: .*\(1.0, 1.0\)"),
        ({"range": ((0, 1), (0, 1))}, "low < high"),
        ({"y": [[1.0, 2.0]]}, "Received: 1 and 2"),
        ({"x": np.ones((4, 3)), "y": np.ones((4, 3))}, "1 or 2 columns. Received: .*3"),
        ({"x": [np.inf]}, "`x` must hold finite values. Received: 1 values .*, the first is inf"),
    ],
)
def test_bad_samples_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        jsd_from_samples(**{"x": [0.0, 1.0], "y": [0.0, 1.0], **arguments})


@pytest.mark.parametrize(("mean", "std"), GAUSSIAN_PAIRS)
def test_logits_of_the_optimal_discriminator(mean, std):
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(400_000, 1)), rng.normal(mean, std, size=(400_000, 1))

    def logit(x):  # of D* = p / (p + q)
        return norm.logpdf(x) - norm.logpdf(x, mean, std)

    jsd = jsd_from_logits(logit(real), logit(fake))
    assert jsd == pytest.approx(GAUSSIAN_PAIRS[mean, std], abs=0.003)


def test_logits_of_another_discriminator_give_less():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=100_000), rng.normal(1, 1, size=100_000)
    assert jsd_from_logits(-3 * (real - 0.5), -3 * (fake - 0.5)) < GAUSSIAN_PAIRS[1, 1] - 0.05


def test_large_logits_do_not_overflow():
    assert jsd_from_logits([1e4], [-1e4]) == pytest.approx(np.log(2), abs=1e-15)
    assert jsd_from_logits([-1e4], [1e4]) == pytest.approx(np.log(2) - 1e4)


def test_bad_logits_are_refused():
    with pytest.raises(ValueError, match="`fake_logits` must not be empty"):
        jsd_from_logits([0.0], [])
    with pytest.raises(
        ValueError, match="`real_logits` must hold finite values. Received: 1 values"
    ):
        jsd_from_logits([np.nan], [0.0])
