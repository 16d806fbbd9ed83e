"""Networks of the semi-supervised GAN: a classifier that is a discriminator, and a generator.

Source: Salimans et al., "Improved Techniques for Training GANs" (2016), section 5, and the authors'
code for MNIST.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers

from gankit import checks, losses
from gankit.layers.weight_normalization import WeightNormalization
from gankit.models._building import check_sizes, seeds
from gankit.models.feature_matching import layer_reader

ONE_EACH = "one for each hidden layer"


@keras.saving.register_keras_serializable("gankit")
class LogitOfReal(layers.Layer):
    """The logit of "real" from class logits, as a layer: see `gankit.losses.logit_of_real`.

    Input shape:
        `(batch, classes)`.

    Output shape:
        `(batch, 1)`.

    Example:

    >>> import numpy as np
    >>> from gankit.models.semi_supervised_networks import LogitOfReal
    >>> round(float(LogitOfReal()(np.zeros((1, 2), "float32"))[0, 0]), 4)
    0.6931

    Source: Salimans et al. (2016), section 5.
    """

    def call(self, inputs):
        return losses.logit_of_real(inputs)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)


def build_discriminator(
    example_shape: Sequence[int],
    classes: int = 10,
    widths: Sequence[int] = (1000, 500, 250, 250, 250),
    input_noise: float = 0.3,
    noise: float = 0.5,
    seed: int | None = None,
) -> keras.Model:
    r"""Build a classifier that serves as discriminator: examples in [-1, 1] to the logit of "real".

    It has weight-normalized ReLU layers, Gaussian noise on the inputs of every layer, and K class
    logits in the layer `class_logits`. The model's output is their log-sum-exp. The layer
    `features` is the last hidden one. Only `class_logits` trains the lengths $g$ of its weights.

    Args:
        example_shape: shape of one example. Examples are flattened and scaled to [0, 1].
        classes: K, at least 2.
        widths: units of the hidden layers.
        input_noise: standard deviation of the noise on the examples, on the scale of [0, 1].
        noise: standard deviation of the noise on every later layer's input.
        seed: seed of the initial weights and the noise. None: Keras' own random state.

    Returns:
        A Keras model named `discriminator`, with logits `(batch, 1)`. Before training,
        `gankit.layers.weight_normalization.initialize` has to fit it to a batch of examples.
        `SemiSupervisedGAN.fit` does this.

    Raises:
        TypeError: if a noise is not a number.
        ValueError: for a size below its minimum, no hidden layer, or a negative noise.

    Example:

    >>> from gankit.models import semi_supervised_networks as networks
    >>> discriminator = networks.build_discriminator((28, 28, 1))
    >>> discriminator.get_layer("class_logits").output.shape, discriminator.count_params()
    ((None, 10), 1541020)

    Source: Salimans et al. (2016), section 5, and the authors' code for MNIST.
    """
    example_shape = check_sizes("example_shape", example_shape)
    widths = check_sizes("widths", widths, ONE_EACH)
    checks.check_count("classes", classes, minimum=2)
    checks.check_number("input_noise", input_noise, 0)
    checks.check_number("noise", noise, 0)
    draw = seeds(seed)

    def dense(units, name, **options):
        kernel = keras.initializers.RandomNormal(0.0, 0.1, seed=draw())
        layer = layers.Dense(units, kernel_initializer=kernel, **options)
        return WeightNormalization(layer, train_scale=name == "class_logits", name=name)

    examples = keras.Input(example_shape, name="examples")
    x = layers.Flatten(name="flat")(examples)
    x = layers.Rescaling(0.5, 0.5, name="zero_to_one")(x)
    x = layers.GaussianNoise(input_noise, seed=draw(), name="noise_0")(x)
    for number, units in enumerate(widths, start=1):
        name = "features" if number == len(widths) else f"hidden_{number}"
        x = dense(units, name, activation="relu")(x)
        x = layers.GaussianNoise(noise, seed=draw(), name=f"noise_{number}")(x)
    x = dense(classes, "class_logits", dtype="float32")(x)
    return keras.Model(examples, LogitOfReal(name="logit")(x), name="discriminator")


def build_generator(
    example_shape: Sequence[int],
    latent_dim: int = 100,
    widths: Sequence[int] = (500, 500),
    seed: int | None = None,
) -> keras.Model:
    r"""Build the generator: latents to examples in [-1, 1].

    Batch-normalized softplus layers without scale, then a weight-normalized layer and a sigmoid
    (stretched from [0, 1]).

    Args:
        example_shape: shape of one example.
        latent_dim: size of the latent vectors.
        widths: units of the hidden layers.
        seed: seed of the initial weights. None: Keras' own random state.

    Returns:
        A Keras model named `generator`.

    Raises:
        ValueError: for a size below 1, or no hidden layer.

    Example:

    >>> from gankit.models import semi_supervised_networks as networks
    >>> networks.build_generator((28, 28, 1)).output_shape
    (None, 28, 28, 1)

    Source: the code of Salimans et al. (2016) for MNIST.
    """
    example_shape = check_sizes("example_shape", example_shape)
    widths = check_sizes("widths", widths, ONE_EACH)
    draw = seeds(seed)

    def dense(units, **options):
        kernel = keras.initializers.GlorotUniform(seed=draw())
        return layers.Dense(units, kernel_initializer=kernel, **options)

    latents = x = keras.Input((checks.check_count("latent_dim", latent_dim),), name="latents")
    for number, units in enumerate(widths, start=1):
        x = dense(units, use_bias=False, name=f"hidden_{number}")(x)
        x = layers.BatchNormalization(
            scale=False, momentum=0.9, epsilon=1e-5, name=f"hidden_{number}_norm"
        )(x)
        x = layers.Activation("softplus", name=f"hidden_{number}_softplus")(x)
    last = dense(math.prod(example_shape), dtype="float32", activation="sigmoid")
    x = WeightNormalization(last, name="values")(x)
    x = layers.Rescaling(2.0, -1.0, dtype="float32", name="minus_one_to_one")(x)
    examples = layers.Reshape(example_shape, dtype="float32", name="examples")(x)
    return keras.Model(latents, examples, name="generator")


def classifier(discriminator: keras.Model) -> keras.Model:
    """Return the classifier of K classes inside a semi-supervised discriminator.

    Args:
        discriminator: a model with a layer `class_logits`.

    Returns:
        A Keras model from examples to class logits, which shares the discriminator's weights.
        Trained with `keras.losses.SparseCategoricalCrossentropy(from_logits=True)`, it is the
        baseline that learns only from labels.

    Raises:
        TypeError: if there is no such model.
        ValueError: if there is no such layer.

    Example:

    >>> from gankit.models import semi_supervised_networks as networks
    >>> networks.classifier(networks.build_discriminator((8, 8, 1), classes=3)).output_shape
    (None, 3)
    """
    layer_reader(discriminator, "class_logits")
    return keras.Model(discriminator.input, discriminator.get_layer("class_logits").output)
