"""Detectors of others, turned the right way round or refused with a reason."""

import time
import warnings
from functools import partial

import numpy as np
import pytest
from pyod.models.cd import CD
from pyod.models.cof import COF
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.hbos import HBOS
from pyod.models.iforest import IForest
from pyod.models.knn import KNN
from pyod.models.lmdd import LMDD
from pyod.models.loda import LODA
from pyod.models.lof import LOF
from pyod.models.rod import ROD
from pyod.models.sod import SOD
from pyod.models.sos import SOS
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.cluster import KMeans
from sklearn.covariance import EllipticEnvelope
from sklearn.linear_model import SGDOneClassSVM
from sklearn.neighbors import KernelDensity, LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.svm import OneClassSVM

from autonomaly import AutonomousDetector
from autonomaly.detectors import DetectorAdapter, KNNDetector, LOFDetector
from autonomaly.exceptions import DetectorRejected

X = np.random.RandomState(0).randn(100, 3)
X[5] = 9.0


class OwnKNN(KNN):
    """A detector of PyOD's kind that is not in its package."""


class OwnECOD(ECOD):
    """One of those that compare rows within a batch."""


class Scores(OutlierMixin, BaseEstimator):
    """A detector that scores with whatever function it is given."""

    def __init__(self, scores=None):
        self.scores = scores

    def fit(self, X, y=None):
        return self

    def score_samples(self, X):
        return self.scores(X)


@pytest.mark.parametrize(
    "estimator", [OneClassSVM(), EllipticEnvelope(random_state=0), SGDOneClassSVM()]
)
def test_scikit_learns_scores_are_kept(estimator):
    adapter = DetectorAdapter(estimator=estimator).fit(X)
    fitted = adapter.estimator_
    assert not hasattr(estimator, "offset_"), "the estimator given was fitted"
    np.testing.assert_array_equal(adapter.score_samples(X), fitted.score_samples(X))


def test_pyods_scores_are_turned_round():
    adapter = DetectorAdapter(estimator=KNN()).fit(X)
    scores = adapter.score_samples(X)
    np.testing.assert_array_equal(scores, -adapter.estimator_.decision_scores_)
    assert scores.argmin() == 5
    for kind in (OwnKNN(), make_pipeline(KNN()), make_pipeline(make_pipeline(KNN()))):
        same = DetectorAdapter(estimator=kind).fit(X)
        np.testing.assert_array_equal(same.score_samples(X), scores)
    new = X + 0.1
    np.testing.assert_array_equal(
        adapter.score_samples(new), -adapter.estimator_.decision_function(new)
    )


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (KNN(n_neighbors=7, method="mean"), KNNDetector(n_neighbors=7)),
        (LOF(n_neighbors=9), LOFDetector(n_neighbors=9)),
        (LocalOutlierFactor(n_neighbors=9, novelty=True), LOFDetector(n_neighbors=9)),
    ],
)
def test_a_row_is_not_its_own_neighbour(foreign, ours):
    adapter = DetectorAdapter(estimator=foreign).fit(X)
    ours.fit(X)
    for rows in (X, X[::-3], np.vstack([X[:4] + 1e-3, X[:4], np.zeros((2, 3))])):
        expected = ours.score_samples(rows)
        if isinstance(ours, LOFDetector):
            expected = -np.exp(-expected)  # ours is the logarithm
        np.testing.assert_allclose(adapter.score_samples(rows), expected, rtol=1e-6)


def test_rows_left_out_of_the_training_are_new():
    keep = np.arange(100) % 2 == 0
    adapter = DetectorAdapter(estimator=KNN())
    adapter._fit(X, keep)
    scores = adapter._abnormality(X)
    np.testing.assert_array_equal(scores[keep], adapter.estimator_.decision_scores_)
    np.testing.assert_array_equal(
        scores[~keep], adapter.estimator_.decision_function(X[~keep])
    )


@pytest.mark.parametrize("kind", [ECOD, COPOD, COF, SOD, OwnECOD, CD, LMDD, ROD, SOS])
def test_batch_dependent_detectors_are_refused(kind):
    with pytest.raises(DetectorRejected, match="other rows of the batch: it"):
        DetectorAdapter(estimator=kind()).fit(X)


