"""Learning from few labels: a discriminator that names K classes and knows a K+1st, "generated".

`SemiSupervisedGAN` is the game, `mlp` builds it with the paper's networks for MNIST, and
`draw_labeled` draws a few labels of each class.

Source: Salimans et al., "Improved Techniques for Training GANs" (2016), section 5, and the authors'
code for MNIST.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from gankit import backend, checks, feed, losses
from gankit.averaging import Averaging
from gankit.layers.weight_normalization import WeightNormalization, initialize
from gankit.models._building import UniformLatents, check_arrays, seed_pair
from gankit.models.feature_matching import FeatureMatchingGAN, layer_reader
from gankit.models.root_adam import RootAdam
from gankit.models.semi_supervised_networks import build_discriminator, build_generator, classifier
from gankit.sampling import in_batches

# Options of `GAN.compile` that `SemiSupervisedGAN.compile` sets itself.
_FIXED = ("loss", "discriminator_steps", "penalties", "averaging", "averages")


@keras.saving.register_keras_serializable("gankit")
class SemiSupervisedGAN(UniformLatents, FeatureMatchingGAN):
    r"""A classifier that learns from a few labels, many unlabeled examples, and a generator.

    The discriminator has K class logits $l$ and a K+1st, that of "generated", which is fixed at 0:
    $D(x) = \sigma(\mathrm{lse}(l(x)))$. Its loss has two parts,

    $$L = \underbrace{E\,[\mathrm{lse}(l) - l_y]}_{\text{supervised}}
      + \underbrace{\tfrac12 E\,\mathrm{sp}(-\mathrm{lse}(l(x)))
      + \tfrac12 E\,\mathrm{sp}(\mathrm{lse}(l(G(z))))}_{\text{unsupervised}}$$

    and the generator matches the mean of the layer `features`. `classify` uses the average of the
    discriminator's weights over time. Latents are uniform on [0, 1].

    Train it with `fit(examples, (labeled, labels))`, where the labeled examples may be among the
    others. They are fewer: once all have been used, they are used again, in a new order. A
    pipeline yields batches `(examples, labeled, labels, others)`, where `others` are the real
    examples that the generator matches. (A `PyDataset` may yield at most three parts, so it nests
    them: `(examples, (labeled, labels, others))`.) `mlp` builds one with the paper's networks.

    Args:
        generator: Keras model from latents to examples.
        discriminator: Keras model from examples to the logit of "real", with layers `class_logits`
            and `features`, such as `build_discriminator` makes. No example may change the logit of
            another (no batch normalization), since all three kinds pass through it in one batch.
        latent_dim: size of the latent vectors.
        half_life: of the averaged weights, in examples: see `gankit.averaging.Averaging`. The
            default is the authors' $10^{-4}$ per batch of 100. A tenth suits short runs.
        **kwargs: as in `gankit.GAN`; it takes no `num_classes`.

    Attributes:
        classes: K.

    Raises:
        TypeError: if `half_life` is not a number, and as `gankit.GAN`.
        ValueError: if the discriminator lacks a layer, `half_life` is not above 0, and as
            `gankit.GAN`.

    Example:

    >>> import numpy as np
    >>> from gankit.models import semi_supervised
    >>> gan = semi_supervised.mlp((8, 8, 1), classes=3, widths=(16, 16), latent_dim=4, seed=0)
    >>> gan.compile()
    >>> rng = np.random.default_rng(0)
    >>> images = rng.uniform(-1, 1, (64, 8, 8, 1)).astype("float32")
    >>> few = images[:6], np.array([0, 1, 2, 0, 1, 2])
    >>> history = gan.fit(images, few, batch_size=32, epochs=1, verbose=0)
    >>> gan.classify(images[:5]).shape
    (5, 3)

    Source: Salimans et al. (2016), section 5, and the authors' code, where the generator and the
    discriminator also see different real examples. Departure: the average is corrected for its
    start at zero, which matters in runs shorter than the paper's 180,000 steps.
    """

    latent_range = 0.0, 1.0

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        half_life: float = 693_147,
        **kwargs: Any,
    ):
        checks.check_number("half_life", half_life, above=0)
        super().__init__(generator, discriminator, latent_dim, **kwargs)
        self._class_logits = layer_reader(discriminator, "class_logits")
        self.classes = discriminator.get_layer("class_logits").output.shape[-1]
        self.half_life = half_life

    def default_optimizers(self) -> dict:
        """Return `RootAdam` with the authors' learning rate of 0.003 and β₁ = 0.5 for both."""
        return {name: RootAdam(name=f"{name}_adam") for name in self.players()}

    def compile(
        self, generator_optimizer: Any = None, discriminator_optimizer: Any = None, **options: Any
    ) -> None:
        """Choose the optimizers. The losses are fixed.

        Args:
            generator_optimizer: as in `gankit.GAN.compile`.
            discriminator_optimizer: the same.
            **options: as in `gankit.Game.compile`.
        """
        for name in _FIXED:
            if name in options:
                raise TypeError(
                    f"A SemiSupervisedGAN has no such option. Received: {name}={options[name]!r}."
                )
        options["averages"] = {"discriminator": Averaging(self.half_life, ramp_up=None)}
        super().compile("non_saturating", generator_optimizer, discriminator_optimizer, **options)

    def get_compile_config(self) -> dict | None:
        """Return the arguments of `compile`, ready to be written to a file."""
        config = super().get_compile_config()
        return config and {name: v for name, v in config.items() if name not in _FIXED}

    def batch_spec(self) -> list[tuple]:
        """Declare examples, labeled examples, and the examples that the generator matches."""
        kinds = [
            feed.Examples(self.example_shape, self.data_range, name)
            for name in ("examples", "labeled examples", "other examples")
        ]
        return [(kinds[0],), (kinds[1], feed.ClassNumbers(self.classes)), (kinds[2],)]

    def sets(self, x: Any, y: Any) -> list[tuple]:
        """Return all examples, the labeled ones, and all examples again for another order.

        Args:
            x: all examples.
            y: `(labeled, labels)`.
        """
        if not isinstance(y, (tuple, list)) or len(y) != 2:
            raise ValueError(self.wrong_parts(len(keras.tree.flatten((x, y)))))
        return [(x,), tuple(y), (x,)]

    def wrong_parts(self, received: int) -> str:
        """Return the error for data with another number of parts.

        Args:
            received: how many there are.
        """
        return (
            f"SemiSupervisedGAN needs examples, and some with labels. Received: data of {received} "
            f"parts. Pass fit(examples, (labeled, labels)), or a pipeline of batches (examples, "
            f"labeled, labels, others)."
        )

    def step(self, real: Any, labeled: Any, labels: Any, others: Any) -> None:
        """Update the discriminator on three kinds of examples, then the generator on others.

        Args:
            real: examples.
            labeled: examples with labels.
            labels: their class numbers.
            others: the real examples that the generator matches.
        """
        self.update("discriminator", self.discriminator_loss, real, labeled, labels)
        self.update("generator", self.generator_loss, others)

    def discriminator_loss(self, real: Any, labeled: Any, labels: Any) -> tuple[Any, dict]:
        """Return the loss of naming classes and of telling real from generated examples.

        Args:
            real: examples, shape `(batch, *example_shape)`; as many are generated.
            labeled: examples with labels.
            labels: their class numbers.
        """
        kinds = [labeled, real, self.fake(real)]
        together = ops.concatenate([ops.cast(part, "float32") for part in kinds], axis=0)
        ends = ops.shape(labeled)[0], ops.shape(labeled)[0] + ops.shape(real)[0]
        of_labeled, of_real, of_fake = _split(self._class_logits(together, training=True), *ends)
        supervised = losses.class_cross_entropy(of_labeled, labels)
        unsupervised = losses.k_plus_one_unsupervised(of_real, of_fake)
        right = ops.equal(ops.argmax(of_labeled, axis=-1), ops.cast(labels, "int32"))
        return supervised + unsupervised, {
            "discriminator_loss": supervised + unsupervised,
            "supervised_loss": supervised,
            "unsupervised_loss": unsupervised,
            "labeled_accuracy": ops.mean(ops.cast(right, "float32")),
            "real_logit": ops.mean(losses.logit_of_real(of_real)),
            "fake_logit": ops.mean(losses.logit_of_real(of_fake)),
        }

    def _features_of(self, real, fake):
        features = self._see(ops.concatenate([real, fake], axis=0), training=True)
        return _split(features, ops.shape(real)[0])

    def check_data(self, tensors: Sequence, whole: bool) -> None:
        """Check the data, and fit the lengths of the weights to them before the first step.

        Args:
            tensors: as in `Game.check_data`.
            whole: whether these are the whole sets.
        """
        # A few labels may leave a class out, so not every class is asked for.
        super().check_data(tensors, whole=False)
        if self.training_data is not None:
            return  # a later batch
        parts = self.discriminator._flatten_layers()
        normalized = any(isinstance(part, WeightNormalization) for part in parts)
        if normalized and int(self.discriminator_optimizer.iterations) == 0:
            initialize(self.discriminator, ops.convert_to_tensor(tensors[0][:500]))

    def classify(self, examples: Any, averaged: bool = True, batch_size: int = 1000) -> np.ndarray:
        """Compute the probabilities of the K classes, given that an example is real.

        Args:
            examples: array of shape `(n, *example_shape)`.
            averaged: whether to use the averaged weights. They exist from `compile` on.
            batch_size: how many to compute at once.

        Returns:
            Array of float32, shape `(n, classes)`.

        Raises:
            TypeError, ValueError: if `examples` are not such as `fit` takes.

        Example: `labels = gan.classify(images).argmax(axis=1)`
        """
        examples = check_arrays("examples", examples, self.example_shape, self.data_range)
        checks.check_flag("averaged", averaged)
        average = self.averages.get("discriminator") if averaged else None
        network = classifier(average.networks[0] if average else self.discriminator)
        backend.sync(self)
        logits = in_batches(network, [examples], batch_size)
        return ops.convert_to_numpy(ops.softmax(logits))


