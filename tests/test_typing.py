"""Type checkers see the whole public interface, and see it right."""

import importlib
import inspect
import os
import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import get_args

import pytest

import autonomaly
from autonomaly._utils._typing import Strategy
from autonomaly.tuning import STRATEGIES
from autonomaly.tuning._injection import KINDS, Kind

SPECIAL = {"__init__", "__call__", "__getitem__", "__iter__", "__len__"}
ROOMS = [
    *("detectors", "ensemble", "exceptions", "explanation", "io", "preprocessing"),
    *("profiling", "resources", "selection", "tuning"),
]


def _public():
    """Yield what the package and its rooms export."""
    for module in (autonomaly, *map(_room, ROOMS)):
        for name in module.__all__:
            yield getattr(module, name)
    yield _room("cli").main


def _room(name):
    return importlib.import_module(f"autonomaly.{name}")


def _function(attribute):
    """Return the function behind an attribute of a class, or None."""
    if isinstance(attribute, (classmethod, staticmethod)):
        attribute = attribute.__func__
    elif isinstance(attribute, property):
        attribute = attribute.fget
    elif isinstance(attribute, cached_property):
        attribute = attribute.func
    elif type(attribute).__name__ == "_AvailableIfDescriptor":
        attribute = attribute.fn
    function = inspect.unwrap(attribute) if callable(attribute) else attribute
    return function if inspect.isfunction(function) else None


def _functions():
    """Name to function, of all that is public; inherited from ours, too."""
    found = {}
    for thing in _public():
        if inspect.isfunction(thing):
            found[f"{thing.__module__}.{thing.__qualname__}"] = thing
        if not inspect.isclass(thing):
            continue
        for owner in thing.__mro__:
            for name, attribute in vars(owner).items():
                function = _function(attribute)
                modules = (owner.__module__, getattr(function, "__module__", ""))
                ours = all(module.startswith("autonomaly") for module in modules)
                if ours and (not name.startswith("_") or name in SPECIAL):
                    path = f"{owner.__module__}.{owner.__qualname__}.{name}"
                    found[path] = function
    return found


FUNCTIONS = _functions()


def _unannotated(function):
    """List the parameters without a type, and "return"."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    empty = inspect.Signature.empty
    missing = [
        parameter.name
        for parameter in parameters
        if parameter.annotation is empty and parameter.name not in ("self", "cls")
    ]
    return missing + ["return"] * (signature.return_annotation is empty)


def test_all_that_is_public_is_annotated():
    assert len(FUNCTIONS) > 180  # the walk finds them
    for path in ("_detector._feedback.FeedbackMixin.ask", "cli._app.main"):
        assert f"autonomaly.{path}" in FUNCTIONS
    missing = {name: _unannotated(f) for name, f in FUNCTIONS.items()}
    assert {name: gaps for name, gaps in missing.items() if gaps} == {}


def test_the_check_finds_gaps():
    class Gaps:
        def one(self, X: int, y=None) -> int:
            return X

        def two(self, X: int):
            return X

    assert _unannotated(Gaps.one) == ["y"]
    assert _unannotated(Gaps.two) == ["return"]


@pytest.mark.parametrize(("names", "known"), [(Strategy, STRATEGIES), (Kind, KINDS)])
def test_literals_name_what_there_is(names, known):
    assert set(get_args(names)) == set(known)


# ----------------------------------------------------- a program of a user, checked

PROGRAM = """
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import numpy.typing as npt
import polars as pl

import autonomaly
from autonomaly import (
    AutonomousDetector,
    AutonomousPreprocessor,
    AutonomousResult,
    DataProfile,
    DataProfiler,
    Dataset,
    DecisionRecord,
    OutlierSearch,
    VotingOutlierEnsemble,
    auto_detect,
    load_dataset,
    register_detector,
)
from autonomaly.detectors import DetectorSpec, KNNDetector
from autonomaly.explanation import Decision
from autonomaly.resources import Deadline, parse_memory, run_within
from autonomaly.selection import AlgorithmRecommendation, KnowledgeBase, MetaLearner
from autonomaly.tuning import Trial, choose

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
X = np.zeros((9, 2))

detector = AutonomousDetector(
    contamination=0.1, labels="use", algorithms=["knn"], search="random",
    time_budget=5, memory_limit="2GB", random_state=np.random.RandomState(0),
)
assert_type(detector.fit(X), AutonomousDetector)
assert_type(detector.fit_predict(X, [1, None] * 4), Integers)
assert_type(detector.predict(X), Integers)
assert_type(detector.score_samples(X), Floats)
assert_type(detector.outlier_pvalues(X), Floats)
assert_type(detector.ask(3), Integers)
detector.feedback({int(row): True for row in detector.ask()}).feedback({3: "fraud"})
detector.feedback({row: None for row in detector.ask()})

