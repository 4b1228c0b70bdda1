import io
import re

import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousDetector
from autonomaly.cli._files import SCORE_COLUMNS, score_table, smallest_pvalue
from autonomaly.cli._report import Report, _rough, plain, plain_pair
from autonomaly.profiling import DataProfiler


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567.0, "1234567"),
        (0.000012345, "1.234e-05"),
        (3.0, "3"),
        (np.float32(0.1), "0.1"),
        (7, "7"),
        (np.nan, "missing"),
        (None, "missing"),
        (pd.NaT, "missing"),
        (pd.NA, "missing"),
        (-np.inf, "-inf"),
        ("a\x1b[31m\nb", "a [31m b"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("x" * 100, "x" * 37 + "..."),
    ],
)
def test_values_are_written_plainly(value, text):
    assert plain(value) == text


@pytest.mark.parametrize(
    ("value", "typical", "texts"),
    [
        (1.0000001, 1.0, ("1.0000001", "1")),
        (1e9 + 0.25, 1e9, ("1000000000.25", "1000000000")),
        (5.0, -0.0, ("5", "0")),
        ("x" * 50 + "a", "x" * 50 + "b", ("x" * 50 + "a", "x" * 50 + "b")),
        (np.nan, 1.5, ("missing", "1.5")),
    ],
)
def test_different_values_look_different(value, typical, texts):
    assert plain_pair(value, typical) == texts


@pytest.mark.parametrize(
    ("pvalues", "labels", "said"),
    [
        ([0.001, 0.001, 0.4], [-1, 1, 1], "Note 1 row is not flagged although no p-"),
        ([0.001, 0.001, 0.001], [-1, 1, 1], "Note 2 rows are not flagged although no"),
        ([0.001, 0.2, 0.4], [-1, -1, 1], "Note 1 row is flagged although its p-value"),
        ([0.001, 0.2, 0.001], [-1, -1, 1], "smaller and 1 row is flagged although its"),
        ([0.001, 0.002, 0.4], [-1, 1, 1], None),
        # The least odd of ordinary rows: smaller p-values there could be.
        ([0.01, 0.3, 0.4], [1, 1, 1], None),
        ([np.nan, np.nan, np.nan], [-1, 1, 1], None),
    ],
)
def test_seeming_contradictions_are_explained(pvalues, labels, said):
    values = [range(3), [-3.0, -2.0, -1.0], pvalues, labels]
    table = pd.DataFrame(dict(zip(SCORE_COLUMNS, values, strict=True)))
    printed = _printed(lambda report: report.differences(table, 0.001))
    if said is None:
        assert printed == "\n"
    else:
        assert said in " ".join(printed.split())


def test_where_no_p_value_is_small_nothing_contradicts_it():
    table = _table([-3.0, -2.0], [1, 1]).assign(p_value=0.2)
    assert _printed(lambda report: report.differences(table, 0.2)) == "\n"


@pytest.mark.parametrize("n", [100, 2000])
def test_the_smallest_p_value_is_that_of_the_model(n):
    X = np.random.RandomState(0).randn(n, 2)
    detector = AutonomousDetector(max_models=1).fit(X)
    far = detector.outlier_pvalues(np.full((1, 2), 1e6))
    assert smallest_pvalue(detector) == far[0]
    assert 0 < far[0] < 0.02


def test_flags_that_p_values_do_not_support_are_doubted():
    values = [range(3), [-3.0, -2.0, -1.0], [0.2, 0.01, 0.4], [-1, -1, 1]]
    table = pd.DataFrame(dict(zip(SCORE_COLUMNS, values, strict=True)))
    for pvalues, doubted in (([0.2, 0.01, 0.4], False), ([0.2, 0.3, 0.4], True)):
        table["p_value"] = pvalues
        printed = _printed(lambda report: report.differences(table, 0.001))
        said = "2 of the 2 flagged rows have a p-value above 0.05"
        assert (said in " ".join(printed.split())) is doubted


def _printed(fill):
    stream = io.StringIO()
    report = Report(stream)
    fill(report)
    assert stream.getvalue() == ""
    report.print()
    return stream.getvalue()


@pytest.mark.parametrize("width", [30, 80, 200])
def test_profiles_fit_the_terminal_and_have_no_colour_when_piped(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    X = pd.DataFrame(
        {
            "a rather long name of a column": [1.0, 2.0, np.nan] * 20,
            "\x1b[31m": ["[red]x", "y", "z"] * 20,
        }
    )
    profile = DataProfiler().profile(X)

    def fill(report):
        report.data("x", profile)
        report.hints(profile)
        report.columns(profile)

    text = _printed(fill)
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= width
    assert "60 rows" in " ".join(text.split())


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (200, None),
        (70, "max is left out, the terminal has 70 columns; --output FILE has all"),
        (58, "min, median and max are left out, the terminal has 58 columns"),
    ],
)
def test_what_a_narrow_terminal_does_not_show_is_named(monkeypatch, width, said):
    monkeypatch.setenv("COLUMNS", str(width))
    X = np.random.RandomState(0).normal(size=(60, 2)).round(3)
    profile = DataProfiler().profile(X)
    text = " ".join(_printed(lambda report: report.columns(profile)).split())
    assert said in text if said else "left out" not in text


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "13 detectors vote: the default set for every table"),
        (
            {"max_models": 1},
            "1 detector votes: of the default set for every table, the",
        ),
        ({"max_models": 99}, "13 detectors vote: the default set for every table"),
        (
            {"exclude": ["knn"]},
            "8 detectors vote: the default set for every table, except those lef",
        ),
        ({"algorithms": ["knn", "forest"]}, "6 detectors vote: those requested"),
        (
            {"algorithms": ["knn", "forest"], "max_models": 2},
            "2 detectors vote: of those requested, the ones that differ most",
        ),
    ],
)
def test_the_members_and_how_they_were_chosen(parameters, said):
    X = np.random.RandomState(0).normal(size=(40, 3))
    detector = AutonomousDetector(**parameters).fit(X)
    text = " ".join(_printed(lambda report: report.choices(detector)).split())
    assert f"Members {said}" in text
    assert "detector members finds" in text
    assert "finds rows" not in text
    assert "pool" not in text


