"""Check the rules of CONTRIBUTING.md for notebooks."""

import base64
import re
from pathlib import Path

import nbformat

LONGEST_CELL = 30
LARGEST_BYTES = 2_000_000
LAST_SECTIONS = ("Summary", "Exercises", "What was not reproduced", "Next")
TAG = r"hero|readme:[a-z0-9_]+"
PICTURE_SIGNATURES = {"image/png": b"\x89PNG\r\n", "image/gif": b"GIF8"}

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d|\b[IWEF]\d{4} \d\d:\d\d:\d\d")
MEMORY_ADDRESS = re.compile(r"\b0x[0-9a-f]{8,}")
EMBEDDED_PICTURE = re.compile(r"data:[\w/+.-]+;base64,[^\"')]*")
# At least two components, as in /home/ada or C:\Users, but no URL, closing tag or fraction.
ABSOLUTE_PATH = re.compile(r"(?<![\w.:/<>])(?:/[A-Za-z][\w.-]*){2,}|\b[A-Z]:\\\w+")
CELL_COMMAND = re.compile(r"^\s*(?:!|%pip|%conda|%run|%cd)|\bsys\.path\b", re.MULTILINE)


def problems(path: str | Path) -> list[str]:
    """Return the problems of a notebook, one sentence each, or an empty list."""
    path = Path(path)
    notebook = nbformat.read(path, as_version=4)
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        return [f"is no valid notebook: {error.message}"]

    found = []
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", path.stem):
        found.append(f"is named {path.name!r}, not NN_name.ipynb in lower case")
    if (size := path.stat().st_size) >= LARGEST_BYTES:
        found.append(f"has {size:,} bytes, but at most {LARGEST_BYTES:,} are allowed")
    return found + _form(notebook) + _metadata(notebook) + _execution(notebook) + _outputs(notebook)


def _code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _form(notebook):
    found = []
    code = _code_cells(notebook)
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]

    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        if (length := len(cell.source.splitlines())) > LONGEST_CELL:
            found.append(
                f"cell {number} has {length} lines, but at most {LONGEST_CELL} are allowed"
            )
        if command := CELL_COMMAND.search(cell.source):
            found.append(f"cell {number} sets up the machine: {command.group().strip()!r}")
        if path := ABSOLUTE_PATH.search(cell.source):
            found.append(f"cell {number} names an absolute path: {path.group()!r}")

    if (settings := sum("settings.choose(" in cell.source for cell in code)) != 1:
        found.append(f"has {settings} settings cells (`settings.choose(...)`), not one")
    if not any(re.search(r"^\s*assert\b", cell.source, re.MULTILINE) for cell in code):
        found.append("asserts nothing")
    if not prose or not prose[0].startswith("# ") or notebook.cells[0].cell_type != "markdown":
        found.append("does not open with its title")
    if not any(map(_shows_picture, notebook.cells[:3])):
        found.append("does not open with a picture of where it ends")
    sections = re.findall(r"^##\s+(.+?)\s*$", "\n".join(prose), re.MULTILINE)
    if tuple(sections[-len(LAST_SECTIONS) :]) != LAST_SECTIONS:
        found.append(f"does not end with the sections {', '.join(LAST_SECTIONS)}")
    return found


def _shows_picture(cell):
    if cell.cell_type == "markdown":
        return bool(re.search(r"!\[|<img\b", cell.source))
    return any(
        kind in PICTURE_SIGNATURES for output in cell.outputs for kind in output.get("data", {})
    )


def _metadata(notebook):
    found = []
    if (kernel := notebook.metadata.get("kernelspec", {}).get("name")) != "python3":
        found.append(f"asks for the kernel {kernel!r}, not 'python3'")
    if extra := set(notebook.metadata) - {"kernelspec", "language_info"}:
        found.append(f"has metadata that change between runs or control them: {sorted(extra)}")
    for number, cell in enumerate(notebook.cells, start=1):
        if "execution" in cell.metadata:
            found.append(f"cell {number} stores when it ran")
        tags = [t for t in cell.metadata.get("tags", []) if not re.fullmatch(TAG, t)]
        if tags:
            found.append(f"cell {number} is tagged {tags}; 'hero' and 'readme:NAME' are allowed")
    return found


def _execution(notebook):
    code = _code_cells(notebook)
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        return ["was not executed from its first cell to its last in one run"]
    return []


def _outputs(notebook):
    found = []
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            found += [f"cell {number} {problem}" for problem in _output_problems(output)]
    return found


def _output_problems(output):
    if output.output_type == "error":
        return [f"failed with {output.ename}: {output.evalue}"]
    if output.output_type == "stream" and output.name == "stderr":
        return [f"writes to the error stream: {output.text.strip()[:80]!r}"]

    found = []
    data = output.get("data", {"text/plain": output.get("text", "")})
    for kind, value in data.items():
        if kind.startswith("image/"):
            found += _picture_problems(kind, value)
        elif kind.startswith("application/vnd.jupyter.widget"):
            found.append("shows a widget, which is empty until it is run")
        elif isinstance(value, str):
            text = EMBEDDED_PICTURE.sub("", value)
            for name, pattern in (
                ("a timestamp", TIMESTAMP),
                ("a memory address", MEMORY_ADDRESS),
                ("an absolute path", ABSOLUTE_PATH),
            ):
                if match := pattern.search(text):
                    found.append(f"prints {name}: {match.group()!r}")
    return found


def _picture_problems(kind, value):
    if kind not in PICTURE_SIGNATURES:
        return [f"shows a picture as {kind}, not as one of {', '.join(PICTURE_SIGNATURES)}"]
    if not base64.b64decode(value).startswith(PICTURE_SIGNATURES[kind]):
        return [f"holds a broken {kind}"]
    return []
