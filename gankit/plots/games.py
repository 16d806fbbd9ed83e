"""Plots of GANs in one and two dimensions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gankit.checks import check_count, check_number
from gankit.plots import _draw
from gankit.plots._draw import DATA, DISCRIMINATOR, FONT_SIZE, GENERATOR

# D = 1 and D = 0; the colors are pale because points are drawn over them.
_REAL_COLOR, _FAKE_COLOR = "#9CCBEC", "#F6CE84"


def density_game_1d(
    x: Any,
    p_data: Any,
    p_model: Any,
    discriminator: Any,
    *,
    latents: Any = None,
    mapped: Any = None,
    top: float | None = None,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw a one-dimensional GAN like figure 1 of the first GAN paper.

    The density of the data is dotted black, the density of the generator solid green, and D(x)
    dashed blue. Below the curves are an axis for latents z and an axis for x, with an arrow from
    each latent to G(z). Many arrows end where the density of the generator is high.

    Args:
        x: increasing points, shape `(n,)`.
        p_data: density of the data at `x`, shape `(n,)`.
        p_model: density of the generator at `x`, shape `(n,)`.
        discriminator: D(x), probabilities in [0, 1], shape `(n,)`.
        latents: latents, shape `(m,)`; their range is stretched to the range of `x`.
        mapped: G(latents), shape `(m,)`; values outside the range of `x` are omitted.
        top: upper end of the axis. Set it in an animation, so that the axis stays fixed.
        title: title of the picture.
        ax: matplotlib axes to draw into; by default, those of a new figure.

    Returns:
        The figure, or `ax` if it was given.

    Raises:
        ValueError: if shapes differ, numbers are not finite, `x` does not increase, a density is
            negative, D(x) leaves [0, 1], `latents` is given without `mapped` or the reverse, or
            `top` is not positive.
        TypeError: if an array or `top` holds no numbers, or `ax` are no axes.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> x = np.linspace(-4, 4, 200)
    >>> p = np.exp(-x**2 / 2) / np.sqrt(2 * np.pi)
    >>> z = np.linspace(-2, 2, 11)
    >>> figure = plots.density_game_1d(x, p, p, 0 * x + 0.5, latents=z, mapped=z)

    Source: Goodfellow et al., "Generative Adversarial Nets", 2014, figure 1. In that
    figure, z is uniform and the vertical axis has no numbers.
    """
    x = _draw.finite_array("x", x, ("n",))
    p_data = _draw.finite_array("p_data", p_data, x.shape)
    p_model = _draw.finite_array("p_model", p_model, x.shape)
    d = _draw.finite_array("discriminator", discriminator, x.shape)
    if len(x) < 2 or (np.diff(x) <= 0).any():
        raise ValueError(f"`x` must increase and have at least 2 points. Received: x={x}.")
    for name, values in (("p_data", p_data), ("p_model", p_model), ("discriminator", d)):
        if values.min() < 0:
            raise ValueError(f"`{name}` must not be negative. Received: minimum {values.min():g}.")
    if d.max() > 1:
        raise ValueError(
            f"`discriminator` must hold probabilities in [0, 1]. Received: maximum {d.max():g}. "
            "Apply a sigmoid to logits."
        )
    if (latents is None) != (mapped is None):
        given = "mapped" if latents is None else "latents"
        raise ValueError(
            f"`latents` and `mapped` belong together. Received: `{given}` alone. Pass both."
        )
    if top is None:
        top = 1.05 * max(1.0, p_data.max(), p_model.max())
    top = check_number("top", top, above=0)

    figure, ax = _draw.figure_and_axes(_draw.PAGE_WIDTH, 380, ax)
    ax.plot(x, p_data, ":", color=DATA, lw=2.2, label="data density $p_{data}(x)$")
    ax.plot(x, p_model, color=GENERATOR, lw=2.2, label="generator density $p_g(x)$")
    ax.plot(x, d, "--", color=DISCRIMINATOR, lw=2.2, label="discriminator $D(x)$")
    ax.set(xlim=(x[0], x[-1]), ylim=(0, top))
    if latents is not None:
        latents = _draw.finite_array("latents", latents, ("m",))
        _draw_mapping(ax, latents, _draw.finite_array("mapped", mapped, latents.shape), top)
    _draw.style_axes(ax)
    ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= top])
    _draw.legend_and_title(ax, 3 if figure else 1, title)
    return figure or ax