def _split(rows, *ends):
    """Split rows at each end."""
    return [rows[start:end] for start, end in zip((0, *ends), (*ends, None), strict=True)]


def mlp(
    example_shape: Sequence[int],
    classes: int = 10,
    widths: Sequence[int] = (1000, 500, 250, 250, 250),
    generator_widths: Sequence[int] = (500, 500),
    latent_dim: int = 100,
    seed: int | None = None,
    **kwargs: Any,
) -> SemiSupervisedGAN:
    """Build the paper's semi-supervised GAN for MNIST, or a smaller one.

    Args:
        example_shape: shape of one example, with values in [-1, 1].
        classes: number of classes.
        widths: units of the discriminator's hidden layers.
        generator_widths: units of the generator's hidden layers.
        latent_dim: size of the latent vectors.
        seed: what the initial weights, the noise and the order of the data depend on.
        **kwargs: as in `SemiSupervisedGAN`, such as `half_life`.

    Returns:
        A `SemiSupervisedGAN`, ready to compile.

    Raises:
        ValueError: for a size below its minimum.

    Example: see `SemiSupervisedGAN`.
    """
    of_generator, of_discriminator = seed_pair(seed)
    return SemiSupervisedGAN(
        build_generator(example_shape, latent_dim, generator_widths, seed=of_generator),
        build_discriminator(example_shape, classes, widths, seed=of_discriminator),
        latent_dim,
        seed=seed,
        **kwargs,
    )


