"""Conditional GANs: the paper's sizes, four ways for a label to enter, and every bad label."""

import keras
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

import gankit
from gankit.layers.maxout import Maxout
from gankit.models.cgan import (
    CGAN,
    CONDITIONINGS,
    AuxiliaryHead,
    ConvCGAN,
    build_conv_discriminator,
    build_conv_generator,
    build_discriminator,
    build_generator,
)

CLASSES = 3
AT_THE_TOP = ("projection", "auxiliary_classifier")


def data(count=24, size=16, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.uniform(-1, 1, (count, size, size, 1)).astype("float32")
    return images, (np.arange(count) % CLASSES).astype("int32")


def vectors(count=24, size=2, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, (count, size)).astype("float32")


def conv_gan(conditioning="concat", num_classes=CLASSES, **options):
    sizes = dict(latent_dim=4, width=2, embedding_dim=5, seed=0)
    return ConvCGAN((16, 16, 1), num_classes, conditioning=conditioning, **(sizes | options))


def dense_gan(num_classes=CLASSES, **options):
    sizes = dict(generator_widths=(3, 4, 6), discriminator_widths=(5, 3, 4), latent_dim=4, seed=0)
    return CGAN((8, 8, 1), num_classes, **(sizes | options))


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


# ---- the paper's networks


def test_the_dense_networks_have_the_papers_sizes():
    generator = build_generator((28, 28, 1), num_classes=10)
    units = {layer.name: layer.units for layer in generator.layers if hasattr(layer, "units")}
    assert units == {"of_latents": 200, "of_labels": 1000, "joint": 1200, "pixels": 784}
    discriminator = build_discriminator((28, 28, 1), num_classes=10)
    maxouts = [layer for layer in discriminator.layers if isinstance(layer, Maxout)]
    found = {layer.name: (layer.units, layer.pieces) for layer in maxouts}
    assert found == {"of_image": (240, 5), "of_labels": (50, 5), "joint": (240, 4)}
    for network, drops in ((generator, 3), (discriminator, 3)):
        rates = [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
        assert rates == [0.5] * drops


def test_the_dense_discriminator_is_what_numpy_computes():
    network = build_discriminator(
        (4, 4, 1), CLASSES, widths=(3, 2, 4), kernel_initializer="glorot_normal"
    )
    images, labels = data(6, 4)

    def weights(name):
        return [array(v.value) for v in network.get_layer(name).trainable_variables]

    def maxout(x, name, units):
        kernel, bias = weights(name)
        return (x @ kernel + bias).reshape(len(x), units, -1).max(axis=-1)

    of_image = maxout((images.reshape(6, -1) + 1) / 2, "of_image", 3)
    of_labels = maxout(np.eye(CLASSES)[labels], "of_labels", 2)
    kernel, bias = weights("logit")
    expected = maxout(np.concatenate([of_image, of_labels], axis=1), "joint", 4) @ kernel + bias
    np.testing.assert_allclose(array(network([images, labels])), expected, atol=1e-6)


def test_dropout_goes_on_where_it_is_asked_for():
    gan = dense_gan(generator_initializer="glorot_uniform")
    alike = dict(labels=np.ones(20, int), latents=np.full((20, gan.latent_dim), 0.5))
    assert np.ptp(gan.generate(**alike), axis=0).max() < 1e-6
    assert np.ptp(gan.generate(**alike, training=True), axis=0).max() > 1e-3


def test_the_papers_optimizers_and_latents():
    gan = dense_gan(latent_dim=50)
    gan.compile()
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert optimizer.momentum == 0.5
        schedule = optimizer._learning_rate
        assert float(schedule(0)) == pytest.approx(0.1)
        assert float(schedule(1000)) == pytest.approx(0.1 / 1.00004**1000, rel=1e-4)
    latents = array(gan.sample_latents(400, seed=3))
    assert 0 <= latents.min() < 0.001 and 0.999 < latents.max() <= 1
    assert latents.std() == pytest.approx(1 / np.sqrt(12), rel=0.02)


# ---- both, and every way for a label to enter


@pytest.mark.parametrize("make", [dense_gan, *CONDITIONINGS])
def test_it_trains_saves_and_loads(make, tmp_path):
    gan = dense_gan() if make is dense_gan else conv_gan(make)
    gan.compile()
    images, labels = data(24, gan.example_shape[0])
    history = gan.fit(images, labels, batch_size=12, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert ("label_loss" in history) == (make == "auxiliary_classifier")

    samples = gan.generate(labels=[2, 0, 1], seed=0)
    assert samples.shape == (3, *gan.example_shape) and np.abs(samples).max() <= 1
    gan.save(tmp_path / "cgan.keras")
    again = gankit.load_model(tmp_path / "cgan.keras")
    assert type(again) is type(gan) and again.get_config() == gan.get_config()
    np.testing.assert_array_equal(again.generate(labels=[2, 0, 1], seed=0), samples)


@pytest.mark.parametrize("make", [dense_gan, "concat", "embedding", "auxiliary_classifier"])
def test_label_vectors(make, tmp_path):
    options = dict(num_classes=None, label_size=2)
    gan = dense_gan(**options) if make is dense_gan else conv_gan(make, **options)
    images, _ = data(24, gan.example_shape[0])
    if make == "auxiliary_classifier":
        still = [keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0)]
        gan.compile("non_saturating", *still)
        found = gan.fit(images, vectors(), batch_size=24, verbose=0).history["label_loss"]
        trunk, head = map(gan.discriminator.get_layer, ("trunk", "head"))
        named = array(head.outputs(trunk(images, training=True))[1])
        expected = np.mean(np.sum((named - vectors()) ** 2, axis=1))
        np.testing.assert_allclose(found, [expected], rtol=1e-4)
    one = gan.generate(labels=[[0.5, -1.0]], latents=np.zeros((1, 4)))
    other = gan.generate(labels=[[-0.5, -1.0]], latents=np.zeros((1, 4)))
    assert np.abs(one - other).max() > 1e-6
    again = type(gan).from_config(gan.get_config())
    assert again.label_size == 2 and again.num_classes is None


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_both_players_see_the_label(conditioning):
    gan = conv_gan(conditioning)
    images, _ = data(4)
    if conditioning == "projection":  # its scales and offsets begin equal for all classes
        for layer in gan.generator.layers:
            if hasattr(layer, "beta") and layer.beta is not None:
                layer.beta.assign(vectors(*layer.beta.shape))
    latents = np.ones((CLASSES, 4), "float32")
    made = gan.generate(labels=range(CLASSES), latents=latents)
    assert min(np.abs(made[i] - made[j]).max() for i, j in ((0, 1), (1, 2), (0, 2))) > 1e-7
    a, b = (array(gan.discriminator([images, np.full(4, k, "int32")])) for k in (0, 1))
    # An auxiliary classifier names the label, and must not be told it.
    assert (np.abs(a - b).max() > 0) == (conditioning != "auxiliary_classifier")


@pytest.mark.parametrize("conditioning", ["concat", *AT_THE_TOP])
def test_the_convolutions_are_dcgans(conditioning):
    network = build_conv_discriminator((28, 28, 1), 10, conditioning=conditioning, width=6)
    convolutions = network.get_layer("trunk") if conditioning in AT_THE_TOP else network
    filters = [layer.filters for layer in convolutions.layers if hasattr(layer, "filters")]
    assert filters == [6, 12]
    generator = build_conv_generator((28, 28, 1), 10, conditioning=conditioning, width=6)
    assert generator.get_layer("base").output.shape == (None, 7, 7, 12)
    inputs = generator.get_layer("up_1").input.shape[-1]
    assert inputs == (22 if conditioning == "concat" else 12)


LATENTS = np.ones((6, 4), "float32") * np.linspace(-1, 1, 6, dtype="float32")[:, None]


class SameLatents(ConvCGAN):
    def sample_latents(self, n, seed):
        return keras.ops.convert_to_tensor(LATENTS)


def test_the_auxiliary_classifiers_losses_are_the_papers():
    gan = SameLatents(
        (16, 16, 1), CLASSES, conditioning="auxiliary_classifier", latent_dim=4, width=2, seed=0
    )
    still = [keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0)]
    gan.compile("non_saturating", *still)
    images, labels = data(6)
    fake = array(gan.generator([LATENTS, labels], training=True))
    head = gan.discriminator.get_layer("head")
    w, b, classes, c = (array(v.value) for v in head.trainable_variables)

    def judged(examples):
        features = array(gan.discriminator.get_layer("trunk")(examples, training=True))
        named = log_softmax(features @ classes + c, axis=1)[np.arange(6), labels]
        return (features @ w + b)[:, 0], -named.mean()

    (real_logit, on_real), (fake_logit, on_fake) = judged(images), judged(fake)
    history = gan.fit(images, labels, batch_size=6, shuffle=False, verbose=0).history
    found = {name: values[0] for name, values in history.items()}
    adversarial = np.logaddexp(0, -real_logit).mean() + np.logaddexp(0, fake_logit).mean()
    expected = {
        "label_loss": on_real,
        "fake_label_loss": on_fake,
        "discriminator_loss": adversarial,
        "generator_loss": np.logaddexp(0, -fake_logit).mean(),
    }
    assert {k: found[k] for k in expected} == pytest.approx(expected, rel=1e-4)


def test_an_auxiliary_classifier_learns_the_classes():
    rng = np.random.default_rng(0)
    labels = (np.arange(96) % CLASSES).astype("int32")
    images = np.full((96, 16, 16, 1), -1.0, "float32")
    for row, label in zip(images, labels, strict=True):
        row[:, 5 * label : 5 * label + 5] = 1.0
    images = np.clip(images + rng.normal(0, 0.1, images.shape), -1, 1).astype("float32")
    gan = conv_gan("auxiliary_classifier", width=4)
    adams = [keras.optimizers.Adam(2e-3, beta_1=0.5) for _ in range(2)]
    gan.compile(generator_optimizer=adams[0], discriminator_optimizer=adams[1])
    losses = gan.fit(images, labels, batch_size=16, epochs=6, verbose=0).history["label_loss"]
    assert losses[-1] < 0.2 < losses[0]
    trunk, head = map(gan.discriminator.get_layer, ("trunk", "head"))
    found = softmax(array(head.outputs(trunk(images))[1]), axis=1).argmax(axis=1)
    assert np.mean(found == labels) > 0.9


# ---- bad input


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([3, 1, 4], ValueError, r"\[0, 3\). Received 3 at index 0"),
        ([-1], ValueError, "Received -1"),
        ([0.0, 1.0], TypeError, "must be integers.*float"),
        ([[0, 1, 0]], ValueError, r"shape \(examples,\). Received shape \(1, 3\)"),
        (None, ValueError, r"which classes to generate.*\[0, 3\)"),
    ],
)
def test_generate_refuses_labels(labels, error, message):
    with pytest.raises(error, match=message):
        conv_gan().generate(labels=labels, seed=0)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.arange(24) % 4, ValueError, r"\[0, 3\). Received 3 at index 3"),
        (np.arange(24) % 2, ValueError, "No example has label 2: with num_classes=3"),
        (np.zeros(24, "int32"), ValueError, "No example has label 1, 2"),
        (np.eye(3, dtype="int32")[np.arange(24) % 3], ValueError, r"shape \(24,\).*\(24, 3\)"),
        (np.arange(23) % 3, ValueError, r"\(23,\)"),
        (np.arange(24) % 3 * 1.0, TypeError, "argmax"),
        (None, ValueError, r"conditional \(num_classes=3\), but the data has no labels"),
    ],
)
@pytest.mark.parametrize("make", [dense_gan, conv_gan])
def test_fit_refuses_labels_before_training(make, labels, error, message):
    gan = make()
    gan.compile()
    images, _ = data(24, gan.example_shape[0])
    with pytest.raises(error, match=message):
        gan.fit(images, labels, verbose=0)
    assert int(gan.generator_optimizer.iterations) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"conditioning": "concatenate"}, "'concat'.*Received: conditioning='concatenate'"),
        (
            {"num_classes": None, "label_size": 2, "conditioning": "projection"},
            "class numbers.*size=2",
        ),
        ({"num_classes": 3, "label_size": 2}, "num_classes=3, label_size=2"),
        ({"num_classes": None}, "num_classes=None, label_size=None"),
        ({"num_classes": 1}, "num_classes=1"),
        ({"image_shape": (30, 30, 1)}, "size=30.*28 and 32"),
        ({"width": 0}, "width=0"),
    ],
)
def test_impossible_convolutional_gans_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        ConvCGAN(**({"image_shape": (16, 16, 1), "num_classes": 3, "width": 2} | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_shape": (28, 28)}, r"image_shape=\(28, 28\)"),
        ({"image_shape": (28, 0, 1)}, r"image_shape=\(28, 0, 1\)"),
        ({"generator_widths": (200, 1000)}, r"three.*\(200, 1000\)"),
        ({"discriminator_widths": (240, 0, 240)}, r"widths=\(240, 0, 240\)"),
        ({"generator_widths": 5}, "widths=5"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"num_classes": 3, "label_size": 2}, "num_classes=3, label_size=2"),
        ({"label_size": 0}, "label_size=0"),
    ],
)
def test_impossible_dense_gans_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        CGAN(**({"image_shape": (4, 4, 1)} | change))


def test_an_auxiliary_head_needs_classes():
    with pytest.raises(ValueError, match="size=0"):
        AuxiliaryHead(0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: CGAN((4, 4, 1), dropout="x"), TypeError, "`dropout`.*dropout='x'"),
        (lambda: build_discriminator((4, 4, 1), 3, pieces=2), ValueError, "pieces=2"),
        (lambda: conv_gan(embedding_dim=0), ValueError, "embedding_dim=0"),
        (lambda: conv_gan(seed="x"), ValueError, "seed='x'"),
        (lambda: build_conv_generator((16, 16, 1), 3, seed=0.5), ValueError, "seed=0.5"),
    ],
)
def test_arguments_of_a_wrong_kind_are_repeated(call, error, message):
    with pytest.raises(error, match=message):
        call()
