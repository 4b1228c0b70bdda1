"""Correlations."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from autonomaly._utils._correlation import correlation, rank_correlation


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=4, max_size=30))
def test_rank_correlation_is_one_of_ranks(values):
    values = np.array(values, dtype=float)
    expected = 0.0 if (values == values[0]).all() else 1.0
    three = rank_correlation(np.column_stack([values, np.exp(values / 10), -values]))
    np.testing.assert_allclose(three[0, 1:], [expected, -expected], atol=1e-12)


def test_columns_that_differ_by_rounding_only_do_not_vary():
    flat = 0.1 + np.array([0.0, 1e-17, 2e-17, 0.0])
    pair = correlation(np.column_stack([flat, [1.0, 2.0, 3.0, 5.0]]))
    np.testing.assert_allclose(pair, [[0, 0], [0, 1]], atol=1e-12)
