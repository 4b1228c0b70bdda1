"""OutlierSearch: every strategy finds what is there, and survives what is not."""

import os
import pickle
import time
import warnings

import numpy as np
import pytest
from joblib import delayed, parallel_config
from joblib.externals.loky import get_reusable_executor
from pyod.models.knn import KNN
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.pipeline import Pipeline
from tuning_detectors import (
    FarFromZero,
    SlowKNN,
    SlowToArrive,
    agreement_with_norm,
    skill,
)

from autonomaly import OutlierSearch
from autonomaly.detectors import KNNDetector
from autonomaly.exceptions import BudgetWarning, NoDetectorLeftError
from autonomaly.preprocessing import RobustView
from autonomaly.resources import Parallel, _backends
from autonomaly.tuning._strategies import STRATEGIES
from autonomaly.tuning._trials import make_candidate

SPACE = {"skill": (0.0, 1.0), "label": ["a", "b"]}


def _search(estimator=None, **parameters):
    defaults = {"search_space": SPACE, "scoring": skill, "n_trials": 24}
    estimator = FarFromZero(skill=0.5) if estimator is None else estimator
    return OutlierSearch(estimator, **{**defaults, **parameters})


def _history(search):
    return [(t.params, t.status, t.value, t.share) for t in search.trials_]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_strategies_get_better(strategy, planted):
    X, _ = planted
    search = _search(search=strategy).fit(X)
    # some learn from what they have seen, some only draw
    learns = strategy in ("bayesian", "evolutionary", "grid")
    assert search.best_params_["skill"] > (0.9 if learns else 0.7)
    assert search.best_score_ == max(t.value for t in search.trials_)
    assert search.best_score_ == search.best_params_["skill"]
    assert search.best_estimator_.skill == search.best_params_["skill"]
    assert search.best_estimator_.n_rows_ == len(X)
    assert 5 < len(search.trials_) <= 24
    assert [t.number for t in search.trials_] == list(range(len(search.trials_)))
    assert all(0 <= t.params["skill"] <= 1 for t in search.trials_)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_same_seed_same_history_for_any_number_of_jobs(strategy, planted):
    X, _ = planted
    one = _search(search=strategy, n_trials=16, early_stopping=None).fit(X)
    with parallel_config(backend="threading"):
        three = clone(one).set_params(n_jobs=3).fit(X)
    assert _history(one) == _history(three)
    other = clone(one).set_params(random_state=1).fit(X)
    # a grid that is small enough draws nothing
    assert (_history(one) == _history(other)) == (strategy == "grid")


def test_processes_give_the_same_as_one(planted):
    X, _ = planted
    one = OutlierSearch(KNNDetector(), search="random", n_trials=6, scoring="stability")
    two = clone(one).set_params(n_jobs=2)
    assert _history(one.fit(X)) == _history(two.fit(X))
    assert np.array_equal(one.score_samples(X), two.score_samples(X))


def test_bayesian_search_learns_where_random_search_does_not():
    X = np.random.RandomState(0).normal(size=(50, 6))

    def peak(estimator, X, y=None):  # narrow: one random draw in a thousand is near
        return -((estimator.skill - 0.731) ** 2) - (estimator.delay - 0.00219) ** 2

    space = {"skill": (0.0, 1.0), "delay": (0.0, 0.003)}
    values = {
        strategy: _search(
            search=strategy,
            scoring=peak,
            search_space=space,
            n_trials=30,
            early_stopping=None,
        )
        .fit(X)
        .best_score_
        for strategy in ("bayesian", "random")
    }
    assert values["bayesian"] > -1e-4
    assert values["bayesian"] > values["random"]