def decision_2d(
    discriminator: Callable[[np.ndarray], Any],
    real_points: Any,
    fake_points: Any,
    limits: tuple[float, float],
    *,
    resolution: int = 120,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw a two-dimensional GAN: D(x) as a map, and the points of the data and the generator.

    A line marks D(x) = 1/2, where the discriminator cannot tell data from generated points.

    Args:
        discriminator: function from float32 points `(n, 2)` to LOGITS `(n, 1)` or `(n,)`, like
            every discriminator of this package. D(x) is the sigmoid of the logits.
        real_points: `(n, 2)`.
        fake_points: `(m, 2)`.
        limits: `(low, high)` of both axes.
        resolution: points of the map along each axis.
        title: title of the picture.
        ax: matplotlib axes to draw into; by default, those of a new figure with a color bar.

    Returns:
        The figure, or `ax` if it was given.

    Raises:
        ValueError: if points do not have shape `(n, 2)`, numbers are not finite, limits do not
            increase, `resolution` is not a positive integer, or the number of logits is not the
            number of points.
        TypeError: if `discriminator` is no function, an array holds no numbers, or `ax` are no
            axes.

    Example:

    >>> import numpy as np
    >>> from gankit import plots
    >>> points = np.random.default_rng(0).normal(size=(100, 2))
    >>> figure = plots.decision_2d(lambda x: x[:, :1], points + 1, points - 1, (-4, 4))
    """
    from matplotlib.colors import LinearSegmentedColormap

    if not callable(discriminator):
        raise TypeError(f"`discriminator` must be a function. Received: {discriminator!r}.")
    real_points = _draw.finite_array("real_points", real_points, ("n", 2))
    fake_points = _draw.finite_array("fake_points", fake_points, ("n", 2))
    low, high = _draw.finite_array("limits", limits, (2,)).tolist()
    if low >= high:
        raise ValueError(
            f"`limits` must be (low, high) with low < high. Received: limits={limits!r}."
        )
    check_count("resolution", resolution)

    # Evaluate D at pixel centers, so that the map shows each value at its own point.
    centers = low + (np.arange(resolution) + 0.5) * (high - low) / resolution
    grid = np.stack(np.meshgrid(centers, centers), axis=-1).reshape(-1, 2).astype("float32")
    logits = _draw.finite_array("discriminator(points)", discriminator(grid))
    if logits.size != len(grid):
        raise ValueError(
            "`discriminator` must return one logit per point. Received: logits of shape "
            f"{logits.shape} for {len(grid)} points."
        )
    probabilities = (0.5 + 0.5 * np.tanh(logits / 2)).reshape(resolution, resolution)

    figure, ax = _draw.figure_and_axes(560, 470, ax)
    colors = LinearSegmentedColormap.from_list("decision", [_FAKE_COLOR, "white", _REAL_COLOR])
    style = {"cmap": colors, "vmin": 0, "vmax": 1, "interpolation": "bilinear"}
    extent = (low, high, low, high)
    image = ax.imshow(probabilities, origin="lower", extent=extent, **style)
    if probabilities.min() < 0.5 < probabilities.max():
        ax.contour(centers, centers, probabilities, [0.5], colors=DISCRIMINATOR, linewidths=1.3)
    style = {"s": 9, "lw": 0, "alpha": 0.7, "zorder": 3}
    ax.scatter(*real_points.T, color=DATA, label="data", **style)
    ax.scatter(*fake_points.T, color=GENERATOR, label="generated", **style)
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    ax.tick_params(labelsize=FONT_SIZE)
    _draw.legend_and_title(ax, 2, title)
    if figure:
        bar = figure.colorbar(image, ax=ax, ticks=[0, 0.5, 1])
        bar.set_label("D(x)", fontsize=FONT_SIZE)
        bar.ax.tick_params(labelsize=FONT_SIZE)
    return figure or ax


def _draw_mapping(ax: Any, latents: np.ndarray, mapped: np.ndarray, top: float):
    """Draw the axes of z and x below the densities, with an arrow from each latent to G(z)."""
    low, high = ax.get_xlim()
    x_line, z_line = -0.22 * top, -0.5 * top
    spread = max(np.ptp(latents), np.finfo(float).tiny)
    starts = low + (latents - latents.min()) / spread * (high - low)
    for y, name in ((x_line, "x"), (z_line, "z")):
        ax.plot([low, high], [y, y], color="0.35", lw=1)
        ax.text(low, y + 0.02 * top, f"${name}$ ", ha="right", va="center", fontsize=FONT_SIZE + 2)
    for start, end in zip(starts, mapped, strict=True):
        if low <= end <= high:
            arrow = {"arrowstyle": "-|>", "color": GENERATOR, "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", xy=(end, x_line), xytext=(start, z_line), arrowprops=arrow)
    ax.set_ylim(z_line - 0.05 * top, top)
    ax.spines["left"].set_bounds(0, top)
    ax.spines["bottom"].set_position(("data", 0))  # The ticks belong to x, not to z.
