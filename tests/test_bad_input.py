"""What a game refuses: in one sentence that repeats the value, before anything moves."""

import keras
import numpy as np
import pytest

import gankit
from conftest import small_gan, small_networks
from gankit import callbacks, datasets, metrics, penalties, plots
from gankit.commands.srgan import y_psnr
from gankit.datasets import facades
from gankit.layers.conditional_batch_normalization import ConditionalBatchNormalization
from gankit.layers.virtual_batch_normalization import ReferenceBatch
from gankit.models import toy_games
from gankit.models.root_adam import RootAdam
from gankit.models.semi_supervised import draw_labeled

layers = keras.layers


def dense(inputs, outputs, **options):
    return keras.Sequential([keras.Input((inputs,)), layers.Dense(outputs, **options)])


def make(generator=None, discriminator=None, **options):
    options = {"latent_dim": 4, "data_range": None} | options
    return gankit.GAN(generator or dense(4, 2), discriminator or dense(2, 1), **options)


def two_outputs():
    latents = keras.Input((4,))
    return keras.Model(latents, [layers.Dense(2)(latents), layers.Dense(2)(latents)])


MADE = {
    "data_range=5": lambda: make(data_range=5),
    "data_range=(0,)": lambda: make(data_range=(0,)),
    "data_range of text": lambda: make(data_range="ab"),
    "data_range of three": lambda: make(data_range=(0, 1, 2)),
    "data_range upside down": lambda: make(data_range=(1, -1)),
    "data_range without a width": lambda: make(data_range=(1, 1)),
    "generator=None": lambda: gankit.GAN(None, dense(2, 1), 4),
    "discriminator of text": lambda: make(discriminator="x"),
    "one network for both": lambda: gankit.GAN(*2 * [dense(4, 4)], 4),
    "two outputs": lambda: make(two_outputs()),
    "a sigmoid": lambda: make(discriminator=dense(2, 1, activation="sigmoid")),
    "seed of 2**63": lambda: make(seed=2**63),
    "seed below 0": lambda: make(seed=-1),
    "seed of text": lambda: make(seed="x"),
}
COMPILED = {
    "a penalty alone": {"penalties": penalties.R1(0.1)},
    "penalties=None": {"penalties": None},
    "a loss's class": {"loss": gankit.losses.Hinge},
    "steps_per_execution=0": {"steps_per_execution": 0},
    "steps_per_execution of text": {"steps_per_execution": "2"},
    "run_eagerly of text": {"run_eagerly": "no"},
    "jit_compile of text": {"jit_compile": "no"},
    "an optimizer of nobody's": {"generator_optimizer": "x"},
    "an optimizer's config of another class": {"discriminator_optimizer": {}},
    "a rate of NaN": {"generator_optimizer": keras.optimizers.Adam(float("nan"))},
    "a rate below 0": {"discriminator_optimizer": keras.optimizers.SGD(-1.0)},
}
POINTS = np.random.default_rng(0).normal(size=(48, 2)).astype("float32")
FITTED = {
    "epochs=-1": {"epochs": -1},
    "epochs=0": {"epochs": 0},
    "epochs of text": {"epochs": "2"},
    "nothing left": {"epochs": 3, "initial_epoch": 5},
    "initial_epoch=-1": {"initial_epoch": -1},
    "callbacks of text": {"callbacks": "x"},
    "a callback's class": {"callbacks": [keras.callbacks.History]},
    "objects": {"x": POINTS.astype(object)},
    "text": {"x": POINTS.astype(str)},
    "a number": {"x": np.float32(3)},
    "a masked array": {"x": np.ma.masked_greater(POINTS, 1)},
    "lists": {"x": iter([[[1.0, 2.0]]])},
    "batch_size of text": {"batch_size": "8"},
    "batch_size=True": {"batch_size": True},
    "epochs=True": {"epochs": True},
    "shuffle of text": {"shuffle": "no"},
    "verbose of text": {"verbose": "no"},
    "steps_per_epoch=0": {"steps_per_epoch": 0},
    "steps_per_epoch of text": {"steps_per_epoch": "2"},
}
GENERATED = {
    "latents of NaN": {"latents": np.full((2, 4), np.nan)},
    "latents of text": {"latents": "abc"},
    "ragged latents": {"latents": [[1.0], [1.0, 2.0]]},
    "too many": {"n": 10**12},
    "seed of 2**70": {"n": 2, "seed": 2**70},
    "training of text": {"n": 2, "training": "yes"},
    "averaged of text": {"n": 2, "averaged": "yes"},
}


@pytest.mark.parametrize("what", MADE)
def test_impossible_games_are_not_made(what):
    with pytest.raises((TypeError, ValueError), match="Received|Did you"):
        MADE[what]()


@pytest.mark.parametrize("what", COMPILED)
def test_impossible_settings_are_refused(make_gan, what):
    with pytest.raises((TypeError, ValueError), match="Received"):
        make_gan(**COMPILED[what])


