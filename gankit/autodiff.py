"""Gradients and steps on TensorFlow, JAX and PyTorch.

This file and `backend.py` are the only ones that name a backend.

A training step is written once, in `keras.ops`, over the primitives of this file:

| primitive | what it is for |
|---|---|
| `gradients_of_each` | several losses from one forward pass, each with gradients of its own |
| `value_and_gradients` | one loss and its gradients with respect to some variables |
| `input_gradient` | the gradient of a function with respect to its input, differentiable again |
| `cond` | a branch that is really skipped, and may change variables |
| `apply_gradients` | let an optimizer change variables |
| `as_train_step`, `outside_graph` | Keras' `train_step`, its signature and its metrics |

TensorFlow and PyTorch change variables in place. JAX cannot: there, every variable that the step
changes is changed inside a `keras.StatelessScope`, and the new values are read out of the scope.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

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


class VariableScope(keras.StatelessScope):
    """A stateless scope that sees the scope around it and remembers what was changed in it.

    Keras' own scope does neither, and a loss inside a step needs both: it reads variables that
    the step has already changed, and changes others (batch statistics, random state).
    """

    changed: dict | None = None

    def add_update(self, update):
        super().add_update(update)
        self.changed = self.changed or {}
        self.changed[id(update[0])] = update[0]

    def get_current_value(self, variable):
        value = super().get_current_value(variable)
        outer = self.original_scope
        if value is None and outer is not None:
            value = outer.get_current_value(variable)
        return value

    def updates(self, kept=None):
        """The variables that were changed in the scope, with their new values."""
        changed = (self.changed or {}).values()
        if kept is not None:
            changed = filter(kept, changed)
        return [(v, self.state_mapping[id(v)]) for v in changed]


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


# What the innermost `gradients_of_each` of this thread differentiates with respect to. Replicas are
# threads that take turns.
_asked = threading.local()


def gradients_of_each(
    losses: Callable[[], tuple[Sequence, Any]],
    groups: Sequence[Sequence[keras.Variable]],
    kept: Callable[[keras.Variable], bool] | None = None,
    constants: Sequence[keras.Variable] = (),
) -> tuple[Any, list[list]]:
    """Evaluate losses in one forward pass, and differentiate each with respect to its own group.

    Args:
        losses: function without arguments that returns `(values, extra)`: a scalar tensor for each
            group, and any nest of tensors to hand through.
        groups: lists of Keras variables; no variable is in two of them.
        kept: tells of a variable that the losses change (batch statistics, random state) whether it
            keeps its new value. None: all do.
        constants: variables that PyTorch need not remember operations for.

    Returns:
        `(extra, gradients)`: for each group a list of gradients, one (or None) per variable.

    Example:

    >>> import keras, gankit.autodiff as autodiff
    >>> x, y = keras.Variable(3.0), keras.Variable(2.0)
    >>> both = lambda: ([x * y, -x * y * y], ())
    >>> _, ((of_x,), (of_y,)) = autodiff.gradients_of_each(both, [[x], [y]])
    >>> float(of_x), float(of_y)
    (2.0, -12.0)
    """
    if _BACKEND == "jax":
        return _pulled_back(losses, groups, kept)
    tensors = [[v.value for v in group] for group in groups]
    scope = VariableScope()
    if _BACKEND == "torch":
        with torch.enable_grad(), _not_recorded(constants), scope:
            values, extra = losses()
        gradients = _torch_gradients(values, tensors)
        extra = keras.tree.map_structure(lambda t: t.detach(), extra)
    else:
        before = getattr(_asked, "tensors", [])
        _asked.tensors = [tensor for group in tensors for tensor in group]
        try:
            with tf.GradientTape(len(groups) > 1, watch_accessed_variables=False) as tape:
                tape.watch(_asked.tensors)
                with scope:
                    values, extra = losses()
        finally:  # where a loss is refused, the next branch must not ask for its variables
            _asked.tensors = before
        gradients = [tape.gradient(v, g) for v, g in zip(values, tensors, strict=True)]
    for variable, value in scope.updates(kept):
        variable.assign(value)
    return extra, gradients


def _torch_gradients(values, tensors):
    found = []
    for index, (value, group) in enumerate(zip(values, tensors, strict=True)):
        if value.requires_grad:  # else it depends on none of them, which is no error here
            more = index < len(values) - 1
            found.append(
                list(torch.autograd.grad(value, group, retain_graph=more, allow_unused=True))
            )
        else:
            found.append([None] * len(group))
    return found


@contextlib.contextmanager
def _not_recorded(constants):
    tensors = [t for t in (v.value for v in constants) if t.requires_grad]
    for tensor in tensors:
        tensor.requires_grad_(False)
    try:
        yield
    finally:
        for tensor in tensors:
            tensor.requires_grad_(True)


def _pulled_back(losses, groups, kept):
    """On JAX: one `vjp`, and a cotangent of 1 for one loss after the other."""
    changed = []

    def pure(tensors):
        pairs = [zip(*both, strict=True) for both in zip(groups, tensors, strict=True)]
        with VariableScope(itertools.chain(*pairs)) as scope:
            values, extra = losses()
        updates = scope.updates(kept)
        changed[:] = [variable for variable, _ in updates]
        return list(values), (extra, [value for _, value in updates])

    tensors = [[v.value for v in group] for group in groups]
    values, pull, (extra, new_values) = jax.vjp(pure, tensors, has_aux=True)
    gradients = []
    for index in range(len(groups)):
        ones = [ops.full_like(v, i == index) for i, v in enumerate(values)]
        gradients.append(pull(ones)[0][index])
    _assign(changed, new_values)
    return extra, gradients


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

    def losses():
        objective, extra = loss()
        return [objective], extra

    extra, (gradients,) = gradients_of_each(losses, [list(variables)])
    return extra, gradients


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
        with VariableScope() as scope:
            value = ops.sum(function(x))
        updates = scope.updates()
        changed[:] = [variable for variable, _ in updates]
        return value, [value for _, value in updates]

    gradient, new_values = jax.grad(pure, has_aux=True)(x)
    _assign(changed, new_values)
    return gradient


def cond(condition: Any, function: Callable[[], Any]) -> Any:
    """Evaluate a scalar where a condition holds, and spend nothing on it where it does not.

    It works inside a compiled step, under XLA too. Gradients reach the variables that the
    `gradients_of_each` around it is asked for, as far as `function` itself computes with them:
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
        with VariableScope() as scope:
            value, gradients = _value_with_gradients(function, tensors)
        updates = scope.updates()
        changed[:], dtypes[:] = [variable for variable, _ in updates], [value.dtype]
        return value, gradients, [ops.convert_to_tensor(v) for _, v in updates]

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
        optimizer.apply(gradients, variables)
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


