"""What `GAN` guarantees (saving, resuming and replicas have files of their own)."""

import keras
import numpy as np
import pytest
from keras import ops

import gankit
from gankit import autodiff
from gankit.averaging import Averaging
from gankit.penalties import Penalty

layers = keras.layers


def changed(before, after):
    return [bool((a != b).any()) for a, b in zip(before, after, strict=True)]


def values(variables):
    return [ops.convert_to_numpy(v.value).copy() for v in variables]


# ------------------------------------------------------- 1: training mode; 2: who changes what


def test_batch_statistics_of_both_networks_move(make_gan, points):
    gan = make_gan()
    statistics = gan.generator.non_trainable_weights + gan.discriminator.non_trainable_weights
    before = values(statistics)
    gan.fit(points, batch_size=16, verbose=0)
    assert len(before) == 4 and all(changed(before, values(statistics)))


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_step_changes_its_own_network_and_nothing_else(make_gan, points, player):
    gan = make_gan(dropout=0.2)
    own, other = gan.discriminator, gan.generator
    if player == "generator":
        own, other = other, own
    others_optimizer = getattr(gan, f"{other.name}_optimizer")
    flags = [layer.trainable for layer in gan._flatten_layers()]
    before, unchanged = values(own.weights), values(other.weights + others_optimizer.variables)

    gan.update(player, getattr(gan, f"{player}_loss"), ops.convert_to_tensor(points))

    assert all(changed(before, values(own.weights)))
    assert not any(changed(unchanged, values(other.weights + others_optimizer.variables)))
    assert flags == [layer.trainable for layer in gan._flatten_layers()]


# ------------------------------------------------- Algorithm 1, against a step written in NumPy


class LinearGAN(gankit.GAN):
    """G(z) = zA + b and s(x) = xw + c, with latents that are known: every gradient is too."""

    latents = np.random.default_rng(5).normal(size=(64, 3)).astype("float32")

    def sample_latents(self, n, seed):
        return ops.convert_to_tensor(self.latents)[:n]


def linear_gan(rates=(0.1, 0.2), optimizer_options=None, **options):
    keras.utils.set_random_seed(3)
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    discriminator = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    gan = LinearGAN(generator, discriminator, latent_dim=3, data_range=None, seed=0)
    optimizers = (keras.optimizers.SGD(rate, **(optimizer_options or {})) for rate in rates)
    gan.compile(options.pop("loss", "non_saturating"), *optimizers, **options)
    return gan


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


def numpy_step(weights, latents, real, penalty=0.0, rates=(0.1, 0.2), clip=lambda g: g):
    """One non-saturating step with SGD, its gradients derived by hand, in double precision."""
    a, b, w, c = (np.asarray(v, "float64") for v in weights)
    n = len(real)
    z = latents[:n].astype("float64")
    fake = z @ a + b
    on_real, on_fake = -sigmoid(-(real @ w + c)) / n, sigmoid(fake @ w + c) / n
    grad_w = real.T @ on_real + fake.T @ on_fake + 2 * penalty * w
    w, c = w - rates[1] * clip(grad_w), c - rates[1] * clip(on_real.sum(0) + on_fake.sum(0))
    on_sample = (-sigmoid(-(fake @ w + c)) / n) @ w.T
    return a - rates[0] * clip(z.T @ on_sample), b - rates[0] * clip(on_sample.sum(0)), w, c


def check_against_numpy(gan, expected):
    got = values(gan.generator.weights + gan.discriminator.weights)
    for mine, oracle in zip(got, expected, strict=True):
        np.testing.assert_allclose(mine, oracle, rtol=1e-5, atol=1e-6)


def test_a_step_is_algorithm_1(points):
    gan = linear_gan()
    expected = numpy_step(
        values(gan.generator.weights + gan.discriminator.weights), gan.latents, points
    )
    gan.fit(points, batch_size=48, verbose=0, shuffle=False)
    check_against_numpy(gan, expected)


