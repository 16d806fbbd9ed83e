import keras
import numpy as np
import pytest

from gankit import datasets
from gankit.metrics import (
    DigitClassifier,
    digit_classifier,
    frechet_image_distance,
    train_digit_classifier,
)
from gankit.metrics.features import WEIGHTS


@pytest.fixture(scope="module")
def glyphs():
    return datasets.load("glyphs", "test")


def test_shipped_weights_are_small():
    assert WEIGHTS.stat().st_size < 300_000


def test_shipped_classifier_reads_the_embedded_sets(glyphs):
    assert digit_classifier().accuracy(*glyphs) >= 0.995
    assert digit_classifier().accuracy(*datasets.load("digits", "test", image_size=28)) >= 0.98


def test_shipped_classifier_on_mnist_that_it_has_not_seen(mnist):
    assert digit_classifier().accuracy(*mnist("test")) >= 0.85


def test_training_reaches_98_percent(mnist_folder, request, glyphs):
    if mnist_folder is not None:
        mnist = request.getfixturevalue("mnist")
        (images, labels), test = mnist("train"), mnist("test")
    else:
        (images, labels), test = datasets.load("glyphs", "train"), glyphs
    classifier = train_digit_classifier(images[:20_000], labels[:20_000], epochs=2, batch_size=64)
    assert classifier.accuracy(*test) >= 0.98


def test_shapes_and_ranges(glyphs):
    images = glyphs[0][:70]
    features = digit_classifier().features(images)
    probabilities = digit_classifier().probabilities(images)
    assert features.shape == (70, 64) and features.dtype == np.float32 and features.min() >= 0
    assert probabilities.shape == (70, 10) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (features.std(axis=0) > 0).sum() > 32
    np.testing.assert_array_equal(digit_classifier().predict(images), probabilities.argmax(axis=1))


def test_batch_size_does_not_change_the_result(glyphs):
    images = glyphs[0][:50]
    whole, split = (digit_classifier().features(images, batch_size=b) for b in (50, 7))
    np.testing.assert_allclose(whole, split, atol=1e-4)


def test_frechet_distance_over_the_shipped_features(glyphs):
    images, labels = glyphs
    first, second = images[:1000], images[1000:]
    same = frechet_image_distance(first, second)
    darker = frechet_image_distance(first, np.clip(second - 0.5, -1, 1))
    sevens = frechet_image_distance(first, images[labels == 7])
    noise = np.random.default_rng(0).uniform(-1, 1, second.shape).astype("float32")
    assert 0 < same < darker < sevens < frechet_image_distance(first, noise)
    assert frechet_image_distance(first, first) < 1e-4 * same
    with pytest.raises(
        ValueError, match="at least 65 examples.* Received: 64 examples of 64 features"
    ):
        frechet_image_distance(first, second[:64])


@pytest.mark.usefixtures("untraced")
def test_training_depends_on_its_own_seed_and_leaves_the_global_ones_alone(glyphs):
    images, labels = (a[:100] for a in glyphs)
    keras.utils.set_random_seed(1)
    expected = np.random.rand(3), keras.ops.convert_to_numpy(keras.random.normal((3,)))
    first = train_digit_classifier(images, labels, epochs=1, seed=3).probabilities(images)
    keras.utils.set_random_seed(1)
    again = train_digit_classifier(images, labels, epochs=1, seed=3).probabilities(images)
    drawn = np.random.rand(3), keras.ops.convert_to_numpy(keras.random.normal((3,)))
    np.testing.assert_allclose(first, again, atol=1e-5)
    np.testing.assert_array_equal(drawn[0], expected[0])
    np.testing.assert_array_equal(drawn[1], expected[1])


def test_global_settings_do_not_change_the_scores(glyphs):
    images = glyphs[0][:20]
    expected = digit_classifier().features(images)
    policy, data_format = keras.config.dtype_policy(), keras.config.image_data_format()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        keras.config.set_image_data_format("channels_first")
        classifier = DigitClassifier()
        classifier.load(WEIGHTS)
        np.testing.assert_allclose(classifier.features(images), expected, rtol=1e-5, atol=1e-5)
    finally:
        keras.config.set_dtype_policy(policy)
        keras.config.set_image_data_format(data_format)


