"""Every detector of the catalogue: ours by itself, others behind the adapter."""

import io
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.utils._param_validation import InvalidParameterError

from autonomaly import load_dataset
from autonomaly.detectors import (
    BaseDetector,
    DependencyDetector,
    DetectorAdapter,
    ForestDetector,
    HistogramDetector,
    KNNDetector,
    LOFDetector,
    MahalanobisDetector,
    MixtureDetector,
    ProjectionDetector,
    TailDetector,
    catalogue,
)
from autonomaly.exceptions import DetectorRejected
from autonomaly.preprocessing import AutonomousPreprocessor, RobustView
from autonomaly.selection._pool import VIEW_CLASSES

NAMES = list(catalogue())
OWN = [name for name in NAMES if catalogue()[name].origin == "autonomaly"]

FAST = dict.fromkeys(
    ("forest", "sklearn_isolation_forest", "pyod_inne"), {"n_estimators": 40}
)


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def make(name):
    """Build an entry of the catalogue as a detector of ours."""
    detector = catalogue()[name].make(**FAST.get(name, {}))
    if not isinstance(detector, BaseDetector):
        detector = DetectorAdapter(estimator=detector)
    return detector


def blob(n=150, d=3, seed=0):
    rng = np.random.RandomState(seed)
    return rng.randn(n, d) @ rng.randn(d, d)


@pytest.fixture(scope="module")
def cancer():
    """Rows and truth of breast cancer, malignant rows thinned; 1 = malignant."""
    dataset = load_dataset("sklearn:breast_cancer")
    Z = AutonomousPreprocessor().fit_transform(dataset.data)
    return RobustView().fit_transform(Z), (np.asarray(dataset.truth) == -1)


@pytest.mark.parametrize("name", NAMES)
def test_planted_outlier_scores_lowest(name):
    X = blob()
    X[17] = 8 * np.abs(X).max() * np.array([1, -1, 1])
    # On the view it is used on: unbounded, one row can drag a covariance along.
    X = VIEW_CLASSES[catalogue()[name].view]().fit_transform(X)
    detector = make(name).fit(X)
    scores = detector.score_samples(X)
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 10
    # Seen in training it may pass for a cluster or a tail of its own, but not far.
    assert (scores < scores[17]).sum() <= 30
    fresh = make(name).fit(np.delete(X, 17, axis=0))
    scores = fresh.score_samples(X)
    if name == "pyod_loda":  # its histograms know no "outside of everything seen"
        assert scores[17] <= np.quantile(scores, 0.05)
    else:
        assert scores[17] == scores.min()


@pytest.mark.parametrize("name", NAMES)
def test_real_anomalies_score_lower(name, cancer):
    X, malignant = cancer
    scores = make(name).fit(X).score_samples(X)
    # Residuals say little here: every tumour obeys the same geometry.
    assert roc_auc_score(malignant, -scores) > 0.75


@pytest.mark.parametrize("name", NAMES)
def test_refit_and_clone_are_equal(name):
    X = blob()
    detector = make(name)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = detector.fit(X).score_samples(X)
    other = clone(detector).fit(X).score_samples(X)
    again = detector.fit(X[::-1]).fit(X).score_samples(X)
    np.testing.assert_array_equal(first, other)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(
        np.random.get_state()[1],  # noqa: NPY002
        state,
    )


@pytest.mark.parametrize("name", NAMES)
def test_score_depends_on_the_row_alone(name):
    X, new = blob(), blob(60, seed=1) * 1.5
    detector = make(name).fit(X)
    scores = detector.score_samples(new)
    tolerance = {"rtol": 1e-9, "atol": 1e-9}
    alone = np.concatenate([detector.score_samples(row[None]) for row in new[:20]])
    np.testing.assert_allclose(alone, scores[:20], **tolerance)
    np.testing.assert_allclose(
        detector.score_samples(new[::-1])[::-1], scores, **tolerance
    )
    company = np.vstack([np.full((5, 3), 1e3), new, X])
    np.testing.assert_allclose(
        detector.score_samples(company)[5:65], scores, **tolerance
    )


@pytest.mark.parametrize("name", NAMES)
def test_training_rows_score_the_same_later(name):
    X = blob()
    if name in OWN:
        X[40:45] = X[40]  # duplicates vouch for each other, a row never for itself
    detector = make(name).set_params(contamination=0.2).fit(X)
    scores = detector.score_samples(X)
    # The offset is made of the scores that the training rows had in fit.
    assert detector.offset_ == pytest.approx(np.percentile(scores, 20), abs=1e-9)
    assert (detector.predict(X) == -1).sum() == pytest.approx(30, abs=2)
    np.testing.assert_allclose(
        detector.decision_function(X), scores - detector.offset_, atol=1e-9
    )


