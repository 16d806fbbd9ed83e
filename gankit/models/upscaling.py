"""`upscale`: a super-resolution network applied to a picture of any size, tile by tile."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from gankit import backend, checks
from gankit.gan import TwoPlayerGame
from gankit.layers.pixel_shuffle import PixelShuffle
from gankit.models._building import check_network
from gankit.resampling import bicubic_upscale

_LOCAL = (
    layers.Activation,
    layers.Add,
    layers.BatchNormalization,
    layers.Dropout,
    layers.Identity,
    layers.InputLayer,
    layers.LeakyReLU,
    layers.PReLU,
    layers.ReLU,
)


def receptive_radius(network: keras.Model) -> int:
    """Find how far around a pixel of the result a network looks, in pixels of the input.

    A convolution of side k looks (k - 1) / 2 of its own pixels far, and after a shuffle a pixel is
    `scale` times smaller. The radius is the sum over all convolutions, rounded up. A bilinear
    enlargement beside them looks one pixel far.

    Args:
        network: a functional model of convolutions of stride 1, `PixelShuffle`, `UpSampling2D` and
            layers that treat each pixel alone, such as `build_generator` makes.

    Returns:
        Pixels on each side, an upper bound where the network has branches.

    Raises:
        TypeError: if it is no such model.
        ValueError: if it has a layer of another kind, which might look anywhere.

    Example:

    >>> from gankit.models.srgan_networks import LIGHT, build_generator
    >>> from gankit.models.upscaling import receptive_radius
    >>> receptive_radius(build_generator(4)), receptive_radius(build_generator(4, **LIGHT))
    (40, 19)
    """
    check_network("network", network)
    radius, pixel, least = 0.0, 1.0, 0
    for layer in network.layers:
        if isinstance(layer, layers.Conv2D) and tuple(layer.strides) == (1, 1):
            reach = max(
                (k - 1) * d for k, d in zip(layer.kernel_size, layer.dilation_rate, strict=True)
            )
            radius += pixel * reach / 2
        elif isinstance(layer, PixelShuffle):
            pixel /= layer.scale
        elif isinstance(layer, layers.UpSampling2D):
            least = 1
        elif not isinstance(layer, _LOCAL):
            raise ValueError(
                f"The receptive field of a layer is unknown. Received: a network with the layer "
                f"{layer.name!r} ({type(layer).__name__}). Pass `overlap`, in pixels of the input, "
                f"or enlarge the picture as a whole."
            )
    return max(math.ceil(radius), least)


def upscale(
    image: Any,
    model: keras.Model,
    tile: int = 256,
    overlap: int | None = None,
    scale: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Enlarge a picture of any size, tile by tile, without seams and in bounded memory.

    Tiles overlap by as much as the network looks around a pixel, and only the inner part of each is
    kept, so the result equals that of the whole picture at once. Memory holds the result and one
    tile.

    A network for color takes a gray picture as three equal channels, and the mean of its outputs is
    the result. A network for gray takes the channels of a color picture one by one. Alpha, a
    second or fourth channel, is enlarged by `bicubic_upscale`.

    Args:
        image: uint8 in 0..255 or floats in [-1, 1], shape `(height, width)` or `(height, width,
            channels)` with 1 channel (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGB and alpha).
        model: an `SRGAN` (its averaged generator, where it has one), or a generator such as
            `build_generator` makes.
        tile: side of the tiles in pixels of the input, more than twice the overlap. A picture
            that is smaller is one tile.
        overlap: pixels of the input to look at around a tile. None: `receptive_radius`. A smaller
            overlap saves time and leaves seams.
        scale: what you expect the model to enlarge by; None: whatever it was trained for.
        progress: called with the number of tiles done, and of all tiles, after each.

    Returns:
        Array of the same dtype and axes, its sides `scale` times as large.

    Raises:
        TypeError: if the image is neither uint8 nor floats, or `model` no such model.
        ValueError: for another shape, floats outside [-1, 1], a `scale` that is not the model's,
            a tile that is too small, a model whose reach is not known.

    Example:

    >>> import numpy as np
    >>> from gankit.models.srgan_networks import LIGHT, build_generator
    >>> from gankit.models.upscaling import upscale
    >>> picture = np.random.default_rng(0).integers(0, 256, (50, 70, 4), "uint8")
    >>> upscale(picture, build_generator(2, **LIGHT), tile=48).shape
    (100, 140, 4)
    """
    network = model.generator_for(None) if isinstance(model, TwoPlayerGame) else model
    factor = _factor(network, scale)
    pixels = _check_picture(image)
    if progress is not None:
        checks.check_function("progress", progress, "two counts")
    overlap = receptive_radius(network) if overlap is None else overlap
    overlap = checks.check_count("overlap", overlap, minimum=0)
    if checks.check_count("tile", tile) <= 2 * overlap:
        raise ValueError(
            f"A tile must be larger than twice the overlap, {2 * overlap} pixels here. "
            f"Received: tile={tile}."
        )
    height, width, channels = pixels.shape
    result = np.empty((height * factor, width * factor, channels), pixels.dtype)
    rows, columns = _tiles(height, tile, overlap), _tiles(width, tile, overlap)
    count = len(rows) * len(columns)
    colors = channels - 1 if channels in (2, 4) else channels
    for number, (row, column) in enumerate(itertools.product(rows, columns), start=1):
        (top, first_row), (left, first_column) = row, column
        part = pixels[top : top + tile, left : left + tile]
        # Compiling for a single tile does not pay, since each picture has its own shape.
        large = _enlarged(network, part[..., :colors], compiled=count > 1)
        if colors < channels:
            alpha = bicubic_upscale(part[..., colors:], factor)
            large = np.concatenate([large, alpha], axis=-1)
        # The margin below and to the right stays until the next tiles write over it.
        kept = large[(first_row - top) * factor :, (first_column - left) * factor :]
        place = result[first_row * factor :, first_column * factor :]
        place[: kept.shape[0], : kept.shape[1]] = kept
        if progress is not None:
            progress(number, count)
    return result.reshape(*result.shape[:2], *np.shape(image)[2:])


