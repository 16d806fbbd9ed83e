"""DCGAN: the guidelines hold, every size is made, features are those of real images."""

import keras
import numpy as np
import pytest
from keras import layers

import gankit
from gankit.models.dcgan import (
    DCGAN,
    build_discriminator,
    build_generator,
    discriminator_features,
    plan,
)


def real_images(count=32, size=16, channels=1, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (count, size, size, channels)).astype("float32")


def of_type(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


@pytest.mark.parametrize(
    ("size", "expected"),
    [(16, (4, 2)), (28, (7, 2)), (32, (4, 3)), (36, (9, 2)), (48, (6, 3)), (128, (4, 5))],
)
def test_plan(size, expected):
    assert plan(size) == expected


@pytest.mark.parametrize("size", range(16, 129, 4))
def test_every_multiple_of_four_is_made(size):
    base, steps = plan(size)
    assert base * 2**steps == size and base >= 4 and steps >= 2
    channels = 1 if size % 8 else 3
    generator = build_generator((size, size, channels), latent_dim=3, width=1)
    assert generator.output_shape == (None, size, size, channels)
    assert build_discriminator((size, size, channels), width=1).output_shape == (None, 1)


@pytest.mark.parametrize(
    ("size", "nearest"),
    [(30, "28 and 32"), (12, "16 and 20"), (132, "124 and 128"), (27, "24 and 28"), (28.5, "28")],
)
def test_a_size_it_cannot_make_names_the_nearest(size, nearest):
    with pytest.raises(ValueError, match=f"size={size}.*nearest that work are.*{nearest}"):
        DCGAN((size, size, 1))


@pytest.mark.parametrize("size", ["28", None, True])
def test_a_size_that_is_no_number_is_repeated(size):
    with pytest.raises(ValueError, match=f"size={size!r}"):
        plan(size)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(image_shape=(28, 32, 1)), r"square\. Received: image_shape=\(28, 32, 1\)"),
        (dict(image_shape=(28, 28)), r"Received: image_shape=\(28, 28\)"),
        (dict(image_shape=28), "Received: image_shape=28"),
        (dict(image_shape=(28, 28, 2)), r"1 channel \(gray\) or 3 \(RGB\)"),
        (dict(image_shape=(28, 28, 1), width=0), "width=0"),
        (dict(image_shape=(28, 28, 1), latent_dim=-1), "latent_dim=-1"),
        (dict(image_shape=(28, 28, 1), kernel_size=1), "kernel_size=1"),
        (dict(image_shape=(28, 28, 1), width=2.5), "width=2.5"),
    ],
)
def test_bad_arguments_are_repeated(arguments, message):
    with pytest.raises(ValueError, match=message):
        DCGAN(**arguments)


def test_the_guidelines():
    gan = DCGAN((32, 32, 3), latent_dim=10, width=4, seed=0)
    generator, discriminator = gan.generator, gan.discriminator
    for network in (generator, discriminator):
        assert not of_type(network, (layers.MaxPooling2D, layers.AveragePooling2D))
        assert len(of_type(network, layers.Dense)) == 1  # from the latents, and to the logit
        for layer in of_type(network, (layers.Conv2D, layers.Conv2DTranspose)):
            assert layer.strides == (2, 2)
    assert [c.filters for c in of_type(generator, layers.Conv2DTranspose)] == [8, 4, 3]
    assert [c.filters for c in of_type(discriminator, layers.Conv2D)] == [4, 8, 16]
    # Normalized everywhere but at the image, on both sides.
    assert len(of_type(generator, layers.BatchNormalization)) == 3
    assert len(of_type(discriminator, layers.BatchNormalization)) == 2
    assert len(of_type(generator, layers.ReLU)) == 3
    slopes = [layer.negative_slope for layer in of_type(discriminator, layers.LeakyReLU)]
    assert slopes == pytest.approx([0.2] * 3)
    assert generator.layers[-1].activation is keras.activations.tanh


def test_without_batch_norm_biases_take_its_place():
    gan = DCGAN((16, 16, 1), latent_dim=4, width=4, batch_norm=False, seed=0)
    for network in (gan.generator, gan.discriminator):
        assert not of_type(network, layers.BatchNormalization)
        for layer in of_type(network, (layers.Conv2D, layers.Conv2DTranspose, layers.Dense)):
            assert layer.use_bias


