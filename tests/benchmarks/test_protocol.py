"""The protocol of the benchmarks: rows, truth, failures, means, intervals."""

import json

import adbench
import numpy as np
import pandas as pd
import pytest
from _common import PeakMemory, plain
from _data import (
    draw_rows,
    drop_constant,
    list_cases,
    load_case,
    numeric_table,
    thin_anomalies,
)
from _detectors import (
    PEERS,
    RANK_AVERAGE,
    Outcome,
    rank_average,
    resolve_detectors,
    run_detector,
)
from _summary import (
    bootstrap_differences,
    check_claims,
    judge,
    share_errors,
    summarise,
)


def outcome(scores, flagged=None, error=None):
    scores = None if scores is None else np.asarray(scores, dtype=float)
    flagged = np.zeros(len(scores), bool) if flagged is None else np.array(flagged)
    return Outcome(scores, flagged, 0.5, 1000, error)


def failed():
    return Outcome(None, None, 0.5, 1000, "ValueError: no")


def record(detector, name, group, seed=0, *, auroc=0.5, error=None, **figures):
    return {
        "detector": detector,
        "set": name,
        "group": group,
        "seed": seed,
        "auroc": auroc,
        "ap": figures.get("ap", 0.1),
        "f1": figures.get("f1", 0.0),
        "seconds": 1.0,
        "prepare_seconds": 0.5,
        "peak_bytes": 10,
        "true_share": 0.1,
        "flagged_share": figures.get("flagged_share", 0.1),
        "error": error,
        "extra": figures.get("extra", {}),
    }


# --- sets and rows -----------------------------------------------------------------


def test_small_sets_keep_all_rows_in_order():
    assert draw_rows(7, 10).tolist() == list(range(7))


def test_draw_is_the_published_one():
    expected = np.random.RandomState(0).choice(50, 10, replace=False)
    assert draw_rows(50, 10).tolist() == expected.tolist()


def test_draw_without_anomalies_is_topped_up():
    y = np.zeros(5000, dtype=int)
    missed = np.setdiff1d(np.arange(5000), draw_rows(5000, 100))[:3]
    y[missed] = 1
    assert y[draw_rows(5000, 100)].sum() == 0
    rows = draw_rows(5000, 100, y)
    assert y[rows].sum() == 3
    assert len(np.unique(rows)) == len(rows) <= 100


def test_draw_with_enough_anomalies_is_not_touched():
    y = np.ones(500, dtype=int)
    assert draw_rows(500, 100, y).tolist() == draw_rows(500, 100).tolist()


def test_families_and_sources(small_data, tmp_path):
    for name in ("19_landsat", "30_satellite", "31_satimage-2", "14_glass"):
        (tmp_path / "adbench").mkdir(exist_ok=True)
        (tmp_path / "adbench" / f"{name}.npz").touch()
    groups = {case.name: case.group for case in list_cases(tmp_path, "adbench")}
    assert groups["landsat"] == groups["satellite"] == groups["satimage-2"]
    assert groups["glass"] == "glass"
    sources = [case.group for case in list_cases(small_data, "ovr")]
    assert sources == ["iris", "iris"]


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="AUTONOMALY_DATA"):
        list_cases(tmp_path, "ovr")


def test_constant_columns_are_dropped():
    X = np.array([[1.0, 2.0, 0.0], [1.0, 3.0, 0.0]])
    assert drop_constant(X).tolist() == [[2.0], [3.0]]
    assert drop_constant(X).flags["C_CONTIGUOUS"]
    assert drop_constant(np.ones((3, 2))).shape == (3, 1)


def test_peers_get_finite_numbers_from_a_messy_table():
    frame = pd.DataFrame(
        {
            "number": [1.0, np.nan, np.inf, 4.0, 5.0],
            "category": ["a", "b", None, "a", "b"],
            "empty": [np.nan] * 5,
            "constant": [3] * 5,
        }
    )
    X = numeric_table(frame)
    assert len(X) == 5
    assert np.isfinite(X).all()
    assert (np.ptp(X, axis=0) > 0).all()


