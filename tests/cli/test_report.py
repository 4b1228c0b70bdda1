import io
import re

import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousDetector
from autonomaly.cli._files import SCORE_COLUMNS, score_table
from autonomaly.cli._report import Report, _rough, count, percent, plain, plain_pair
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
    ("pvalues", "labels", "n"),
    [
        ([0.001, 0.001, 0.4], [-1, 1, 1], 1),
        ([0.001, 0.2, 0.4], [-1, -1, 1], 1),
        ([0.001, 0.002, 0.4], [-1, 1, 1], 0),
        ([0.3, 0.3, 0.4], [1, 1, 1], 0),
        ([np.nan, np.nan, np.nan], [-1, 1, 1], 0),
    ],
)
def test_seeming_contradictions_are_explained(pvalues, labels, n):
    values = [range(3), [-3.0, -2.0, -1.0], pvalues, labels]
    table = pd.DataFrame(dict(zip(SCORE_COLUMNS, values, strict=True)))
    said = " ".join(_printed(lambda report: report.differences(table)).split())
    assert ("label seem to differ for 1 row:" in said) == bool(n)


def test_flags_that_p_values_do_not_support_are_doubted():
    values = [range(3), [-3.0, -2.0, -1.0], [0.2, 0.01, 0.4], [-1, -1, 1]]
    table = pd.DataFrame(dict(zip(SCORE_COLUMNS, values, strict=True)))
    for pvalues, doubted in (([0.2, 0.01, 0.4], False), ([0.2, 0.3, 0.4], True)):
        table["p_value"] = pvalues
        said = " ".join(_printed(lambda report: report.differences(table)).split())
        assert ("2 of the 2 flagged rows have a p-value above 0.05" in said) is doubted


def test_counts_and_shares():
    assert count(0, "row") == "no rows"
    assert count(1, "row") == "1 row"
    assert count(2, "row") == "2 rows"
    assert percent(1, 3) == "33.3 %"
    assert percent(0, 0) == "0 %"


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
