"""Copy figures and pictures from the executed notebooks to where they are quoted.

    python scripts/figures.py [--check]

- A figure that `settings.record` has named goes into the README, between markers that give the
  number of the chapter and the name: `<!--=01.modes-->8 of 8<!--/-->`.
- The picture of the cell tagged `hero` goes into the first cell, as its attachment `end.png`.
- The picture of a cell tagged `readme:NAME` goes to `docs/NAME.png`.

With `--check`, the script changes nothing, and fails if anything would change. `make notebooks`
runs it at its end, and a test checks that the README and the pictures are up to date.
"""

import argparse
import base64
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
HERO, ATTACHMENT = "hero", "end.png"
MARKER = re.compile(r"<!--=(?P<name>.*?)-->(?P<text>.*?)<!--/-->", re.DOTALL)
KINDS = ("image/png", "image/gif")


def recorded(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Return the figures that a notebook has recorded, by name."""
    figures = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for name, text in output.get("metadata", {}).get("figures", {}).items():
                if figures.setdefault(name, text) != text:
                    raise ValueError(
                        f"A figure must have one value. Received: {name} = {figures[name]} and "
                        f"{name} = {text}."
                    )
    return figures


def picture_of(notebook: nbformat.NotebookNode, tag: str) -> dict[str, str] | None:
    """Return the last picture of the cell with this tag, from kind to base64, or None."""
    cells = [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]
    if not cells:
        return None
    shown = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    pictures = [{k: data[k]} for data in shown for k in KINDS if k in data]
    if len(cells) > 1 or not pictures:
        raise ValueError(
            f"One cell that shows a picture must have the tag {tag!r}. Received: {len(cells)} "
            f"cells with {len(pictures)} pictures."
        )
    return pictures[-1]


def set_hero(notebook: nbformat.NotebookNode) -> bool:
    """Attach the hero to the first cell, and return whether this changed the notebook."""
    picture = picture_of(notebook, HERO)
    if picture is None:
        return False
    first = notebook.cells[0]
    if f"attachment:{ATTACHMENT}" not in first.source:
        raise ValueError(f"The first cell must show the hero: ![...](attachment:{ATTACHMENT})")
    changed = first.get("attachments", {}).get(ATTACHMENT) != picture
    first.attachments = {**first.get("attachments", {}), ATTACHMENT: picture}
    return changed


def documents(notebook: nbformat.NotebookNode) -> dict[str, bytes]:
    """Return the content of the pictures that go into `docs/`, by name."""
    tags = {tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])}
    names = sorted(tag.removeprefix("readme:") for tag in tags if tag.startswith("readme:"))
    found = {}
    for name in names:
        (content,) = picture_of(notebook, f"readme:{name}").values()
        found[f"{name}.png"] = base64.b64decode(content)
    return found


def fill(text: str, figures: dict[str, str]) -> str:
    """Return the text with each figure between its markers."""

    def replace(marker: re.Match) -> str:
        name = marker["name"]
        if name not in figures:
            known = ", ".join(sorted(figures)) or "none"
            raise ValueError(
                f"A marker must name a recorded figure. Received: {name}. There are: {known}."
            )
        return f"<!--={name}-->{figures[name]}<!--/-->"

    return MARKER.sub(replace, text)


def update(root: Path = ROOT, check: bool = False) -> list[Path]:
    """Write all files that are out of date, and return them; with `check`, only return them."""
    figures, changed = {}, []

    def write(path: Path, content: bytes) -> None:
        if not path.exists() or path.read_bytes() != content:
            changed.append(path)
            if not check:
                path.write_bytes(content)

    for path in sorted((root / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        figures |= {f"{path.name[:2]}.{name}": text for name, text in recorded(notebook).items()}
        if set_hero(notebook):
            write(path, nbformat.writes(notebook).encode() + b"\n")
        for name, content in documents(notebook).items():
            write(root / "docs" / name, content)
    readme = root / "README.md"
    write(readme, fill(readme.read_text(encoding="utf-8"), figures).encode())
    return changed


def main() -> int:
    """Update the files, or check them, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail if anything is")
    check = parser.parse_args().check
    changed = update(check=check)
    for path in changed:
        print(f"{path.relative_to(ROOT)} {'is out of date' if check else 'is updated'}")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
