"""Gradients on TensorFlow, JAX and PyTorch: the one file that knows the backend.

A training step is written once, in `keras.ops`, over the primitives of this file:

| primitive | what it is for |
|---|---|
| `value_and_gradients` | a loss and its gradients with respect to some variables |
| `pullback` | a function's value now, and its gradients for a cotangent that is found later |
| `input_gradient` | the gradient of a function with respect to its input, differentiable again |
| `cond` | a branch that is really skipped, and may change variables |
| `frozen` | run a network without its batch statistics being moved |
| `add_gradients`, `apply_gradients` | sum gradients; let an optimizer change variables |
| `run_step` | Keras' `train_step`, whose signature differs on JAX |
| `global_batch`, `share_of_batch` | a replica's examples in the batch of all replicas |
| `fused_batch_normalization` | batch normalization in one kernel, where there is one |

TensorFlow and PyTorch change variables in place. JAX cannot: there, every variable that the step
changes is changed inside a `keras.StatelessScope`, and the new values are read out of the scope.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

__all__ = [
    "add_gradients",
    "apply_gradients",
    "cond",
    "frozen",
    "fused_batch_normalization",
    "global_batch",
    "input_gradient",
    "seed_layers",
    "pullback",
    "to_input_pipeline",
    "resolve_jit_compile",
    "run_step",
    "share_of_batch",
    "sync",
    "value_and_gradients",
]

_BACKEND = keras.backend.backend()
if _BACKEND == "tensorflow":
    import tensorflow as tf
elif _BACKEND == "jax":
    import jax
elif _BACKEND == "torch":
    import torch
else:
    raise ImportError(
        f"gankit needs a Keras backend with gradients: tensorflow, jax or torch. "
        f"Received: KERAS_BACKEND={_BACKEND!r}. Set KERAS_BACKEND to one of the three before "
        f"importing keras."
    )


class _Scope(keras.StatelessScope):
    """A stateless scope that sees the scope around it and remembers what was changed in it.

    Keras' own scope does neither, and a loss inside a step needs both: it reads variables that
    the step has already changed, and changes others (batch statistics, random state).
    """

    def __init__(self, state_mapping=None):
        super().__init__(state_mapping)
        self.changed = {}
        self.outer = None

    def __enter__(self):
        super().__enter__()
        self.outer = self.original_scope
        return self

    def add_update(self, update):
        super().add_update(update)
        self.changed[id(update[0])] = update[0]

    def get_current_value(self, variable):
        value = super().get_current_value(variable)
        if value is None and self.outer is not None:
            value = self.outer.get_current_value(variable)
        return value

    def updates(self):
        """The variables that were changed in the scope, and their new values."""
        variables = list(self.changed.values())
        return variables, [self.state_mapping[id(v)] for v in variables]


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class frozen:
    """Run `network` so that the call leaves its variables as they were.

    A discriminator step needs samples, and a generator step needs judgments; both call the other
    network in training mode, and neither may move its batch statistics. Random state is exempt:
    it advances, so that no two calls draw the same dropout mask.

    Args:
        network: a `keras.Layer`; variables of other objects are frozen inside the block too.

    Example:

    >>> import keras, gankit.autodiff as autodiff
    >>> norm = keras.layers.BatchNormalization()
    >>> x = keras.ops.ones((4, 2))
    >>> _ = norm(x)
    >>> with autodiff.frozen(norm):
    ...     _ = norm(x, training=True)
    >>> float(norm.moving_mean[0])
    0.0
    """

    def __init__(self, network: keras.Layer):
        weights = {id(v) for v in network.weights}
        self._random_state = [v for v in network.variables if id(v) not in weights]
        self._scope = _Scope()

    def __enter__(self) -> frozen:
        self._scope.__enter__()
        return self

    def __exit__(self, *exception) -> None:
        self._scope.__exit__(*exception)
        for variable in self._random_state:
            if id(variable) in self._scope.changed:
                variable.assign(self._scope.state_mapping[id(variable)])


# What the innermost `value_and_gradients` of this thread differentiates with respect to. Replicas
# are threads that take turns.
_asked = threading.local()


@contextlib.contextmanager
def _differentiating(tensors):
    before, _asked.tensors = getattr(_asked, "tensors", []), tensors
    try:
        yield
    finally:
        _asked.tensors = before


def value_and_gradients(
    loss: Callable[[], tuple[Any, Any]], variables: Sequence[keras.Variable]
) -> tuple[Any, list]:
    """Evaluate a loss and differentiate it with respect to `variables`, and nothing else.

    Args:
        loss: function without arguments that returns `(objective, extra)`: the scalar tensor to
            differentiate, and any nest of tensors to hand through.
        variables: the Keras variables to differentiate with respect to. Other variables that the
            loss changes (batch statistics, random state) keep their new values.

    Returns:
        `(extra, gradients)`, one gradient (or None) per variable.

    Example:

    >>> import keras, gankit.autodiff as autodiff
    >>> w = keras.Variable(3.0)
    >>> value, (gradient,) = autodiff.value_and_gradients(lambda: (w * w, w * w), [w])
    >>> float(value), float(gradient)
    (9.0, 6.0)
    """
    variables = list(variables)
    if _BACKEND == "tensorflow":
        tensors = [v.value for v in variables]
        with _differentiating(tensors), tf.GradientTape(watch_accessed_variables=False) as tape:
            for tensor in tensors:
                tape.watch(tensor)
            objective, extra = loss()
        return extra, tape.gradient(objective, tensors)
    if _BACKEND == "torch":
        with torch.enable_grad():
            objective, extra = loss()
            gradients = [None] * len(variables)
            if objective.requires_grad:  # else it depends on none of them, which is no error here
                gradients = torch.autograd.grad(
                    objective, [v.value for v in variables], allow_unused=True
                )
        return keras.tree.map_structure(lambda t: t.detach(), extra), list(gradients)

    changed = []

    def pure(values):
        with _Scope(zip(variables, values, strict=True)) as scope:
            objective, extra = loss()
        changed[:], new_values = scope.updates()
        return objective, (extra, new_values)

    gradients, (extra, new_values) = jax.grad(pure, has_aux=True)([v.value for v in variables])
    _assign(changed, new_values)
    return extra, gradients


def pullback(
    function: Callable[..., Any], variables: Sequence[keras.Variable], *inputs: Any
) -> tuple[list, Callable[[Sequence], tuple[list, list]]]:
    """Evaluate a function now and differentiate it later, once, when cotangents are known.

    Args:
        function: maps `inputs` to a list of tensors. Other variables that it changes (batch
            statistics, random state) keep their new values.
        variables: the Keras variables to differentiate with respect to.
        *inputs: floating-point tensors to differentiate with respect to as well.

    Returns:
        `(outputs, pull)`. `pull(cotangents)`, with one cotangent per output in its shape, gives
        the gradients of the sum of `outputs * cotangents`: two lists, one gradient (or None) per
        variable, and one per input.

    Example:

    >>> import keras, gankit.autodiff as autodiff
    >>> w = keras.Variable(3.0)
    >>> x = keras.ops.convert_to_tensor(2.0)
    >>> (y,), pull = autodiff.pullback(lambda x: [w * x], [w], x)
    >>> [float(g) for gradients in pull([10.0 * y]) for g in gradients]
    [120.0, 180.0]
    """
    variables, values = list(variables), [v.value for v in variables]
    if _BACKEND == "tensorflow":
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([*values, *inputs])
            outputs = function(*inputs)

        def gradients(cotangents):
            return tape.gradient(outputs, [*values, *inputs], output_gradients=list(cotangents))

    elif _BACKEND == "torch":
        with torch.enable_grad():
            inputs = [x.detach().requires_grad_() for x in inputs]
            attached = function(*inputs)
        outputs = [output.detach() for output in attached]

        def gradients(cotangents):
            return torch.autograd.grad(
                attached, [*values, *inputs], grad_outputs=list(cotangents), allow_unused=True
            )

    else:
        changed = []

        def pure(values, inputs):
            with _Scope(zip(variables, values, strict=True)) as scope:
                outputs = function(*inputs)
            changed[:], new_values = scope.updates()
            return list(outputs), new_values

        outputs, pull, new_values = jax.vjp(pure, values, list(inputs), has_aux=True)
        _assign(changed, new_values)

        def gradients(cotangents):
            of_variables, of_inputs = pull(list(cotangents))
            return [*of_variables, *of_inputs]

    def split(cotangents):
        found = list(gradients(cotangents))
        return found[: len(variables)], found[len(variables) :]

    return outputs, split


def input_gradient(function: Callable[[Any], Any], x: Any) -> Any:
    r"""Gradient of a function of each example with respect to that example.

    $$g_i = \nabla_{x_i} \sum_j f(x)_j$$

    which is $\nabla f(x_i)$ where $f$ couples no examples. The result can be differentiated again
    (with respect to weights that `function` uses), as gradient penalties need.

    Args:
        function: maps a tensor of shape `(batch, ...)` to a tensor of any shape.
        x: tensor of shape `(batch, ...)`, floating point.

    Returns:
        A tensor of the shape of `x`.

    Example:

    >>> import keras, gankit.autodiff as autodiff
    >>> x = keras.ops.convert_to_tensor([[1.0], [2.0]])
    >>> autodiff.input_gradient(lambda t: t**3, x).shape == x.shape
    True
    """
    x = ops.convert_to_tensor(x)
    if _BACKEND == "tensorflow":
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            value = ops.sum(function(x))
        return tape.gradient(value, x)
    if _BACKEND == "torch":
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            return torch.autograd.grad(ops.sum(function(x)), x, create_graph=True)[0]

    changed = []

    def pure(x):
        with _Scope() as scope:
            value = ops.sum(function(x))
        changed[:], new_values = scope.updates()
        return value, new_values

    gradient, new_values = jax.grad(pure, has_aux=True)(x)
    _assign(changed, new_values)
    return gradient


def add_gradients(first: Sequence, second: Sequence) -> list:
    """Sums of gradients of the same variables; None stands for zero, as everywhere here.

    Args:
        first: one gradient (or None) per variable.
        second: another one.
    """
    if _BACKEND == "tensorflow":  # gradients of an embedding are sparse there
        first, second = (
            [g if g is None else tf.convert_to_tensor(g) for g in gradients]
            for gradients in (first, second)
        )
    pairs = zip(first, second, strict=True)
    return [b if a is None else a if b is None else a + b for a, b in pairs]


def cond(condition: Any, function: Callable[[], Any]) -> Any:
    """Evaluate a scalar where a condition holds, and spend nothing on it where it does not.

    It works inside a compiled step, under XLA too. Gradients reach the variables that the
    `value_and_gradients` around it is asked for, as far as `function` itself computes with them:
    on TensorFlow, what was computed from them before is a constant to it. Variables that the
    function changes (batch statistics, random state) keep their new values; they are handed out of
    the branch, as a branch must not assign on JAX.

    Args:
        condition: boolean scalar, or tensor of one.
        function: function without arguments that returns a floating-point scalar.

    Returns:
        What `function` returns, or 0.

    Example:

    >>> import keras, gankit.autodiff as autodiff
    >>> x = keras.ops.convert_to_tensor(3.0)
    >>> [float(autodiff.cond(x > limit, lambda: x * x)) for limit in (2, 4)]
    [9.0, 0.0]
    """
    if _BACKEND == "torch":
        return function() if condition else ops.zeros(())
    tensors = getattr(_asked, "tensors", [])
    changed, dtypes = [], ["float32"]

    def taken():
        with _Scope() as scope:
            value, gradients = _value_with_gradients(function, tensors)
        changed[:], new_values = scope.updates()
        dtypes[:] = [value.dtype]
        return value, gradients, [ops.convert_to_tensor(v) for v in new_values]

    def left():
        # Traced after the other branch, so it knows what that one changes. Run eagerly, nothing is
        # traced, and only one of the two is called.
        value, gradients = ops.zeros((), dtypes[0]), [ops.zeros_like(t) for t in tensors]
        return value, gradients, [ops.convert_to_tensor(v) for v in changed]

    branch = jax.lax.cond if _BACKEND == "jax" else tf.cond
    value, gradients, new_values = branch(condition, taken, left)
    _assign(changed, new_values)
    return _with_gradients(value, gradients, tensors) if tensors else value


def _value_with_gradients(function, tensors):
    """A scalar, and its gradients where TensorFlow is asked for any.

    They are found inside the branch: XLA cannot compile TensorFlow's gradient of a branch around
    operations whose shapes are known only as the step runs, such as those of a batch.
    """
    if not tensors:
        return ops.convert_to_tensor(function()), []
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for tensor in tensors:
            tape.watch(tensor)
        value = tf.convert_to_tensor(function())
    gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
    return value, [tf.convert_to_tensor(gradient) for gradient in gradients]


def _with_gradients(value, gradients, tensors):
    """The value, which the tape around it takes to be a function with these gradients."""

    @tf.custom_gradient
    def known(*_):
        return tf.identity(value), lambda upstream: [upstream * g for g in gradients]

    return known(*(tf.convert_to_tensor(tensor) for tensor in tensors))


def apply_gradients(
    optimizer: keras.optimizers.Optimizer, gradients: Sequence, variables: Sequence[keras.Variable]
) -> None:
    """Let a built optimizer change `variables`.

    Args:
        optimizer: a Keras optimizer that was built on exactly these variables.
        gradients: one gradient (or None) per variable.
        variables: the variables.
    """
    if _BACKEND == "tensorflow":
        optimizer.apply(_clipped_together(optimizer, gradients), variables)
    elif _BACKEND == "torch":
        with torch.no_grad():
            optimizer.apply(gradients, variables)
    else:
        # Loss scaling branches on the gradients, and a branch may not assign under JAX: only the
        # stateless form of the optimizer is safe.
        new_values, new_state = optimizer.stateless_apply(
            [v.value for v in optimizer.variables], gradients, [v.value for v in variables]
        )
        _assign(variables, new_values)
        _assign(optimizer.variables, new_state)


def _clipped_together(optimizer, gradients):
    """Gradients of which the sum over replicas is clipped as on one device.

    Keras clips what each replica brings, and adds it up then. Here the sum is clipped first; of
    its equal shares, none is long enough to be clipped again.
    """
    replica = tf.distribute.get_replica_context()
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    clips = inner.clipnorm or inner.global_clipnorm or inner.clipvalue
    if not clips or replica is None or replica.num_replicas_in_sync == 1:
        return gradients
    sums = [
        g if g is None else replica.all_reduce("SUM", tf.convert_to_tensor(g)) for g in gradients
    ]
    scale = optimizer.scale_loss(1.0)
    clipped = inner._clip_gradients([g if g is None else g / scale for g in sums])
    share = scale / replica.num_replicas_in_sync
    return [g if g is None else g * share for g in clipped]


def run_step(step: Callable[[Any], dict], model: keras.Model, arguments: tuple) -> Any:
    """Run an imperative step as Keras' `train_step` of the backend.

    Args:
        step: function of one batch that changes variables and returns a dict of logs.
        model: the model whose variables (networks, `model.optimizer`, metrics) the step changes.
        arguments: what Keras passes to `train_step`: `(data,)`, or `(state, data)` on JAX.

    Returns:
        What Keras expects back: the logs, or `(logs, new_state)` on JAX.
    """
    if _BACKEND == "torch":
        return step(*arguments)
    if _BACKEND == "tensorflow":
        # At the end of the data, a graph would else run what needs no data (draw latents, count
        # the iteration) before it finds out that there is none.
        with tf.control_dependencies(tf.nest.flatten(arguments)):
            return step(*arguments)
    state, data = arguments
    groups = (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
    mapping = [
        pair
        for group, values in zip(groups, state, strict=True)
        for pair in zip(group, values, strict=True)
    ]
    with _Scope(mapping) as scope:
        logs = step(data)
        new_state = tuple([scope.get_current_value(v) for v in group] for group in groups)
    return logs, new_state


def global_batch(examples: Any) -> tuple[Any, Any]:
    """Where this replica's examples stand in the batch of all replicas.

    Args:
        examples: number of examples on this replica.

    Returns:
        `(start, total)`: the index of the first of them in the global batch, and the size of the
        global batch. `(0, examples)` where there is one replica. Under `keras.distribution` on
        JAX a batch is global already, so that is right there too.
    """
    if _BACKEND != "tensorflow":
        return 0, examples
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return 0, examples
    one_hot = tf.one_hot(replica.replica_id_in_sync_group, replica.num_replicas_in_sync)
    sizes = replica.all_reduce("SUM", one_hot * tf.cast(examples, "float32"))
    before = tf.range(replica.num_replicas_in_sync) < replica.replica_id_in_sync_group
    start = tf.reduce_sum(tf.where(before, sizes, 0.0))
    return tf.cast(start, "int32"), tf.cast(tf.reduce_sum(sizes), "int32")


def share_of_batch(examples: Any) -> Any:
    """The share of this replica's examples in the batch of all replicas, 1 where there is one.

    Keras' optimizers add the gradients of the replicas; with each replica's mean loss times its
    share, they add up to the gradient of the mean over the whole batch.

    Args:
        examples: number of examples on this replica.
    """
    _, total = global_batch(examples)
    if total is examples:
        return 1.0
    return ops.cast(examples, "float32") / ops.cast(total, "float32")


def resolve_jit_compile(jit_compile: bool | None) -> bool | str:
    """What to ask of Keras where the user did not choose whether to compile with XLA.

    TensorFlow on a CPU runs these networks no faster under XLA than as a plain graph, while the
    compilation costs seconds, so it is off there; elsewhere Keras' own rule holds.
    """
    if jit_compile is not None:
        return jit_compile
    if _BACKEND == "tensorflow" and not tf.config.list_physical_devices("GPU"):
        return False
    return "auto"


def to_input_pipeline(batches: Any, strategy: Any) -> Any:
    """What `fit` reads these batches from at the least cost: on TensorFlow, a `tf.data` pipeline.

    Replicas read ahead of each other there, so their batches come from Python as on the other
    backends.

    Args:
        batches: a `gankit.batches.Batches`.
        strategy: the model's `distribute_strategy`.
    """
    if _BACKEND != "tensorflow" or (strategy is not None and strategy.num_replicas_in_sync > 1):
        return batches
    return batches.pipeline(tf)


def fused_batch_normalization(
    maps: Any, gamma: Any, beta: Any, epsilon: float
) -> tuple[Any, Any, Any] | None:
    """Normalize maps by the statistics of their batch in one kernel.

    Args:
        maps: tensor of shape `(batch, height, width, channels)`.
        gamma: scale, float32 of shape `(channels,)`.
        beta: shift, like `gamma`.
        epsilon: added to the variance.

    Returns:
        `(outputs, mean, variance)` with the biased variance, or None where Keras' own operations
        are as quick: JAX fuses them, and PyTorch's kernel wants another layout.
    """
    if _BACKEND != "tensorflow" or len(maps.shape) != 4:
        return None
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=maps, scale=gamma, offset=beta, mean=[], variance=[], epsilon=epsilon, is_training=True
    )
    values = tf.cast(tf.size(maps) // tf.size(gamma), variance.dtype)
    return outputs, mean, variance * ((values - 1.0) / values)  # the kernel's is the unbiased one


def sync(model: keras.Model) -> None:
    """Bring the variables of a model up to date in the middle of an epoch.

    Keras' JAX trainer keeps the state outside the variables between the batches of an epoch.
    """
    if _BACKEND == "jax":
        model.jax_state_sync()


def seed_layers(network: keras.Layer) -> None:
    """Make every layer draw from a random state of its own, which files hold.

    On PyTorch, Keras lets a `Dropout` layer without a seed draw from PyTorch's global generator;
    no file holds its state, so a resumed run would draw other masks than an uninterrupted one.
    """
    if _BACKEND != "torch":
        return
    for layer in network._flatten_layers():
        for generator in layer._seed_generators:
            if generator._initial_seed is None:
                generator._initial_seed = int(generator.state.value[0])
