import numpy as np
import pytest
from scipy.linalg import sqrtm

from gankit.metrics import (
    FeatureStatistics,
    frechet_distance,
    frechet_distance_at_infinity,
    frechet_image_distance,
)


def by_matrix_root(a, b):
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = sqrtm(covariance_a @ covariance_b)
    difference = a.mean(axis=0) - b.mean(axis=0)
    return difference @ difference + np.trace(covariance_a + covariance_b - 2 * root.real)


def correlated(rng, n, d):
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)


@pytest.mark.parametrize("d", [2, 5, 64])
def test_agrees_with_scipy(d):
    rng = np.random.default_rng(d)
    a, b = correlated(rng, 400, d), correlated(rng, 300, d)
    assert frechet_distance(a, b) == pytest.approx(by_matrix_root(a, b), rel=1e-5)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-10)


def test_closed_form_of_diagonal_gaussians():
    # All combinations of signs give mean 0 and an exactly diagonal covariance.
    signs = np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, -1).T * np.sqrt(7 / 8)
    std_a, std_b, shift = np.array([1.0, 2, 3]), np.array([0.5, 2, 5]), np.array([1.0, -2, 0])
    expected = shift @ shift + ((std_a - std_b) ** 2).sum()
    distance = frechet_distance(signs * std_a, signs * std_b + shift)
    assert distance == pytest.approx(expected, rel=1e-12)


def test_one_feature():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (50, 1)), rng.normal(2, 3, (60, 1))
    expected = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_distance_to_itself_is_zero(dtype):
    a = correlated(np.random.default_rng(0), 500, 64).astype(dtype)
    scale = np.trace(np.cov(a, rowvar=False))
    assert 0 <= frechet_distance(a, a) < 1e-10 * scale


def test_features_that_never_fire():
    """For a singular covariance, a general matrix root loses half of its digits."""
    rng = np.random.default_rng(0)
    a, b = correlated(rng, 300, 4), correlated(rng, 300, 4)
    dead = np.zeros((300, 20))
    with_dead = frechet_distance(np.hstack([a, dead]), np.hstack([b, dead]))
    assert with_dead == pytest.approx(frechet_distance(a, b), rel=1e-10)


def test_falls_when_the_generator_improves():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(1000, 8))
    distances = [frechet_distance(real, rng.normal(s, 1, (1000, 8))) for s in (2, 1, 0.5, 0)]
    assert distances == sorted(distances, reverse=True)


def test_bad_features_are_refused():
    good = np.random.default_rng(0).normal(size=(10, 3))
    with pytest.raises(ValueError, match="at least 4.*Received: 3 examples of 3 features.*Give"):
        frechet_distance(good, good[:3])
    with pytest.raises(ValueError, match="same network. Received: 3 and 2 values"):
        frechet_distance(good, good[:, :2])
    with pytest.raises(
        ValueError, match=r"`features_a` must have shape \(n, d\).*Received: shape \(10,\)"
    ):
        frechet_distance(good[:, 0], good)
    with pytest.raises(ValueError, match=r"Received: shape \(10, 1, 3\)"):
        frechet_distance(good, good[:, None])
    broken = good.copy()
    broken[4, 1] = np.nan
    with pytest.raises(
        ValueError, match="`features_a` must hold finite values. Received: 1 values"
    ):
        frechet_distance(broken, good)
    with pytest.raises(
        TypeError, match="`features_a` must hold real numbers. Received: dtype complex128"
    ):
        frechet_distance(good * 1j, good)


def test_huge_features_are_refused():
    huge = 1e200 * np.random.default_rng(0).normal(size=(10, 3))
    for call in (
        lambda: frechet_distance(huge, huge),
        lambda: frechet_distance_at_infinity(huge, huge),
        lambda: FeatureStatistics().add(huge),
    ):
        with pytest.raises(ValueError, match="Received: 30 values .* beyond"):
            call()


def test_few_examples_are_sent_to_the_kernel_distance():
    few = np.random.default_rng(0).normal(size=(64, 64))
    with pytest.raises(
        ValueError, match="at least 65.*Received: 64 examples of 64.*kernel_distance"
    ):
        frechet_distance(few, few)
    with pytest.raises(ValueError, match="at least 122.*Received: 64 .*`kernel_distance`"):
        frechet_distance_at_infinity(few[:, :60], few[:, :60])


