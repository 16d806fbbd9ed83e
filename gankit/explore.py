"""A panel for a notebook: sliders set the latents, and the generator makes an image of them.

Write `from gankit.explore import explore`, and `explore(gan)` on the last line of a cell. It needs
ipywidgets, which `pip install "gankit[lab]"` installs.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from gankit.callbacks._fixed_inputs import check_pictures, grid_of
from gankit.checks import check_count, check_seed
from gankit.plots.animations import encode
from gankit.sampling import LatentSampling

_BATCH = 128
_DRAWS = 1000  # latents whose spread sets the sliders' range


def explore(gan: LatentSampling, sliders: int | None = None, seed: int = 0) -> Any:
    """Make a panel with an image and the sliders that change it.

    A latent has too many coordinates for one slider each, and most of them change little. So each
    slider moves along one of `latent_directions(gan, sliders)`, the directions that change the
    image most. The rest of the latent stays as it was drawn. A slider covers the range that 1000
    draws from the prior reach along its direction.

    A conditional GAN also gets a slider of classes, or with `label_size` one slider from -1 to 1
    for each number of the label. The button draws the latent of the next seed, and the sliders move
    to where it lies. An untouched panel shows `gan.generate(1, seed=seed)`, except that a draw
    beyond the range of a slider is clipped to it.

    The random state of the model stays as it is. After more training, the next move of a slider
    shows the generator as it is then.

    Args:
        gan: a game of images in [-1, 1] with 1 or 3 channels; other values are clipped.
        sliders: number of directions to offer, from 1 to `gan.latent_dim`; None: 6, or as many as
            there are.
        seed: seed of the first latent, and of the draws that set directions and ranges.

    Returns:
        An `ipywidgets.VBox`: the image (`ipywidgets.Image`, a PNG), the sliders of the latent,
        those of the label, and the button. Put it on the last line of a cell.

    Raises:
        ImportError: if ipywidgets is not installed.
        TypeError: if `gan` makes no examples of latents.
        ValueError: if the GAN makes no such images, or a number is out of range.

    Example:

    >>> from gankit.explore import explore
    >>> from gankit.models.dcgan import DCGAN
    >>> panel = explore(DCGAN((16, 16, 1), latent_dim=8, width=4, seed=0), sliders=3)
    >>> [type(child).__name__ for child in panel.children]
    ['Image', 'FloatSlider', 'FloatSlider', 'FloatSlider', 'Button']
    >>> panel.children[1].value = 1.5  # what dragging the slider does
    """
    try:
        import ipywidgets
    except ImportError as error:
        raise ImportError(
            'The sliders of `explore` need ipywidgets. Install it with: pip install "gankit[lab]"'
        ) from error
    _check_gan(gan)
    check_pictures("explore", gan, gan.example_shape)
    if sliders is None:
        sliders = min(6, gan.latent_dim)
    check_count("sliders", sliders, maximum=gan.latent_dim)
    return _Explorer(gan, latent_directions(gan, sliders, seed), seed, ipywidgets).panel


def latent_directions(gan: LatentSampling, k: int, seed: int = 0) -> np.ndarray:
    """Find the directions of latent space along which the examples change most, on average.

    With latents z from the prior and `x = G(z)`, least squares fit a linear map A: they minimize
    `E |x - b - A z|^2`. For a normal prior, A is the generator's mean Jacobian. Its first right
    singular vectors are the directions: a step of length t along the i-th direction changes the
    fitted example by t times the i-th singular value.

    The labels of a conditional GAN are all classes in turn. Label vectors are drawn uniformly from
    [-1, 1], and the fit has a second map for them, so that they do not blur the first.

    Args:
        gan: the GAN.
        k: number of directions, from 1 to `gan.latent_dim`.
        seed: seed of the latents and of label vectors. There are 256 latents, or four for each
            dimension if that is more, rounded up to whole batches of 128.

    Returns:
        float64 array (k, latent_dim) of orthonormal rows, the strongest direction first; the entry
        of largest size in each row is positive.

    Raises:
        TypeError: if `gan` makes no examples of latents.
        ValueError: if `k` or `seed` is out of range.

    Example:

    >>> import keras, numpy as np, gankit
    >>> from gankit.explore import latent_directions
    >>> scale = lambda z: z * np.array([0.1, 2.0, 0.5], "float32")
    >>> gan = gankit.GAN(
    ...     keras.Sequential([keras.Input((3,)), keras.layers.Lambda(scale, output_shape=(3,))]),
    ...     keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]),
    ...     latent_dim=3, data_range=None, seed=0)
    >>> (latent_directions(gan, k=2) > 0.999).tolist()
    [[False, True, False], [False, False, True]]

    Source: Härkönen et al., "GANSpace: Discovering Interpretable GAN Controls" (2020). Departure:
    they find principal components of a layer and transfer them to the latents by regression. Here
    the regression comes first, and the examples take the place of the layer.
    """
    _check_gan(gan)
    check_count("k", k, maximum=gan.latent_dim)
    check_seed("seed", seed)
    # Whole batches, since JAX compiles anew for each size of a batch.
    n = _BATCH * max(2, math.ceil(4 * gan.latent_dim / _BATCH))
    latents = _draw(gan, n, seed)
    causes, labels = latents, None
    if gan.num_classes is not None:
        labels = np.arange(n) % gan.num_classes
    elif gan.label_size is not None:
        labels = np.random.default_rng(seed).uniform(-1, 1, (n, gan.label_size))
        causes = np.concatenate([latents, labels], axis=1)
    examples = gan.generate(latents=latents, labels=labels, batch_size=_BATCH)
    examples = examples.reshape(n, -1).astype("float64")
    fitted, *_ = np.linalg.lstsq(causes - causes.mean(0), examples - examples.mean(0))
    fitted = fitted[: gan.latent_dim]
    _, vectors = np.linalg.eigh(fitted @ fitted.T)  # in increasing order
    directions = vectors.T[::-1][:k]
    largest = np.abs(directions).argmax(axis=1, keepdims=True)
    return directions * np.sign(np.take_along_axis(directions, largest, axis=1))


class _Explorer:
    """Hold the widgets of a panel, and redraw the image when they change."""

    def __init__(self, gan: LatentSampling, directions: np.ndarray, seed: int, widgets: Any):
        self.gan, self.directions, self.seed = gan, directions, seed
        reach = np.abs(_draw(gan, _DRAWS, seed) @ directions.T).max(axis=0)
        self.picture = widgets.Image(format="png", layout={"align_self": "flex-start"})
        self.sliders = [
            widgets.FloatSlider(min=-r, max=r, step=r / 50, description=f"direction {i}")
            for i, r in enumerate(reach.tolist(), start=1)
        ]
        self.labels = []
        if gan.num_classes is not None:
            self.labels = [widgets.IntSlider(max=gan.num_classes - 1, description="class")]
        elif gan.label_size is not None:
            self.labels = [
                widgets.FloatSlider(min=-1, max=1, step=0.02, description=f"label {i}")
                for i in range(1, gan.label_size + 1)
            ]
        self.button = widgets.Button()
        for slider in self.sliders + self.labels:
            slider.observe(self._redraw, names="value")
        self.button.on_click(self._next)
        self._place()
        self.panel = widgets.VBox([self.picture, *self.sliders, *self.labels, self.button])

    def _place(self) -> None:
        """Draw the latent of the seed, put the sliders where it lies, and show its image."""
        latent = _draw(self.gan, 1, self.seed)
        coordinates = latent @ self.directions.T
        self.rest = latent - coordinates @ self.directions
        self.placing = True  # so that there is one image for all of them
        for slider, value in zip(self.sliders, coordinates[0].tolist(), strict=True):
            slider.value = min(max(value, slider.min), slider.max)
        self.placing = False
        self.button.description = f"Seed {self.seed}: another"
        self._redraw()

    def _next(self, button: Any) -> None:
        self.seed += 1
        self._place()

    def _redraw(self, change: Any = None) -> None:
        if self.placing:
            return
        values = np.array([[slider.value for slider in self.sliders]])
        labels = [slider.value for slider in self.labels] or None
        if self.gan.label_size is not None:
            labels = [labels]  # one vector, where classes are one number
        images = self.gan.generate(latents=self.rest + values @ self.directions, labels=labels)
        self.picture.value = encode([grid_of(images, 1)], "png")


def _draw(gan: LatentSampling, n: int, seed: int) -> np.ndarray:
    return keras.ops.convert_to_numpy(gan.sample_latents(n, seed)).astype("float64")


def _check_gan(gan: LatentSampling) -> None:
    if not isinstance(gan, LatentSampling):
        raise TypeError(
            f"`gan` must be a gankit.GAN, or another game that makes examples of latents. "
            f"Received: {gan!r}. Show what other models make with "
            f"gankit.callbacks.SampleGrid(inputs=...)."
        )
