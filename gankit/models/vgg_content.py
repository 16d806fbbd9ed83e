"""`VGGContent`: a content loss, the distance of two pictures' feature maps in VGG-19."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from gankit import backend, checks, losses
from gankit.losses.adversarial import to_float
from gankit.weights import naming_file, published_weights


@keras.saving.register_keras_serializable("gankit")
class VGGContent:
    r"""Content loss of SRGAN: mean squared difference of a layer's maps in VGG-19.

    $$L = \mathrm{factor} \cdot E\,[\phi(y) - \phi(\hat y)]^2$$

    with the maps $\phi$ after the layer's activation. VGG5,4 of the paper is `"block5_conv4"`,
    VGG2,2 is `"block2_conv2"`.

    Args:
        layer: name of the layer, as Keras' `VGG19` has it.
        weights: `"imagenet"`, 80 MB that are downloaded once; the path of that file
            (`vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5`); or of an `.npz` with arrays
            `conv1_1_kernel`, `conv1_1_bias`, ... of the first layers.
        factor: what the mean is multiplied by. None: the paper's 1/12.75 squared, which fits the
            original weights. Weights whose activations were rescaled need a factor of their own.

    Raises:
        RuntimeError: if `"imagenet"` cannot be found or downloaded.
        FileNotFoundError: if there is no such file.
        TypeError: if `weights` is no path, or `factor` is not a number.
        ValueError: if the file holds no such layer, is neither `.h5` nor `.npz`, or is damaged; if
            `factor` is not above 0.

    Example, with weights of your own:

    >>> import numpy as np, tempfile
    >>> from gankit.models.vgg_content import VGGContent
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/vgg.npz", conv1_1_kernel=np.ones((3, 3, 3, 2), "float32"),
    ...              conv1_1_bias=np.zeros(2, "float32"))
    ...     content = VGGContent("block1_conv1", f"{folder}/vgg.npz")
    >>> pictures = np.zeros((1, 8, 8, 3), "float32")
    >>> float(content(pictures, pictures))
    0.0

    Source: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative
    Adversarial Network" (2017), equation 5 and section 3.2. Departure: the mean is over maps too.
    """

    def __init__(
        self, layer: str = "block5_conv4", weights: str = "imagenet", factor: float | None = None
    ):
        self.layer, self.weights = layer, str(checks.check_path("weights", weights))
        factor = 12.75**-2 if factor is None else factor
        self.factor = checks.check_number("factor", factor, above=0)
        network = _vgg19(self.weights)
        checks.check_choice("layer", layer, [known.name for known in network.layers[1:]])
        self.loss = losses.PerceptualLoss(network, [layer], [self.factor])

    def __call__(self, target: Any, prediction: Any) -> Any:
        """Return the loss, a scalar.

        Args:
            target: pictures in [-1, 1], shape `(batch, height, width, channels)`, 1 or 3 channels.
            prediction: pictures of the same shape; gradients flow to both.

        Raises:
            TypeError: if the pictures are not floating point.
            ValueError: if the shapes differ or are not as above.
        """
        return self.loss(_to_vgg(target, "target"), _to_vgg(prediction, "prediction"))

    def get_config(self) -> dict:
        """Return arguments that make an equal loss. It reads the weights from their file again."""
        return {"layer": self.layer, "weights": self.weights, "factor": self.factor}

    @classmethod
    def from_config(cls, config: dict) -> VGGContent:
        """Make a loss from what `get_config` gave."""
        return cls(**config)


_PUBLISHED = {
    "path": "vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "md5": "253f8cb515780f3b799900260a226db6",
    "size": "80 MB",
    "instead": "Or give `content` another loss, such as a `losses.PerceptualLoss`.",
}


def _to_vgg(pictures: Any, name: str) -> Any:
    """Return levels 0..255 as VGG takes them: blue first, and without the mean of ImageNet."""
    pictures = to_float(pictures, name)
    if len(pictures.shape) != 4 or pictures.shape[-1] not in (1, 3):
        raise ValueError(
            f"`{name}` must have shape (batch, height, width, channels), with 1 or 3 channels. "
            f"Received: shape {tuple(pictures.shape)}."
        )
    if pictures.shape[-1] == 1:
        pictures = ops.repeat(pictures, 3, axis=-1)
    levels = (pictures + 1.0) * 127.5
    return keras.applications.vgg19.preprocess_input(levels, data_format="channels_last")


def _vgg19(weights: str) -> keras.Model:
    if weights == "imagenet":
        weights = published_weights(**_PUBLISHED)
    if not Path(weights).is_file():
        raise FileNotFoundError(
            f"There is no such file with weights of VGG-19. Received: weights={weights!r}. A saved "
            f"SRGAN reads this file again; to use it without training, load it with compile=False."
        )
    suffix = Path(weights).suffix
    if suffix not in (".h5", ".keras", ".npz"):
        raise ValueError(f"`weights` must be 'imagenet', a .h5 or a .npz. Received: {weights!r}.")
    # In single precision, whatever precision the model trains in.
    with naming_file(weights, "VGG-19"), backend.single_precision():
        if suffix == ".npz":
            with np.load(weights) as arrays:
                return _first_layers(dict(arrays))
        return keras.applications.VGG19(include_top=False, weights=weights)


def _first_layers(arrays: dict[str, np.ndarray]) -> keras.Model:
    """Build as much of VGG-19 as there are weights for."""
    same = {"padding": "same", "activation": "relu", "data_format": "channels_last"}
    names = [(b, c) for b, count in enumerate((2, 2, 4, 4, 4), 1) for c in range(1, count + 1)]
    x = pictures = keras.Input((None, None, 3))
    found = []
    for block, conv in names:
        if found and f"conv{block}_{conv}_kernel" not in arrays:
            break
        if conv == 1 and block > 1:
            x = layers.MaxPooling2D(2, 2, data_format="channels_last", name=f"block{block}_in")(x)
        found += [arrays[f"conv{block}_{conv}_{part}"] for part in ("kernel", "bias")]
        x = layers.Conv2D(len(found[-1]), 3, name=f"block{block}_conv{conv}", **same)(x)
    network = keras.Model(pictures, x, name="vgg19")
    network.set_weights(found)
    network.trainable = False
    return network
