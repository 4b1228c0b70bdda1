"""Scores made comparable, votes counted."""

import numpy as np
import pytest

from autonomaly.ensemble._combination import (
    combine,
    location_and_scale,
    standardize,
)

RNG = np.random.RandomState(0)


@pytest.mark.parametrize(
    "training",
    [
        RNG.randn(300),
        RNG.standard_cauchy(300),
        np.r_[np.zeros(295), np.arange(5)],
        np.zeros(50),
        np.full(50, 1e9) + RNG.rand(50),
        1e-12 * RNG.rand(50),
    ],
)
def test_standardize_keeps_the_order_of_everything(training):
    center, scale = location_and_scale(training)
    assert np.isfinite([center, scale]).all()
    assert scale > 0
    spread = training.max() - training.min() + scale
    new = training.max() + spread * np.logspace(-3, 12, 40)
    low = training.min() - spread * np.logspace(-3, 12, 40)[::-1]
    values = np.concatenate([low, np.unique(training), new])
    z = standardize(values, center, scale)
    assert np.isfinite(z).all()
    assert (np.diff(z) >= 0).all()
    assert (np.diff(z[-40:]) > 0).all(), "new extremes lost their order"
    assert (np.diff(z[:40]) > 0).all()


def test_standardize_bounds_nothing_but_tames():
    z = standardize(np.array([0.0, 1e3, 1e200]), 0.0, 1.0)
    assert 0 == z[0] < z[1] < 20 < z[2] < 1000


def test_standardize_ignores_unit_and_origin():
    scores = RNG.randn(200)
    there = standardize(scores, *location_and_scale(scores))
    moved = 1e3 * scores + 7
    np.testing.assert_allclose(standardize(moved, *location_and_scale(moved)), there)


def test_a_few_anomalies_do_not_move_the_scale():
    scores = RNG.randn(500)
    dirty = np.r_[scores, np.full(25, 50.0)]
    np.testing.assert_allclose(
        location_and_scale(dirty), location_and_scale(scores), atol=0.2
    )


Z = RNG.randn(200, 7)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("mean", Z.mean(axis=1)),
        ("median", np.median(Z, axis=1)),
        ("max", Z.max(axis=1)),
        ("upper_half", np.sort(Z, axis=1)[:, 3:].mean(axis=1)),
    ],
)
def test_combine(how, expected):
    np.testing.assert_allclose(combine(Z, how), expected)
    np.testing.assert_allclose(combine(Z, how, np.full(7, 2.0)), expected)
    # The order of the members does not matter.
    np.testing.assert_allclose(combine(Z[:, ::-1], how), expected)


@pytest.mark.parametrize("how", ["mean", "median", "max", "upper_half"])
def test_weights_of_zero_leave_a_member_out(how):
    weights = np.array([1.0, 1, 1, 0, 0, 1, 0])
    np.testing.assert_allclose(
        combine(Z, how, weights), combine(Z[:, weights > 0], how)
    )


@pytest.mark.parametrize("how", ["mean", "median", "upper_half"])
def test_a_weight_of_two_is_the_member_twice(how):
    weights = np.array([2.0, 1, 1, 1, 1, 1, 1])
    twice = np.column_stack([Z, Z[:, 0]])
    if how == "median":  # of an even number the upper middle counts
        expected = np.sort(twice, axis=1)[:, 4]
    else:
        expected = combine(twice, how)
    np.testing.assert_allclose(combine(Z, how, weights), expected)


@pytest.mark.parametrize("how", ["mean", "median", "max", "upper_half"])
@pytest.mark.parametrize("weights", [None, np.array([3.0, 1, 0, 2, 1, 1, 5])])
def test_combine_is_monotone(how, weights):
    more = Z + RNG.rand(*Z.shape)
    assert (combine(more, how, weights) >= combine(Z, how, weights)).all()
