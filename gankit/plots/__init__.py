"""Plots: image grids, curves, coverage, 1-D and 2-D games, and animations.

Every drawing function returns a matplotlib `Figure` that pyplot has already closed. A notebook
therefore shows the figure exactly once, if it is the last line of a cell or passed to `display`,
and a long run does not accumulate open figures. If you pass `ax` to a function that takes it, the
function draws there and returns `ax`. This allows figures with several panels.

Colors have the same meaning everywhere and are safe for color-blind readers (Okabe and Ito, "Color
universal design", 2008): black for data, green for the generator, blue for the discriminator.
Figures are at most 830 pixels wide, which is the width of a notebook on GitHub.
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
from gankit.plots.styling import style

# style and colors
__all__ = ["DATA", "DISCRIMINATOR", "GENERATOR", "HIGHLIGHT", "style"]
# images
__all__ += ["comparison_grid", "filmstrip", "image_grid", "interpolation_strip", "neighbor_strips"]
__all__ += ["tile", "to_pixels"]
# curves and games
__all__ += ["loss_curves", "metric_curves", "decision_2d", "density_game_1d", "mode_map"]
__all__ += ["precision_recall"]
# files and animations
__all__ += ["save_gif", "save_png", "show_animation", "to_frame"]
