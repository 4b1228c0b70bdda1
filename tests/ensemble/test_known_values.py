"""Rows that come back rounded get the values that they had."""

import numpy as np
import pytest

from autonomaly.ensemble._known_values import KnownValues

SHARED = {
    "tenths": np.arange(20) / 10,
    "seconds": 1.7e9 + np.arange(20),
    "tiny": np.arange(20) * 1e-300,
    "huge": np.array([-1, -0.5, 0.2, 1]) * np.finfo(float).max,
    "signs": np.array([-1.0, 0.0, 1.0]),
    "one": np.array([-0.7]),
}


@pytest.mark.parametrize("values", SHARED.values(), ids=SHARED)
def test_reference_rows_stay_as_they_are(values):
    X = np.random.RandomState(0).choice(values, (200, 3))
    X[:, 1] = X[:, 1] * np.linspace(0, 1, 200)
    np.testing.assert_array_equal(KnownValues(X).restore(X), X)


@pytest.mark.parametrize("towards", [-np.inf, np.inf])
@pytest.mark.parametrize("values", SHARED.values(), ids=SHARED)
def test_the_last_digit_is_mended(values, towards):
    X = np.random.RandomState(0).choice(values, (200, 2))
    with np.errstate(over="ignore", under="ignore"):
        rounded = np.nextafter(X, towards)
    some = (np.abs(X) > 0) & np.isfinite(rounded)
    restored = KnownValues(X).restore(np.where(some, rounded, X))
    np.testing.assert_array_equal(restored, X)


def test_what_the_reference_tells_apart_stays_apart():
    seconds = 1.7e9 + np.repeat(np.arange(100.0), 3)[:, None]
    between = 1.7e9 + np.array([[50.1], [50.5], [-3.0], [200.0]])
    restored = KnownValues(seconds).restore(between)
    np.testing.assert_array_equal(restored[1:], between[1:])
    assert restored[0] == 1.7e9 + 50


def test_rows_given_are_not_changed():
    X = np.repeat(np.arange(5.0), 4)[:, None]
    given = np.nextafter(X, np.inf)
    kept = given.copy()
    KnownValues(X).restore(given)
    np.testing.assert_array_equal(given, kept)
