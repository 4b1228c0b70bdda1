"""The scripts about tuning: configurations, choices, intervals."""

import _tuning
import criteria
import numpy as np
import pytest
import tuning
from _data import list_cases


def test_configurations_are_drawn_once_for_all():
    drawn = _tuning.configurations(3)
    assert drawn == _tuning.configurations(3)
    assert {name for name, _, _ in drawn} == set(_tuning.DETECTORS)
    assert len(drawn) == 3 * len(_tuning.DETECTORS)
    assert len({repr(c) for c in drawn}) == len(drawn)
    for name in _tuning.DETECTORS:
        first = next(c for c in drawn if c[0] == name)
        assert first[2] == {}  # the default comes first
    _tuning.build(drawn[4]).fit(np.random.RandomState(0).normal(size=(40, 3)))


def test_interval_is_one_over_groups():
    values = [0.0] * 50 + [1.0] * 50
    single = _tuning.interval(values, [str(i) for i in range(100)])
    grouped = _tuning.interval(values, ["a"] * 50 + ["b"] * 50)
    assert single[0] == grouped[0] == 0.5
    assert single[2] - single[1] < 0.25
    assert grouped[1:] == pytest.approx((0.0, 1.0))


def _result(auroc, ap, **figures):
    return {
        "detector": "forest",
        "auroc": auroc,
        "ap": ap,
        "criteria": figures,
        "seconds": dict.fromkeys(figures, 0.1),
        "error": None,
    }


def test_criteria_are_judged_by_what_they_rank_and_choose():
    record = {
        "results": [
            _result(0.6, 0.1, good=1, bad=9),
            _result(0.7, 0.3, good=2, bad=5),
            _result(0.9, 0.2, good=3, bad=0),
            {"detector": "lof", "error": "declined"},
        ]
    }
    judged = criteria.judge(record)
    assert judged["correlation"] == {"good": pytest.approx(1), "bad": pytest.approx(-1)}
    assert judged["auroc"] == pytest.approx(
        {"good": 0.9, "bad": 0.6, "default": 0.6, "at random": 2.2 / 3, "oracle": 0.9}
    )
    assert judged["ap"]["oracle"] == 0.2  # the best by AUROC, whatever its AP


def test_a_family_has_no_say_in_what_it_is_judged_by():
    judged = [
        {"correlation": {"a": 0.9, "b": 0.1}},
        {"correlation": {"a": 0.0, "b": 0.2}},
        {"correlation": {"a": 0.0, "b": 0.2}},
    ]
    assert criteria.leave_one_family_out(judged, ["x", "y", "z"]) == ["b", "a", "a"]
    records = [
        {"group": g, "results": {"a": {"auroc": a}, "b": {"auroc": b}}}
        for g, a, b in [("x", 0.9, 0.1), ("y", 0.0, 0.2), ("z", 0.0, 0.2)]
    ]
    chosen = tuning.leave_one_family_out(records, ["a", "b"], "auroc")
    assert chosen == ["b", "a", "a"]


def test_a_set_is_measured(small_data):
    (case, *_) = list_cases(small_data, "adbench")
    arguments = tuning.parse(["--smoke", "--n-trials", "4", "--criteria", "stability"])
    arguments.rows = 60
    record = tuning.measure_case(case, arguments)
    untuned, tuned = (record["results"][n] for n in ("untuned", "stability"))
    assert untuned["n_changed"] == untuned["n_trials"] == 0
    assert tuned["n_trials"] > 10
    assert 0.5 < untuned["auroc"] <= 1