def test_each_network_follows_a_learning_rate_schedule_of_its_own(points):
    schedules = keras.optimizers.schedules
    rates = (
        schedules.ExponentialDecay(0.4, 1, 0.5),
        schedules.PiecewiseConstantDecay([1], [0.1, 1.0]),
    )
    gan = linear_gan(rates)
    state = values(gan.weights[:4])
    for step in (0, 1, 2):
        state = numpy_step(
            state, gan.latents, points[:16], rates=(0.4 * 0.5**step, 0.1 if step < 2 else 1.0)
        )
        gan.fit(points[:16], batch_size=16, verbose=0)
    check_against_numpy(gan, state)


@pytest.mark.parametrize("name", ["clipnorm", "clipvalue"])
def test_each_optimizer_clips_its_own_gradients(points, name):
    limit = 0.02
    clips = {
        "clipnorm": lambda g: g * min(1.0, limit / np.linalg.norm(g)),
        "clipvalue": lambda g: np.clip(g, -limit, limit),
    }
    gan = linear_gan(optimizer_options={name: limit})
    start = values(gan.weights[:4])
    expected = numpy_step(start, gan.latents, points, clip=clips[name])
    unclipped = numpy_step(start, gan.latents, points)
    assert all(np.abs(expected[i] - unclipped[i]).max() > 1e-3 for i in (0, 2))
    gan.fit(points, batch_size=48, verbose=0, shuffle=False)
    check_against_numpy(gan, expected)


def test_accumulated_batches_are_one_large_batch_for_the_discriminator(points):
    gan = linear_gan(optimizer_options={"gradient_accumulation_steps": 2})
    gan.latents = np.tile(gan.latents[:24], (2, 1))
    start = values(gan.weights[:4])
    expected = numpy_step(start, gan.latents, points)
    gan.fit(points, batch_size=24, verbose=0, shuffle=False)
    got = values(gan.weights[:4])
    for mine, oracle in zip(got[2:], expected[2:], strict=True):
        np.testing.assert_allclose(mine, oracle, rtol=1e-5, atol=1e-6)
    assert all(changed(start, got)) and int(gan.generator_optimizer.iterations) == 1


def test_steps_in_one_call_are_the_same_steps(make_gan, points, state_of):
    def state(**options):
        gan = make_gan(dropout=0.2, averaging=Averaging(20), **options)
        gan.fit(points[:40], batch_size=8, verbose=0)
        return state_of(gan)

    if keras.backend.backend() == "torch":
        with pytest.raises(ValueError, match="must be 1 with the PyTorch backend"):
            state(steps_per_execution=3)
        return
    # Five steps: a call of three, and one that ends early.
    for one, many in zip(state(), state(steps_per_execution=3), strict=True):
        np.testing.assert_allclose(many, one, rtol=1e-5, atol=1e-6)


@keras.saving.register_keras_serializable("tests")
def squared_gradient(critic, real, fake):
    gradient = autodiff.input_gradient(critic, real)
    return ops.mean(ops.sum(gradient**2, axis=-1))


def test_a_penalty_is_added_and_differentiated_through(points):
    gan = linear_gan(penalties=[squared_gradient])
    start = values(gan.generator.weights + gan.discriminator.weights)
    expected = numpy_step(start, gan.latents, points, penalty=1.0)
    history = gan.fit(points, batch_size=48, verbose=0, shuffle=False)
    check_against_numpy(gan, expected)
    assert history.history["penalty"][0] == pytest.approx((start[2] ** 2).sum(), rel=1e-5)
    # The loss is reported without the penalty.
    a, b, w, c = start
    of_real, of_fake = points @ w + c, (gan.latents[:48] @ a + b) @ w + c
    loss = np.logaddexp(0, -of_real).mean() + np.logaddexp(0, of_fake).mean()
    assert history.history["discriminator_loss"][0] == pytest.approx(loss, rel=1e-5)


@keras.saving.register_keras_serializable("tests")
class Recorded(Penalty):
    """Adds `weight` times the mean of the noise it draws, and clips the weights to `bound`."""

    def __init__(self, weight, bound):
        self.weight, self.bound = weight, bound

    def __call__(self, critic, real, fake, draws, step):
        noise = draws.normal(real)
        logits = ops.cast(critic(real + noise), "float32")
        return self.weight * ops.cast(step + 1, "float32") + 0.0 * ops.sum(logits)

    def after_update(self, variables):
        for variable in variables:
            variable.assign(ops.clip(variable, -self.bound, self.bound))

    def get_config(self):
        return {"weight": self.weight, "bound": self.bound}