def test_with_layer_norm_no_image_changes_the_logit_of_another(tmp_path):
    gan = DCGAN((16, 16, 1), latent_dim=4, width=4, layer_norm=True, seed=0)
    assert not of_type(gan.discriminator, layers.BatchNormalization)
    (norm,) = of_type(gan.discriminator, layers.LayerNormalization)
    assert norm.axis in (-1, [-1], 3, [3]) and norm.epsilon == 1e-5
    assert len(of_type(gan.generator, layers.BatchNormalization)) == 2  # the generator keeps it
    gan.save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras")
    assert of_type(again.discriminator, layers.LayerNormalization)

    images = real_images(4)
    others = np.concatenate([images[:1], real_images(3, seed=1)])

    def of_the_first(discriminator, batch):
        return keras.ops.convert_to_numpy(discriminator(batch, training=True))[0, 0]

    alone, beside_others = (of_the_first(again.discriminator, batch) for batch in (images, others))
    assert alone == pytest.approx(beside_others, rel=1e-4)
    by_batch = DCGAN((16, 16, 1), latent_dim=4, width=4, seed=0).discriminator
    alone, beside_others = (of_the_first(by_batch, batch) for batch in (images, others))
    assert alone != pytest.approx(beside_others, rel=1e-3)


def test_initial_weights_are_the_papers():
    generator = build_generator((28, 28, 1), latent_dim=100, width=32, seed=0)
    kernels = [w for w in generator.trainable_variables if w.name == "kernel"]
    values = np.concatenate([keras.ops.convert_to_numpy(k).ravel() for k in kernels])
    assert abs(values.mean()) < 2e-4 and values.std() == pytest.approx(0.02, rel=0.01)
    gains = np.concatenate(
        [
            keras.ops.convert_to_numpy(layer.gamma)
            for layer in of_type(generator, layers.BatchNormalization)
        ]
    )
    assert gains.mean() == pytest.approx(1, abs=0.005)
    assert gains.std() == pytest.approx(0.02, rel=0.2)
    assert len({k.shape for k in kernels}) == len(kernels)


def test_the_seed_decides_weights_and_latents():
    def weights(seed):
        gan = DCGAN((16, 16, 1), latent_dim=4, width=4, seed=seed)
        return gan.get_weights(), gan.generate(3, seed=7)

    (first, images), (again, same_images), (other, _) = weights(1), weights(1), weights(2)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(images, same_images)
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_latents_are_uniform():
    gan = DCGAN((16, 16, 1), latent_dim=50, width=1, seed=0)
    latents = keras.ops.convert_to_numpy(gan.sample_latents(400, seed=3))
    assert latents.shape == (400, 50)
    assert -1 <= latents.min() < -0.999 and 0.999 < latents.max() <= 1
    assert latents.std() == pytest.approx(1 / np.sqrt(3), rel=0.01)


def test_it_trains_saves_and_loads(tmp_path):
    gan = DCGAN((16, 16, 3), latent_dim=6, width=4, kernel_size=5, seed=3)
    gan.compile()
    rates = [float(o.learning_rate) for o in (gan.generator_optimizer, gan.discriminator_optimizer)]
    assert rates == pytest.approx([2e-4, 2e-4])
    assert gan.generator_optimizer.beta_1 == 0.5
    history = gan.fit(real_images(64, channels=3), batch_size=16, epochs=1, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())

    gan.save(tmp_path / "dcgan.keras")
    again = gankit.load_model(tmp_path / "dcgan.keras")
    assert isinstance(again, DCGAN) and again.get_config() == gan.get_config()
    np.testing.assert_array_equal(again.generate(4, seed=0), gan.generate(4, seed=0))


def test_the_final_layers_stay_in_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = DCGAN((16, 16, 1), latent_dim=4, width=4, seed=0)
    finally:
        keras.config.set_dtype_policy("float32")
    assert gan.generator.output.dtype == gan.discriminator.output.dtype == "float32"
    assert gan.discriminator.get_layer("down_1").compute_dtype == "bfloat16"


