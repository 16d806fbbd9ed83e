"""Losses against formulas written in double precision NumPy."""

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
}


def test_every_loss_has_a_formula_here():
    assert set(losses.names()) == set(FORMULAS)


@pytest.mark.parametrize("name", FORMULAS)
def test_values_follow_the_formula(name):
    loss = losses.get(name)
    for_discriminator, for_generator = FORMULAS[name]
    real, fake = REAL.astype("float32"), FAKE.astype("float32")
    assert float(loss.discriminator(real, fake)) == pytest.approx(
        for_discriminator(REAL, FAKE), rel=1e-5
    )
    assert float(loss.generator(fake)) == pytest.approx(for_generator(FAKE), rel=1e-5)


@pytest.mark.parametrize("logit", [-1e4, -88.0, 0.0, 88.0, 1e4])
@pytest.mark.parametrize("name", FORMULAS)
def test_values_and_gradients_are_exact_for_extreme_logits(name, logit):
    loss = losses.get(name)
    variable = keras.Variable([[logit]], dtype="float32")
    double = np.array([[logit]])
    for value, formula in [
        (lambda: loss.discriminator(variable, -variable), FORMULAS[name][0](double, -double)),
        (lambda: loss.generator(variable), FORMULAS[name][1](double)),
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
    with pytest.raises(ValueError, match="minimax, non_saturating, least_squares") as error:
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
    with pytest.raises(TypeError, match="needs a method `discriminator`"):
        losses.get(len)
    with pytest.raises(TypeError, match="int"):
        losses.get("hinge").generator(np.ones((4, 1), "int32"))


@pytest.mark.parametrize("name", FORMULAS)
def test_configs_round_trip(name):
    loss = losses.get(name)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(again) is type(loss) and again.get_config() == loss.get_config()
