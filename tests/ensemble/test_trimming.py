"""Which rows stay in the reference."""

import numpy as np
import pytest

from autonomaly.ensemble._trimming import trusted_rows

RNG = np.random.RandomState(0)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.9])
def test_the_most_suspicious_share_leaves(share):
    suspicion = RNG.permutation(500) ** 3.0
    keep = trusted_rows(suspicion, share, n_features=4)
    if share == 0.9:  # at least a quarter stays, or all do
        assert keep.all()
        return
    assert keep.mean() == pytest.approx(1 - share, abs=0.005)
    assert not (~keep).any() or suspicion[keep].max() < suspicion[~keep].min()


def test_few_rows_are_not_trimmed():
    assert trusted_rows(np.arange(19.0), 0.5, n_features=2).all()
    assert not trusted_rows(np.arange(20.0), 0.5, n_features=2).all()


def test_few_rows_per_column_are_trimmed_less():
    suspicion = np.arange(100.0)
    assert trusted_rows(suspicion, 0.5, n_features=33).sum() == 50
    assert trusted_rows(suspicion, 0.5, n_features=34).sum() == 70


def test_ties_stay_together():
    suspicion = np.r_[np.zeros(60), np.ones(40)]
    keep = trusted_rows(suspicion, 0.5, n_features=2)
    assert len(set(keep[:60])) == len(set(keep[60:])) == 1
    assert trusted_rows(np.zeros(100), 0.5, n_features=2).all()


def test_common_values_stay_represented():
    suspicion = np.r_[np.zeros(180), np.arange(1.0, 21)]
    rare = np.arange(180, 200)
    assert not trusted_rows(suspicion, 0.3, 2)[rare].any()
    keep = trusted_rows(suspicion, 0.3, 2, [[np.arange(180), rare]])
    assert np.flatnonzero(keep[rare]).tolist() == [0, 1]
