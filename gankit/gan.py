"""`GAN`: Algorithm 1 of the 2014 paper, for a generator and a discriminator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from gankit import checks, feed, losses
from gankit.averaging import Averaging
from gankit.game import Game
from gankit.penalties import Penalty
from gankit.sampling import LatentSampling


class TwoPlayerGame(Game):
    """A generator against a discriminator, whatever the generator starts from.

    `GAN` starts from latents. A subclass of this class says in `fake` what else a generator may
    start from, such as a picture.

    Args:
        generator: Keras model that makes examples.
        discriminator: Keras model from examples to **logits**, without sigmoid.
        seed: as in `gankit.Game`.
        **kwargs: `name` and so on, as in any Keras model.

    Attributes:
        discriminator_rests: where a subclass does not train its discriminator, why not, in words
            such as `"adversarial_weight=0"`.
    """

    discriminator_rests = ""

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed=seed, **kwargs)
        self.generator = generator
        self.discriminator = discriminator

    def players(self) -> dict[str, list[keras.Layer]]:
        """The two players."""
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    # ---- Algorithm 1 -------------------------------------------------------------------------

    def step(self, real: Any, *conditions: Any) -> None:
        """Update the discriminator k times, each on examples of its own, then the generator."""
        k, part = self.discriminator_steps, (real, *conditions)
        for start in range(0 if self.discriminator_rests else k):
            if k > 1:  # rows spread over the batch, so that replicas share it out as one device
                start = start % ops.shape(real)[0]  # a last batch may be smaller than k
                part = [tensor[start::k] for tensor in (real, *conditions)]
            self.update("discriminator", self.discriminator_loss, *part)
        self.update("generator", self.generator_loss, *part)

    def discriminator_loss(
        self, real: Any, *conditions: Any, fake: Any = None, logits: Any = None
    ) -> tuple[Any, dict]:
        """The discriminator tells real examples from as many generated ones.

        Args:
            real: examples.
            *conditions: what goes with each, such as labels. The generated ones get the same.
            fake: the generated examples, where a subclass has made them.
            logits: those of the real and of the generated examples, where a subclass has them.
        """
        fake = self.fake(real, *conditions) if fake is None else fake
        of_real, of_fake = logits or (self.judge(real, *conditions), self.judge(fake, *conditions))
        loss = total = self.adversarial_loss.discriminator(of_real, of_fake)
        report = {"real_logit": ops.mean(of_real), "fake_logit": ops.mean(of_fake)}
        if self.penalties["discriminator"]:
            critic = lambda examples: self.judge(examples, *conditions)  # noqa: E731
            report["penalty"] = self.penalty("discriminator", critic, real, fake)
            total = loss + report["penalty"]
        return total, {"discriminator_loss": loss} | report

    def generator_loss(
        self, real: Any, *conditions: Any, fake: Any = None, logits: Any = None
    ) -> tuple[Any, dict]:
        """The generator fools the discriminator.

        Args:
            real: as many examples are generated. Their own logits count only for a loss that
                compares (`AdversarialLoss.generator_needs_real`).
            *conditions: what goes with each.
            fake: the generated examples, where a subclass has made them.
            logits: those of the generated and of the real examples, where a subclass has them.
        """
        if logits is None:
            fake = self.fake(real, *conditions) if fake is None else fake
            logits = [self.judge(fake, *conditions)]
            if self.compares:
                logits.append(self.judge(real, *conditions))
        loss = self.adversarial_loss.generator(*logits)
        return loss, {"generator_loss": loss}

    def fake(self, real: Any, *conditions: Any) -> Any:
        """Generate as many examples as there are real ones, in training mode.

        Args:
            real: examples.
            *conditions: what goes with each.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `fake`.")

    def judge(self, examples: Any, *conditions: Any) -> Any:
        """The discriminator's logits of examples, in training mode.

        Args:
            examples: real or generated ones.
            *conditions: what goes with each.
        """
        inputs = [examples, *conditions] if conditions else examples
        return self.discriminator(inputs, training=True)

    @property
    def compares(self) -> bool:
        """Whether the generator's loss compares generated examples with real ones."""
        return getattr(self.adversarial_loss, "generator_needs_real", False)

    # ---- compile -----------------------------------------------------------------------------

    def compile(
        self,
        loss: str | losses.AdversarialLoss = "non_saturating",
        generator_optimizer: Any = None,
        discriminator_optimizer: Any = None,
        discriminator_steps: int = 1,
        penalties: Sequence[Penalty | Callable] = (),
        averaging: Averaging | None = None,
        **options: Any,
    ) -> None:
        """Choose the objective and the optimizers, and build the optimizers.

        Args:
            loss: a name that `gankit.losses.get` knows, or an `AdversarialLoss`.
            generator_optimizer: Keras optimizer (or its name); None: `default_optimizers()`.
                Its schedules, clipping and gradient accumulation count per network. The players
                alternate, so some of the generator's accumulated gradients meet a discriminator
                that has not been updated yet.
            discriminator_optimizer: another one, for the discriminator.
            discriminator_steps: updates of the discriminator per update of the generator, k in
                Algorithm 1. A batch is shared out over them, so each step has fresh examples.
            penalties: what is added to the discriminator's loss: each a
                `gankit.penalties.Penalty`, or a function `penalty(critic, real, fake)` that
                returns a scalar; `critic` maps examples to logits.
            averaging: `gankit.averaging.Averaging`: how to average the generator's weights. The
                averaged generator is `averaged_generator`, and what `generate` uses. None: not.
            **options: `averages` of other players, `run_eagerly`, `jit_compile`,
                `steps_per_execution`: see `Game.compile`.

        Raises:
            ValueError: for an unknown loss, for one optimizer given for both networks, for an
                optimizer in use elsewhere, for `discriminator_steps` below 1.
            TypeError: if an object is not of the class that its argument asks for.
        """
        self.adversarial_loss = losses.get(loss)
        self.discriminator_steps = checks.check_count("discriminator_steps", discriminator_steps)
        self.smallest_batch = self.discriminator_steps  # each step needs an example
        super().compile(
            {"generator": generator_optimizer, "discriminator": discriminator_optimizer},
            {"generator": checks.check_kind("averaging", averaging, Averaging)}
            | options.pop("averages", {}),
            {"discriminator": penalties},
            **options,
        )

    def get_compile_config(self) -> dict | None:
        """Arguments of `compile`, ready to be written to a file."""
        config = super().get_compile_config()
        if config is None:
            return None
        optimizers, averages = config.pop("optimizers"), config.pop("averages")
        return config | {
            "loss": keras.saving.serialize_keras_object(self.adversarial_loss),
            "generator_optimizer": optimizers["generator"],
            "discriminator_optimizer": optimizers["discriminator"],
            "discriminator_steps": self.discriminator_steps,
            "penalties": config["penalties"]["discriminator"],
            "averaging": averages.get("generator"),
        }

    @property
    def generator_optimizer(self) -> keras.optimizers.Optimizer:
        """The generator's optimizer, from `compile` on."""
        return self.optimizers["generator"]

    @property
    def discriminator_optimizer(self) -> keras.optimizers.Optimizer:
        """The discriminator's optimizer, from `compile` on."""
        return self.optimizers["discriminator"]

    @property
    def averaged_generator(self) -> keras.Model | None:
        """The generator with averaged weights; None where none was asked for in `compile`."""
        average = self.averages.get("generator")
        return average and average.networks[0]

    def generator_for(self, averaged: bool | None) -> keras.Model:
        """The generator that makes things for people.

        Args:
            averaged: whether it should be the averaged one. None: where there is one.

        Raises:
            TypeError: if `averaged` is neither True, False nor None.
            ValueError: if it should, and no weights are averaged.
        """
        if averaged is not None:
            checks.check_flag("averaged", averaged)
        if averaged and self.averaged_generator is None:
            raise ValueError(
                "No weights are averaged. Received: averaged=True. Compile with "
                "averaging=gankit.averaging.Averaging()."
            )
        if averaged or averaged is None:
            return self.averaged_generator or self.generator
        return self.generator

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The generator's output for its inputs; never the average's."""
        return self.generator(inputs, training=training)


@keras.saving.register_keras_serializable("gankit")
class GAN(LatentSampling, TwoPlayerGame):
    r"""A generative adversarial network: train it with `fit`, sample it with `generate`.

    The generator $G$ maps latent vectors $z$ to examples; the discriminator $D$ maps examples to
    **logits** $s(x)$, so that $D(x) = \sigma(s(x))$. Each `train_step` runs Algorithm 1 of the
    2014 paper: `discriminator_steps` updates of the discriminator, each on examples and latent
    vectors of its own, then one update of the generator.

    Args:
        generator: Keras model from latents of shape `(batch, latent_dim)` to examples.
        discriminator: Keras model from examples to logits of shape `(batch, 1)`, without sigmoid.
        latent_dim: size of the latent vectors.
        num_classes: for a conditional GAN, the number of classes: both networks then take a list
            `[input, labels]` with integer labels of shape `(batch,)`. None: no classes.
        data_range: values that examples may take, lowest and highest; None for unbounded data
            such as points. Data outside it is refused by `fit`.
        seed: what the latents and the order of the data depend on. None draws one (which
            `keras.utils.set_random_seed` governs). The initial weights belong to the networks.
        label_size: for a GAN conditional on quantities, such as an angle, or on several things at
            once: how many numbers a label holds. Labels are then floats of shape
            `(batch, label_size)`. None: no such labels.

    Raises:
        ValueError: if the two networks do not fit each other or `latent_dim`, or both
            `num_classes` and `label_size` are given.

    Example:

    >>> import keras, numpy as np, gankit
    >>> keras.utils.set_random_seed(0)
    >>> generator = keras.Sequential(
    ...     [keras.Input((8,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(2)])
    >>> discriminator = keras.Sequential(
    ...     [keras.Input((2,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
    >>> gan = gankit.GAN(generator, discriminator, latent_dim=8, data_range=None, seed=0)
    >>> gan.compile(loss="non_saturating")
    >>> points = np.random.default_rng(0).normal(size=(256, 2)).astype("float32")
    >>> history = gan.fit(points, batch_size=64, epochs=1, verbose=0)
    >>> sorted(history.history)
    ['discriminator_loss', 'fake_logit', 'generator_loss', 'real_logit']
    >>> gan.generate(5, seed=1).shape
    (5, 2)

    Subclass it for a game of your own: override `discriminator_loss` or `generator_loss` for
    another objective, `step` for another order of play, `sample_latents` for another prior,
    `default_optimizers` for another paper's settings.

    Source: Goodfellow et al., "Generative Adversarial Nets" (2014), Algorithm 1. Departures: the
    examples of a batch are shared out over the `discriminator_steps`; default losses and
    optimizers are those of DCGAN (Radford et al. 2016), which train where SGD needs tuning.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int,
        num_classes: int | None = None,
        data_range: tuple[float, float] | None = (-1.0, 1.0),
        seed: int | None = None,
        label_size: int | None = None,
        **kwargs: Any,
    ):
        self._check_arguments(latent_dim, num_classes, data_range, label_size)
        super().__init__(generator, discriminator, seed=seed, **kwargs)
        self.latent_dim, self.num_classes, self.label_size = latent_dim, num_classes, label_size
        self.data_range = None if data_range is None else tuple(float(v) for v in data_range)
        self.example_shape = self._connect()

    def fake(self, real: Any, *conditions: Any) -> Any:
        """Generate as many examples as there are real ones, from fresh latents."""
        latents = self.draws.rows(self.sample_latents, ops.shape(real)[0])
        return self.generator([latents, *conditions] if conditions else latents, training=True)

    def sample_latents(self, n: Any, seed: Any) -> Any:
        """Draw from the prior: here the standard normal distribution.

        Args:
            n: how many vectors.
            seed: integer, or a `keras.random.SeedGenerator`.

        Returns:
            Tensor of shape `(n, latent_dim)`.
        """
        return keras.random.normal((n, self.latent_dim), seed=seed)

    def batch_spec(self) -> list[tuple]:
        """Examples, and labels where the GAN is conditional."""
        return [(feed.Examples(self.example_shape, self.data_range), *self._labels)]

    def wrong_parts(self, received: int) -> str:
        """What to say of data with labels too many, or without them."""
        data = f"Received: data of {received} part{'s' * (received > 1)}."
        if received > 2:
            return f"A GAN takes no sample weights. {data}"
        if self._labels:
            name = "num_classes" if self.label_size is None else "label_size"
            return (
                f"This GAN is conditional ({name}={getattr(self, name)}), but the data has no "
                f"labels. {data} Pass fit(images, labels), or a pipeline of (images, labels)."
            )
        return (
            f"This GAN takes no labels (num_classes=None), but the data has some. {data} Leave "
            f"them out, or build the GAN with num_classes for a conditional one."
        )

    @property
    def conditional(self) -> bool:
        """Whether both networks take labels."""
        return bool(self._labels)

    @property
    def _labels(self) -> tuple:
        """How labels are declared: one declaration, or none."""
        if self.num_classes is not None:
            return (feed.ClassNumbers(self.num_classes),)
        return () if self.label_size is None else (feed.Vectors(self.label_size),)

    @staticmethod
    def _check_arguments(latent_dim, num_classes, data_range, label_size) -> None:
        checks.check_count("latent_dim", latent_dim)
        if num_classes is not None:
            checks.check_count("num_classes", num_classes, minimum=2)
        if label_size is not None:
            checks.check_count("label_size", label_size)
            if num_classes is not None:
                raise ValueError(
                    f"Labels are class numbers or vectors. Received: num_classes={num_classes} and "
                    f"label_size={label_size}. Classes fit into a vector as one-hot numbers."
                )
        if data_range is not None:
            try:
                low, high = (checks.check_number("data_range", float(v)) for v in data_range)
            except (TypeError, ValueError):
                low = high = 0.0
            if low >= high:
                raise ValueError(
                    f"`data_range` must be (lowest, highest) or None. Received: {data_range!r}."
                )

    def _connect(self) -> tuple:
        """Build both networks symbolically, and find the shape of an example."""
        for name, network in (("generator", self.generator), ("discriminator", self.discriminator)):
            if not isinstance(network, keras.Layer):
                raise TypeError(f"`{name}` must be a Keras model. Received: {network!r}.")
        if self.generator is self.discriminator:
            raise ValueError(f"Two players need two networks. Received: {self.generator!r} twice.")
        labels = [
            keras.KerasTensor(
                (None, *part.shape), "int32" if isinstance(part, feed.ClassNumbers) else "float32"
            )
            for part in self._labels
        ]
        latents = keras.KerasTensor((None, self.latent_dim))
        try:
            examples = self.generator([latents, *labels] if labels else latents)
        except ValueError as error:
            raise ValueError(
                f"The generator cannot take latents of shape (None, {self.latent_dim})"
                f"{' with labels' if labels else ''}: does latent_dim={self.latent_dim} match its "
                f"input? {error}"
            ) from error
        if not hasattr(examples, "shape") or "float" not in examples.dtype:
            raise ValueError(
                f"The generator must return one tensor of floating-point examples. Received: "
                f"{examples!r}."
            )
        try:
            logits = self.discriminator([examples, *labels] if labels else examples)
        except ValueError as error:
            raise ValueError(
                f"The discriminator cannot take what the generator makes, examples of shape "
                f"{tuple(examples.shape)}{' with labels' if labels else ''}. {error}"
            ) from error
        if len(logits.shape) < 2 or logits.shape[-1] != 1:
            raise ValueError(
                f"The discriminator must return one logit per example, shape (None, 1), or a map "
                f"of logits with one channel. Received outputs of shape {tuple(logits.shape)}."
            )
        last = getattr(self.discriminator, "layers", [None])[-1]
        if getattr(last, "activation", None) is keras.activations.sigmoid:
            raise ValueError(
                f"The discriminator must return logits, and the losses apply the sigmoid. Received "
                f"a discriminator that ends in {last.name!r}, a sigmoid. Leave it out."
            )
        return tuple(examples.shape[1:])