def as_train_step(method: Callable[[Any, Any], dict]) -> Callable:
    """Make Keras' `train_step` of a method that takes a batch, changes variables and returns logs.

    Keras calls `train_step(data)`, and on JAX `train_step(state, data)`, where the state holds the
    values of the networks, of `model.optimizer` and of the metrics, and comes back changed.

    Args:
        method: a method of a `keras.Model`.
    """
    if _BACKEND == "torch":
        return method

    @functools.wraps(method)
    def in_order(self, data):
        # At the end of the data, a graph would else run what needs no data (draw latents, count
        # the iteration) before it finds out that there is none.
        with tf.control_dependencies([part for part in tf.nest.flatten(data) if part is not None]):
            return method(self, data)

    @functools.wraps(method)
    def with_state(self, state, data):
        groups = (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )
        mapping = [
            pair
            for group, values in zip(groups, state, strict=True)
            for pair in zip(group, values, strict=True)
        ]
        with VariableScope(mapping) as scope:
            logs = method(self, data)
            new_state = tuple([scope.get_current_value(v) for v in group] for group in groups)
        return logs, new_state

    return in_order if _BACKEND == "tensorflow" else with_state


def outside_graph() -> contextlib.AbstractContextManager:
    """Where state can be made while a step is traced: outside of TensorFlow's graph."""
    return tf.init_scope() if _BACKEND == "tensorflow" else contextlib.nullcontext()


def replica_context() -> Any:
    """TensorFlow's replica context where several replicas share a batch out; else None.

    Under `keras.distribution` on JAX a batch is global already.
    """
    if _BACKEND != "tensorflow":
        return None
    context = tf.distribute.get_replica_context()
    return None if context is None or context.num_replicas_in_sync == 1 else context


def replicas(model: keras.Model) -> int:
    """How many replicas share out each batch of a model.

    Args:
        model: the model.
    """
    strategy = getattr(model, "distribute_strategy", None)  # TensorFlow's trainer alone has one
    return 1 if strategy is None else strategy.num_replicas_in_sync


def to_input_pipeline(batches: Any, model: keras.Model, steps_per_epoch: int | None) -> Any:
    """Give `fit` the fastest form of these batches: on TensorFlow, a `tf.data` pipeline.

    Replicas read ahead of each other there, so their batches come from Python as on the other
    backends.

    Args:
        batches: a `gankit.feed.Batches`.
        model: the compiled game that they train.
        steps_per_epoch: None, or how many batches an epoch has where that is no whole pass.
    """
    if _BACKEND == "tensorflow" and model.draws.replicas == 1:
        pipeline = batches.pipeline(tf)
        return pipeline if steps_per_epoch is None else pipeline.repeat()
    return batches if steps_per_epoch is None else batches.endless()
