"""Docstrings are complete, and they say what the code does."""

import dataclasses
import inspect
import re

import numpy as np
import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc
from numpydoc.validate import validate
from sklearn.base import BaseEstimator

import autonomaly
from autonomaly.detectors import KNNDetector

# Not asked for: text on the line of the quotes (ours starts there), an extended
# summary, a See Also section, a description of what is returned under a name.
OPTIONAL = {"GL01", "ES01", "SA01", "SA04", "RT02", "RT03", "YD01"}

PUBLIC = [
    name
    for name in autonomaly.__all__
    if inspect.isclass(getattr(autonomaly, name))
    or inspect.isfunction(getattr(autonomaly, name))
]
EXCEPTIONS = [
    name
    for name in PUBLIC
    if inspect.isclass(getattr(autonomaly, name))
    and issubclass(getattr(autonomaly, name), BaseException)
]
ESTIMATORS = [
    name
    for name in PUBLIC
    if inspect.isclass(getattr(autonomaly, name))
    and issubclass(getattr(autonomaly, name), BaseEstimator)
]


def _methods(name):
    """List the public methods that a class writes itself."""
    owner = getattr(autonomaly, name)
    if not inspect.isclass(owner):
        return []
    return [
        method
        for method, value in vars(owner).items()
        if not method.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, (classmethod, property)))
    ]


METHODS = [f"{name}.{method}" for name in PUBLIC for method in _methods(name)]
CALLABLE = [
    *(name for name in PUBLIC if name not in EXCEPTIONS),
    *(
        path
        for path in METHODS
        if not isinstance(
            getattr(getattr(autonomaly, path.split(".")[0]), path.split(".")[1]),
            property,
        )
    ),
]


def _faults(path, allowed):
    found = validate(f"autonomaly.{path}")["errors"]
    return [f"{code}: {text}" for code, text in found if code not in allowed]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_objects_are_documented(name):
    # every public thing but an exception shows how it is used
    allowed = OPTIONAL | ({"EX01"} if name in EXCEPTIONS else set())
    assert _faults(name, allowed) == []


@pytest.mark.parametrize("path", METHODS)
def test_public_methods_are_documented(path):
    assert _faults(path, OPTIONAL | {"EX01"}) == []


def _documented_defaults(documentation):
    for parameter in documentation["Parameters"]:
        if match := re.search(r"default=(.+)$", parameter.type):
            yield parameter.name, match[1].strip()


def _real_defaults(thing):
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(thing).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    if dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            if field.default_factory is not dataclasses.MISSING:
                defaults[field.name] = field.default_factory()
    # ``y=None`` of scikit-learn's methods is documented as ignored
    return {name: repr(value) for name, value in defaults.items() if name != "y"}


@pytest.mark.parametrize("path", CALLABLE)
def test_documented_defaults_are_the_real_ones(path):
    thing = autonomaly
    for part in path.split("."):
        thing = getattr(thing, part)
    documentation = (ClassDoc if inspect.isclass(thing) else FunctionDoc)(thing)
    documented = {
        name: text.replace('"', "'")
        for name, text in _documented_defaults(documentation)
    }
    assert documented == _real_defaults(thing)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_documented_attributes_are_the_fitted_ones(name, fitted_estimators):
    documentation = ClassDoc(getattr(autonomaly, name))
    documented = {
        attribute.name
        for attribute in documentation["Attributes"]
        if attribute.name.endswith("_")
    }
    estimator = fitted_estimators[name]
    properties = {
        attribute
        for attribute, value in inspect.getmembers(type(estimator))
        if isinstance(value, property)
    }
    fitted = {
        attribute
        for attribute in {*vars(estimator), *properties}
        if attribute.endswith("_") and not attribute.startswith("_")
    }
    assert documented == fitted


@pytest.fixture(scope="module")
def fitted_estimators():
    import pandas as pd

    rng = np.random.RandomState(0)
    # Named columns, so that feature_names_in_ is there too.
    X = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    arguments = {
        "OutlierSearch": {"estimator": KNNDetector(), "search": "grid"},
        "VotingOutlierEnsemble": {"estimators": [("knn", KNNDetector())]},
    }
    return {
        name: getattr(autonomaly, name)(**arguments.get(name, {})).fit(X)
        for name in ESTIMATORS
    }


def test_the_estimators_were_found():
    assert {
        "AutonomousDetector",
        "AutonomousPreprocessor",
        "VotingOutlierEnsemble",
    } <= set(ESTIMATORS)
