"""Amounts with a unit, and what is said of values that cannot be read."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

from autonomaly import AutonomousDetector
from autonomaly.exceptions import AutonomalyWarning, UnreadableWarning
from autonomaly.io import _chunks as chunks_module
from autonomaly.io import load_dataset, read_chunks
from autonomaly.preprocessing import AutonomousPreprocessor
from autonomaly.profiling import DataProfiler

N = 200
RNG = np.random.RandomState(0)
AMOUNTS = np.exp(RNG.normal(5, 1, N)).round(2)
AMOUNTS[17] = 250_000
NUMBERS = pd.DataFrame(
    {"price": AMOUNTS, "mass": RNG.rand(N).round(3), "x": RNG.rand(N)}
)
TO_GERMAN = str.maketrans(",.", ".,")
TABLE = NUMBERS.assign(
    price=[f"${v:,.2f}" for v in AMOUNTS], mass=[f"{v} kg" for v in NUMBERS["mass"]]
)


@pytest.fixture(scope="module")
def fitted():
    return AutonomousPreprocessor().fit(TABLE)


def test_units_make_no_difference(fitted, tmp_path):
    assert {str(role) for role in fitted.roles_.values()} == {"numeric"}
    assert fitted.dropped_ == {}
    expected = AutonomousPreprocessor().fit_transform(NUMBERS)
    np.testing.assert_array_equal(fitted.transform(TABLE), expected)
    np.testing.assert_array_equal(fitted.transform(NUMBERS), expected)
    np.testing.assert_array_equal(fitted.transform(pl.from_pandas(TABLE)), expected)
    TABLE.to_csv(tmp_path / "t.csv", index=False)
    data = load_dataset(tmp_path / "t.csv").data
    np.testing.assert_array_equal(fitted.transform(data), expected)
    np.testing.assert_array_equal(
        AutonomousPreprocessor().fit_transform(data), expected
    )
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(TABLE), expected)


def test_a_row_is_read_by_itself(fitted):
    whole = fitted.transform(TABLE)
    for i in (0, 17, 55):
        np.testing.assert_array_equal(fitted.transform(TABLE[i : i + 1])[0], whole[i])


def test_the_odd_amount_is_found():
    detector = AutonomousDetector().fit(TABLE)
    assert detector.score_samples(TABLE).argmin() == 17


def test_profiles_count_amounts_as_numbers():
    profile, plain = (DataProfiler().profile(X) for X in (TABLE, NUMBERS))
    assert profile.distributions == plain.distributions
    assert profile.quality == plain.quality


def test_identifiers_with_a_unit_can_be_kept():
    running = pd.DataFrame({"n": [f"{i} kg" for i in range(N)], "x": RNG.rand(N)})
    assert list(AutonomousPreprocessor().fit(running).dropped_) == ["n"]
    kept = AutonomousPreprocessor(drop_identifiers=False).fit(running)
    assert kept.get_feature_names_out().tolist() == ["n", "x"]


def test_other_units_count_as_missing(fitted):
    rows = TABLE[:4].assign(mass=["0.5", "0.5 kg", "0.5 lb", None])
    with pytest.warns(UnreadableWarning, match="1 of 4 in 'mass', .* kg, .*'0.5 lb'$"):
        Z = fitted.transform(rows.assign(price="$9", x=0.5))
    np.testing.assert_array_equal(Z[0], Z[1])
    np.testing.assert_array_equal(Z[2], Z[3])
    assert (Z[0] != Z[2]).any()


def test_what_cannot_be_read_is_said_once_per_call():
    X = np.random.RandomState(0).randn(60, 4)
    detector = AutonomousDetector(max_models=1).fit(X)
    with pytest.warns(AutonomalyWarning) as caught:
        detector.predict([["a", 2, 3, 4], [1, "2", "b", None], ["c", 2, 3, 4]])
    (warning,) = caught
    assert warning.category is UnreadableWarning
    assert str(warning.message) == (
        "Values that cannot be read are treated as missing: 2 of 3 in 'x0', a column "
        "of numbers, such as 'a'; 1 of 3 in 'x2', a column of numbers, such as 'b'"
    )


def test_dates_and_numbers_in_each_others_place():
    frame = pd.DataFrame(
        {"day": pd.date_range("2020-01-01", periods=60), "a": range(60)}
    )
    frame["a"] = frame["a"] % 7 / 2
    fitted = AutonomousPreprocessor().fit(frame)
    with pytest.warns(UnreadableWarning, match="2 of 2 in 'day', a column of dates"):
        fitted.transform(pd.DataFrame({"day": [1, 2], "a": [1.0, 2.0]}))
    with pytest.warns(UnreadableWarning, match="1 of 2 in 'a', .* such as 'a date'"):
        fitted.transform(
            pd.DataFrame({"day": frame["day"][:2], "a": [pd.NaT, frame["day"][0]]})
        )


@pytest.mark.filterwarnings("ignore:2 of 2 rows hold no value")
def test_many_columns_are_one_warning():
    fitted = AutonomousPreprocessor().fit(pd.DataFrame(RNG.rand(30, 9)).astype(object))
    with pytest.warns(UnreadableWarning, match="'4'.* and in 4 more columns$"):
        fitted.transform(np.full((2, 9), "a", dtype=object))


def test_what_is_missing_or_unseen_is_no_reason():
    frame = pd.DataFrame(
        {
            "a": [1.5, None, 2.5, 3.5] * 10,
            "s": ["1", "?", "2", "3 "] * 10,
            "k": list("abac") * 10,
            "d": ["2020-01-01", "2020-01-02", None, "2020-02-01"] * 10,
        }
    )
    fitted = AutonomousPreprocessor().fit(frame)
    new = pd.DataFrame(
        {
            "a": [None, "NA", np.nan, "n/a", "7", True],
            "s": ["", "-", None, pd.NA, "null", 4],
            "k": ["new", None, 3, "a", "b", "c"],
            "d": ["2021-05-05", "", None, pd.NaT, "nat", "?"],
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.transform(new)
        new.loc[5, "a"] = 1  # the text "True" is no number
        fitted.transform(pl.DataFrame({n: map(str, new[n].fillna("")) for n in new}))


SPELLED = NUMBERS.assign(
    price=["k.A." if i % 8 == 1 else v for i, v in enumerate(AMOUNTS)],
    mass=[f"{1000 * v:,.1f}".translate(TO_GERMAN) for v in NUMBERS["mass"]],
    took=[f"{i * 7 % 50}:{i % 60:02d}:{i * 3 % 60:02d}" for i in range(N)],
)


@pytest.mark.parametrize("source", ["frame", "csv", "chunks"])
def test_marks_and_spellings_make_no_difference(source, tmp_path, monkeypatch):
    plain = NUMBERS.assign(
        price=pd.to_numeric(SPELLED["price"], errors="coerce"),
        mass=(1000 * NUMBERS["mass"]).round(1),
        took=pd.to_timedelta(SPELLED["took"]),
    )
    table = SPELLED
    if source != "frame":
        monkeypatch.setattr(
            chunks_module, "_WHOLE_FILE_BYTES", 0 if source == "chunks" else 2**26
        )
        SPELLED.to_csv(tmp_path / "t.csv", index=False)
        table = pd.concat(read_chunks(tmp_path / "t.csv", chunk_rows=7))
    fitted, expected = (AutonomousPreprocessor().fit(X) for X in (table, plain))
    assert {str(role) for role in fitted.roles_.values()} == {"numeric"}
    Z = expected.transform(plain)
    with pytest.warns(UnreadableWarning, match="25 of 200 in 'price', .* 'k.A.'$"):
        np.testing.assert_allclose(fitted.transform(table), Z)
    with pytest.warns(UnreadableWarning, match="1 of 1 in 'price'"):
        np.testing.assert_allclose(fitted.transform(table[1:2]), Z[1:2])
    with pytest.warns(UnreadableWarning, match="in 'took', .* numbers in seconds"):
        fitted.transform(table[:1].assign(took="soon"))
