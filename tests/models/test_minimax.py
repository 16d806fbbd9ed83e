"""Chapter 1: the theory against closed forms, the games, and the paper's networks."""

import math

import keras
import numpy as np
import pytest
from keras import ops
from scipy.special import expit
from scipy.stats import norm, uniform

import gankit
from gankit import metrics
from gankit.models import minimax
from gankit.models.minimax import MLPGAN

GRID = np.linspace(-20, 20, 20_001)
CELL = GRID[1] - GRID[0]


def weights_of(model):
    return [np.array(weights) for weights in model.get_weights()]


# ------------------------------------------------------------------------------------- the theory


def test_the_value_is_the_paper_s_formula():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(7, 1)), rng.normal(size=(5, 1))
    expected = np.log(expit(real)).mean() + np.log(1 - expit(fake)).mean()
    assert float(minimax.value(real, fake)) == pytest.approx(expected, rel=1e-5)


def test_the_value_survives_logits_whose_probability_rounds_to_one():
    assert float(minimax.value(np.full(3, 1e4), np.full(3, -1e4))) == 0.0
    assert float(minimax.value(np.full(3, -1e4), np.full(3, 1e4))) == pytest.approx(-2e4)


def test_the_value_refuses_rounded_logits():
    with pytest.raises(TypeError, match="int"):
        minimax.value(np.array([1, 0]), np.array([0, 0]))


def test_no_other_discriminator_does_better_than_the_optimal_one():
    rng = np.random.default_rng(0)
    p_data, p_g = rng.dirichlet(np.ones(10), size=2)

    def value(d):
        return (p_data * np.log(d) + p_g * np.log(1 - d)).sum()

    best = minimax.optimal_discriminator(p_data, p_g)
    assert all(value(rng.uniform(size=10)) < value(best) for _ in range(200))
    assert minimax.criterion(p_data, p_g) == pytest.approx(value(best), rel=1e-12)


def test_the_optimal_discriminator_is_undefined_where_nothing_lies():
    d = minimax.optimal_discriminator([0.5, 0.5, 0.0, 0.0], [0.5, 0.0, 0.5, 0.0])
    np.testing.assert_array_equal(d, [0.5, 1.0, 0.0, np.nan])


@pytest.mark.parametrize(
    ("mean", "std", "expected"),
    [(0, 1, -math.log(4)), (1, 1, -1.16345), (2, 1, -0.71263), (0, 2, -1.20083), (4, 1, -0.12085)],
)
def test_the_criterion_of_gaussians(mean, std, expected):
    p_data, p_g = norm.pdf(GRID), norm.pdf(GRID, mean, std)
    assert minimax.criterion(p_data, p_g, CELL) == pytest.approx(expected, abs=1e-5)
    divergence = metrics.jensen_shannon_divergence(p_data, p_g, CELL)
    assert minimax.criterion(p_data, p_g, CELL) == pytest.approx(
        -math.log(4) + 2 * divergence, abs=1e-9
    )


@pytest.mark.parametrize("function", [minimax.optimal_discriminator, minimax.criterion])
@pytest.mark.parametrize(
    ("p_data", "p_g", "message"),
    [
        ([0.5, 0.5], [1.0], r"shapes \(2,\) and \(1,\)"),
        ([0.5, -0.5], [0.5, 0.5], "-0.5 in `p_data`"),
        ([0.5, 0.5], [0.5, np.nan], "nan in `p_g`"),
        ([0.5, np.inf], [0.5, 0.5], "inf in `p_data`"),
    ],
)
def test_what_is_no_density_is_refused(function, p_data, p_g, message):
    with pytest.raises(ValueError, match=message):
        function(p_data, p_g)


@pytest.mark.parametrize("dx", [0.0, -1.0, float("nan")])
def test_a_cell_must_have_a_size(dx):
    with pytest.raises(ValueError, match=f"dx={dx!r}"):
        minimax.criterion([1.0], [1.0], dx)


# ------------------------------------------------------------------------------------ the xy game