def test_save_and_load(tmp_path, glyphs):
    images = glyphs[0][:20]
    saved, loaded = DigitClassifier(seed=1), DigitClassifier(seed=2)
    saved.save(tmp_path / "weights.npz")
    loaded.load(tmp_path / "weights.npz")
    np.testing.assert_allclose(loaded.probabilities(images), saved.probabilities(images), atol=0.01)
    assert np.abs(DigitClassifier(seed=2).features(images) - loaded.features(images)).max() > 0.1


def test_files_that_are_not_its_weights_are_refused(tmp_path):
    path = tmp_path / "weights.npz"
    with pytest.raises(FileNotFoundError):
        DigitClassifier().load(path)
    path.write_bytes(WEIGHTS.read_bytes()[:10_000])
    with pytest.raises(ValueError, match="must be a readable .npz file"):
        DigitClassifier().load(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="must be a readable .npz file"):
        DigitClassifier().load(path)
    with open(path, "wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(ValueError, match="must be a readable .npz file"):
        DigitClassifier().load(path)
    np.savez(path, kernel=np.ones(3))
    with pytest.raises(ValueError, match="these names and shapes differ: .*'conv_1/kernel'"):
        DigitClassifier().load(path)


BLANK = np.full((2, 28, 28, 1), -1.0, "float32")


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((2, 28, 28, 1), "uint8"), TypeError, "Received: dtype uint8.*images / 127.5 - 1"),
        (BLANK[..., 0], ValueError, r"shape \(n, 28, 28, 1\), n >= 1. Received: .*\(2, 28, 28\)"),
        (np.repeat(BLANK, 3, axis=3), ValueError, r"Received: .*\(2, 28, 28, 3\)"),
        (BLANK[:0], ValueError, r"n >= 1. Received: .*\(0, 28, 28, 1\)"),
        (BLANK * 255, ValueError, r"lie in \[-1, 1\].*Received values in \[-255, -255\]"),
        (BLANK * np.nan, ValueError, r"Received values in \[nan, nan\]"),
    ],
)
def test_bad_images_are_refused(images, error, message):
    for use in (
        digit_classifier().features,
        digit_classifier().probabilities,
        digit_classifier().predict,
        lambda x: digit_classifier().accuracy(x, [0, 1]),
        lambda x: train_digit_classifier(x, [0, 1]),
    ):
        with pytest.raises(error, match=message):
            use(images)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0.0, 1.0], TypeError, "`labels` must be integers. Received: dtype float64"),
        (
            [0, 1, 2],
            ValueError,
            r"`labels` must have shape \(2,\), with at least one label. Received: shape \(3,\)",
        ),
        (
            [0, 10],
            ValueError,
            r"`labels` must lie in 0..9, the classes. Received: values from 0 to 10",
        ),
        ([-1, 0], ValueError, "Received: values from -1 to 0"),
    ],
)
def test_bad_labels_are_refused(labels, error, message):
    with pytest.raises(error, match=message):
        train_digit_classifier(BLANK, labels)
    with pytest.raises(error, match=message):
        digit_classifier().accuracy(BLANK, labels)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: DigitClassifier(seed="x"), "seed='x'"),
        (lambda: DigitClassifier(seed=-1), "seed=-1"),
        (lambda: train_digit_classifier(BLANK, [0, 1], seed="x"), "seed='x'"),
        (lambda: digit_classifier().save(None), "path=None"),
        (lambda: digit_classifier().load(5), "path=5"),
        (lambda: digit_classifier().features([[1.0], [1.0, 2.0]]), "rows of equal shapes"),
    ],
)
def test_bad_arguments_are_repeated(use, message):
    with pytest.raises((TypeError, ValueError), match=message):
        use()


def test_bad_training_lengths_are_refused():
    with pytest.raises(ValueError, match="`epochs` must be .* at least 1. Received: epochs=0"):
        train_digit_classifier(BLANK, [0, 1], epochs=0)
    with pytest.raises(
        ValueError, match="`batch_size` must be .* at least 1. Received: batch_size=0"
    ):
        train_digit_classifier(BLANK, [0, 1], batch_size=0)
