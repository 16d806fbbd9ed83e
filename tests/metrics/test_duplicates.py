"""Near-duplicates: the search compared with all pairs, and planted copies found by codes."""

import numpy as np
import pytest

from gankit.metrics import SemanticHash, near_duplicates


def smooth_images(count, seed=0):
    """Make low-frequency 12x12 images, all of them different."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(-1, 1, (count, 4, 4, 1))
    return np.kron(coarse, np.ones((1, 3, 3, 1))).astype("float32")


def all_pairs(codes, max_distance):
    """Find the first earlier example within the distance by comparing all pairs."""
    original = np.arange(len(codes))
    for i in range(len(codes)):
        for j in range(i):
            if np.sum(codes[i] != codes[j]) <= max_distance:
                original[i] = j
                break
    return original


@pytest.mark.parametrize("max_distance", [0, 1, 2, 5])
def test_the_search_by_parts_finds_what_all_pairs_find(max_distance):
    rng = np.random.default_rng(max_distance)
    codes = rng.random((40, 24)) < 0.5
    copies = codes[rng.integers(0, 40, 60)] ^ (rng.random((60, 24)) < 0.08)
    codes = np.concatenate([codes, copies])
    found = near_duplicates(codes, max_distance)
    expected = all_pairs(codes, max_distance)
    np.testing.assert_array_equal(found.original, expected)
    np.testing.assert_array_equal(found.duplicates, np.flatnonzero(expected != np.arange(100)))


def test_planted_copies_are_found_and_others_kept():
    images = smooth_images(300)
    rng = np.random.default_rng(1)
    copies = np.clip(images[:40] + rng.normal(0, 0.02, images[:40].shape), -1, 1)
    everything = np.concatenate([images, copies]).astype("float32")
    codes = (
        SemanticHash(bits=64, seed=0).fit(everything, epochs=10, batch_size=32).codes(everything)
    )
    found = near_duplicates(codes, max_distance=3)
    recall = np.mean(found.original[300:] == np.arange(40))
    precision = np.mean(found.duplicates >= 300)
    assert recall > 0.9 and precision > 0.95


@pytest.mark.usefixtures("untraced")
def test_the_seed_decides_the_codes_whatever_the_global_seed():
    images = smooth_images(40)
    codes = []
    for global_seed in (1, 2):
        np.random.seed(global_seed)
        codes.append(SemanticHash(bits=16, seed=5).fit(images, epochs=2).codes(images))
    np.testing.assert_array_equal(*codes)
    other = SemanticHash(bits=16, seed=6).fit(images, epochs=2).codes(images)
    assert (other != codes[0]).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(bits=0), "bits=0"),
        (dict(bits=1.5), "bits=1.5"),
        (dict(noise=-0.1), "noise.*-0.1"),
        (dict(dropout=1.0), "dropout.*1.0"),
        (dict(noise=1.5), "noise.*1.5"),  # Keras would refuse it in `fit`
        (dict(noise="x"), "noise='x'"),
        (dict(dropout="x"), "dropout='x'"),
        (dict(seed=-1), "seed=-1"),
        (dict(seed=2**32), "seed=4294967296"),
    ],
)
def test_bad_arguments_are_repeated(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        SemanticHash(**arguments)


def test_bad_images_and_order_of_calls():
    images = smooth_images(8)
    hashing = SemanticHash(bits=8)
    with pytest.raises(RuntimeError, match=r"Call fit\(images\) before"):
        hashing.codes(images)
    with pytest.raises(ValueError, match=r"\(8, 12, 12\)"):
        hashing.fit(images[..., 0])
    with pytest.raises(ValueError, match="to 254"):
        hashing.fit((images + 1) * 127.5)
    with pytest.raises(ValueError, match="epochs=0"):
        hashing.fit(images, epochs=0)
    hashing.fit(images, epochs=1)
    with pytest.raises(ValueError, match="must have 144 values.*Received: 36"):
        hashing.codes(images[:, :6, :6])


@pytest.mark.parametrize(
    ("codes", "max_distance", "error", "message"),
    [
        (np.zeros((3, 4)), 0, TypeError, "float64"),
        ([[True], [True, False]], 0, ValueError, "rows of equal shapes. Received: .*False"),
        (np.zeros(4, bool), 0, ValueError, r"\(4,\)"),
        (np.zeros((0, 4), bool), 0, ValueError, r"\(0, 4\)"),
        (np.zeros((3, 4), bool), 4, ValueError, "below 4, .*Received: max_distance=4"),
        (np.zeros((3, 4), bool), -1, ValueError, "max_distance=-1"),
    ],
)
def test_bad_codes_are_repeated(codes, max_distance, error, message):
    with pytest.raises(error, match=message):
        near_duplicates(codes, max_distance)