@pytest.mark.parametrize("name", NAMES)
def test_pickle_and_joblib(name):
    X = blob()
    detector = make(name).fit(X)
    scores = detector.score_samples(X)
    before = pickle.dumps(detector)
    detector.score_samples(X[:7])
    if name in OWN:  # the search trees of others count their calls
        assert pickle.dumps(detector) == before, "scoring changed the detector"
    np.testing.assert_array_equal(pickle.loads(before).score_samples(X), scores)
    file = io.BytesIO()
    joblib.dump(detector, file)
    file.seek(0)
    np.testing.assert_array_equal(joblib.load(file).score_samples(X), scores)


@pytest.mark.parametrize("name", OWN)
def test_few_rows_and_one_column(name):
    for X in (
        np.array([[0.0], [1.0]]),
        np.array([[0.0], [0.1], [0.2], [9.0]]),
        np.zeros((5, 2)),
        np.eye(3),
        blob(4, 9),
    ):
        scores = make(name).fit(X).score_samples(X)
        assert scores.shape == (len(X),)
        assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", OWN)
def test_constant_reference_calls_departures_abnormal(name):
    X = np.zeros((30, 2))
    detector = make(name).fit(X)
    same, far = detector.score_samples([[0.0, 0.0], [1.0, 1.0]])
    assert np.isfinite([same, far]).all()
    assert far <= same
    if name != "forest":  # no cut can be made where nothing varies
        assert far < same


@pytest.mark.parametrize("name", OWN)
def test_bad_input_is_a_clear_error(name):
    X = blob()
    detector = make(name)
    with pytest.raises(NotFittedError):
        detector.score_samples(X)
    with pytest.raises(ValueError, match="NaN"):
        detector.fit(np.where(X > 2, np.nan, X))
    with pytest.raises(ValueError, match="minimum of 2"):
        detector.fit(X[:1])
    detector.fit(pd.DataFrame(X, columns=["a", "b", "c"]))
    assert detector.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="feature names"):
        detector.score_samples(pd.DataFrame(X, columns=["a", "b", "z"]))
    with pytest.raises(ValueError, match="expecting 3 features"):
        detector.fit(X).score_samples(X[:, :2])


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (KNNDetector, {"n_neighbors": 0}),
        (KNNDetector, {"n_neighbors": 2.5}),
        (KNNDetector, {"contamination": 0.6}),
        (KNNDetector, {"contamination": 0}),
        (KNNDetector, {"contamination": "some"}),
        (LOFDetector, {"n_neighbors": "five"}),
        (DependencyDetector, {"n_knots": -1}),
        (DependencyDetector, {"alpha": 0}),
        (MahalanobisDetector, {"reg_covar": 0}),
        (MixtureDetector, {"n_components": 0}),
        (MixtureDetector, {"reg_covar": -1.0}),
        (MixtureDetector, {"max_samples": 1}),
        (ForestDetector, {"n_estimators": 0}),
        (ForestDetector, {"max_samples": 1}),
        (HistogramDetector, {"n_bins": 1}),
        (ProjectionDetector, {"n_projections": 0}),
        (ProjectionDetector, {"random_state": "seed"}),
        (TailDetector, {"contamination": -0.1}),
    ],
)
def test_bad_parameters(kind, bad):
    with pytest.raises(InvalidParameterError, match=f"{next(iter(bad))}.*must be"):
        kind(**bad).fit(blob())


@pytest.mark.parametrize("name", OWN)
def test_values_that_cannot_be_squared_are_a_rejection(name):
    X = blob()
    X[0] = 1e200
    with pytest.raises(DetectorRejected, match="Detector cannot square values"):
        make(name).fit(X)


@pytest.mark.parametrize("name", NAMES)
def test_new_rows_of_any_size_have_a_finite_score(name):
    X = blob()
    detector = make(name).fit(X)
    new = np.array([[1e300, -1e300, 1e300], [1e160, 0, 0], [0, 0, 1e-300], [0, 0, 0]])
    scores = detector.score_samples(new)
    assert np.isfinite(scores).all()
    assert scores[2] == pytest.approx(scores[3])
    if name in OWN:
        assert scores[0] <= scores[3]
        assert scores[0] <= detector.score_samples(X).min() + 0.1


@pytest.mark.parametrize("kind", [ProjectionDetector, MixtureDetector, ForestDetector])
def test_seed_matters_and_is_kept(kind):
    X = blob()
    first = kind(random_state=1).fit(X).score_samples(X)
    np.testing.assert_array_equal(kind(random_state=1).fit(X).score_samples(X), first)
    assert (kind(random_state=2).fit(X).score_samples(X) != first).any()