def test_a_penalty_draws_counts_the_updates_and_acts_after_them(points):
    gan = linear_gan(penalties=[Recorded(1.0, bound=0.01)], discriminator_steps=2)
    history = gan.fit(points, batch_size=24, epochs=2, verbose=0)
    # Two batches of two updates each: steps 0 to 3 in the first epoch, 4 to 7 in the second.
    assert history.history["penalty"] == pytest.approx([2.5, 6.5])
    clipped = values(gan.discriminator.trainable_variables)
    assert max(np.abs(v).max() for v in clipped) == pytest.approx(0.01)
    # Latents are given here, so the eight draws of noise are all there are.
    assert int(ops.convert_to_numpy(gan.seed_generator.state.value)[1]) == 8


class Paired(gankit.losses.AdversarialLoss):
    """Both players compare each generated example with a real one."""

    generator_needs_real = True

    def discriminator(self, real_logits, fake_logits):
        return ops.mean(ops.softplus(fake_logits - real_logits))

    def generator(self, fake_logits, real_logits=None):
        return ops.mean(ops.square(real_logits - fake_logits))


def test_the_generators_loss_sees_the_real_logits_where_it_asks_for_them(points):
    gan = linear_gan(loss=Paired())
    a, b, w, c = (v.astype("float64") for v in values(gan.weights[:4]))
    z, n = gan.latents[:48].astype("float64"), 48
    fake = z @ a + b
    on_pair = sigmoid((fake - points) @ w) / n
    w = w - 0.2 * (fake - points).T @ on_pair
    on_sample = 2 * ((fake - points) @ w) / n @ w.T
    gan.fit(points, batch_size=48, verbose=0, shuffle=False)
    check_against_numpy(gan, [a - 0.1 * z.T @ on_sample, b - 0.1 * on_sample.sum(0), w, c])


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_discriminator_steps_share_out_the_batch(steps, points):
    parts = {"discriminator": [], "generator": []}

    class Recording(LinearGAN):
        def update(self, player, loss, *batch):
            parts[player].append(ops.convert_to_numpy(batch[0]))
            super().update(player, loss, *batch)

    gan = linear_gan()
    gan.__class__ = Recording
    gan.compile(discriminator_steps=steps)
    gan.step(ops.convert_to_tensor(points))
    assert int(gan.discriminator_optimizer.iterations) == steps
    assert int(gan.generator_optimizer.iterations) == 1
    assert [len(part) for part in parts["discriminator"]] == [48 // steps] * steps
    assert [len(part) for part in parts["generator"]] == [48 // steps]
    rows = np.concatenate(parts["discriminator"])
    np.testing.assert_array_equal(np.unique(rows, axis=0), np.unique(points, axis=0))


def test_a_last_batch_smaller_than_the_steps_leaves_no_step_without_examples(make_gan, points):
    gan = make_gan(norm=False, discriminator_steps=5)
    history = gan.fit(points[:13], batch_size=10, verbose=0, epochs=2)
    assert np.isfinite(history.history["discriminator_loss"]).all()
    assert int(gan.discriminator_optimizer.iterations) == 2 * 2 * 5
    assert int(gan.generator_optimizer.iterations) == 2 * 2


# ---------------------------------------------------------------- 3: optimizers; 6: mixed precision


def test_defaults_are_dcgans(make_gan):
    gan = make_gan()
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert optimizer.built and isinstance(optimizer, keras.optimizers.Adam)
        assert float(optimizer.learning_rate) == pytest.approx(2e-4)
        assert optimizer.beta_1 == 0.5
    assert isinstance(gan.adversarial_loss, gankit.losses.NonSaturating)


def test_one_optimizer_cannot_serve_both_networks(make_gan):
    adam = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="The discriminator's optimizer has been built"):
        make_gan(generator_optimizer=adam, discriminator_optimizer=adam)


class TinyGradients(gankit.losses.AdversarialLoss):
    """Gradients of 1e-9 underflow in half precision unless the loss is scaled up."""

    def discriminator(self, real_logits, fake_logits):
        return 1e-9 * ops.mean(ops.cast(real_logits - fake_logits, "float32"))

    def generator(self, fake_logits):
        return 1e-9 * ops.mean(ops.cast(fake_logits, "float32"))


def half_precision_gan(policy):
    keras.utils.set_random_seed(0)
    dense = {"dtype": policy}
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(8, **dense), layers.Dense(2)])
    discriminator = keras.Sequential([keras.Input((2,)), layers.Dense(8, **dense), layers.Dense(1)])
    gan = gankit.GAN(generator, discriminator, latent_dim=4, data_range=None, seed=0)
    gan.compile(
        loss=TinyGradients(),
        generator_optimizer=keras.optimizers.SGD(1e9),
        discriminator_optimizer=keras.optimizers.SGD(1e9),
    )
    return gan


