r"""One-stage training: both players' gradients from one forward and one backward pass.

The usual step runs the discriminator on generated examples twice, once for each player. Where it
judges each example by itself, once is enough. With $s_i$ the logit of the generated example
$\hat x_i$, both losses reach that example through the same factor:

$$\frac{\partial L_D}{\partial \hat x_i} = \frac{\partial L_D}{\partial s_i}
    \frac{\partial s_i}{\partial \hat x_i}, \qquad
  \frac{\partial L_G}{\partial \hat x_i} = \gamma_i \frac{\partial L_D}{\partial \hat x_i}, \qquad
  \gamma_i = \frac{\partial L_G / \partial s_i}{\partial L_D / \partial s_i}$$

So the gradient that arrives at the generated examples on the way back from $L_D$, multiplied by
$\gamma_i$, goes on through the generator as its own gradient. For symmetric losses (minimax,
Wasserstein) $\gamma = -1$ for all, whatever the discriminator is; for the others the ratio differs
from example to example, and examples must not be coupled.

Source: Shen et al., "Training Generative Adversarial Networks in One Stage" (2021). Departure:
where $\partial L_D / \partial s_i$ is zero or nearly so (the hinge loss beyond its margin), no
ratio can undo it; it is raised to $10^{-8}$ of $\partial L_G / \partial s_i$, and the
discriminator's gradient is off by as little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from gankit import autodiff

__all__ = ["backward", "constant_ratio", "cotangents", "couples_examples", "objection"]

_SMALLEST = 1e-8


def backward(
    loss: Any,
    ratio: float | None,
    generate: Callable[[], Any],
    judge: Callable[[Any], list],
    variables: Sequence[Sequence[keras.Variable]],
    scales: Sequence,
) -> tuple[Any, list, list]:
    """Both players' gradients, at the weights that both have now.

    Args:
        loss: the `AdversarialLoss`.
        ratio: its `constant_ratio`.
        generate: gives generated examples, as the discriminator sees them.
        judge: maps them to the logits of the real and of the generated examples.
        variables: trainable variables of the generator and of the discriminator.
        scales: what the generator's and the discriminator's losses are multiplied with.

    Returns:
        `(fake, logits, gradients)`: the generated examples, both kinds of logits, and the lists of
        gradients of the generator and of the discriminator.
    """
    (fake,), pull_generator = autodiff.pullback(lambda: [generate()], variables[0])
    logits, pull_discriminator = autodiff.pullback(judge, variables[1], fake)
    on_real, on_fake, gamma = cotangents(loss, ratio, *logits)
    cotangent = [
        ops.cast(scales[1] * gradient, of.dtype)
        for gradient, of in zip((on_real, on_fake), logits, strict=True)
    ]
    of_discriminator, (on_examples,) = pull_discriminator(cotangent)
    gamma = ops.convert_to_tensor(gamma * scales[0] / scales[1], "float32")
    if len(gamma.shape):
        gamma = ops.reshape(gamma, (-1, *(1 for _ in fake.shape[1:])))
    of_generator, _ = pull_generator([ops.cast(gamma, on_examples.dtype) * on_examples])
    return fake, logits, [of_generator, of_discriminator]


def cotangents(
    loss: Any, ratio: float | None, real_logits: Any, fake_logits: Any
) -> tuple[Any, Any, Any]:
    r"""Where the backward pass begins, and $\gamma$.

    Args:
        loss: the `AdversarialLoss`.
        ratio: its `constant_ratio`.
        real_logits: logits of real examples.
        fake_logits: logits of generated ones, of shape `(batch, 1)` where `ratio` is None.

    Returns:
        `(on_real, on_fake, gamma)`: the gradients of the discriminator's loss with respect to both
        kinds of logits, and $\gamma$, a number or of shape `(batch, 1)`; float32.
    """
    on_real, on_fake, of_generator = _logit_gradients(loss, real_logits, fake_logits)
    if ratio is not None:
        return on_real, on_fake, ratio
    least = _SMALLEST * ops.abs(of_generator)
    on_fake = ops.where(ops.abs(on_fake) < least, ops.where(on_fake < 0, -least, least), on_fake)
    # Both are zero where the generator's is.
    return on_real, on_fake, of_generator / ops.where(on_fake == 0, 1.0, on_fake)


def _logit_gradients(loss, real_logits, fake_logits):
    """Of the discriminator's loss by both kinds of logits; of the generator's by the second."""
    real, fake = ops.cast(real_logits, "float32"), ops.cast(fake_logits, "float32")
    compared = [real] if getattr(loss, "generator_needs_real", False) else []

    def gradient(objective, logits):
        # A loss need not look at these logits at all; its gradient is zero then, not missing.
        return autodiff.input_gradient(lambda x: objective(x) + 0.0 * ops.sum(x), logits)

    return (
        gradient(lambda logits: loss.discriminator(logits, fake), real),
        gradient(lambda logits: loss.discriminator(real, logits), fake),
        gradient(lambda logits: loss.generator(logits, *compared), fake),
    )


def constant_ratio(loss: Any) -> float | None:
    r"""$\gamma$ of a loss that has the same one for all logits, such as -1; else None.

    Args:
        loss: the `AdversarialLoss`, which is asked about a range of logits.
    """
    fake = np.linspace(-6.0, 6.0, 12, dtype="float32")[:, None]
    _, mine, others = _logit_gradients(loss, -fake[::-1] / 2, fake)
    mine, others = ops.convert_to_numpy(mine), ops.convert_to_numpy(others)
    largest = np.abs(mine).argmax()
    if mine.flat[largest] == 0:
        return None
    ratio = float(others.flat[largest] / mine.flat[largest])
    return ratio if np.allclose(others, ratio * mine, rtol=1e-5, atol=1e-8) else None


def objection(
    loss: Any, critic: Callable[[Any], Any], network: keras.Model, shape: Sequence[int | None]
) -> str | None:
    """Why a discriminator and a loss cannot be trained in one stage; None where they can.

    Args:
        loss: the `AdversarialLoss`.
        critic: function from examples to logits, in training mode, through `network`.
        network: the discriminator.
        shape: the shape of an example.
    """
    if constant_ratio(loss) is not None:
        return None
    name = type(loss).__name__
    if any(layer.compute_dtype == "float16" for layer in network._flatten_layers()):
        return (
            f"under {name} gradients are scaled up and down by large ratios, which float16 cannot "
            f"hold. Use the policy mixed_bfloat16, or a symmetric loss (minimax)."
        )
    if _probe(critic, network)(_examples(shape)).shape[1] > 1:
        return (
            f"under {name}, each logit has a ratio of gradients of its own, and this "
            f"discriminator gives an example more than one. Use a symmetric loss (minimax)."
        )
    if couples_examples(critic, network, shape):
        return (
            f"in this discriminator the examples of a batch change each other's logits, as under "
            f"batch normalization or minibatch discrimination. Use other layers, or a symmetric "
            f"loss (minimax, wasserstein) instead of {name}."
        )
    return None


def couples_examples(
    critic: Callable[[Any], Any], network: keras.Model, shape: Sequence[int | None]
) -> bool:
    """Whether the logit of an example depends on the other examples of the batch.

    Any layer may couple them, so the network is asked: one example of four is moved, in training
    mode, and the other logits must stay. That is done for examples far from each other and close
    together, and with weights that are moved at random, since those that are zero at first hide
    what they weigh.

    Args:
        critic: function from examples to logits, in training mode, through `network`.
        network: the discriminator. It is left as it was.
        shape: the shape of an example; 16 is tried where a size is None.
    """
    logits = _probe(critic, network)
    for spread in (1.0, 0.01):
        examples = _examples(shape, spread)
        moved = examples.copy()
        moved[0] = 2 * moved[0] - moved[1]
        before, after = logits(examples), logits(moved)
        if np.abs(after - before)[1:].max() > 1e-6 * np.abs(before).max():
            return True
    return False


def _examples(shape, spread=1.0):
    rng = np.random.default_rng(0)
    sizes = [16 if size is None else size for size in shape]
    return rng.normal(size=sizes) + spread * rng.normal(size=(4, *sizes))


def _probe(critic, network):
    """The logits of examples as a matrix; the network is left as it was."""
    rng = np.random.default_rng(0)
    weights = [
        (v, v.value + ops.cast(rng.normal(0.0, 0.1, v.shape), v.dtype))
        for v in network.trainable_variables
    ]

    def logits(examples):
        # Inside the scope nothing changes: not the statistics, and not the masks of dropout.
        with keras.StatelessScope(weights):
            found = critic(ops.convert_to_tensor(examples.astype("float32")))
        return ops.convert_to_numpy(found).astype("float32").reshape(len(examples), -1)

    return logits
