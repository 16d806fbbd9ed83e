"""The networks of `gankit.models.lapgan`: a generator and a discriminator for one level.

Source: Denton et al. (2015), section 4; the released code, facebook/eyescream, from whose sizes the
defaults are taken. Departures: LeakyReLU in the discriminators, He's initial weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers, ops

from gankit import checks
from gankit.models import _building


def build_coarse_generator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    latent_dim: int = 100,
    units: int = 1200,
    seed: int | None = None,
) -> keras.Model:
    """Build the generator of the coarsest images: latents, and labels, to images.

    Two ReLU layers, and a linear unit for each pixel. A label is a one-hot vector beside the
    latents.

    Args:
        image_shape: `(side, side, channels)`.
        num_classes: number of classes. None: no labels.
        latent_dim: size of the latent vectors.
        units: of each hidden layer.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `generator_SIDE`.
    """
    checks.check_count("units", units)
    dense = _dense(_building.seeds(seed))
    latents = keras.Input((checks.check_count("latent_dim", latent_dim),), name="latents")
    labels, x = label_inputs(num_classes), latents
    if labels:
        x = layers.Concatenate(name="latents_label")([x, ops.one_hot(labels[0], num_classes)])
    for number in (1, 2):
        x = dense(units, "relu", name=f"hidden_{number}")(x)
    x = dense(math.prod(image_shape), name="pixels", dtype="float32")(x)
    images = layers.Reshape(tuple(image_shape), name="image", dtype="float32")(x)
    return keras.Model([latents, *labels], images, name=f"generator_{image_shape[0]}")


def build_coarse_discriminator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    units: int = 600,
    seed: int | None = None,
) -> keras.Model:
    """Build the discriminator of the coarsest images: images, and labels, to logits.

    Two LeakyReLU layers with dropout after each.

    Args:
        image_shape: `(side, side, channels)`.
        num_classes: number of classes. None: no labels.
        units: of each hidden layer.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `discriminator_SIDE`.
    """
    checks.check_count("units", units)
    dense = _dense(_building.seeds(seed))
    images, labels = keras.Input(tuple(image_shape), name="images"), label_inputs(num_classes)
    x = layers.Flatten(name="flat")(images)
    if labels:
        x = layers.Concatenate(name="pixels_label")([x, ops.one_hot(labels[0], num_classes)])
    for number in (1, 2):
        x = dense(units, name=f"hidden_{number}")(x)
        x = layers.LeakyReLU(0.2, name=f"hidden_{number}_relu")(x)
        x = layers.Dropout(0.5, name=f"drop_{number}")(x)
    logits = dense(1, name="logit", dtype="float32")(x)
    return keras.Model([images, *labels], logits, name=f"discriminator_{image_shape[0]}")


def build_detail_generator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    width: int = 64,
    seed: int | None = None,
) -> keras.Model:
    """Build the generator of details: noise, coarse images, and labels, to details.

    The noise is one map beside those of the coarse image. Two convolutions of side 7 with ReLU
    follow, and a linear one of side 5. A label becomes one map more, by a dense layer.

    Args:
        image_shape: `(side, side, channels)` of the details.
        num_classes: number of classes. None: no labels.
        width: maps of the hidden layers.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `generator_SIDE`.
    """
    side, _, channels = image_shape
    checks.check_count("width", width)
    draw = _building.seeds(seed)
    noise, coarse = keras.Input((side, side, 1), name="noise"), keras.Input(image_shape)
    labels = label_inputs(num_classes)
    x = layers.Concatenate(name="maps")(
        [noise, coarse, *_label_map(labels, num_classes, side, draw)]
    )
    for number in (1, 2):
        x = _convolution(draw, width, 7, activation="relu", name=f"hidden_{number}")(x)
    details = _convolution(draw, channels, 5, name="detail", dtype="float32")(x)
    return keras.Model([noise, coarse, *labels], details, name=f"generator_{side}")


def build_detail_discriminator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    width: int = 64,
    seed: int | None = None,
) -> keras.Model:
    """Build the discriminator of images with detail: images, and labels, to logits.

    It sees the sum of coarse image and detail. Two convolutions of side 5, the second of stride 2,
    with LeakyReLU, dropout, and one linear unit. A label becomes one map more, by a dense layer.

    Args:
        image_shape: `(side, side, channels)`.
        num_classes: number of classes. None: no labels.
        width: maps of the hidden layers.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `discriminator_SIDE`.
    """
    checks.check_count("width", width)
    draw = _building.seeds(seed)
    images, labels = keras.Input(tuple(image_shape), name="images"), label_inputs(num_classes)
    maps = _label_map(labels, num_classes, image_shape[0], draw)
    x = layers.Concatenate(name="maps")([images, *maps]) if maps else images
    for number in (1, 2):
        x = _convolution(draw, width, 5, strides=number, name=f"hidden_{number}")(x)
        x = layers.LeakyReLU(0.2, name=f"hidden_{number}_relu")(x)
    x = layers.Dropout(0.5, name="drop")(layers.Flatten(name="flat")(x))
    logits = _dense(draw)(1, name="logit", dtype="float32")(x)
    return keras.Model([images, *labels], logits, name=f"discriminator_{image_shape[0]}")


def label_inputs(num_classes: int | None) -> list:
    """Return the Keras inputs for labels: one, or none.

    Args:
        num_classes: number of classes. None: no labels.
    """
    return [] if num_classes is None else [keras.Input((), dtype="int32", name="labels")]


def _label_map(labels, num_classes, side, draw):
    if not labels:
        return []
    vector = ops.one_hot(labels[0], num_classes)
    dense = _dense(draw)(side * side, "relu", name="label_map")
    return [layers.Reshape((side, side, 1), name="label_as_map")(dense(vector))]


def _dense(draw):
    def dense(units, *arguments, **options):
        weights = keras.initializers.HeUniform(draw())
        return layers.Dense(units, *arguments, kernel_initializer=weights, **options)

    return dense


def _convolution(draw, maps, kernel_size, **options):
    weights = keras.initializers.HeUniform(draw())
    return layers.Conv2D(maps, kernel_size, kernel_initializer=weights, **_building.MAPS | options)
