"""`RootAdam`: Adam with epsilon inside the root, the optimizer of the semi-supervised GAN."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from gankit import checks


@keras.saving.register_keras_serializable("gankit")
class RootAdam(keras.optimizers.Adam):
    r"""Adam with $\epsilon$ inside the root, as in the code of the 2016 paper.

    $$\theta \leftarrow \theta - \eta \frac{\hat m}{\sqrt{\hat v + \epsilon}}$$

    With $\epsilon = 10^{-8}$ the denominator is never below $10^{-4}$, whereas that of Keras' Adam
    goes down to $10^{-7}$. The loss of feature matching approaches zero, so its gradients are tiny
    late in training. An optimizer that scales tiny gradients up to full steps diverges.

    Args:
        learning_rate: $\eta$, or a schedule.
        beta_1: decay of the mean of gradients.
        beta_2: decay of the mean of squares.
        epsilon: $\epsilon$, above 0.
        **kwargs: as in `keras.optimizers.Adam`.

    Raises:
        TypeError: if `beta_1`, `beta_2` or `epsilon` is not a number.
        ValueError: if `beta_1` or `beta_2` is not in [0, 1), `epsilon` is not above 0, or `amsgrad`
            is asked for.

    Example:

    >>> import keras
    >>> from gankit.models.root_adam import RootAdam
    >>> v = keras.Variable(0.0)
    >>> RootAdam(learning_rate=1.0, epsilon=3.0).apply([keras.ops.convert_to_tensor(1.0)], [v])
    >>> round(float(v), 4)  # 1 / sqrt(1 + 3)
    -0.5

    Source: the code of Salimans et al., "Improved Techniques for Training GANs" (2016); for Adam,
    Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015).
    """

    def __init__(
        self,
        learning_rate: Any = 0.003,
        beta_1: float = 0.5,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        **kwargs: Any,
    ):
        checks.check_number("beta_1", beta_1, 0, below=1)
        checks.check_number("beta_2", beta_2, 0, below=1)
        checks.check_number("epsilon", epsilon, above=0)
        if kwargs.get("amsgrad"):
            raise ValueError(
                f"RootAdam has no amsgrad. Received: amsgrad={kwargs['amsgrad']!r}. Leave it out."
            )
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable (Keras' hook)."""
        gradient = ops.cast(gradient, variable.dtype)
        step = ops.cast(self.iterations + 1, "float32")
        unbias = [1.0 - ops.power(beta, step) for beta in (self.beta_1, self.beta_2)]
        m = self._momentums[self._get_variable_index(variable)]
        v = self._velocities[self._get_variable_index(variable)]
        self.assign_add(m, (gradient - m) * (1.0 - self.beta_1))
        self.assign_add(v, (ops.square(gradient) - v) * (1.0 - self.beta_2))
        rate = ops.cast(learning_rate / unbias[0], variable.dtype)
        scale = ops.cast(1.0 / unbias[1], variable.dtype)
        self.assign_sub(variable, rate * m * ops.rsqrt(v * scale + self.epsilon))
