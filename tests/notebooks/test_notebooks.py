"""What is true of every chapter, and that the rules would notice if it were not."""

import re
from pathlib import Path

import exercises
import figures
import nbformat
import pytest
from nbformat import v4
from notebook_rules import problems

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJg"
    "gg=="
)

# Chapters whose figures in the README and whose first picture come from their outputs.
RECORDED = ()

each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=[path.stem for path in CHAPTERS])


@each_chapter
def test_chapter_keeps_the_rules(path):
    assert problems(path) == []


@each_chapter
def test_chapter_has_a_module_and_a_test_of_its_name(path):
    name = {"improved_techniques": "improved"}.get(path.stem[3:], path.stem[3:])
    assert (ROOT / "gankit" / "models" / f"{name}.py").is_file()
    assert (ROOT / "tests" / "models" / f"test_{name}.py").is_file()


def test_chapters_are_numbered_without_gaps():
    assert CHAPTERS
    assert [int(path.stem[:2]) for path in CHAPTERS] == list(range(1, len(CHAPTERS) + 1))


@each_chapter
def test_readme_lists_the_chapter(path):
    assert f"notebooks/{path.name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_and_heroes_are_up_to_date():
    assert figures.update(check=True) == [], "run: make figures"


@pytest.mark.parametrize("stem", RECORDED)
def test_chapter_records_its_figures_and_its_hero(stem):
    notebook = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = (line for line in readme.splitlines() if f"notebooks/{stem}.ipynb" in line)
    assert f"<!--={stem[:2]}." in row
    assert figures.recorded(notebook)
    assert figures.picture_of(notebook, figures.HERO)


def test_exercises_have_solutions():
    found = exercises.entries(exercises.SOLUTIONS.read_text(encoding="utf-8"))
    assert exercises.RESULT.read_text("utf-8") == exercises.as_json(found), "run: make exercises"
    asked = set()
    for path in CHAPTERS:
        names = set(
            re.findall(r'exercises\.check\(\\?"([^"\\]+)', path.read_text(encoding="utf-8"))
        )
        assert {name[:2] for name in names} <= {path.stem[:2]}
        asked |= names
    assert asked == set(found) - {"00.1"}


def chapter():
    """A chapter that keeps every rule."""
    code = [
        "from gankit import settings",
        "S = settings.choose(cpu=dict(epochs=3), gpu=dict(epochs=25), seed=0)",
        *("# a comment\nx = S.epochs + 1\n" for _ in range(3)),
        "assert S.epochs in (3, 25)",
    ]
    cells = [v4.new_markdown_cell("# A chapter\n\n![where it ends](pictures/end.png)")]
    for count, source in enumerate(code, start=1):
        cells.append(v4.new_markdown_cell("Some words."))
        cells.append(v4.new_code_cell(source, execution_count=count))
    for heading in ("Summary", "Exercises", "What was not reproduced", "Next"):
        cells.append(v4.new_markdown_cell(f"## {heading}\n\nSome words."))
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return v4.new_notebook(cells=cells, metadata=metadata)


def problems_of(notebook, folder, name="01_chapter.ipynb"):
    path = folder / name
    nbformat.write(notebook, path)
    return problems(path)


def output(kind, value):
    return v4.new_output("display_data", data={kind: value})


def test_a_good_chapter_has_no_problems(tmp_path):
    notebook = chapter()
    notebook.cells[2].metadata.tags = ["hero", "readme:digits"]
    notebook.cells[2].outputs = [
        output("image/png", PIXEL),
        output("text/plain", "loss 0.69, and/or 1/2 of it; see https://arxiv.org/abs/1406.2661"),
        output("text/html", '<b>7</b><img src="data:image/png;base64,+/home/ada/x=">'),
        v4.new_output("stream", name="stdout", text="Epoch 1/3"),
    ]
    assert problems_of(notebook, tmp_path) == []


