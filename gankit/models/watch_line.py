"""`WatchLine`: a callback that compares a game on the line with the theory, epoch by epoch."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from gankit.models.points import MinimaxGAN
from gankit.models.theory import check_densities, criterion, optimal_discriminator


class WatchLine(keras.callbacks.Callback):
    r"""Record a game on the line: both densities, the discriminator, and how close they are.

    It looks before training and after every epoch. The generator's density comes from 20,001 evenly
    spaced latents, so it has no sampling noise. Samples beyond the grid are counted at its ends.

    Args:
        x: even, increasing grid, shape `(n,)`, at least 2 points.
        p_data: the data's density on it, shape `(n,)`.

    Attributes:
        looks: one dictionary per look, with the arguments of
            `gankit.plots.density_game_1d`: `x`, `p_data`, `p_model` and `discriminator` on the
            grid, and `mapped`, where the generator sends 21 `latents`.
        jsd: $\mathrm{JSD}(p_{data}, p_g)$ in nats, one number per look.
        gap: $|D - D^*|$, averaged over real and generated examples, one number per look.

    Raises:
        TypeError: if `p_data` is not made of numbers.
        ValueError: if `x` is not an even, increasing grid or `p_data` does not fit it; when
            training begins, if the game is not a `MinimaxGAN` on the line with one latent.

    Example:

    >>> import numpy as np
    >>> from gankit.models import points, watch_line
    >>> x = np.linspace(-4, 4, 81)
    >>> watch = watch_line.WatchLine(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
    >>> gan = points.points_gan(dimensions=1, latent_dim=1, width=8, seed=0)
    >>> gan.compile()
    >>> data = np.random.default_rng(0).normal(size=(64, 1)).astype("float32")
    >>> history = gan.fit(data, epochs=2, callbacks=[watch], verbose=0)
    >>> len(watch.jsd), watch.looks[-1]["p_model"].shape
    (3, (81,))
    """

    def __init__(self, x: ArrayLike, p_data: ArrayLike):
        super().__init__()
        self.p_data, _ = check_densities(p_data, p_data)
        numbers = np.asarray(x).dtype.kind in "iuf"
        self.x = np.asarray(x, "float64") if numbers else np.empty(0)
        even = self.x.ndim == 1 and len(self.x) > 1 and np.ptp(np.diff(self.x)) < 1e-6
        if not even or self.x[0] >= self.x[-1] or self.p_data.shape != self.x.shape:
            raise ValueError(
                "`x` must be an even, increasing grid and `p_data` the density on it. Received: "
                f"shapes {np.shape(x)} and {self.p_data.shape}, x={x!r}."
            )
        self._dx = self.x[1] - self.x[0]
        self._all = np.linspace(-math.sqrt(3.0), math.sqrt(3.0), 20_001, dtype="float32")[:, None]

    def on_train_begin(self, logs=None):
        game = self.model
        shapes = getattr(game, "latent_dim", None), getattr(game, "example_shape", None)
        if not isinstance(game, MinimaxGAN) or shapes != (1, (1,)):
            raise ValueError(
                "WatchLine needs a MinimaxGAN that maps one latent to the line, such as "
                "points_gan(dimensions=1, latent_dim=1). Received: "
                f"{type(game).__name__} from {shapes[0]} latents to shape {shapes[1]}."
            )
        self.looks, self.jsd, self.gap = [], [], []
        self._look()

    def on_epoch_end(self, epoch, logs=None):
        self._look()

    def _look(self):
        samples = self.model.generate(latents=self._all, batch_size=len(self._all))[:, 0]
        ends = np.append(self.x - self._dx / 2, self.x[-1] + self._dx / 2)
        counts = np.histogram(samples.clip(self.x[0], self.x[-1]), ends)[0]
        p_g = counts / (len(samples) * self._dx)
        logits = self.model.discriminator(self.x[:, None].astype("float32"))
        d = ops.convert_to_numpy(ops.sigmoid(logits))[:, 0]
        self.looks.append(
            dict(
                x=self.x,
                p_data=self.p_data,
                p_model=p_g,
                discriminator=d,
                latents=self._all[::1_000, 0],
                mapped=samples[::1_000],
            )
        )
        self.jsd.append((criterion(self.p_data, p_g, self._dx) + math.log(4.0)) / 2.0)
        gap = np.abs(d - optimal_discriminator(self.p_data, p_g)) * (self.p_data + p_g) / 2.0
        # D* is nan where both densities are zero, and no example lies there.
        self.gap.append(float(np.nansum(gap) * self._dx))
