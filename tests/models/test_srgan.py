"""SRGAN: the paper's networks, the two phases, tiles without seams, every bad input."""

import keras
import numpy as np
import pytest

import gankit
from gankit import resampling
from gankit.models.srgan import (
    LIGHT,
    SRGAN,
    VGGContent,
    bicubic_downscale,
    bicubic_upscale,
    build_discriminator,
    build_generator,
    receptive_radius,
    upscale,
)

TINY = {"width": 4, "blocks": 1}, {"width": 2, "dense": 4}
SMALL = LIGHT | {"width": 4, "blocks": 2}


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def pictures(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def tiny_gan(seed=0, **compile_options):
    gan = SRGAN((16, 16, 3), 4, *TINY, seed=seed)
    gan.compile(**compile_options)
    return gan


def named(network, end):
    return [layer.name for layer in network.layers if layer.name.endswith(end)]


# ---- networks ------------------------------------------------------------------------------------


def test_the_networks_have_the_papers_size():
    generator = build_generator(4)
    trained = sum(int(np.prod(v.shape)) for v in generator.trainable_variables)
    assert trained == 1_550_659  # figure 4, counted by hand
    assert build_discriminator((96, 96, 3)).count_params() == 23_569_217
    assert len(named(generator, "_add")) == 16 and len(named(generator, "_shuffle")) == 2
    assert len(named(generator, "prelu")) == 1 + 16 + 2


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("sizes", [TINY[0], SMALL], ids=["staged", "direct"])
def test_every_scale_is_made(scale, sizes):
    generator = build_generator(scale, channels=1, seed=0, **sizes)
    assert numpy(generator(pictures(1, 5, 7, 1))).shape == (1, 5 * scale, 7 * scale, 1)


@pytest.mark.parametrize("upsampling", ["staged", "direct"])
def test_an_untrained_network_writes_no_checkerboard(upsampling):
    generator = build_generator(2, width=4, blocks=1, upsampling=upsampling, kernel_size=1, seed=0)
    squares = numpy(generator(pictures(1, 6, 6, 3)))[0].reshape(6, 2, 6, 2, 3)
    np.testing.assert_allclose(squares, squares[:, :1, :, :1] + 0 * squares, atol=1e-6)


def test_beside_a_skip_it_begins_with_bilinear_enlargement():
    x = pictures(1, 6, 6, 1)
    generator = build_generator(2, channels=1, seed=0, **SMALL)
    larger = numpy(keras.ops.image.resize(x, (12, 12), "bilinear"))
    error = numpy(generator(x)) - larger
    assert 0 < np.sqrt(np.mean(error**2)) < 0.2 * np.sqrt(np.mean(larger**2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(scale=5), "scale=5"),
        (dict(scale=True), "scale=True"),
        (dict(channels=2), "channels=2"),
        (dict(width=0), "width=0"),
        (dict(blocks=1.5), "blocks=1.5"),
        (dict(kernel_size=4), "odd.*kernel_size=4"),
        (dict(upsampling="nearest"), "upsampling='nearest'"),
        (dict(skip="bicubic"), "skip='bicubic'"),
    ],
)
def test_bad_sizes_of_a_generator_are_repeated(arguments, message):
    with pytest.raises(ValueError, match=message):
        build_generator(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(image_shape=(30, 32, 3)), r"multiples of scale=4.*\(30, 32, 3\)"),
        (dict(image_shape=(8, 8, 3)), "at least 16"),
        (dict(image_shape=(32, 32)), r"\(32, 32\)"),
        (dict(image_shape=(32, 32, 2)), "1 channel"),
        (dict(image_shape=32), "32"),
        (dict(image_shape=(32, 32, 3), scale=6), "scale=6"),
        (dict(image_shape=(32, 32, 3), discriminator_sizes={"dense": 0}), "dense=0"),
    ],
)
def test_bad_arguments_are_repeated(arguments, message):
    with pytest.raises(ValueError, match=message):
        SRGAN(**arguments)


# ---- training ------------------------------------------------------------------------------------


