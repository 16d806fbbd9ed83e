"""Spectral normalization: weights with largest singular value 1, estimated once per step."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_layers = keras.layers
_TRANSPOSED = (_layers.Conv1DTranspose, _layers.Conv2DTranspose, _layers.Conv3DTranspose)
_CONVOLUTIONS = (_layers.Conv1D, _layers.Conv2D, _layers.Conv3D, *_TRANSPOSED)


@keras.saving.register_keras_serializable("gankit")
class SpectralNormalization(keras.layers.Wrapper):
    r"""Divide the weights of a layer by an estimate of their largest singular value.

    $$\bar W = W / \sigma(W, u), \qquad \sigma(W, u) = v^\top W u,
    \qquad v = W u / \lVert W u \rVert$$

    where $W$ has a column for each output of the layer. $u$ is the layer's estimate of the first
    right singular vector. It takes one step of the power iteration for each step of the optimizer:

    $$u \leftarrow W^\top W u / \lVert W^\top W u \rVert \quad \text{if } W \text{ has changed since
    the last update of } u$$

    A step may call the layer several times (on real examples, on generated ones, for a penalty);
    all these calls use the same $\bar W$. The layer never overwrites the weights. The gradient of
    $\sigma$ flows through $W$ and treats $u$ and $v$ as constants.

    To detect a change, the layer compares a sample of $\max(m, n)$ of the $m \times n$ values with
    the same values at the last update. The sample has at least one value in each row and each
    column, and the comparison is exact, so it never reports a change that did not happen. It misses
    a change that leaves the whole sample as it was. Then $u$ waits for the next change, and
    $\sigma$ is less accurate, but the calls of a step still agree. Calls outside training compute
    the same iteration and do not store it. The iteration stops as soon as $W$ stops changing, so
    give a layer that is not trained more `power_iterations`.

    Input shape:
        The input shape of the layer.

    Output shape:
        The output shape of the layer.

    Args:
        layer: a `Dense`, an `Embedding`, or a convolution of 1 to 3 dimensions, transposed or not.
        power_iterations: power iterations per step of the optimizer, at least 1.
        **kwargs: `name` and so on, as in any Keras layer. The estimate is computed in float32;
            the inputs and outputs have the dtype of `layer`.

    Raises:
        ValueError: if `layer` has another type, or `power_iterations` is not a whole number of at
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
    section 2.1 and algorithm 1. Departures: the authors' code iterates at each call, so $D(x)$ and
    $D(G(z))$ of one step use different weights; here they use the same. $\sigma$ uses the $v$ that
    belongs to the new $u$, not to the old one. The kernel of a convolution, transposed or not,
    becomes a matrix with a row for each input and position and a column for each output.
    """

    def __init__(self, layer: keras.Layer, power_iterations: int = 1, **kwargs: Any):
        if not isinstance(layer, (keras.layers.Dense, keras.layers.Embedding, *_CONVOLUTIONS)):
            raise ValueError(
                "`layer` must be a Dense, Embedding or convolution layer, transposed or not. "
                f"Received: layer={layer!r}."
            )
        # Float32 and no autocast: the wrapper reads the weights as they are stored, and the layer
        # casts its inputs to its own dtype.
        super().__init__(layer, **(kwargs | {"dtype": "float32", "autocast": False}))
        if type(power_iterations) is not int or power_iterations < 1:
            raise ValueError(
                "`power_iterations` must be a whole number of at least 1. "
                f"Received: power_iterations={power_iterations!r}."
            )
        self.power_iterations = power_iterations

    def build(self, input_shape):
        super().build(input_shape)
        rows, columns = self._matrix().shape
        options = {"trainable": False, "aggregation": "only_first_replica"}
        self.u = self.add_weight((columns,), "random_normal", name="u", **options)
        sample = (max(rows, columns),)
        self.last_sample = self.add_weight(sample, "zeros", name="last_sample", **options)

    def call(self, inputs, training=False):
        matrix = self._matrix()
        sample = self._sample(matrix)
        u = self._next_u(matrix, sample)
        if training:
            self.u.assign(u)
            self.last_sample.assign(sample)
        kernel = self._kernel()
        mapping = [(v, v) for v in self.layer.variables]
        mapping += [(kernel, kernel / self._sigma(matrix, u))]
        with keras.StatelessScope(mapping, collect_losses=True) as scope:
            outputs = self.layer(inputs)
        for loss in scope.losses:
            self.add_loss(loss)
        return outputs

    def normalized_kernel(self) -> Any:
        """Compute the weights that the next call of the layer uses, as a float32 tensor."""
        matrix = self._matrix()
        u = self._next_u(matrix, self._sample(matrix))
        return ops.cast(self._kernel(), "float32") / self._sigma(matrix, u)

    def _next_u(self, matrix, sample):
        """Return u after one update if the weights have changed, otherwise the stored u."""
        matrix, stored = ops.stop_gradient(matrix), ops.convert_to_tensor(self.u)
        u = stored
        for _ in range(self.power_iterations):
            u = _unit(ops.matmul(_unit(ops.matmul(matrix, u)), matrix))
        changed = ops.any(ops.not_equal(sample, ops.convert_to_tensor(self.last_sample)))
        return ops.stop_gradient(ops.where(changed, u, stored))

    @staticmethod
    def _sigma(matrix, u):
        product = ops.matmul(matrix, u)
        sigma = ops.sum(ops.stop_gradient(_unit(product)) * product)
        return ops.maximum(sigma, 1e-12)  # weights of zero stay zero

    @staticmethod
    def _sample(matrix):
        """Take max(rows, columns) of the weights, at least one from each row and each column."""
        rows, columns = matrix.shape
        index = ops.arange(max(rows, columns), dtype="int32")
        flat = ops.reshape(ops.stop_gradient(matrix), (-1,))
        return ops.take(flat, (index % rows) * columns + index % columns)

    def _kernel(self):
        embedding = isinstance(self.layer, keras.layers.Embedding)
        return self.layer.embeddings if embedding else self.layer.kernel

    def _matrix(self):
        """Return the weights as a float32 matrix with a column for each output."""
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
