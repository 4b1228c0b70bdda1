"""Values that many rows have."""

import numpy as np
import pytest

from autonomaly import AutonomousDetector
from autonomaly.ensemble._calibration import Calibration
from autonomaly.ensemble._common_values import beside_their_like, common_values
from autonomaly.ensemble._threshold import outlier_threshold

N = 1000
RNG = np.random.RandomState(0)
KIND = RNG.choice(3, N, p=[0.5, 0.39, 0.11])
FLAG = RNG.rand(N) < 0.1
AMOUNT = RNG.randn(N)


def counts(X):
    return [[len(rows) for rows in column] for column in common_values(X)]


def test_categories_and_flags_are_found():
    X = np.column_stack([AMOUNT, np.eye(3)[KIND], FLAG])
    assert counts(X) == [np.bincount(KIND).tolist(), np.bincount(FLAG).tolist()]


def test_amounts_and_constants_are_not():
    X = np.column_stack([AMOUNT, RNG.randint(0, 3, N), np.ones(N)])
    assert counts(X) == []


def test_rare_values_stay_odd():
    rare = np.zeros(N)
    rare[:19] = 1
    assert counts(rare[:, None]) == [[N - 19]]
    rare[19] = 1
    assert counts(rare[:, None]) == [[N - 20, 20]]
    assert counts(np.r_[np.zeros(36), np.ones(4)][:, None]) == [[36]]


def test_effects_of_several_columns_are_taken_out():
    X = np.column_stack([np.eye(3)[KIND], FLAG])
    scores = np.array([0.0, 0.5, 4.0])[KIND] + 3 * FLAG + 0.01 * AMOUNT
    beside = beside_their_like(scores, common_values(X))
    assert np.ptp(scores) > 6
    assert np.ptp(beside) < 0.2
    assert np.median(beside) - np.median(scores) < 0.5


def test_scores_without_common_values_stay_as_they_are():
    scores = AMOUNT.copy()
    np.testing.assert_array_equal(beside_their_like(scores, []), AMOUNT)
    beside_their_like(scores, [[np.arange(10)]])
    np.testing.assert_array_equal(scores, AMOUNT)


def test_threshold_leaves_a_common_value_alone_and_takes_what_is_odd_beside_it():
    # As detectors find them: rows of the rarer value lie close together.
    scores = np.where(FLAG, 4 + 0.1 * RNG.rand(N), RNG.rand(N))
    values = common_values(FLAG[:, None].astype(float))
    threshold, reason = outlier_threshold(scores, 1.0)
    assert (scores > threshold).sum() == FLAG.sum()
    assert "two groups" in reason
    threshold, reason = outlier_threshold(scores, 1.0, values)
    assert (scores > threshold).sum() <= 5
    scores[:10] = 12 + RNG.rand(10)
    threshold, _ = outlier_threshold(scores, 1.0, values)
    assert (np.flatnonzero(scores > threshold) == np.arange(10)).all()


def test_calibration_keeps_rows_with_a_common_value():
    # As detectors find them: rows of the rarer value lie close together.
    scores = np.where(FLAG, 4 + 0.1 * RNG.rand(N), RNG.rand(N))
    values = common_values(FLAG[:, None].astype(float))
    assert Calibration(scores).n_left_out > 0.9 * FLAG.sum()
    kept = Calibration(scores, values)
    assert kept.n_left_out <= 2
    assert np.mean(kept.pvalues(scores) <= 0.05) < 0.06
    assert Calibration(scores, values, scores).seen.n_left_out <= 2
    scores[:10] = 12
    left = Calibration(scores, values)
    assert 10 <= left.n_left_out <= 12
    assert left.scores.max() < 12


def test_combinations_are_common_where_most_rows_are_like_others():
    coins = RNG.randint(0, 2, (N, 2)).astype(float)
    *_, combinations = common_values(coins)
    assert len(combinations) == 4
    assert sum(map(len, combinations)) == N
    few = RNG.randn(5, 3)[RNG.randint(0, 5, N)]
    few[0] = 9
    assert sum(map(len, common_values(few)[-1])) == N - 1
    # Among rows that all differ, fifty equal ones are no crowd.
    copies = RNG.randn(N, 3)
    copies[:50] = 9
    assert common_values(copies) == []


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: rng.randint(0, 2, (n, 2)).astype(float),
        lambda rng, n: rng.randint(0, 2, (n, 3)).astype(float),
        lambda rng, n: rng.choice(list("abc"), (n, 2)),
        lambda rng, n: rng.poisson(3, (n, 1)).astype(float),
    ],
    ids=["two coins", "three coins", "two of three", "counts"],
)
def test_ordinary_combinations_are_no_anomalies(draw):
    X = draw(np.random.RandomState(0), 500)
    assert (AutonomousDetector().fit_predict(X) == -1).mean() < 0.05


def test_rows_beside_a_value_that_most_have_may_be_alike():
    rng = np.random.RandomState(0)
    amounts = np.where(np.arange(100) < 8, rng.rand(100) + 1, 0)
    rare = np.where(np.arange(100) < 55, rng.rand(100), 0)  # 45 zeros
    X = np.column_stack([amounts, rare, rng.rand(100)])
    assert common_values(X) == []
    ((zeros, others),) = common_values(X, others=True)
    np.testing.assert_array_equal(zeros, np.arange(8))
    np.testing.assert_array_equal(others, np.arange(8, 100))