def test_truth_never_reaches_a_detector(small_data):
    (case, *_) = list_cases(small_data, "ovr")
    table = load_case(case, 10_000)
    assert "anomaly" not in table.raw
    assert table.raw["shade"].isin(["light", "dark"]).all()  # as it was read
    assert table.y.sum() == 7
    assert len(table.numeric) == len(table.raw) == len(table.y)
    for column in table.numeric.T:
        assert abs(np.corrcoef(column, table.y)[0, 1]) < 1


def test_table_without_truth(small_data):
    tables = {c.name: load_case(c, 50) for c in list_cases(small_data, "mixed")}
    assert tables["iris_unlabelled"].y is None
    assert len(tables["iris_unlabelled"].raw) == 50


# --- judging -----------------------------------------------------------------------


def test_perfect_scores_and_their_labels():
    y = np.array([0, 0, 1, 1])
    figures = judge(y, outcome([1, 2, 3, np.inf], [False, False, False, True]))
    assert figures["auroc"] == figures["ap"] == 1
    assert figures["f1"] == pytest.approx(2 / 3)
    assert figures["flagged_share"] == 0.25


def test_nobody_flagged_is_f1_zero():
    assert judge(np.array([0, 1]), outcome([0, 1]))["f1"] == 0


def test_failure_counts_as_knowing_nothing():
    figures = judge(np.array([0, 0, 0, 1]), failed())
    assert (figures["auroc"], figures["ap"], figures["f1"]) == (0.5, 0.25, 0)
    assert figures["flagged_share"] is None


def test_a_peer_that_raises_is_recorded():
    done = run_detector("KNN", np.arange(6.0).reshape(3, 2), seed=0)
    assert done.error.startswith("ValueError")
    assert done.scores is None
    assert done.flagged is None


def test_a_peer_without_usable_scores_is_recorded():
    assert "NaN" in run_detector("INNE", np.ones((1, 3)), seed=0).error
    X = np.random.default_rng(0).standard_normal((50, 3))
    X[:, 1] = 2.0
    assert "finite" in run_detector("PCA", X, seed=0).error


def test_peers_scores_are_high_for_a_planted_row():
    X = np.random.default_rng(0).standard_normal((200, 3))
    X[17] = 9
    for name in ("IsolationForest", "LocalOutlierFactor", "KNN", "PCA"):
        done = run_detector(name, X, seed=0)
        assert done.error is None
        assert done.scores.argmax() == 17
        assert done.flagged[17]
        assert done.flagged.dtype == bool


def test_rank_average_leaves_failed_members_out_and_says_so():
    scores = np.arange(100.0)
    merged = rank_average({"a": outcome(scores), "b": outcome(10 * scores**3)})
    assert merged.scores.tolist() == (scores + 1).tolist()
    assert merged.flagged.sum() == 10
    assert merged.flagged[-10:].all()
    merged = rank_average({"a": outcome(scores), "b": failed()})
    assert merged.error is None
    assert merged.extra == {"left_out": ["b"]}
    assert rank_average({"b": failed()}).error is not None


def test_detector_names():
    assert resolve_detectors(["peers"]) == list(PEERS)
    assert resolve_detectors(["hbos", "autonomaly"]) == ["autonomaly", "HBOS"]
    assert "LUNAR" not in resolve_detectors(None)
    with pytest.raises(ValueError, match="Known are"):
        resolve_detectors(["nobody"])


def test_peak_memory_sees_a_block_that_is_freed_again():
    # Held back by the C library or not: memory used before must not hide it.
    np.ones(10_000_000).sum()
    with PeakMemory() as memory:
        np.ones(10_000_000).sum()
    assert 70e6 < memory.bytes_ < 120e6


# --- means, ranks, intervals -------------------------------------------------------