@pytest.mark.parametrize("h", [0.01, 0.1, 0.5])
def test_simultaneous_steps_leave_the_equilibrium_at_the_known_rate(h):
    path = minimax.play_xy((0.6, -0.8), h, 100)
    expected = (1 + h**2) ** (np.arange(101) / 2)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), expected, rtol=1e-12)


@pytest.mark.parametrize(("h", "low", "high"), [(0.1, 0.97, 1.03), (0.01, 0.997, 1.003)])
def test_alternating_steps_stay_on_an_ellipse(h, low, high):
    path = minimax.play_xy((1.0, 0.0), h, 5_000, alternating=True)
    radius = np.linalg.norm(path, axis=1)
    assert low < radius.min() and radius.max() < high
    # The invariant of the map.
    x, y = path.T
    np.testing.assert_allclose(x**2 + y**2 - h * x * y, 1.0, rtol=1e-9)


def test_small_steps_follow_the_circle_of_the_flow():
    h = 1e-4
    t = h * np.arange(20_001)
    exact = np.stack([np.cos(t) - 0.5 * np.sin(t), 0.5 * np.cos(t) + np.sin(t)], axis=1)
    np.testing.assert_allclose(minimax.play_xy((1.0, 0.5), h, 20_000), exact, atol=3e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": (1.0,)}, r"start=\(1.0,\)"),
        ({"start": (1.0, math.inf)}, "inf"),
        ({"step_size": 0.0}, "step_size=0.0"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 2.5}, "steps=2.5"),
    ],
)
def test_an_impossible_xy_game_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        minimax.play_xy(**arguments)


# --------------------------------------------------------------------------------------- the ring


def test_the_ring_has_as_many_modes_as_asked_for():
    centers = minimax.ring_centers(8, radius=2.0)
    assert len(np.unique(centers.round(5), axis=0)) == 8
    np.testing.assert_allclose(np.linalg.norm(centers, axis=1), 2.0, rtol=1e-6)
    steps = np.linalg.norm(centers - np.roll(centers, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, 4 * np.sin(np.pi / 8), rtol=1e-5)


def test_the_points_of_the_ring_are_as_described():
    points = minimax.ring(40_000, modes=5, radius=3.0, std=0.1, seed=0)
    assert points.shape == (40_000, 2) and points.dtype == np.float32
    centers = minimax.ring_centers(5, radius=3.0)
    covered = metrics.mode_coverage(points, centers, std=0.1)
    assert covered.modes == 5 and covered.jsd < 1e-3
    assert covered.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.003)


def test_the_ring_depends_on_its_seed_alone():
    np.testing.assert_array_equal(minimax.ring(50, seed=3), minimax.ring(50, seed=3))
    assert not np.array_equal(minimax.ring(50, seed=3), minimax.ring(50, seed=4))
    assert not np.array_equal(minimax.ring(50), minimax.ring(50))


@pytest.mark.parametrize(
    "wrong", [{"n": 0}, {"modes": 0}, {"radius": 0.0}, {"std": -0.1}, {"modes": 2.5}]
)
def test_an_impossible_ring_is_refused(wrong):
    (name, value), *_ = wrong.items()
    with pytest.raises(ValueError, match=f"{name}={value}"):
        minimax.ring(**({"n": 10} | wrong))


# --------------------------------------------------------------------------------- games of points


def test_the_prior_is_uniform_with_unit_variance():
    gan = minimax.points_gan(latent_dim=3, width=4, seed=0)
    latents = ops.convert_to_numpy(gan.sample_latents(20_000, seed=1))
    assert latents.shape == (20_000, 3)
    ordered = np.sort(latents.ravel())
    expected = uniform.cdf(ordered, -math.sqrt(3), 2 * math.sqrt(3))
    # Kolmogorov's distance, at 60,000 values.
    assert np.abs(expected - np.arange(60_000) / 60_000).max() < 0.01
    assert latents.std() == pytest.approx(1.0, abs=0.01)


def test_points_gan_has_the_sizes_asked_for():
    gan = minimax.points_gan(dimensions=3, latent_dim=5, width=7, depth=2)
    assert gan.generator.count_params() == (5 + 1) * 7 + 8 * 7 + 8 * 3
    assert gan.discriminator.count_params() == (3 + 1) * 7 + 8 * 7 + 8
    assert gan.generate(4, seed=0).shape == (4, 3)