def test_small_pictures_are_matlabs():
    gan = SRGAN((32, 48, 3), 4, *TINY, seed=0)
    large = np.random.default_rng(0).integers(0, 256, (3, 32, 48, 3), "uint8")
    small = numpy(gan.shrink(large / np.float32(127.5) - 1))
    levels = (small.astype("float64") + 1) * 127.5
    wanted = bicubic_downscale(large, 4)  # tested against MATLAB's in tests/test_resampling.py
    assert np.abs(levels - wanted).max() < 1.001 and np.mean(np.abs(levels - wanted) > 0.01) < 1e-3


def test_the_resampling_is_the_projects():
    assert bicubic_upscale is resampling.bicubic_upscale


def test_every_position_of_a_picture_is_shown():
    gan = tiny_gan()
    picture = pictures(1, 16, 16, 3)
    turned = [np.rot90(picture, k, (1, 2)) for k in range(4)]
    wanted = [x[0] for y in turned for x in (y, y[:, :, ::-1])]
    shown = numpy(gan.random_flips(np.repeat(picture, 200, axis=0)))
    found = [np.flatnonzero([np.array_equal(x, w) for w in wanted]) for x in shown]
    counts = np.bincount(np.concatenate(found), minlength=8)
    assert counts.sum() == 200 and counts.min() > 8


@pytest.mark.usefixtures("untraced")
def test_phase_one_is_the_mean_squared_error_and_leaves_the_discriminator_alone():
    gan = tiny_gan(adversarial_weight=0)
    gan.augment = False
    crops = pictures(8, 16, 16, 3)
    small = numpy(gan.shrink(crops))
    wanted = np.mean((numpy(gan.generator(small, training=True)) - crops) ** 2)
    before = gan.discriminator.get_weights()
    history = gan.fit(crops, batch_size=8, verbose=0).history
    assert sorted(history) == ["content_loss", "generator_loss"]
    assert history["content_loss"] == history["generator_loss"] == pytest.approx([wanted], rel=1e-4)
    for a, b in zip(before, gan.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_phase_two_adds_the_weighted_adversarial_loss():
    gan = tiny_gan(adversarial_weight=0.5)
    rates = [float(o.learning_rate) for o in (gan.generator_optimizer, gan.discriminator_optimizer)]
    assert rates == pytest.approx([1e-4, 1e-4]) and gan.generator_optimizer.beta_1 == 0.9
    crops = pictures(8, 16, 16, 3)
    enlarged = gan.generator(gan.shrink(crops), training=True)
    loss, report = gan.generator_loss(keras.ops.convert_to_tensor(crops))
    logged = {name: float(value) for name, value in report.items()}
    assert logged["generator_loss"] == float(loss)
    logits = numpy(gan.discriminator(enlarged, training=True)).astype("float64")
    adversarial = np.mean(np.log1p(np.exp(-logits)))
    assert logged["generator_loss"] == pytest.approx(
        logged["content_loss"] + 0.5 * adversarial, rel=1e-3
    )


def test_enlarged_pictures_stay_in_their_range():
    gan = tiny_gan()
    gan.generator.layers[-2].bias.assign([5.0, -5.0, 0.0])
    enlarged = gan.enlarge(0.1 * pictures(1, 4, 4, 3))
    np.testing.assert_array_equal(enlarged[..., :2], np.broadcast_to([1, -1], (1, 16, 16, 2)))
    assert np.abs(enlarged[..., 2]).max() < 1


def test_both_phases_train_save_and_load(tmp_path):
    gan = tiny_gan(adversarial_weight=0)
    crops = pictures(8, 16, 16, 3)
    gan.fit(crops, batch_size=4, verbose=0)
    gan.compile()
    history = gan.fit(crops, batch_size=4, verbose=0).history
    assert set(history) == {
        *("content_loss", "generator_loss", "discriminator_loss", "real_logit", "fake_logit")
    }
    gan.save(tmp_path / "srgan.keras")
    again = gankit.load_model(tmp_path / "srgan.keras")
    assert isinstance(again, SRGAN) and again.get_config() == gan.get_config()
    assert again.content == "mse" and again.adversarial_weight == 1e-3
    small = pictures(2, 5, 6, 3)
    np.testing.assert_array_equal(again.enlarge(small), gan.enlarge(small))
    pairs = [[*model.variables, *model.optimizer.variables] for model in (gan, again)]
    for a, b in zip(*pairs, strict=True):
        np.testing.assert_array_equal(numpy(a.value), numpy(b.value))


@pytest.mark.usefixtures("untraced")
def test_a_content_loss_of_ones_own_is_used_and_asked_for_again_after_loading(tmp_path):
    gan = tiny_gan(content=lambda a, b: keras.ops.mean(keras.ops.abs(a - b)), adversarial_weight=0)
    crops = pictures(4, 16, 16, 3)
    gan.fit(crops, verbose=0)
    gan.save(tmp_path / "srgan.keras")
    again = gankit.load_model(tmp_path / "srgan.keras")
    with pytest.raises(ValueError, match=r"compile\(content=...\)"):
        again.fit(crops, verbose=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(content="vgg"), "content='vgg'"),
        (dict(adversarial_weight=-1), "adversarial_weight=-1"),
    ],
)
def test_bad_phases_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        tiny_gan(**options)