@pytest.mark.parametrize(
    "scores",
    [
        lambda X: X[:, 0] - X[:, 0].mean(),
        lambda X: X[:, 0] / np.abs(X[:, 0]).max(),
        lambda X: rankdata(X[:, 0]),
        lambda X: X[:, 0] / np.float64(len(X) > 1),  # gives up on a row alone
        lambda X: X[:, 0] + np.random.standard_normal(len(X)),  # noqa: NPY002
        lambda X: 1e3 + X[:, 0] - X[:, 0].mean(),
    ],
)
def test_scores_that_depend_on_the_batch_are_noticed(scores):
    with pytest.raises(DetectorRejected, match="one at a time differ by"):
        DetectorAdapter(estimator=Scores(scores)).fit(X)


@pytest.mark.parametrize(
    "scores",
    [
        lambda X: np.float32(X[:, 0] * (1 + 1e-6 * len(X))),  # rounding
        lambda X: np.zeros(len(X)),
        lambda X: (
            np.where(np.arange(len(X)) == 1, np.nan, X[:, 0])
            if len(X) > 50
            else X[:, 0]
        ),
    ],
)
def test_scores_of_the_row_alone_are_taken(scores):
    adapter = DetectorAdapter(estimator=Scores(scores))
    adapter._fit(X, np.ones(len(X), dtype=bool))
    assert np.isfinite(adapter._abnormality(X[:1])).all()


@pytest.mark.parametrize("n_rows", [8, 20, 60])
@pytest.mark.parametrize("kind", [LODA, IForest, HBOS])
def test_scores_that_jump_are_taken(kind, n_rows):
    for rows in (X, np.round(X), np.round(X) > 0):
        rows = rows[:n_rows].astype(float)
        DetectorAdapter(estimator=kind()).fit(rows)


def test_detectors_that_ask_for_company_are_left_out(register):
    register("rod", ROD)
    register("centred", partial(Scores, lambda X: -np.abs(X - X.mean(axis=0)).sum(1)))
    detector = AutonomousDetector(algorithms=["knn", "rod", "centred"]).fit(X)
    for name in ("rod", "centred"):
        assert "other rows of the batch" in detector.rejected_[name]
        (decision,) = detector.record_.filter("selection", name)
        assert decision.choice == "rejected"
    assert detector.predict(X)[5] == detector.predict(X[5:6])[0] == -1


@pytest.mark.parametrize("estimator", [LocalOutlierFactor(), KMeans(), object])
def test_what_cannot_score_new_rows_is_refused(estimator):
    with pytest.raises(DetectorRejected, match="neither score_samples nor"):
        DetectorAdapter(estimator=estimator).fit(X)


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        (lambda X: X, r"shape \(100, 3\) for 100 rows"),
        (lambda X: X[:-1, 0], r"shape \(99,\) for 100 rows"),
        (lambda X: 1.0, r"shape \(\) for 100 rows"),
        (lambda X: X[:, 0] * np.nan, "not finite"),
        (lambda X: X[:, 0] / 0.0, "not finite"),
    ],
)
def test_useless_scores_are_refused(scores, why):
    with pytest.raises(DetectorRejected, match=why):
        DetectorAdapter(estimator=Scores(scores)).fit(X)


def test_warnings_of_others_stay_inside():
    def scores(X):
        warnings.warn("noise", FutureWarning, stacklevel=1)
        return np.log(X[:, 0] * 0) * 0 + 1 if len(X) == 0 else X[:, 0]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        filters = list(warnings.filters)
        adapter = DetectorAdapter(estimator=Scores(scores)).fit(X)
        adapter.score_samples(X)
        assert list(warnings.filters) == filters


def test_parameters_of_the_estimator():
    adapter = DetectorAdapter(estimator=OneClassSVM())
    adapter.set_params(estimator__nu=0.3)
    assert adapter.get_params()["estimator__nu"] == 0.3
    assert adapter.fit(X).estimator_.nu == 0.3


@pytest.mark.flaky(reruns=2)  # by the clock
def test_scoring_is_not_slow():
    adapter = DetectorAdapter(estimator=OneClassSVM()).fit(X)
    started = time.perf_counter()
    for _ in range(20):
        adapter.score_samples(X[:1])
    assert time.perf_counter() - started < 1.0


def test_a_density_that_ends_does_not_depend_on_the_batch():
    rows = np.random.RandomState(0).randn(300, 2)
    density = KernelDensity(kernel="tophat", bandwidth=0.01)
    scores = (
        DetectorAdapter(estimator=density)
        .fit(rows)
        .score_samples(np.vstack([rows[:3], [[50.0, 50.0]]]))
    )
    assert np.argmin(scores) == 3
