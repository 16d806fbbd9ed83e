import io
import math
import sys

import keras
import numpy as np
import pytest
from PIL import Image

import gankit
from gankit import plots
from gankit.explore import explore, latent_directions

DIM, SHAPE = 5, (6, 6, 1)


def image_gan(shape=SHAPE, num_classes=None, label_size=None):
    """A linear generator of images, whose directions the SVD of its weights gives."""
    keras.utils.set_random_seed(0)
    layers, size = keras.layers, math.prod(shape)
    latents, examples = keras.Input((DIM,)), keras.Input(shape)
    dense = layers.Dense(size, kernel_initializer=keras.initializers.RandomNormal(0.0, 0.1))
    x, score = dense(latents), layers.Dense(1)(layers.Flatten()(examples))
    generator_inputs, discriminator_inputs = latents, examples
    if num_classes:
        labels = keras.Input((), dtype="int32")
        x = x + layers.Embedding(num_classes, size)(labels)
        generator_inputs, discriminator_inputs = [latents, labels], [examples, labels]
    if label_size:
        labels = keras.Input((label_size,))
        x = x + layers.Dense(size, use_bias=False)(labels)
        generator_inputs, discriminator_inputs = [latents, labels], [examples, labels]
    generator = keras.Model(generator_inputs, layers.Reshape(shape)(x))
    discriminator = keras.Model(discriminator_inputs, score)
    of = {"num_classes": num_classes, "label_size": label_size}
    return gankit.GAN(generator, discriminator, DIM, seed=0, **of), dense


def shown(panel):
    """The pixels of the panel's picture, before enlarging."""
    with Image.open(io.BytesIO(panel.children[0].value)) as png:
        assert png.format == "PNG"
        return np.asarray(png)[4::8, 4::8]


def pixels_of(gan, latents, labels=None):
    images = gan.generate(latents=latents, labels=labels)
    return plots.to_pixels(images.clip(-1, 1))[0].squeeze()


def draw(gan, seed, n=1):
    return keras.ops.convert_to_numpy(gan.sample_latents(n, seed))


@pytest.mark.parametrize("label_size", [None, 3])
def test_directions_of_a_linear_generator_are_its_singular_vectors(label_size):
    gan, dense = image_gan(label_size=label_size)
    expected = np.linalg.svd(keras.ops.convert_to_numpy(dense.kernel).T)[2]
    found = latent_directions(gan, DIM)
    np.testing.assert_allclose(found @ found.T, np.eye(DIM), atol=1e-12)
    np.testing.assert_allclose(np.abs((found * expected).sum(axis=1)), 1, rtol=1e-5)
    assert (found[np.arange(DIM), np.abs(found).argmax(axis=1)] > 0).all()
    np.testing.assert_array_equal(latent_directions(gan, 2), found[:2])


def test_an_untouched_panel_shows_the_seed():
    gan, _ = image_gan()
    for seed in (0, 3):
        panel = explore(gan, seed=seed)
        np.testing.assert_array_equal(shown(panel), pixels_of(gan, draw(gan, seed)))


@pytest.mark.parametrize("shape", [(6, 6, 1), (6, 4, 3)])
def test_a_slider_moves_along_its_direction(shape):
    gan, _ = image_gan(shape)
    panel = explore(gan, sliders=3)
    directions, latent = latent_directions(gan, 3), draw(gan, 0)
    starts = [slider.value for slider in panel.children[1:4]]
    np.testing.assert_allclose(starts, directions @ latent[0], rtol=1e-5)
    panel.children[2].value = starts[1] - 0.7
    moved = latent - 0.7 * directions[1]
    np.testing.assert_array_equal(shown(panel), pixels_of(gan, moved))
    panel.children[1].value = starts[0] + 0.2
    np.testing.assert_array_equal(shown(panel), pixels_of(gan, moved + 0.2 * directions[0]))


