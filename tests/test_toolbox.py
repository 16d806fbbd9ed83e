"""Every part of the toolbox against its oracle, and the page with the results."""

import re

import pytest
import toolbox
from oracles import all_parts

PARTS = all_parts()
each_part = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)


@each_part
def test_it_agrees_with_its_oracle(part):
    assert part.worst() <= part.tolerance


@each_part
def test_its_use_runs(part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # an example may write a file
    exec(compile(part.use, part.name, "exec"), {})


def test_the_names_are_unique():
    names = [part.name for part in PARTS]
    assert len(names) == len(set(names))


NUMBER = r"\d\.\de[+-]\d\d"


def test_the_page_is_current():
    """Except for the measured digits, which differ between machines."""
    written = toolbox.PAGE.read_text(encoding="utf-8")
    nothing = {part.name: 0.0 for part in PARTS}
    expected = toolbox.page({backend: nothing for backend in toolbox.BACKENDS})
    assert re.sub(NUMBER, "", written) == re.sub(NUMBER, "", expected), "run `make toolbox`"


@each_part
def test_the_page_shows_errors_within_bounds(part):
    (row,) = (
        line
        for line in toolbox.PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| [`{part.name}`]")
    )
    errors = [float(number) for number in re.findall(NUMBER, row)]
    assert len(errors) == len(toolbox.BACKENDS) and max(errors) <= part.tolerance