def test_one_column_leaves_out_what_cannot_serve():
    detector = AutonomousDetector().fit(np.random.RandomState(0).normal(size=(40, 1)))
    text = " ".join(_printed(lambda report: report.choices(detector)).split())
    assert "the default set for every table, except those left out below" in text


def test_what_the_anomalies_are_is_said():
    profile = DataProfiler().profile(np.random.RandomState(0).normal(size=(20, 3)))
    said = _printed(lambda report: report.data("x", profile, anomalies="3 of 20"))
    assert "no duplicate rows; anomalies: 3 of 20" in " ".join(said.split())


def test_the_profile_of_some_rows_is_not_taken_for_the_table():
    profile = DataProfiler().profile(np.random.RandomState(0).normal(size=(20, 3)))
    text = " ".join(_printed(lambda report: report.data("x", profile, 500)).split())
    assert "x: 500 rows, 3 columns (3 numeric)" in text
    assert "no duplicate rows in the 20 rows profiled" in text
    text = " ".join(_printed(lambda report: report.data("x", profile, 20)).split())
    assert "20 rows, 3 columns" in text
    assert "profiled" not in text


def test_wide_profiles_are_cut():
    profile = DataProfiler().profile(np.random.RandomState(0).normal(size=(20, 60)))
    text = _printed(lambda report: report.columns(profile))
    assert "x39" in text
    assert "x40" not in text
    assert "and 20 more columns" in text


def _table(scores, labels):
    values = [range(len(scores)), scores, np.ones(len(scores)), labels]
    return pd.DataFrame(dict(zip(SCORE_COLUMNS, values, strict=True)))


def test_performance():
    table = _table([-3.0, -2.0, -1.0, 0.0], [-1, -1, 1, 1])
    text = _printed(lambda report: report.performance(table, np.array([-1, 1, 1, 1])))
    text = " ".join(text.split())
    assert "1 of 4 rows (25.0 %) is an anomaly" in text
    assert "AUROC 1.000" in text
    assert "precision 0.500, recall 1.000, F1 0.667" in text


def test_performance_without_anomalies_says_so():
    table = _table(np.zeros(3), np.ones(3))
    text = _printed(lambda report: report.performance(table, np.ones(3, dtype=int)))
    assert "nothing can be measured" in text


def test_scores_that_are_all_alike_have_no_oddest():
    table = _table(np.zeros(3), np.ones(3))
    model = AutonomousDetector(max_models=1).fit(np.random.RandomState(0).randn(40, 2))
    text = _printed(lambda report: report.oddest(table, np.zeros((3, 2)), model))
    assert "no row is odder than another" in text


def test_the_ten_oddest_rows_are_shown():
    X = np.random.RandomState(0).normal(size=(40, 2))
    model = AutonomousDetector(max_models=1).fit(X)
    scores = model.score_samples(X)
    table = _table(scores, model.predict(X))
    lines = _printed(lambda report: report.oddest(table, X, model)).splitlines()
    assert "10 rows, counted from 0" in lines[0]
    rows = [re.match(r"\s*(\d+)[* ] +-\d", line) for line in lines]
    shown = [int(row[1]) for row in rows if row]
    assert shown == np.argsort(scores)[:10].tolist()


@pytest.mark.parametrize(
    ("ratio", "text"), [(1, "100 %"), (0.9996, "more than 99 %"), (0.123, "12 %")]
)
def test_shares_are_never_written_as_powers(ratio, text):
    assert _rough(ratio) == text


def test_columns_left_unused_are_grouped_by_the_reason():
    dropped = {"a": "every value is missing", "id": "a running number"}
    dropped |= {f"b{i}": "every value is missing" for i in range(30)}
    lines = _printed(lambda report: report.unused(dropped)).splitlines()
    text = " ".join(" ".join(lines).split())
    assert "32 columns a, b0, b1," in text
    assert "b18 and 11 more: every value is missing id: a running number" in text


def test_texts_that_do_not_repeat_have_no_typical_one():
    rng = np.random.RandomState(0)
    X = pd.DataFrame(
        {"said": [f"visitor {i} asked for {i % 7} of them" for i in range(90)]}
    )
    X["size"] = rng.normal(size=90)
    X.loc[7, "said"] = "!!! @@ ??? ## $$$ %% ^^^ && ~~~"
    detector = AutonomousDetector(max_models=2).fit(X)
    table = score_table(detector, X)
    printed = _printed(lambda report: report.oddest(table, X, detector))
    assert "said = !!! @@ ??? ## $$$ %% ^^^ && ~~~\n" in printed


def test_values_that_cannot_be_read_are_not_said_to_be_nothing():
    table = pd.DataFrame({"a": np.arange(60.0)})
    table["when"] = pd.date_range("2022-01-01", periods=60).strftime("%d.%m.%Y")
    table.loc[5, "when"] = "31.02.2021"
    profile = DataProfiler().profile(table)
    said = " ".join(_printed(lambda report: report.data("t", profile)).split())
    assert "nothing missing, 1 value that does not fit the column" in said