def test_both_optimizers_are_loss_scaled_under_float16(points):
    gan = half_precision_gan("mixed_float16")
    first_layers = [gan.generator.layers[0].kernel, gan.discriminator.layers[0].kernel]
    before = values(first_layers)
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    gan.step(ops.convert_to_tensor(points))
    assert all(changed(before, values(first_layers))), "the gradients underflowed"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_trains_with_everything_on(policy, points):
    keras.config.set_dtype_policy(policy)
    try:
        gan = half_precision_gan(policy)
        gan.compile(
            averaging=Averaging(20),
            penalties=[Recorded(0.1, bound=0.5)],
        )
        history = gan.fit(points, batch_size=16, epochs=2, verbose=0)
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(list(history.history.values())).all()
    scaled = isinstance(gan.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    assert gan.generate(3, seed=0).dtype == "float32"


# ----------------------------------------------------------------------- 8: noise; 9: metrics


def test_noise_is_drawn_for_the_batch_that_is_there(points):
    class SameSize(gankit.losses.NonSaturating):
        def discriminator(self, real_logits, fake_logits):
            assert real_logits.shape == fake_logits.shape
            return super().discriminator(real_logits, fake_logits)

    gan = linear_gan()
    gan.__class__ = gankit.GAN
    gan.compile(loss=SameSize(), run_eagerly=True)
    gan.fit(points[:37], batch_size=16, verbose=0)
    assert int(gan.generator_optimizer.iterations) == 3


def test_the_same_seed_is_the_same_run(make_gan, points, state_of):
    def run(seed):
        gan = make_gan(compiled=False)
        gan.seed_generator.state.assign([seed, 0])
        gan.seed = seed
        gan.compile()
        gan.fit(points, batch_size=10, epochs=2, verbose=0)
        return state_of(gan)

    first, second, other = run(7), run(7), run(8)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(changed(first, other))


def test_generating_leaves_training_as_it_was(make_gan, state_of):
    gan = make_gan(dropout=0.3)
    before = state_of(gan)
    gan.generate(5, seed=1)
    gan.generate(5)
    assert not any(changed(before, state_of(gan)))
    gan.generate(5, seed=1, training=True)
    # Dropout in training mode advances the seed of its own layer, and nothing else.
    state = gan.generator.get_layer(index=4).seed_generator.state
    variables = [*gan.variables, *gan.optimizer.variables]
    moved = changed(before, state_of(gan))
    assert [v for v, m in zip(variables, moved, strict=True) if m] == [state]


def test_metrics_are_means_over_the_epoch(points):
    gan = linear_gan()
    gan.generator_optimizer.learning_rate = 0.0
    gan.discriminator_optimizer.learning_rate = 0.0
    w, c = values(gan.discriminator.weights)
    logits = points[:37].astype("float64") @ w + c
    history = gan.fit(points[:37], batch_size=16, verbose=0).history
    # Batches of 16, 16 and 5: the mean over examples is neither the last batch's nor the mean
    # of the three batches' means.
    assert history["real_logit"][0] == pytest.approx(logits.mean(), rel=1e-5)


def test_compiling_again_forgets_what_was_reported(make_gan, points):
    gan = make_gan(penalties=[gankit.penalties.R1(1.0)])
    assert "penalty" in gan.fit(points, verbose=0).history
    gan.compile()
    assert "penalty" not in gan.fit(points, verbose=0).history


def test_train_on_batch_takes_the_steps_of_fit(make_gan, points):
    one, other = make_gan(), make_gan()
    history = one.fit(points[:32], batch_size=16, shuffle=False, verbose=0).history
    logs = [other.train_on_batch(points[at : at + 16], return_dict=True) for at in (0, 16)]
    found = {name: (logs[0][name] + logs[1][name]) / 2 for name in history}
    for a, b in zip(values(one.variables), values(other.variables), strict=True):
        np.testing.assert_array_equal(a, b)
    assert found == pytest.approx({name: means[0] for name, means in history.items()}, rel=1e-5)


@pytest.mark.tensorflow
def test_the_end_of_the_data_is_no_step(make_gan, points):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices(points).filter(lambda x: True).batch(16)
    assert data.cardinality() == tf.data.UNKNOWN_CARDINALITY
    gan = make_gan()
    gan.fit(data, epochs=3, verbose=0)
    assert int(gan.generator_optimizer.iterations) == 9
    assert int(gan.seed_generator.state[1]) == 18


# -------------------------------------------------------------------------- generate, labels


def test_generate_follows_its_seed(make_gan):
    gan = make_gan()
    a, b, c = (gan.generate(5, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any() and (gan.generate(5) != gan.generate(5)).any()
    np.testing.assert_allclose(gan.generate(5, seed=1, batch_size=2), a, rtol=1e-5, atol=1e-6)
    latents = ops.convert_to_numpy(gan.sample_latents(5, 1))
    np.testing.assert_array_equal(gan.generate(latents=latents), a)
    np.testing.assert_array_equal(ops.convert_to_numpy(gan(latents)), a)


def test_latents_are_standard_normal(make_gan):
    latents = np.sort(ops.convert_to_numpy(make_gan().sample_latents(2500, 0)).ravel())
    quantiles = latents[[228, 1587, 5000, 8413, 9772]]  # of 10,000: at -2 to 2 deviations
    np.testing.assert_allclose(quantiles, [-2, -1, 0, 1, 2], atol=0.1)


def test_a_conditional_gan_trains_and_generates(make_gan, points):
    gan = make_gan(num_classes=3)
    labels = (np.arange(48) % 3).astype("int32")
    gan.fit(points, labels, batch_size=16, verbose=0)
    assert gan.generate(labels=[2, 0, 1], seed=0).shape == (3, 2)
    same = gan.generate(labels=[1, 1], latents=np.ones((2, 4)))
    np.testing.assert_allclose(same[0], same[1], rtol=1e-5)
    with pytest.raises(ValueError, match=r"\[0, 3\). Received 3 at index 1"):
        gan.generate(labels=[0, 3])
    with pytest.raises(ValueError, match="which classes"):
        gan.generate(2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "how many"),
        ({"n": 0}, "n=0"),
        ({"n": 2.5}, "n=2.5"),
        ({"n": 3, "latents": np.zeros((2, 4))}, "n=3"),
        ({"latents": np.zeros((2, 5))}, r"\(2, 5\)"),
        ({"latents": np.zeros((2, 4)), "seed": 1}, "seed"),
        ({"labels": [1]}, "takes no labels"),
        ({"n": 2, "batch_size": 0}, "batch_size=0"),
    ],
)
def test_generate_refuses(make_gan, arguments, message):
    with pytest.raises(ValueError, match=message):
        make_gan().generate(**arguments)


# --------------------------------------------------------------------------- 10: bad input


def image_gan(data_range=(-1, 1), num_classes=None):
    keras.utils.set_random_seed(0)
    generator = keras.Sequential(
        [keras.Input((4,)), layers.Dense(64, "tanh"), layers.Reshape((8, 8, 1))]
    )
    discriminator = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)])
    gan = gankit.GAN(generator, discriminator, latent_dim=4, data_range=data_range, seed=0)
    gan.compile()
    return gan


