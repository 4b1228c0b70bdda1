"""AutonomousDetector, as the people who call it see it."""

import io
import json
import pickle
import random
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from autonomaly import (
    AutonomousDetector,
    auto_detect,
    load_dataset,
)
from autonomaly.exceptions import BudgetWarning, DataError
from autonomaly.explanation import DecisionRecord
from autonomaly.profiling import (
    DataProfile,
    register_profiler,
    unregister_profiler,
)


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def data(n=200, d=4, n_far=6, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.randn(n, d)
    X[:n_far] += 9 * rng.choice([-1, 1], (n_far, d))
    return X


X = data()
SMALL = {"max_models": 2}
QUICK = ["knn20_squashed", "tails_robust", "mahalanobis_robust", "projection"]


@pytest.fixture(scope="module")
def cancer():
    return load_dataset("sklearn:breast_cancer")


@pytest.fixture(scope="module")
def full(cancer):
    return AutonomousDetector().fit(cancer.data)


def orders(n=150, seed=0):
    """Orders of a shop, one of them strange in every column."""
    rng = np.random.RandomState(seed)
    price = np.exp(rng.randn(n) + 3)
    table = pd.DataFrame(
        {
            "price": price,
            "items": rng.poisson(3, n) + 1,
            "kind": rng.choice(["book", "music", "toy"], n, p=[0.6, 0.3, 0.1]),
            "paid": rng.rand(n) < 0.95,
            "day": pd.Timestamp("2024-03-01")
            + pd.to_timedelta(rng.randint(0, 90, n), unit="D"),
            "code": pd.Categorical(rng.choice(["A", "B"], n)),
        }
    )
    table.loc[rng.rand(n) < 0.1, "price"] = np.nan
    table.loc[::13, "kind"] = None
    table.loc[7, ["price", "items", "day"]] = [9e5, 400, pd.Timestamp("1970-01-01")]
    return table


# On real data -------------------------------------------------------------------


def test_real_anomalies(cancer, full):
    truth = np.asarray(cancer.truth) == -1
    scores = full.score_samples(cancer.data)
    assert roc_auc_score(truth, -scores) > 0.9
    flagged = full.predict(cancer.data) == -1
    assert 0 < flagged.mean() < 0.35
    assert truth[flagged].mean() > 3 * truth.mean()
    p = full.outlier_pvalues(cancer.data)
    assert ((p > 0) & (p <= 1)).all()
    assert np.median(p[truth]) < np.median(p[~truth])


def test_fitted_attributes(cancer, full):
    assert isinstance(full.profile_, DataProfile)
    assert full.profile_.n_samples == len(cancer.data)
    assert {r.algorithm for r in full.recommendations_} == set(
        full.ensemble_.agreement_with_vote_
    )
    assert all(r.reasoning for r in full.recommendations_)
    assert isinstance(full.record_, DecisionRecord)
    assert full.offset_ == full.ensemble_.offset_
    assert full.contamination_ == np.mean(full.predict(cancer.data) == -1)
    assert full.n_features_in_ == 30
    assert len(full.feature_names_in_) == 30


def test_record_says_everything(full):
    record = full.record_
    chosen = [d.subject for d in record.filter("selection") if d.choice == "chosen"]
    assert chosen == [r.algorithm for r in full.recommendations_]
    refused = {d.subject for d in record.filter("selection") if d.choice == "rejected"}
    assert refused == set(full.rejected_)
    assert {"profile", "preprocessing", "resources", "ensemble", "threshold"} <= set(
        record.stages
    )
    assert all(decision.reason for decision in record)
    text = json.dumps(record.to_dict(), allow_nan=False)
    assert DecisionRecord.from_dict(json.loads(text)) == record
    for name in chosen:
        assert name in str(record)


def test_two_fits_have_the_same_record():
    first, second = (AutonomousDetector(**SMALL).fit(X).record_ for _ in range(2))
    assert list(first.diff(second)) == []
    assert first.to_json() == second.to_json()
    other = AutonomousDetector(max_models=1).fit(X).record_
    differences = [str(difference) for difference in first.diff(other)]
    assert differences[0] == (
        'run / settings: choice changed from {"max_models": 2} to {"max_models": 1}'
    )


@pytest.mark.parametrize(("n_far", "told"), [(3, True), (30, False)])
def test_a_rate_of_false_alarms_says_what_it_takes(n_far, told):
    table = np.random.RandomState(0).normal(size=(400, 3))
    table[:n_far] += 9
    detector = AutonomousDetector(max_false_discovery_rate=0.1, max_models=2)
    labels = detector.fit_predict(table)
    (decision,) = detector.record_.filter("threshold")
    assert ("about 10 rows" in decision.reason) is told
    assert (labels == -1).any() is np.bool_(not told)


def test_result(full):
    result = full.result_
    assert result.model is full
    assert result.success
    assert result.best_result in [r.algorithm for r in full.recommendations_]
    assert "label-free" in result.performance["kind"]
    assert result.data_profile is full.profile_
    assert result.explanations is full.record_
    assert len(repr(result)) < 100
    with pytest.raises(NotFittedError):
        AutonomousDetector().result_  # noqa: B018
    for method in ("score_samples", "predict", "outlier_pvalues"):
        with pytest.raises(NotFittedError):
            getattr(AutonomousDetector(), method)(X)


def test_html(full):
    before = AutonomousDetector()._repr_html_()
    assert "AutonomousDetector" in before
    assert "autonomaly-summary" not in before
    after = full._repr_html_()
    assert "autonomaly-summary" in after
    assert "knn20_squashed" in after
    assert "all rows, without 30 %, without 50 %" in after
    assert f"{len(full.profile_.features)} columns" in after
    assert full._repr_mimebundle_()["text/html"].count("autonomaly-summary") == 1
    table = pd.DataFrame({"<script>alert(1)</script>": 1, "b": X[:, 0], "c": X[:, 1]})
    html = AutonomousDetector(**SMALL).fit(table)._repr_html_()
    assert "<script>alert(1)" not in html[html.index("autonomaly-summary") :]


# scikit-learn -------------------------------------------------------------------


def test_grid_search():
    def separation(estimator, X, y=None):
        scores = np.sort(estimator.score_samples(X))
        return scores[10:].mean() - scores[:10].mean()

    search = GridSearchCV(
        AutonomousDetector(), {"max_models": [2, 4]}, scoring=separation, cv=2
    ).fit(X[:80])
    assert search.best_params_["max_models"] in (2, 4)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert (search.predict(X)[:6] == -1).all()


def test_cross_val_score():
    scores = cross_val_score(
        AutonomousDetector(**SMALL),
        X,
        scoring=lambda e, X, y=None: float(np.mean(e.predict(X) == 1)),
        cv=3,
    )
    assert len(scores) == 3
    assert (scores > 0.7).all()


def test_pipeline():
    pipeline = make_pipeline(StandardScaler(), AutonomousDetector(**SMALL))
    labels = pipeline.fit_predict(X)
    np.testing.assert_array_equal(labels, pipeline.fit(X).predict(X))
    np.testing.assert_array_equal(pipeline.score_samples(X) < pipeline[-1].offset_,
                                  labels == -1)  # fmt: skip
    pipeline.set_params(autonomousdetector__max_models=1)
    assert len(pipeline.fit(X)[-1].recommendations_) == 1


def test_set_output_before_it():
    scaler = StandardScaler().set_output(transform="pandas")
    table = pd.DataFrame(X, columns=list("abcd"))
    pipeline = make_pipeline(scaler, AutonomousDetector(**SMALL)).fit(table)
    assert pipeline[-1].feature_names_in_.tolist() == list("abcd")
    assert (pipeline.predict(table)[:6] == -1).all()


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_global_output_of_transformers_does_not_matter(kind):
    table = pd.DataFrame(X, columns=list("abcd")).assign(kind=["u", "v"] * 100)
    y = [1] * 3 + [0] * 3 + [None] * 194
    plain = AutonomousDetector(labels="use", **SMALL).fit(table, y)
    expected = plain.score_samples(table)
    with config_context(transform_output=kind), warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = AutonomousDetector(labels="use", **SMALL).fit(table, y)
        np.testing.assert_array_equal(plain.score_samples(table), expected)
        p = plain.outlier_pvalues(table)
    np.testing.assert_array_equal(fitted.score_samples(table), expected)
    np.testing.assert_array_equal(fitted.outlier_pvalues(table), p)


class Scores(TransformerMixin, BaseEstimator):
    """Scores of a detector as a column among others."""

    def __init__(self, detector=None):
        self.detector = detector

    def fit(self, X, y=None):
        self.detector_ = clone(self.detector).fit(X)
        return self

    def transform(self, X):
        return self.detector_.score_samples(X)[:, None]

    def get_feature_names_out(self, input_features=None):
        return np.array(["score"])


def test_feature_union():
    union = FeatureUnion(
        [("raw", StandardScaler()), ("odd", Scores(AutonomousDetector(**SMALL)))]
    )
    out = union.set_output(transform="pandas").fit_transform(
        pd.DataFrame(X, columns=list("abcd"))
    )
    assert out.shape == (200, 5)
    assert out.iloc[:6, -1].max() < out.iloc[6:, -1].min()


@pytest.mark.parametrize("how", ["pickle", "joblib", "clone", "n_jobs"])
def test_identical_after(how):
    fitted = AutonomousDetector(**SMALL).fit(X)
    if how == "pickle":
        other = pickle.loads(pickle.dumps(fitted))
    elif how == "joblib":
        file = io.BytesIO()
        joblib.dump(fitted, file)
        file.seek(0)
        other = joblib.load(file)
    else:
        other = clone(fitted).set_params(n_jobs=2 if how == "n_jobs" else None).fit(X)
    new = data(50, seed=1)
    for method in ("score_samples", "predict", "outlier_pvalues"):
        np.testing.assert_array_equal(
            getattr(other, method)(new), getattr(fitted, method)(new)
        )


@pytest.mark.parametrize(
    "settings", [{}, {"contamination": 0.1}, {"max_false_discovery_rate": 0.2}]
)
@pytest.mark.parametrize(
    "table",
    [X, np.repeat(X[:50], 4, axis=0), np.round(X), orders(), X[:3], X[:, :1]],
    ids=["plain", "duplicates", "ties", "frame", "three rows", "one column"],
)
def test_fit_predict_is_fit_then_predict(settings, table):
    detector = AutonomousDetector(algorithms=QUICK, **settings)
    labels = detector.fit_predict(table)
    np.testing.assert_array_equal(detector.predict(table), labels)
    again = clone(detector).fit(table)
    np.testing.assert_array_equal(again.predict(table), labels)
    assert again.contamination_ == np.mean(labels == -1)
    np.testing.assert_array_equal(
        again.decision_function(table), again.score_samples(table) - again.offset_
    )


@pytest.mark.parametrize(
    "settings", [{}, {"contamination": 0.01}, {"max_false_discovery_rate": 0.2}]
)
def test_large_tables_use_a_sample(settings):
    # So many that fit_predict scores rows which set no threshold; on a lattice, so that
    # some of them are as odd as the threshold.
    table = np.round(data(40_000, d=3), 1)
    labelled = AutonomousDetector(**SMALL, **settings)
    labels = labelled.fit_predict(table)
    fitted = AutonomousDetector(**SMALL, **settings).fit(table)
    assert fitted.ensemble_.reference_size_ <= 5000
    assert fitted.offset_ == pytest.approx(labelled.offset_, rel=1e-9)
    np.testing.assert_array_equal(fitted.predict(table), labels)
    assert labelled.contamination_ == np.mean(labels == -1)
    if "max_false_discovery_rate" not in settings:  # 6 of 40,000 are too few for it
        assert (labels[:6] == -1).all()


def test_y_is_ignored():
    plain = AutonomousDetector(**SMALL).fit(X)
    given = AutonomousDetector(**SMALL).fit(X, np.arange(200))
    np.testing.assert_array_equal(plain.score_samples(X), given.score_samples(X))


def test_scoring_changes_nothing():
    fitted = AutonomousDetector(**SMALL).fit(orders())
    before = pickle.dumps(fitted)
    fitted.score_samples(orders(seed=1))
    fitted.outlier_pvalues(orders(seed=2))
    assert pickle.dumps(fitted) == before


@pytest.mark.parametrize("budget", [None, 20])
def test_what_only_the_fit_knows_is_forgotten(budget):
    detector = AutonomousDetector(time_budget=budget, verbose=1, **SMALL).fit(X)
    left = {"_progress", "_sources", "_whole_budget"} & set(vars(detector.ensemble_))
    assert not left
    alone = detector.ensemble_.fit(X)  # it is an estimator like any other
    assert alone.n_scored_ == len(X)


def test_a_new_fit_forgets_the_rows_that_odd_ones_were_compared_with():
    detector = AutonomousDetector(**SMALL).fit(X)
    detector._keep_ordinary_rows(X, detector.score_samples(X))
    assert detector._ordinary_rows is not None
    assert detector.fit(X)._ordinary_rows is None


def test_nothing_is_left_behind(capfd):
    filters = list(warnings.filters)
    table = orders()
    copy = table.copy()
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    python_state = random.getstate()
    errors = np.geterr()
    AutonomousDetector(algorithms=["knn", "pyod_hbos", "sklearn_ocsvm"]).fit_predict(
        table
    )
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert random.getstate() == python_state
    assert list(warnings.filters) == filters
    assert np.geterr() == errors
    assert capfd.readouterr() == ("", "")
    pd.testing.assert_frame_equal(table, copy)


# Tables -------------------------------------------------------------------------


@pytest.mark.parametrize("to", [pd.DataFrame, pl.from_pandas])
def test_tables_of_any_kind(to):
    table = orders()
    detector = AutonomousDetector().fit(to(table))
    scores = detector.score_samples(to(table))
    assert np.isfinite(scores).all()
    assert scores.argmin() == 7
    assert detector.predict(to(table))[7] == -1
    new = table.iloc[:20].copy()
    new[["code", "paid"]] = new[["code", "paid"]].astype(object)
    new.loc[3, "kind"] = "furniture"  # never seen
    new.loc[4, "code"] = "C"
    new.loc[5, :] = None
    new.loc[6, "price"] = np.inf
    changed = detector.score_samples(to(new))
    assert np.isfinite(changed).all()
    assert changed[3] < scores[3]
    assert changed[4] < scores[4]
    assert changed[6] < scores[6]
    same = np.setdiff1d(np.arange(20), [3, 4, 5, 6])
    np.testing.assert_allclose(changed[same], scores[same], atol=1e-8)


def test_pandas_and_polars_agree():
    table = orders()
    a = AutonomousDetector(**SMALL).fit(table).score_samples(table)
    frame = pl.from_pandas(table)
    b = AutonomousDetector(**SMALL).fit(frame).score_samples(frame)
    np.testing.assert_allclose(a, b, atol=1e-8)


def test_wrong_columns_are_a_clear_error():
    table = orders()
    detector = AutonomousDetector(**SMALL).fit(table)
    with pytest.raises(ValueError, match=r"(?s)feature names should match.*cost"):
        detector.predict(table.rename(columns={"price": "cost"}))
    with pytest.raises(ValueError, match="(?s)Feature names must be in the same order"):
        detector.predict(table[table.columns[::-1]])
    with pytest.raises(ValueError, match="feature names should match"):
        detector.predict(table.drop(columns="price"))
    plain = AutonomousDetector(**SMALL).fit(X)
    with pytest.raises(ValueError, match="has 3 features.* expecting 4"):
        plain.predict(X[:, :3])


@pytest.mark.parametrize(
    ("fitted", "given", "said"),
    [
        (pd.DataFrame, np.asarray, "X does not have valid feature names, but {}"),
        (np.asarray, pd.DataFrame, "X has feature names, but {} was fitted without"),
    ],
)
def test_names_that_come_or_go_are_one_warning(fitted, given, said):
    X = pd.DataFrame(data(), columns=list("abcd"))
    detector = AutonomousDetector(algorithms=["knn"]).fit(fitted(X))
    with pytest.warns(UserWarning, match=said.format("AutonomousDetector")) as caught:
        detector.score_samples(given(X))
    assert len(caught) == 1


def test_a_profiler_that_fails_is_in_the_record():
    register_profiler("broken", lambda X: 1 / 0)
    try:
        detector = AutonomousDetector(algorithms=["knn"]).fit(data())
    finally:
        unregister_profiler("broken")
    (decision,) = detector.record_.filter("profile", "broken")
    assert decision.choice == "failed"
    assert decision.reason == "ZeroDivisionError: division by zero"


def test_a_large_table_that_cannot_be_used_is_a_clear_error():
    detector = AutonomousDetector(memory_limit="1MB", **SMALL)
    with pytest.warns(BudgetWarning, match="cannot be kept"):
        detector.fit(X)
    rows = sparse.coo_matrix(np.tile(X, (30, 1)))  # cannot be cut into pieces
    with pytest.raises(TypeError, match="Sparse data was passed"):
        detector.score_samples(rows)


def test_one_row_alone_scores_as_in_company():
    table = orders()
    detector = AutonomousDetector(max_models=4).fit(table)
    scores = detector.score_samples(table)
    for i in (0, 7, 42):
        row = table.iloc[i : i + 1]
        assert detector.score_samples(row)[0] == pytest.approx(scores[i], abs=1e-8)


# In one call ---------------------------------------------------------------------


def test_auto_detect(tmp_path):
    file = tmp_path / "orders.csv"
    orders().to_csv(file, index=False)
    result = auto_detect(file, {"max_models": 3})
    assert result.model.predict(pd.read_csv(file))[7] == -1
    assert len(result.recommendations) == 3
    rows = orders().to_dict("records")
    of_rows = auto_detect(rows, {"max_models": 3}).model.score_samples(orders())
    np.testing.assert_array_equal(of_rows, result.model.score_samples(orders()))


def test_auto_detect_holds_no_more_than_memory_allows(tmp_path):
    rows = np.random.RandomState(0).randn(4000, 3).round(4)
    for i in range(4):
        part = pd.DataFrame(rows[i::4], columns=list("abc"))
        part.to_csv(tmp_path / f"{i}.csv", index=False)
    config = {"memory_limit": "300kB", "max_models": 2}
    with pytest.warns(BudgetWarning, match="200 rows of 3 columns, the fewest"):
        model = auto_detect(str(tmp_path / "*.csv"), config).model
    held = model.record_.filter("resources", "chunks")[0]
    assert "of 4000 rows are held" in held.choice


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"max_model": 3}, r"'max_model'; did you mean 'max_models'\? Allowed: algo"),
        ({"foo": 1, "bar": 2}, "Unknown parameter 'foo'.*Unknown parameter 'bar'"),
        ({1: 2}, "Unknown parameter 1"),
        (AutonomousDetector(), r"got AutonomousDetector\(\).*detector.fit"),
        ([], r"must be a dict .* got \[\]"),
    ],
)
def test_auto_detect_says_what_a_config_is(config, said):
    with pytest.raises(TypeError, match=said):
        auto_detect(X, config)


@pytest.mark.parametrize("names", [["a", "b", "a"], [0, 1, 0]])
def test_columns_of_one_name(names):
    table = pd.DataFrame(X[:, :3], columns=names)
    said = f"got more than one {names[0]!r}.*Rename the columns"
    with pytest.raises(DataError, match=said):
        AutonomousDetector(**SMALL).fit(table)
    fitted = AutonomousDetector(**SMALL).fit(table.iloc[:, :2])
    with pytest.raises(DataError, match=said):
        fitted.predict(table)
    # what the message advises works
    numbered = load_dataset(table).data
    assert AutonomousDetector(**SMALL).fit(numbered).n_features_in_ == 3