def test_crops_of_another_size_and_bad_values_are_refused():
    gan = tiny_gan()
    with pytest.raises(ValueError, match=r"\(examples, 16, 16, 3\).*axis 1 is 20"):
        gan.fit(pictures(2, 20, 16, 3))
    with pytest.raises(ValueError, match=r"lie in \[-1, 1\]"):
        gan.fit(2 * pictures(2, 16, 16, 3))
    with pytest.raises(ValueError, match="takes 1 tensors per batch: examples. Received: 2"):
        gan.fit(pictures(2, 16, 16, 3), np.zeros(2, "int32"))
    assert not isinstance(gan, gankit.GAN) and not hasattr(gan, "generate")


@pytest.mark.usefixtures("untraced")
def test_the_last_layers_stay_in_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = SRGAN((16, 16, 3), 4, SMALL, TINY[1], seed=0)
    finally:
        keras.config.set_dtype_policy("float32")
    gan.compile()
    history = gan.fit(pictures(4, 16, 16, 3), verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert gan.generator.output.dtype == gan.discriminator.output.dtype == "float32"
    assert gan.generator.get_layer("image").compute_dtype == "bfloat16"


# ---- pictures of any size ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "tile"), [({"width": 4, "blocks": 2}, 32), (SMALL, 20)], ids=["paper", "light"]
)
def test_tiles_leave_no_seam_and_look_as_far_as_it_takes(sizes, tile):
    generator = build_generator(4, seed=1, **sizes)
    picture = pictures(75, 58, 3)
    whole = numpy(generator(picture[None]))[0].clip(-1, 1)
    tiled = upscale(picture, generator, tile=tile)
    assert np.abs(tiled - whole).max() < 1e-5

    radius = receptive_radius(generator)
    point = np.zeros((1, 61, 61, 3), "float32")
    without = numpy(generator(point))
    point[0, 30, 30] = 1
    rows = np.flatnonzero(np.abs(numpy(generator(point)) - without).max(axis=(0, 2, 3)))
    reach = max(30 * 4 - rows[0], rows[-1] - (30 * 4 + 3)) / 4
    assert radius - 1 < reach <= radius
    seams = np.abs(upscale(picture, generator, tile=tile, overlap=1) - whole).max()
    assert seams > 1e-4


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (30, 7, 2), (9, 40, 3), (30, 29, 4), (1, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_gray_color_and_alpha_of_any_size(shape, channels):
    generator = build_generator(2, channels, seed=0, **SMALL)
    picture = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    large = upscale(picture, generator, tile=20)
    assert large.shape == (2 * shape[0], 2 * shape[1], *shape[2:]) and large.dtype == np.uint8
    # The untrained network is close to bilinear enlargement: each part must resemble bicubic.
    parts = [picture[..., i] for i in range(shape[2])] if len(shape) == 3 else [picture]
    wanted = np.stack([bicubic_upscale(part, 2) for part in parts], axis=-1).reshape(large.shape)
    assert np.abs(large.astype(int) - wanted).mean() < 20
    if shape[2:] and shape[2] in (2, 4):
        np.testing.assert_array_equal(large[..., -1], wanted[..., -1])


def test_floats_and_bytes_agree():
    generator = build_generator(2, seed=0, **SMALL)
    picture = np.random.default_rng(0).integers(0, 256, (30, 20, 3), "uint8")
    floats = upscale(picture / np.float32(127.5) - 1, generator)
    assert np.abs((floats + 1) * 127.5 - upscale(picture, generator)).max() < 0.51


def test_the_model_or_its_averaged_generator_enlarges_and_tells_of_its_tiles():
    gan = tiny_gan(averaging=gankit.averaging.Averaging())
    gan.averaged_generator.set_weights([0 * w for w in gan.generator.get_weights()])
    done = []
    large = upscale(pictures(20, 50, 3), gan, tile=30, progress=lambda *n: done.append(n))
    assert not large.any() and done[-1] == (len(done), len(done)) and len(done) > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(scale=4), r"enlarge by 2.*scale=4"),
        (dict(tile=10), "twice the overlap, 14.*tile=10"),
        (dict(overlap=-1), "overlap=-1"),
        (dict(image=np.zeros((4, 4, 5), "uint8")), r"\(4, 4, 5\)"),
        (dict(image=np.zeros((0, 4), "uint8")), r"\(0, 4\)"),
        (dict(image=np.full((4, 4, 3), 7.0)), r"\[7, 7\]"),
    ],
)
def test_what_cannot_be_enlarged_is_refused(arguments, message):
    arguments = {"image": np.zeros((8, 8, 3), "uint8")} | arguments
    with pytest.raises(ValueError, match=message):
        upscale(model=build_generator(2, seed=0, **SMALL), **arguments)
    with pytest.raises(TypeError, match="int64"):
        upscale(np.zeros((4, 4), "int64"), build_generator(2, **SMALL))
    with pytest.raises(TypeError, match="`progress` must be a function.*Received: progress=5"):
        upscale(np.zeros((4, 4), "uint8"), build_generator(2, **SMALL), progress=5)
    with pytest.raises(ValueError, match="`image` must be an array, with rows of equal shapes"):
        upscale([[0.0], [0.0, 1.0]], build_generator(2, **SMALL))