def images(shape=(12, 8, 8, 1), value=0.5, dtype="float32"):
    return np.full(shape, value, dtype)


def with_value(value, where=(3, 1, 2, 0)):
    array = images()
    array[where] = value
    return array


BAD_DATA = [
    (images((12, 8, 8)), ValueError, r"\(12, 8, 8\), 3 axes.*missing"),
    (images((12, 8, 6, 1)), ValueError, r"\(12, 8, 6, 1\): axis 2 is 6, not 8"),
    (images((12, 8, 8, 3)), ValueError, "channels is 3, not 1"),
    (images(value=200, dtype="uint8"), TypeError, r"uint8.*127.5"),
    (images(value=1, dtype="int32"), TypeError, "int32"),
    (images(value=200.0), ValueError, r"\[-1, 1\]. Received values in \[200, 200\]"),
    (with_value(-1.5), ValueError, r"Received values in \[-1.5, 0.5\]"),
    (with_value(np.nan), ValueError, r"1 values that are NaN.*\(3, 1, 2, 0\)"),
    (with_value(np.inf), ValueError, "infinite"),
    (images((0, 8, 8, 1)), ValueError, "empty"),
    ("mnist", TypeError, "'mnist'"),
    (None, TypeError, "None"),
]


@pytest.mark.parametrize(("data", "error", "message"), BAD_DATA)
def test_bad_data_is_refused_before_training(data, error, message):
    gan = image_gan()
    before = values(gan.variables)
    with pytest.raises(error, match=message):
        gan.fit(data, verbose=0)
    assert not any(changed(before, values(gan.variables)))


