"""The parameters of AutonomousDetector do what they say."""

import logging
import pickle
import re
import time
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

from autonomaly import AutonomousDetector, OutlierSearch
from autonomaly.detectors import KNNDetector
from autonomaly.ensemble import _voting as voting_module
from autonomaly.exceptions import BudgetWarning
from autonomaly.selection import POOL

pytestmark = pytest.mark.filterwarnings("error")


def data(n=200, d=4, n_far=6, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.randn(n, d)
    X[:n_far] += 9 * rng.choice([-1, 1], (n_far, d))
    return X


X = data()
SMALL = {"max_models": 2}


def test_algorithms_and_exclude():
    detector = AutonomousDetector(algorithms=["knn", "tails"], exclude=["knn5_minmax"])
    detector.fit(X)
    assert {r.detector for r in detector.recommendations_} == {"knn", "tails"}
    assert detector.rejected_ == {"knn5_minmax": "excluded by the user"}
    with pytest.raises(ValueError, match="Unknown detector 'knnn'; did you mean 'knn'"):
        AutonomousDetector(algorithms=["knnn"]).fit(X)
    with pytest.raises(ValueError, match="Unknown detector 'iforest'"):
        AutonomousDetector(exclude=["iforest"]).fit(X)
    with pytest.raises(ValueError, match="leave no detector.*excluded by the user"):
        AutonomousDetector(algorithms=["tails"], exclude=["tails"]).fit(X)


@pytest.mark.parametrize("n", [1, 3])
def test_max_models(n):
    detector = AutonomousDetector(max_models=n).fit(X)
    assert len(detector.recommendations_) == n
    names = {name.split("@")[0] for name in detector.ensemble_.named_estimators_}
    assert len(names) == n
    assert len(detector.rejected_) == len(POOL) - n
    assert all(f"max_models={n}" in why for why in detector.rejected_.values())


def test_time_budget_is_kept():
    table = data(6000, d=60)
    # Seconds of the processor: others may keep it from this process for any time.
    # Without a budget this fit takes three of them or more.
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BudgetWarning)  # a busy machine may need more
        detector = AutonomousDetector(time_budget=1.5).fit(table)
    assert time.process_time() - started < 2
    assert np.isfinite(detector.score_samples(table[:10])).all()
    assert detector.ensemble_.reference_size_ < 5000
    decision = detector.record_.filter("resources", "reference")[0]
    assert "time_budget" in decision.reason
    assert decision.evidence["time_budget"] == 1.5


def test_the_record_tells_the_rows_that_members_learnt_from():
    X = np.random.RandomState(0).randn(2500, 2)
    detector = AutonomousDetector(max_models=1).fit(X)
    decision = detector.record_.filter("resources", "reference")[0]
    assert detector.ensemble_.reference_size_ == 1500
    assert decision.choice == "1500 of 2500 rows"
    assert "1000 are held out to calibrate p-values" in decision.reason


@pytest.mark.parametrize("method", ["fit", "fit_predict"])
def test_time_budget_covers_reading_profile_and_scoring(method):
    table = data(60_000, d=20)
    AutonomousDetector(max_models=1).fit(X)  # imports take none of the budget
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BudgetWarning)
        detector = AutonomousDetector(time_budget=1.5)
        labels = getattr(detector, method)(table)
    # Seconds of the processor, which others may keep busy; unlimited it takes 4 to 20.
    assert time.process_time() - started < 3
    # The model is of use: it finds what was planted.
    scores = detector.score_samples(table[:2000])
    assert set(np.argsort(scores)[:6]) == set(range(6))
    if method == "fit_predict":
        np.testing.assert_array_equal(labels, detector.predict(table))


def test_enough_time_changes_nothing():
    table = data(6000, d=4)
    plenty = AutonomousDetector(time_budget=600, **SMALL)
    unlimited = AutonomousDetector(**SMALL)
    np.testing.assert_array_equal(
        plenty.fit_predict(table), unlimited.fit_predict(table)
    )
    np.testing.assert_array_equal(
        plenty.score_samples(table), unlimited.score_samples(table)
    )
    np.testing.assert_array_equal(
        plenty.outlier_pvalues(table), unlimited.outlier_pvalues(table)
    )


