"""The catalogue: what may be named, and detectors of the user's."""

import pickle
import threading

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.svm import OneClassSVM

from autonomaly import AutonomousDetector, register_detector
from autonomaly.detectors import catalogue, detector_spec, unregister_detector
from autonomaly.preprocessing import RobustView
from autonomaly.selection import POOL

FAMILIES = {
    "distance", "density", "dependency", "covariance", "isolation", "marginal",
    "boundary", "depth", "reconstruction",
}  # fmt: skip
X = np.random.RandomState(0).randn(60, 3)


@pytest.fixture(autouse=True)
def _catalogue_as_before():
    before = set(catalogue())
    yield
    for name in set(catalogue()) - before:
        unregister_detector(name)


@pytest.mark.parametrize("name", list(catalogue()))
def test_entries_are_complete_and_pickle(name):
    spec = detector_spec(name)
    assert spec.name == name
    assert spec.family in FAMILIES
    assert spec.description
    assert spec.complexity != "unknown"
    assert spec.memory_usage in ("low", "medium", "high")
    assert spec.view in ("robust", "squashed", "normal", "minmax")
    assert spec.origin in ("autonomaly", "sklearn", "pyod")
    copy = pickle.loads(pickle.dumps(spec))
    assert copy == spec
    for parameter, values in spec.search_space.items():
        # Every end of the search space is a setting that the detector knows.
        for value in (values[0], values[-1]):
            made = copy.make(**{parameter: value})
            assert made.get_params()[parameter] == value


def test_catalogue_is_a_copy():
    catalogue().clear()
    assert "knn" in catalogue()


def test_unknown_name_has_a_hint():
    with pytest.raises(ValueError, match="did you mean 'mahalanobis'"):
        detector_spec("mahalanobi")


def test_register_and_name_it():
    spec = register_detector(
        "my_svm",
        OneClassSVM,
        search_space={"nu": (0.1, 0.5)},
        metadata={
            "description": "my rows",
            "suitable_for": "boundary",
            "view": "robust",
            "complexity": "n^2",
            "memory_usage": "low",
            "min_samples": 10,
            "max_samples": 1000,
        },
    )
    assert (spec.family, spec.view, spec.origin) == ("boundary", "robust", "user")
    detector = AutonomousDetector(algorithms=["my_svm"]).fit(X)
    assert [r.algorithm for r in detector.recommendations_] == ["my_svm"]
    pipeline = detector.ensemble_.named_estimators_["my_svm"]
    assert isinstance(pipeline[0], RobustView)
    assert isinstance(pipeline[-1].estimator, OneClassSVM)
    # Without a rule of its own it has to be asked for.
    assert "my_svm" not in AutonomousDetector(max_models=2).fit(X).rejected_
    unregister_detector("my_svm")
    with pytest.raises(ValueError, match="Unknown detector 'my_svm'"):
        AutonomousDetector(algorithms=["my_svm"]).fit(X)


def test_names_of_the_pool_are_taken():
    register_detector("knn5_squashed", OneClassSVM)
    for algorithms in (None, ["knn5_squashed"]):
        with pytest.raises(ValueError, match="'knn5_squashed'.*another name"):
            AutonomousDetector(algorithms=algorithms).fit(X)


def test_own_rule_and_confidence():
    register_detector(
        "wide_svm",
        OneClassSVM,
        should_recommend=lambda profile: profile.n_features > 5,
        confidence=lambda profile: 1 / profile.n_features,
    )
    others = [m.name for m in POOL if m.detector != "tails"]
    few = AutonomousDetector(exclude=others).fit(X)
    many = AutonomousDetector(exclude=others).fit(np.hstack([X, X[::-1]]))
    assert "wide_svm" not in [r.algorithm for r in few.recommendations_]
    (chosen,) = (r for r in many.recommendations_ if r.algorithm == "wide_svm")
    assert chosen.confidence == pytest.approx(1 / 6)
    assert "its own rule" in chosen.reasoning


def test_without_a_description_the_reason_is_a_sentence():
    register_detector("plain", OneClassSVM)
    (chosen,) = AutonomousDetector(algorithms=["plain"]).fit(X).recommendations_
    assert chosen.reasoning.startswith("finds what 'plain' considers abnormal (user);")


