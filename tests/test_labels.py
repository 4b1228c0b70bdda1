"""AutonomousDetector with a few labels: fit, ask, feedback."""

import copy
import pickle
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autonomaly import AutonomousDetector, DataError
from autonomaly._utils._labels import LabelCode, read_labels
from autonomaly.ensemble import _label_kernel as kernel_module
from autonomaly.ensemble._labels import LabelledVote
from autonomaly.exceptions import BudgetWarning

QUICK = ["knn20_squashed", "tails_robust", "mahalanobis_robust"]


def detector(**parameters):
    return AutonomousDetector(
        **{"labels": "use", "algorithms": QUICK, "outlier_label": 1, **parameters}
    )


def table(n=400, seed=0):
    """Rows that look odd and are none, and anomalies that hardly look odd."""
    rng = np.random.RandomState(seed)
    X = rng.randn(n, 4)
    X[:25, 0] += 6  # odd, but normal
    y = np.zeros(n, dtype=int)
    y[25:50] = 1
    X[25:50, 1] += 2.5
    order = rng.permutation(n)
    return X[order], y[order]


X, TRUTH = table()


@pytest.fixture(scope="module")
def free():
    return detector(labels="ignore").fit(X)


@pytest.fixture(scope="module")
def unlabelled():
    return detector().fit(X)


@pytest.fixture
def fitted(unlabelled):
    return copy.deepcopy(unlabelled)


def some_labels(n=20, seed=1, truth=TRUTH):
    rows = np.random.RandomState(seed).choice(len(truth), n, replace=False)
    return {int(row): int(truth[row]) for row in rows}


def as_y(labels):
    y = np.full(len(X), np.nan)
    y[list(labels)] = list(labels.values())
    return y


def auroc(model, rows=X, truth=TRUTH):
    return roc_auc_score(truth, -model.score_samples(rows))


# Without labels ---------------------------------------------------------------------


@pytest.mark.parametrize("y", [TRUTH, ["what", None] * 200, "nonsense"])
def test_ignored_labels_change_no_bit(free, y):
    model = detector(labels="ignore").fit(X, y)
    assert np.array_equal(model.score_samples(X), free.score_samples(X))
    assert model.offset_ == free.offset_
    assert model.known_labels_ == {}
    assert np.array_equal(detector(labels="ignore").fit_predict(X, y), free.predict(X))


@pytest.mark.parametrize("y", [None, [None] * len(X), np.full(len(X), np.nan)])
def test_no_label_leaves_the_vote_as_it_is(free, y):
    model = detector().fit(X, y)
    assert np.array_equal(model.score_samples(X), free.score_samples(X))
    assert model.offset_ == free.offset_
    assert model.known_labels_ == {}


def test_without_labels_there_is_nothing_to_ask(free):
    assert not hasattr(free, "ask")
    with pytest.raises(AttributeError) as error:
        free.feedback({0: 1})
    assert "labels='use'" in str(error.value.__cause__)


# What labels may be -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "outlier_label", "expected"),
    [
        ([0, 1, None, 0], None, {0: False, 1: True, 3: False}),
        ([1, -1, np.nan, 1], None, {0: False, 1: True, 3: False}),
        ([True, False, None, None], None, {0: True, 1: False}),
        ([True, -1, 1, False], None, {0: True, 1: True, 2: False, 3: False}),
        ([-1, True, 1, np.bool_(False)], None, {0: True, 1: True, 2: False, 3: False}),
        ([1, 0, True, False], None, {0: True, 1: False, 2: True, 3: False}),
        ([True, False, 1, None], True, {0: True, 1: False, 2: True}),
        ([True, False, 1, None], 0, {0: False, 1: True, 2: False}),
        ([np.nan, -1.0, np.nan, np.nan], None, {1: True}),
        ([0, None, None, None], None, {0: False}),
        (["ok", "bad", None, "ok"], "bad", {0: False, 1: True, 3: False}),
        ([2, 7, None, 2], 7, {0: False, 1: True, 3: False}),
        ([0, 1, None, 1], 0, {0: True, 1: False, 3: False}),
        (["ok", None, None, None], "bad", {0: False}),
        (
            pd.Series([0, 1, None, 0], dtype="Int64"),
            None,
            {0: False, 1: True, 3: False},
        ),
        (pd.Series(["a", "b", None, "a"], dtype="category"), "b", {0: 0, 1: 1, 3: 0}),
        (np.ma.array([0, 1, 1, 0], mask=[0, 0, 1, 0]), None, {0: 0, 1: 1, 3: 0}),
        (np.array([[0.0], [1.0], [np.nan], [0.0]]), None, {0: 0, 1: 1, 3: 0}),
    ],
)
def test_labels_in_many_codes(y, outlier_label, expected):
    assert read_labels(y, 4, LabelCode(outlier_label)) == expected


