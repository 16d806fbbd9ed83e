"""How the house is kept: the pins agree, imports run one way, nothing belongs to one machine."""

import ast
import itertools
import os
import re
import sys
from pathlib import Path

import pytest
from mutants import all_mutants
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import gankit

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "gankit"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
PLATFORMS = ("linux", "darwin")


def pins():
    lines = [line for line in LOCK.splitlines() if line and not line.lstrip().startswith("#")]
    return [Requirement(line) for line in lines]


def locked_dependencies():
    extras = PROJECT["optional-dependencies"]
    return PROJECT["dependencies"] + extras["tensorflow"] + extras["lab"] + extras["test"]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


# ------------------------------------------------------------------------------------ the pins


@pytest.mark.parametrize("dependency", locked_dependencies())
def test_every_dependency_is_locked_within_its_range(dependency):
    dependency = Requirement(dependency)
    candidates = [pin for pin in pins() if normal(pin.name) == normal(dependency.name)]
    for python, platform in itertools.product(PYTHONS, PLATFORMS):
        machine = {
            "python_version": python,
            "python_full_version": f"{python}.9",
            "sys_platform": platform,
        }
        found = [pin for pin in candidates if not pin.marker or pin.marker.evaluate(machine)]
        assert len(found) == 1, f"{len(found)} pins on Python {python}, {platform}"
        (pinned,) = found[0].specifier
        assert pinned.version in dependency.specifier


def test_the_lock_pins_versions_and_nothing_else():
    for pin in pins():
        assert pin.url is None and [spec.operator for spec in pin.specifier] == ["=="]
    assert "://" not in LOCK and "--" not in LOCK


def test_conda_users_get_the_locked_versions():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    entries = [line.strip()[2:] for line in text.splitlines() if line.strip().startswith("- ")]
    assert entries[-2:] == ["-r requirements.lock", "-e ."]
    (python,) = (entry for entry in entries if entry.startswith("python"))
    assert SpecifierSet(python.split()[1]) == SpecifierSet(PROJECT["requires-python"])


def test_the_supported_pythons_are_the_same_everywhere():
    supported = SpecifierSet(PROJECT["requires-python"])
    minors = [f"3.{minor}" for minor in range(30) if f"3.{minor}" in supported]
    assert minors == list(PYTHONS)
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert f"python: {minors}".replace("'", '"') in workflow
    first, last = ((3, int(minor[2:])) for minor in (minors[0], minors[-1]))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"{first} <= sys.version_info[:2] <= {last}" in makefile


def test_every_dependency_has_a_reason():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for dependency in sum(PROJECT["optional-dependencies"].values(), PROJECT["dependencies"]):
        (line,) = (line for line in text.splitlines() if f'"{dependency}"' in line)
        assert re.search(r"#\s*\S+ \S+", line), f"{dependency} has no reason beside it"