def test_limits_of_rows_are_kept():
    register_detector("big", OneClassSVM, metadata={"min_samples": 1000})
    register_detector("small", OneClassSVM, metadata={"max_samples": 10})
    detector = AutonomousDetector(algorithms=["knn", "big", "small"]).fit(X)
    assert detector.rejected_["big"] == "needs 1000 rows, but there are 60"
    assert "too slow beyond 10 rows" in detector.rejected_["small"]


def test_own_names_are_replaced_those_of_the_package_not():
    register_detector("mine", OneClassSVM)
    register_detector("mine", OneClassSVM, metadata={"description": "second"})
    assert detector_spec("mine").description == "second"
    with pytest.raises(ValueError, match="name of a built-in detector"):
        register_detector("knn", OneClassSVM)
    with pytest.raises(ValueError, match="built in and cannot be removed"):
        unregister_detector("pyod_knn")
    with pytest.raises(ValueError, match="Unknown detector"):
        unregister_detector("nobody")


@pytest.mark.parametrize("name", ["", "a__b", "a@b", 3, None])
def test_bad_names(name):
    with pytest.raises(ValueError, match="name of a detector must be"):
        register_detector(name, OneClassSVM)


def test_bad_registrations():
    with pytest.raises(TypeError, match="factory of detector 'mine' must be callable"):
        register_detector("mine", OneClassSVM())
    with pytest.raises(TypeError, match="should_recommend of .* got True"):
        register_detector("mine", OneClassSVM, should_recommend=True)
    with pytest.raises(TypeError, match="confidence of .* got 0.5"):
        register_detector("mine", OneClassSVM, confidence=0.5)
    with pytest.raises(ValueError, match="did you mean 'description'"):
        register_detector("mine", OneClassSVM, metadata={"descripton": "x"})
    with pytest.raises(ValueError, match="did you mean 'robust'"):
        register_detector("mine", OneClassSVM, metadata={"view": "robus"})
    for metadata in (
        {"min_samples": "10"},
        {"min_samples": None},
        {"min_samples": 0},
        {"max_samples": True},
        {"max_samples": 9.5},
        {"memory_usage": "some"},
        {"description": 3},
        {"suitable_for": None},
    ):
        (field,) = metadata
        with pytest.raises(ValueError, match=rf"metadata\['{field}'\] must be .*"):
            register_detector("mine", OneClassSVM, metadata=metadata)
    with pytest.raises(ValueError, match="metadata must be a dict"):
        register_detector("mine", OneClassSVM, metadata=["min_samples"])
    for space, fault in (
        (["nu"], "is not a dict"),
        ({"nu": 0.1}, "is not a valid entry"),
        ({"nu": "auto"}, "is not a valid entry"),
        ({"nu": []}, "is not a valid entry"),
        ({"nu": (0.5, 0.1)}, "low must be less than high"),
        ({"nu": (0, 1, "log")}, "low must be greater than 0"),
        ({1: [2]}, "does not name a hyperparameter"),
    ):
        with pytest.raises(ValueError, match=f"search_space.* {fault}; pass a dict"):
            register_detector("mine", OneClassSVM, search_space=space)
    with pytest.raises(ValueError, match="hyperparameter 'nus'; did you mean 'nu'"):
        register_detector("mine", OneClassSVM, search_space={"nus": [0.1]})
    with pytest.raises(TypeError, match="_Plain, which has no get_params"):
        register_detector("mine", _Plain, search_space={"power": [1, 2]})
    assert "mine" not in catalogue()


class _Plain:
    """No scikit-learn estimator: what has fit and score_samples plugs in."""

    def fit(self, X):
        self.center = np.median(X, axis=0)
        return self

    def score_samples(self, X):
        return -np.abs(X - self.center).sum(axis=1)