@pytest.mark.parametrize(
    ("y", "outlier_label", "words"),
    [
        ([0, 1], None, ["(2,)", "4 rows"]),
        (np.zeros((4, 2)), None, ["(4, 2)"]),
        ([0, 1, 2, 1], None, ["more than two values", "0, 1, 2"]),
        ([0, 1, 2, 1], 2, ["more than two values"]),
        ([0, 1, 0, 1], 2, ["outlier_label=2", "0, 1"]),
        (["ok", "bad", None, None], "Bad", ["outlier_label='Bad'", "'ok', 'bad'"]),
        (["fraud", None, None, None], 1, ["outlier_label=1", "'fraud'"]),
        (["ok", "bad", None, None], None, ["outlier_label", "'ok', 'bad'"]),
        ([1, None, None, None], None, ["Cannot tell", "outlier_label"]),
        ([1, 2, None, None], None, ["Cannot tell", "1, 2"]),
        ([True, False, 1, None], None, ["Cannot tell", "got 1."]),
        (pd.Series([[1], [2], None, None]), None, ["unhashable", "booleans"]),
    ],
)
def test_labels_that_do_not_fit_are_clear_errors(y, outlier_label, words):
    with pytest.raises(DataError) as error:
        read_labels(y, 4, LabelCode(outlier_label))
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize("first", [{3: -1, 4: 1}, {3: 1, 4: 0}, {3: True, 4: False}])
def test_labels_of_a_detector_are_feedback_for_any(first):
    one = detector(outlier_label=None, algorithms=QUICK[:1]).fit(X)
    one.feedback(first)
    assert one.known_labels_ == {3: True, 4: False}
    one.feedback({7: True}).feedback({8: False, 9: np.True_})
    one.feedback(one.known_labels_)
    assert one.known_labels_ == {3: True, 4: False, 7: True, 8: False, 9: True}
    one.feedback(dict(reversed(first.items())))  # the code of numbers is still known
    assert one.known_labels_[3]
    assert not one.known_labels_[4]


def test_fit_refuses_labels_that_do_not_fit():
    with pytest.raises(DataError, match="one label per row"):
        detector().fit(X, TRUTH[:-1])
    with pytest.raises(DataError, match="in chunks"):
        detector().fit(iter([pd.DataFrame(X[:200]), pd.DataFrame(X[200:])]))
    with pytest.raises(ValueError, match="max_false_discovery_rate"):
        detector(max_false_discovery_rate=0.1).fit(X, TRUTH)


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["bad", "ok", None]), min_size=1, max_size=30))
def test_every_known_label_is_read(labels):
    found = read_labels(labels, len(labels), LabelCode("bad"))
    assert found == {i: v == "bad" for i, v in enumerate(labels) if v is not None}


# Learning ---------------------------------------------------------------------------


