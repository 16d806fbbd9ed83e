"""Perceptual loss: the distance of two images in the features of a trained network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from gankit.checks import as_array, check_choice, check_number
from gankit.losses._tensors import to_equal_shapes
from gankit.losses.adversarial import to_float

_DISTANCES = {"mse": ops.square, "l1": ops.abs}


class PerceptualLoss:
    r"""The distance of two batches of images, measured on feature maps $\phi_i$ of a fixed network.

    $$L = \sum_i w_i \; E\,[\phi_i(y) - \phi_i(\hat y)]^2$$

    The network is called in inference mode. The loss does not train it, as long as no optimizer
    gets its variables.

    Args:
        network: a built functional or sequential Keras model of images.
        layers: names of the layers whose outputs are compared, at least one.
        weights: $w_i$, one number of at least 0 per layer; None: 1 each.
        distance: `"mse"`, or `"l1"` for absolute differences.

    Raises:
        TypeError: if `network` is not a functional or sequential Keras model, or a weight is not a
            number.
        ValueError: if a layer is unknown (the message lists the known ones), the weights do not
            fit the layers, or the distance is unknown.

    Example:

    >>> import keras, numpy as np, gankit
    >>> network = keras.Sequential(
    ...     [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, name="edges")])
    >>> loss = gankit.losses.PerceptualLoss(network, layers=["edges"])
    >>> images = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 1)).astype("float32")
    >>> float(loss(images, images))
    0.0

    The VGG19 of SRGAN needs its weights, which you download (Keras names the file
    `vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5`), and images in its own scale:

        vgg = keras.applications.VGG19(include_top=False, weights="path/to/the/file.h5")
        loss = PerceptualLoss(vgg, layers=["block5_conv4"], weights=[1 / 12.75**2])
        to_vgg = lambda x: keras.applications.vgg19.preprocess_input((x + 1) * 127.5)
        value = loss(to_vgg(high_resolution), to_vgg(super_resolved))

    With `weights="imagenet"`, Keras downloads the weights.

    Source: Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution"
    (2016), section 3.2; Ledig et al., "Photo-Realistic Single Image Super-Resolution" (2017),
    equation 5. Departure from the latter: the mean is also over channels.
    """

    def __init__(
        self,
        network: keras.Model,
        layers: Sequence[str],
        weights: Sequence[float] | None = None,
        distance: str = "mse",
    ):
        if not isinstance(network, keras.Model) or not hasattr(network, "inputs"):
            raise TypeError(
                f"`network` must be a functional or sequential Keras model, whose layers have "
                f"outputs. Received: network={network!r}."
            )
        self.distance = check_choice("distance", distance, _DISTANCES)
        outputs = _outputs(network, layers)
        given = as_array([1.0] * len(outputs) if weights is None else weights, "weights")
        self.weights = [check_number("weights", weight, 0) for weight in given.ravel().tolist()]
        if len(self.weights) != len(outputs) or not any(self.weights):
            raise ValueError(
                f"`weights` must be {len(outputs)} numbers of at least 0, one for each of the "
                f"layers {list(layers)}, and not all 0. Received: weights={weights!r}."
            )
        self.features = keras.Model(network.inputs, outputs)

    def __call__(self, target: Any, prediction: Any) -> Any:
        """Compute the loss, a scalar.

        Args:
            target: images in the form that the network expects, shape
                `(batch, height, width, channels)`.
            prediction: images of the same shape; gradients flow to both.

        Raises:
            TypeError: if the images are not floating point.
            ValueError: if the shapes differ.
        """
        advice = "They are compared image by image."
        pair = to_equal_shapes(advice, target=target, prediction=prediction)
        maps = zip(self.weights, *map(self._maps, pair), strict=True)
        distance = _DISTANCES[self.distance]
        return sum(weight * ops.mean(distance(a - b)) for weight, a, b in maps)

    def _maps(self, images):
        maps = keras.tree.flatten(self.features(images, training=False))
        return [to_float(each, "feature maps") for each in maps]


def _outputs(network, layers):
    known = {layer.name: layer for layer in network.layers}
    names = [] if isinstance(layers, str) or not isinstance(layers, Sequence) else layers
    if not names or any(name not in list(known) for name in names):
        raise ValueError(
            f"`layers` must be a list of names of layers of {network.name!r}. Received: "
            f"layers={layers!r}. The layers are: {', '.join(known)}."
        )
    return [known[name].output for name in layers]