def test_features_are_what_a_loop_over_the_grid_finds():
    discriminator = build_discriminator((28, 28, 1), width=3, batch_norm=False, seed=0)
    images = real_images(5, size=28)
    features = discriminator_features(discriminator, images, images, batch_size=2)
    assert features.shape == (5, 16 * (3 + 6)) and features.dtype == np.float32

    readers = keras.Model(
        discriminator.input, [r.output for r in of_type(discriminator, layers.LeakyReLU)]
    )
    expected = []
    for maps in map(keras.ops.convert_to_numpy, readers(images)):
        edges = np.arange(5) * maps.shape[1] / 4
        for top, bottom in zip(np.floor(edges[:-1]), np.ceil(edges[1:]), strict=True):
            for left, right in zip(np.floor(edges[:-1]), np.ceil(edges[1:]), strict=True):
                part = maps[:, int(top) : int(bottom), int(left) : int(right)]
                expected.append(part.max(axis=(1, 2)))
    np.testing.assert_allclose(features, np.concatenate(expected, axis=1), rtol=1e-5, atol=1e-6)


def test_features_of_a_sequential_model_are_those_of_its_functional_twin():
    functional = build_discriminator((16, 16, 1), width=4, seed=0)
    sequential = keras.Sequential([keras.Input((16, 16, 1))])
    for layer in functional.layers[1:]:
        sequential.add(layer.__class__.from_config(layer.get_config()))
    sequential.set_weights(functional.get_weights())
    images = real_images(8)
    both = [discriminator_features(network, images, images) for network in (functional, sequential)]
    np.testing.assert_array_equal(*both)


def test_features_run_on_the_statistics_of_the_calibration_images():
    discriminator = build_discriminator((16, 16, 1), width=32, seed=0)
    images = real_images(64)
    before = discriminator.get_weights()
    features = discriminator_features(discriminator, images, calibration=images)
    for a, b in zip(before, discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # left as it is

    # 4x4 maps of the last layer are not pooled: they show that statistics and images agree.
    last = features.reshape(64, -1)[:, -16 * 64 :].reshape(64, 16, 64)
    gain = keras.ops.convert_to_numpy(discriminator.get_layer("down_2_norm").gamma)
    normalized = np.where(last > 0, last, last / 0.2) / gain
    np.testing.assert_allclose(normalized.mean(axis=(0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(normalized.std(axis=(0, 1)), 1, atol=0.08)

    shifted = discriminator_features(discriminator, images, calibration=images * 0.1)
    assert np.abs(shifted - features).max() > 0.1


def test_features_of_a_network_without_leaky_relu_are_refused():
    inputs = keras.Input((16, 16, 1))
    network = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(inputs)), name="plain")
    with pytest.raises(ValueError, match="'plain', which has none"):
        discriminator_features(network, real_images(), real_images())


def features(images, calibration=None, batch_size=2):
    network = build_discriminator((16, 16, 1), width=1)
    calibration = real_images() if calibration is None else calibration
    return discriminator_features(network, images, calibration, batch_size)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: DCGAN((28, 28, 1.0)), ValueError, r"image_shape\[2\]=1.0"),
        (lambda: DCGAN((16, 16, 1), batch_norm="no"), TypeError, "batch_norm='no'"),
        (lambda: DCGAN((16, 16, 1), layer_norm="no"), TypeError, "layer_norm='no'"),
        (lambda: DCGAN((16, 16, 1), width=1, seed=2**32), ValueError, "seed=4294967296"),
        (lambda: build_generator((16, 16, 1), seed="x"), ValueError, "seed='x'"),
        (lambda: build_discriminator((16, 16, 1), batch_norm=1), TypeError, "batch_norm=1"),
        (lambda: discriminator_features("x", 0, 0), TypeError, "discriminator='x'"),
        (lambda: features(None), TypeError, "`images`.*None"),
        (lambda: features(real_images(size=20)), ValueError, "Images.*axis 1 is 20"),
        (lambda: features(real_images(), "x"), TypeError, "`calibration`.*'x'"),
        (lambda: features(real_images(), batch_size=0), ValueError, "batch_size=0"),
    ],
)
def test_arguments_of_a_wrong_kind_are_repeated(call, error, message):
    with pytest.raises(error, match=message):
        call()