def test_too_little_time_gives_the_best_so_far_and_says_so():
    table = data(6000, d=30)
    with pytest.warns(
        BudgetWarning, match="time_budget=0.01 s was too short"
    ) as caught:
        detector = AutonomousDetector(time_budget=0.01).fit(table)
    assert len(caught) == 1
    assert "reached 1 of 3 trimming depths" in str(caught[0].message)
    assert "trained on 200 instead of 4000 rows" in str(caught[0].message)
    assert np.isfinite(detector.score_samples(table[:10])).all()
    assert len(detector.rejected_) == len(POOL) - 1
    assert detector.record_.filter("resources", "time_budget")[0].choice == "spent"
    assert (detector.outlier_pvalues(table[:6]) < 0.01).all()
    # One reason for all, which names the budget that was given and not a part of it.
    (why,) = set(detector.rejected_.values())
    assert why == "the time budget of 0.01 s was spent before it began"
    trimming = detector.record_.filter("ensemble", "trimming")[0]
    assert trimming.choice == ["all rows"]
    assert "no time for more depths" in trimming.reason
    # The profile is one of a sample of rows, the table is not.
    assert detector.profile_.n_samples == 1000
    assert detector.n_samples_seen_ == 6000
    assert "6000 rows" in repr(detector.result_)
    about_data = detector.record_.filter("profile", "data")[0]
    assert about_data.choice == "6000 rows, 30 columns"
    assert "1000 rows profiled" in about_data.reason


@pytest.mark.parametrize("n_members", [1, 2])
def test_a_single_member_has_nobody_to_agree_with(n_members):
    detector = AutonomousDetector(max_models=n_members).fit(X)
    agreement = detector.result_.performance["member_agreement"]
    alone = n_members == 1
    assert (agreement is None) == (detector.ensemble_.agreement_ is None) == alone
    assert ("agree" not in str(detector.record_.filter("selection"))) == alone
    vote = detector.record_.filter("ensemble", "vote")[0]
    assert ("agreement" not in vote.evidence) == alone


def test_the_record_says_how_the_reference_was_trimmed():
    def why(table):
        decisions = AutonomousDetector(**SMALL).fit(table).record_
        return decisions.filter("ensemble", "trimming")[0].reason

    assert "several depths are averaged" in why(X)
    assert "too few to leave any out" in why(X[:12])


def test_memory_limit_is_kept():
    table = data(6000, d=5)
    plenty = AutonomousDetector(memory_limit="8GB", **SMALL).fit(table)
    little = AutonomousDetector(memory_limit=20 * 2**20, **SMALL).fit(table)
    assert plenty.ensemble_.reference_size_ >= 4000
    assert 200 <= little.ensemble_.reference_size_ < 5000
    assert "memory_limit" in next(iter(little.record_.filter("resources"))).reason
    with pytest.raises(ValueError, match="memory_limit must be .*got 'lots'"):
        AutonomousDetector(memory_limit="lots").fit(X)


def test_a_memory_limit_that_cannot_be_kept():
    wide = data(300, d=200)
    with pytest.warns(BudgetWarning, match="'10MB' cannot be kept.* 200 rows of 200"):
        AutonomousDetector(memory_limit="10MB", max_models=5).fit(wide)