@pytest.mark.parametrize(("data", "error", "message"), BAD_DATA[:9])
def test_bad_pipelines_are_refused_by_their_first_batch(data, error, message):
    with pytest.raises(error, match=message):
        image_gan().fit(iter([(data,), (data,)]), verbose=0)


def test_an_empty_pipeline_is_refused():
    with pytest.raises(ValueError, match="yields no batch"):
        image_gan().fit(iter([]), verbose=0)


def test_a_generator_keeps_its_first_batch(points):
    gan = linear_gan()
    batches = ((points[i : i + 16],) for i in (0, 16, 32))
    gan.fit(batches, steps_per_epoch=3, verbose=0)
    assert int(gan.generator_optimizer.iterations) == 3


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.full(48, 3), ValueError, r"\[0, 3\). Received 3 at index 0 \(48 of 48"),
        (np.full(48, -1), ValueError, "Received -1"),
        (np.zeros(48), TypeError, "float"),
        (np.zeros((48, 3), "int32"), ValueError, r"\(48, 3\)"),
        (np.zeros(47, "int32"), ValueError, r"\(47,\)"),
        (None, ValueError, "no labels"),
    ],
)
def test_bad_labels_are_refused(make_gan, points, labels, error, message):
    with pytest.raises(error, match=message):
        make_gan(num_classes=3).fit(points, labels, verbose=0)


def test_labels_for_an_unconditional_gan_are_refused(make_gan, points):
    with pytest.raises(ValueError, match="takes no labels"):
        make_gan().fit(points, np.zeros(48, "int32"), verbose=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 2.5}, "batch_size=2.5"),
        ({"batch_size": 2}, "at least 3. Received: batch_size=2"),
    ],
)
def test_impossible_batch_sizes_are_refused(make_gan, points, options, message):
    with pytest.raises(ValueError, match=message):
        make_gan(discriminator_steps=3).fit(points, verbose=0, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "hing"}, "Did you mean 'hinge'"),
        ({"discriminator_steps": 0}, "discriminator_steps=0"),
        ({"penalties": ["r1"]}, "'r1'"),
        ({"averaging": 0.1}, "gankit.averaging.Averaging, or None. Received: 0.1"),
    ],
)
def test_compile_refuses(make_gan, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make_gan(**options)


def test_fit_before_compile_says_so(make_gan, points):
    with pytest.raises(ValueError, match="compile"):
        make_gan(compiled=False).fit(points, verbose=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latent_dim": 0}, "latent_dim=0"),
        ({"latent_dim": 5}, r"latent_dim=5"),
        ({"num_classes": 1}, "num_classes=1"),
        ({"data_range": (1, -1)}, r"\(1, -1\)"),
        ({"seed": -1}, "seed=-1"),
        (
            {"discriminator": keras.Sequential([keras.Input((3,)), layers.Dense(1)])},
            r"\(None, 2\)",
        ),
        (
            {"discriminator": keras.Sequential([keras.Input((2,)), layers.Dense(4)])},
            r"\(None, 4\)",
        ),
    ],
)
def test_networks_that_do_not_fit_are_refused(change, message):
    networks = {
        "generator": keras.Sequential([keras.Input((3,)), layers.Dense(2)]),
        "discriminator": keras.Sequential([keras.Input((2,)), layers.Dense(1)]),
        "latent_dim": 3,
    }
    with pytest.raises(ValueError, match=message):
        gankit.GAN(**(networks | change))