@pytest.mark.parametrize("name", ["dimensions", "latent_dim", "width", "depth"])
def test_points_gan_refuses_no_size(name):
    with pytest.raises(ValueError, match=f"{name}=0"):
        minimax.points_gan(**{name: 0})


def test_a_trained_discriminator_measures_the_divergence():
    """Theorem 1 with a network in place of the maximum, against a generator that stands still."""
    keras.utils.set_random_seed(0)
    still = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    still.set_weights([np.array([[1.0]]), np.array([2.0])])
    student = minimax.points_gan(dimensions=1, latent_dim=1, width=32).discriminator
    gan = gankit.GAN(still, student, latent_dim=1, data_range=None, seed=0)
    gan.compile("minimax", keras.optimizers.SGD(0.0), keras.optimizers.Adam(5e-3))
    data = np.random.default_rng(0).normal(size=(20_000, 1)).astype("float32")
    gan.fit(data, batch_size=1_000, epochs=20, verbose=0)
    fresh = np.random.default_rng(1).normal(size=(50_000, 1)).astype("float32")
    value = minimax.value(student(fresh), student(gan.generate(50_000, seed=2)))
    assert float(value) == pytest.approx(-0.71263, abs=0.03)
    logits = ops.convert_to_numpy(student(np.array([[-1.0], [1.0], [3.0]], "float32")))
    best = minimax.optimal_discriminator(norm.pdf([-1, 1, 3]), norm.pdf([-1, 1, 3], 2))
    np.testing.assert_allclose(expit(logits[:, 0]), best, atol=0.08)


# -------------------------------------------------------------------------------- WatchLine


def line_game():
    gan = minimax.points_gan(dimensions=1, latent_dim=1, width=8, depth=1, seed=0)
    gan.compile()
    return gan


def test_watch_line_sees_what_a_known_generator_does():
    """G(z) = z / sqrt(3) is uniform on [-1, 1], and D is 1/2 everywhere."""
    generator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    discriminator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    generator.set_weights([np.array([[1 / math.sqrt(3)]]), np.zeros(1)])
    discriminator.set_weights([np.zeros((1, 1)), np.zeros(1)])
    gan = minimax.MinimaxGAN(generator, discriminator, 1, data_range=None, seed=0)
    gan.compile("minimax", keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0))
    x = (np.arange(40) + 0.5) / 10 - 2
    p_data = np.where(np.abs(x) < 1, 0.5, 0.0)
    watch = minimax.WatchLine(x, p_data)
    gan.fit(np.zeros((4, 1), "float32"), epochs=2, callbacks=[watch], verbose=0)

    assert len(watch.looks) == len(watch.jsd) == len(watch.gap) == 3
    look = watch.looks[-1]
    np.testing.assert_allclose(look["p_model"], p_data, atol=2e-3)
    np.testing.assert_allclose(look["discriminator"], 0.5)
    np.testing.assert_allclose(look["mapped"], look["latents"] / math.sqrt(3), rtol=1e-5)
    assert watch.jsd[-1] == pytest.approx(0.0, abs=1e-5)
    assert watch.gap[-1] == pytest.approx(0.0, abs=2e-3)


def test_watch_line_draws_with_plots():
    from gankit import plots

    x = np.linspace(-4, 4, 41)
    watch = minimax.WatchLine(x, norm.pdf(x))
    gan = line_game()
    gan.fit(np.zeros((64, 1), "float32"), epochs=1, callbacks=[watch], verbose=0)
    assert plots.density_game_1d(**watch.looks[-1]).axes


@pytest.mark.parametrize(
    ("x", "p_data"),
    [
        (np.array([0.0]), np.array([1.0])),
        (np.array([0.0, 1.0, 3.0]), np.ones(3)),
        (np.array([2.0, 1.0, 0.0]), np.ones(3)),
        (np.zeros((2, 2)), np.ones((2, 2))),
        (np.array([0.0, 1.0, 2.0]), np.ones(2)),
    ],
)
def test_watch_line_needs_an_even_grid(x, p_data):
    with pytest.raises(ValueError, match="even, increasing grid"):
        minimax.WatchLine(x, p_data)


