"""What else differs between TensorFlow, JAX and PyTorch, besides gradients and steps."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras

from gankit.autodiff import VariableScope, replicas

_BACKEND = keras.backend.backend()
if _BACKEND == "tensorflow":
    import tensorflow as tf
elif _BACKEND == "jax":
    import jax
else:
    import torch


# What was compiled for a network, so that it need not be compiled for its next batch.
_compiled: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def inference(network: keras.Model, compiled: bool = True) -> Callable[[Any], Any]:
    """A network's outputs in inference mode as a function of its inputs, without gradients.

    Args:
        network: a built Keras model.
        compiled: whether to compile it, anew for inputs of another shape. It follows the network's
            weights. (PyTorch runs it as it is.)

    Example:

    >>> import keras, gankit.backend as backend
    >>> double = keras.Sequential([keras.Input((1,)), keras.layers.Rescaling(2.0)])
    >>> float(backend.inference(double)(keras.ops.ones((1, 1)))[0, 0])
    2.0
    """

    def run(inputs):
        with _no_gradients():
            return network(inputs, training=False)

    if _BACKEND == "torch" or not compiled:
        return run
    if network not in _compiled:
        reference = weakref.ref(network)  # the function must not keep its own key alive
        if _BACKEND == "tensorflow":
            jit = resolve_jit_compile(None) is True
            _compiled[network] = tf.function(
                lambda inputs: reference()(inputs, training=False), jit_compile=jit
            )
        else:
            _compiled[network] = jax.jit(
                lambda trained, others, inputs: reference().stateless_call(
                    trained, others, inputs, training=False
                )[0]
            )
    function = _compiled[network]
    if _BACKEND == "tensorflow":
        return function
    trained = [v.value for v in network.trainable_variables]
    others = [v.value for v in network.non_trainable_variables]
    return lambda inputs: function(trained, others, inputs)


@contextlib.contextmanager
def single_precision() -> Iterator[None]:
    """Build what is built inside the block in float32, whatever the global dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def without_state_updates(network: keras.Layer) -> Iterator[None]:
    """Run `network` so that the call leaves its variables as they were, and builds no graph.

    Random state is exempt: it advances, so that no two calls draw the same dropout mask.

    Args:
        network: a `keras.Layer`; variables of other objects keep their values inside the block too.

    Example:

    >>> import keras, gankit.backend as backend
    >>> norm = keras.layers.BatchNormalization()
    >>> x = keras.ops.ones((4, 2))
    >>> _ = norm(x)
    >>> with backend.without_state_updates(norm):
    ...     _ = norm(x, training=True)
    >>> float(norm.moving_mean[0])
    0.0
    """
    weights = {id(v) for v in network.weights}
    with _no_gradients(), VariableScope() as scope:
        yield
    for variable, value in scope.updates():
        if id(variable) not in weights:
            variable.assign(value)


def _no_gradients():
    return torch.no_grad() if _BACKEND == "torch" else contextlib.nullcontext()


def traces_first(model: keras.Model) -> bool:
    """Whether `trace_step` must find out what a step reports before the first one runs.

    On JAX the means that a step reports are part of the state that it takes, and under a strategy
    of TensorFlow they must be made before replicas run.

    Args:
        model: the model that will train.
    """
    return _BACKEND == "jax" or replicas(model) > 1


def trace_step(model: keras.Model, batch: Any) -> None:
    """Go through a step without taking it.

    Args:
        model: a compiled model with an `as_train_step`.
        batch: a batch such as it takes.
    """
    if _BACKEND == "jax":
        state = model._get_jax_state(
            trainable_variables=True,
            non_trainable_variables=True,
            optimizer_variables=True,
            metrics_variables=True,
        )
        jax.eval_shape(model.train_step, state, keras.tree.map_structure(jax.numpy.asarray, batch))
        return
    strategy = model.distribute_strategy
    step = tf.function(lambda data: strategy.run(model.train_step, (data,)), autograph=False)
    step.get_concrete_function(keras.tree.map_structure(tf.convert_to_tensor, batch))


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


def looked_at(pipeline: Any, look: Callable[..., Any]) -> Any:
    """The same batches of a `tf.data.Dataset`, after a Python function has seen each.

    Args:
        pipeline: the data set, on any backend.
        look: is called with the arrays of a batch.
    """
    import tensorflow as tf

    def see(*arrays: Any) -> Any:
        look(*arrays)
        return True

    def through(*batch: Any) -> Any:
        seen = tf.numpy_function(see, tf.nest.flatten(batch), tf.bool, stateful=True)
        with tf.control_dependencies([seen]):
            parts = tf.nest.map_structure(tf.identity, batch)
        return parts if len(parts) > 1 else parts[0]

    result = pipeline.map(through, deterministic=True)
    for name in {"position", "cardinality"} & vars(pipeline).keys():  # of `datasets.stream`
        setattr(result, name, getattr(pipeline, name))
    return result


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