def set_source(index, source):
    def change(notebook):
        notebook.cells[index].source = source

    return change


def set_output(made):
    def change(notebook):
        notebook.cells[2].outputs = [made]

    return change


def drop_assert(notebook):
    notebook.cells[12].source = "S.epochs"


def swap_sections(notebook):
    notebook.cells[-1], notebook.cells[-2] = notebook.cells[-2], notebook.cells[-1]


def skip_a_count(notebook):
    notebook.cells[4].execution_count = 7


def another_kernel(notebook):
    notebook.metadata.kernelspec.name = "my-kernel"


def add_timeout(notebook):
    notebook.metadata.execution = {"timeout": 1200}


def add_cell_times(notebook):
    notebook.cells[2].metadata.execution = {"iopub.execute_input": "then"}


def allow_failure(notebook):
    notebook.cells[2].metadata.tags = ["raises-exception"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_source(4, "x = 1\n" * 31), "cell 5 has 31 lines"),
        (set_source(6, "!pip install gankit"), "cell 7 sets up the machine: '!'"),
        (set_source(6, "x = 1\n%pip install gankit"), "cell 7 sets up the machine: '%pip'"),
        (set_source(6, "import sys; sys.path.insert(0, '..')"), r"machine: 'sys\.path'"),
        (set_source(6, "images = load('/home/ada/faces')"), "absolute path: '/home/ada/faces'"),
        (set_source(4, "x = 3"), "has 0 settings cells"),
        (set_source(6, "T = settings.choose(cpu={}, gpu={})"), "has 2 settings cells"),
        (drop_assert, "asserts nothing"),
        (set_source(0, "![where it ends](pictures/end.png)"), "open with its title"),
        (set_source(0, "# A chapter"), "open with a picture"),
        (swap_sections, "does not end with the sections Summary, Exercises"),
        (skip_a_count, "was not executed from its first cell"),
        (another_kernel, "asks for the kernel 'my-kernel'"),
        (add_timeout, r"\['execution'\]"),
        (add_cell_times, "cell 3 stores when it ran"),
        (allow_failure, r"cell 3 is tagged \['raises-exception'\]"),
        (set_output(v4.new_output("error", ename="ValueError", evalue="bad")), "ValueError: bad"),
        (set_output(v4.new_output("stream", name="stderr", text="Warning")), "error stream"),
        (set_output(output("image/svg+xml", "<svg/>")), "picture as image/svg"),
        (set_output(output("image/jpeg", PIXEL)), "picture as image/jpeg"),
        (set_output(output("image/png", "AAAA")), "holds a broken image/png"),
        (set_output(output("text/plain", "2026-01-31 10:20:30")), "prints a timestamp"),
        (set_output(output("text/plain", "<Line2D at 0x7f3a5c1d2e80>")), "a memory address"),
        (set_output(output("text/plain", "saved to /home/ada/gan.keras")), "an absolute path"),
        (set_output(output("text/plain", r"saved to C:\Users\ada")), "an absolute path"),
        (set_output(output("text/plain", "x" * 2_000_000)), r"has 2,\d+,\d+ bytes"),
        (set_output(output("application/vnd.jupyter.widget-view+json", {})), "shows a widget"),
    ],
)
def test_a_broken_rule_is_named(tmp_path, change, message):
    notebook = chapter()
    change(notebook)
    assert any(re.search(message, problem) for problem in problems_of(notebook, tmp_path))


def test_a_bad_name_is_named(tmp_path):
    assert any("'Chapter1.ipynb'" in p for p in problems_of(chapter(), tmp_path, "Chapter1.ipynb"))


def test_an_invalid_notebook_is_named(tmp_path):
    path = tmp_path / "01_chapter.ipynb"
    notebook = chapter()
    del notebook.cells[0]["source"]
    path.write_text(nbformat.v4.writes(notebook), encoding="utf-8")
    assert any("no valid notebook" in problem for problem in problems(path))
