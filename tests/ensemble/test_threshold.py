"""The threshold found from the scores."""

import re

import numpy as np
import pytest

from autonomaly.ensemble._threshold import (
    outlier_threshold,
    separating_threshold,
    tail_surplus,
)

# Scores whose exponential halves are the quantiles of an exponential distribution.
BULK = 2 * np.log1p(-np.log(1 - (np.arange(950) + 0.5) / 950))


@pytest.mark.parametrize("n_odd", [50, 300])
def test_two_groups_of_scores_are_told_apart_without_structure(n_odd):
    far = 6 + 0.01 * np.arange(n_odd) / n_odd
    near = 0.5 * np.linspace(0, 1, 950)
    threshold, reason = outlier_threshold(np.r_[near, far], structure=1.0)
    assert near.max() < threshold < far.min()
    assert "two groups" in reason


@pytest.mark.parametrize("n_rows", [10, 20, 40, 80, 300])
def test_few_rows_of_one_group_are_no_two(n_rows):
    rng = np.random.RandomState(0)
    reasons = [
        outlier_threshold(2 * np.log1p(rng.exponential(size=n_rows)), 1.0)[1]
        for _ in range(100)
    ]
    assert sum("two groups" in reason for reason in reasons) <= 3


def test_a_tail_is_one_group():
    threshold, reason = outlier_threshold(BULK, structure=1.0)
    assert (threshold < BULK).sum() <= 1
    assert "homogeneous" in reason


@pytest.mark.parametrize(
    ("structure", "says"),
    [
        (1.0, "homogeneous"),
        (0.95, "5.2 % = 0.50 x "),
        (0.8, "the rows form clusters or curves (nearest rows are 0.80 times"),
    ],
)
def test_the_more_structure_the_more_rows(structure, says):
    _, reason = outlier_threshold(BULK, structure)
    assert says in reason
    shares = [
        np.mean(outlier_threshold(BULK, s)[0] < BULK)
        for s in (structure, structure - 0.01)
    ]
    assert 0 <= shares[0] <= shares[1] <= 0.3


def test_equal_and_huge_scores():
    for scores in (np.zeros(100), np.full(100, 1e200), np.r_[np.zeros(99), 1e200]):
        threshold, _ = outlier_threshold(scores, structure=0.5)
        assert (scores > threshold).sum() <= 1


def test_rows_that_differ_in_the_last_digits_are_not_parted():
    scores = np.array([0.0, 2.0, 2.0 + 1e-13, 5.0])
    assert separating_threshold(scores, 1) == separating_threshold(scores, 2)
    assert (scores > separating_threshold(scores, 3)).sum() == 3
    assert (scores[:3] > separating_threshold(scores[:3], 1)).sum() == 0


def test_scores_of_few_values_have_no_tail():
    assert tail_surplus(np.r_[np.tile([0.0, 1.0, 1.1], 300), 50.0, 51.0]) == 0
    assert tail_surplus(np.r_[np.exp(BULK / 2), 500.0, 510.0]) == 2


def test_the_reason_gives_the_sum_it_flags_by():
    scores = np.r_[BULK, 2 * np.log1p(10 + np.arange(5))]
    threshold, reason = outlier_threshold(scores, 0.95)
    total, cut, beyond = (
        float(figure) / 100
        for figure in re.match(
            r"(.*) % = 0.50 x (.*) % \+ 0.50 x (.*) %: the best cut", reason
        ).groups()
    )
    assert total == pytest.approx(0.5 * cut + 0.5 * beyond, abs=1e-3)
    assert beyond > 0
    assert np.mean(threshold < scores) == pytest.approx(total, abs=1e-3)


def test_a_share_that_is_cut_is_said():
    scores = np.r_[0.5 * np.linspace(0, 1, 600), 6 + np.linspace(0, 1, 400)]
    threshold, reason = outlier_threshold(scores, 0.5)
    assert "sets 40.0 % of the rows apart; never more than 30 % are fl" in reason
    assert np.mean(scores > threshold) == 0.3


@pytest.mark.parametrize("n", [5, 6, 9, 10, 12, 13, 19, 22, 100])
def test_no_row_more_than_the_largest_share(n):
    scores = 0.01 * np.arange(n) + np.where(np.arange(n) < 0.6 * n, 0.0, 9.0)
    threshold, reason = outlier_threshold(scores, structure=0.5)
    assert reason.endswith("never more than 30 % are flagged")
    assert np.sum(scores > threshold) == 3 * n // 10