def test_watch_line_refuses_another_game():
    x = np.linspace(-4, 4, 41)
    gan = minimax.points_gan(dimensions=2, latent_dim=2, width=4, seed=0)
    gan.compile()
    with pytest.raises(ValueError, match=r"MinimaxGAN from 2 latents to shape \(2,\)"):
        gan.fit(minimax.ring(8, seed=0), callbacks=[minimax.WatchLine(x, norm.pdf(x))], verbose=0)


# ------------------------------------------------------------------------------ the MNIST networks


def test_the_networks_are_the_paper_s():
    generator = minimax.build_generator((28, 28, 1))
    discriminator = minimax.build_discriminator((28, 28, 1))
    assert generator.count_params() == 101 * 1200 + 1201 * 1200 + 1201 * 784
    assert discriminator.count_params() == 785 * 1200 + 241 * 1200 + 241
    rates = [layer.rate for layer in discriminator.layers if hasattr(layer, "rate")]
    assert rates == [0.2, 0.5, 0.5]
    for network, end in ((generator, 0.05), (discriminator, 0.005)):
        kernels = [w for w in weights_of(network) if w.ndim == 2]
        assert len(kernels) == 3
        for kernel in kernels:
            assert 0.9 * end < np.abs(kernel).max() <= end
            assert kernel.std() == pytest.approx(end / math.sqrt(3), rel=0.1)
        assert not any(w.any() for w in weights_of(network) if w.ndim == 1)


def test_images_are_in_range_and_black_is_zero_for_dropout():
    generator = minimax.build_generator((6, 5, 3), latent_dim=4, width=8, kernel_initializer="ones")
    images = ops.convert_to_numpy(generator(np.full((2, 4), 9.0, "float32")))
    assert images.shape == (2, 6, 5, 3) and images.max() <= 1.0
    discriminator = minimax.build_discriminator((6, 5, 3), width=8, pieces=2)
    black = -np.ones((2, 6, 5, 3), "float32")
    unit = discriminator.get_layer("to_unit_range")(black)
    assert not ops.convert_to_numpy(unit).any()
    assert tuple(discriminator(black).shape) == (2, 1)


def test_layers_of_equal_shape_begin_different():
    gan = MLPGAN((8, 8, 1), latent_dim=64, generator_width=64, generator_initializer="he_uniform")
    first, second, _ = (w for w in weights_of(gan.generator) if w.ndim == 2)
    assert not np.array_equal(first, second)


def test_given_initializers_replace_the_paper_s():
    gan = MLPGAN(
        (8, 8, 1),
        generator_width=64,
        discriminator_width=16,
        generator_initializer="he_uniform",
        discriminator_initializer=keras.initializers.RandomUniform(-0.3, 0.3),
    )
    first = weights_of(gan.generator)[0]
    assert 0.95 * math.sqrt(6 / 100) < np.abs(first).max() <= math.sqrt(6 / 100)
    assert 0.28 < np.abs(weights_of(gan.discriminator)[0]).max() <= 0.3


def images_of(mean, n=60, side=6):
    values = np.random.default_rng(0).uniform(-1, 1, (n, side, side, 1)).astype("float32")
    return np.clip(values + mean, -1, 1)


def test_match_pixel_means_starts_from_the_mean_image():
    images = images_of(mean=-0.3)
    images[:, 0, 0] = -1.0  # a pixel that is always black: its logit must stay finite
    gan = MLPGAN((6, 6, 1), generator_width=16, generator_initializer="zeros", seed=0)
    gan.match_pixel_means(images)
    expected = images.mean(axis=0, keepdims=True)
    np.testing.assert_allclose(gan.generate(1, seed=0), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((4, 6, 6, 1), "uint8"), TypeError, "uint8"),
        (np.zeros((4, 5, 6, 1), "float32"), ValueError, r"\(4, 5, 6, 1\)"),
        (np.full((4, 6, 6, 1), 2.0, "float32"), ValueError, "2"),
    ],
)
def test_match_pixel_means_checks_the_images(images, error, message):
    with pytest.raises(error, match=message):
        MLPGAN((6, 6, 1), generator_width=8).match_pixel_means(images)


