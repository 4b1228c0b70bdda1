"""scikit-learn's own checks, for every public estimator, none expected to fail."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest
from sklearn.base import clone, is_outlier_detector
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

import autonomaly

# Public classes that can be fitted or have parameters, but are no estimators of rows.
NOT_CHECKED = {
    "BaseDetector": "the frame of our detectors: it has no way to score",
    "MetaLearner": "it is fitted on a knowledge base, not on a table",
    **dict.fromkeys(
        [
            "AlgorithmSelector",
            "CostModel",
            "IntelligentEnsembleBuilder",
            "MemoryOptimizer",
            "MetaFeaturesExtractor",
            "ResourceManager",
            "TransferLearner",
        ],
        "it has parameters and can be cloned, but is not fitted",
    ),
}


def _public_classes():
    """Find the classes that the front door or a room shows."""
    rooms = [
        importlib.import_module(f"autonomaly.{module.name}")
        for module in pkgutil.iter_modules(autonomaly.__path__)
        if module.ispkg
    ]
    things = [
        getattr(room, name)
        for room in (autonomaly, *rooms)
        for name in getattr(room, "__all__", ())
    ]
    return list(dict.fromkeys(filter(inspect.isclass, things)))


def _public_estimators():
    """Find what scikit-learn can fit or clone."""
    return [
        thing
        for thing in _public_classes()
        if hasattr(thing, "fit") or hasattr(thing, "get_params")
        if thing.__name__ not in NOT_CHECKED
    ]


# Settings that make several hundred small fits fast, and arguments where there is no
# default. A public estimator without an entry is checked with its defaults.
SETTINGS = {
    "AutonomousDetector": [{}, {"contamination": 0.1, "max_models": 2}],
    "DetectorAdapter": [{"estimator": IsolationForest(n_estimators=3, random_state=0)}],
    "ForestDetector": [{"n_estimators": 5}],
    "OutlierSearch": [
        {
            "estimator": IsolationForest(n_estimators=3, random_state=0),
            "search": search,
            "search_space": {"max_samples": [2, 3]},
            "scoring": "stability",
            "n_trials": 2,
        }
        for search in ("random", "halving")
    ],
    "VotingOutlierEnsemble": [
        {
            "estimators": [
                ("forest", IsolationForest(n_estimators=5, random_state=0)),
                ("lof", LocalOutlierFactor(n_neighbors=5, novelty=True)),
            ],
            **parameters,
        }
        for parameters in ({}, {"voting": "hard"}, {"contamination": 0.1})
    ],
}


def _instances():
    return [
        thing(**parameters)
        for thing in _public_estimators()
        for parameters in SETTINGS.get(thing.__name__, [{}])
    ]


@parametrize_with_checks(_instances())
def test_sklearn_checks(estimator, check):
    check(estimator)


# What scoring may take of the machine, and what scikit-learn asks for its tags.
COUNT_AFTER_FIT = {"n_jobs", "memory_limit", "verbose", "estimator"}
SCORING = [e for e in _instances() if not isinstance(e, autonomaly.DataProfiler)]


@pytest.mark.parametrize("estimator", SCORING, ids=repr)
def test_parameters_set_after_fit_wait_for_the_next_one(estimator):
    estimator = clone(estimator)
    method = "transform" if hasattr(estimator, "transform") else "score_samples"
    X = np.random.RandomState(0).standard_cauchy((60, 3))
    new = 2 * X[:20] + 1
    fitted = estimator.fit(X)
    before = getattr(fitted, method)(new)
    names = fitted.get_params(deep=False).keys() - COUNT_AFTER_FIT
    # Nothing can be done with it: whatever reads it will fail or give something else.
    fitted.set_params(**dict.fromkeys(names, object()))
    np.testing.assert_array_equal(getattr(fitted, method)(new), before)


@pytest.mark.parametrize("name", sorted(set(NOT_CHECKED) - {"BaseDetector"}))
def test_what_is_no_estimator_can_be_cloned_and_shows_its_parameters(name):
    thing = next(kind for kind in _public_classes() if kind.__name__ == name)()
    parameters = thing.get_params()
    again = clone(thing.set_params(**parameters))
    assert again.get_params() == parameters
    assert repr(again) == f"{name}()"


def test_every_room_is_looked_at():
    names = {thing.__name__ for thing in _public_estimators()}
    assert {"AutonomousDetector", "KNNDetector", "SquashedView"} <= names
    assert {"VotingOutlierEnsemble", "DataProfiler", "OutlierSearch"} <= names
    assert len(names) >= 18


@pytest.mark.parametrize("estimator", _instances(), ids=repr)
def test_all_checks_were_collected(estimator):
    # With the mixins in the wrong order scikit-learn silently leaves out the checks
    # of the estimator's kind: 40 instead of 46 in version 1.9.
    names = [check.func.__name__ for _, check in estimator_checks_generator(estimator)]
    assert len(names) >= 40
    if hasattr(estimator, "predict"):
        assert is_outlier_detector(estimator)
        assert len(names) >= 46
        assert names.count("check_outliers_train") == 2
        assert "check_outliers_fit_predict" in names
    if hasattr(estimator, "transform"):
        assert len(names) >= 46
        assert "check_transformer_general" in names
