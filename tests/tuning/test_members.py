"""Members are tuned by one vote, and stay as they are where nothing better is found."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib.externals.loky import get_reusable_executor

from autonomaly import AutonomousDetector, register_detector
from autonomaly.detectors import KNNDetector, unregister_detector
from autonomaly.exceptions import BudgetWarning
from autonomaly.profiling import DataProfiler
from autonomaly.resources import Deadline, ResourceManager, Task
from autonomaly.selection import AlgorithmSelector
from autonomaly.tuning import CRITERIA, Criterion, Trial, get_criterion, tune_selection
from autonomaly.tuning._members import _share

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
    assert all("time budget of 1e-06 s" in t.reason for t in tuned)
    # A part of a budget is not what somebody asked for.
    _, tuned = tune_selection(selection, X, time_budget=Deadline(1e-6, 60))
    assert all("time budget of 60 s" in t.reason for t in tuned)


class Costly(KNNDetector):
    """Nearest neighbours that take their time; in this process, trials are not sent."""

    delay = 0.0

    def fit(self, X, y=None):
        time.sleep(self.delay)
        return super().fit(X)


class Cheap(Costly):
    delay = 0.03


class Dear(Costly):
    delay = 0.25


class Hanging(Costly):
    delay = 60.0


@pytest.fixture
def costly():
    kinds = {"cheap": Cheap, "dear": Dear, "hanging": Hanging}
    for name, kind in kinds.items():
        register_detector(name, kind, search_space={"n_neighbors": (2, 90)})
    yield list(kinds)
    for name in kinds:
        unregister_detector(name)


@pytest.fixture
def preferring(monkeypatch):
    """Add a criterion that costs nothing: how near to a number of neighbours."""

    def near(n_neighbors):
        def score(estimator, X, y=None, random_state=None):
            return -abs(estimator.n_neighbors - n_neighbors) / 100

        monkeypatch.setitem(CRITERIA, "near", Criterion("near", score, "it is near"))
        return "near"

    return near


costs_of_first_trials = st.lists(st.floats(1e-3, 3.0), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None)
@given(costs_of_first_trials, st.floats(0.5, 60.0), st.integers(4, 80))
def test_trials_are_shared_by_what_the_first_ones_cost(costs, seconds, n_trials):
    first = {
        f"{i}": Trial(0, {}, "done", seconds=cost, model_bytes=10)
        for i, cost in enumerate(costs)
    }
    plan = _share(first, seconds, None, n_trials, 1)
    counts = [plan.trials.get(name, 0) for name in first]
    assert sum(np.multiply(counts, costs)) <= 0.7 * seconds + 1e-6
    assert sum(counts) <= max(n_trials - len(costs), len(costs))
    for i, name in enumerate(first):
        assert (counts[i] == 0) == (name in plan.left_out)
        for j in range(len(costs)):
            if costs[i] < costs[j]:  # one of j could give way to one of i
                assert counts[i] + 1 >= counts[j]


@pytest.mark.flaky(reruns=2)  # by the clock
@pytest.mark.parametrize("search", ["random", "evolutionary", "halving"])
def test_a_time_budget_is_shared_by_measured_time(search, planted, costly, preferring):
    X, _ = planted
    selection = _select(X, ["dear", "cheap"])
    started = time.monotonic()
    better, tuned = tune_selection(
        selection,
        X,
        scoring=preferring(90),
        search=search,
        n_trials=60,
        time_budget=4.0,
    )
    assert time.monotonic() - started < 5.0
    found = {t.name: t for t in tuned}
    planned = {name: t.planned for name, t in found.items()}
    # as the programme would have it for the seconds that the first trials took
    first = {name: t.trials[0].seconds for name, t in found.items()}
    assert first["dear"] >= 0.25
    assert first["cheap"] >= 0.03
    wanted = ResourceManager().allocate(
        [Task(name, seconds, max_trials=60) for name, seconds in first.items()],
        0.7 * (4.0 - sum(first.values())),
        max_trials=58,
    )
    assert planned == pytest.approx(wanted.trials, rel=0.5, abs=3)
    assert planned["cheap"] > planned["dear"] >= 1
    for name, member in found.items():
        assert 1 < len(member.trials) <= 1 + planned[name]
        assert member.trials[0].params == {"n_neighbors": 20}  # not tried twice
        own = [t for t in member.trials if t.params == {"n_neighbors": 20}]
        assert sum(t.share == 1 for t in own) == 1
        assert f"{planned[name]} more were planned" in member.reason
        assert member.changed or search == "halving"
    assert {m.name: m.parameters for m in better.members} == {
        name: member.parameters for name, member in found.items()
    }


@pytest.mark.flaky(reruns=2)  # by the clock
def test_what_hangs_leaves_the_time_to_others(planted, costly, preferring):
    X, _ = planted
    selection = _select(X, ["hanging", "cheap"])
    started = time.monotonic()
    _, tuned = tune_selection(selection, X, scoring=preferring(90), time_budget=2.0)
    assert time.monotonic() - started < 3.0
    found = {t.name: t for t in tuned}
    assert not found["hanging"].changed
    assert found["hanging"].planned is None
    assert "it did not finish within" in found["hanging"].reason
    assert len(found["cheap"].trials) > 5


@pytest.mark.flaky(reruns=2)  # by the clock
def test_members_too_slow_for_another_trial_stay_as_they_are(
    planted, costly, preferring
):
    X, _ = planted
    selection = _select(X, ["dear", "cheap"])
    _, tuned = tune_selection(
        selection, X, scoring=preferring(90), n_trials=60, time_budget=0.7
    )
    dear = next(t for t in tuned if t.name == "dear")
    assert not dear.changed
    assert dear.planned in (0, None)
    assert any(
        why in dear.reason
        for why in ("one trial takes", "did not finish within", "worth more", "used up")
    )


@pytest.mark.flaky(reruns=2)  # by the clock
def test_workers_are_used_where_they_come_up_in_time(planted, costly, preferring):
    X, _ = planted
    selection = _select(X, ["cheap"])

    def tune(**budget):
        started = time.monotonic()
        _, (tuned,) = tune_selection(selection, X, scoring=preferring(90), **budget)
        return tuned, time.monotonic() - started

    # In two seconds, processes that are cold would only take what time there is.
    get_reusable_executor(max_workers=2).shutdown(wait=True)
    short, seconds = tune(time_budget=2.0, n_jobs=2, n_trials=12)
    assert seconds < 3.0
    assert {t.status for t in short.trials} == {"done"}
    assert len(short.trials) > 5
    # Where there is time for them, they do the same as this process.
    alone, _ = tune(time_budget=40.0, n_trials=6)
    both, _ = tune(time_budget=40.0, n_jobs=2, n_trials=6)
    assert both.parameters == alone.parameters
    assert [t.params for t in both.trials] == [t.params for t in alone.trials]
    assert {t.status for t in both.trials} == {"done"}


def test_trials_are_shared_evenly_without_a_limit_of_time(planted, costly, preferring):
    """Only the memory is limited: the result does not depend on the machine."""
    X, _ = planted
    selection = _select(X, ["dear", "cheap"])

    def tune(memory_limit):
        _, tuned = tune_selection(
            selection, X, scoring=preferring(90), n_trials=8, memory_limit=memory_limit
        )
        return {t.name: t for t in tuned}

    found = tune("500MB")
    assert {name: t.planned for name, t in found.items()} == {"dear": 3, "cheap": 3}
    assert all(2 < len(t.trials) <= 4 for t in found.values())
    small = tune(1000)
    assert not any(t.changed for t in small.values())
    assert all("memory_limit is 1000" in t.reason for t in small.values())


def test_the_record_says_how_trials_were_shared(planted, costly):
    X, _ = planted
    detector = AutonomousDetector(
        algorithms=["dear", "cheap"], search="random", n_trials=30, time_budget=5.0
    ).fit(X)
    decisions = {d.subject: d for d in detector.record_ if d.stage == "tuning"}
    shared = decisions["trials"]
    assert set(shared.choice) == {"dear", "cheap"}
    assert "judged by the cost of its first one" in shared.reason
    assert set(shared.evidence["first_seconds"]) == {"dear", "cheap"}
    assert "the first took" in decisions["cheap"].reason


def test_halving_that_finds_nothing_better_changes_nothing(planted, preferring):
    X, _ = planted
    selection = _select(X, ["knn5_squashed"])
    _, (member,) = tune_selection(
        selection,
        X,
        search="halving",
        n_trials=12,
        scoring=preferring(5),
    )
    assert member.parameters == {"n_neighbors": 5}
    assert not member.changed
    assert member.value == member.value_before == 0.0


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


def test_seed_and_memory_of_the_detector_hold_for_its_trials(planted):
    def tuned(**settings):
        detector = AutonomousDetector(
            algorithms=["knn5_squashed"], search="random", n_trials=5, **settings
        )
        record = detector.fit(planted[0]).record_
        return record.filter("tuning", "knn5_squashed")[0]

    assert tuned(random_state=1).choice != tuned(random_state=2).choice
    with pytest.warns(BudgetWarning, match="memory_limit=1000 cannot be kept"):
        assert "memory_limit is 1000" in tuned(memory_limit=1000).reason


def test_strategies_of_the_detector_are_checked(planted):
    X, _ = planted
    with pytest.raises(ValueError, match="'bayesian'"):
        AutonomousDetector(search="annealing").fit(X)