def test_it_is_the_best_detector(planted):
    X, truth = planted
    search = OutlierSearch(KNNDetector(), search="random", n_trials=5).fit(X)
    best = search.best_estimator_
    assert np.array_equal(search.score_samples(X), best.score_samples(X))
    assert np.array_equal(search.decision_function(X), best.decision_function(X))
    assert np.array_equal(search.predict(X), best.predict(X))
    assert search.offset_ == best.offset_
    assert set(np.argsort(search.score_samples(X))[:20]) == set(np.flatnonzero(truth))
    again = pickle.loads(pickle.dumps(search))
    assert np.array_equal(again.predict(X), search.predict(X))
    assert "a proxy that needs no labels" in search.reason_


def test_pipelines_and_pyod_are_searched(planted):
    X, truth = planted
    pipeline = Pipeline([("view", RobustView()), ("detector", KNN())])
    filters = list(warnings.filters)
    search = OutlierSearch(pipeline, search="random", n_trials=4).fit(X)
    assert warnings.filters == filters
    assert set(search.best_params_) == {"detector__n_neighbors"}
    found = np.argsort(search.score_samples(X))[:20]
    assert set(found) == set(np.flatnonzero(truth))
    assert set(search.predict(X)) == {-1, 1}


class OwnKNN(KNN):
    """A detector of PyOD's kind that is not in its package."""


@pytest.mark.parametrize("last", [OwnKNN(), Pipeline([("detector", KNN())])])
def test_pyods_scores_are_turned_round(planted, last):
    X, truth = planted
    for estimator in (last, Pipeline([("view", RobustView()), ("last", last)])):
        fitted = make_candidate(estimator, {}).fit(X)
        scores, odd = fitted.score_samples(X), np.asarray(truth, dtype=bool)
        assert scores[odd].mean() < np.quantile(scores[~odd], 0.05)


def test_settings_given_are_tried_first(planted):
    X, _ = planted
    given = [{"skill": 0.25, "label": "b"}, {"skill": 0.75, "label": "b"}]
    for strategy in ("bayesian", "evolutionary", "grid", "random"):
        search = _search(search=strategy, warm_start_params=given, n_trials=9).fit(X)
        first = [trial.params for trial in search.trials_[:3]]
        assert first == [{"skill": 0.5, "label": "a"}, *given]
    halving = _search(search="halving", warm_start_params=given).fit(X)
    assert all(g in [t.params for t in halving.trials_] for g in given)


def test_failures_are_written_down(planted):
    X, _ = planted
    for strategy in STRATEGIES:
        search = _search(
            search=strategy,
            search_space={"skill": (0.0, 1.0), "fails": [False, True, True]},
            n_trials=20,
        ).fit(X)
        failed = [t for t in search.trials_ if t.status == "failed"]
        assert failed
        assert {t.error for t in failed} == {"RuntimeError: this one never fits"}
        assert all(t.value is None for t in failed)
        assert search.best_params_["fails"] is False


def test_a_criterion_that_fails_is_a_failure_of_the_trial(planted):
    X, _ = planted

    def sometimes(estimator, X, y=None):
        return np.nan if estimator.skill < 0.5 else estimator.skill

    search = _search(search="bayesian", scoring=sometimes).fit(X)
    failed = [t for t in search.trials_ if t.status == "failed"]
    assert failed
    assert all(t.params["skill"] < 0.5 and "not a finite" in t.error for t in failed)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nothing_left_is_one_clear_error(strategy, planted):
    X, _ = planted
    search = _search(
        FarFromZero(fails=True), search=strategy, search_space={"skill": (0.0, 1.0)}
    )
    with pytest.raises(NoDetectorLeftError, match="RuntimeError: this one never fits"):
        search.fit(X)


@pytest.mark.flaky(reruns=2)  # by the clock
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_deadline_holds_when_trials_hang(strategy, planted):
    X, _ = planted
    search = _search(
        search=strategy,
        search_space={"skill": (0.0, 1.0), "delay": [0.0, 60.0]},
        n_trials=500,
        early_stopping=None,
        time_budget=2.0,
    )
    started = time.monotonic()
    search.fit(X)
    assert time.monotonic() - started < 3.0
    assert search.best_params_["delay"] == 0
    assert any(t.status == "timeout" for t in search.trials_)
    assert "time" in search.stop_reason_ or "nothing left" in search.stop_reason_