def test_means_are_taken_over_seeds_then_sets():
    records = [
        record("a", "s", "s", 0, auroc=0.6),
        record("a", "s", "s", 1, auroc=0.8),
        record("a", "t", "t", 0, auroc=1.0),
        record("b", "s", "s", 0, auroc=0.9),
        record("b", "t", "t", 0, auroc=0.5, error="ValueError: no"),
    ]
    rows = summarise(records, ["a", "b"], by_group=False)["rows"]
    assert rows[0]["auroc"] == pytest.approx((0.7 + 1.0) / 2)
    assert rows[1]["auroc"] == pytest.approx(0.7)
    assert [r["wins"] for r in rows] == [1, 1]
    assert [r["rank"] for r in rows] == [1.5, 1.5]
    assert [r["n_failed"] for r in rows] == [0, 1]
    assert rows[0]["seconds"] == 1.5


def test_sources_count_once():
    records = [record("a", f"x-out{i}", "x", auroc=1.0) for i in range(9)]
    records.append(record("a", "y-in0", "y", auroc=0.5))
    summary = summarise(records, ["a"], by_group=True)
    assert summary["units"] == ["x", "y"]
    assert summary["rows"][0]["auroc"] == 0.75


def _paired(differences, groups):
    values = {"a": list(differences), "b": [0.0] * len(differences)}
    return {"groups": groups, "values": {"auroc": values}}


def test_interval_of_a_constant_difference_has_no_width():
    (d,) = bootstrap_differences(_paired([0.25] * 8, list("abcdefgh")), "a", ["b"])
    assert d["peer"] == "b"
    for bound in ("mean", "low", "high"):
        assert d["auroc"][bound] == pytest.approx(0.25)


