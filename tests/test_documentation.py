"""Every command in the documentation works, and the reference lists everything."""

import importlib
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autonomaly
from autonomaly.detectors import catalogue
from autonomaly.selection import POOL

CHECKOUT = Path(__file__).parents[1]


def _bash_blocks(text):
    blocks = re.findall(r"^\.\. code-block:: bash\n\n((?: {4}.*\n|\n)+)", text, re.M)
    return [re.sub(r"^ {4}", "", block, flags=re.M).strip() for block in blocks]


PAGES = [
    path
    for path in sorted((CHECKOUT / "doc").rglob("*.rst"))
    if _bash_blocks(path.read_text(encoding="utf-8"))
    and "auto_examples" not in path.parts
]


def test_there_are_commands():
    assert [path.name for path in PAGES] == ["command_line.rst"]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_commands_run(page, tmp_path):
    commands = "\n".join(_bash_blocks(page.read_text(encoding="utf-8")))
    here = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": here + os.pathsep + os.environ["PATH"]}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "model.joblib").is_file()


@pytest.fixture(scope="module")
def reference():
    path = CHECKOUT / "doc" / "api_reference.py"
    spec = importlib.util.spec_from_file_location("api_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_lists_every_public_name(reference):
    parts = reference.API_REFERENCE.values()
    listed = [name for part in parts for name in part["names"]]
    assert sorted(listed) == sorted({*autonomaly.__all__} - {"__version__"})
    for room in reference.ROOMS:
        names = reference.names_of_room(room)
        assert names
        assert not set(names) & set(listed)
    assert "AlgorithmSelector" in reference.names_of_room("selection")
    assert {"read_chunks", "ColumnRole"} <= {*reference.names_of_room("io")}


def test_the_reference_has_text_for_constants_and_pages_for_the_rest(reference):
    for room in reference.ROOMS:
        module = importlib.import_module(f"autonomaly.{room}")
        pages = reference.names_of_room(room)
        assert all(callable(getattr(module, name)) for name in pages)
        constants = reference.CONSTANTS.get(room, {})
        assert not any(callable(getattr(module, name)) for name in constants)


def test_the_reference_documents_the_methods_written_here(reference):
    # that each of them gets onto a page is checked when the documentation is built
    methods = reference.own_methods()
    assert {"ask", "feedback", "fit_predict", "decision_function"} <= {
        *methods["autonomaly.AutonomousDetector"]
    }
    assert "get_feature_names_out" in methods["autonomaly.AutonomousPreprocessor"]
    assert "copy" not in methods["autonomaly.selection.MeasuredAlgorithm"]  # pydantic's
    template = CHECKOUT / "doc" / "_templates" / "autosummary" / "class.rst"
    assert "own_methods[fullname]" in template.read_text(encoding="utf-8")


def test_the_reference_tabulates_every_detector(reference, tmp_path):
    reference.write_pages(reference.API_REFERENCE, tmp_path)
    page = (tmp_path / "detectors.rst").read_text(encoding="utf-8")
    for name in (*catalogue(), *(member.name for member in POOL)):
        assert f"   * - ``{name}``\n" in page


def test_the_readme_has_two_commands_and_ci_finds_them():
    text = (CHECKOUT / "README.rst").read_text(encoding="utf-8")
    install, test = _bash_blocks(text)
    assert install.startswith("python -m pip install . && autonomaly auto detect ")
    assert "[test]" in test
    assert test.endswith("python -m pytest")
    # the very line of .ci/run that reads them
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    (reading,) = re.findall(r"mapfile -t commands < <\(\n(.*?)\n\)", script, re.S)
    found = subprocess.run(
        ["bash", "-c", reading],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.splitlines() == [install, test]
