"""The pictures: image grids, curves, coverage, 1-D and 2-D games, and animations.

Every function that draws returns a matplotlib `Figure` which pyplot has already let go of. So a
notebook shows it exactly once, where it is the last line of a cell or handed to `display`, and a
long run does not pile up open figures. Where a function takes `ax` and is given one, it draws there
and returns that `ax`, for figures of several parts.

Colors mean the same everywhere and are safe for color-blind readers (Okabe and Ito, "Color
universal design", 2008): black is data, green what the generator makes, blue the discriminator.
Figures are at most 830 pixels wide, the column of a notebook shown on GitHub.
"""

from gankit.plots._draw import DATA, DISCRIMINATOR, GENERATOR, HIGHLIGHT
from gankit.plots.animations import save_gif, save_png, show_animation, to_frame
from gankit.plots.coverage import mode_map, precision_recall
from gankit.plots.curves import loss_curves, metric_curves
from gankit.plots.games import decision_2d, density_game_1d
from gankit.plots.images import (
    comparison_grid,
    filmstrip,
    image_grid,
    interpolation_strip,
    neighbor_strips,
    tile,
    to_pixels,
)

__all__ = [
    "DATA",
    "DISCRIMINATOR",
    "GENERATOR",
    "HIGHLIGHT",
    "comparison_grid",
    "decision_2d",
    "density_game_1d",
    "filmstrip",
    "image_grid",
    "interpolation_strip",
    "loss_curves",
    "metric_curves",
    "mode_map",
    "neighbor_strips",
    "precision_recall",
    "save_gif",
    "save_png",
    "show_animation",
    "tile",
    "to_frame",
    "to_pixels",
]