def test_sliders_span_the_prior():
    gan, _ = image_gan()
    panel = explore(gan)
    reach = np.abs(draw(gan, 0, 1000) @ latent_directions(gan, DIM).T).max(axis=0)
    assert [slider.max for slider in panel.children[1:-1]] == pytest.approx(reach, rel=1e-5)
    assert [slider.min for slider in panel.children[1:-1]] == pytest.approx(-reach, rel=1e-5)


def test_classes_have_a_slider():
    gan, _ = image_gan(num_classes=4)
    panel = explore(gan, sliders=2)
    classes = panel.children[3]
    assert (classes.min, classes.max, classes.description) == (0, 3, "class")
    for label in (2, 0):
        classes.value = label
        np.testing.assert_array_equal(shown(panel), pixels_of(gan, draw(gan, 0), [label]))


def test_the_numbers_of_a_label_have_sliders():
    gan, _ = image_gan(label_size=2)
    panel = explore(gan, sliders=3)
    labels = panel.children[4:6]
    assert [slider.description for slider in labels] == ["label 1", "label 2"]
    assert [(slider.min, slider.max, slider.value) for slider in labels] == [(-1, 1, 0)] * 2
    np.testing.assert_array_equal(shown(panel), pixels_of(gan, draw(gan, 0), [[0.0, 0.0]]))
    labels[1].value = 0.6
    np.testing.assert_array_equal(shown(panel), pixels_of(gan, draw(gan, 0), [[0.0, 0.6]]))


def test_the_button_draws_the_next_seed_with_one_image(monkeypatch):
    gan, _ = image_gan()
    panel = explore(gan)
    calls, generate = [], gan.generate
    monkeypatch.setattr(gan, "generate", lambda **given: calls.append(given) or generate(**given))
    button = panel.children[-1]
    assert button.description == "Seed 0: another"
    button.click()
    assert button.description == "Seed 1: another" and len(calls) == 1
    np.testing.assert_array_equal(shown(panel), pixels_of(gan, draw(gan, 1)))
    panel.children[1].value = 0.123
    assert len(calls) == 3  # the second by the line before


def test_the_panel_follows_training_and_leaves_the_random_state():
    gan, dense = image_gan()
    panel = explore(gan)
    state = keras.ops.convert_to_numpy(gan.seed_generator.state.value)
    dense.kernel.assign(dense.kernel * 0.5)
    panel.children[-1].click()
    np.testing.assert_array_equal(shown(panel), pixels_of(gan, draw(gan, 1)))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(gan.seed_generator.state.value), state)


def test_six_sliders_or_as_many_as_there_are():
    gan, _ = image_gan()
    assert len(explore(gan).children) == 1 + DIM + 1
    assert len(explore(gan, sliders=1).children) == 3


def test_bad_input_is_refused(make_gan):
    gan, _ = image_gan()
    with pytest.raises(ValueError, match="at most 5. Received: sliders=6"):
        explore(gan, sliders=6)
    with pytest.raises(ValueError, match="sliders=0"):
        explore(gan, sliders=0)
    with pytest.raises(ValueError, match="at most 5. Received: k=6"):
        latent_directions(gan, 6)
    with pytest.raises(ValueError, match=r"pictures .* a GAN that makes examples of shape \(2,\)"):
        explore(make_gan(compiled=False))
    for function in (explore, latent_directions):
        for seed in (-1, "x", 2**32):
            with pytest.raises(ValueError, match=f"`seed` must be .* Received: seed={seed!r}"):
                function(gan, 1, seed)
        with pytest.raises(TypeError, match="must be a gankit.GAN.* Received: 'dcgan'") as raised:
            function("dcgan", 1)
        assert "gankit.callbacks.SampleGrid(inputs=...)" in str(raised.value)


def test_without_ipywidgets_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(ImportError, match=r'pip install "gankit\[lab\]"'):
        explore(image_gan()[0])


def test_it_is_part_of_gankit():
    assert gankit.explore.explore is explore
