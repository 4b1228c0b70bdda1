"""Objectives: fronts are fronts, and the choice is explained."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tuning_detectors import FarFromZero, skill

from autonomaly import OutlierSearch
from autonomaly.tuning import (
    LABEL_FREE_OBJECTIVES,
    LABEL_OBJECTIVES,
    Objective,
    Trial,
    choose,
    pareto_front,
)
from autonomaly.tuning._inputs import checked_labels


def _trials(values, seconds, sizes):
    return [
        Trial(i, {}, "done", value=v, seconds=s, model_bytes=b)
        for i, (v, s, b) in enumerate(zip(values, seconds, sizes, strict=True))
    ]


rows = st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=15)


@settings(max_examples=60, deadline=None)
@given(rows)
def test_nothing_beats_the_front_and_the_choice_is_on_it(table):
    trials = _trials(*zip(*table, strict=True))
    objectives = LABEL_FREE_OBJECTIVES
    front = pareto_front(trials, objectives)

    def beats(a, b):
        signed = [(o.sign * o.of(a), o.sign * o.of(b)) for o in objectives]
        return all(x >= y for x, y in signed) and any(x > y for x, y in signed)

    assert front
    for trial in trials:
        assert (trial in front) != any(beats(other, trial) for other in trials)
    best, same_front, reason = choose(trials, objectives)
    assert best in front
    assert same_front == front
    assert f"Trial {best.number} " in reason


def test_weights_decide():
    trials = _trials([0.9, 0.8], [100.0, 1.0], [10, 10])
    objectives = [Objective("quality", 0.9), Objective("training_time", 0.1)]
    assert choose(trials, objectives)[0].number == 0
    objectives = [Objective("quality", 0.1), Objective("training_time", 0.9)]
    assert choose(trials, objectives)[0].number == 1
    objectives = [Objective("training_time", direction="maximize")]
    assert choose(trials, objectives)[0].number == 0


def test_a_minimum_is_kept_where_it_can_be():
    trials = _trials([0.9, 0.8], [100.0, 1.0], [10, 10])
    objectives = [Objective("training_time")]
    unknown = Trial(9, {}, "failed")
    best, _, _ = choose([*trials, unknown], objectives, minimum_threshold=0.85)
    assert best.value >= 0.85
    best, _, reason = choose(trials, objectives, minimum_threshold=0.85)
    assert best.number == 0
    assert "1 of 2 trials were below the minimum of 0.85" in reason
    best, _, reason = choose(trials, objectives, minimum_threshold=0.95)
    assert best.number == 1
    assert "No trial reached the minimum of 0.95" in reason


def test_unknown_figures_are_the_worst():
    trials = [
        Trial(0, {}, "done", value=0.9, seconds=1.0, model_bytes=None),
        Trial(1, {}, "done", value=0.9, seconds=1.0, model_bytes=10),
        Trial(2, {}, "done", value=0.9, seconds=1.0, model_bytes=99),
    ]
    assert [t.number for t in pareto_front(trials, LABEL_FREE_OBJECTIVES)] == [1]


def test_defaults_are_those_of_the_mission():
    weights = {o.name: o.weight for o in LABEL_OBJECTIVES}
    assert weights == {
        "f1": 0.6,
        "precision": 0.2,
        "recall": 0.1,
        "training_time": 0.05,
        "memory_usage": 0.05,
    }
    assert {o.name for o in LABEL_OBJECTIVES if o.sign < 0} == {
        "training_time",
        "memory_usage",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("speed",), "Unknown objective 'speed'"),
        (("f1", -1.0), "of at least 0"),
        (("f1", 1.0, "up"), "must be 'auto'"),
    ],
)
def test_bad_objectives_are_explained(arguments, said):
    with pytest.raises(ValueError, match=said):
        Objective(*arguments)


def test_search_with_labels_measures_them(planted):
    X, truth = planted
    y = np.where(truth, "bad", "good").astype(object)
    y[50:] = None
    search = OutlierSearch(
        FarFromZero(skill=0.0),
        search="random",
        search_space={"skill": (0.0, 1.0)},
        objectives=LABEL_OBJECTIVES,
        outlier_label="bad",
        n_trials=10,
    ).fit(X, y)
    best = search.best_trial_
    assert set(best.metrics) == {"f1", "precision", "recall"}
    assert best.metrics["recall"] == 1.0
    flagged = search.predict(X[:50]) == -1
    assert best.metrics["precision"] == pytest.approx(truth[:50][flagged].mean())
    assert "f1, precision, recall: measured with labels" in search.reason_
    assert "proxy" not in search.reason_
    assert best in search.pareto_front_


def test_search_by_a_metric_of_labels(planted):
    X, truth = planted
    y = np.where(truth, -1, 1)
    search = OutlierSearch(
        FarFromZero(skill=0.0),
        search="grid",
        search_space={"skill": (0.0, 1.0)},
        scoring="average_precision",
    ).fit(X, y)
    assert search.best_score_ == pytest.approx(1.0)
    assert "measured with labels" in search.reason_
    with pytest.raises(ValueError, match="need both outliers and inliers"):
        search.fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="Cannot tell which label"):
        search.fit(X, np.ones(len(X)))
    with pytest.raises(ValueError, match=r"shape \(\d+,\), but X has \d+ rows"):
        search.fit(X, y[:-1])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
@pytest.mark.parametrize("values", [(1, 0), (-1, 1), (True, False)])
def test_labels_are_read_as_everywhere(values, missing, planted):
    X, truth = planted
    y = pd.Series(np.where(truth, *values), dtype=object)
    y[50:] = missing
    given = (y, pd.array(y, dtype="boolean")) if values[0] is True else (y,)
    for labels in given:
        found = checked_labels(X, labels, {"f1": "f1"}, None)
        np.testing.assert_array_equal(found[:50], truth[:50])
        assert np.isnan(found[50:]).all()


def test_labels_are_ignored_unless_they_are_asked_for(planted):
    X, truth = planted
    search = OutlierSearch(
        FarFromZero(),
        search="random",
        search_space={"skill": (0.0, 1.0)},
        scoring="stability",
        n_trials=4,
    )
    with_labels = search.fit(X, truth).best_params_
    assert with_labels == search.fit(X).best_params_


def test_costs_alone_still_need_a_value(planted):
    X, _ = planted
    search = OutlierSearch(
        FarFromZero(),
        search="grid",
        search_space={"size": [100_000, 0, 200_000]},
        scoring=skill,
        objectives=(Objective("memory_usage"),),
    ).fit(X)
    assert search.best_params_ == {"size": 0}
    assert search.best_estimator_.ballast_.size == 0


def test_what_is_minimised_is_searched_downwards(planted):
    X, _ = planted
    search = OutlierSearch(
        FarFromZero(skill=0.5),
        search="evolutionary",
        search_space={"skill": (0.0, 1.0)},
        scoring=skill,
        objectives=(Objective("quality", direction="minimize"),),
        n_trials=30,
        early_stopping=None,
    ).fit(X)
    assert search.best_params_["skill"] < 0.1
    assert search.best_score_ == -search.best_params_["skill"]
    late = [t.params["skill"] for t in search.trials_[-8:]]
    assert np.mean(late) < 0.3


def test_opposite_objectives_are_weighed(planted):
    X, truth = planted
    search = OutlierSearch(
        FarFromZero(skill=0.5),
        search="random",
        search_space={"skill": (0.0, 1.0)},
        objectives=(Objective("f1", 0.75), Objective("recall", 0.25, "minimize")),
        n_trials=6,
    ).fit(X, np.where(truth, -1, 1))
    for trial in search.trials_:
        wanted = 0.75 * trial.metrics["f1"] - 0.25 * trial.metrics["recall"]
        assert trial.value == pytest.approx(wanted)


def test_a_scorer_of_the_user_is_one_figure_among_others(planted):
    X, truth = planted
    objectives = (Objective("quality", 0.5), Objective("f1", 0.5))
    search = OutlierSearch(
        FarFromZero(skill=0.5),
        search="random",
        search_space={"skill": (0.0, 1.0)},
        scoring=skill,
        objectives=objectives,
        n_trials=6,
    ).fit(X, np.where(truth, -1, 1))
    for trial in search.trials_:
        assert objectives[0].of(trial) == trial.params["skill"]
    assert f"quality {search.best_params_['skill']:.4g} " in search.reason_
