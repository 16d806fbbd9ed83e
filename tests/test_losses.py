"""Losses against formulas in double-precision NumPy."""

import keras
import numpy as np
import pytest

from gankit import autodiff, losses

RNG = np.random.default_rng(0)
REAL = RNG.normal(0.5, 2.0, size=(64, 1))
FAKE = RNG.normal(-0.5, 2.0, size=(64, 1))


def sp(t):
    return np.logaddexp(0.0, t)


FORMULAS = {
    "minimax": (lambda r, f: sp(-r).mean() + sp(f).mean(), lambda f: -sp(f).mean()),
    "non_saturating": (lambda r, f: sp(-r).mean() + sp(f).mean(), lambda f: sp(-f).mean()),
    "least_squares": (
        lambda r, f: 0.5 * ((r - 1) ** 2).mean() + 0.5 * (f**2).mean(),
        lambda f: 0.5 * ((f - 1) ** 2).mean(),
    ),
    "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda f: -f.mean()),
    "hinge": (
        lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
        lambda f: -f.mean(),
    ),
    "relativistic": (lambda r, f: sp(f - r).mean(), lambda f, r: sp(r - f).mean()),
    "relativistic_average": (
        lambda r, f: sp(f.mean() - r).mean() + sp(f - r.mean()).mean(),
        lambda f, r: sp(r.mean() - f).mean() + sp(r - f.mean()).mean(),
    ),
}


def generator_formula(name, fake, real):
    formula = FORMULAS[name][1]
    return formula(fake, real) if losses.get(name).generator_needs_real else formula(fake)


def test_every_loss_has_a_formula_here():
    assert set(losses.names()) == set(FORMULAS)


@pytest.mark.parametrize("name", FORMULAS)
def test_values_follow_the_formula(name):
    loss = losses.get(name)
    real, fake = REAL.astype("float32"), FAKE.astype("float32")
    assert float(loss.discriminator(real, fake)) == pytest.approx(
        FORMULAS[name][0](REAL, FAKE), rel=1e-5
    )
    assert float(loss.generator(fake, real)) == pytest.approx(
        generator_formula(name, FAKE, REAL), rel=1e-5
    )


@pytest.mark.parametrize("logit", [-1e4, -88.0, 0.0, 88.0, 1e4])
@pytest.mark.parametrize("name", FORMULAS)
def test_values_and_gradients_are_exact_for_extreme_logits(name, logit):
    loss = losses.get(name)
    variable = keras.Variable([[logit]], dtype="float32")
    double = np.array([[logit]])
    for value, formula in [
        (lambda: loss.discriminator(variable, -variable), FORMULAS[name][0](double, -double)),
        (lambda: loss.generator(variable, -variable), generator_formula(name, double, -double)),
    ]:
        got, (gradient,) = autodiff.value_and_gradients(lambda v=value: (v(), v()), [variable])
        assert float(got) == pytest.approx(formula, rel=1e-5, abs=1e-30)
        assert np.isfinite(keras.ops.convert_to_numpy(gradient)).all()


def test_the_generators_gradients_saturate_or_do_not():
    logits = keras.Variable([[-10.0]], dtype="float32")

    def gradient(name):
        loss = losses.get(name)
        return float(
            autodiff.value_and_gradients(lambda: (loss.generator(logits), ()), [logits])[1][0][0, 0]
        )

    sigmoid = 1 / (1 + np.exp(10.0))
    assert gradient("minimax") == pytest.approx(-sigmoid, rel=1e-5)
    assert gradient("non_saturating") == pytest.approx(-(1 - sigmoid), rel=1e-5)


@pytest.mark.parametrize("loss", [losses.Minimax(0.1), losses.NonSaturating(0.1)])
def test_smoothing_is_one_sided(loss):
    double = 0.9 * sp(-REAL).mean() + 0.1 * sp(REAL).mean() + sp(FAKE).mean()
    got = float(loss.discriminator(REAL.astype("float32"), FAKE.astype("float32")))
    assert got == pytest.approx(double, rel=1e-5)
    # The optimum on real examples is the target itself, 0.9; on generated ones it stays 0.
    logits = np.linspace(-8, 8, 3201, dtype="float32")
    far = np.array([[-30.0]], "float32")
    on_real = [float(loss.discriminator(np.array([[s]]), far)) for s in logits[::8]]
    best = logits[::8][int(np.argmin(on_real))]
    assert 1 / (1 + np.exp(-best)) == pytest.approx(0.9, abs=0.005)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_logits_are_averaged_in_single_precision(dtype):
    logits = keras.ops.cast(keras.ops.full((4096, 1), 30.0), dtype)
    value = losses.get("wasserstein").generator(logits)
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    assert float(value) == -30.0