def test_asked_labels_improve_ranking_and_threshold(fitted, free):
    before = auroc(fitted)
    for _ in range(4):
        fitted.feedback({int(row): int(TRUTH[row]) for row in fitted.ask(5)})
    assert len(fitted.known_labels_) == 20
    assert auroc(fitted) > before + 0.1
    rest = np.setdiff1d(np.arange(len(X)), list(fitted.known_labels_))
    assert auroc(fitted, X[rest], TRUTH[rest]) > auroc(free, X[rest], TRUTH[rest]) + 0.1
    new, truth = table(seed=5)
    assert auroc(fitted, new, truth) > auroc(free, new, truth) + 0.1
    flagged = fitted.predict(X) == -1
    assert f1_score(TRUTH, flagged) > f1_score(TRUTH, free.predict(X) == -1) + 0.2
    assert fitted.contamination_ == flagged.mean()


def test_many_labels_bring_the_trees_in(fitted, free):
    fitted.feedback(some_labels(200))
    stage = {d.subject: d.choice for d in fitted.record_.filter("labels")}
    assert stage["trees"] == "joined"
    new, truth = table(seed=5)
    precision = average_precision_score(truth, -fitted.score_samples(new))
    assert precision > average_precision_score(truth, -free.score_samples(new)) + 0.2
    assert "200 labels were used" in fitted.result_.performance["kind"]
    assert 0 < fitted.result_.performance["average_precision"] <= 1


@pytest.mark.parametrize("n", [1, 2, 5])
def test_one_to_five_random_labels_do_no_harm(fitted, free, n):
    changes = []
    for seed in range(6):
        fitted.feedback(dict.fromkeys(fitted.known_labels_)).feedback(
            some_labels(n, seed)
        )
        changes.append(auroc(fitted) - auroc(free))
    assert np.mean(changes) > -0.02
    assert min(changes) > -0.12