@pytest.mark.flaky(reruns=2)  # by the clock
def test_the_deadline_holds_when_trials_come_late(planted, monkeypatch):
    X, _ = planted
    monkeypatch.setattr(_backends, "_WORTH_WORKERS", 0.0)
    Parallel(n_jobs=2)(delayed(abs)(i) for i in range(4))  # the workers are there
    search = _search(
        SlowToArrive(home=os.getpid()),
        search="random",
        search_space={"skill": (0.0, 1.0)},
        time_budget=2.0,
        n_jobs=2,
    )
    started = time.monotonic()
    search.fit(X)
    assert 1.5 < time.monotonic() - started < 3.0
    # The first trial, the detector as it came, needs no worker.
    assert [t.status for t in search.trials_] == ["done"] + 4 * ["timeout"]
    assert "no worker started" in search.trials_[1].error


@pytest.mark.flaky(reruns=2)  # by the clock
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_short_searches_do_not_wait_for_workers(strategy, planted):
    X, _ = planted
    get_reusable_executor(max_workers=2).shutdown(wait=True)  # they are cold
    search = _search(search=strategy, time_budget=2.0, n_jobs=2, n_trials=12)
    started = time.monotonic()
    search.fit(X)
    assert time.monotonic() - started < 3.0
    assert len(search.trials_) > 5
    assert {t.status for t in search.trials_} == {"done"}


@pytest.mark.flaky(reruns=2)  # by the clock
def test_a_trial_may_take_what_is_left_if_all_take_as_long(planted):
    """Half of the time left would do for one trial of 0.7 s in two, and no second."""
    X, _ = planted
    search = _search(
        FarFromZero(delay=0.7),
        search="random",
        search_space={"skill": (0.0, 1.0)},
        time_budget=2.6,
    )
    started = time.monotonic()
    search.fit(X)
    assert time.monotonic() - started < 3.6
    assert [t.status for t in search.trials_][:3] == ["done"] * 3


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_few_settings_are_tried_once(strategy, planted):
    X, _ = planted
    space = {"skill": [0.1, 0.5, 0.9], "label": ["a", "b"]}
    search = _search(search=strategy, search_space=space, n_trials=60).fit(X)
    tried = [(t.params["skill"], t.params["label"], t.share) for t in search.trials_]
    assert len(set(tried)) == len(tried)
    assert search.best_params_["skill"] == 0.9


def test_no_time_at_all_is_a_clear_error(planted):
    X, _ = planted
    search = OutlierSearch(
        SlowKNN(delay=60.0),
        search_space={"n_neighbors": (2, 9)},
        scoring=agreement_with_norm,
        time_budget=0.5,
    )
    with pytest.raises(NoDetectorLeftError, match="time"):
        search.fit(X)


def test_large_detectors_are_refused(planted):
    X, _ = planted
    space = {"size": [0, 1_000_000], "skill": (0.0, 1.0)}
    search = _search(search="random", search_space=space, memory_limit="4MB").fit(X)
    sizes = {t.params["size"]: t for t in search.trials_}
    assert sizes[1_000_000].status == "too large"
    assert 8_000_000 < sizes[1_000_000].model_bytes < 8_100_000
    assert search.best_params_["size"] == 0


def test_it_stops_when_nothing_gets_better(planted):
    X, _ = planted
    search = _search(FarFromZero(skill=1.0), search="random", early_stopping=8)
    search.fit(X)
    assert len(search.trials_) == 9
    assert search.stop_reason_ == "8 trials brought no improvement"


def test_hopeless_settings_are_given_up_on_a_part_of_the_rows():
    X = np.random.RandomState(0).normal(size=(1200, 3))
    search = _search(search="random", early_stopping=None, n_trials=40).fit(X)
    pruned = [t for t in search.trials_ if t.status == "pruned"]
    done = [t for t in search.trials_ if t.status == "done"]
    assert 8 < len(pruned) < 30
    assert {t.share for t in pruned} == {0.25}
    assert max(t.value for t in pruned) < search.best_score_
    assert np.mean([t.value for t in pruned]) < np.mean([t.value for t in done])
    never = clone(search).set_params(pruning=False).fit(X)
    assert {t.status for t in never.trials_} == {"done"}
    assert never.best_params_ == search.best_params_