@pytest.mark.parametrize("name", ["hinges", "NonSaturating", ""])
def test_an_unknown_name_lists_the_known_ones_and_the_nearest(name):
    with pytest.raises(ValueError, match="'minimax', 'non_saturating', 'least_squares'") as error:
        losses.get(name)
    assert repr(name) in str(error.value)
    if name:
        nearest = {"hinges": "hinge", "NonSaturating": "non_saturating"}[name]
        assert f"Did you mean {nearest!r}?" in str(error.value)


@pytest.mark.parametrize("smoothing", [-0.1, 0.5, float("nan")])
def test_impossible_smoothing_is_refused(smoothing):
    with pytest.raises(ValueError, match=f"label_smoothing={smoothing}"):
        losses.Minimax(label_smoothing=smoothing)


def test_what_is_no_loss_is_refused():
    with pytest.raises(TypeError, match="methods `discriminator` and `generator`"):
        losses.get(len)
    with pytest.raises(TypeError, match="int"):
        losses.get("hinge").generator(np.ones((4, 1), "int32"))


NETWORK = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3, name="first")])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: losses.get(losses.Hinge), "must be an object .* no class.*losses.*Hinge"),
        (lambda: losses.NonSaturating("x"), "label_smoothing='x'"),
        (lambda: losses.charbonnier([1.0], [1.0], "x"), "epsilon='x'"),
        (lambda: losses.charbonnier([1.0], [1.0], None), "epsilon=None"),
        (lambda: losses.charbonnier([1.0], [1.0], 1e200), r"epsilon=1e\+200"),
        (lambda: losses.cycle_consistency([1.0], [1.0], "x", abs), "to_y='x'"),
        (lambda: losses.cycle_consistency([1.0], [1.0], abs, None), "to_x=None"),
        (lambda: losses.class_cross_entropy([[1.0, 2.0]], ["a"]), "`labels`.*dtype <U1"),
        (lambda: losses.class_cross_entropy([[1.0, 2.0]], [0, 1]), r"shapes \(2,\) and \(1, 2\)"),
        (lambda: losses.PerceptualLoss(NETWORK, None), "layers=None"),
        (lambda: losses.PerceptualLoss(NETWORK, 5), "layers=5"),
        (lambda: losses.PerceptualLoss(NETWORK, [["first"]]), "layers=.*'first'"),
        (lambda: losses.PerceptualLoss(NETWORK, ["first"], "x"), "weights='x'"),
        (lambda: losses.PerceptualLoss(NETWORK, ["first"], [None]), "weights=None"),
        (lambda: losses.PerceptualLoss(NETWORK, ["first"], ["1"]), "weights='1'"),
        (lambda: losses.PerceptualLoss(NETWORK, ["first"], distance=["l1"]), "distance=.'l1'"),
    ],
)
def test_wrong_arguments_are_repeated(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


@pytest.mark.parametrize("name", FORMULAS)
def test_configs_round_trip(name):
    loss = losses.get(name)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(again) is type(loss) and again.get_config() == loss.get_config()


# ---------------------------------------------------------------------------- relativistic losses

RELATIVISTIC = [name for name in FORMULAS if losses.get(name).generator_needs_real]


def test_only_relativistic_generators_need_real_logits():
    assert RELATIVISTIC == ["relativistic", "relativistic_average"]
    for name in set(FORMULAS) - set(RELATIVISTIC):
        losses.get(name).generator(np.ones((2, 1), "float32"))


@pytest.mark.parametrize("name", RELATIVISTIC)
def test_a_relativistic_generator_asks_for_real_logits(name):
    with pytest.raises(ValueError, match="real_logits=None"):
        losses.get(name).generator(np.ones((2, 1), "float32"))


def test_pairs_need_equally_many():
    real, fake = np.ones((3, 1), "float32"), np.ones((2, 1), "float32")
    with pytest.raises(ValueError, match=r"\(3, 1\) and \(2, 1\).*relativistic_average"):
        losses.get("relativistic").discriminator(real, fake)
    with pytest.raises(ValueError, match=r"\(3, 1\) and \(2,\)"):
        losses.get("relativistic").generator(fake[:, 0], real)
    losses.get("relativistic_average").discriminator(real, fake)


@pytest.mark.parametrize("name", RELATIVISTIC)
def test_only_differences_of_logits_count(name):
    loss = losses.get(name)
    real, fake = REAL.astype("float32"), FAKE.astype("float32")
    for value in (loss.discriminator, lambda r, f: loss.generator(f, r)):
        assert float(value(real + 3, fake + 3)) == pytest.approx(float(value(real, fake)), rel=1e-5)


# ------------------------------------------------------------------------------ the other losses


def as_variable(values):
    return keras.Variable(np.asarray(values), dtype="float32")


def slope(loss, at):
    """Compute the gradient of `loss(variable)` at `at`."""
    variable = as_variable(at)
    _, (gradient,) = autodiff.value_and_gradients(lambda: (loss(variable), ()), [variable])
    return keras.ops.convert_to_numpy(gradient)


def test_extreme_class_logits_stay_exact():
    logits = [[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4]]
    assert float(losses.class_cross_entropy(logits, [1, 2])) == pytest.approx(1e4, rel=1e-6)
    value = float(losses.k_plus_one_unsupervised(logits, logits))
    assert value == pytest.approx(0.5 * 1e4, rel=1e-6)
    for gradient in (
        slope(lambda s: losses.class_cross_entropy(s, [1, 2]), logits),
        slope(lambda s: losses.k_plus_one_unsupervised(s, s), logits),
    ):
        assert np.isfinite(gradient).all()
    np.testing.assert_allclose(
        slope(lambda s: losses.class_cross_entropy(s, [1, 2]), logits),
        [[0.5, -0.5, 0.0], [0.0, 0.0, 0.0]],
        atol=1e-6,
    )


def test_class_numbers_out_of_range_never_pass_in_silence():
    logits = np.zeros((2, 3), "float32")
    for label in (-1, 3):
        with pytest.raises(ValueError, match=rf"\[0, 3\).*{label}"):
            losses.class_cross_entropy(logits, [0, label])
        inside_a_step = keras.ops.convert_to_tensor([0, label])
        assert np.isnan(float(losses.class_cross_entropy(logits, inside_a_step)))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[1, 2]], [0]), TypeError, "`class_logits`.*int"),
        (([[1.0, 2.0]], [0.5]), TypeError, "`labels`.*float"),
        (([[1.0, 2.0]], [[0.0, 1.0]]), TypeError, "argmax"),
        (([[1.0, 2.0]], [[0, 1]]), ValueError, r"\(1, 2\) and \(1, 2\)"),
        (([1.0, 2.0], [0, 1]), ValueError, r"\(2,\)"),
    ],
)
def test_class_cross_entropy_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        losses.class_cross_entropy(*arguments)