@pytest.mark.parametrize("what", FITTED)
def test_impossible_trainings_are_refused(make_gan, state_of, what):
    gan = make_gan()
    before = state_of(gan)
    with pytest.raises((TypeError, ValueError), match="Received"):
        gan.fit(**{"x": POINTS, "verbose": 0} | FITTED[what])
    for a, b in zip(before, state_of(gan), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("what", GENERATED)
def test_impossible_samples_are_refused(make_gan, what):
    with pytest.raises((TypeError, ValueError), match="Received"):
        make_gan().generate(**GENERATED[what])


def test_images_that_use_half_of_the_range_are_refused():
    flat = [layers.Flatten(), layers.Dense(1)]
    gan = gankit.GAN(
        keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Reshape((2, 2, 1))]),
        keras.Sequential([keras.Input((2, 2, 1)), *flat]),
        latent_dim=4,
    )
    gan.compile()
    images = np.random.default_rng(0).uniform(0, 1, (32, 2, 2, 1)).astype("float32")
    with pytest.raises(ValueError, match=r"none is below 0\. Received values in .* 2 \* x - 1"):
        gan.fit(images, verbose=0)
    with pytest.raises(ValueError, match=r"none is below 0\. Received values in \[0, "):
        gan.fit(images - images.min(), verbose=0)
    with pytest.raises(ValueError, match=r"must lie in \[-1, 1\]"):
        gan.fit(1 - 2.1 * images, verbose=0)
    gan.fit(2 * np.round(images) - 1, verbose=0)


PENALTIES = {
    "a value for each example": lambda critic, real, fake: critic(real),
    "nothing": lambda critic, real, fake: None,
    "a nest": lambda critic, real, fake: [keras.ops.mean(critic(real))],
}


@pytest.mark.parametrize("what", PENALTIES)
def test_penalties_that_are_no_scalars_are_refused(make_gan, what):
    gan = make_gan(penalties=[PENALTIES[what]])
    with pytest.raises((TypeError, ValueError), match="(?s)penalty.*Received"):
        gan.fit(POINTS, batch_size=16, verbose=0)


RAGGED = [[0.5], [0.5, 0.5]]
DENSE = layers.Dense(2)
CALLED = {
    "draw_labeled": lambda: draw_labeled(RAGGED, [0, 1], 1),
    "labels of draw_labeled": lambda: draw_labeled(POINTS, RAGGED, 1),
    "start of play": lambda: toy_games.play("simultaneous", RAGGED),
    "stack_digits": lambda: datasets.stack_digits(RAGGED, [0, 1], 2),
    "labels of stack_digits": lambda: datasets.stack_digits(np.zeros((2, 4, 4, 1)), RAGGED, 2),
    "label maps": lambda: facades.draw(RAGGED),
    "pictures of facades": lambda: facades.recover_labels(RAGGED),
    "tile": lambda: plots.tile(RAGGED),
    "a frame": lambda: plots.save_png(RAGGED, "frame.png"),
    "labels of logits": lambda: gankit.losses.class_cross_entropy(POINTS, RAGGED),
    "weights of layers": lambda: gankit.losses.PerceptualLoss(
        dense(2, 1), [dense(2, 1).layers[0].name], RAGGED
    ),
    "output of y_psnr": lambda: y_psnr(RAGGED, RAGGED),
    "lists in y_psnr": lambda: y_psnr([[0.5, 0.5]], None),
    "a loss of nothing": lambda: gankit.losses.l1(None, POINTS),
    "features of text": lambda: metrics.FeatureStatistics("inception"),
    "beta_1=1": lambda: RootAdam(beta_1=1),
    "beta_2 of text": lambda: RootAdam(beta_2="x"),
    "a reference for no layer": lambda: ReferenceBatch(None, POINTS),
    "no reference": lambda: ReferenceBatch(DENSE, None),
    "an empty reference": lambda: ReferenceBatch(DENSE, POINTS[:0]),
    "momentum of a class": lambda: ConditionalBatchNormalization(3, momentum=float),
    "save_freq of arrays": lambda: callbacks.BackupAndRestore("backup", save_freq=POINTS),
    "overwrite of text": lambda: small_gan().save("gan.keras", overwrite="no"),
}


@pytest.mark.parametrize("what", CALLED)
def test_what_no_function_takes_is_refused(what):
    with pytest.raises((TypeError, ValueError), match="Received"):
        CALLED[what]()


def test_what_they_are_held_against_is_accepted(make_gan):
    make(data_range=(0, 1), seed=2**31 - 1)
    small_networks()
    gan = small_gan(penalties=[penalties.R1(0.1)], steps_per_execution=1, run_eagerly=True)
    gan.fit(POINTS, batch_size=16, verbose=0, callbacks=[keras.callbacks.History()])
    assert gan.generate(2, seed=2**31 - 1, training=True).shape == (2, 2)
