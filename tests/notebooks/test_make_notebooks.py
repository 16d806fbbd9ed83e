import base64
import io

import make_notebooks
import nbformat
import numpy as np
import pytest
from nbformat import v4
from PIL import Image


def save(folder, *sources):
    path = folder / "01_small.ipynb"
    cells = [v4.new_code_cell(source) for source in sources]
    nbformat.write(v4.new_notebook(cells=cells), path)
    return path


def test_two_runs_write_the_same_bytes(tmp_path):
    path = save(
        tmp_path,
        "import sys, time\nprint('Epoch 1', end='')\nprint('\\rEpoch 2')",
        "print(f'{time.strftime(\"%F %T\")}.5: I core.cc:7] a log line', file=sys.stderr)",
        "from IPython.display import Image\nImage(filename='dot.png')",
    )
    Image.new("RGBA", (64, 64), "red").save(tmp_path / "dot.png", compress_level=0)
    make_notebooks.make(path)
    first = path.read_bytes()
    make_notebooks.make(path)
    assert path.read_bytes() == first

    cells = nbformat.read(path, as_version=4).cells
    assert [cell.execution_count for cell in cells] == [1, 2, 3]
    assert cells[0].outputs[0].text == "Epoch 2\n"
    assert cells[1].outputs == []
    assert len(base64.b64decode(cells[2].outputs[0].data["image/png"])) < 300
    assert [file.name for file in tmp_path.glob("*.part")] == []


def test_a_failed_run_leaves_the_notebook_as_it_was(tmp_path):
    path = save(tmp_path, "1 + 1", "raise ValueError('no luck')")
    before = path.read_bytes()
    (problem,) = make_notebooks.make(path)
    assert "failed, and is left as it was" in problem and "no luck" in problem
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("long line\rshort", "shortline"),
        ("abc\b\b\bxyz", "xyz"),
        ("\x1b[1m5/5\x1b[0m ok", "5/5 ok"),
        ("windows\r\nline", "windows\nline"),
        ("trailing  \n", "trailing  \n"),
    ],
)
def test_text_is_stored_as_a_terminal_shows_it(text, shown):
    assert make_notebooks.as_printed(text) == shown


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_few_colors_are_compressed_without_loss(mode):
    pixels = np.kron(np.arange(64).reshape(8, 8), np.ones((16, 16))).astype("uint8")
    original = Image.fromarray(pixels).convert(mode)
    buffer = io.BytesIO()
    original.save(buffer, format="PNG", compress_level=0)
    compressed = base64.b64decode(
        make_notebooks.compress_png(base64.b64encode(buffer.getvalue()).decode())
    )
    assert len(compressed) < len(buffer.getvalue())
    restored = Image.open(io.BytesIO(compressed)).convert(mode)
    np.testing.assert_array_equal(np.asarray(restored), np.asarray(original))


def test_transparency_is_kept():
    original = Image.new("RGBA", (32, 32), (10, 20, 30, 128))
    buffer = io.BytesIO()
    original.save(buffer, format="PNG")
    encoded = make_notebooks.compress_png(base64.b64encode(buffer.getvalue()).decode())
    restored = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA")
    assert restored.getpixel((0, 0)) == (10, 20, 30, 128)


def test_an_animation_keeps_its_frames():
    frames = [Image.new("L", (8, 8), level) for level in (0, 90, 200)]
    buffer = io.BytesIO()
    frames[0].save(buffer, format="PNG", save_all=True, append_images=frames[1:])
    encoded = make_notebooks.compress_png(base64.b64encode(buffer.getvalue()).decode())
    assert Image.open(io.BytesIO(base64.b64decode(encoded))).n_frames == 3


def test_what_a_chapter_shows_is_stored(tmp_path):
    path = save(
        tmp_path,
        "import matplotlib.pyplot as plt\nimport numpy as np\nfrom gankit import plots, settings\n"
        "plots.style()\nplt.plot([1, 2]);",
        "plots.image_grid(np.zeros((4, 28, 28, 1)))",
        "plots.show_animation([np.full((8, 8), 20 * i, 'uint8') for i in range(9)])",
        "settings.record(modes='8 of 8', seeds=3)",
    )
    make_notebooks.make(path)
    cells = nbformat.read(path, as_version=4).cells
    for cell in cells[:3]:
        data, metadata = cell.outputs[0].data, cell.outputs[0].metadata["image/png"]
        image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
        assert (image.width // 2, image.height // 2) == (metadata.width, metadata.height)
        assert image.mode == "P" and "transparency" not in image.info
    assert "gankit-player" in data["text/html"]
    assert data["text/plain"] == "<animation of 9 frames>"
    (recorded,) = cells[3].outputs
    assert recorded.data == {"text/plain": "recorded: modes = 8 of 8, seeds = 3"}
    assert recorded.metadata == {"figures": {"modes": "8 of 8", "seeds": "3"}}


def test_a_missing_hero_is_a_problem(tmp_path):
    path = save(tmp_path, "1 + 1")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].metadata.tags = ["hero"]
    nbformat.write(notebook, path)
    assert make_notebooks.make(path)[0].startswith("has no hero: One cell that shows a picture")