def test_statistics_take_the_place_of_features():
    rng = np.random.default_rng(0)
    a, b = correlated(rng, 300, 8), correlated(rng, 200, 8)
    expected = frechet_distance(a, b)
    real, fake = (FeatureStatistics().add(x[:90]).add(x[90:]) for x in (a, b))
    assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-10)
    assert frechet_distance(real, b) == pytest.approx(expected, rel=1e-10)
    assert 0 <= frechet_distance(real, a) < 1e-10 * expected
    with pytest.raises(ValueError, match="`features_b` must have examples.*Call update"):
        frechet_distance(a, FeatureStatistics())
    with pytest.raises(ValueError, match="`features_b` must .*Received: 8 examples of 8 features"):
        frechet_distance(a, FeatureStatistics().add(b[:8]))


def test_extrapolation_removes_most_of_the_bias():
    """The true distance of these normal examples is |shift|^2."""
    rng = np.random.default_rng(0)
    d, shift = 16, 0.5
    real = FeatureStatistics().add(rng.normal(size=(200_000, d)))
    biased, extrapolated = [], []
    for seed in range(5):
        fake = rng.normal(size=(600, d)) + shift * np.eye(d)[0]
        biased.append(frechet_distance(real, fake) - shift**2)
        extrapolated.append(frechet_distance_at_infinity(real, fake, seed=seed).distance - shift**2)
    assert np.mean(biased) > 0.1
    assert abs(np.mean(extrapolated)) < 0.25 * np.mean(biased)


def test_extrapolation_says_what_it_measured():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 500, 4))
    found = frechet_distance_at_infinity(real, fake, points=4)
    assert found.sizes.tolist() == [50, 200, 350, 500]
    assert found.distances[-1] == pytest.approx(frechet_distance(real, fake), rel=1e-10)
    again = frechet_distance_at_infinity(real, fake, points=4)
    other = frechet_distance_at_infinity(real, fake, points=4, seed=1)
    assert found.distance == again.distance != other.distance
    small = frechet_distance_at_infinity(real, fake[:10])  # 2 (d + 1)
    assert small.sizes[0] == 5 and small.sizes[-1] == 10


def test_bad_extrapolations_are_refused():
    good = np.random.default_rng(0).normal(size=(20, 3))
    with pytest.raises(
        ValueError, match="`features_fake` must have at least 8 .*Received: 7 examples of 3"
    ):
        frechet_distance_at_infinity(good, good[:7])
    with pytest.raises(
        ValueError, match="`features_real` must .*Received: 3 examples of 3 features"
    ):
        frechet_distance_at_infinity(good[:3], good)
    with pytest.raises(ValueError, match="same network. Received: 2 and 3 values"):
        frechet_distance_at_infinity(good[:, :2], good)
    with pytest.raises(ValueError, match="seed=-1"):
        frechet_distance_at_infinity(good, good, seed=-1)
    with pytest.raises(ValueError, match="`points` must be a whole number of at least 2.*points=1"):
        frechet_distance_at_infinity(good, good, points=1)
    with pytest.raises(
        ValueError, match="`features_fake` must hold finite values. Received: 60 values"
    ):
        frechet_distance_at_infinity(good, good * np.nan)


def test_images_over_any_features():
    rng = np.random.default_rng(0)
    real, fake = rng.uniform(-1, 1, (2, 40, 6, 6, 3))

    def color_means(images):
        return images.mean(axis=(1, 2))

    expected = frechet_distance(color_means(real), color_means(fake))
    found = frechet_image_distance(real, fake, features=color_means)
    assert found == pytest.approx(expected, rel=1e-10)
    in_batches = frechet_image_distance(np.split(real, 4), (x[None] for x in fake), color_means)
    assert in_batches == pytest.approx(expected, rel=1e-10)


def test_features_must_be_a_function():
    with pytest.raises(
        TypeError, match="`features` must be a function of images. Received: features='inception'"
    ):
        frechet_image_distance(np.ones((2, 1)), np.ones((2, 1)), features="inception")