def test_a_network_that_might_look_anywhere_is_refused():
    inputs = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalAveragePooling2D(keepdims=True, name="all")(inputs)
    network = keras.Model(inputs, keras.layers.Add()([inputs, pooled]))
    with pytest.raises(ValueError, match="'all'.*overlap"):
        upscale(np.zeros((8, 8, 3), "uint8"), network)


def enlarge(pictures):
    return tiny_gan().enlarge(pictures)


def with_sizes(**options):
    return SRGAN((16, 16, 3), 4, **options)


def enlarge_by(model):
    return upscale(np.zeros((8, 8, 3), "uint8"), model)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SRGAN((16, 16, 3), scale=2.0), ValueError, "scale=2.0"),
        (lambda: SRGAN((16, 16, 3), 4, *TINY, augment="no"), TypeError, "augment='no'"),
        (lambda: with_sizes(generator_sizes="x"), TypeError, "`generator_sizes`.*'x'"),
        (lambda: with_sizes(discriminator_sizes=[1]), TypeError, r"`discriminator_sizes`.*\[1\]"),
        (lambda: build_generator(2, batch_norm="no"), TypeError, "batch_norm='no'"),
        (lambda: build_discriminator((16, 16, 3), batch_norm="no"), TypeError, "batch_norm='no'"),
        (lambda: tiny_gan(adversarial_weight="x"), TypeError, "adversarial_weight='x'"),
        (lambda: tiny_gan(content=VGGContent), ValueError, "content=<class"),
        (lambda: enlarge(None), TypeError, "`pictures`.*Received: None"),
        (lambda: enlarge(["a"]), TypeError, r"`pictures`.*Received: \['a'\]"),
        (lambda: enlarge(np.zeros((1, 0, 0, 3), "float32")), ValueError, r"empty.*\(1, 0, 0, 3\)"),
        (lambda: tiny_gan().inputs_for(1, 0, [None]), TypeError, "`inputs`"),
        (lambda: enlarge_by(None), TypeError, "model=None"),
        (lambda: enlarge_by(gankit.GAN), TypeError, "model=<class"),
        (lambda: receptive_radius("x"), TypeError, "network='x'"),
    ],
)
def test_arguments_of_a_wrong_kind_are_repeated(call, error, message):
    with pytest.raises(error, match=message):
        call()