def test_k_plus_one_refuses():
    with pytest.raises(ValueError, match="2 and 3 classes"):
        losses.k_plus_one_unsupervised([[0.0, 1.0]], [[0.0, 1.0, 2.0]])
    with pytest.raises(ValueError, match=r"`class_logits`.*\(2,\)"):
        losses.logit_of_real([0.0, 1.0])
    with pytest.raises(TypeError, match="`fake_logits`"):
        losses.k_plus_one_unsupervised([[0.0]], [[0]])


def test_logits_of_real_train_like_a_discriminators():
    """The unsupervised loss is half the minimax loss of the logit of "real"."""
    rng = np.random.default_rng(3)
    real, fake = rng.normal(size=(2, 5, 4)).astype("float32")
    minimax = losses.get("minimax")
    whole = minimax.discriminator(losses.logit_of_real(real), losses.logit_of_real(fake))
    half = losses.k_plus_one_unsupervised(real, fake)
    assert float(half) == pytest.approx(0.5 * float(whole), rel=1e-6)


def test_feature_matching_refuses():
    with pytest.raises(ValueError, match=r"\(4, 3\) and \(4, 2\)"):
        losses.feature_matching(np.ones((4, 3), "float32"), np.ones((4, 2), "float32"))
    with pytest.raises(ValueError, match=r"\(4,\) and \(4,\)"):
        losses.feature_matching(np.ones(4, "float32"), np.ones(4, "float32"))
    with pytest.raises(ValueError, match=r"`fake_features` must not be empty.*\(0, 3\)"):
        losses.feature_matching(np.ones((4, 3), "float32"), np.ones((0, 3), "float32"))


def test_charbonnier_is_smooth_where_l1_has_a_corner():
    target = np.zeros((1, 2), "float32")
    near = np.array([[0.0, 1e-4]], "float32")
    np.testing.assert_allclose(
        slope(lambda p: losses.charbonnier(target, p), near)[0],
        [0.0, 0.5 * 1e-4 / np.hypot(1e-4, 1e-3)],
        rtol=1e-5,
    )
    assert slope(lambda p: losses.l1(target, p), near)[0, 1] == 0.5


