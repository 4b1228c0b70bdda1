"""The detector on tables in chunks: the same result, or a sample that does."""

import time
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from autonomaly import AutonomousDetector
from autonomaly._utils._words import percent
from autonomaly.exceptions import BudgetWarning, DataError
from autonomaly.io import load_dataset

SMALL = {"max_models": 2}
LITTLE_MEMORY = pytest.mark.filterwarnings(  # so that small tables are cut into parts
    "ignore:memory_limit=.* cannot be kept"
)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.RandomState(0)
    frame = pd.DataFrame(rng.randn(5000, 3), columns=list("abc"))
    frame["kind"] = rng.choice(["x", "y", "z"], 5000)
    frame.loc[:9, "a"] = 9.0
    frame.loc[100:120, "b"] = np.nan
    return frame


def folder_of(frame, folder, suffix):
    for i in range(4):
        part = frame[i * 1250 : (i + 1) * 1250]
        if suffix == "csv":
            part.to_csv(folder / f"{i}.csv", index=False)
        else:
            part.to_parquet(folder / f"{i}.parquet", index=False)
    return str(folder / f"*.{suffix}")


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_files_that_fit_give_the_same_as_the_table(frame, tmp_path, suffix):
    pattern = folder_of(frame, tmp_path, suffix)
    table = load_dataset(pattern).data
    expected = AutonomousDetector(**SMALL)
    detector = AutonomousDetector(**SMALL)
    labels = expected.fit_predict(table)
    np.testing.assert_array_equal(detector.fit_predict(pattern), labels)
    scores = expected.score_samples(table)
    np.testing.assert_array_equal(detector.score_samples(table), scores)
    assert detector.profile_ == expected.profile_
    # What is scored in chunks is scored row by row.
    np.testing.assert_allclose(detector.score_samples(pattern), scores, rtol=1e-9)
    np.testing.assert_array_equal(detector.predict(pattern), labels)
    np.testing.assert_allclose(
        detector.outlier_pvalues(pattern), expected.outlier_pvalues(table)
    )
    np.testing.assert_array_equal(
        AutonomousDetector(**SMALL).fit(pattern).score_samples(table), scores
    )


@LITTLE_MEMORY
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_shares_are_of_the_rows_looked_at(frame, tmp_path, suffix):
    pattern = folder_of(frame, tmp_path, suffix)
    detector = AutonomousDetector(memory_limit="100kB", **SMALL)
    labels = detector.fit_predict(pattern)
    flagged = np.mean(labels == -1)
    performance = detector.result_.performance
    assert detector.contamination_ == performance["flagged_share"] == flagged
    assert performance["rows_looked_at"] == detector.n_samples_seen_ == 5000
    assert f"5000 rows, 4 columns; {percent(flagged)} flagged" in repr(detector.result_)
    assert detector.record_.filter("threshold")[-1].choice == flagged
    fitted = AutonomousDetector(memory_limit="100kB", **SMALL).fit(pattern)
    np.testing.assert_array_equal(fitted.predict(pattern), labels)
    n = fitted.ensemble_.n_scored_
    assert n < 5000
    assert fitted.contamination_ != flagged  # a sample: it says so
    assert f"% of the {n} rows examined flagged by" in repr(fitted.result_)
    (threshold,) = fitted.record_.filter("threshold")
    assert f"shares refer to the {n} rows examined" in threshold.reason


@pytest.mark.parametrize("kind", ["list", "function", "iterator", "arrays"])
def test_chunks_in_memory(frame, kind):
    table = frame[list("abc")]
    parts = [table[a : a + 700] for a in range(0, 5000, 700)]
    if kind == "arrays":
        table = table.to_numpy()
        parts = [part.to_numpy() for part in parts]
    chunks = {"function": lambda: parts, "iterator": iter(parts)}.get(kind, parts)
    detector = AutonomousDetector(**SMALL).fit(chunks)
    expected = AutonomousDetector(**SMALL).fit(table)
    np.testing.assert_array_equal(
        detector.score_samples(table), expected.score_samples(table)
    )
    assert list(getattr(detector, "feature_names_in_", [])) == list(
        getattr(expected, "feature_names_in_", [])
    )