def test_the_paper_s_optimizers_are_the_default():
    gan = MLPGAN((6, 6, 1), generator_width=8, discriminator_width=4, seed=0)
    gan.compile()
    for optimizer, rate in ((gan.generator_optimizer, 0.1), (gan.discriminator_optimizer, 0.05)):
        assert isinstance(optimizer, keras.optimizers.SGD) and optimizer.momentum == 0.5
        assert float(optimizer.learning_rate) == pytest.approx(rate)
        schedule = optimizer._learning_rate
        # The code divides the rate by 1.000004 after every update.
        expected = rate / 1.000004**100_000
        assert float(schedule(100_000)) == pytest.approx(expected, rel=1e-4)


def test_it_trains_and_comes_back_from_a_file(tmp_path):
    keras.utils.set_random_seed(0)
    gan = MLPGAN(
        (6, 6, 1),
        latent_dim=5,
        generator_width=16,
        discriminator_width=8,
        pieces=3,
        generator_initializer="he_uniform",
        seed=4,
        name="digits",
    )
    gan.compile()
    before = weights_of(gan)
    gan.fit(images_of(0.0), batch_size=30, epochs=1, verbose=0)
    assert all(np.abs(a - b).max() > 0 for a, b in zip(before, weights_of(gan), strict=True))

    gan.save(tmp_path / "gan.keras")
    again = gankit.load_model(tmp_path / "gan.keras")
    assert isinstance(again, MLPGAN) and again.get_config() == gan.get_config()
    assert (again.get_config()["pieces"], again.seed, again.name) == (3, 4, "digits")
    np.testing.assert_array_equal(again.generate(3, seed=0), gan.generate(3, seed=0))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"example_shape": (0, 6, 1)}, r"example_shape=\(0, 6, 1\)"),
        ({"example_shape": 36}, "example_shape=36"),
        ({"example_shape": ()}, r"example_shape=\(\)"),
        ({"latent_dim": 0}, "latent_dim=0"),
        ({"generator_width": 2.5}, "width=2.5"),
        ({"discriminator_width": 0}, "width=0"),
        ({"pieces": -1}, "pieces=-1"),
    ],
)
def test_impossible_sizes_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        MLPGAN(**({"example_shape": (6, 6, 1)} | wrong))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: minimax.ring(5, radius="x"), TypeError, "radius='x'"),
        (lambda: minimax.ring(5, radius=math.inf), ValueError, "radius=inf"),
        (lambda: minimax.ring(5, std=None), TypeError, "std=None"),
        (lambda: minimax.ring(5, std=math.inf), ValueError, "std=inf"),
        (lambda: minimax.ring(5, seed=-1), ValueError, "seed=-1"),
        (lambda: minimax.ring(5, seed="x"), ValueError, "seed='x'"),
        (lambda: minimax.ring_centers(radius="x"), TypeError, "radius='x'"),
        (lambda: minimax.criterion([1.0], [1.0], "x"), TypeError, "dx='x'"),
        (lambda: minimax.criterion([1.0], [1.0], math.inf), ValueError, "dx=inf"),
        (lambda: minimax.optimal_discriminator("x", [1.0]), TypeError, "numbers.*'x'"),
        (lambda: minimax.play_xy(alternating="no"), TypeError, "alternating='no'"),
        (lambda: minimax.WatchLine("x", [1.0]), ValueError, "x='x'"),
        (lambda: MLPGAN((6, 6, 1)).match_pixel_means(None), TypeError, "`images`.*None"),
    ],
)
def test_arguments_of_a_wrong_kind_are_repeated(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_watch_line_refuses_what_is_no_gan():
    watch = minimax.WatchLine(np.arange(3), np.ones(3) / 3)
    watch.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    with pytest.raises(ValueError, match="Received: Sequential"):
        watch.on_train_begin()
