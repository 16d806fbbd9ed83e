import matplotlib.pyplot as plt
import numpy as np

from gankit import plots


def test_style_holds_for_figures_of_plain_matplotlib(tmp_path):
    with plt.rc_context():
        plots.style()
        figure, ax = plt.subplots()
        ax.plot([1, 2])
        ax.plot([2, 1])
        path = tmp_path / "figure.png"
        figure.savefig(path)
        plt.close(figure)
    assert [line.get_color() for line in ax.lines] == [plots.GENERATOR, plots.DISCRIMINATOR]
    assert not ax.spines["top"].get_visible()
    pixels = plt.imread(path)
    assert pixels.shape[:2] == (600, 1660)
    np.testing.assert_array_equal(pixels[0, 0, :3], 1)
    assert (pixels[..., -1] == 1).all(), "the background must be opaque"
