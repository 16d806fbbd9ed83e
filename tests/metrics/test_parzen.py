import numpy as np
import pytest
from sklearn.neighbors import KernelDensity

from gankit.metrics import _blocks, cross_validate_sigma, parzen_log_likelihood


@pytest.fixture
def examples():
    rng = np.random.default_rng(0)
    return rng.uniform(size=(70, 6)), rng.uniform(size=(40, 6))


@pytest.mark.parametrize("sigma", [0.01, 0.1, 1.0])
def test_agrees_with_kernel_density(examples, sigma):
    test, centers = examples
    oracle = KernelDensity(bandwidth=sigma, rtol=0, atol=0).fit(centers).score_samples(test)
    score = parzen_log_likelihood(test, centers, sigma)
    assert score.mean == pytest.approx(oracle.mean(), rel=1e-9)
    assert score.standard_error == pytest.approx(oracle.std() / np.sqrt(70), rel=1e-9)


def test_closed_form_of_one_center():
    d, sigma = 784, 0.2
    score = parzen_log_likelihood(np.full((1, 28, 28, 1), 0.6), np.full((1, 28, 28, 1), 0.5), sigma)
    expected = -d * 0.1**2 / (2 * sigma**2) - d * np.log(sigma * np.sqrt(2 * np.pi))
    assert score.mean == pytest.approx(expected, rel=1e-12)
    assert score.standard_error == 0.0


def test_blocks_do_not_change_the_score(examples, monkeypatch):
    test, centers = examples
    whole = parzen_log_likelihood(test, centers, 0.1)
    monkeypatch.setattr(_blocks, "_PAIRS", 3 * len(centers))
    assert parzen_log_likelihood(test, centers, 0.1) == pytest.approx(whole, rel=1e-12)
    monkeypatch.setattr(_blocks, "_PAIRS", 1)
    assert parzen_log_likelihood(test, centers, 0.1) == pytest.approx(whole, rel=1e-12)


def test_distances_of_close_images_keep_their_precision():
    # A difference of 0.01 in each of 784 pixels and a window of 0.01 would reveal cancellation.
    centers = np.random.default_rng(0).uniform(size=(20, 784)) * 0.9
    score = parzen_log_likelihood(centers + 0.01, centers, 0.01)
    expected = -784 / 2 - np.log(20) - 784 * np.log(0.01 * np.sqrt(2 * np.pi))
    assert score.mean == pytest.approx(expected, abs=1e-6)


def test_a_far_example_does_not_underflow():
    score = parzen_log_likelihood(np.ones((1, 784)), np.zeros((3, 784)), 0.01)
    assert score.mean == pytest.approx(-784 / 2e-4 - 784 * np.log(0.01 * np.sqrt(2 * np.pi)))


def test_sigma_has_the_highest_validation_likelihood(examples):
    validation, centers = examples
    sigmas = np.logspace(-1, 0, 10)
    chosen = cross_validate_sigma(centers, validation)
    means = [parzen_log_likelihood(validation, centers, s).mean for s in sigmas]
    assert chosen == pytest.approx(sigmas[np.argmax(means)])
    assert cross_validate_sigma(centers, validation, sigmas=[0.7]) == 0.7


@pytest.mark.parametrize(
    ("test", "centers", "sigma", "message"),
    [
        (
            [[-1.0]],
            [[0.5]],
            0.1,
            r"`test` must lie in \[0, 1\].*from -1 to -1.*\(images \+ 1\) / 2",
        ),
        ([[0.5]], [[255.0]], 0.1, "`centers` must lie in .*from 255 to 255"),
        ([[0.5]], [[np.nan]], 0.1, "`centers` must hold finite values. Received: 1 values"),
        ([[0.5, 0.5]], [[0.5]], 0.1, "`test` and `centers` .*Received: 2 and 1"),
        ([0.5], [[0.5]], 0.1, r"`test` must have one row per example.*Received: shape \(1,\)"),
        ([[0.5]], np.empty((0, 1)), 0.1, "`centers` must not be empty"),
        ([[0.5]], [[0.5]], 1e-200, "Received: sigma=1e-200"),
        ([[0.5]], [[0.5]], 1e200, "Received: sigma=1e.200"),
        (
            [[0.5]],
            [[0.5]],
            0.0,
            "`sigma` must be a finite number of at least 1e-100 .*Received: sigma=0.0",
        ),
        (
            [[0.5]],
            [[0.5]],
            np.inf,
            "`sigma` must be a finite number of at least 1e-100 .*Received: sigma=inf",
        ),
    ],
)
def test_bad_input_is_refused(test, centers, sigma, message):
    with pytest.raises(ValueError, match=message):
        parzen_log_likelihood(test, centers, sigma)


def test_bad_widths_are_refused():
    with pytest.raises(TypeError, match="`sigma` must be a finite number .*Received: sigma='0.1'"):
        parzen_log_likelihood([[0.5]], [[0.5]], "0.1")
    with pytest.raises(
        ValueError, match="`sigmas` must be a finite number .*Received: sigmas=.*-1.0"
    ):
        cross_validate_sigma([[0.5]], [[0.5]], sigmas=[0.1, -1.0])


def test_a_thousand_real_mnist_images(mnist):
    """The score of real data, measured outside this project: 118.7, standard error 1.6.

    Which thousand images are drawn moves it by about 3.
    """
    train, test = (((images + 1) / 2) for images in (mnist("train")[0], mnist("test")[0]))
    centers = train[np.random.default_rng(0).permutation(50_000)[:1000]]
    sigma = cross_validate_sigma(centers, train[50_000:51_000])
    assert sigma == pytest.approx(0.2154, abs=1e-4)
    score = parzen_log_likelihood(test, centers, sigma)
    assert score.mean == pytest.approx(118.7, abs=5)
    assert score.standard_error == pytest.approx(1.6, abs=0.1)