def draw_labeled(
    examples: ArrayLike, labels: ArrayLike, per_class: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the same number of labeled examples from each class.

    Args:
        examples: array of shape `(n, ...)`.
        labels: class numbers, integers of shape `(n,)`.
        per_class: how many of each class.
        seed: what the choice depends on.

    Returns:
        `(examples, labels)` of the chosen ones, class after class.

    Raises:
        ValueError: if a class has fewer, the lengths differ, there are no labels, or `seed` is not
            a seed.

    Example:

    >>> import numpy as np
    >>> from gankit.models.semi_supervised import draw_labeled
    >>> images, labels = draw_labeled(np.arange(20.0), np.arange(20) % 2, per_class=3)
    >>> labels.tolist()
    [0, 0, 0, 1, 1, 1]
    """
    examples = checks.as_array(examples, "examples")
    labels = checks.as_array(labels, "labels")
    checks.check_count("per_class", per_class)
    checks.check_seed("seed", seed)
    if not labels.size or labels.ndim != 1 or labels.shape != examples.shape[:1]:
        raise ValueError(
            f"`labels` must hold one class number for each example. Received: shape "
            f"{labels.shape} for examples of shape {examples.shape}."
        )
    classes, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < per_class:
        raise ValueError(
            f"Class {classes[sizes.argmin()]} has {sizes.min()} examples. "
            f"Received: per_class={per_class}. Ask for at most {sizes.min()}."
        )
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(np.flatnonzero(labels == c), per_class, replace=False) for c in classes]
    chosen = np.concatenate(chosen)
    return examples[chosen], labels[chosen]