# whatever a table may be
detector.fit([[1.0, "a"], [2.0, None]])
detector.fit(pl.DataFrame({"a": [1, 2]}))
detector.fit("day-*.csv").predict(Path("today.csv"))
detector.fit([X, X])
detector.fit(lambda: iter([X, X]))

assert_type(detector.result_, AutonomousResult)
assert_type(detector.result_.model, AutonomousDetector)
assert_type(detector.result_.recommendations, list[AlgorithmRecommendation])
record = detector.result_.explanations
assert_type(record, DecisionRecord)
assert_type([decision.reason for decision in record], list[str])
assert_type(record[0], Decision)
assert_type(record[:2], DecisionRecord)
assert_type(DecisionRecord.from_json(record.to_json()), DecisionRecord)
assert_type(auto_detect("table.csv", {"max_models": 3}), AutonomousResult)

ensemble = VotingOutlierEnsemble([("knn", KNNDetector())], trimming=(0.0, 0.3))
assert_type(ensemble.fit(X).member_scores(X), dict[str, Floats])
assert_type(KNNDetector(n_neighbors=5).fit(X), KNNDetector)
assert_type(AutonomousPreprocessor().fit(X).transform(X), Floats)
assert_type(DataProfiler(outlier_methods=["iqr"]).profile(X), DataProfile)
assert_type(DataProfiler().profile(X).features[0].mean, float | None)
search = OutlierSearch(KNNDetector(), search_space={"n_neighbors": (2, 50)})
assert_type(search.fit(X).score_samples(X), Floats)
assert_type(load_dataset("table.csv", separator=";"), Dataset)
assert_type(register_detector("mine", KNNDetector), DetectorSpec)
assert_type(parse_memory("2GB"), int | None)
assert_type(run_within(Deadline(5), "a sum", lambda: 1 + 1), int)
assert_type(KnowledgeBase.load().auroc, Floats)
profile = DataProfiler().profile(X)
assert_type(MetaLearner().predict(profile).low["auroc"], Floats)
trials = [Trial(0, {}, "done", value=0.9)]
assert_type(choose(trials, [])[0].params, dict[str, Any])


class Zeros:
    def can_load(self, source: Any) -> bool:
        return bool(source == "zeros")

    def load(self, source: Any, **options: Any) -> Dataset:
        return Dataset("zeros", X, truth=[1] * 9)


autonomaly.register_loader("zeros", Zeros())

# what is wrong, and the code it is reported with
AutonomousDetector(contamination="lots")  # arg-type
AutonomousDetector(labels="yes")  # arg-type
AutonomousDetector(search="annealing")  # arg-type
AutonomousDetector(algorithms="knn")  # arg-type
AutonomousDetector(0.1)  # call-arg
AutonomousDetector(contaminaton=0.1)  # call-arg
text: str = detector.fit_predict(X)  # assignment
number: float = detector.score_samples(X)  # assignment
detector.fit(3.5, labels="use")  # call-arg
detector.ask("all")  # arg-type
detector.feedback([3])  # arg-type
record.add("stage", "subject", "choice")  # call-arg
record.missing()  # attr-defined
detector.result_.succes  # attr-defined
VotingOutlierEnsemble({"knn": KNNDetector()})  # arg-type
VotingOutlierEnsemble([], voting="loud")  # arg-type
DataProfiler(outlier_methods=["zscore"])  # list-item
OutlierSearch(KNNDetector(), n_trials="many")  # arg-type
autonomaly.register_loader("none", object())  # arg-type
autonomaly.AutonomusDetector  # attr-defined
"""


def _expected(program):
    """Line to code of what the program says is wrong."""
    code = re.compile(r"  # ([a-z-]+)$")
    lines = enumerate(program.splitlines(), start=1)
    return {number: found[1] for number, line in lines if (found := code.search(line))}


def test_a_program_of_a_user_is_checked(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    # as where the package is installed: nothing is said of what is in it
    options = ["--follow-imports=silent", "--ignore-missing-imports", "--no-pretty"]
    options += ["--cache-dir", str(tmp_path / "cache"), "--config-file", os.devnull]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *options, path.name],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(Path(autonomaly.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^program\.py:(\d+): error: .*\[(\S+)\]$", run.stdout, re.M)
    reported = {int(line): code for line, code in found}
    assert reported == _expected(PROGRAM), run.stdout + run.stderr
