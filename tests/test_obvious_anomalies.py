"""Rows that anybody would call odd come first, whatever else the table holds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from autonomaly import AutonomousDetector


def many_sorts_of_goods(rng):
    n = 600
    table = pd.DataFrame(
        {
            "amount": rng.gamma(4, 100, n).round(2),
            "kind": rng.choice(["a", "b"], n),
            "sku": [f"P{i}" for i in rng.randint(0, 200, n)],
        }
    )
    table.loc[:1, "amount"] = [1e6, -5e5]
    return table, 2


def few_large_and_many_small_cities(rng):
    n = 2000
    weights = 1 / np.arange(1, 301)
    cities = rng.choice(300, n, p=weights / weights.sum())
    table = pd.DataFrame(
        {"city": [f"c{i}" for i in cities], "x": rng.randn(n), "y": rng.randn(n)}
    )
    table.loc[:5, "x"] = 6.0
    return table, 6


def a_value_of_another_category(rng):
    n = 1500
    category = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    table = pd.DataFrame(
        {
            "category": np.array(list("abc"))[category],
            "x": np.exp(1.5 * category + 0.3 * rng.randn(n)),
            "y": rng.gamma(2, 1, n),
            "z": rng.randn(n),
            "k": rng.choice(list("pqrst"), n),
        }
    )
    table.loc[:9, "category"] = "a"
    table.loc[:9, "x"] = np.exp(3 + 0.3 * rng.randn(10))
    return table, 10


@pytest.mark.parametrize(
    "draw",
    [
        many_sorts_of_goods,
        few_large_and_many_small_cities,
        a_value_of_another_category,
    ],
)
def test_planted_rows_come_first(draw):
    found = []
    for seed in range(4):
        table, n_planted = draw(np.random.RandomState(seed))
        scores = AutonomousDetector().fit(table).score_samples(table)
        planted = np.arange(len(table)) < n_planted
        found.append(average_precision_score(planted, -scores))
    assert np.mean(found) > 0.25


def test_one_column_of_amounts_does_not_drown_the_others():
    rng = np.random.RandomState(1)
    X, odd = rng.normal(size=(4000, 20)), np.arange(4000) < 20
    X[odd, :8] -= 3
    X[:, 19] = rng.lognormal(3, 1.5, 4000)
    scores = AutonomousDetector().fit(X).score_samples(X)
    assert odd[np.argsort(scores)[:20]].mean() > 0.8  # .45 without logarithms


def test_ordinary_amounts_are_no_anomalies():
    rng = np.random.RandomState(2)
    X = pd.DataFrame(
        {
            "amount": rng.lognormal(4, 1.2, 2000).round(2),
            "age": rng.randint(18, 80, 2000),
            "days": rng.exponential(30, 2000).round(),
        }
    )
    assert (AutonomousDetector().fit_predict(X) == -1).mean() < 0.01
    X.loc[0, "amount"] = 1e6
    assert AutonomousDetector().fit(X).score_samples(X).argmin() == 0
