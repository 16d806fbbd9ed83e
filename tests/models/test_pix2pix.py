"""pix2pix: networks and fields of the paper, its objective, noise and normalization."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import gankit
from gankit import autodiff
from gankit.models import pix2pix
from gankit.models.pix2pix import (
    OBJECTIVES,
    Pix2Pix,
    build_discriminator,
    build_generator,
    edges,
    gray,
    patch_layers,
    plan,
    receptive_field,
)

# Compiling takes longer than a few steps do, but on JAX, where it is the other way round.
QUICKLY = {"run_eagerly": keras.backend.backend() != "jax"}


def pairs(count=4, size=32, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    shape = (count, size, size, channels)
    return tuple(rng.uniform(-1, 1, shape).astype("float32") for _ in range(2))


def small(**changes):
    return Pix2Pix((32, 32, 3), **{"width": 2, "seed": 0, **changes})


def of_type(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


def weights(network):
    return [ops.convert_to_numpy(v) for v in network.trainable_variables]


def moved(network, before):
    return any((a != b).any() for a, b in zip(before, weights(network), strict=True))


# ------------------------------------------------------------------------------------ the sizes


@pytest.mark.parametrize(
    ("size", "expected"), [(32, (1, 5)), (64, (1, 6)), (256, (1, 8)), (512, (1, 9)), (96, (3, 5))]
)
def test_plan(size, expected):
    assert plan(size) == expected


@pytest.mark.parametrize(
    ("size", "nearest"), [(30, "32 and 48"), (100, "96 and 112"), (1024, "496 and 512")]
)
def test_a_size_it_cannot_take_names_the_nearest(size, nearest):
    with pytest.raises(ValueError, match=f"size={size}.*nearest that work are {nearest}"):
        Pix2Pix((size, size, 3))


@pytest.mark.parametrize("size", [32, 48, 64, 80, 128])
def test_every_size_goes_through(size):
    generator = build_generator((size, size, 1), channels=3, width=1)
    assert generator.output_shape == (None, size, size, 3)


def test_the_256_pixel_networks_have_the_papers_layers():
    generator = build_generator((256, 256, 3), seed=0)
    convolutions = of_type(generator, layers.Conv2D)
    convolutions = [c for c in convolutions if not isinstance(c, layers.Conv2DTranspose)]
    assert [c.filters for c in convolutions] == [64, 128, 256, 512, 512, 512, 512, 512]
    transposed = of_type(generator, layers.Conv2DTranspose)
    assert [c.filters for c in transposed] == [512, 512, 512, 512, 256, 128, 64, 3]
    assert [c.input.shape[-1] for c in transposed] == [512, 1024, 1024, 1024, 1024, 512, 256, 128]
    assert len(of_type(generator, pix2pix.NoiseDropout)) == 3
    assert not generator.get_layer("down_8").input.name.startswith("down_8_norm")
    unbiased = sum(c.filters for c in convolutions + transposed if not c.use_bias)
    trainable = sum(int(np.prod(v.shape)) for v in generator.trainable_variables)
    assert trainable + unbiased == 54_419_459  # the authors' network, which has every bias


def test_a_skip_comes_behind_what_it_joins():
    """Files depend on this order."""
    generator = build_generator((32, 32, 3), width=2, seed=0)
    joined = [generator.get_layer(f"up_{step}_skip").output for step in (1, 2, 3, 4)]
    skips = [generator.get_layer(f"down_{step}_norm").output for step in (4, 3, 2)]
    skips.append(generator.get_layer("down_1").output)
    outputs = keras.Model(generator.input, [*joined, *skips])(pairs()[0], training=False)
    outputs = [ops.convert_to_numpy(maps) for maps in outputs]
    for both, skip in zip(outputs[:4], outputs[4:], strict=True):
        np.testing.assert_array_equal(both[..., -skip.shape[-1] :], skip)


@pytest.mark.parametrize(
    ("patch", "field", "logits"), [(1, 1, 256), (16, 16, 126), (70, 70, 30), ("image", 286, 6)]
)
def test_the_discriminators_of_figure_6(patch, field, logits):
    assert receptive_field(patch_layers(256, patch)) == field
    network = build_discriminator((256, 256, 3), width=1, patch=patch)
    assert network.output_shape == (None, logits, logits, 1)


def test_the_70_pixel_discriminator_has_the_papers_weights():
    network = build_discriminator((256, 256, 3), patch=70)
    convolutions = of_type(network, layers.Conv2D)
    assert [c.filters for c in convolutions] == [64, 128, 256, 512, 1]
    unbiased = sum(c.filters for c in convolutions if not c.use_bias)
    trainable = sum(int(np.prod(v.shape)) for v in network.trainable_variables)
    assert trainable + unbiased == 2_769_601


@pytest.mark.parametrize(("patch", "size"), [(1, 32), (16, 64), (34, 64), (70, 128)])
def test_the_field_is_what_the_gradient_reaches(patch, size):
    network = build_discriminator((size, size, 1), 1, width=2, patch=patch, conditional=False)
    network.set_weights([np.full(w.shape, 0.1, "float32") for w in network.get_weights()])
    middle = network.output_shape[1] // 2

    def one_logit(pictures):
        return network(pictures, training=False)[:, middle, middle, 0]

    gradient = autodiff.input_gradient(one_logit, np.full((1, size, size, 1), 0.3, "float32"))
    reached = np.abs(ops.convert_to_numpy(gradient)[0, :, :, 0]) > 0
    assert reached.any(axis=1).sum() == reached.any(axis=0).sum() == patch


def test_a_patch_that_cannot_be_names_those_that_can():
    with pytest.raises(ValueError, match=r"\[1, 16, 34, 70, 142\] for pictures of 64.*patch=71"):
        patch_layers(64, 71)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(image_shape=(32, 48, 3)), r"square\. Received: image_shape=\(32, 48, 3\)"),
        (dict(image_shape=32), "Received: image_shape=32"),
        (dict(width=0), "width=0"),
        (dict(channels=2), "channels=2"),
        (dict(objective="cgan"), "objective='cgan'"),
        (dict(noise="z"), "noise='z'"),
        (dict(normalization="layer"), "normalization='layer'"),
        (dict(jitter=-1), "jitter=-1"),
        (dict(latent_dim=0), "latent_dim=0"),
    ],
)
def test_bad_arguments_are_repeated(arguments, message):
    with pytest.raises(ValueError, match=message):
        Pix2Pix(**{"image_shape": (32, 32, 3), "width": 1, **arguments})


# -------------------------------------------------------------------------------- the objective


def test_the_two_losses_are_the_papers():
    inputs, targets = pairs(2)
    gan = small(noise="none", jitter=0, mirror=False)
    gan.compile(l1_weight=7.0, **QUICKLY)
    fake = ops.convert_to_numpy(gan.generator(inputs, training=True))
    real_logits, fake_logits = (
        ops.convert_to_numpy(gan.discriminator([inputs, picture], training=True)).astype("float64")
        for picture in (targets, fake)
    )
    tensors = ops.convert_to_tensor(targets), ops.convert_to_tensor(inputs)
    losses = [loss(*tensors)[0] for loss in (gan.discriminator_loss, gan.generator_loss)]
    judge, make = map(ops.convert_to_numpy, losses)
    logs = gan.train_on_batch(inputs, targets, return_dict=True)
    softplus = lambda t: np.logaddexp(0, t)  # noqa: E731
    expected = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    assert judge == pytest.approx(expected / 2, rel=1e-4)
    assert float(logs["discriminator_loss"]) == pytest.approx(expected, rel=1e-4)
    distance = np.abs(targets - fake).mean()
    assert float(logs["l1"]) == pytest.approx(distance, rel=1e-4)
    assert make == pytest.approx(softplus(-fake_logits).mean() + 7 * distance, rel=1e-4)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_objective_moves_what_it_should(objective):
    inputs, targets = pairs(2)
    gan = small(objective=objective)
    gan.compile(**QUICKLY)
    g, d = weights(gan.generator), weights(gan.discriminator)
    logs = gan.fit(inputs, targets, batch_size=2, verbose=0).history
    assert moved(gan.generator, g)
    assert moved(gan.discriminator, d) == ("GAN" in objective)
    assert ("discriminator_loss" in logs) == ("GAN" in objective) and "l1" in logs
    assert (len(gan.discriminator.inputs) == 2) == ("c" in objective)


def test_an_l1_weight_of_0_leaves_the_gan_alone():
    inputs, targets = pairs(2)

    def trained(objective):
        gan = small(objective=objective)
        gan.compile(l1_weight=0.0, **QUICKLY)
        gan.fit(inputs, targets, batch_size=2, verbose=0)
        return weights(gan.generator)

    for a, b in zip(trained("cGAN"), trained("L1+cGAN"), strict=True):
        np.testing.assert_array_equal(a, b)


# ------------------------------------------------------------------------------ jitter and mirror


def test_the_jitter_is_30_of_256_pixels():
    assert small().jitter == round(32 * 30 / 256) == 4


def test_jitter_cuts_both_pictures_of_a_pair_alike():
    gan = small(jitter=6, mirror=True)
    where = np.stack(np.meshgrid(np.arange(38.0), np.arange(38.0), indexing="ij"), axis=-1)
    inputs = np.repeat(np.pad(where, [(0, 0), (0, 0), (0, 1)])[None], 64, axis=0).astype("float32")
    a, b = (ops.convert_to_numpy(part) for part in gan.augment(inputs, inputs + 1000))
    np.testing.assert_allclose(b - a, 1000, atol=1e-3)
    tops, lefts, steps = set(), set(), set()
    for picture in a:
        rows, columns = picture[:, 0, 0], picture[0, :, 1]
        np.testing.assert_array_equal(np.diff(rows), 1)
        step = columns[1] - columns[0]
        np.testing.assert_array_equal(np.diff(columns), step)
        tops.add(rows.min()), lefts.add(columns.min()), steps.add(step)
    assert tops == lefts == set(range(7)) and steps == {1, -1}


def test_smaller_pairs_are_enlarged_as_tensorflow_does():
    gan = small(jitter=8, mirror=False)
    inputs, targets = pairs(16)
    enlarged = ops.convert_to_numpy(ops.image.resize(inputs, (40, 40), "bilinear"))
    cut, _ = gan.augment(inputs, targets)
    for picture, whole in zip(ops.convert_to_numpy(cut), enlarged, strict=True):
        errors = [
            np.abs(whole[top : top + 32, left : left + 32] - picture).max()
            for top in range(9)
            for left in range(9)
        ]
        assert min(errors) < 1e-5


def test_without_jitter_and_mirror_pairs_stay_as_they_are():
    inputs, targets = map(ops.convert_to_tensor, pairs())
    a, b = small(jitter=0, mirror=False).augment(inputs, targets)
    assert a is inputs and b is targets


# ------------------------------------------------------------------------------------ translating


def test_dropout_is_the_noise_and_the_seed_decides_it():
    inputs, _ = pairs(2)
    gan = small(width=4)
    first, again, other = (gan.translate(inputs, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-4
    without = [gan.translate(inputs, seed=s, noise=False) for s in (1, 2)]
    np.testing.assert_array_equal(*without)


def test_translating_changes_nothing():
    inputs, _ = pairs(2)
    gan = small()
    before = [ops.convert_to_numpy(v) for v in gan.variables]
    gan.translate(inputs, seed=1)
    for a, b in zip(before, gan.variables, strict=True):
        np.testing.assert_array_equal(a, ops.convert_to_numpy(b))
    gan.translate(inputs, noise=False)
    first, second = (ops.convert_to_numpy(gan.generator(inputs, training=True)) for _ in range(2))
    assert (first != second).any(), "training has its noise again"


def test_an_explicit_z_decides_the_picture():
    inputs, targets = pairs(2)
    gan = small(noise="latent", latent_dim=3)
    gan.compile(**QUICKLY)
    gan.fit(inputs, targets, batch_size=2, verbose=0)
    z = np.zeros((2, 3), "float32")
    a, b = gan.translate(inputs, latents=z), gan.translate(inputs, latents=z + 3)
    assert np.abs(a - b).max() > 1e-5
    np.testing.assert_array_equal(a, gan.translate(inputs, latents=z))
    with pytest.raises(ValueError, match=r"shape \(2, 3\).*Received shape \(1, 3\)"):
        gan.translate(inputs, latents=z[:1])
    with pytest.raises(ValueError, match="noise='dropout'"):
        small().translate(inputs, latents=z)


def test_batches_of_one_are_normalized_as_instances():
    inputs, _ = pairs(3)
    batch, instance = (small(noise="none", normalization=n) for n in ("batch", "instance"))
    for network in (batch.generator, instance.generator):
        for variable in network.trainable_variables:
            values = np.random.default_rng(np.prod(variable.shape)).normal(0, 0.3, variable.shape)
            variable.assign(values)
    one_by_one = batch.translate(inputs)
    np.testing.assert_allclose(one_by_one, instance.translate(inputs, batch_size=3), atol=2e-4)
    assert np.abs(one_by_one - batch.translate(inputs, batch_size=3)).max() > 1e-3
    assert np.abs(one_by_one - batch.translate(inputs, statistics="moving")).max() > 1e-3


def test_gankits_callbacks_look_at_translations():
    inputs, targets = pairs(3)
    gan = small()
    gan.compile(**QUICKLY)
    grid = gankit.callbacks.SampleGrid(inputs=inputs, display=False)
    score = gankit.callbacks.Evaluate({"spread": lambda made, _: made.std()}, inputs=inputs)
    logs = gan.fit(inputs, targets, batch_size=3, callbacks=[grid, score], verbose=0).history
    assert len(grid.frames) == 2 and "spread" in logs
    with pytest.raises(ValueError, match="one picture for each input"):
        gan.inputs_for(3, seed=0)


# ------------------------------------------------------------------------------ training, saving


def test_it_trains_saves_and_loads(tmp_path):
    inputs, targets = pairs(3)
    gan = small(channels=1, objective="L1+GAN", patch=16, skips=False, normalization="instance")
    gan.compile(l1_weight=5.0, averaging=gankit.averaging.Averaging(), **QUICKLY)
    rates = [float(o.learning_rate) for o in (gan.generator_optimizer, gan.discriminator_optimizer)]
    assert rates == pytest.approx([2e-4, 2e-4]) and gan.generator_optimizer.beta_1 == 0.5
    history = gan.fit(inputs, targets[..., :1], batch_size=3, epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())

    gan.save(tmp_path / "pix2pix.keras")
    again = gankit.load_model(tmp_path / "pix2pix.keras")
    assert isinstance(again, Pix2Pix) and again.get_config() == gan.get_config()
    assert again.l1_weight == 5.0
    np.testing.assert_array_equal(again.translate(inputs, seed=3), gan.translate(inputs, seed=3))
    for model in (gan, again):
        model.fit(inputs, targets[..., :1], batch_size=3, verbose=0)
    for a, b in zip(weights(again.generator), weights(gan.generator), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x, y: (x, None), ValueError, "learns from pairs"),
        (lambda x, y: (x[:2], y), ValueError, r"shape \(2, .*one for each.*\(4, 32, 32, 3\)"),
        (lambda x, y: (x, y[:, :16, :16]), ValueError, r"\(4, 32, 32, 3\) and \(4, 16, 16, 3\)"),
        (lambda x, y: (x[:, :16, :16], y[:, :16, :16]), ValueError, "squares of 32 or 36 pixels"),
        (lambda x, y: (x, y[..., :1]), ValueError, "Targets must have shape"),
        (lambda x, y: (x * 2, y), ValueError, "Inputs must lie in"),
        (lambda x, y: (np.uint8(x), y), TypeError, "Inputs must be floating point"),
        (lambda x, y: (x, y * np.nan), ValueError, "NaN"),
    ],
)
def test_bad_pairs_are_refused(change, error, message):
    gan = small()
    gan.compile()
    with pytest.raises(error, match=message):
        gan.fit(*change(*pairs()))
    with pytest.raises(ValueError, match="l1_weight=-1"):
        gan.compile(l1_weight=-1)
    with pytest.raises(ValueError, match="statistics='test'"):
        gan.translate(pairs()[0], statistics="test")


def test_inputs_made_from_pictures():
    _, pictures = pairs(2)
    assert gray(pictures).std(axis=-1).max() < 1e-6
    assert set(np.unique(edges(pictures))) == {-1.0, 1.0}
    with pytest.raises(ValueError, match=r"Received shape \(2, 32, 32, 1\)"):
        gray(pictures[..., :1])


PICTURES = pairs(2)[0]


def translate(inputs=PICTURES, **options):
    noise = "latent" if "latents" in options else "dropout"
    return small(noise=noise, latent_dim=3).translate(inputs, **options)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: small(mirror="no"), TypeError, "mirror='no'"),
        (lambda: small(skips="no"), TypeError, "skips='no'"),
        (lambda: small(seed="x"), ValueError, "seed='x'"),
        (lambda: small(patch=[16]), ValueError, r"patch=\[16\]"),
        (lambda: build_generator((32, 32, 3), dropout="x"), TypeError, "dropout='x'"),
        (lambda: build_generator((32, 32, 3), latent_dim=-1), ValueError, "latent_dim=-1"),
        (lambda: build_discriminator((32, 32, 3), "x"), ValueError, "channels='x'"),
        (lambda: build_discriminator((32, 32, 3), conditional="no"), TypeError, "conditional='no'"),
        (lambda: patch_layers("x"), ValueError, "size='x'"),
        (lambda: small().compile(l1_weight=None), TypeError, "l1_weight=None"),
        (lambda: translate(None), TypeError, "`inputs`.*Received: None"),
        (lambda: translate("x"), TypeError, "`inputs`.*Received: 'x'"),
        (lambda: translate([[1.0], [1.0, 2.0]]), TypeError, "`inputs`.*Received: .*2.0"),
        (lambda: translate(np.zeros((1, 0, 0, 3), "float32")), ValueError, "not be empty"),
        (lambda: translate(noise="off"), TypeError, "noise='off'"),
        (lambda: translate(seed=2**32), ValueError, "seed=4294967296"),
        (lambda: translate(latents="x"), TypeError, "`latents`.*Received: 'x'"),
        (lambda: translate(latents=np.full((2, 3), np.nan)), ValueError, "Latents.*NaN"),
        (lambda: small().inputs_for(2, 0, "ab"), TypeError, "`inputs`.*Received: 'ab'"),
        (lambda: gray("x"), TypeError, "`pictures`.*Received: 'x'"),
        (lambda: gray(np.zeros((1, 4, 4, 3), "uint8")), TypeError, "uint8"),
        (lambda: gray(PICTURES * 255), ValueError, r"lie in \[-1, 1\]"),
        (lambda: edges(PICTURES, sigma="x"), TypeError, "sigma='x'"),
        (lambda: edges(PICTURES, sigma=-1), ValueError, "sigma=-1"),
    ],
)
def test_arguments_of_a_wrong_kind_are_repeated(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_list_of_pictures_is_translated():
    gan = small()
    from_list = gan.translate(list(PICTURES), seed=1)
    np.testing.assert_array_equal(from_list, gan.translate(PICTURES, seed=1))