# ------------------------------------------------------------------- labels that are vectors


def vector_gan(label_size=3, **compile_options):
    keras.utils.set_random_seed(0)

    def network(size, outputs, name):
        inputs, labels = keras.Input((size,)), keras.Input((label_size,))
        x = layers.Dense(8, "relu")(layers.Concatenate()([inputs, labels]))
        return keras.Model([inputs, labels], layers.Dense(outputs)(x), name=name)

    networks = network(4, 2, "generator"), network(2, 1, "discriminator")
    gan = gankit.GAN(*networks, latent_dim=4, label_size=label_size, data_range=None, seed=0)
    gan.compile(**compile_options)
    return gan


def label_vectors(shape=(48, 3), value=None, dtype="float32"):
    labels = np.random.default_rng(2).uniform(-1, 1, shape).astype(dtype)
    if value is not None:
        labels[5, 1] = value
    return labels


def test_label_vectors_reach_both_players(points, tmp_path):
    gan = vector_gan()
    before = values(gan.variables)
    gan.fit(points, label_vectors(), batch_size=16, verbose=0)
    assert all(changed(before, values(gan.variables))[:8])
    one, other = gan.generate(labels=[[0, 0, 1], [0, 1, 0]], latents=np.ones((2, 4)))
    assert (one != other).any()
    gan.save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras")
    assert again.label_size == 3 and again.num_classes is None and again.conditional
    labels = label_vectors((5, 3))
    np.testing.assert_array_equal(
        again.generate(labels=labels, seed=1), gan.generate(labels=labels, seed=1)
    )


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (label_vectors((48, 2)), ValueError, r"shape \(48, 3\). Received shape \(48, 2\)"),
        (label_vectors((47, 3)), ValueError, r"\(47, 3\)"),
        (np.zeros(48, "float32"), ValueError, r"Received shape \(48,\)"),
        (np.zeros((48, 3), "int32"), TypeError, "int32.*astype"),
        (label_vectors(value=np.nan), ValueError, r"1 values that are NaN.*nan at index \(5, 1\)"),
        (label_vectors(value=np.inf), ValueError, "infinite"),
        (None, ValueError, r"conditional \(label_size=3\)"),
    ],
)
def test_bad_label_vectors_are_refused(points, labels, error, message):
    gan = vector_gan()
    before = values(gan.variables)
    with pytest.raises(error, match=message):
        gan.fit(points, labels, verbose=0)
    assert not any(changed(before, values(gan.variables)))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, r"labels of shape \(n, 3\)"),
        ([0.0, 0.0, 1.0], r"shape \(examples, 3\), 2 axes. Received shape \(3,\)"),
        ([[0.0, np.nan, 1.0]], "NaN"),
    ],
)
def test_generate_refuses_label_vectors(labels, message):
    with pytest.raises(ValueError, match=message):
        vector_gan().generate(labels=labels)


def test_labels_are_classes_or_vectors():
    with pytest.raises(ValueError, match="num_classes=3 and label_size=2"):
        gankit.GAN(None, None, latent_dim=3, num_classes=3, label_size=2)
    with pytest.raises(ValueError, match="label_size=0"):
        gankit.GAN(None, None, latent_dim=3, label_size=0)


def test_a_class_without_examples_is_refused(make_gan, points):
    with pytest.raises(ValueError, match="No example has label 1: with num_classes=3"):
        make_gan(num_classes=3).fit(points, np.arange(48) % 2 * 2, verbose=0)
