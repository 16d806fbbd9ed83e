"""`scripts/figures.py` copies what the notebooks hold, and names what is missing."""

import base64
import io

import figures
import nbformat
import pytest
from nbformat import v4
from PIL import Image


def picture(level):
    buffer = io.BytesIO()
    Image.new("L", (4, 4), level).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def shown(level):
    return v4.new_output("display_data", data={"text/html": "<b>", "image/png": picture(level)})


def record(**values):
    return v4.new_output("display_data", data={"text/plain": ""}, metadata={"figures": values})


def cell(*outputs, tags=()):
    made = v4.new_code_cell("x = 1", outputs=list(outputs), execution_count=1)
    made.metadata.tags = list(tags)
    return made


@pytest.fixture
def project(tmp_path):
    """A README, a chapter with a hero, a figure and a picture for docs/, and one without."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "notebooks").mkdir()
    first = v4.new_markdown_cell("# One\n\n![the end](attachment:end.png)")
    cells = [
        first,
        cell(shown(10), record(modes="8 of 8"), shown(20), tags=["hero"]),
        cell(shown(30), record(jsd="0.004", modes="8 of 8"), tags=["readme:digits"]),
    ]
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "notebooks" / "01_one.ipynb")
    nbformat.write(v4.new_notebook(cells=[cell()]), tmp_path / "notebooks" / "02_two.ipynb")
    readme = "| 1 | <!--=01.modes-->7<!--/--> modes, <!--=01.jsd--><!--/--> nats |\n"
    (tmp_path / "README.md").write_text(readme)
    return tmp_path


def test_everything_is_copied_once(project):
    expected = [project / name for name in ("notebooks/01_one.ipynb", "docs/digits.png")]
    expected.append(project / "README.md")
    before = [path.read_bytes() for path in expected if path.exists()]
    assert figures.update(project, check=True) == expected
    assert before == [path.read_bytes() for path in expected if path.exists()]

    assert figures.update(project) == expected
    assert figures.update(project) == figures.update(project, check=True) == []
    assert (project / "README.md").read_text() == (
        "| 1 | <!--=01.modes-->8 of 8<!--/--> modes, <!--=01.jsd-->0.004<!--/--> nats |\n"
    )
    first = nbformat.read(project / "notebooks" / "01_one.ipynb", as_version=4).cells[0]
    assert first.attachments == {"end.png": {"image/png": picture(20)}}
    content = (project / "docs" / "digits.png").read_bytes()
    assert content == base64.b64decode(picture(30))


def test_a_gif_can_be_the_hero():
    gif = v4.new_output("display_data", data={"image/gif": "R0lGODlh"})
    notebook = v4.new_notebook(cells=[cell(gif, tags=["hero"])])
    assert figures.picture_of(notebook, "hero") == {"image/gif": "R0lGODlh"}


def test_an_unknown_figure_is_refused(project):
    (project / "README.md").write_text("<!--=01.modi-->8<!--/-->")
    with pytest.raises(ValueError, match=r"Received: 01.modi. There are: 01.jsd, 01.modes."):
        figures.update(project)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([cell(record(a="1")), cell(record(a="2"))], "Received: a = 1 and a = 2"),
        ([cell(tags=["hero"])], "Received: 1 cells with 0 pictures"),
        (
            [cell(shown(1), tags=["hero"]), cell(shown(2), tags=["hero"])],
            "Received: 2 cells with 2 pictures",
        ),
        ([cell(shown(1), tags=["hero"])], "first cell must show the hero"),
        ([cell(tags=["readme:x"])], "'readme:x'. Received: 1 cells with 0"),
    ],
)
def test_a_chapter_that_contradicts_itself_is_refused(project, cells, message):
    cells = [v4.new_markdown_cell("# Two"), *cells]
    nbformat.write(v4.new_notebook(cells=cells), project / "notebooks" / "02_two.ipynb")
    with pytest.raises(ValueError, match=message):
        figures.update(project)
