"""What pyproject.toml promises is what the files say."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import autonomaly

CHECKOUT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))

# Where the package on the index has another name than the module.
MODULE_OF = {
    "scikit-learn": "sklearn",
    "scikit-optimize": "skopt",
    "pyyaml": "yaml",
    "prometheus-client": "prometheus_client",
    "dask": "dask",
}


def _modules(requirements):
    names = [re.match(r"[A-Za-z0-9_.-]+", line)[0].lower() for line in requirements]
    return {MODULE_OF.get(name, name) for name in names}


def _core():
    return _modules(PYPROJECT["project"]["dependencies"])


def _extras():
    extras = PYPROJECT["project"]["optional-dependencies"]
    return _modules([line for lines in extras.values() for line in lines])


def _foreign_imports():
    for path in (CHECKOUT / "autonomaly").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            else:
                continue
            for name in names:
                top = name.split(".")[0]
                if top != "autonomaly" and top not in sys.stdlib_module_names:
                    yield top, path.relative_to(CHECKOUT)


def test_every_import_is_declared():
    declared = _core() | _extras()
    assert {f"{name} in {path}" for name, path in _foreign_imports()} == {
        f"{name} in {path}" for name, path in _foreign_imports() if name in declared
    }


@pytest.mark.parametrize("hook", ["ruff", "codespell"])
def test_pre_commit_uses_the_pinned_version(hook):
    text = (CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (used,) = re.findall(rf"/{hook}(?:-pre-commit)?\n\s+rev: v(\S+)", text)
    extra = PYPROJECT["project"]["optional-dependencies"]["test"]
    (pinned,) = [line.split("==")[1] for line in extra if line.startswith(f"{hook}==")]
    assert used == pinned


def test_pre_commit_uses_the_mypy_that_is_installed():
    # a hook with an environment of its own would not see the types of numpy, and
    # would have a second version to keep
    text = (CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert "mirrors-mypy" not in text
    (local,) = [part for part in text.split("  - repo: ") if "id: mypy" in part]
    assert local.startswith("local\n")
    assert "language: system" in local


@pytest.mark.parametrize("tool", ["mypy", "ruff"])
def test_tools_are_pinned_once(tool):
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    assert len(re.findall(rf"\b{tool}==", text)) == 1
    for path in (".ci/run", ".pre-commit-config.yaml"):
        assert f"{tool}==" not in (CHECKOUT / path).read_text(encoding="utf-8")


def test_ci_checks_the_types():
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r'^check "mypy" mypy\b', script, re.MULTILINE)
    assert PYPROJECT["tool"]["mypy"]["packages"] == ["autonomaly"]


def test_extras_named_in_errors_exist():
    extras = set(PYPROJECT["project"]["optional-dependencies"])
    named = set()
    for path in (CHECKOUT / "autonomaly").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", None) == "import_optional_dependency"
            ):
                arguments = [*node.args, *(word.value for word in node.keywords)]
                named.add(arguments[1].value)
    assert named <= extras


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy: setuptools leaves build/ and *.egg-info beside the sources.
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / "autonomaly", source / "autonomaly", ignore=ignored)
    for name in ("pyproject.toml", "setup.cfg", "README.rst", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            "--no-build-isolation",  # needs no network
            *("--wheel-dir", str(folder), str(source)),
        ],
        check=True,
    )
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "autonomaly/py.typed" in names
    for path in (CHECKOUT / "autonomaly").rglob("*"):
        if path.suffix in (".py", ".json"):
            assert str(path.relative_to(CHECKOUT)) in names
    roots = {name.split("/")[0] for name in names}
    assert roots == {
        "autonomaly",
        f"autonomaly-{autonomaly.__version__}.dist-info",
    }


def test_the_version_is_single_sourced():
    assert PYPROJECT["project"]["dynamic"] == ["version"]
    assert "version" not in PYPROJECT["project"]
