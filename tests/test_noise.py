"""Where there is nothing to find nothing is found, and little else where there is."""

import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousDetector

pytestmark = pytest.mark.filterwarnings("error")


def test_no_anomalies_no_alarm():
    rng = np.random.RandomState(0)
    noises = [rng.randn(300, 5), rng.rand(300, 3), rng.standard_t(5, (400, 4))]
    flagged = [AutonomousDetector().fit(noise).contamination_ for noise in noises]
    assert np.mean(flagged) <= 0.05


@pytest.mark.parametrize("levels", [(3,), (4, 6), ()])
def test_no_alarm_for_categories_and_many_gaps(levels):
    rng = np.random.RandomState(0)
    table = pd.DataFrame(rng.randn(600, 2), columns=["a", "b"])
    for n_levels in levels:
        table[f"kind{n_levels}"] = rng.choice(list("uvwxyz"[:n_levels]), 600)
    if not levels:
        table.loc[rng.rand(600) < 0.4, "a"] = np.nan
    table.loc[5, "b"] = 40.0
    labels = AutonomousDetector().fit_predict(table)
    assert labels[5] == -1
    assert (labels == -1).mean() <= 0.02


def yes_no(rng, n):
    return {"yes": rng.choice(["yes", "no"], n, p=[0.2, 0.8])}


def flags(rng, n):
    return {f"flag{i}": rng.rand(n) < 0.1 for i in range(2)}


def kinds(rng, n):
    return {
        "answer": rng.choice(["yes", "no"], n, p=[0.9, 0.1]),
        "kind": rng.choice(list("abc"), n, p=[0.45, 0.45, 0.1]),
    }


@pytest.mark.parametrize("columns", [yes_no, flags, kinds])
@pytest.mark.parametrize(("n", "n_seeds"), [(400, 4), (2500, 1)])
def test_rarer_values_that_many_rows_have_are_no_alarm(columns, n, n_seeds):
    flagged = []
    for seed in range(n_seeds):
        rng = np.random.RandomState(seed)
        table = pd.DataFrame({**columns(rng, n), "a": rng.randn(n), "b": rng.randn(n)})
        flagged.append((AutonomousDetector().fit_predict(table) == -1).mean())
    assert np.mean(flagged) <= 0.05  # .1 to .2 if it counts that few rows have them


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_handful_of_rows_holds_no_anomaly(n):
    rng = np.random.RandomState(0)
    assert (AutonomousDetector().fit_predict(rng.randn(n, 3)) == 1).all()


@pytest.mark.parametrize("n", [8, 15])
def test_one_far_row_among_few_is_flagged(n):
    table = np.random.RandomState(0).randn(n, 3)
    table[0] = 30
    labels = AutonomousDetector().fit_predict(table)
    assert labels[0] == -1
    assert (labels[1:] == 1).all()


@pytest.mark.parametrize("share", [0.05, 0.15])
def test_gaps_are_no_anomalies(share):
    rng = np.random.RandomState(0)
    table = rng.randn(400, 4)
    gaps = rng.rand(400) < share
    table[gaps, 1] = np.nan
    assert (AutonomousDetector().fit_predict(table)[gaps] == -1).mean() <= 0.1


def test_planted_rows_are_flagged_and_little_else():
    rng = np.random.RandomState(3)
    table = rng.randn(600, 5)
    table[:20] += 9 * rng.choice([-1, 1], (20, 5))
    labels = AutonomousDetector().fit_predict(table)
    assert (labels[:20] == -1).all()
    assert (labels[20:] == -1).mean() <= 0.03