@pytest.mark.parametrize("search", [None, "random"])
@pytest.mark.parametrize("space", [None, {"power": [1, 2]}])
def test_nothing_need_be_inherited(search, space):
    # What a function makes is not known before.
    register_detector("plain", lambda: _Plain(), search_space=space)
    register_detector("svm", lambda: OneClassSVM(), search_space={"power": [1, 2]})
    X = np.random.RandomState(0).randn(80, 3)
    try:
        names = ["plain", "svm", "knn5_squashed"]
        detector = AutonomousDetector(
            algorithms=names, search=search, n_trials=4, random_state=0
        ).fit(X)
        assert detector.rejected_ == {}
        assert set(detector.ensemble_.named_estimators_) >= {"plain", "svm"}
        again = clone(detector).fit(X)
        np.testing.assert_array_equal(again.score_samples(X), detector.score_samples(X))
        if (
            search is not None
        ):  # what cannot be tuned stays as it is, and the run goes on
            why = {d.subject: d.reason for d in detector.record_.filter("tuning")}
            assert "'power' is not a hyperparameter" in why["svm"]
            assert ("get_params" in why.get("plain", "")) == (space is not None)
            assert "trials" in why["knn5_squashed"]
    finally:
        unregister_detector("plain")
        unregister_detector("svm")


class _OwnSVM(OneClassSVM):
    """A detector of the user's."""


def test_worker_processes_know_registered_detectors():
    register_detector("mysvm", lambda **given: _OwnSVM(**given))
    detector = AutonomousDetector(algorithms=["mysvm"])
    y = np.arange(len(X)) % 2
    options = {"scoring": "roc_auc", "error_score": "raise", "cv": 2}
    here = cross_val_score(detector, X, y, **options)
    assert np.isfinite(here).all()
    there = cross_val_score(detector, X, y, n_jobs=2, **options)
    np.testing.assert_array_equal(there, here)
    # workers stay: what is registered anew must not meet what was known before
    register_detector("mysvm", lambda **given: _OwnSVM(gamma=100.0, **given))
    here = cross_val_score(detector, X, y, **options)
    assert np.isfinite(here).all()
    there = cross_val_score(detector, X, y, n_jobs=2, **options)
    np.testing.assert_array_equal(there, here)


def test_a_grid_search_may_name_them():
    lock = threading.Lock()
    register_detector("stuck", lambda: lock)  # cannot travel
    register_detector("mysvm", OneClassSVM)
    grid = {"algorithms": [["mysvm"], ["tails"]]}
    search = GridSearchCV(
        AutonomousDetector(), grid, scoring="roc_auc", cv=2, n_jobs=2, refit=False,
        error_score="raise",
    )  # fmt: skip
    assert np.isfinite(
        search.fit(X, np.arange(len(X)) % 2).cv_results_["mean_test_score"]
    ).all()


@pytest.mark.parametrize("parameters", [{"algorithms": ["mysvm"]}, {"max_models": 20}])
def test_loaded_detectors_can_be_fitted_again(parameters):
    register_detector("mysvm", OneClassSVM, should_recommend=lambda profile: True)
    detector = AutonomousDetector(**parameters).fit(X)
    saved = pickle.dumps(detector)
    unregister_detector("mysvm")
    again = clone(pickle.loads(saved)).fit(X)
    np.testing.assert_array_equal(again.score_samples(X), detector.score_samples(X))
    assert "mysvm" in [r.algorithm for r in again.recommendations_]


def test_what_is_registered_here_stays():
    register_detector("mysvm", OneClassSVM)
    saved = pickle.dumps(AutonomousDetector(exclude=["mysvm"]))
    spec = register_detector("mysvm", _OwnSVM)
    pickle.loads(saved)
    assert detector_spec("mysvm") is spec


def test_factories_that_cannot_travel_stay_behind():
    lock = threading.Lock()
    register_detector("mysvm", lambda: lock and OneClassSVM())
    detector = AutonomousDetector(algorithms=["mysvm"]).fit(X)
    saved = pickle.dumps(detector)
    unregister_detector("mysvm")
    loaded = pickle.loads(saved)
    np.testing.assert_array_equal(loaded.predict(X), detector.predict(X))
    assert "mysvm" not in catalogue()
    # what cannot be read is no reason not to load
    loaded.__setstate__({**loaded.__getstate__(), "_registered": [b"cno\nsuch\n."]})
    assert "_registered" not in vars(loaded)
