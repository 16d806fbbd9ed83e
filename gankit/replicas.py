"""Replicas: each has a part of a batch, and together they do what one device would do.

Under `tf.distribute` every replica runs the step on its own rows. Under `keras.distribution` on JAX
a batch is global already, so that all of this is the identity there, as on one device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from gankit import autodiff


def global_batch(examples: Any) -> tuple[Any, Any]:
    """Where this replica's examples stand in the batch of all replicas.

    Args:
        examples: number of examples on this replica.

    Returns:
        `(start, total)`: the index of the first of them in the global batch, and the size of the
        global batch. `(0, examples)` where there is one replica.
    """
    context = autodiff.replica_context()
    if context is None:
        return 0, examples
    replicas, here = context.num_replicas_in_sync, context.replica_id_in_sync_group
    one_hot = ops.one_hot(here, replicas)
    sizes = context.all_reduce("SUM", one_hot * ops.cast(examples, "float32"))
    start = ops.sum(ops.where(ops.arange(replicas) < here, sizes, 0.0))
    return ops.cast(start, "int32"), ops.cast(ops.sum(sizes), "int32")


def share_of_batch(examples: Any) -> Any:
    """The fraction of the batch of all replicas that is on this one: 1 where there is one replica.

    Keras' optimizers add the gradients of the replicas; with each replica's mean loss times its
    fraction, they add up to the gradient of the mean over the whole batch.

    Args:
        examples: number of examples on this replica.
    """
    _, total = global_batch(examples)
    if total is examples:
        return 1.0
    return ops.cast(examples, "float32") / ops.cast(total, "float32")


def clip_together(optimizer: keras.optimizers.Optimizer, gradients: Sequence) -> Sequence:
    """Clip the sum of the replicas' gradients, as one device would.

    Keras clips what each replica brings, and then adds. Here the gradients are added and clipped
    first, and each replica gets an equal fraction, which is too short to be clipped again.

    Args:
        optimizer: the optimizer that the gradients are for.
        gradients: this replica's gradients, or None.
    """
    context = autodiff.replica_context()
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if context is None or not (inner.clipnorm or inner.global_clipnorm or inner.clipvalue):
        return gradients
    sums = [
        g if g is None else context.all_reduce("SUM", ops.convert_to_tensor(g)) for g in gradients
    ]
    scale = optimizer.scale_loss(1.0)
    clipped = inner._clip_gradients([g if g is None else g / scale for g in sums])
    fraction = scale / context.num_replicas_in_sync
    return [g if g is None else g * fraction for g in clipped]