@LITTLE_MEMORY
def test_more_rows_than_memory(frame, tmp_path):
    pattern = folder_of(frame, tmp_path, "parquet")
    limited = AutonomousDetector(memory_limit="600kB", **SMALL)
    labels = limited.fit_predict(pattern)
    held = limited.record_.filter("resources", "chunks")[0]
    n_held = int(held.choice.split()[0])
    assert 200 <= n_held < 5000
    assert "of 5000 rows are held" in held.choice
    # All rows are profiled, and all are labelled, by the same rule.
    assert limited.profile_.n_samples == 5000
    assert limited.profile_.feature("a").mean == pytest.approx(frame["a"].mean())
    assert limited.profile_.missing_values_ratio == pytest.approx(21 / 20_000)
    np.testing.assert_array_equal(labels, limited.predict(frame))
    odd = np.arange(5000) < 10
    assert roc_auc_score(odd, -limited.score_samples(frame)) > 0.95
    # The sample does not depend on the chunks.
    again = AutonomousDetector(memory_limit="600kB", **SMALL)
    again.fit([frame[:90], frame[90:4000], frame[4000:]])
    np.testing.assert_array_equal(
        again.score_samples(frame), limited.score_samples(frame)
    )


@LITTLE_MEMORY
def test_column_that_changes_its_kind_between_chunks(frame):
    odd = frame.assign(code="7")
    odd.loc[4000:, "code"] = ["A", "B"] * 500
    parts = [odd[a : a + 1000] for a in range(0, 5000, 1000)]
    detector = AutonomousDetector(memory_limit="600kB", **SMALL).fit(parts)
    reason = detector.record_.filter("resources", "chunks")[0].reason
    assert "'code'" in reason
    assert np.isfinite(detector.score_samples(odd)).all()


def test_chunks_that_cannot_be_used(frame):
    parts = [frame[:100], frame[100:200]]
    with pytest.raises(DataError, match="fit_predict reads the rows twice"):
        AutonomousDetector(**SMALL).fit_predict(iter(parts))
    with pytest.raises(DataError, match="Found no chunk with rows"):
        AutonomousDetector(**SMALL).fit(iter([]))
    wrong = [frame[:3000], frame[3000:].drop(columns="b")]
    with pytest.raises(DataError, match=r"without 'b'\. All"):
        AutonomousDetector(memory_limit="600kB", **SMALL).fit(wrong)
    detector = AutonomousDetector(**SMALL).fit(parts)
    with pytest.raises(DataError, match="Found no chunk with rows"):
        detector.score_samples(iter([]))
    with pytest.raises(ValueError, match="feature names"):
        detector.score_samples([frame[:10].drop(columns="b")])


@pytest.mark.flaky(reruns=2)  # by the clock
def test_time_budget_ends_the_reading(frame):
    def slow():
        for start in range(0, 5000, 100):
            time.sleep(0.1)
            yield frame[start : start + 100]

    started = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BudgetWarning)
        detector = AutonomousDetector(time_budget=2, **SMALL).fit(slow())
    assert time.monotonic() - started < 4  # reading all of it takes 5
    held = detector.record_.filter("resources", "chunks")[0]
    assert "time_budget left no time to read" in held.reason


def test_chunks_without_rows_are_passed_over(frame):
    parts = [frame[:0], frame[:50], frame[:0], frame[50:], frame[:0]]
    whole = AutonomousDetector(max_models=2).fit(frame)
    found = AutonomousDetector(max_models=2).fit(iter(parts))
    np.testing.assert_allclose(
        found.score_samples(iter(parts)), whole.score_samples(frame), rtol=1e-12
    )
    arrays = [np.empty((0, 2)), np.arange(20.0).reshape(10, 2)]
    assert AutonomousDetector(max_models=2).fit(iter(arrays)).n_features_in_ == 2
    for nothing in (iter([]), iter(parts[:1]), iter([np.empty((0, 2))])):
        with pytest.raises(DataError, match="Found no chunk with rows in the list_it"):
            AutonomousDetector().fit(nothing)
    with pytest.raises(DataError, match="Found no chunk with rows"):
        whole.score_samples(iter([]))


def test_an_iterator_that_raises_says_what_it_said(frame):
    def chunks():
        yield frame[:50]
        raise OSError("the disk is gone")

    detector = AutonomousDetector(max_models=2)
    for source in (chunks(), chunks):
        with pytest.raises(OSError, match="the disk is gone"):
            detector.fit(source)
        assert not hasattr(detector, "ensemble_")
    with pytest.raises(OSError, match="the disk is gone"):
        detector.fit(frame).score_samples(chunks())


def test_chunks_of_other_columns_are_named(frame):
    other = frame.rename(columns={frame.columns[0]: "other"})
    message = (
        f"Chunk 2 of the list_iterator has different columns from the first: without "
        f"{frame.columns[0]!r}, with 'other'. All"
    )
    with pytest.raises(DataError, match=message):
        AutonomousDetector().fit(iter([frame[:50], other]))
    message = (
        "Chunk 2 .* has 4 columns without names, but the first has 3 columns without"
    )
    with pytest.raises(DataError, match=message):
        AutonomousDetector().fit(iter([np.ones((5, 3)), np.ones((5, 4))]))