def test_reconstruction_refuses():
    images = np.zeros((2, 4, 4, 3), "float32")
    with pytest.raises(ValueError, match=r"`target` and `prediction`.*\(2, 4, 4, 1\)"):
        losses.l1(images, images[..., :1])
    with pytest.raises(TypeError, match="uint8"):
        losses.charbonnier(images.astype("uint8"), images)
    for epsilon in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"epsilon={epsilon}"):
            losses.charbonnier(images, images, epsilon=epsilon)
    with pytest.raises(ValueError, match=r"\(2, 2, 4, 3\)"):
        losses.cycle_consistency(images, images, lambda t: t[:, :2], lambda t: t)


# ------------------------------------------------------------------------------- perceptual loss


def eye():
    layers = keras.layers
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(3, 3, name="first"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, name="dropout"),
            layers.Conv2D(2, 3, name="second"),
        ],
        name="eye",
    )


def pictures():
    return np.random.default_rng(0).normal(size=(2, 3, 6, 6, 1)).astype("float32")


def test_a_perceptual_loss_leaves_its_network_alone():
    network = eye()
    loss = losses.PerceptualLoss(network, ["norm", "second"])
    before = [keras.ops.convert_to_numpy(v.value).copy() for v in network.variables]
    target, prediction = pictures()
    gradient = slope(lambda p: loss(target, p), prediction)
    assert gradient.shape == prediction.shape and (gradient != 0).any()
    for old, variable in zip(before, network.variables, strict=True):
        np.testing.assert_array_equal(old, keras.ops.convert_to_numpy(variable.value))
    assert network.trainable


def test_perceptual_weights_and_distances():
    network, (target, prediction) = eye(), pictures()

    def loss(*arguments, **options):
        return float(losses.PerceptualLoss(network, *arguments, **options)(target, prediction))

    first, second = loss(["first"]), loss(["second"])
    assert loss(["first", "second"]) == pytest.approx(first + second, rel=1e-6)
    assert loss(["second", "first"], [3.0, 0.5]) == pytest.approx(
        3 * second + 0.5 * first, rel=1e-6
    )
    assert loss(["first"], distance="l1") != pytest.approx(first, rel=1e-3)


def test_vgg19_is_a_network_like_any_other(monkeypatch):
    # Drawing its 20 million weights would take longer than all other tests of this file.
    monkeypatch.setattr(
        keras.initializers.GlorotUniform,
        "__call__",
        lambda self, shape, dtype=None: keras.ops.convert_to_tensor(np.full(shape, 1e-2, "f4")),
    )
    vgg = keras.applications.VGG19(include_top=False, weights=None, input_shape=(32, 32, 3))
    loss = losses.PerceptualLoss(vgg, ["block2_conv2"], distance="l1")
    preprocess = keras.applications.vgg19.preprocess_input
    rng = np.random.default_rng(0)
    first, second = (
        preprocess((keras.ops.convert_to_tensor(x) + 1.0) * 127.5)
        for x in rng.uniform(-1, 1, (2, 1, 32, 32, 3)).astype("float32")
    )
    assert float(loss(first, second)) > 0 == float(loss(first, first))


def test_perceptual_loss_refuses():
    network = eye()
    for layers in (["first", "third"], [], "first"):
        with pytest.raises(ValueError, match="first, norm, dropout, second") as error:
            losses.PerceptualLoss(network, layers)
        assert repr(layers) in str(error.value)
    for weights in ([1.0, 1.0], [-1.0], [0.0], [float("nan")], []):
        with pytest.raises(ValueError, match="`weights` must be .* of at least 0"):
            losses.PerceptualLoss(network, ["first"], weights)
    with pytest.raises(ValueError, match="distance='l2'"):
        losses.PerceptualLoss(network, ["first"], distance="l2")
    with pytest.raises(TypeError, match="functional or sequential"):
        losses.PerceptualLoss(len, ["first"])
    target, _ = pictures()
    with pytest.raises(ValueError, match=r"\(3, 6, 6, 1\) and \(2, 6, 6, 1\)"):
        losses.PerceptualLoss(network, ["first"])(target, target[:2])


# ------------------------------------------------------------------------------------------ files


def test_files_of_an_earlier_version_are_read():
    """Old files name the single module that once held all losses."""
    written = {
        "module": "gankit.losses",
        "class_name": "Minimax",
        "config": {"label_smoothing": 0.1},
        "registered_name": "gankit>Minimax",
    }
    loss = keras.saving.deserialize_keras_object(written)
    assert type(loss) is losses.Minimax and loss.label_smoothing == 0.1