def _tiles(length: int, tile: int, overlap: int) -> list[tuple[int, int]]:
    """Cover a line with tiles of one length, so that a network is compiled once.

    Returns:
        For each tile where it begins, and from where on it counts.
    """
    starts = [*range(0, length - tile, tile - 2 * overlap), max(length - tile, 0)]
    firsts = [0, *(start + tile - overlap for start in starts[:-1])]
    return list(zip(starts, firsts, strict=True))


def _enlarged(network: keras.Model, part: np.ndarray, compiled: bool) -> np.ndarray:
    """Enlarge a tile of bytes or floats, in gray or color, by a network for gray or for color."""
    channels = part.shape[-1]
    x = part[None].astype("float32")
    x = x / 127.5 - 1.0 if part.dtype == np.uint8 else x
    if channels < network.input_shape[-1]:
        x = np.repeat(x, 3, axis=-1)
    elif channels > network.input_shape[-1]:
        x = np.moveaxis(x, -1, 0)[:, 0, :, :, None]
    y = backend.inference(network, compiled)(ops.convert_to_tensor(x))
    y = np.asarray(ops.convert_to_numpy(y), "float32").clip(-1, 1)
    # Colors of a gray picture are averaged, and colors that were made one by one come together.
    y = np.moveaxis(y, 0, 2).reshape(*y.shape[1:3], channels, -1).mean(axis=-1)
    if part.dtype == np.uint8:
        y = np.floor((y + 1.0) * 127.5 + 0.5)
    return y.astype(part.dtype)


def _factor(network: keras.Model, scale: int | None) -> int:
    """Return by how much a network enlarges, or refuse one for other pictures or another scale."""
    check_network("model", network)
    shape = network.input_shape
    if len(shape) != 4 or shape[-1] not in (1, 3) or network.output_shape[-1] != shape[-1]:
        raise ValueError(
            f"`model` must take and make pictures of 1 or 3 channels. Received: a model from shape "
            f"{shape} to {network.output_shape}."
        )
    factor = network.compute_output_shape((1, 64, 64, shape[-1]))[1] // 64
    if scale is not None and checks.check_count("scale", scale) != factor:
        raise ValueError(
            f"This model was trained to enlarge by {factor}, and by no other factor. "
            f"Received: scale={scale!r}. Train one with scale={scale!r}, or resize its result."
        )
    return factor


def _check_picture(image: Any) -> np.ndarray:
    """Return a picture as `(height, width, channels)`, alpha included, or refuse it."""
    pixels = checks.as_array(image, "image")
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 2, 3, 4) or not pixels.size:
        raise ValueError(
            f"`image` must have shape (height, width) or (height, width, channels), with 1 to 4 "
            f"channels: gray or RGB, with or without alpha. Received: shape {np.shape(image)}."
        )
    for channel in range(pixels.shape[-1]):  # one by one: alpha makes a number that no image has
        checks.check_images("image", pixels[..., channel])
    return pixels
