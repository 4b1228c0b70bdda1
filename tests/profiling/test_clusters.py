"""How many groups the rows form."""

import numpy as np
import pytest

from autonomaly.profiling import (
    DataProfiler,
)
from autonomaly.profiling._dip import dip


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def profile(X, **options):
    return DataProfiler(cache=False, **options).profile(X)


def test_clusters(rng):
    centres = np.array([[0, 0, 0], [20, 0, 0], [0, 20, 5]])
    X = centres[rng.integers(0, 3, 2000)] + rng.normal(size=(2000, 3))
    assert profile(X).patterns.clusters == 3
    assert profile(rng.normal(size=(2000, 3))).patterns.clusters == 1
    far = np.concatenate([rng.normal(size=(990, 3)), np.full((10, 3), 40.0)])
    assert profile(far).patterns.clusters == 1  # one percent are no group
    assert profile(X, pattern_detection=False).patterns.clusters is None
    assert profile(X[:9]).patterns.clusters is None


ONE_GROUP = {
    "gaussian": lambda rng, n: rng.normal(size=(n, 1)),
    "uniform": lambda rng, n: rng.uniform(size=(n, 1)),
    "exponential": lambda rng, n: rng.exponential(size=(n, 1)),
    "lognormal": lambda rng, n: rng.lognormal(size=(n, 1)),
    "one and the same": lambda rng, n: (
        rng.normal(size=(n, 1)) + rng.normal(scale=0.05, size=(n, 3))
    ),
    "two exponentials": lambda rng, n: rng.exponential(size=(n, 2)),
}


@pytest.mark.parametrize("n", [20, 50, 1000])
@pytest.mark.parametrize("shape", ONE_GROUP)
def test_no_groups_where_there_is_one(shape, n):
    tables = [ONE_GROUP[shape](np.random.default_rng(seed), n) for seed in range(10)]
    assert [profile(X).patterns.clusters for X in tables] == [1] * 10


@pytest.mark.parametrize("n_groups", [2, 3])
@pytest.mark.parametrize(("n", "distance"), [(100, 8), (1000, 6)])
def test_groups_in_one_column_are_found(n_groups, n, distance):
    def table(seed):
        rng = np.random.default_rng(seed)
        return rng.normal(size=(n, 1)) + distance * rng.integers(n_groups, size=(n, 1))

    found = [profile(table(seed)).patterns.clusters for seed in range(10)]
    assert found == [n_groups] * 10


def test_a_column_beside_does_not_hide_groups(rng):
    X = rng.normal(size=(1000, 2))
    X[:500, 0] += 8
    assert profile(X).patterns.clusters == 2
    assert profile(np.repeat([[0.0], [1.0]], 20, axis=0)).patterns.clusters == 2
    # neither is one row a group, however few there are
    assert profile(np.r_[X[500:518, :1], [[1e3]]]).patterns.clusters == 1


def test_dip_of_shapes_with_one_mode_is_small(rng):
    for n in (10, 50, 250):
        limit = 0.6 / np.sqrt(n)
        assert np.mean([dip(rng.uniform(size=n)) > limit for _ in range(300)]) <= 0.01
        assert max(dip(rng.standard_cauchy(size=n)) for _ in range(100)) < limit
    assert dip(np.arange(100.0)) == pytest.approx(1 / 200)
    assert dip(np.repeat([0.0, 1.0], 10)) == 0.25  # the largest there is
    assert dip(np.zeros(5)) == 0
    assert dip(np.array([0.0, 5e-324, 1.0, 1e300])) <= 0.25
