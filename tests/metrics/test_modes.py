import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from gankit.datasets import load, stack_digits
from gankit.metrics import mode_coverage, stacked_mode_coverage

STD = 0.02
RNG = np.random.default_rng(0)


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
        ({"std": 0.0}, "`std` must be a finite number above 0. Received: std=0.0"),
        (
            {"threshold": -1},
            "`threshold` must be a finite number above 0. Received: threshold=-1",
        ),
        ({"points": [[np.nan, 0.0]]}, "`points` must hold finite values. Received: 1 values"),
        ({"points": [[1.0, 2.0, 3.0]]}, "Received: 3 and 2"),
        ({"points": [1.0, 2.0]}, r"`points` must have one row per example.*Received: shape \(2,\)"),
    ],
)
def test_bad_input_is_refused(ring, arguments, message):
    with pytest.raises(ValueError, match=message):
        mode_coverage(**{"points": ring, "centers": ring, "std": STD, **arguments})


# --------------------------------------------------------------------------------- stacked digits


def coded(triples):
    """Make images whose channels encode digits, and a classifier that decodes them."""
    triples = np.asarray(triples)
    return np.broadcast_to(triples[:, None, None] / 10 - 0.5, (len(triples), 2, 2, 3))


def read_code(images):
    assert images.shape[1:] == (2, 2, 1)
    digits = np.rint((images[:, 0, 0, 0] + 0.5) * 10).astype(int)
    return np.eye(10)[digits]


def test_stacked_digits_are_counted_by_triple():
    triples = RNG.integers(0, 10, (3000, 3))
    triples[:500] = [3, 1, 4]
    found = stacked_mode_coverage(coded(triples), read_code)
    expected = np.zeros((10, 10, 10), int)
    for red, green, blue in triples:
        expected[red, green, blue] += 1
    np.testing.assert_array_equal(found.counts, expected)
    assert found.modes == np.count_nonzero(expected)
    uniform = np.full(1000, 1 / 1000)
    assert found.kl == pytest.approx(entropy(expected.ravel(), uniform), abs=1e-12)


def test_stacked_digits_at_both_ends():
    every = np.stack(np.meshgrid(*[range(10)] * 3), axis=-1).reshape(-1, 3)
    assert stacked_mode_coverage(coded(every), read_code)[:2] == (1000, pytest.approx(0, abs=1e-12))
    one = stacked_mode_coverage(coded(every[:1].repeat(50, 0)), read_code)
    assert one[:2] == (1, pytest.approx(np.log(1000)))


def test_the_shipped_classifier_reads_stacked_digits():
    images, labels = stack_digits(*load("glyphs", "test"), n=300)
    found = stacked_mode_coverage(images)
    expected = np.bincount(labels, minlength=1000).reshape(10, 10, 10)
    assert np.abs(found.counts - expected).sum() <= 6  # three images misread


@pytest.mark.parametrize(
    ("images", "probabilities", "error", "message"),
    [
        (
            np.zeros((2, 28, 28, 1), "float32"),
            None,
            ValueError,
            r"Received: shape \(2, 28, 28, 1\)",
        ),
        (
            np.zeros((0, 28, 28, 3), "float32"),
            None,
            ValueError,
            r"Received: shape \(0, 28, 28, 3\)",
        ),
        (np.zeros((2, 8, 8, 3), "float32"), None, ValueError, r"\(n, 28, 28, 1\)"),
        ([[1.0], [1.0, 2.0]], None, ValueError, "`images` must be an array, with rows of equal"),
        (np.zeros((2, 28, 28, 3), "uint8"), None, TypeError, "floats in .*Received: dtype uint8"),
        (
            np.zeros((2, 8, 8, 3)),
            "digits",
            TypeError,
            "must be a function of images. Received: .*'digits'",
        ),
        (
            np.zeros((2, 8, 8, 3)),
            lambda x: x[:, 0, 0],
            ValueError,
            r"Received: shape \(6, 1\) for 6 images",
        ),
        (
            np.zeros((2, 8, 8, 3)),
            lambda x: x[:, 0] / 0,
            ValueError,
            "Received: 48 values that are not finite",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_bad_stacks_are_refused(images, probabilities, error, message):
    with pytest.raises(error, match=message):
        stacked_mode_coverage(images, probabilities)