def test_halving_spends_rows_on_the_promising(planted):
    X, _ = planted
    search = _search(search="halving", n_trials=27).fit(X)
    shares = sorted({t.share for t in search.trials_})
    counts = [sum(t.share == share for t in search.trials_) for share in shares]
    assert len(shares) >= 3
    assert counts == sorted(counts, reverse=True)
    assert search.best_trial_.share == shares[-1] == 1  # no row is rounded away
    top = [t.params for t in search.trials_ if t.share == shares[0]]
    assert search.best_params_ in top


def test_halving_spends_trees_on_the_promising(planted):
    X, _ = planted
    search = OutlierSearch(
        IsolationForest(n_estimators=20, random_state=0),
        search="halving",
        search_space={"max_samples": (16, 128)},
        scoring=agreement_with_norm,
        resource="n_estimators",
        n_trials=14,
    ).fit(X)
    trees = [t.params["n_estimators"] for t in search.trials_]
    assert trees == sorted(trees)
    assert len(set(trees)) > 1
    assert search.best_estimator_.n_estimators == 20  # not 18, a multiple of three
    search.set_params(resource="bootstrap")
    with pytest.raises(ValueError, match="an integer hyperparameter"):
        search.fit(X)


def test_large_tables_are_tried_on_a_sample(planted):
    X, _ = planted
    search = _search(search="random", max_samples=50, n_trials=5).fit(X)
    assert search.best_estimator_.n_rows_ == 200
    slow = OutlierSearch(
        _SlowOnMany(), search="random", search_space={"skill": (0.0, 1.0)},
        scoring=skill, n_trials=3, max_samples=50, time_budget=1.0,
    )  # fmt: skip
    with pytest.warns(BudgetWarning, match="part of the rows"):
        slow.fit(X)
    assert slow.best_estimator_.n_rows_ == 50


class _SlowOnMany(FarFromZero):
    def fit(self, X, y=None):
        time.sleep(30 if len(X) > 100 else 0)
        return super().fit(X)


def test_several_sets_of_hyperparameters(planted):
    X, _ = planted
    space = [{"skill": (0.0, 0.3)}, {"skill": (0.6, 1.0), "label": ["a", "b"]}]
    for strategy in STRATEGIES:
        search = _search(search=strategy, search_space=space, n_trials=16).fit(X)
        assert search.best_params_["skill"] > 0.6
        assert {len(t.params) for t in search.trials_} == {1, 2}


def test_detectors_without_a_seed_get_one(planted):
    X, _ = planted
    search = OutlierSearch(
        IsolationForest(n_estimators=5), search="random", scoring="stability",
        search_space={"max_samples": (16, 128)}, n_trials=3,
    )  # fmt: skip
    assert np.array_equal(
        search.fit(X).score_samples(X), clone(search).fit(X).score_samples(X)
    )


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"search_space": {"skil": (0, 1)}}, "'skil' is not a hyperparameter"),
        ({"warm_start_params": [{"skil": 1}]}, "'skil' is not a hyperparameter"),
        ({"scoring": "agreement"}, "Unknown scoring 'agreement'"),
        ({"scoring": "f1"}, "cannot be measured without labels"),
        ({"search_space": None}, "Pass search_space"),
        ({"memory_limit": "lots"}, "got 'lots'"),
        ({"search": "simulated"}, "must be a str among"),
        ({"objectives": ("f1",)}, "must be a tuple of Objective"),
    ],
)
def test_bad_parameters_are_explained(parameters, said, planted):
    X, _ = planted
    with pytest.raises(ValueError, match=said):
        _search(**parameters).fit(X)