def test_relatives_widen_the_interval():
    differences = np.repeat(np.random.default_rng(0).standard_normal(10), 5)
    separate = [str(i) for i in range(50)]
    families = [str(i // 5) for i in range(50)]
    widths = []
    for groups in (separate, families):
        (d,) = bootstrap_differences(_paired(differences, groups), "a", ["b"])
        assert d["auroc"]["low"] < differences.mean() < d["auroc"]["high"]
        widths.append(d["auroc"]["high"] - d["auroc"]["low"])
    assert widths[1] == pytest.approx(widths[0] * np.sqrt(5), rel=0.15)


def test_share_error_prefers_the_estimate_over_the_flagged_share():
    records = [
        record("a", "s", "s", flagged_share=0.5, extra={"contamination": 0.2}),
        record("b", "s", "s", flagged_share=0.4),
    ]
    errors = {e["detector"]: e["error"] for e in share_errors(records, ["a", "b"])}
    assert errors == pytest.approx({"a": 0.1, "b": 0.3, "constant 10 %": 0.0})


def test_claims_are_measured_against_the_strongest_peer():
    rows = [("own", 0.82, 0.5, 0.3), ("weak", 0.6, 0.1, 0.1), ("strong", 0.8, 0.5, 0.2)]
    summary = {
        "rows": [
            dict(zip(("detector", "auroc", "ap", "f1"), row, strict=True))
            for row in rows
        ]
    }
    claims = {c["claim"]: c for c in check_claims("adbench", summary, "own")}
    assert claims["auroc of own"]["holds"]
    assert claims["auroc above strong"]["measured"] == pytest.approx(0.02)
    assert not claims["auroc above strong"]["holds"]
    assert not claims["ap above strong"]["holds"]  # equal is not above
    assert claims["f1 above strong"]["holds"]
    assert check_claims("mvtec", summary, "own") == []


# --- a whole run -------------------------------------------------------------------


def _options(data, out, *more):
    names = ["--detectors", "IsolationForest", "KNN", RANK_AVERAGE]
    return adbench.parse(
        ["--data", str(data), "--json", str(out), "--tasks", "adbench", *names, *more]
    )


def test_seeds_resume_and_json(small_data, tmp_path, capsys):
    out = tmp_path / "out.json"
    adbench.run(_options(small_data, out, "--seeds", "0"))
    first = json.loads(out.read_text())["results"]
    assert {(r["set"], r["detector"]) for r in first} == {
        (s, d)
        for s in ("WDBC", "wine")
        for d in ("IsolationForest", "KNN", RANK_AVERAGE)
    }

    options = _options(small_data, out, "--seeds", "0", "1", "--resume")
    summary = adbench.run(options)["adbench"]
    document = json.loads(out.read_text())
    assert document["results"][: len(first)] == first  # nothing was run twice
    added = [(r["detector"], r["seed"]) for r in document["results"][len(first) :]]
    # KNN does not depend on the seed; the rank average does, through the forest.
    assert sorted(set(added)) == [("IsolationForest", 1), (RANK_AVERAGE, 1)]
    assert [r["detector"] for r in summary["rows"]] == [
        "IsolationForest",
        "KNN",
        RANK_AVERAGE,
    ]
    assert document["versions"]["scikit-learn"]
    assert document["machine"]["n_cpus"] >= 1
    assert "IsolationForest" in capsys.readouterr().out

    with pytest.raises(ValueError, match="rows"):
        adbench.run(_options(small_data, out, "--resume", "--rows", "50"))


def test_failures_are_visible(small_data, tmp_path, capsys):
    # Four rows per set: KNN needs more neighbours than there are.
    options = _options(small_data, tmp_path / "o.json", "--rows", "4", "--seeds", "0")
    summary = adbench.run(options)["adbench"]
    knn = next(r for r in summary["rows"] if r["detector"] == "KNN")
    assert knn["n_failed"] == 2
    assert knn["auroc"] == 0.5
    printed = capsys.readouterr().out
    assert "KNN on wine, seed 0: FAILED" in printed
    assert f"{RANK_AVERAGE} on wine, seed 0: without its failed members KNN" in printed


def test_parallel_run_gives_the_same_figures(small_data):
    figures = []
    for jobs in ("1", "2"):
        options = adbench.parse(
            ["--data", str(small_data), "--tasks", "mvtec", "--n-jobs", jobs]
            + ["--detectors", "IsolationForest", "--seeds", "0", "1"]
        )
        (row,) = adbench.run(options)["mvtec"]["rows"]
        figures.append((row["auroc"], row["ap"], row["f1"]))
    assert figures[0] == figures[1]


def test_json_holds_numpy_and_missing_figures():
    value = {"a": np.float64("nan"), "b": np.arange(2), "c": (np.int64(3), None)}
    assert json.dumps(plain(value), allow_nan=False) == (
        '{"a": null, "b": [0, 1], "c": [3, null]}'
    )


@pytest.mark.parametrize(
    ("n_anomalies", "max_share", "kept"),
    [(100, 0.02, 18), (100, 0.001, 5), (3, 0.001, 3), (100, 0.1, 100), (100, 1.0, 100)],
)
def test_anomalies_are_thinned(n_anomalies, max_share, kept):
    y = np.random.RandomState(1).permutation(np.repeat([0, 1], [900, n_anomalies]))
    rows = thin_anomalies(y, max_share)
    assert y[rows].sum() == kept
    assert (y[rows] == 0).sum() == 900
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, thin_anomalies(y, max_share))


# --- the real folder ---------------------------------------------------------------


def test_collections_are_complete(real_data):
    cases = {task: list_cases(real_data, task) for task in ("adbench", "ovr", "mvtec")}
    assert [len(c) for c in cases.values()] == [29, 122, 8]
    assert len({c.group for c in cases["ovr"]}) == 26
    families = {c.group for c in cases["adbench"]}
    assert len(families) == 29 - 2 - 1 - 3 - 1


def test_real_sets_load(real_data):
    cases = {c.name: c for c in list_cases(real_data, "adbench")}
    smtp = load_case(cases["smtp"], 10_000)
    assert smtp.numeric.shape == (10_000, 3)
    assert smtp.y.sum() == 4
    assert load_case(cases["smtp"], 10_000, min_anomalies=10).y.sum() == 4 + 18
    wilt = load_case(cases["Wilt"], 10_000, max_share=0.015)
    assert (wilt.y == 1).mean() == pytest.approx(0.015, abs=2e-4)
    assert len(wilt.numeric) == len(wilt.y)
    mixed = {c.name: c for c in list_cases(real_data, "mixed")}
    messy = load_case(mixed["birdstrikes_unlabelled"], 300)
    assert messy.y is None
    assert np.isfinite(messy.numeric).all()
