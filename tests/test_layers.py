"""Imports go down the house, never up, sideways or in a circle."""

import ast
from pathlib import Path

import pytest

import autonomaly

ROOT = Path(autonomaly.__file__).parent

# The number of every room: imports go from a higher number to a lower one.
LEVELS = {
    "__main__": 9,  # only starts the command line
    "cli": 8,
    "service": 8,
    "federation": 7,
    "_detector": 6,
    "streaming": 5,
    "config": 5,
    "monitoring": 4,
    "explanation": 4,
    "tuning": 4,
    "ensemble": 3,
    "selection": 3,
    "drift": 2,
    "detectors": 2,
    "preprocessing": 2,
    "profiling": 2,
    "resources": 1,
    "io": 1,
    "_utils": 0,
    "exceptions": 0,
}
# `_utils` raises our exceptions; nothing else looks sideways.
SIDEWAYS = {("_utils", "exceptions")}

# Who may import what: one room per foreign package, so that it can be exchanged.
OWNERS = {
    "pyod": {"detectors"},
    "torch": {"detectors"},
    "skorch": {"detectors"},
    "skopt": {"tuning"},
    "river": {"drift"},
    "skrub": {"preprocessing"},
    "typer": {"cli"},
    "rich": {"cli", "_utils"},  # _utils: the progress bar
    "fastapi": {"service"},
    "flwr": {"federation"},
}

# Imported inside functions only: each costs up to seconds, or may not be there.
HEAVY = {
    *("dask", "fastapi", "flwr", "joblib.externals", "matplotlib", "pandas", "polars"),
    *("pyarrow", "pyod", "ray", "river", "skopt", "skorch", "skrub", "sqlalchemy"),
    *("statsmodels", "torch"),
}


def _module_name(path, root=ROOT):
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_type_checking(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def _imports(tree):
    """Yield (imported module, imported names, at the top level?) of a file."""

    def walk(node, top):
        for child in ast.iter_child_nodes(node):
            if _is_type_checking(child):
                continue
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield alias.name, [], top
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"relative import of {child.module}"
                yield child.module, [alias.name for alias in child.names], top
            else:
                inside = isinstance(
                    child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
                )
                yield from walk(child, top and not inside)

    yield from walk(tree, True)


def _targets(module, names, known):
    """Turn one import statement into the modules of ours that it reaches."""
    if module != "autonomaly" and not module.startswith("autonomaly."):
        return
    if not names:
        yield module
    for name in names:
        if f"{module}.{name}" in known:
            yield f"{module}.{name}"
        elif module == "autonomaly":
            # a name of the lazy front door: it lives where the door says
            yield autonomaly._HOME_OF.get(name, "autonomaly")
        else:
            yield module


def _room(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def _read(root=ROOT):
    files = {_module_name(path, root): path for path in root.rglob("*.py")}
    return {
        name: ast.parse(path.read_text(encoding="utf-8"))
        for name, path in files.items()
        if name != "autonomaly"  # the lazy front door, see test_public_api.py
    }


def _layer_faults(trees):
    known = {*trees, "autonomaly"}
    faults = []
    for name, tree in trees.items():
        here = _room(name)
        for module, names, _ in _imports(tree):
            for target in _targets(module, names, known):
                there = _room(target)
                if there in ("", here) or (here, there) in SIDEWAYS:
                    continue
                if LEVELS[here] <= LEVELS[there]:
                    faults.append(f"{name} imports {target}")
    return faults


def _owner_faults(trees):
    return [
        f"{name} imports {module}"
        for name, tree in trees.items()
        for module, _, _ in _imports(tree)
        if _room(name) not in OWNERS.get(module.split(".")[0], {_room(name)})
    ]


def _heavy_faults(trees):
    return [
        f"{name} imports {module} at the top"
        for name, tree in trees.items()
        for module, _, top in _imports(tree)
        if top and module.split(".")[0] in HEAVY
    ]


def _cycles(trees):
    known = {*trees, "autonomaly"}
    graph = {
        name: {
            target
            for module, names, _ in _imports(tree)
            for target in _targets(module, names, known)
            if target in trees and target != name
        }
        for name, tree in trees.items()
    }
    # Take away what imports nothing that is left, and what nothing left imports;
    # circles, and what connects them, are what remains.
    while free := {
        name
        for name, targets in graph.items()
        if not targets or not any(name in others for others in graph.values())
    }:
        graph = {
            name: targets - free for name, targets in graph.items() if name not in free
        }
    return sorted(graph)


def test_every_room_has_a_level():
    rooms = {
        path.stem if path.suffix == ".py" else path.name
        for path in ROOT.iterdir()
        if path.suffix == ".py" or (path.is_dir() and list(path.rglob("*.py")))
    }
    assert rooms - {"__init__"} <= set(LEVELS)


def test_imports_go_down():
    assert _layer_faults(_read()) == []


def test_foreign_packages_have_one_door():
    assert _owner_faults(_read()) == []


def test_heavy_packages_are_imported_late():
    assert _heavy_faults(_read()) == []


def test_no_circles():
    assert _cycles(_read()) == []


@pytest.mark.parametrize(
    ("check", "sources"),
    [
        (_layer_faults, {"autonomaly.io._x": "from autonomaly.ensemble import y"}),
        (_layer_faults, {"autonomaly.io._x": "import autonomaly.resources"}),
        (
            _layer_faults,
            {"autonomaly.io._x": "def f():\n    from autonomaly import auto_detect"},
        ),
        (_owner_faults, {"autonomaly.io._x": "def f():\n    import pyod.models"}),
        (_heavy_faults, {"autonomaly.io._x": "import pandas as pd"}),
        (_heavy_faults, {"autonomaly.io._x": "class A:\n    from river import drift"}),
        (
            _cycles,
            {
                "autonomaly.io._x": "def f():\n    from autonomaly.io._y import b",
                "autonomaly.io._y": "from autonomaly.io import _x",
            },
        ),
    ],
)
def test_the_checks_find_faults(check, sources):
    assert check({name: ast.parse(text) for name, text in sources.items()})


def test_the_checks_pass_what_is_right():
    trees = {
        name: ast.parse(text)
        for name, text in {
            "autonomaly.detectors._x": "def f():\n    import pyod\n    import pandas",
            "autonomaly.ensemble._x": "from autonomaly.detectors._x import f",
        }.items()
    }
    for check in (_layer_faults, _owner_faults, _heavy_faults, _cycles):
        assert check(trees) == []
