"""Weight normalization: the weights of each output as a length times a direction."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("gankit")
class WeightNormalization(keras.layers.Wrapper):
    r"""Learn the length and the direction of the weights of each output separately.

    $$w_c = g_c\, \frac{v_c}{\lVert v_c \rVert}$$

    for each output (unit or channel) $c$. $v$ is the kernel of the wrapped layer. $g$ is a weight
    of the wrapper and starts at $\lVert v_c \rVert$, so that wrapping a layer does not change its
    outputs. `initialize` then sets $g$ and the bias from a batch of data.

    Input shape:
        The input shape of the layer.

    Output shape:
        The output shape of the layer.

    Args:
        layer: a `Dense`, `Conv2D` or `Conv2DTranspose`.
        train_scale: whether $g$ is trained. False keeps the initial lengths.
        **kwargs: `name` and so on, as in any Keras layer. The weights are normalized in float32;
            the inputs and outputs have the dtype of `layer`.

    Raises:
        TypeError: if `train_scale` is not True or False.
        ValueError: if `layer` has another type.

    Example:

    >>> import keras
    >>> from gankit.layers.weight_normalization import WeightNormalization, initialize
    >>> model = keras.Sequential([keras.Input((6,)), WeightNormalization(keras.layers.Dense(3))])
    >>> batch = 5 + keras.random.normal((100, 6), seed=0)
    >>> initialize(model, batch)
    >>> outputs = keras.ops.convert_to_numpy(model(batch))
    >>> bool(abs(outputs.mean()) < 1e-5), bool(abs(outputs.std() - 1) < 1e-5)
    (True, True)

    Source: Salimans and Kingma, "Weight Normalization" (2016), sections 2 and 3. Salimans et al.,
    "Improved Techniques for Training GANs" (2016), do not train the scale in any layer of their
    discriminator except the last (authors' code).
    """

    def __init__(self, layer: keras.Layer, train_scale: bool = True, **kwargs: Any):
        kinds = (keras.layers.Dense, keras.layers.Conv2D, keras.layers.Conv2DTranspose)
        if not isinstance(layer, kinds):
            raise ValueError(
                f"`layer` must be a Dense, Conv2D or Conv2DTranspose. Received: layer={layer!r}."
            )
        # Float32 and no autocast: the wrapper reads the weights as they are stored, and the layer
        # casts its inputs to its own dtype.
        super().__init__(layer, **(kwargs | {"dtype": "float32", "autocast": False}))
        if not isinstance(train_scale, bool):
            raise TypeError(
                f"`train_scale` must be True or False. Received: train_scale={train_scale!r}."
            )
        self.train_scale = train_scale
        self._to_initialize = False

    def build(self, input_shape):
        super().build(input_shape)
        self.g = self.add_weight(
            shape=(self.layer.kernel.shape[self._axis],),
            initializer=lambda shape, dtype=None: ops.reshape(self._lengths(), shape),
            trainable=self.train_scale,
            name="g",
        )

    @property
    def _axis(self):
        """Axis of the kernel that counts the outputs."""
        return -2 if isinstance(self.layer, keras.layers.Conv2DTranspose) else -1

    def _lengths(self):
        kernel = ops.cast(self.layer.kernel, "float32")
        axes = [axis for axis in range(len(kernel.shape)) if axis != len(kernel.shape) + self._axis]
        return ops.sqrt(ops.sum(ops.square(kernel), axis=axes, keepdims=True))

    def normalized_kernel(self) -> Any:
        """Compute the weights $w$ that the layer uses, as a float32 tensor."""
        lengths = self._lengths()
        g = ops.reshape(self.g, lengths.shape)
        return ops.cast(self.layer.kernel, "float32") * (g / ops.maximum(lengths, 1e-12))

    def call(self, inputs):
        if self._to_initialize:
            self._initialize(inputs)
        mapping = [(v, v) for v in self.layer.variables]
        mapping += [(self.layer.kernel, self.normalized_kernel())]
        with keras.StatelessScope(mapping, collect_losses=True) as scope:
            outputs = self.layer(inputs)
        for loss in scope.losses:
            self.add_loss(loss)
        return outputs

    def _initialize(self, inputs):
        """Choose g and the bias so that each output has mean 0 and variance 1, before activation.

        For t = v x / |v|: g = 1 / std(t), b = -mean(t) / std(t).
        """
        self._to_initialize = False
        self.g.assign(ops.ones(self.g.shape))
        linear = self.layer.get_config() | {"activation": "linear", "use_bias": False}
        linear = type(self.layer).from_config(linear)
        linear.build(inputs.shape)
        linear.kernel.assign(self.normalized_kernel())
        outputs = ops.cast(linear(inputs), "float32")
        axes = tuple(range(len(outputs.shape) - 1))
        mean, variance = ops.mean(outputs, axis=axes), ops.var(outputs, axis=axes)
        varies = variance > 1e-10 * ops.square(mean)  # by more than rounding errors
        constant = int(ops.sum(ops.cast(ops.logical_not(varies), "int32")))
        if constant:
            raise ValueError(
                f"Every output of {self.name!r} must vary over the batch to get variance 1. "
                f"Received: a batch over which {constant} of the {len(variance)} outputs do not "
                "vary. Initialize from a larger batch, of at least two different examples without "
                "NaN."
            )
        g = ops.rsqrt(variance)
        self.g.assign(g)
        if self.layer.use_bias:
            self.layer.bias.assign(-mean * g)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, inputs):
        return self.layer.compute_output_spec(inputs)

    def get_config(self):
        return super().get_config() | {"train_scale": self.train_scale}


def initialize(model: keras.Model, batch: Any) -> None:
    """Set the scales and biases of all weight-normalized layers of a model from a batch of data.

    The batch runs through the model once, in training mode (with noise and dropout). On the way,
    each weight-normalized layer chooses its scale and bias so that its outputs on this batch have
    mean 0 and variance 1 before the activation. The next layer receives the result. A layer without
    bias gets variance 1, but not mean 0.

    Args:
        model: a built model, before training.
        batch: inputs of the model, some hundred examples.

    Raises:
        ValueError: if the model has no weight-normalized layer or does not use one of them, or if
            an output of one does not vary over the batch.

    Example: see `WeightNormalization`.

    Source: Salimans and Kingma, "Weight Normalization" (2016), section 3.
    """
    parts = model._flatten_layers() if isinstance(model, keras.Layer) else []
    layers = [part for part in parts if isinstance(part, WeightNormalization)]
    if not layers:
        raise ValueError(
            f"`model` must have weight-normalized layers. Received: model={model!r}. Wrap its "
            "layers in WeightNormalization."
        )
    try:
        for layer in layers:
            layer._to_initialize = True
        model(batch, training=True)
        missed = [layer.name for layer in layers if layer._to_initialize]
    finally:
        for layer in layers:
            layer._to_initialize = False
    if missed:
        raise ValueError(
            "A call of the model must use all its weight-normalized layers. Received: a model that "
            f"does not use {missed}."
        )
