import keras
import numpy as np
import pytest
from PIL import Image

from gankit import weights
from gankit.metrics import inception, inception_features


@pytest.fixture
def as_resized():
    """A replacement of the network whose features are the resized images."""
    inputs = keras.Input((299, 299, 3))
    network = keras.Model(inputs, keras.layers.Reshape((299 * 299 * 3,))(inputs))
    return lambda images: inception._Resized(network, 2)(images).reshape(-1, 299, 299, 3)


def by_pillow(channel):
    image = Image.fromarray(channel.astype("float32"), mode="F")
    return np.asarray(image.resize((299, 299), Image.Resampling.BILINEAR))


@pytest.mark.parametrize("side", [28, 299, 450])
def test_the_resize_is_pillows(as_resized, side):
    """Enlarged, and shrunk with anti-aliasing."""
    images = np.random.default_rng(0).uniform(-1, 1, (1, side, side, 3)).astype("float32")
    expected = np.stack([by_pillow(images[0, ..., c]) for c in range(3)], axis=-1)
    np.testing.assert_allclose(as_resized(images)[0], expected, atol=1e-4)


def test_bytes_and_floats_gray_and_colored(as_resized):
    levels = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 1), "uint8")
    gray = as_resized(levels)
    assert gray.shape == (3, 299, 299, 3) and gray.min() >= -1 and gray.max() <= 1
    floats = levels.astype("float32") / 127.5 - 1
    np.testing.assert_allclose(as_resized(floats), gray, atol=1e-6)
    np.testing.assert_allclose(as_resized(np.repeat(floats, 3, axis=-1)), gray, atol=1e-6)


@pytest.mark.tensorflow  # JAX takes half a minute to draw the weights
def test_the_network_has_2048_features_in_float32_whatever_is_set_globally():
    policy, data_format = keras.config.dtype_policy(), keras.config.image_data_format()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        keras.config.set_image_data_format("channels_first")
        features = inception_features(weights=None)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        assert keras.config.image_data_format() == "channels_first"
    finally:
        keras.config.set_dtype_policy(policy)
        keras.config.set_image_data_format(data_format)
    network = features._network
    assert network.input_shape == (None, 299, 299, 3) and network.output_shape == (None, 2048)
    assert {layer.dtype_policy.name for layer in network.layers} == {"float32"}


def test_without_a_network_the_error_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "ROOT", (tmp_path / "nowhere").as_uri())
    with pytest.raises(RuntimeError, match=r"(?s)inception_v3.*downloaded.*digit_classifier"):
        inception_features()


def test_bad_arguments_are_refused(as_resized, tmp_path):
    with pytest.raises(
        FileNotFoundError, match="'imagenet', None or a file. Received: .*'noisy-student'"
    ):
        inception_features("noisy-student")
    with pytest.raises(TypeError, match="weights=5"):
        inception_features(5)
    with pytest.raises(ValueError, match="`batch_size` must be .* batch_size=0"):
        inception_features(None, batch_size=0)
    with pytest.raises(TypeError, match="`images` must hold uint8 .* dtype int64"):
        as_resized(np.zeros((1, 8, 8, 3), "int64"))
    with pytest.raises(ValueError, match="1 or 3 channels"):
        as_resized(np.zeros((1, 8, 8, 2), "float32"))
    with pytest.raises(ValueError, match=r"lie in \[-1, 1\]"):
        as_resized(np.full((1, 8, 8, 3), 255.0))
