"""Sub-pixel upsampling: pixel shuffle, and the ICNR initializer that avoids checkerboards."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def _check_scale(scale):
    if type(scale) is not int or scale < 2:
        raise ValueError(
            f"`scale` must be a whole number of at least 2. Received: scale={scale!r}."
        )
    return scale


@keras.saving.register_keras_serializable("gankit")
class PixelShuffle(keras.layers.Layer):
    r"""Upsample images by turning groups of $r^2$ channels into squares of $r \times r$ pixels.

    $$y_{n,\; r h + i,\; r w + j,\; c} = x_{n,\; h,\; w,\; (r i + j)\,C + c},
    \qquad 0 \le i, j < r$$

    After a convolution to $r^2 C$ channels, it acts as a convolution with stride $1/r$ to $C$
    channels.

    Input shape:
        `(batch, height, width, scale**2 * channels)`.

    Output shape:
        `(batch, scale * height, scale * width, channels)`.

    Args:
        scale: upsampling factor $r$, at least 2.
        **kwargs: `name`, `dtype` and so on, as in any Keras layer.

    Raises:
        ValueError: if `scale` is not a whole number of at least 2, or the input does not have four
            axes and a number of channels that `scale**2` divides.

    Example:

    >>> import numpy as np
    >>> from gankit.layers.pixel_shuffle import PixelShuffle
    >>> pixels = PixelShuffle(2)(np.array([[[[1.0, 2.0, 3.0, 4.0]]]], "float32"))
    >>> [[float(value) for value in row] for row in pixels[0, :, :, 0]]
    [[1.0, 2.0], [3.0, 4.0]]

    Source: Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient
    Sub-Pixel Convolutional Neural Network" (2016), equation 4. The channels have the order
    of `tf.nn.depth_to_space`; PyTorch's `pixel_shuffle` reads channel $r^2 c + r i + j$ instead.
    """

    def __init__(self, scale: int = 2, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = _check_scale(scale)

    def build(self, input_shape):
        self._check(input_shape)

    def call(self, inputs):
        r = self.scale
        batch, height, width, channels = ops.shape(inputs)
        x = ops.reshape(inputs, (batch, height, width, r, r, channels // r**2))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (batch, height * r, width * r, channels // r**2))

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        batch, height, width, channels = input_shape
        larger = [None if size is None else size * self.scale for size in (height, width)]
        return (batch, *larger, channels // self.scale**2)

    def _check(self, input_shape):
        if len(input_shape) != 4 or input_shape[-1] is None or input_shape[-1] % self.scale**2:
            raise ValueError(
                "PixelShuffle needs an input of shape (batch, height, width, channels) whose "
                f"number of channels is a multiple of scale**2 = {self.scale**2}. "
                f"Received: input shape {tuple(input_shape)}."
            )

    def get_config(self):
        return super().get_config() | {"scale": self.scale}


@keras.saving.register_keras_serializable("gankit")
class ICNR(keras.initializers.Initializer):
    r"""Initialize a kernel so that its shuffled output starts as nearest-neighbor upsampling.

    The $r^2$ kernels whose channels form one square of pixels start equal:
    $W_{\dots,\; k C + c} = W'_{\dots,\; c}$ for $0 \le k < r^2$, with $W'$ from another
    initializer. Kernels that start different put a checkerboard of period $r$ into every image.

    Args:
        scale: upsampling factor $r$ of the `PixelShuffle` that follows, at least 2.
        initializer: initializer of $W'$.

    Raises:
        ValueError: if `scale` is not a whole number of at least 2, or the kernel's last axis is not
            a multiple of `scale**2`.

    Example:

    >>> import keras
    >>> from gankit.layers.pixel_shuffle import ICNR, PixelShuffle
    >>> convolution = keras.layers.Conv2D(4 * 3, 3, padding="same", kernel_initializer=ICNR(2))
    >>> upsampled = PixelShuffle(2)(convolution(keras.random.normal((1, 5, 5, 3))))
    >>> float(upsampled[0, 0, 0, 0] - upsampled[0, 1, 1, 0])
    0.0

    Source: Aitken et al., "Checkerboard artifact free sub-pixel convolution" (2017), section 3.
    The last axis of the kernel must count its outputs, as in `Conv2D` and `Dense`.
    """

    def __init__(self, scale: int = 2, initializer: Any = "glorot_uniform"):
        self.scale = _check_scale(scale)
        self.initializer = keras.initializers.get(initializer)

    def __call__(self, shape, dtype=None):
        channels, rest = divmod(shape[-1], self.scale**2)
        if rest:
            raise ValueError(
                f"ICNR needs a kernel whose last axis is a multiple of scale**2 = {self.scale**2}, "
                f"one kernel for each pixel of a square. Received: kernel shape {tuple(shape)}."
            )
        kernel = self.initializer((*shape[:-1], channels), dtype=dtype)
        return ops.tile(kernel, (*(1 for _ in shape[:-1]), self.scale**2))

    def get_config(self):
        return {"scale": self.scale, "initializer": keras.initializers.serialize(self.initializer)}