@pytest.fixture(scope="module")
def categories():
    """Return a table whose numbers take 38 MB."""
    rng = np.random.RandomState(0)
    names = [f"n{i}" for i in range(40)]
    return pd.DataFrame({f"c{j}": rng.choice(names, 20_000) for j in range(6)})


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_fit_encodes_what_memory_allows(kind, categories):
    table = categories.assign(x=0.0)
    table.loc[:9, "x"] = np.arange(5.0, 15.0)
    rows = table if kind == "pandas" else pl.from_pandas(table)
    detector = AutonomousDetector(max_models=1, memory_limit="30MB", random_state=0)
    tracemalloc.start()
    labels = detector.fit_predict(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30e6
    assert len(labels) == detector.n_samples_seen_ == detector.profile_.n_samples
    (sample,) = detector.record_.filter("resources", "rows")
    assert "of 20000 rows" in sample.choice
    assert detector.contamination_ == np.mean(labels == -1)
    again = AutonomousDetector(max_models=1, memory_limit="30MB", random_state=0)
    np.testing.assert_array_equal(again.fit(rows).predict(rows), labels)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_fit_encodes_what_there_is_time_for(kind):
    rng = np.random.RandomState(0)
    words = np.array([f"word{i}" for i in range(1000)])
    texts = [" ".join(words[row]) for row in rng.randint(0, 1000, (12_000, 8))]
    table = pd.DataFrame({"x": rng.randn(12_000), "text": texts})
    table.loc[:4, "x"] = 60.0
    rows = table if kind == "pandas" else pl.from_pandas(table)
    detector = AutonomousDetector(algorithms=["knn", "tails"], time_budget=0.05)
    with pytest.warns(BudgetWarning):
        labels = detector.fit_predict(rows)
    assert (labels[:5] == -1).all()
    assert len(labels) == detector.n_samples_seen_ == 12_000
    (sample,) = detector.record_.filter("resources", "rows")
    assert sample.choice == "detectors are trained on 4000 of 12000 rows"
    assert "s of time_budget to encode all of them" in sample.reason
    assert sample.evidence["time_budget"] == 0.05
    np.testing.assert_array_equal(detector.predict(rows), labels)

    y = np.where(np.arange(12_000) < 2, 1.0, np.nan)
    detector.set_params(labels="use", outlier_label=1)
    with pytest.warns(BudgetWarning):
        detector.fit(rows, y)
    assert not detector.record_.filter("resources", "rows")
    detector = AutonomousDetector(algorithms=["knn"], time_budget=600).fit(rows)
    assert not detector.record_.filter("resources", "rows")


def test_labels_keep_every_row(categories):
    table, y = categories[:4000], np.full(4000, np.nan)
    y[:4] = [1, 0, 0, 1]
    detector = AutonomousDetector(max_models=1, memory_limit="10MB", labels="use")
    detector.fit(table, y)
    assert detector.known_labels_ == {0: True, 1: False, 2: False, 3: True}
    assert not detector.record_.filter("resources", "rows")


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_a_table_of_categories_is_never_encoded_as_a_whole(kind, categories):
    table = categories
    detector = AutonomousDetector(max_models=1, memory_limit="60MB", random_state=0)
    detector.fit(table[:1000])
    rows = table if kind == "pandas" else pl.from_pandas(table)
    tracemalloc.start()
    scores = detector.score_samples(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30e6  # its numbers alone take 38 MB
    few = detector.score_samples(table[15_000:15_100])
    np.testing.assert_allclose(scores[15_000:15_100], few, rtol=1e-12)


def test_seed():
    def scores(seed):
        detector = AutonomousDetector(algorithms=["projection"], random_state=seed)
        return detector.fit(X).score_samples(X)

    np.testing.assert_array_equal(scores(1), scores(1))
    assert (scores(1) != scores(2)).any()


def test_verbose_speaks_on_stderr(capfd):
    AutonomousDetector(verbose=1, **SMALL).fit(X)
    out, err = capfd.readouterr()
    assert out == ""
    assert "fitting detectors" in err or "profiling" in err


def test_stages_go_to_the_log(caplog):
    with caplog.at_level(logging.INFO, logger="autonomaly"):
        AutonomousDetector(**SMALL).fit(X)
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.INFO] == [
        "reading the table",
        "profiling",
        "choosing detectors",
        "fitting detectors",
        "calibrating",
    ]


def test_a_terminal_shows_the_time_left(terminal, capsys):
    with terminal() as shown:
        AutonomousDetector(verbose=1, **SMALL).fit(X)
    assert capsys.readouterr().out == ""
    text = "".join(shown)
    assert "\u2501" in text
    assert re.search(r"\d:\d\d:\d\d|-:--:--", text)


@pytest.mark.parametrize("settings", [{}, {"n_jobs": 2}, {"time_budget": 600}], ids=str)
def test_scoring_has_steps_of_its_own(caplog, settings):
    table = data(6000, d=5)
    detector = AutonomousDetector(memory_limit="30MB", **SMALL, **settings)
    with caplog.at_level(logging.DEBUG, logger="autonomaly"):
        labels = detector.fit_predict(table)
    told = [record.getMessage() for record in caplog.records]
    steps = told[told.index("scoring rows") + 1 :]
    pattern = re.compile(r"scoring rows \((\d+) of (\d+)\)")
    counted = [tuple(map(int, pattern.fullmatch(step).groups())) for step in steps]
    numbers, totals = zip(*counted, strict=True)
    assert len(counted) > 2
    assert list(numbers) == sorted(set(numbers))
    assert numbers[0] == 1
    assert {*totals} == {totals[0]}
    assert numbers[-1] <= totals[0]
    # Who follows the fit leaves no trace in it.
    assert pickle.loads(pickle.dumps(detector)).predict(table[:9]).tolist() == (
        labels[:9].tolist()
    )


@pytest.mark.parametrize(
    "bad",
    [
        {"contamination": 0.7},
        {"contamination": "few"},
        {"max_false_discovery_rate": 0},
        {"algorithms": "knn"},
        {"exclude": 3},
        {"max_models": 0},
        {"time_budget": -1},
        {"memory_limit": -5},
        {"memory_limit": [1]},
        {"n_jobs": 1.5},
        {"random_state": "seed"},
        {"verbose": "loud"},
    ],
    ids=str,
)
def test_bad_parameters(bad):
    for method in ("fit", "fit_predict"):
        with pytest.raises(ValueError, match=next(iter(bad))):
            getattr(AutonomousDetector(**bad), method)(X)


@pytest.mark.parametrize("method", ["fit", "fit_predict"])
@pytest.mark.parametrize(
    ("changes", "table", "error"),
    [
        ({"algorithms": ["nope"]}, X[:100, :2], ValueError),
        ({}, X[:1], ValueError),
        ({}, pd.DataFrame(X, columns=list("abcd")).iloc[:0], ValueError),
        ({"memory_limit": "much"}, X, ValueError),
        ({"max_models": 0}, X, ValueError),
        ({"labels": "use", "max_false_discovery_rate": 0.1}, X, ValueError),
        ({"time_budget": 1e-6}, X[:50, :3], BudgetWarning),
    ],
)
def test_a_fit_that_is_refused_changes_nothing(changes, table, error, method):
    detector = AutonomousDetector(**SMALL).fit(X)
    scores, fitted = detector.score_samples(X), dict(vars(detector))
    record = detector.record_.to_dict()
    detector.set_params(**changes)
    with pytest.raises(error):
        getattr(detector, method)(table)
    left = {**vars(detector), **{name: fitted[name] for name in changes}}
    assert left.keys() == fitted.keys()
    assert all(left[name] is fitted[name] for name in fitted)
    detector.set_params(memory_limit=None)
    np.testing.assert_array_equal(detector.score_samples(X), scores)
    assert detector.record_.to_dict() == record
    assert detector.result_.success
    new = AutonomousDetector(**{**SMALL, **changes})
    with pytest.raises(error):
        getattr(new, method)(table)
    assert not [name for name in vars(new) if name.endswith("_")]


@pytest.mark.parametrize("y", [None, np.where(np.arange(len(X)) < 3, 1, 0)])
def test_n_jobs_after_fit_counts(y, monkeypatch):
    labels = "ignore" if y is None else "use"
    detector = AutonomousDetector(labels=labels, n_jobs=1, **SMALL).fit(X, y)
    scores = detector.score_samples(X)
    real, asked = voting_module.parallel_threads, []

    def parallel_threads(n_jobs, **more):
        asked.append(n_jobs)
        return real(n_jobs, **more)

    monkeypatch.setattr(voting_module, "parallel_threads", parallel_threads)
    ensemble = detector.ensemble_
    detector.set_params(n_jobs=2)
    np.testing.assert_array_equal(detector.score_samples(X), scores)
    detector.outlier_pvalues(X)
    assert asked == [2, 2]
    assert detector.ensemble_ is ensemble
    assert ensemble.n_jobs == 1


@pytest.mark.parametrize(
    "estimator", [AutonomousDetector(), OutlierSearch(KNNDetector())]
)
def test_no_jobs_at_all_are_refused(estimator):
    with pytest.raises(ValueError, match="'n_jobs' .* in the range .*Got 0"):
        estimator.set_params(n_jobs=0).fit(X)
