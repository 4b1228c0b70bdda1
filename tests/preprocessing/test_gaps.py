"""What is filled in where numbers are missing."""

import warnings

import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousDetector
from autonomaly.exceptions import AutonomalyWarning
from autonomaly.preprocessing import AutonomousPreprocessor


def dependent(n=1000, noise=0.05, seed=0):
    """Return eight columns that follow from two numbers."""
    rng = np.random.RandomState(seed)
    return rng.randn(n, 2) @ rng.randn(2, 8) + noise * rng.randn(n, 8)


def with_gaps(X, share=0.05, seed=1):
    missing = np.random.RandomState(seed).rand(*X.shape) < share
    return np.where(missing, np.nan, X), missing


def errors(X, gaps, missing):
    """Return how far what is filled in is from the truth, in scale units."""
    preprocessor = AutonomousPreprocessor(missing_share=1.0).fit(gaps)
    return (preprocessor.transform(gaps) - preprocessor.transform(X))[missing]


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_gaps_follow_from_the_other_columns(share):
    X = dependent()
    error = errors(X, *with_gaps(X, share))
    assert np.sqrt(np.mean(error**2)) < 0.15  # 1 with the medians, .08 with the truth


def test_gaps_follow_in_skewed_columns():
    X = np.exp(dependent())
    X[:, 1:] = X[:, :1] * [1, 2, 3, 4, 5, 6, 7] + 0.02 * X[:, 1:]
    gaps, missing = with_gaps(X)
    assert np.median(np.abs(errors(X, gaps, missing))) < 0.05  # .4 with the medians


def test_all_of_a_long_sorted_table_tells_what_follows():
    X = np.random.RandomState(0).randn(12_000, 2)
    X[6000:, 1] = X[6000:, 0]  # the rows before know nothing of it
    gaps = X.copy()
    gaps[9000:, 1] = np.nan
    Z = AutonomousPreprocessor(missing_share=1.0).fit(gaps).transform(gaps)
    assert np.corrcoef(Z[9000:, 1], X[9000:, 1])[0, 1] > 0.9
    assert Z[9000:, 1].std() > 0.2


def test_gaps_in_columns_of_their_own_take_the_median():
    X = np.random.RandomState(0).randn(2000, 6)
    gaps, missing = with_gaps(X)
    filled = AutonomousPreprocessor().fit(gaps).transform(gaps)[missing]
    assert np.abs(filled).max() < 0.3


def test_row_without_any_number_is_the_median():
    X = dependent()
    preprocessor = AutonomousPreprocessor().fit(X)
    with pytest.warns(AutonomalyWarning, match="hold no value at all"):
        Z = preprocessor.transform(np.full((1, 8), np.nan))
    np.testing.assert_allclose(Z, 0, atol=1e-12)


def test_anomalies_do_not_say_what_is_missing():
    X = dependent()
    X[:50] = 100 * np.random.RandomState(2).randn(50, 8)
    gaps, missing = with_gaps(X)
    missing[:50] = False
    gaps[:50] = X[:50]
    error = errors(X, gaps, missing)
    assert np.sqrt(np.mean(error**2)) < 0.4


def test_wild_value_is_not_passed_on():
    preprocessor = AutonomousPreprocessor().fit(dependent())
    for wild in (1e9, np.inf, -1e300):
        row = preprocessor.transform([[wild, *[np.nan] * 7]])[0]
        assert np.abs(row[1:]).max() <= 10
        assert np.isfinite(row).all()


def test_what_is_filled_in_is_no_new_extreme():
    X = dependent()
    X[:, 1] = 2 * X[:, 0]
    high = X[:, 1] > 1
    gaps = X.copy()
    gaps[high, 1] = np.nan
    Z = AutonomousPreprocessor(missing_share=1).fit(gaps).transform(gaps)
    assert Z[high, 1].max() == pytest.approx(Z[~high, 1].max())


def test_column_of_few_values_gets_one_of_them():
    X = dependent()
    X[:, 3] = np.sign(X[:, 0])
    X[:, 4] = np.round(X[:, 1])
    gaps, missing = with_gaps(X)
    gaps_of_3 = missing[:, 3]
    preprocessor = AutonomousPreprocessor().fit(gaps)
    Z, known = preprocessor.transform(gaps), preprocessor.transform(X)
    for j in (3, 4):
        assert set(Z[:, j]) <= set(known[:, j])
    assert np.mean(Z[gaps_of_3, 3] == known[gaps_of_3, 3]) > 0.8


def test_what_is_filled_in_depends_on_the_row_alone():
    gaps, _ = with_gaps(dependent(), 0.3)
    preprocessor = AutonomousPreprocessor().fit(gaps)
    Z = preprocessor.transform(gaps)
    alone = np.concatenate([preprocessor.transform(row[None]) for row in gaps[:200]])
    np.testing.assert_array_equal(alone, Z[:200])


def test_rows_without_gaps_stay_as_they_are():
    X = dependent()
    gaps, missing = with_gaps(X, 0.02)
    fitted, whole = AutonomousPreprocessor().fit(gaps), ~missing.any(axis=1)
    Z = fitted.transform(gaps)
    np.testing.assert_array_equal(Z[whole], fitted.transform(X)[whole])
    np.testing.assert_array_equal(Z[~missing], fitted.transform(X)[~missing])


def test_pairs_that_are_never_there_together():
    X = dependent(300)
    X[:150, :4], X[150:, 4:] = np.nan, np.nan
    Z = AutonomousPreprocessor().fit(X).transform(X)
    assert np.isfinite(Z).all()
    # Nothing tells what the others would be.
    assert np.abs(Z[:150, :4]).max() < 1e-9


def test_too_many_columns_take_their_medians():
    X = np.repeat(np.random.RandomState(0).randn(200, 1), 101, axis=1)
    X[5, 7] = np.nan
    assert AutonomousPreprocessor().fit(X).transform(X)[5, 7] == 0
    assert AutonomousPreprocessor().fit(X[:, :100]).transform(X[:, :100])[5, 7] != 0


def test_rows_with_gaps_are_no_odder_than_others():
    X = dependent()
    gaps, missing = with_gaps(X)
    some = missing.any(axis=1)

    def share_of_the_oddest(table):
        scores = AutonomousDetector().fit(table).score_samples(table)
        return np.mean(some[np.argsort(scores)[:100]])

    assert share_of_the_oddest(gaps) < 1.3 * some.mean()
    # What the rows were with medians in the place of the gaps.
    medians = np.where(missing, np.nanmedian(gaps, axis=0), gaps)
    assert share_of_the_oddest(medians) > 2 * some.mean()


@pytest.mark.parametrize("frame", [False, True])
def test_rows_without_any_value_are_told(frame):
    X = np.random.RandomState(0).randn(60, 3)
    X[:, 2] = 7.0  # a column that is left out changes nothing
    X = pd.DataFrame(X, columns=list("abc")) if frame else X
    preprocessor = AutonomousPreprocessor().fit(X)
    rows = X[:4].copy()
    if frame:
        rows.loc[1] = np.nan
        rows.loc[2, "a"] = np.nan
    else:
        rows[1], rows[2, 0] = np.nan, np.nan
    with pytest.warns(AutonomalyWarning, match="1 of 4 rows hold no value at all"):
        preprocessor.transform(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        preprocessor.transform(rows[2:])
