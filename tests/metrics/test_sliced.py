import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from gankit.metrics import sliced_wasserstein, sliced_wasserstein_pyramid

RNG = np.random.default_rng(0)


def textures(n, side=32, channels=1):
    """Make images with structure at every scale: noise, and blocks of 8 pixels."""
    blocks = RNG.uniform(-0.6, 0.6, (n, side // 8, side // 8, channels))
    return blocks.repeat(8, 1).repeat(8, 2) + RNG.uniform(-0.3, 0.3, (n, side, side, channels))


@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 70), (1, 7), (12, 8)])
def test_one_dimension_agrees_with_scipy(n, m):
    a, b = RNG.normal(0, 1, n), RNG.normal(1, 2, m)
    b[0] = a[0]  # a tie
    expected = wasserstein_distance(a, b)
    assert sliced_wasserstein(a[:, None], b[:, None]) == pytest.approx(expected, rel=1e-12)
    assert sliced_wasserstein(b[:, None], a[:, None]) == pytest.approx(expected, rel=1e-12)


def test_a_shift_in_the_plane():
    """The mean of |t u| over unit vectors u of the plane is 2 |t| / pi."""
    points = RNG.normal(size=(40, 2))
    shift = np.array([3.0, -4.0])
    found = sliced_wasserstein(points, points + shift, projections=100_000)
    assert found == pytest.approx(2 * 5 / np.pi, rel=0.01)


def test_many_projections_are_computed_in_blocks(monkeypatch):
    a, b = RNG.normal(size=(30, 5)), RNG.normal(size=(20, 5))
    whole = sliced_wasserstein(a, b, projections=17)
    monkeypatch.setattr("gankit.metrics.sliced._BLOCK", 120)
    assert sliced_wasserstein(a, b, projections=17) == pytest.approx(whole, rel=1e-12)


def test_rows_of_images_are_flattened_and_the_seed_decides():
    images, others = RNG.normal(size=(2, 9, 4, 4, 3))
    flat = sliced_wasserstein(images.reshape(9, -1), others.reshape(9, -1), seed=3)
    assert sliced_wasserstein(images, others, seed=3) == flat
    assert sliced_wasserstein(images, others, seed=4) != flat


def test_it_falls_when_the_generator_improves():
    real = RNG.normal(size=(500, 8))
    found = [sliced_wasserstein(real, RNG.normal(s, 1, (500, 8))) for s in (2, 1, 0.5, 0)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((np.zeros((4, 2)), np.zeros((4, 3))), ValueError, "`a` and `b` .*Received: 2 and 3"),
        ((np.zeros(4), np.zeros(4)), ValueError, r"`a` must have one row per example.*\(4,\)"),
        (
            (np.zeros((4, 2)), np.full((4, 2), np.nan)),
            ValueError,
            "`b` must hold finite values. Received: 8 values",
        ),
        ((np.zeros((4, 2)), np.zeros((4, 2)), 0), ValueError, "projections=0"),
        ((np.zeros((4, 2)), np.zeros((4, 2)), 4, -1), ValueError, "seed=-1"),
        ((np.zeros((4, 2)), np.full((4, 2), 1e200)), ValueError, "Received: 8 values"),
        ((np.zeros((4, 2)), np.zeros((4, 2), complex)), TypeError, "`b` must hold real numbers"),
    ],
)
def test_bad_points_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        sliced_wasserstein(*arguments)


def test_many_images_go_through_the_pyramid_a_few_at_a_time(monkeypatch):
    real, fake = textures(7, 32), textures(9, 32)
    whole = sliced_wasserstein_pyramid(real, fake, patches=3, projections=8)
    monkeypatch.setattr("gankit.metrics.sliced._IMAGES", 2)
    found = sliced_wasserstein_pyramid(real, fake, patches=3, projections=8)
    assert found == pytest.approx(whole, rel=1e-12)


def test_levels_halve_while_sides_are_even():
    for side, levels in ((16, [16]), (28, [28]), (34, [34, 17]), (64, [64, 32, 16])):
        images = textures(2, side) if side % 8 == 0 else RNG.uniform(-1, 1, (2, side, side, 1))
        found = sliced_wasserstein_pyramid(images, images, patches=2, projections=4)
        assert found == dict.fromkeys(levels, 0.0)


def test_brightness_and_contrast_do_not_count():
    images = textures(6, channels=3)
    other = np.array([0.5, 0.6, 0.7]) * images + np.array([0.1, -0.2, 0.3])
    found = sliced_wasserstein_pyramid(images, other, patches=16, projections=32)
    assert max(found.values()) < 1e-12


def test_each_level_sees_its_own_scale():
    real, more = textures(60), textures(60)
    # The binomial filter removes a checkerboard with squares of one pixel.
    checks = (-1.0) ** np.add.outer(range(32), range(32))[..., None]
    baseline, fine = (
        sliced_wasserstein_pyramid(real, fake, patches=32, projections=64)
        for fake in (more, 0.9 * more + 0.1 * checks)
    )
    assert fine[32] > 2 * baseline[32]
    assert fine[16] == pytest.approx(baseline[16], rel=1e-9)


def test_a_set_without_any_variation_is_measured():
    blank = np.full((4, 32, 32, 1), -1.0)
    found = sliced_wasserstein_pyramid(textures(4), blank, patches=8, projections=16)
    assert all(0.1 < value < np.inf for value in found.values())


def test_numbers_of_images_may_differ():
    images = textures(12)
    found = sliced_wasserstein_pyramid(images, images[:5], patches=16, projections=16)
    assert all(value > 0 for value in found.values())


IMAGES = np.full((2, 16, 16, 1), -1.0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((IMAGES, IMAGES[:, 1:]), ValueError, r"Received: .*\(16, 16, 1\) and \(15, 16, 1\)"),
        (
            (IMAGES[:, :, 1:],) * 2,
            ValueError,
            "square images .* at least 16 pixels. Received: 16x15",
        ),
        (
            (IMAGES[:, 1:, 1:],) * 2,
            ValueError,
            "square images .* at least 16 pixels. Received: 15x15",
        ),
        ((IMAGES, IMAGES + 4), ValueError, r"`fake` must be finite.*\[3, 3\]"),
        ((IMAGES + 1, IMAGES + 1), ValueError, r"`real` and `fake` must hold .*images in \[0, 1\]"),
        ((IMAGES, IMAGES.astype("uint8")), TypeError, "{'real': 'float64', 'fake': 'uint8'}"),
        ((IMAGES, IMAGES, 0), ValueError, "patches=0"),
        ((IMAGES, IMAGES, 4, 0), ValueError, "projections=0"),
        ((IMAGES, IMAGES, 4, 4, "x"), ValueError, "seed='x'"),
    ],
)
def test_bad_images_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        sliced_wasserstein_pyramid(*arguments)
