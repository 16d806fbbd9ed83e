"""The house style for figures of plain matplotlib."""

import sys

from gankit.plots._draw import (
    DISCRIMINATOR,
    DPI,
    FONT_SIZE,
    GENERATOR,
    HIGHLIGHT,
    OTHERS,
    PAGE_WIDTH,
)


def style() -> None:
    """Give figures of plain matplotlib the look of those of `gankit.plots`.

    Call it once, in the cell of a notebook that imports matplotlib. It sets matplotlib's defaults:
    fonts, the color-blind safe colors, the width of a page, no frame on the right and at the top,
    and an opaque white background, which stays legible on a dark page. In a notebook, all figures,
    those of `gankit.plots` included, are then stored with two pixels for each pixel on the page.

    Example:

    >>> import matplotlib.pyplot as plt
    >>> from gankit import plots
    >>> with plt.rc_context():  # restores the defaults at its end
    ...     plots.style()
    ...     plt.rcParams["axes.spines.top"]
    False
    """
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "figure.figsize": (PAGE_WIDTH / DPI, 3),
            "figure.dpi": DPI,
            "savefig.dpi": 2 * DPI,
            "figure.facecolor": "white",
            "axes.facecolor": "white",
            "savefig.facecolor": "white",
            "axes.prop_cycle": plt.cycler(color=[GENERATOR, DISCRIMINATOR, HIGHLIGHT, *OTHERS]),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "grid.color": "0.92",
            "lines.linewidth": 1.8,
            "legend.frameon": False,
            "font.size": FONT_SIZE,
            "axes.labelsize": FONT_SIZE,
            "axes.titlesize": FONT_SIZE + 2,
            "figure.titlesize": FONT_SIZE + 2,
            "xtick.labelsize": FONT_SIZE,
            "ytick.labelsize": FONT_SIZE,
            "legend.fontsize": FONT_SIZE,
        }
    )
    ipython = sys.modules.get("IPython")
    if ipython is not None and (shell := ipython.get_ipython()) is not None:
        from matplotlib_inline.config import InlineBackend

        InlineBackend.instance(parent=shell).figure_formats = {"retina"}
