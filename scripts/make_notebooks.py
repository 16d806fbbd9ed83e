"""Execute the notebooks in place and store their outputs, for `make notebooks`.

The script removes what differs between runs (times, versions, log lines) and compresses pictures.
Then it updates the README's figures and the chapters' first pictures, as `scripts/figures.py` does.
If a run fails, the notebook stays as it was.
"""

import argparse
import base64
import io
import os
import re
import sys
from pathlib import Path

import figures
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from notebook_rules import problems
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
PALETTE = 256
SECONDS_PER_CELL = 600
# Log lines with times and process numbers that the C++ libraries of TensorFlow always write.
LOG_LINE = re.compile(
    r"WARNING: All log messages before absl|To enable the following instructions:"
    r"|[IWEF]\d{4} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*: [IWEF] "
)


def execute(path: Path) -> nbformat.NotebookNode:
    """Run the notebook in a new kernel, in its own folder like JupyterLab, and return it."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS_PER_CELL,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    return notebook


def clean(notebook: nbformat.NotebookNode) -> None:
    """Remove what differs between runs from an executed notebook, and compress its pictures."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        for key in ("execution", "collapsed", "scrolled", "ExecuteTime"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = _merge_streams(cell.outputs)
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    output.data["image/png"] = compress_png(output.data["image/png"])


def _merge_streams(outputs):
    """Join consecutive outputs of the same stream, and remove log lines of libraries."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else None
        if output.output_type == "stream" and last and last.get("name") == output.name:
            last.text += output.text
        else:
            merged.append(output)
    for output in merged:
        if output.output_type == "stream":
            output.text = as_printed(output.text)
            if output.name == "stderr":
                lines = output.text.splitlines(keepends=True)
                output.text = "".join(line for line in lines if not LOG_LINE.match(line))
    return [o for o in merged if o.output_type != "stream" or o.text.strip()]


def as_printed(text: str) -> str:
    r"""Return the text as a terminal shows it, after `\r` and backspaces overwrite characters."""
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        shown, column = [], 0
        for character in line:
            if character == "\r":
                column = 0
            elif character == "\b":
                column = max(column - 1, 0)
            else:
                shown[column : column + 1] = character
                column += 1
        lines.append("".join(shown).rstrip() if "\r" in line or "\b" in line else line)
    return "\n".join(lines)


def compress_png(encoded: str) -> str:
    """Return the base64 PNG with a palette of 256 colors if this is smaller."""
    original = base64.b64decode(encoded)
    image = Image.open(io.BytesIO(original))
    if getattr(image, "is_animated", False):
        return encoded  # Pillow would keep only the first frame.
    if image.mode == "RGBA" and image.getextrema()[3] == (255, 255):
        image = image.convert("RGB")
    if image.mode == "RGB":
        image = image.quantize(PALETTE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return base64.b64encode(min(buffer.getvalue(), original, key=len)).decode()


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Replace the file atomically, so that nobody reads a partial notebook."""
    partial = path.with_suffix(".ipynb.part")
    nbformat.write(notebook, partial)
    os.replace(partial, path)


def make(path: Path) -> list[str]:
    """Execute, clean and store one notebook, and return its problems."""
    try:
        notebook = execute(path)
    except CellExecutionError as error:
        return [f"failed, and is left as it was:\n{error}"]
    clean(notebook)
    try:
        figures.set_hero(notebook)
        complaints = []
    except ValueError as error:
        complaints = [f"has no hero: {error}"]
    write(notebook, path)
    return complaints + problems(path)


def main() -> int:
    """Make the requested notebooks, or all of them, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "notebook", nargs="*", type=Path, help="notebooks to execute; by default, all of notebooks/"
    )
    paths = parser.parse_args().notebook or sorted(NOTEBOOKS.glob("*.ipynb"))

    # Use the environment of `make test`, with the preset for a laptop.
    sys.path.insert(0, str(ROOT))
    import conftest  # noqa: F401

    os.environ.setdefault("GANKIT_PRESET", "cpu")
    failed = False
    for path in paths:
        print(f"{path.name} ...", flush=True)
        for problem in make(path.resolve()):
            failed = True
            print(f"  {path.name} {problem}", flush=True)
    try:
        for path in figures.update():
            print(f"{path.name} is updated")
    except ValueError as error:
        failed = True
        print(error)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
