"""`GAN`: a generator and a discriminator, an optimizer for each, and one training step."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit import autodiff, checks, losses, one_stage
from gankit.averaging import AveragedNetwork, Averaging
from gankit.batches import Batches, Position
from gankit.historical import HistoricalAveraging, PastWeights
from gankit.noise import InstanceNoise
from gankit.penalties import Penalty
from gankit.penalties import get as get_penalty
from gankit.replica_random import ReplicaRandom
from gankit.saving import atomic_write

__all__ = ["GAN"]


class _Optimizers:
    """Both optimizers behind the one object that Keras looks for as `model.optimizer`."""

    def __init__(self, *optimizers: keras.optimizers.Optimizer):
        self.optimizers = optimizers  # the name by which TensorBoard finds the learning rates

    @property
    def built(self) -> bool:
        return all(optimizer.built for optimizer in self.optimizers)

    @property
    def variables(self) -> list:
        return [variable for optimizer in self.optimizers for variable in optimizer.variables]

    @property
    def iterations(self) -> Any:
        """Updates of the first network, the generator."""
        return self.optimizers[0].iterations


class _FollowEpochs(keras.callbacks.Callback):
    """Keeps the order of the data in step with the epoch, also where training was resumed."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.data_position.seek(epoch)
        if self.model.order_follows_seed:
            # A backup that was loaded when training began has brought the seed of its run.
            self.model.data_position.seed = self.model.seed


def _with_first(first: Any, rest: Iterator) -> Iterator:
    """An iterator that has lost its first batch to a check, with that batch."""
    yield first
    yield from rest