def test_wrong_labels_do_not_destroy(fitted, free):
    rng = np.random.RandomState(0)
    for kind, n in ((1, 8), (0, 24)):
        rows = rng.choice(np.flatnonzero(kind == TRUTH), n, replace=False)
        labels = dict.fromkeys(rows.tolist(), kind)
        labels |= dict.fromkeys(rows[: n // 8].tolist(), 1 - kind)
        fitted.feedback(labels)
    assert len(fitted.known_labels_) == 32
    assert auroc(fitted) > auroc(free)


@pytest.mark.parametrize("value", [0, 1])
def test_labels_of_one_kind(fitted, value):
    rows = np.flatnonzero(value == TRUTH)[:6]
    fitted.feedback(dict.fromkeys(rows.tolist(), value))
    assert np.isfinite(fitted.score_samples(X)).all()
    scores = -fitted.score_samples(X)
    other = scores[np.flatnonzero(TRUTH != value)].mean()
    assert (scores[rows].mean() > other) == bool(value)
    assert value * 6 <= (fitted.predict(X) == -1).sum() <= 12


def test_given_contamination_is_kept(fitted):
    model = detector(contamination=0.1).fit(X, as_y(some_labels()))
    assert np.mean(model.predict(X) == -1) == 0.1


def test_the_score_of_a_row_is_its_own(fitted):
    fitted.feedback(some_labels(60))
    scores = fitted.score_samples(X)
    assert np.allclose(fitted.score_samples(X[:7]), scores[:7], atol=1e-6)
    assert np.allclose(fitted.score_samples(X[::-1])[::-1], scores, atol=1e-6)


def test_fit_predict_is_fit_then_predict():
    y = as_y(some_labels(30))
    assert np.array_equal(detector().fit_predict(X, y), detector().fit(X, y).predict(X))


def test_feedback_equals_fit_with_the_same_labels(fitted):
    labels = some_labels(40)
    half = dict(list(labels.items())[:17])
    fitted.feedback(half).feedback(labels)
    model = detector(n_jobs=2).fit(X, as_y(labels))
    assert np.array_equal(fitted.score_samples(X), model.score_samples(X))
    assert fitted.offset_ == model.offset_
    assert fitted.known_labels_ == model.known_labels_


def test_labels_can_be_corrected_and_taken_back(fitted, unlabelled):
    fitted.feedback({3: 1, 4: 0}).feedback({3: 0})
    assert fitted.known_labels_ == {3: False, 4: False}
    fitted.feedback({3: None, 4: np.nan})
    assert fitted.known_labels_ == {}
    assert np.array_equal(fitted.score_samples(X), unlabelled.score_samples(X))
    assert fitted.offset_ == unlabelled.offset_


@pytest.mark.parametrize("method", ["predict", "decision_function", "score_samples"])
@pytest.mark.parametrize("known", [{}, some_labels(30)], ids=["first", "more"])
def test_rows_are_scored_before_or_after_what_another_thread_learns(
    fitted, monkeypatch, known, method
):
    fitted.feedback(known)
    before, during = getattr(fitted, method)(X), []
    learn_threshold = LabelledVote._fit_threshold

    def score_meanwhile(vote, *args):
        with ThreadPoolExecutor(1) as thread:
            during.append(thread.submit(getattr(fitted, method), X).result())
        learn_threshold(vote, *args)

    monkeypatch.setattr(LabelledVote, "_fit_threshold", score_meanwhile)
    fitted.feedback(some_labels(60, seed=2))
    assert np.array_equal(during, [before])
    assert not np.array_equal(getattr(fitted, method)(X), before)


def test_what_is_learnt_meanwhile_counts_for_the_next_rows(fitted, monkeypatch):
    before = fitted.feedback(some_labels(30)).decision_function(X)
    score = LabelledVote.score

    def learn_meanwhile(vote, rows):
        monkeypatch.undo()
        with ThreadPoolExecutor(1) as thread:
            thread.submit(fitted.feedback, some_labels(60, seed=2)).result()
        return score(vote, rows)

    monkeypatch.setattr(LabelledVote, "score", learn_meanwhile)
    assert np.array_equal(fitted.decision_function(X), before)
    assert not np.array_equal(fitted.decision_function(X), before)


def test_the_record_tells_that_labels_were_taken_back(fitted, unlabelled):
    labels = some_labels(40)
    fitted.feedback(labels).feedback(dict.fromkeys(labels))
    last = {d.subject: d for d in fitted.record_.filter("labels")}
    assert last["labels"].choice == "0, 0 of them anomalies"
    assert "none any more" in last["labels"].reason
    assert last["emphasis"].choice is None
    assert last["trees"].choice == "left out"
    assert last["contamination"].choice == unlabelled.contamination_
    assert last["contamination"].evidence == {"offset": unlabelled.offset_}


@pytest.mark.parametrize("known", [{}, {3: 1, 4: 0}])
def test_feedback_without_news_changes_nothing(fitted, known):
    fitted.feedback(known)
    before = len(fitted.record_), fitted.offset_, fitted.score_samples(X)
    for nothing in ({}, known, {9: None}, {}):
        fitted.feedback(nothing)
    assert before[:2] == (len(fitted.record_), fitted.offset_)
    assert np.array_equal(before[2], fitted.score_samples(X))
    assert fitted.known_labels_ == known


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({len(X): 1}, "Positions of training rows must"),
        ({-1: 1}, "Positions of training rows must"),
        ({"3": 1}, "Positions of training rows must"),
        ({3: 1, 4: 0, 5: 2}, "more than two values"),
        ({3: 1, 4: 7}, "more than two values: 1, 0, 7"),  # 0 came before
        ({3: "fraud"}, "outlier_label=1"),
        ([3, 4], "must be a dict"),
    ],
)
def test_bad_feedback_changes_nothing(fitted, labels, words):
    fitted.feedback(some_labels())
    before = fitted.known_labels_, fitted.offset_, fitted.score_samples(X)
    with pytest.raises(DataError, match=words):
        fitted.feedback(labels)
    assert before[:2] == (fitted.known_labels_, fitted.offset_)
    assert np.array_equal(before[2], fitted.score_samples(X))
    fitted.feedback({3: 1})  # and nothing of the refused code is remembered


