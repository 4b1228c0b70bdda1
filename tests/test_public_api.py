"""The front door: every public name is there, and opening it costs nothing."""

import ast
import importlib
import pkgutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import autonomaly

HEAVY = ["matplotlib", "pandas", "pyod", "river", "sklearn", "skopt", "skrub", "torch"]


def _python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize("name", autonomaly.__all__)
def test_every_public_name_is_importable(name):
    assert getattr(autonomaly, name) is not None


def test_star_import_brings_all():
    names = {}
    exec("from autonomaly import *", names)
    assert set(autonomaly.__all__) <= set(names)


@pytest.mark.parametrize(
    "package",
    [m.name for m in pkgutil.iter_modules(autonomaly.__path__) if m.ispkg],
)
def test_every_room_exports_what_it_says(package):
    room = importlib.import_module(f"autonomaly.{package}")
    names = getattr(room, "__all__", [])
    assert sorted(set(names)) == sorted(names)
    for name in names:
        assert hasattr(room, name)


def test_import_brings_nothing_heavy():
    loaded = _python(
        "import autonomaly, sys; autonomaly.DataError;"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    assert loaded == ""


def test_the_command_line_opens_without_the_engine():
    loaded = _python(
        "import autonomaly.cli, sys;"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    assert loaded == ""


@pytest.mark.parametrize("name", ["AutonomousDetector", "DataProfiler", "load_dataset"])
def test_using_a_name_brings_no_optional_package(name):
    # pandas is not in this list: scikit-learn imports it itself where it is there
    lazy = ["matplotlib", "pyod", "river", "skopt", "skrub", "torch"]
    loaded = _python(
        f"import autonomaly, sys; autonomaly.{name};"
        f"print(*[name for name in {lazy} if name in sys.modules])"
    )
    assert loaded == ""


@pytest.mark.flaky(reruns=2)  # by the clock
def test_import_takes_less_than_twice_that_of_sklearn_ensemble():
    def seconds(statement):
        started = time.perf_counter()
        _python(statement)
        return time.perf_counter() - started

    ours = min(seconds("import autonomaly") for _ in range(2))
    theirs = min(seconds("import sklearn.ensemble") for _ in range(2))
    assert ours < 2 * theirs


def test_dir_shows_what_was_not_used_yet():
    shown = _python("import autonomaly; print(*dir(autonomaly))").split()
    assert set(autonomaly.__all__) <= set(shown)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="AutonomusDetector"):
        _ = autonomaly.AutonomusDetector


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(autonomaly.__file__).read_text(encoding="utf-8"))
    (block,) = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    seen = {
        alias.name: node.module
        for node in block.body
        for alias in node.names
        if isinstance(node, ast.ImportFrom)
    }
    assert seen == autonomaly._HOME_OF
    assert {*seen, "__version__"} == set(autonomaly.__all__)