def test_the_version_is_the_same_everywhere():
    assert gankit.__version__ == PROJECT["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {PROJECT['version']}\n" in citation


# --------------------------------------------------------------------------------- the imports

# What each room of the package may import of the others. Any that is not named here may import
# everything but the models.
KNOWS = {
    "autodiff": set(),
    "averaging": {"checks"},
    "backend": {"autodiff"},
    "checks": set(),
    "commands": {
        *("callbacks", "checks", "commands", "datasets", "game", "metrics", "models", "saving"),
    },
    "exercises": set(),
    "feed": set(),
    "layers": {"layers"},
    "losses": {"checks", "losses"},
    "noise": {"checks", "game"},
    "normalization": {"backend"},
    "penalties": {"autodiff", "checks", "penalties"},
    "pipelines": {"backend"},
    "players": {"autodiff", "checks"},
    "replicas": {"autodiff"},
    "resampling": {"checks"},
    "sampling": {"backend", "checks", "feed"},
    "saving": {"averaging", "backend", "checks", "sharing"},
    "settings": set(),
    "sharing": set(),
    "weights": set(),
    "game": {
        *("autodiff", "averaging", "backend", "checks", "feed", "penalties", "players"),
        *("pipelines", "replicas", "saving"),
    },
    "gan": {"averaging", "backend", "checks", "feed", "game", "losses", "penalties", "sampling"},
    "historical": {"checks", "gan"},
    "simultaneous": {"gan"},
    "models": {
        *("averaging", "backend", "checks", "feed", "game", "gan", "historical", "layers"),
        *("losses", "models", "normalization", "resampling", "sampling", "weights"),
    },
}
BACKENDS = {"tensorflow", "tensorflow_datasets", "jax", "jaxlib", "torch"}

MODULES = sorted(PACKAGE.rglob("*.py"))
each_module = pytest.mark.parametrize(
    "path", MODULES, ids=[str(path.relative_to(PACKAGE)) for path in MODULES]
)


def room(path):
    """The first folder or file under gankit/ that a module belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path, tree=None):
    """The full names of what a module imports, wherever in the module the import stands."""
    package = ["gankit", *path.relative_to(PACKAGE).parts[:-1]]
    tree = tree or ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join(above + ([node.module] if node.module else []))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imports_when_imported(path):
    """The same, without what stands in functions or is there for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if for_types or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = []
    return imports(path, tree)


@each_module
def test_imports_run_one_way(path):
    here = room(path)
    known = {name.split(".")[1] for name in imports(path) if name.startswith("gankit.")}
    if here in KNOWS:
        assert known <= KNOWS[here]
    elif here != "__init__":
        assert "models" not in known


@each_module
def test_two_files_name_a_backend(path):
    if path in (PACKAGE / "autodiff.py", PACKAGE / "backend.py"):
        return
    named = {name.split(".")[0] for name in imports(path)} & BACKENDS
    if room(path) == "datasets":
        named = named - {"tensorflow", "tensorflow_datasets"}
        top = {name.split(".")[0] for name in imports_when_imported(path)}
        assert not top & BACKENDS, "import TensorFlow inside the function that needs it"
    assert not named


@each_module
def test_a_layer_imports_nothing_but_keras(path):
    if room(path) == "layers" and path.name != "__init__.py":
        foreign = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names
        assert foreign == {"keras"}


def test_importing_gankit_brings_nothing_heavy(run_process):
    program = """if True:
        import sys, keras
        before = set(sys.modules)
        import gankit
        brought = {name.split('.')[0] for name in set(sys.modules) - before}
        assert brought - set(sys.stdlib_module_names) == {"gankit"}, brought
    """
    assert run_process(program) == 0


# --------------------------------------------------------------------------------- one machine

TEXT = {".py", ".md", ".toml", ".yml", ".cff", ".lock", ".ipynb", ".json", ".csv", ".txt", ""}
FOLDERS = ".ci .github benchmarks data docs gankit notebooks scripts tests".split()


def text_files():
    files = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in FOLDERS:
        files += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [path for path in files if path.suffix in TEXT and "__pycache__" not in path.parts]


def test_no_file_carries_a_path_of_this_machine():
    places = [f"{place}{os.sep}" for place in (ROOT, Path.home()) if place != place.parent]
    for path in text_files():
        text = path.read_text(encoding="utf-8")
        assert not [place for place in places if place in text], path


def test_tests_stand_where_their_module_stands():
    for test in (ROOT / "tests").rglob("test_*.py"):
        place = test.relative_to(ROOT / "tests").parent
        if place.parts[:1] == ("notebooks",) or test == Path(__file__):
            continue
        assert (PACKAGE / place).is_dir(), f"{test} mirrors no folder of the package"


# ---------------------------------------------------------------------------------- the mutants


@pytest.mark.parametrize("mutant", all_mutants(), ids=lambda m: m.file)
def test_a_mutant_changes_one_place(mutant):
    assert (PACKAGE / mutant.file).read_text(encoding="utf-8").count(mutant.before) == 1
    assert mutant.after != mutant.before
    files = [word for word in mutant.tests.split() if word.endswith(".py")]
    assert files and all((ROOT / "tests" / file).is_file() for file in files)


def test_no_mutant_is_listed_twice():
    changes = [mutant[:3] for mutant in all_mutants()]
    assert len(changes) == len(set(changes))
