"""Spectral normalization: a layer whose weights stretch no vector, with one estimate per step."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["SpectralNormalization"]

_layers = keras.layers
_TRANSPOSED = (_layers.Conv1DTranspose, _layers.Conv2DTranspose, _layers.Conv3DTranspose)
_CONVOLUTIONS = (_layers.Conv1D, _layers.Conv2D, _layers.Conv3D, *_TRANSPOSED)


@keras.saving.register_keras_serializable("gankit")
class SpectralNormalization(keras.layers.Wrapper):
    r"""Divide the weights of a layer by their largest singular value, which is estimated.

    $$\bar W = W / \sigma(W, u), \qquad \sigma(W, u) = v^\top W u,
    \qquad v = W u / \lVert W u \rVert$$

    where $W$ has a column for each output of the layer. $u$ is the layer's estimate of the first
    right singular vector. It takes one step of the power iteration for each step of the optimizer:

    $$u \leftarrow W^\top W u / \lVert W^\top W u \rVert \quad \text{if } W \text{ has changed since
    the last update of } u$$

    So however often a step calls the layer (on real examples, on generated ones, for a penalty),
    the calls agree on $\bar W$; the weights themselves are never written to. $\sigma$ is
    differentiated through $W$, with $u$ and $v$ as constants.

    Whether $W$ has changed is found out by comparing $\max(m, n)$ of the $m \times n$ values with
    those of the last update, at least one in each row and each column. To compare values bit for
    bit cannot report a change where there was none. A change in none of these values would be
    missed, and $u$ wait for the next one, which costs accuracy in $\sigma$ but not agreement.
    Calls outside training make the same step of the iteration, and do not store it. As no step
    follows without a change, give a layer that is not trained more `power_iterations`.

    Input shape:
        That of the layer.

    Output shape:
        That of the layer.

    Args:
        layer: a `Dense`, an `Embedding`, or a convolution of 1 to 3 dimensions, transposed or not.
        power_iterations: power iterations per step of the optimizer, at least 1.
        **kwargs: `name` and so on, as in any Keras layer. The estimate is made in float32;
            the inputs and outputs have the dtype of `layer`.

    Raises:
        ValueError: if `layer` is another layer, or `power_iterations` is no whole number of at
            least 1.

    Example:

    >>> import keras
    >>> from gankit.layers.spectral_normalization import SpectralNormalization
    >>> ten_times = keras.initializers.Identity(gain=10.0)
    >>> layer = SpectralNormalization(keras.layers.Dense(3, kernel_initializer=ten_times))
    >>> outputs = layer(keras.ops.eye(3))
    >>> keras.ops.convert_to_numpy(outputs).round(4).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]

    Source: Miyato et al., "Spectral Normalization for Generative Adversarial Networks" (2018),
    section 2.1 and algorithm 1. Departures: the authors' code iterates at each call, so that $D(x)$
    and $D(G(z))$ of one step are judged with different weights; $\sigma$ uses the $v$ that belongs
    to the new $u$, not to the old one. A convolution's kernel becomes a matrix of inputs (and
    positions) by outputs, for transposed convolutions too.
    """

    def __init__(self, layer: keras.Layer, power_iterations: int = 1, **kwargs: Any):
        if not isinstance(layer, (keras.layers.Dense, keras.layers.Embedding, *_CONVOLUTIONS)):
            raise ValueError(
                "`layer` must be a Dense, Embedding or convolution layer, transposed or not. "
                f"Received: layer={layer!r}."
            )
        # Float32 and no casts: the wrapper reads the weights as they are stored, and the layer
        # casts its inputs to a dtype of its own.
        super().__init__(layer, **(kwargs | {"dtype": "float32", "autocast": False}))
        good = isinstance(power_iterations, int) and not isinstance(power_iterations, bool)
        if not good or power_iterations < 1:
            raise ValueError(
                "`power_iterations` must be a whole number of at least 1. "
                f"Received: power_iterations={power_iterations!r}."
            )
        self.power_iterations = power_iterations

    def build(self, input_shape):
        super().build(input_shape)
        rows, columns = self._matrix().shape
        self.u = self.add_weight(
            shape=(columns,),
            initializer="random_normal",
            trainable=False,
            aggregation="only_first_replica",
            name="u",
        )
        self.seen = self.add_weight(
            shape=(max(rows, columns),),
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="seen",
        )

    def call(self, inputs, training=False):
        matrix = self._matrix()
        sample = self._sample(matrix)
        u = self._estimate(matrix, sample)
        if training:
            self.u.assign(u)
            self.seen.assign(sample)
        kernel = self._kernel()
        mapping = [(v, v) for v in self.layer.variables]
        mapping += [(kernel, kernel / self._sigma(matrix, u))]
        with keras.StatelessScope(mapping, collect_losses=True) as scope:
            outputs = self.layer(inputs)
        for loss in scope.losses:
            self.add_loss(loss)
        return outputs

    def normalized_kernel(self) -> Any:
        """The weights that the next call of the layer uses, as a float32 tensor."""
        matrix = self._matrix()
        u = self._estimate(matrix, self._sample(matrix))
        return ops.cast(self._kernel(), "float32") / self._sigma(matrix, u)

    def _estimate(self, matrix, sample):
        """u for these weights: one update on from the stored one, if they have changed."""
        matrix, stored = ops.stop_gradient(matrix), ops.convert_to_tensor(self.u)
        u = stored
        for _ in range(self.power_iterations):
            u = _unit(ops.matmul(_unit(ops.matmul(matrix, u)), matrix))
        changed = ops.any(ops.not_equal(sample, ops.convert_to_tensor(self.seen)))
        return ops.stop_gradient(ops.where(changed, u, stored))

    @staticmethod
    def _sigma(matrix, u):
        product = ops.matmul(matrix, u)
        sigma = ops.sum(ops.stop_gradient(_unit(product)) * product)
        return ops.maximum(sigma, 1e-12)  # weights of zero stay zero

    @staticmethod
    def _sample(matrix):
        rows, columns = matrix.shape
        index = ops.arange(max(rows, columns), dtype="int32")
        flat = ops.reshape(ops.stop_gradient(matrix), (-1,))
        return ops.take(flat, (index % rows) * columns + index % columns)

    def _kernel(self):
        embedding = isinstance(self.layer, keras.layers.Embedding)
        return self.layer.embeddings if embedding else self.layer.kernel

    def _matrix(self):
        """The weights as a float32 matrix with a column for each output."""
        kernel = ops.cast(self._kernel(), "float32")
        if isinstance(self.layer, _TRANSPOSED):
            kernel = ops.swapaxes(kernel, -1, -2)
        return ops.reshape(kernel, (-1, kernel.shape[-1]))

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, inputs, training=False):
        return self.layer.compute_output_spec(inputs)

    def get_config(self):
        return super().get_config() | {"power_iterations": self.power_iterations}


def _unit(vector):
    return vector / ops.maximum(ops.sqrt(ops.sum(ops.square(vector))), 1e-12)
