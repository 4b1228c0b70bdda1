"""The other scripts: sizes, noise, planted rows, imports."""

import false_alarms
import import_time
import numpy as np
import obvious
import pandas as pd
import pytest
import scaling


def test_scaling_rows_are_reproducible():
    X = scaling.make_rows(1000, 4)
    assert X.shape == (1000, 4)
    assert np.array_equal(X, scaling.make_rows(1000, 4))
    assert not np.array_equal(X, scaling.make_rows(1000, 4, seed=1))


def test_child_reports_time_and_memory():
    result = scaling.in_child("fit_and_score", 120, detector=scaling.FOREST, n=400, d=3)
    assert result["error"] is None
    assert result["fit_seconds"] > 0
    assert result["score_seconds"] > 0
    assert 50e6 < result["peak_bytes"] < 2e9


def test_failing_child_says_why():
    result = scaling.in_child("one_row", 120, detector=scaling.FOREST, n=-1, d=3)
    assert "TypeError" in result["error"]


def test_late_child_is_ended():
    result = scaling.in_child("fit_and_score", 0.2, detector="x", n=10, d=2)
    assert "not done" in result["error"]
    assert result["peak_bytes"] > 0


def _size(detector, n, fit, score=0.0):
    return {
        "detector": detector,
        "n": n,
        "d": 10,
        "fit_seconds": fit,
        "score_seconds": score,
        "peak_bytes": 5e8,
        "error": None,
    }


def test_growth_exponent_of_the_largest_sizes():
    rows = [_size("a", 10**e, 2.0 * 10 ** (e - 3) if e > 3 else 7) for e in range(3, 7)]
    assert scaling.growth_exponent(rows, "a", 10) == pytest.approx(1)
    assert scaling.growth_exponent(rows[:1], "a", 10) is None


def test_limits_are_compared_with_medians():
    own, forest, engine = scaling.OWN, scaling.FOREST, scaling.ENGINE
    rows = [
        _size(own, 100_000, 2.0),
        _size(own, 1_000_000, 15.0, 5.0),
        _size(forest, 1_000_000, 1.0, 9.0),
    ]
    seconds = {own: [1.0, 1.2, 9.0], forest: [0.1, 0.1, 0.1], engine: [0.5, 0.6, 0.7]}
    claims = scaling.measured_claims(
        rows, {"seconds": seconds, "error": None}, {"ms": [1, 30, 40], "error": None}
    )
    measured = [c["measured"] for c in claims]
    assert measured == pytest.approx([2, 12, 2, 500, 1, 30])
    assert [c["holds"] for c in claims] == [True, True, True, True, True, False]
    nothing = scaling.measured_claims([], {"error": "no"}, {"error": "no"})
    assert {c["holds"] for c in nothing} == {None}


def test_plot_is_written(tmp_path):
    rows = [
        _size(d, n, n / 1e4) for d in (scaling.OWN, scaling.FOREST) for n in (10, 99)
    ]
    scaling.plot(rows, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 10_000


@pytest.mark.parametrize("kind", [*false_alarms.NOISE, *false_alarms.TABLES])
def test_noise_is_reproducible(kind):
    trial = false_alarms.Trial(kind, 100, 3, 0)
    X = false_alarms.make_noise(trial)
    assert X.shape == (100, 3)
    np.testing.assert_array_equal(X, false_alarms.make_noise(trial))


def test_rates_are_compared_with_what_came(monkeypatch):
    monkeypatch.setattr(false_alarms, "RATES", (0.2,))
    (record,) = false_alarms.run_rates(false_alarms.Trial(20, 300, 3, 0))
    assert record["rate"] == 0.2
    assert 0 <= record["false"] <= 0.4
    assert record["recall"] > 0.5


def test_noise_of_categories():
    table = false_alarms.make_noise(
        false_alarms.Trial("categories and numbers", 300, 4, 0)
    )
    assert [pd.api.types.is_numeric_dtype(t) for t in table.dtypes] == [
        False,
        True,
        False,
        True,
    ]
    assert table.select_dtypes(exclude="number").nunique().between(2, 12).all()
    trial = false_alarms.Trial("categories", 200, 3, 0)
    (alarm,) = false_alarms.run_trial(trial, ["KNN"])
    assert alarm["error"] is None
    assert "recall" not in alarm


@pytest.mark.parametrize("kind", ["scattered", "clustered"])
def test_planted_rows_are_far(kind):
    X, y = false_alarms.make_planted(false_alarms.Trial(kind, 600, 10, 0))
    assert X.shape == (620, 10)
    assert y.sum() == 20
    norms = np.linalg.norm(X, axis=1)
    assert norms[y == 1].min() > norms[y == 0].max()
    spread = X[y == 1].std(axis=0).mean()
    assert spread < 1 if kind == "clustered" else spread > 2


def test_planted_rows_are_judged():
    trial = false_alarms.Trial("scattered", 600, 5, 0)
    (found,) = false_alarms.run_trial(trial, ["IsolationForest"])
    assert found["recall"] == 1
    assert 0 < found["precision"] < 1
    noise = false_alarms.Trial("gaussian", 200, 2, 0)
    (alarm,) = false_alarms.run_trial(noise, ["KNN"])
    assert alarm["share"] == pytest.approx(0.1, abs=0.01)
    assert "recall" not in alarm


def test_import_is_timed_in_a_fresh_interpreter():
    result = import_time.time_import("import pandas")
    assert result["seconds"] > 0
    assert "pandas" in result["loaded"]
    assert import_time.time_import("import json")["loaded"] == []
    with pytest.raises(RuntimeError, match="ModuleNotFoundError"):
        import_time.time_import("import no_such_module_anywhere")


@pytest.mark.parametrize("draw", [*obvious.PLANTED, obvious.ordinary_amounts])
def test_obvious_tables_are_reproducible_and_say_what_is_odd(draw):
    table, odd = draw(np.random.default_rng(3))
    again, _ = draw(np.random.default_rng(3))
    pd.testing.assert_frame_equal(table, again)
    assert len(odd) == len(table)
    assert 0 < odd.sum() < 0.02 * len(odd) or draw is obvious.ordinary_amounts