@keras.saving.register_keras_serializable("gankit")
class GAN(keras.Model):
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

    Subclass it for a game of your own: override `sample_latents` for another prior,
    `default_optimizers` for another paper's settings, `discriminator_step` or `generator_step`
    for another objective. A subclass whose constructor takes other arguments also overrides
    `get_config`, as for any Keras model.

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
        super().__init__(**kwargs)
        self.latent_dim = checks.check_count("latent_dim", latent_dim)
        self.num_classes = num_classes
        if num_classes is not None:
            self.num_classes = checks.check_count("num_classes", num_classes, minimum=2)
        self.label_size = label_size
        if label_size is not None:
            self.label_size = checks.check_count("label_size", label_size)
            if num_classes is not None:
                raise ValueError(
                    f"Labels are class numbers or vectors. Received: num_classes={num_classes} and "
                    f"label_size={label_size}. Classes fit into a vector as one-hot numbers."
                )
        self.data_range = None if data_range is None else tuple(float(v) for v in data_range)
        if self.data_range is not None and not self.data_range[0] < self.data_range[1]:
            raise ValueError(
                f"`data_range` must be (lowest, highest) or None. Received: {data_range!r}."
            )
        self.seed = random.randrange(2**31) if seed is None else checks.check_count("seed", seed, 0)
        self.generator = generator
        self.discriminator = discriminator
        autodiff.seed_layers(generator)
        autodiff.seed_layers(discriminator)
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.draws = ReplicaRandom(self.seed_generator)
        self.example_shape = self._connect()
        # State of training besides the optimizers', which `compile` makes.
        self.average = self.past_generator = self.past_discriminator = None
        self.data_position = None
        self.order_follows_seed = False
        self._trackers = {}
        self.built = True

    @property
    def conditional(self) -> bool:
        """Whether both networks take labels."""
        return self.num_classes is not None or self.label_size is not None

    @property
    def _condition(self) -> str:
        name = "num_classes" if self.label_size is None else "label_size"
        return f"{name}={getattr(self, name)}"

    @property
    def _label_shape(self) -> tuple:
        return () if self.label_size is None else (self.label_size,)

    @property
    def _label_dtype(self) -> str:
        return "int32" if self.label_size is None else "float32"

    def _connect(self) -> tuple:
        """Build both networks symbolically, and find the shape of an example."""
        labels = []
        if self.conditional:
            labels = [keras.KerasTensor((None, *self._label_shape), self._label_dtype)]
        latents = keras.KerasTensor((None, self.latent_dim))
        try:
            examples = self.generator([latents, *labels] if labels else latents)
        except ValueError as error:
            raise ValueError(
                f"The generator cannot take latents of shape (None, {self.latent_dim})"
                f"{' with labels' if labels else ''}: does latent_dim={self.latent_dim} match its "
                f"input? {error}"
            ) from error
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
        return tuple(examples.shape[1:])

    # ---- compile -----------------------------------------------------------------------------

    def default_optimizers(self) -> tuple:
        """The generator's and the discriminator's optimizer where `compile` is given none.

        Adam with learning rate 2e-4 and β₁ = 0.5 (Radford et al. 2016, section 4).
        """
        return (
            keras.optimizers.Adam(2e-4, beta_1=0.5, name="generator_adam"),
            keras.optimizers.Adam(2e-4, beta_1=0.5, name="discriminator_adam"),
        )

    def compile(
        self,
        loss: str | losses.AdversarialLoss = "non_saturating",
        generator_optimizer: Any = None,
        discriminator_optimizer: Any = None,
        discriminator_steps: int = 1,
        penalties: Sequence[Penalty | Callable] = (),
        instance_noise: InstanceNoise | None = None,
        historical_averaging: HistoricalAveraging | None = None,
        averaging: Averaging | None = None,
        update: str = "alternating",
        run_eagerly: bool = False,
        jit_compile: bool | None = None,
        steps_per_execution: int = 1,
    ) -> None:
        """Choose the objective and the optimizers, and build the optimizers.

        Built here, they take their state back from a file: weights that are loaded into a freshly
        compiled GAN bring both optimizers' moments with them.

        Args:
            loss: a name that `gankit.losses.get` knows, or an `AdversarialLoss`.
            generator_optimizer: Keras optimizer (or its name); None: `default_optimizers()`.
                Its schedules, clipping and gradient accumulation count per network. Where
                players alternate, some of the generator's accumulated gradients meet a
                discriminator that has not been updated yet; under `update="one_stage"`,
                accumulated batches are one large batch for both.
            discriminator_optimizer: another one, for the discriminator.
            discriminator_steps: updates of the discriminator per update of the generator, k in
                Algorithm 1. A batch is shared out over them, so each step has fresh examples.
            penalties: what is added to the discriminator's loss: each a
                `gankit.penalties.Penalty`, or a function `penalty(critic, real, fake)` that
                returns a scalar; `critic` maps examples to logits.
            instance_noise: `gankit.noise.InstanceNoise`: noise that the discriminator sees every
                example through. None: no noise.
            historical_averaging: `gankit.historical.HistoricalAveraging`: a pull of each player
                towards the mean of its past weights. None: no pull.
            averaging: `gankit.averaging.Averaging`: how to average the generator's weights. The
                averaged generator is `averaged_generator`, and what `generate` uses. None: not.
            update: `"alternating"`, the discriminator and then the generator, on latents of its
                own; or `"one_stage"`, both at once from one forward and one backward pass (see
                `gankit.one_stage`). The players then share the latents, and the generator
                meets the discriminator as it was before the update.
            run_eagerly: run the step without compiling it, for debugging.
            jit_compile: whether to compile with XLA. None: not for TensorFlow on a CPU, where it
                does not pay; Keras' rule elsewhere.
            steps_per_execution: batches per call of the compiled step (as in Keras, which takes
                only 1 on PyTorch).

        Raises:
            ValueError: for an unknown loss, for one optimizer given for both networks, for an
                optimizer in use elsewhere, for `discriminator_steps` below 1, for an unknown
                `update`, and where one-stage updates are not exact, with the reason.
            TypeError: if an object is not of the class that its argument asks for.
        """
        super().compile(
            optimizer=None,
            run_eagerly=run_eagerly,
            jit_compile=autodiff.resolve_jit_compile(jit_compile),
            steps_per_execution=steps_per_execution,
        )
        self.adversarial_loss = losses.get(loss)
        self._compares = getattr(self.adversarial_loss, "generator_needs_real", False)
        self.discriminator_steps = checks.check_count("discriminator_steps", discriminator_steps)
        self.penalties = tuple(get_penalty(penalty) for penalty in penalties)
        defaults = self.default_optimizers()
        self.generator_optimizer = self._build_optimizer(
            generator_optimizer, defaults[0], self.generator, "generator_optimizer"
        )
        self.discriminator_optimizer = self._build_optimizer(
            discriminator_optimizer, defaults[1], self.discriminator, "discriminator_optimizer"
        )
        # Keras' trainers look for one optimizer.
        self.optimizer = _Optimizers(self.generator_optimizer, self.discriminator_optimizer)
        self.instance_noise = checks.check_kind("instance_noise", instance_noise, InstanceNoise)
        self.historical_averaging = checks.check_kind(
            "historical_averaging", historical_averaging, HistoricalAveraging
        )
        self._remember(self.historical_averaging)
        self._average_with(averaging)
        self._choose_update(update)
        names = ["discriminator_loss", "generator_loss", "real_logit", "fake_logit"]
        if self.penalties:
            names.append("penalty")
        self._trackers = {name: keras.metrics.Mean(name=name) for name in names}

    def _build_optimizer(self, optimizer, default, network, name):
        optimizer = default if optimizer is None else keras.optimizers.get(optimizer)
        if optimizer.built:
            raise ValueError(
                f"`{name}` has been built for other variables already: {optimizer!r}. Each network "
                f"needs an optimizer of its own; make a fresh one with "
                f"type(optimizer).from_config(optimizer.get_config())."
            )
        layers = network._flatten_layers()
        half = any(layer.compute_dtype == "float16" for layer in layers)
        if half and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(network.trainable_variables)
        return optimizer

    def _hold(self, name: str, layer: keras.Layer | None) -> None:
        """Hold a layer of state, in place of the one that an earlier `compile` made."""
        if getattr(self, name) is not None:
            self._tracker.untrack(getattr(self, name))
        setattr(self, name, layer)

    def _average_with(self, averaging: Averaging | None) -> None:
        checks.check_kind("averaging", averaging, Averaging)
        self._hold("average", averaging and AveragedNetwork(self.generator, averaging))
        if self.average is not None:
            autodiff.seed_layers(self.average)

    def _remember(self, historical: HistoricalAveraging | None) -> None:
        for player in ("generator", "discriminator"):
            name, strength = f"past_{player}", historical and getattr(historical, player)
            variables = getattr(self, player).trainable_variables
            self._hold(name, PastWeights(variables, strength, name) if strength else None)

    def _choose_update(self, update: str) -> None:
        if update not in ("alternating", "one_stage"):
            raise ValueError(
                f"`update` must be 'alternating' or 'one_stage'. Received: update={update!r}."
            )
        self.update = update
        if update == "one_stage":
            reason = self._objection_to_one_stage()
            if reason is not None:
                raise ValueError(f"update='one_stage' is not possible: {reason}")
            self._ratio = one_stage.constant_ratio(self.adversarial_loss)

    def _objection_to_one_stage(self) -> str | None:
        for name in ("discriminator_step", "generator_step"):
            if getattr(type(self), name) is not getattr(GAN, name):
                return f"{type(self).__name__} has a `{name}` of its own, which it would not run."
        steps = self.discriminator_steps
        if steps > 1:
            return f"it updates each player once. Received: discriminator_steps={steps}."
        labels = ops.zeros((4, *self._label_shape), self._label_dtype) if self.conditional else None
        return one_stage.objection(
            self.adversarial_loss,
            lambda examples: self._call_discriminator(examples, labels, training=True),
            self.discriminator,
            self.example_shape,
        )

    @property
    def averaged_generator(self) -> keras.Model | None:
        """The generator with averaged weights; None where none was asked for in `compile`."""
        return self.average and self.average.network

    @property
    def metrics(self) -> list:
        """The means over the epoch that `fit` reports."""
        return list(self._trackers.values())

    # ---- training ----------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        shuffle: bool = True,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
    ) -> keras.callbacks.History:
        """Train both networks; the arguments are Keras' own.

        The data is checked before the first step: arrays in full, pipelines by their first batch.
        Arrays are shuffled in an order that `(seed, epoch)` decides, so a resumed run sees what
        the uninterrupted one would have seen.

        Args:
            x: array of examples, or anything `keras.Model.fit` takes that yields batches
                (`gankit.datasets.stream(...)`, `tf.data.Dataset`, `PyDataset`, `DataLoader`).
            y: labels, for a conditional GAN and an array `x`: class numbers, or vectors of
                `label_size` numbers.
            batch_size: examples per `train_step`, for arrays. Default 64.
            epochs: index of the epoch to stop at.
            verbose: as in Keras.
            callbacks: as in Keras.
            shuffle: whether to shuffle arrays.
            initial_epoch: epoch to start at.
            steps_per_epoch: as in Keras, for pipelines without an end.

        Returns:
            Keras' `History`: means over each epoch of `discriminator_loss`, `generator_loss`,
            `real_logit` and `fake_logit` (and `penalty`).

        Raises:
            TypeError: if examples are not floating point, class numbers not integers, label
                vectors not floating point.
            ValueError: on a wrong rank, size or number of channels, values outside `data_range`,
                NaN, labels out of range, a class that an array `y` never names, labels that are
                missing or not asked for, an empty set.
        """
        arrays = isinstance(x, np.ndarray) or ops.is_tensor(x)
        if arrays:
            data = self._batches_of_arrays(x, y, batch_size, shuffle)
        else:
            data = self._checked_pipeline(x, y, batch_size)
        position = getattr(data, "position", None)
        # With steps_per_epoch, a pass over the data and an epoch are different things.
        self.data_position = position if steps_per_epoch is None else None
        self.order_follows_seed = arrays
        callbacks = [] if callbacks is None else keras.tree.flatten(callbacks)
        with warnings.catch_warnings():
            if self.data_position is not None:
                callbacks = [_FollowEpochs(), *callbacks]
                # An epoch that is resumed in the middle ends early, as it should.
                warnings.filterwarnings("ignore", message="Your input ran out of data")
            return super().fit(
                data,
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                # Keras would shuffle the batches once more, from a state that nothing restores.
                shuffle=False,
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
            )

    def _batches_of_arrays(self, x, y, batch_size, shuffle) -> Any:
        batch_size = 64 if batch_size is None else checks.check_count("batch_size", batch_size)
        steps = getattr(self, "discriminator_steps", 1)
        if batch_size < steps:
            raise ValueError(
                f"A batch of {batch_size} cannot be shared out over discriminator_steps={steps}."
            )
        arrays = tuple(ops.convert_to_numpy(a) for a in (x, y) if a is not None)
        self._check(arrays)
        if self.num_classes is not None:
            checks.check_every_class(arrays[1], self.num_classes)
        batches = Batches(arrays, batch_size, shuffle, Position(self.seed))
        # TensorFlow's trainer alone has a strategy.
        return autodiff.to_input_pipeline(batches, getattr(self, "distribute_strategy", None))

    def _checked_pipeline(self, x, y, batch_size) -> Any:
        if y is not None or batch_size is not None:
            raise ValueError(
                "`y` and `batch_size` go with an array `x`; a pipeline yields batches of its own, "
                f"labels included. Received x of type {type(x).__name__}."
            )
        if not (hasattr(x, "__iter__") or hasattr(x, "__getitem__")) or isinstance(x, (str, dict)):
            raise TypeError(
                "`x` must be an array of examples, or a pipeline that yields batches of them "
                f"(tf.data.Dataset, PyDataset, DataLoader). Received: {x!r}."
            )
        try:
            first = x[0] if isinstance(x, keras.utils.PyDataset) else next(iter(x))
        except (StopIteration, IndexError) as error:
            raise ValueError(f"The data set is empty: {x!r} yields no batch.") from error
        self._check(first)
        return _with_first(first, x) if hasattr(x, "__next__") else x

    def _check(self, data: Any) -> None:
        real, labels = self._unpack(data)
        checks.check_examples(real, self.example_shape, self.data_range)
        if labels is not None:
            self._check_labels(labels, real.shape[0])

    def _check_labels(self, labels: Any, examples: int | None) -> None:
        if self.label_size is None:
            checks.check_labels(labels, examples, self.num_classes)
        else:
            checks.check_label_vectors(labels, examples, self.label_size)

    def _unpack(self, data: Any) -> tuple[Any, Any]:
        real, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        if weights is not None:
            raise ValueError("A GAN takes no sample weights; the data yields three parts.")
        if not self.conditional and labels is not None:
            raise ValueError(
                "This GAN takes no labels (num_classes=None), but the data has some. Leave them "
                "out, or build the GAN with num_classes for a conditional one."
            )
        if self.conditional and labels is None:
            raise ValueError(
                f"This GAN is conditional ({self._condition}), but the data has no "
                f"labels. Pass fit(images, labels), or a pipeline of (images, labels)."
            )
        return real, labels

    def train_step(self, *arguments: Any) -> Any:
        """One step of Algorithm 1: Keras passes `(data,)`, on JAX `(state, data)`."""
        return autodiff.run_step(self._train_step, self, arguments)

    def _train_step(self, data: Any) -> dict:
        real, labels = self._unpack(data)
        if self.update == "one_stage":
            self.one_stage_step(real, labels)
        else:
            for step in range(self.discriminator_steps):
                part = self._part(real, step)
                labels_of_part = None if labels is None else self._part(labels, step)
                self.discriminator_step(part, labels_of_part)
            self.generator_step(part, labels_of_part)
        if self.average is not None:
            _, images = autodiff.global_batch(ops.shape(real)[0])
            self.average.update(self.generator, images)
        return self.get_metrics_result()

    def _part(self, batch: Any, step: int) -> Any:
        """Every k-th example: replicas of a batch then share it out as one device would."""
        if self.discriminator_steps == 1:
            return batch
        # A last batch may hold fewer examples than there are steps; none may go without.
        return batch[step % ops.shape(batch)[0] :: self.discriminator_steps]

    def discriminator_step(self, real: Any, labels: Any = None) -> None:
        """Update the discriminator, and nothing else, on real examples and as many generated ones.

        Args:
            real: examples, shape `(batch, *example_shape)`.
            labels: their labels, for a conditional GAN; the generated ones get the same.
        """
        latents = self._latents(real)
        with autodiff.frozen(self.generator):
            fake = ops.stop_gradient(self._call_generator(latents, labels, training=True))
        real, fake = self._noisy(real), self._noisy(fake)

        def critic(examples):
            return self._call_discriminator(examples, labels, training=True)

        def objective():
            loss, report = self._judge(critic(real), critic(fake))
            if self.penalties:
                report["penalty"] = self._penalty(critic, real, fake)
                loss = loss + report["penalty"]
            return loss, report

        self._minimize(objective, self.discriminator, self.discriminator_optimizer, real)

    def _judge(self, real_logits, fake_logits) -> tuple[Any, dict]:
        loss = self.adversarial_loss.discriminator(real_logits, fake_logits)
        return loss, {
            "discriminator_loss": loss,
            "real_logit": ops.mean(real_logits),
            "fake_logit": ops.mean(fake_logits),
        }

    def _penalty(self, critic, real, fake) -> Any:
        step = self._discriminator_updates()
        return sum(penalty(critic, real, fake, self.draws, step) for penalty in self.penalties)

    def generator_step(self, real: Any, labels: Any = None) -> None:
        """Update the generator, and nothing else, on freshly generated examples.

        Args:
            real: examples, shape `(batch, *example_shape)`: as many are generated. The loss sees
                their logits where it asks for them (`AdversarialLoss.generator_needs_real`).
            labels: their labels, for a conditional GAN; the generated ones get the same.
        """
        latents = self._latents(real)
        judged = self._noisy(real) if self._compares else None

        def objective():
            fake = self._noisy(self._call_generator(latents, labels, training=True))
            real_logits = None
            with autodiff.frozen(self.discriminator):
                fake_logits = self._call_discriminator(fake, labels, training=True)
                if self._compares:
                    real_logits = self._call_discriminator(judged, labels, training=True)
            loss = self._generator_loss(fake_logits, real_logits)
            return loss, {"generator_loss": loss}

        self._minimize(objective, self.generator, self.generator_optimizer, real)

    def _generator_loss(self, fake_logits, real_logits) -> Any:
        logits = [fake_logits, real_logits] if self._compares else [fake_logits]
        return self.adversarial_loss.generator(*logits)

    def one_stage_step(self, real: Any, labels: Any = None) -> None:
        """Update both networks from one forward and one backward pass through each.

        Args:
            real: examples, shape `(batch, *example_shape)`.
            labels: their labels, for a conditional GAN; the generated ones get the same.
        """
        latents, judged = self._latents(real), self._noisy(real)
        networks = (self.generator, self.discriminator)
        optimizers = (self.generator_optimizer, self.discriminator_optimizer)
        scales = [self._scale(optimizer, real) for optimizer in optimizers]

        def critic(examples):
            return self._call_discriminator(examples, labels, training=True)

        fake, logits, gradients = one_stage.backward(
            self.adversarial_loss,
            self._ratio,
            lambda: self._noisy(self._call_generator(latents, labels, training=True)),
            lambda fake: [critic(judged), critic(fake)],
            [network.trainable_variables for network in networks],
            scales,
        )
        _, report = self._judge(*logits)
        report["generator_loss"] = self._generator_loss(*reversed(logits))
        if self.penalties:
            report["penalty"], more = self._penalty_alone(critic, judged, fake, scales[1])
            gradients[1] = autodiff.add_gradients(gradients[1], more)
        for network, optimizer, own, scale in zip(
            networks, optimizers, gradients, scales, strict=True
        ):
            self._apply(network, optimizer, own, scale)
        self._track(report, real)

    def _penalty_alone(self, critic, real, fake, scale) -> tuple[Any, list]:
        """The penalties' sum, which takes passes of its own, and its gradients."""

        def objective():
            penalty = self._penalty(critic, real, fake)
            return penalty * scale, penalty

        return autodiff.value_and_gradients(objective, self.discriminator.trainable_variables)

    def _minimize(self, objective, network, optimizer, real) -> None:
        """Change the weights of one network, and no others, against a loss."""
        scale = self._scale(optimizer, real)

        def scaled():
            loss, report = objective()
            return loss * scale, report

        report, gradients = autodiff.value_and_gradients(scaled, network.trainable_variables)
        self._apply(network, optimizer, gradients, scale)
        self._track(report, real)

    def _scale(self, optimizer, real) -> Any:
        """What a loss is multiplied with before it is differentiated."""
        return optimizer.scale_loss(autodiff.share_of_batch(ops.shape(real)[0]))

    def _apply(self, network, optimizer, gradients, scale) -> None:
        """Let an optimizer change its network, and do what follows a change."""
        variables = network.trainable_variables
        is_generator = network is self.generator
        past = self.past_generator if is_generator else self.past_discriminator
        if past is not None:
            gradients = past.add_pull(variables, gradients, scale)
        autodiff.apply_gradients(optimizer, gradients, variables)
        if not is_generator:
            for penalty in self.penalties:
                penalty.after_update(variables)
        if past is not None:
            past.update(variables)

    def _track(self, report, real) -> None:
        for name, value in report.items():
            self._trackers[name].update_state(value, sample_weight=ops.shape(real)[0])

    def _noisy(self, examples) -> Any:
        """Examples as the discriminator sees them."""
        if self.instance_noise is None:
            return examples
        return self.instance_noise(examples, self.draws, self._discriminator_updates())

    def _discriminator_updates(self) -> Any:
        return ops.convert_to_tensor(self.discriminator_optimizer.iterations)

    def _latents(self, real):
        """As many latents as there are real examples on this replica."""
        return self.draws.rows(self.sample_latents, ops.shape(real)[0])

    def _call_generator(self, latents, labels, training, network=None):
        inputs = latents if labels is None else [latents, labels]
        return (network or self.generator)(inputs, training=training)

    def _call_discriminator(self, examples, labels, training):
        inputs = examples if labels is None else [examples, labels]
        return self.discriminator(inputs, training=training)

    # ---- sampling ----------------------------------------------------------------------------

    def sample_latents(self, n: Any, seed: Any) -> Any:
        """Draw from the prior: here the standard normal distribution.

        Args:
            n: how many vectors.
            seed: integer, or a `keras.random.SeedGenerator`.

        Returns:
            Tensor of shape `(n, latent_dim)`.
        """
        return keras.random.normal((n, self.latent_dim), seed=seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The generator's output for latents, or for `[latents, labels]`; never the average's."""
        return self.generator(inputs, training=training)

    def generate(
        self,
        n: int | None = None,
        *,
        labels: Any = None,
        latents: Any = None,
        seed: int | None = None,
        batch_size: int = 128,
        training: bool = False,
        averaged: bool | None = None,
    ) -> np.ndarray:
        """Generate examples, without touching the model's own random state.

        Args:
            n: how many; may be left out where `labels` or `latents` say it.
            labels: for a conditional GAN, class numbers or vectors of `label_size` numbers.
            latents: latent vectors of shape `(n, latent_dim)` to decode, instead of drawing them.
            seed: what the latents depend on. None: different ones at each call.
            batch_size: how many to compute at once.
            training: go on as during training: normalize by the statistics of each batch instead
                of by the moving averages, and drop units out.
            averaged: whether to use the averaged generator. None: where there is one.

        Returns:
            Array of float32, shape `(n, *example_shape)`.

        Raises:
            TypeError: if class numbers are not integers.
            ValueError: on contradicting or missing arguments, labels of a wrong shape or out of
                range, and `averaged=True` where no weights are averaged.

        Example: `gan.generate(16, seed=0)`; `gan.generate(labels=[3, 1, 4], seed=0)`.
        """
        labels, latents = self._sampling_plan(n, labels, latents, seed)
        network = self._network_for(averaged)
        autodiff.sync(self)
        parts = []
        for start in range(0, len(latents), checks.check_count("batch_size", batch_size)):
            chosen = slice(start, start + batch_size)
            part_labels = None if labels is None else labels[chosen]
            if training:
                with autodiff.frozen(network):
                    part = self._call_generator(latents[chosen], part_labels, True, network)
            else:
                part = self._call_generator(latents[chosen], part_labels, False, network)
            parts.append(ops.convert_to_numpy(part).astype("float32"))
        return np.concatenate(parts)

    def _network_for(self, averaged: bool | None) -> keras.Model:
        if averaged and self.average is None:
            raise ValueError(
                "averaged=True, but no weights are averaged. Compile with "
                "averaging=gankit.averaging.Averaging()."
            )
        if averaged is None:
            averaged = self.average is not None
        return self.averaged_generator if averaged else self.generator

    def _sampling_plan(self, n, labels, latents, seed) -> tuple[Any, Any]:
        if labels is not None:
            if not self.conditional:
                raise ValueError(
                    f"This GAN takes no labels (num_classes=None). Received: labels={labels!r}."
                )
            labels = np.asarray(ops.convert_to_numpy(labels))
            if self.label_size is not None and labels.dtype.kind in "iu":
                labels = labels.astype("float32")  # [[0, 1]] means the numbers 0.0 and 1.0
            self._check_labels(labels, None)
            labels = labels.astype(self._label_dtype)
        elif self.num_classes is not None:
            raise ValueError(
                f"This GAN is conditional: say which classes to generate, with labels in "
                f"[0, {self.num_classes}), such as generate(labels=[0, 1])."
            )
        elif self.label_size is not None:
            raise ValueError(
                f"This GAN is conditional: say what to generate, with labels of shape "
                f"(n, {self.label_size})."
            )
        if latents is not None:
            latents = np.asarray(ops.convert_to_numpy(latents), dtype="float32")
            if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
                raise ValueError(
                    f"`latents` must have shape (n, {self.latent_dim}). "
                    f"Received shape {latents.shape}."
                )
        sizes = {len(v) for v in (labels, latents) if v is not None}
        sizes |= set() if n is None else {checks.check_count("n", n)}
        if len(sizes) != 1 or 0 in sizes:
            raise ValueError(
                f"Say how many examples to generate, once: n={n!r}, "
                f"{'no' if labels is None else len(labels)} labels, "
                f"{'no' if latents is None else len(latents)} latents."
            )
        if latents is None:
            seed = random.randrange(2**31) if seed is None else checks.check_count("seed", seed, 0)
            latents = ops.convert_to_numpy(self.sample_latents(sizes.pop(), seed))
        elif seed is not None:
            raise ValueError("`seed` decides which latents are drawn; with `latents` none are.")
        return labels, latents

    # ---- saving ------------------------------------------------------------------------------

    def get_config(self) -> dict:
        """Arguments that make an equal GAN, networks included."""
        config = super().get_config()
        if self.label_size is not None:
            config["label_size"] = self.label_size
        return config | {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "latent_dim": self.latent_dim,
            "num_classes": self.num_classes,
            "data_range": self.data_range,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> GAN:
        """Make a GAN from what `get_config` gave."""
        config = dict(config)
        for name in ("generator", "discriminator"):
            if isinstance(config.get(name), dict):
                config[name] = keras.saving.deserialize_keras_object(
                    config[name], custom_objects=custom_objects
                )
        return cls(**config)

    def get_compile_config(self) -> dict | None:
        """Arguments of `compile`, ready to be written to a file."""
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        return {
            "loss": serialize(self.adversarial_loss),
            "generator_optimizer": serialize(self.generator_optimizer),
            "discriminator_optimizer": serialize(self.discriminator_optimizer),
            "discriminator_steps": self.discriminator_steps,
            "penalties": [serialize(penalty) for penalty in self.penalties],
            "instance_noise": self.instance_noise and serialize(self.instance_noise),
            "historical_averaging": self.historical_averaging
            and serialize(self.historical_averaging),
            "averaging": self.average and serialize(self.average.averaging),
            "update": self.update,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
        }

    def compile_from_config(self, config: dict) -> None:
        """Compile as the saved model was compiled."""
        config = {
            name: keras.saving.deserialize_keras_object(value)
            if isinstance(value, (dict, list))
            else value
            for name, value in config.items()
        }
        self.compile(**config)

    def _random_state(self) -> list:
        """Seed states of this model and of every layer in it, which Keras leaves out of files."""
        weights = {id(v) for v in self.weights}
        return [v for v in self.variables if id(v) not in weights]

    def save_own_variables(self, store: Any) -> None:
        """Keras' hook: what belongs to the model besides its networks and optimizers."""
        super().save_own_variables(store)
        store["seed"] = np.array(self.seed)
        if self.average is not None:
            # For a model that is loaded without compiling it.
            store["averaging"] = self.average.averaging.to_array()
        for index, variable in enumerate(self._random_state()):
            store[f"random_state_{index}"] = ops.convert_to_numpy(variable.value)

    def load_own_variables(self, store: Any) -> None:
        """Keras' hook: the counterpart of `save_own_variables`."""
        if "averaging" in store.keys() and not self.compiled:
            self._average_with(Averaging.from_array(np.asarray(store["averaging"])))
        elif "averaging" not in store.keys() and self.average is not None:
            raise ValueError(
                "This GAN averages the generator's weights, and the file holds no average. Load "
                "it before `compile`, and the average begins at the weights that were loaded."
            )
        self.seed = int(np.asarray(store["seed"]))
        for index, variable in enumerate(self._random_state()):
            variable.assign(np.asarray(store[f"random_state_{index}"]))

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Save everything to a `.keras` file: networks, both optimizers, random state.

        The file is written whole or not at all.

        Args:
            filepath: path that ends in `.keras`.
            overwrite: whether a file that is there may be replaced.
            **kwargs: as in `keras.Model.save`.

        Raises:
            ValueError: if the path does not end in `.keras`.
            FileExistsError: if there is such a file and `overwrite` is False.
        """
        path = Path(filepath)
        if path.suffix != ".keras":
            raise ValueError(f"The file name must end in .keras. Received: {str(filepath)!r}.")
        if path.exists() and not overwrite:
            raise FileExistsError(f"{str(path)!r} exists; pass overwrite=True to replace it.")
        autodiff.sync(self)
        with atomic_write(path) as temporary:
            super().save(temporary, **kwargs)
