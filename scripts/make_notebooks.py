"""Execute the notebooks in place and store what a reader sees: what `make notebooks` runs.

What changes from run to run is stripped (times, versions, log lines), pictures are compressed, and
a notebook whose run failed is left as it was.
"""

import argparse
import base64
import io
import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from notebook_rules import problems
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
PALETTE = 256
SECONDS_PER_CELL = 600
# What TensorFlow's libraries log from C++ whatever they are told, with times and process numbers
LOG_LINE = re.compile(
    r"WARNING: All log messages before absl|To enable the following instructions:"
    r"|[IWEF]\d{4} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*: [IWEF] "
)


def execute(path: Path) -> nbformat.NotebookNode:
    """Run the notebook in a new kernel, in its own folder as JupyterLab does, and return it."""
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
    """Strip from an executed notebook what differs between two runs, and compress its pictures."""
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
    """Join what one stream wrote in pieces, and drop the libraries' log lines."""
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
    r"""Return what a terminal shows of the text: what `\r` and backspaces overwrote is gone."""
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
    """Return the base64 PNG with a palette of 256 colors, where that is smaller."""
    original = base64.b64decode(encoded)
    image = Image.open(io.BytesIO(original))
    if getattr(image, "is_animated", False):
        return encoded  # Pillow would keep its first frame only
    if image.mode == "RGBA" and image.getextrema()[3] == (255, 255):
        image = image.convert("RGB")
    if image.mode == "RGB":
        image = image.quantize(PALETTE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return base64.b64encode(min(buffer.getvalue(), original, key=len)).decode()


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Replace the file in one go: a reader never finds half a notebook."""
    part = path.with_suffix(".ipynb.part")
    nbformat.write(notebook, part)
    os.replace(part, path)


def make(path: Path) -> list[str]:
    """Execute, clean and store one notebook; return what is wrong with it."""
    try:
        notebook = execute(path)
    except CellExecutionError as error:
        return [f"failed, and is left as it was:\n{error}"]
    clean(notebook)
    write(notebook, path)
    return problems(path)


def main() -> int:
    """Make the notebooks asked for, or all of them; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "notebook", nargs="*", type=Path, help="all of notebooks/ when none is given"
    )
    paths = parser.parse_args().notebook or sorted(NOTEBOOKS.glob("*.ipynb"))

    # The environment that `make test` gives the same notebooks, at the preset a laptop picks.
    sys.path.insert(0, str(ROOT))
    import conftest  # noqa: F401

    os.environ.setdefault("GANKIT_PRESET", "cpu")
    failed = False
    for path in paths:
        print(f"{path.name} ...", flush=True)
        for problem in make(path.resolve()):
            failed = True
            print(f"  {path.name} {problem}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
