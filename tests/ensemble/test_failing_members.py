"""One failing detector never ends a run."""

import pickle
import threading
import time
import warnings
from functools import partial

import numpy as np
import pytest
from scipy.stats import kstest
from sklearn.base import BaseEstimator, OutlierMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from autonomaly import VotingOutlierEnsemble
from autonomaly.detectors import KNNDetector, MahalanobisDetector
from autonomaly.ensemble import _members
from autonomaly.exceptions import (
    BudgetWarning,
    MemberFailedError,
    NoDetectorLeftError,
)


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


class Foreign(OutlierMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.center_ = X.mean(axis=0)
        return self

    def score_samples(self, X):
        return -np.abs(X - self.center_).sum(axis=1)


class Raises(Foreign):
    def fit(self, X, y=None):
        raise RuntimeError("the flux capacitor is empty")


class RaisesWhileScoring(Foreign):
    def score_samples(self, X):
        raise KeyError("no such thing")


class GivesNaN(Foreign):
    def score_samples(self, X):
        scores = super().score_samples(X)
        scores[3] = np.nan
        return scores


class GivesInfinity(Foreign):
    def score_samples(self, X):
        return super().score_samples(X) / 0.0


class GivesHuge(Foreign):
    def score_samples(self, X):
        return super().score_samples(X) * 1e300


class WrongShape(Foreign):
    def score_samples(self, X):
        return X


class WrongLength(Foreign):
    def score_samples(self, X):
        return X[1:, 0]


class Text(Foreign):
    def score_samples(self, X):
        return ["odd"] * len(X)


class Exits(Foreign):
    def fit(self, X, y=None):
        raise MemoryError("all of it")


class Warns(Foreign):
    def score_samples(self, X):
        warnings.warn("much ado", DeprecationWarning, stacklevel=1)
        np.log(np.zeros(3))
        return super().score_samples(X)


class Prefers(Foreign):
    """Draws from the global random numbers, as some do."""

    def fit(self, X, y=None):
        self.direction_ = np.random.rand(X.shape[1])  # noqa: NPY002
        return super().fit(X)

    def score_samples(self, X):
        return -np.abs((X - self.center_) @ self.direction_)


class DrawsTwice(Prefers):
    """Gives another thread time in between."""

    def fit(self, X, y=None):
        super().fit(X)
        time.sleep(0.02)
        self.direction_ += np.random.rand(X.shape[1])  # noqa: NPY002
        return self


class Hangs(Foreign):
    woken = threading.Event()

    def fit(self, X, y=None):
        self.woken.wait(60)
        return super().fit(X)


class HangsWhileScoring(Foreign):
    def score_samples(self, X):
        Hangs.woken.wait(60)
        return super().score_samples(X)


class Picky(Foreign):
    """Serves clean data only: fails on what is left after trimming."""

    def fit(self, X, y=None):
        if len(X) < 100:
            raise ValueError("too few rows")
        return super().fit(X)


class OtherRows(Foreign):
    """Fails on other rows than it was fitted on."""

    def fit(self, X, y=None):
        self.n_ = len(X)
        return super().fit(X)

    def score_samples(self, X):
        if len(X) != self.n_:
            raise KeyError("other rows")
        return super().score_samples(X)


class FarRows(Foreign):
    """Fails on rows far from those it was fitted on."""

    def score_samples(self, X):
        if np.abs(X).max() > 50:
            raise KeyError("far rows")
        return super().score_samples(X)


class Changes(Foreign):
    """Works in place."""

    def fit(self, X, y=None):
        X -= 5
        return super().fit(X)

    def score_samples(self, X):
        X *= -1
        return super().score_samples(X)


class LaterNaN(Foreign):
    """Gives up on rows that it was not trained on."""

    def score_samples(self, X):
        scores = super().score_samples(X)
        scores[np.abs(X).max(axis=1) > 50] = np.nan
        return scores


X = np.random.RandomState(0).randn(120, 3)
X[:3] += 9
GOOD = ("knn", KNNDetector())


@pytest.fixture(scope="module")
def scores_of_the_good_one():
    return VotingOutlierEnsemble([GOOD], calibrate=False).fit(X).score_samples(X)


@pytest.mark.parametrize(
    ("foreign", "why"),
    [
        (Raises(), "RuntimeError: the flux capacitor is empty"),
        (RaisesWhileScoring(), "KeyError: 'no such thing'"),
        (GivesNaN(), "1 of 120 scores are not finite"),
        (GivesInfinity(), "120 of 120 scores are not finite"),
        (GivesHuge(), "too large"),
        (WrongShape(), "shape (120, 3) for 120 rows"),
        (WrongLength(), "shape (119,) for 120 rows"),
        (Text(), "ValueError: could not convert string to float"),
        (Exits(), "MemoryError: all of it"),
        (LocalOutlierFactor(), "neither score_samples nor decision_function"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_rejected_with_its_reason(foreign, why, first, scores_of_the_good_one):
    pair = [("bad", foreign), GOOD] if first else [GOOD, ("bad", foreign)]
    # What is fitted again for the calibration is chosen in the same order.
    fitted = VotingOutlierEnsemble(pair, weights=[1, 2], calibrate=first).fit(X)
    assert list(fitted.rejected_) == ["bad"]
    assert why in fitted.rejected_["bad"]
    np.testing.assert_allclose(fitted.score_samples(X), scores_of_the_good_one)
    assert not any(name.startswith("bad") for name in fitted.named_estimators_)


@pytest.mark.parametrize("time_budget", [None, 600])
@pytest.mark.parametrize("max_reference", [4000, 400])
def test_failing_while_other_rows_are_scored(max_reference, time_budget):
    # Folds of the calibration, or rows outside of the reference.
    table = np.random.RandomState(0).randn(501, 3)
    make = partial(
        VotingOutlierEnsemble, max_reference=max_reference, time_budget=time_budget
    )
    fitted = make([("other", OtherRows()), GOOD], trimming=None).fit(table)
    assert fitted.rejected_ == {"other": "KeyError: 'other rows'"}
    assert list(fitted.named_estimators_) == ["knn"]
    good = make([GOOD], trimming=None).fit(table)
    for name in ("score_samples", "predict", "outlier_pvalues"):
        np.testing.assert_array_equal(
            getattr(fitted, name)(table), getattr(good, name)(table)
        )
    with pytest.raises(NoDetectorLeftError, match="other rows"):
        make([("other", OtherRows())]).fit(table)


@pytest.mark.parametrize("time_budget", [None, 600])
def test_failing_on_a_row_outside_of_the_reference(time_budget):
    table = np.random.RandomState(0).randn(501, 3)
    table[0] += 99
    settings = {"max_reference": 100, "trimming": None, "calibrate": False}
    make = partial(VotingOutlierEnsemble, [("far", FarRows()), GOOD], **settings)
    fitted = make(time_budget=time_budget).fit(table)
    assert fitted.rejected_ == {"far": "KeyError: 'far rows'"}
    assert list(fitted.named_estimators_) == ["knn"]
    assert list(fitted.agreement_with_vote_) == ["knn"]
    assert fitted.predict(table)[0] == -1
    with pytest.raises(NoDetectorLeftError, match="far rows"):
        make(time_budget=time_budget, weights=[1, 0]).fit(table)


def test_failing_on_new_rows_is_one_clear_error():
    fitted = VotingOutlierEnsemble([("far", FarRows()), GOOD], calibrate=False).fit(X)
    expected = fitted.score_samples(X)
    with pytest.raises(MemberFailedError, match="'far' .*KeyError: 'far rows'"):
        fitted.score_samples(X + 99)
    np.testing.assert_array_equal(fitted.score_samples(X), expected)
    error = pickle.loads(pickle.dumps(MemberFailedError("other", "why")))
    assert (error.name, error.reason) == ("other", "why")


def test_rows_are_the_same_for_all_members():
    pair = [("a", Foreign()), ("changes", Changes()), ("b", Foreign())]
    fitted = VotingOutlierEnsemble(pair, trimming=None).fit(X)
    given = X.copy()
    scores = fitted.member_scores(X)
    np.testing.assert_array_equal(X, given)
    np.testing.assert_array_equal(scores["a"], scores["b"])
    alone = VotingOutlierEnsemble([("a", Foreign())], trimming=None).fit(X)
    np.testing.assert_allclose(scores["a"], alone.member_scores(X)["a"])


@pytest.mark.parametrize(
    ("view", "why"),
    [
        (PCA(50), "ValueError: n_components=50"),
        (FunctionTransformer(np.log), "no finite numbers for every row"),
        (FunctionTransformer(lambda X: X[1:]), "no finite numbers for every row"),
        (FunctionTransformer(lambda X: X[:, 0]), "no finite numbers for every row"),
        (FunctionTransformer(lambda X: X[:, :0]), "no finite numbers for every row"),
    ],
)
@pytest.mark.parametrize("time_budget", [None, 600])
def test_view_that_fails(view, why, time_budget, scores_of_the_good_one):
    bad = make_pipeline(view, KNNDetector())
    fitted = VotingOutlierEnsemble([("bad", bad), GOOD], time_budget=time_budget).fit(X)
    assert list(fitted.rejected_) == ["bad"]
    assert why in fitted.rejected_["bad"]
    np.testing.assert_allclose(fitted.score_samples(X), scores_of_the_good_one)


def test_nobody_left():
    ensemble = VotingOutlierEnsemble([("a", Raises()), ("b", GivesNaN())])
    with pytest.raises(NoDetectorLeftError) as caught:
        ensemble.fit(X)
    assert isinstance(caught.value, ValueError)
    for part in ("a: RuntimeError: the flux", "b: 1 of 120 scores are not finite"):
        assert part in str(caught.value)


def test_only_members_without_weight_left():
    ensemble = VotingOutlierEnsemble(
        [("a", Raises()), ("b", KNNDetector())], weights=[1, 0]
    )
    with pytest.raises(NoDetectorLeftError, match="a: RuntimeError"):
        ensemble.fit(X)


@pytest.mark.parametrize("kind", [Hangs, HangsWhileScoring])
@pytest.mark.parametrize("first", [True, False])
def test_hanging_is_left_behind(kind, first):
    Hangs.woken.clear()
    members = [GOOD, ("mahalanobis", MahalanobisDetector())]
    members.insert(0 if first else 2, ("slow", kind()))
    ensemble = VotingOutlierEnsemble(members, time_budget=2)
    started = time.monotonic()
    try:
        with pytest.warns(
            BudgetWarning,
            match=r"time_budget=2 s was .* left out 1 of 3 members \(slow\)",
        ):
            fitted = ensemble.fit(X)
        seconds = time.monotonic() - started
    finally:
        Hangs.woken.set()  # let the thread that was left behind end
    assert seconds < 30  # 1 s; it would hang for 60, a busy machine adds a few
    assert list(fitted.rejected_) == ["slow"]
    assert "did not finish" in fitted.rejected_["slow"]
    assert {"knn", "mahalanobis"} <= set(fitted.named_estimators_)
    assert (fitted.predict(X)[:3] == -1).all()


class Slow(Foreign):
    """Takes as long as it may without being the one that hangs."""

    seconds = 0.0

    def fit(self, X, y=None):
        time.sleep(type(self).seconds)
        return super().fit(X)


def test_others_do_without_what_hangs_only(monkeypatch):
    Hangs.woken.clear()
    monkeypatch.setattr(Slow, "seconds", 1.2)  # its turn is over after 1 s of 8
    members = [("slow", Slow()), ("good", Foreign()), ("hangs", Hangs())]
    ensemble = VotingOutlierEnsemble(members, calibrate=True, time_budget=8)
    try:
        with pytest.warns(BudgetWarning, match=r"left out 1 of 3 members \(hangs\)"):
            ensemble.fit(X)
    finally:
        Hangs.woken.set()
    assert list(ensemble.rejected_) == ["hangs"]
    assert {"slow", "good"} <= set(ensemble.named_estimators_)


def test_depths_do_not_cost_what_hung():
    Hangs.woken.clear()
    ensemble = VotingOutlierEnsemble([GOOD, ("slow", Hangs())], time_budget=4)
    try:
        with pytest.warns(BudgetWarning, match="=4 s was too short for a full fit. "):
            ensemble.fit(X)
    finally:
        Hangs.woken.set()
    assert ensemble.depths_ == (0.0, 0.3, 0.5)
    assert ensemble.undone_ == ["left out 1 of 2 members (slow)"]


def test_nothing_in_time():
    ensemble = VotingOutlierEnsemble([("b", Foreign())], time_budget=1e-9)
    with pytest.raises(NoDetectorLeftError, match="time budget"):
        ensemble.fit(X)


def test_one_of_ours_is_fitted_however_late():
    ensemble = VotingOutlierEnsemble([("b", Foreign()), GOOD], time_budget=1e-9)
    with pytest.warns(BudgetWarning) as caught:
        ensemble.fit(X)
    (warning,) = caught
    assert str(warning.message) == (
        "time_budget=1e-09 s was too short for a full fit. This one left out 1 of 2 "
        "members (b), reached 1 of 3 trimming depths and calibrated p-values on 24 "
        "instead of 120 rows. Results are usable but less accurate; a larger "
        "time_budget helps."
    )
    assert warning.filename == __file__
    assert list(ensemble.named_estimators_) == ["knn"]
    assert "time budget" in ensemble.rejected_["b"]
    assert ensemble.undone_ == [
        "left out 1 of 2 members (b)",
        "reached 1 of 3 trimming depths",
        "calibrated p-values on 24 instead of 120 rows",
    ]
    # The fold that is left gives p-values that mean what they say, if coarse ones.
    p = ensemble.outlier_pvalues(X)
    assert len(ensemble.calibration_.scores) + ensemble.calibration_.n_left_out == 24
    assert (p[:3] <= 2 / 24).all()
    assert 0.3 < np.median(p) < 0.7


def test_no_view_begins_late():
    begun = []

    def slow(X, number):
        begun.append(number)
        time.sleep(0.1)
        return X

    members = [
        (f"knn{i}", make_pipeline(FunctionTransformer(slow, kw_args=kw), KNNDetector()))
        for i, kw in enumerate({"number": i} for i in range(4))
    ]
    settings = {"calibrate": False, "trimming": None, "time_budget": 0.05}
    with pytest.warns(BudgetWarning, match="left out 3 of 4 members"):
        VotingOutlierEnsemble(members, **settings).fit(X)
    assert begun == [0]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_no_search_begins_late(n_jobs, monkeypatch):
    begun, fit_shared = [], _members._fit_shared

    def slow(*arguments):
        begun.append(arguments)
        time.sleep(0.2)
        return fit_shared(*arguments)

    monkeypatch.setattr(_members, "_fit_shared", slow)
    views = [StandardScaler(), MinMaxScaler(), RobustScaler(), PCA()]
    members = [(str(view), make_pipeline(view, KNNDetector())) for view in views]
    settings = {"calibrate": False, "trimming": None, "time_budget": 0.15}
    ensemble = VotingOutlierEnsemble(members, n_jobs=n_jobs, **settings)
    with pytest.warns(BudgetWarning, match="left out 3 of 4 members"):
        ensemble.fit(np.random.RandomState(0).randn(1000, 3))
    assert len(begun) <= n_jobs


def test_some_held_out_rows_are_scored_however_late():
    table = np.sort(np.random.RandomState(0).randn(2500, 3), axis=0)
    ensemble = VotingOutlierEnsemble([GOOD], max_reference=500, time_budget=1e-9)
    with pytest.warns(BudgetWarning, match="threshold on 600 instead of 2500 rows"):
        ensemble.fit(table)
    assert len(ensemble.calibration_.scores) == pytest.approx(100, abs=5)
    assert kstest(ensemble.outlier_pvalues(table), "uniform").statistic < 0.2


class HangsTheSecondTime(Foreign):
    fits = 0

    def fit(self, X, y=None):
        type(self).fits += 1
        if type(self).fits > 1:
            Hangs.woken.wait(60)
        return super().fit(X)


def test_no_calibration_of_another_ensemble():
    # All rows are the reference, and the fit for the calibration is never done.
    Hangs.woken.clear()
    HangsTheSecondTime.fits = 0
    members = [("twice", HangsTheSecondTime()), GOOD]
    ensemble = VotingOutlierEnsemble(members, trimming=None, time_budget=1)
    try:
        with pytest.warns(BudgetWarning, match="did not calibrate p-values"):
            ensemble.fit(X)
    finally:
        Hangs.woken.set()
    assert ensemble.calibration_ is None
    assert (ensemble.predict(X)[:3] == -1).all()
    with pytest.raises(ValueError, match="need held-out rows.*time_budget=1 "):
        ensemble.outlier_pvalues(X)


def test_enough_time_is_no_warning():
    fitted = VotingOutlierEnsemble([GOOD, ("b", Foreign())], time_budget=600).fit(X)
    assert fitted.undone_ == []
    without = VotingOutlierEnsemble([GOOD, ("b", Foreign())]).fit(X)
    np.testing.assert_array_equal(fitted.outlier_pvalues(X), without.outlier_pvalues(X))


class SlowToFit(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        time.sleep(0.5)
        return self

    def transform(self, X):
        return X


class SlowToScore(Foreign):
    def score_samples(self, X):
        time.sleep(0.001 * len(X))
        return super().score_samples(X)


@pytest.mark.flaky(reruns=2)  # by the clock
def test_a_member_is_given_up_where_all_rows_would_take_too_long():
    table = np.random.RandomState(0).randn(20_000, 3)
    ensemble = VotingOutlierEnsemble(
        [("slow", SlowToScore()), GOOD],
        max_reference=100,
        trimming=None,
        calibrate=False,
        time_budget=2,
    )
    with pytest.warns(BudgetWarning, match=r"left out 1 of 2 members \(slow\)\. "):
        labels = ensemble.fit_predict(table)
    assert "rows with it as well would have taken" in ensemble.rejected_["slow"]
    np.testing.assert_array_equal(labels, ensemble.predict(table))


def test_what_fitting_took_is_not_what_scoring_takes():
    table = np.random.default_rng(0).standard_normal((30_000, 3))
    member = make_pipeline(SlowToFit(), MahalanobisDetector())
    # Half a second for each of 200 rows would be 75 s for the others.
    ensemble = VotingOutlierEnsemble(
        [("slow", member)], max_reference=200, time_budget=30
    )
    ensemble.fit_predict(table)
    assert ensemble.undone_ == []


def test_noise_stays_inside():
    before = list(warnings.filters)
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    first = VotingOutlierEnsemble([("a", Warns()), ("b", Prefers()), GOOD]).fit(X)
    scores = first.score_samples(X)
    assert np.random.rand() == expected  # noqa: NPY002
    again = VotingOutlierEnsemble([("a", Warns()), ("b", Prefers()), GOOD]).fit(X)
    np.testing.assert_array_equal(again.score_samples(X), scores)
    assert list(warnings.filters) == before


def test_random_numbers_of_members_do_not_depend_on_n_jobs():
    pair = [("a", DrawsTwice()), GOOD]
    one, two = (VotingOutlierEnsemble(pair, n_jobs=n).fit(X) for n in (1, 2))
    np.testing.assert_array_equal(one.outlier_pvalues(X), two.outlier_pvalues(X))


def test_failing_on_the_trimmed_reference_only():
    fitted = VotingOutlierEnsemble([("picky", Picky()), GOOD]).fit(X)
    assert fitted.rejected_ == {}
    assert "picky" in fitted.named_estimators_
    assert "knn@0.5" in fitted.named_estimators_
    assert "picky@0.5" not in fitted.named_estimators_


def test_giving_up_later_is_no_opinion():
    fitted = VotingOutlierEnsemble([("later", LaterNaN()), GOOD]).fit(X)
    far = np.full((2, 3), [[60.0], [0.0]])
    scores = fitted.score_samples(far)
    assert np.isfinite(scores).all()
    assert scores[0] < scores[1]
    only = VotingOutlierEnsemble([("later", LaterNaN())]).fit(X)
    assert np.isfinite(only.score_samples(far)).all()


def test_rows_of_any_size_without_a_view():
    members = [GOOD, ("mahalanobis", MahalanobisDetector()), ("foreign", Foreign())]
    fitted = VotingOutlierEnsemble(members).fit(X)
    huge = np.array([[1e300, -1e300, 1e300], [1e308, 1e308, 1e308], [0, 0, 0]])
    scores = fitted.score_samples(huge)
    assert np.isfinite(scores).all()
    assert (scores[:2] < scores[2]).all()
    assert (fitted.predict(huge) == [-1, -1, 1]).all()
    odd = X.copy()
    odd[0] = 1e300
    fitted = VotingOutlierEnsemble(members).fit(odd)
    assert np.isfinite(fitted.score_samples(odd)).all()


def test_errors_that_speak_of_a_budget_are_no_lack_of_time():
    class Impatient(Foreign):
        def fit(self, X, y=None):
            raise RuntimeError("my own time budget exceeded")

    members = [("impatient", Impatient()), GOOD]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ensemble = VotingOutlierEnsemble(members, time_budget=600).fit(X)
    assert list(ensemble.rejected_) == ["impatient"]
    assert ensemble.undone_ == []