# Asking -----------------------------------------------------------------------------


def test_questions_are_distinct_repeatable_and_never_about_labelled_rows(fitted):
    labels = {}
    for n in (1, 5, 5, 20):
        rows = fitted.ask(n)
        assert len(set(rows.tolist())) == n
        assert not set(rows.tolist()) & set(labels)
        assert np.array_equal(rows, fitted.ask(n))
        labels |= {int(row): int(TRUTH[row]) for row in rows}
        fitted.feedback(labels)
    assert np.array_equal(detector(n_jobs=2).fit(X, as_y(labels)).ask(7), fitted.ask(7))


def test_questions_are_about_different_rows():
    # twenty copies of one far row, and five other far rows
    rows = np.random.RandomState(0).randn(300, 3)
    rows[:20] = 9.0
    rows[20:25] = 9 * np.array(
        [[1, -1, 0], [-1, 0, 1], [0, -1, -1], [-1, 1, 0], [0, 1, -1]]
    )
    asked = detector().fit(rows).ask(6)
    assert (asked < 20).sum() <= 2
    assert ((asked >= 20) & (asked < 25)).sum() >= 3


def test_too_many_questions_are_refused(fitted):
    fitted.feedback({0: 1})
    assert len(fitted.ask(len(X) - 1)) == len(X) - 1
    with pytest.raises(DataError, match=f"the {len(X) - 1} without a label"):
        fitted.ask(len(X))
    for n in (0, 2.5, True, "3"):
        with pytest.raises(ValueError, match="must be an integer"):
            fitted.ask(n)


# In company -------------------------------------------------------------------------


def test_pickle_keeps_what_was_learnt_and_clone_starts_afresh(fitted):
    fitted.feedback(some_labels())
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.score_samples(X), fitted.score_samples(X))
    assert again.known_labels_ == fitted.known_labels_
    assert np.array_equal(again.ask(5), fitted.ask(5))
    again.feedback({int(again.ask(1)[0]): 0})
    fresh = clone(fitted)
    assert not hasattr(fresh, "known_labels_")
    assert fresh.labels == "use"
    fitted.fit(X)
    assert fitted.known_labels_ == {}


def test_pipeline_and_grid_search_hand_labels_through():
    y = np.where(TRUTH == 1, "fraud", "ok").astype(object)
    y[np.random.RandomState(0).rand(len(y)) < 0.3] = None
    model = make_pipeline(
        StandardScaler(), detector(outlier_label="fraud", algorithms=QUICK[:2])
    )
    model.fit(X, y)
    assert len(model[-1].known_labels_) == pd.notna(y).sum()

    def score(estimator, rows, labels):
        known = pd.notna(labels)
        return average_precision_score(
            labels[known] == "fraud", -estimator.score_samples(rows)[known]
        )

    search = GridSearchCV(
        model, {"autonomousdetector__labels": ["ignore", "use"]}, scoring=score, cv=2
    )
    search.fit(X, y)
    assert search.best_params_ == {"autonomousdetector__labels": "use"}


def test_mixed_tables_and_new_rows():
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["kind"] = np.where(TRUTH == 1, "rare", "common")
    frame.loc[::7, "a"] = np.nan
    model = detector(algorithms=QUICK[:2]).fit(frame, as_y(some_labels(30)))
    scores = model.score_samples(frame.iloc[:3].assign(kind="never seen"))
    assert np.isfinite(scores).all()


