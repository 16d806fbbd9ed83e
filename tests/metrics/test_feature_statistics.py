import keras
import numpy as np
import pytest

from gankit.metrics import FeatureStatistics, digit_classifier, image_features


def color_means(images):
    return images.mean(axis=(1, 2))


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(-1, 1, (50, 6, 6, 3)).astype("float32")


def assert_same(statistics, rows, rtol=1e-10):
    assert statistics.count == len(rows)
    np.testing.assert_allclose(statistics.mean, rows.mean(axis=0), rtol=rtol)
    covariance = np.cov(rows, rowvar=False)
    np.testing.assert_allclose(
        statistics.covariance, covariance, rtol=rtol, atol=rtol * np.trace(covariance)
    )


@pytest.mark.parametrize("sizes", [[50], [1, 49], [7] * 7 + [1]])
def test_parts_of_any_size_make_the_whole(sizes):
    rows = np.random.default_rng(0).normal(size=(50, 5)) @ np.diag([1, 10, 100, 1, 0.1])
    statistics = FeatureStatistics()
    for part in np.split(rows, np.cumsum(sizes)[:-1]):
        assert statistics.add(part) is statistics
    assert_same(statistics, rows)


def test_a_large_mean_costs_no_digits():
    rows = np.random.default_rng(0).normal(size=(1000, 3)) + 1e6
    statistics = FeatureStatistics()
    for part in np.split(rows, 10):
        statistics.add(part)
    assert_same(statistics, rows, rtol=1e-8)


def test_merge():
    rows = np.random.default_rng(0).normal(size=(50, 3))
    first, second = FeatureStatistics().add(rows[:20]), FeatureStatistics().add(rows[20:])
    assert first.merge(second) is first
    assert_same(first, rows)
    assert_same(second, rows[20:])
    assert_same(FeatureStatistics().merge(first).merge(FeatureStatistics()), rows)
    assert_same(second.merge(second), np.concatenate([rows[20:]] * 2))
    with pytest.raises(
        TypeError, match="`other` must be a FeatureStatistics. Received: other=None"
    ):
        first.merge(None)
    with pytest.raises(ValueError, match="same network. Received: 2 and 3 values"):
        first.merge(FeatureStatistics().add(rows[:, :2]))


def test_images_come_as_an_array_or_in_batches(images):
    expected = color_means(images.astype(float))
    for given in (images, np.split(images, 5), (x[None] for x in images)):
        rows = image_features(given, color_means)
        np.testing.assert_allclose(rows, expected, rtol=1e-5, atol=1e-7)
    assert_same(FeatureStatistics(color_means).update(images), rows)


def test_features_never_see_more_than_a_batch(images):
    seen = []

    def features(batch):
        seen.append(len(batch))
        return color_means(batch)

    image_features(images, features, batch_size=20)
    FeatureStatistics(features, batch_size=30).update(np.split(images, 2))
    assert seen == [20, 20, 10, 25, 25]


def test_a_model_and_tensors_of_the_backend(images):
    inputs = keras.Input((6, 6, 3))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    rows = image_features([keras.ops.convert_to_tensor(images)], model)
    np.testing.assert_allclose(rows, color_means(images), rtol=1e-5, atol=1e-6)


def test_digits_by_default():
    blank = np.full((3, 28, 28, 1), -1.0, "float32")
    expected = digit_classifier().features(blank)
    np.testing.assert_allclose(image_features(blank), expected, rtol=1e-5)
    np.testing.assert_allclose(FeatureStatistics().update(blank).mean, expected[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("given", "features", "error", "message"),
    [
        ([], color_means, ValueError, "`images` must have .*Received: no batch.*create it again"),
        ([[0.5]], color_means, TypeError, "Received: a batch of type list"),
        ("abc", color_means, TypeError, "Received: a batch of type str"),
        (None, color_means, TypeError, "Received: a batch of type NoneType"),
        (5, color_means, TypeError, "Received: a batch of type int"),
        (
            [(np.ones(3), np.ones(3))],
            color_means,
            TypeError,
            "Received: a batch of type tuple.* images, labels in",
        ),
        (np.ones((0, 2, 2, 1)), color_means, ValueError, r"n >= 1. Received: .*\(0, 2, 2, 1\)"),
        (np.float32(1), color_means, ValueError, r"shape \(n, …\), n >= 1. Received: .*\(\)"),
        (np.ones((4, 2)), "inception", TypeError, "function of images. Received: .*'inception'"),
        (np.ones((4, 2)), lambda x: x[:2], ValueError, r"Received: shape \(2, 2\) for 4 images"),
        (
            np.ones((4, 2)),
            lambda x: x[:, None],
            ValueError,
            r"shape \(n, d\).*Received: shape \(4, 1, 2",
        ),
        (
            np.ones((4, 2)),
            lambda x: x * np.nan,
            ValueError,
            r"`features\(images\)` must hold finite values. Received: 8",
        ),
    ],
)
def test_bad_images_and_features_are_refused(given, features, error, message):
    with pytest.raises(error, match=message):
        image_features(given, features)


def test_bad_statistics_are_refused():
    statistics = FeatureStatistics()
    with pytest.raises(ValueError, match="at least 2 examples. Received: 0"):
        statistics.covariance  # noqa: B018
    with pytest.raises(ValueError, match="at least 2 examples. Received: 1"):
        statistics.add([[1.0, 2.0]]).covariance  # noqa: B018
    with pytest.raises(ValueError, match="same network. Received: 3 and 2 values"):
        statistics.add(np.ones((4, 3)))
    with pytest.raises(
        TypeError, match="`features` must hold real numbers. Received: dtype complex128"
    ):
        statistics.add([[1j, 2.0]])
    assert statistics.count == 1
    with pytest.raises(ValueError, match="`batch_size` must be .* at least 1.*batch_size=0"):
        FeatureStatistics(batch_size=0)
    with pytest.raises(ValueError, match="batch_size=0"):
        image_features(np.ones((2, 2)), np.asarray, batch_size=0)
