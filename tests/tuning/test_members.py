"""Members are tuned by one vote, and stay as they are where nothing better is found."""

import numpy as np
import pytest

from autonomaly import AutonomousDetector, register_detector
from autonomaly.detectors import KNNDetector, unregister_detector
from autonomaly.profiling import DataProfiler
from autonomaly.selection import AlgorithmSelector
from autonomaly.tuning import get_criterion, tune_selection

NAMES = ["knn5_squashed", "lof30_robust", "tails_robust"]


def _select(X, names=NAMES):
    return AlgorithmSelector(algorithms=names).select(DataProfiler().profile(X))


def test_members_get_what_the_criterion_likes_best(planted):
    X, _ = planted
    selection = _select(X)
    better, tuned = tune_selection(selection, X, n_trials=12, scoring="consensus")
    assert {t.name for t in tuned} == {"knn5_squashed", "lof30_robust"}
    before = {m.name: m for m in selection.members}
    after = {m.name: m for m in better.members}
    assert list(before) == list(after)
    assert after["tails_robust"] == before["tails_robust"]
    for member in tuned:
        values = [trial.value for trial in member.trials]
        assert member.value == max(values)
        assert member.value_before == values[0]
        assert after[member.name].parameters == member.parameters
        assert (
            member.trials[0].params["n_neighbors"]
            == (before[member.name].parameters["n_neighbors"])
        )
        assert "proxy" in member.reason
    assert any(t.changed for t in tuned)
    shown = {r.algorithm: r.hyperparameters for r in better.recommendations}
    assert shown["knn5_squashed"] == after["knn5_squashed"].parameters
    # nothing was written into what came in
    assert {m.name: m for m in selection.members} == before


def test_the_criterion_is_that_of_the_member_in_the_ensemble(planted):
    X, _ = planted
    selection = _select(X, ["lof30_robust"])
    _, (member,) = tune_selection(selection, X, n_trials=2, scoring="consensus")
    from autonomaly._utils._seeds import spawn_seeds
    from autonomaly.selection import build_member

    pipeline = build_member(selection.members[0])[1].fit(X)
    criterion = get_criterion("consensus").on(X, random_state=spawn_seeds(0, 3)[1])
    assert member.value_before == pytest.approx(criterion(pipeline, X))


def test_no_time_leaves_members_as_they_are(planted):
    X, _ = planted
    selection = _select(X)
    same, tuned = tune_selection(selection, X, time_budget=1e-6)
    assert same == selection
    assert not any(t.changed or t.trials for t in tuned)
    assert all("time budget" in t.reason for t in tuned)


def test_a_factory_that_fails_is_no_end(planted):
    X, _ = planted

    def broken(**parameters):
        raise RuntimeError("no such machine")

    register_detector("broken", broken, search_space={"a": [1, 2]})
    try:
        selection = _select(X, ["broken", "knn5_squashed"])
        _, tuned = tune_selection(selection, X, n_trials=4)
    finally:
        unregister_detector("broken")
    reasons = {t.name: t.reason for t in tuned}
    assert reasons["broken"] == "RuntimeError: no such machine"
    assert "best of" in reasons["knn5_squashed"]


def test_large_tables_are_tuned_on_a_sample():
    rows = []

    class Counting(KNNDetector):
        def fit(self, X, y=None):
            rows.append(len(X))
            return super().fit(X)

    X = np.random.RandomState(0).normal(size=(2300, 2))
    register_detector("counting", Counting, search_space={"n_neighbors": (2, 9)})
    try:
        selection = _select(X, ["counting"])
        tune_selection(selection, X, n_trials=2, scoring="stability")
    finally:
        unregister_detector("counting")
    assert max(rows) == 2000


def test_the_detector_tunes_when_it_is_asked(planted):
    X, truth = planted
    names = ["knn5_squashed", "mahalanobis_robust"]
    untuned = AutonomousDetector(algorithms=names).fit(X)
    assert "tuning" not in untuned.record_.stages
    tuned = AutonomousDetector(algorithms=names, search="random", n_trials=8).fit(X)
    decisions = {d.subject: d for d in tuned.record_ if d.stage == "tuning"}
    assert set(decisions) == {"search", *names}
    assert 5 <= decisions["search"].evidence["trials"] <= 8  # repeats are not run
    chosen = {r.algorithm: r.hyperparameters for r in tuned.recommendations_}
    for name in names:
        if decisions[name].choice != "unchanged":
            assert decisions[name].choice == chosen[name]
        fitted = tuned.ensemble_.named_estimators_[name][-1].get_params()
        assert chosen[name].items() <= fitted.items()
    assert chosen != {r.algorithm: r.hyperparameters for r in untuned.recommendations_}
    assert set(np.argsort(tuned.score_samples(X))[:20]) == set(np.flatnonzero(truth))
    again = AutonomousDetector(algorithms=names, search="random", n_trials=8).fit(X)
    assert np.array_equal(again.score_samples(X), tuned.score_samples(X))


def test_strategies_of_the_detector_are_checked(planted):
    X, _ = planted
    with pytest.raises(ValueError, match="'bayesian'"):
        AutonomousDetector(search="annealing").fit(X)