def test_large_tables_keep_a_sample_and_all_labelled_rows(monkeypatch):
    monkeypatch.setattr("autonomaly.ensemble._labels._MAX_KEPT", 100)
    monkeypatch.setattr("autonomaly.ensemble._labels._KEPT_TOP", 20)
    free = detector(labels="ignore").fit(X)
    labels = some_labels(10)
    model = detector().fit(X, as_y(labels))
    assert model.known_labels_ == {row: bool(v) for row, v in labels.items()}
    top = set(np.argsort(free.score_samples(X))[:20].tolist())
    kept = model._labelled_vote.rows
    assert top | set(labels) <= set(kept.tolist())
    assert len(kept) <= 130
    assert set(model.ask(30).tolist()) <= set(kept.tolist())
    missing = np.setdiff1d(np.arange(len(X)), kept)[0]
    with pytest.raises(DataError, match=f"row {missing} are not kept"):
        model.feedback({int(missing): 1})
    # shares are counted on the sample, which the rows kept besides do not bend
    assert abs(np.mean(model.predict(X) == -1) - model.contamination_) < 0.05
    assert "of the 100 rows examined" in repr(model.result_)
    assert "to the 100 rows examined" in model.record_.filter("labels")[-1].reason
    again = detector()
    assert np.mean(again.fit_predict(X, as_y(labels)) == -1) == again.contamination_


def test_feedback_is_quick_on_ten_thousand_rows():
    rows, truth = table(10_000)
    model = detector(max_models=2).fit(rows)
    for n in (20, 500):
        labels = some_labels(n, truth=truth)
        seconds = []
        for _ in range(3):
            model.feedback(dict.fromkeys(labels))
            start = time.thread_time()
            model.feedback(labels)
            seconds.append(time.thread_time() - start)
        assert min(seconds) < 1


@pytest.mark.flaky(reruns=2)  # by the clock
def test_a_time_budget_is_kept_with_labels():
    rows, truth = table(20_000)
    labels = np.full(len(rows), np.nan)
    some = np.random.RandomState(0).choice(len(rows), 500, replace=False)
    labels[some] = np.asarray(truth)[some]
    start = time.monotonic()
    with pytest.warns(BudgetWarning, match="trained on .* instead of 4000 rows"):
        model = AutonomousDetector(labels="use", time_budget=1).fit(rows, labels)
    assert time.monotonic() - start < 2.5  # 4 s without a budget
    assert len(model.known_labels_) == 500


@pytest.mark.flaky(reruns=2)  # by the clock
def test_a_time_budget_is_kept_where_every_row_has_a_label():
    rows, truth = table(20_000)
    start = time.monotonic()
    with pytest.warns(BudgetWarning, match="of 20000 labels"):
        model = AutonomousDetector(labels="use", time_budget=1).fit(rows, truth)
    assert time.monotonic() - start < 2.5  # 7 s without a budget
    known = np.array(list(model.known_labels_.values()))
    assert 500 <= len(known) < 20_000
    assert 0 < known.mean() <= 0.5  # of the rarer kind as many as possible


def test_labels_that_come_after_a_fit_without():
    detector = AutonomousDetector(max_models=2).fit(X).set_params(labels="use")
    for call in (lambda: detector.ask(2), lambda: detector.feedback({1: 1})):
        with pytest.raises(NotFittedError, match="fitted with labels='ignore'.*again"):
            call()
    assert len(detector.fit(X).ask(2)) == 2


@pytest.mark.parametrize("n_labels", [0, 6])
def test_many_questions_take_little_memory(n_labels, monkeypatch):
    y = np.full(len(X), np.nan)
    y[: n_labels // 2], y[-n_labels // 2 :] = 1, 0 if n_labels else np.nan
    model = AutonomousDetector(labels="use", max_models=2).fit(X, y)
    all_diverse = model.ask(50)
    monkeypatch.setattr(kernel_module, "MAX_DIVERSE", 10)
    asked = model.ask(50)
    np.testing.assert_array_equal(asked[:10], all_diverse[:10])
    assert len(set(asked)) == 50
    assert not set(asked) & set(model.known_labels_)
    n_free = len(X) - len(model.known_labels_)
    tracemalloc.start()
    try:
        assert len(set(model.ask(n_free))) == n_free
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(X) * n_free
