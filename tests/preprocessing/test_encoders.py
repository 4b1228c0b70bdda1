"""Each kind of column is encoded as what it means."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from autonomaly import AutonomousDetector
from autonomaly.exceptions import UnreadableWarning
from autonomaly.preprocessing import AutonomousPreprocessor

pytestmark = pytest.mark.filterwarnings("error")


# Categories --------------------------------------------------------------------


def encode(train, new, **parameters):
    train, new = (pd.DataFrame({"c": pd.Series(v, dtype=object)}) for v in (train, new))
    preprocessor = AutonomousPreprocessor(**parameters).fit(train)
    return preprocessor.transform(new), preprocessor.get_feature_names_out().tolist()


def test_few_categories():
    Z, names = encode(list("aaabbc") * 3, ["a", "b", "c"])
    assert names == ["c_a", "c_b", "c_c"]
    np.testing.assert_array_equal(Z, np.eye(3))


def test_two_categories_weigh_as_much_as_three():
    Z, names = encode(list("aaab") * 3, ["a", "b"])
    assert names == ["c_a", "c_b"]
    np.testing.assert_array_equal(Z, np.eye(2))


@pytest.mark.parametrize("train", ["aaab", "aaabbc", "aaaabbbccddefghi"])
@pytest.mark.parametrize("new", ["zebra", 3, None, ["nested"]])
def test_an_unseen_category_looks_unusual(train, new):
    Z, _ = encode(list(train) * 3, [*"abcdefghi"[: len(set(train))], new])
    known, unseen = Z[:-1], Z[-1]
    # farther from the most common category than any known one is
    distance = np.linalg.norm(known - known[0], axis=1)
    assert np.linalg.norm(unseen - known[0]) > distance.max()
    assert (np.linalg.norm(known - unseen, axis=1) > 0).all()


FLAGS = [True, False, False, None] * 6


@pytest.mark.parametrize(
    "new",
    [
        pd.Series([1, 0, 0, None], dtype=object),
        pd.Series([1.0, 0.0, 0.0, np.nan]),
        pd.Series([1, 0, False, None], dtype="Int64"),
        pd.Series([True, 0, np.int8(0), None], dtype=object),
        pd.Series([True, False, False, None], dtype="boolean"),
        pd.Series(["1", "0", "0", ""]),
    ],
    ids=lambda new: f"{new.dtype}-{new[0]}",
)
@pytest.mark.parametrize("train", [pd.Series(FLAGS), pd.array(FLAGS, dtype="boolean")])
def test_flags_may_come_as_integers(train, new):
    fitted = AutonomousPreprocessor().fit(pd.DataFrame({"c": train}))
    expected = fitted.transform(pd.DataFrame({"c": FLAGS[:4]}))
    np.testing.assert_array_equal(fitted.transform(pd.DataFrame({"c": new})), expected)
    other = fitted.transform(pd.DataFrame({"c": [2, "yes"]}))
    assert (other.max(axis=1) == 2).all()


def test_ones_of_words_are_no_flags():
    Z, _ = encode(["True", "False"] * 9, [1, 0])
    assert (Z.max(axis=1) == 2).all()


def test_many_categories():
    train = [f"s{i}" for i in range(30) for _ in range(200 - i if i < 3 else 60 - i)]
    Z, names = encode(train, ["s0", "s2", "s3", "s29", "new"], cardinality_threshold=4)
    assert names == ["c_s0", "c_s1", "c_s2", "c_infrequent", "c_rarity"]
    np.testing.assert_array_equal(Z[:4, :4], np.eye(4)[[0, 2, 3, 3]])
    assert (np.diff(Z[:, 4]) > 0).all()  # the rarer, the larger
    assert Z[4, 3] == 2


def test_rare_categories_are_not_set_apart_from_each_other():
    rng = np.random.RandomState(0)
    often = ["a"] * 300 + ["b"] * 200
    names = [f"n{i}" for i in range(250) for _ in range(2)]
    Z, columns = encode(often + names, ["a", "n0", "n249"])
    assert columns == ["c_a", "c_b", "c_infrequent", "c_rarity"]
    np.testing.assert_array_equal(Z[1], Z[2])
    # As many rows of every name: none of them is odd.
    X = pd.DataFrame(rng.randn(1000, 2), columns=["x", "y"])
    X["name"] = [f"n{i}" for i in range(500)] * 2
    assert (AutonomousDetector().fit_predict(X) == -1).mean() < 0.01


def test_missing_is_a_category():
    Z, names = encode(["a", "a", "a", None, "?", "b"] * 3, ["a", "NA", np.nan, pd.NA])
    assert names == ["c_a", "c_missing", "c_b"]
    np.testing.assert_array_equal(Z, np.eye(3)[[0, 1, 1, 1]])


def test_declared_categories_that_never_occur():
    train = pd.DataFrame({"c": pd.Categorical(["a", "b", "a"] * 5, list("abcd"))})
    preprocessor = AutonomousPreprocessor().fit(train)
    assert preprocessor.get_feature_names_out().tolist() == ["c_a", "c_b"]
    new = pd.DataFrame({"c": pd.Categorical(["a", "d"], list("abcd"))})
    assert preprocessor.transform(new).tolist() == [[1, 0], [0, 2]]


# Numbers, dates, texts in tables -----------------------------------------------


def test_a_column_that_is_there_or_missing_says_so():
    X = np.column_stack([np.arange(100.0), np.full(100, 5.0)])
    X[:3, 1] = np.nan  # far fewer than missing_share
    preprocessor = AutonomousPreprocessor().fit(X)
    assert preprocessor.get_feature_names_out().tolist() == ["x0", "x1_missing"]
    assert preprocessor.transform(X)[:, 1].tolist() == [1, 1, 1, *[0] * 97]


def test_numbers_as_strings_and_what_is_none():
    X = pd.DataFrame({"v": ["1", "2", "3", "?", "1,000"] * 4, "k": list("ab") * 10})
    preprocessor = AutonomousPreprocessor(missing_share=0.2).fit(X)
    names = preprocessor.get_feature_names_out().tolist()
    assert names == ["v", "k_a", "k_b", "v_missing"]
    new = pd.DataFrame({"v": ["2", None, "what", 2.0], "k": list("aaaa")})
    with pytest.warns(UnreadableWarning, match="1 of 4 in 'v'.*'what'"):
        Z = preprocessor.transform(new)
    assert Z[:, 3].tolist() == [0, 1, 1, 0]
    assert Z[0, 0] == Z[3, 0]
    assert Z[1, 0] == 0


def test_dates_are_placed_in_time():
    days = pd.date_range("2020-01-01", "2023-01-01", freq="D")
    X = pd.DataFrame({"d": days.strftime("%d/%m/%Y")})
    preprocessor = AutonomousPreprocessor().fit(X)
    frame = pd.DataFrame(
        preprocessor.transform(X), columns=preprocessor.get_feature_names_out()
    )
    assert (np.diff(frame["d"]) > 0).all()
    assert frame["d_week_sin"].iloc[7] == pytest.approx(frame["d_week_sin"].iloc[0])
    assert "d_day_sin" not in frame  # no times of the day were given
    new = pd.DataFrame({"d": ["01/01/2090", "soon"]})
    with pytest.warns(UnreadableWarning, match="1 of 2 in 'd', .* such as 'soon'"):
        far, unreadable = preprocessor.transform(new)
    assert far[0] > 10
    assert unreadable[0] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("date", [False, True])
def test_iso_strings_are_the_dates_that_were_fitted(unit, date):
    stamps = pd.Series(pd.date_range("2020-01-01", periods=900, freq="D", unit=unit))
    given = stamps.dt.date if date else stamps
    fitted = AutonomousPreprocessor().fit(pd.DataFrame({"t": given}))
    out = fitted.transform(pd.DataFrame({"t": given}))
    assert out.shape == (900, 5)  # no place in the day
    for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"):
        texts = pd.DataFrame({"t": stamps.dt.strftime(form)})
        np.testing.assert_array_equal(fitted.transform(texts), out)
    # One that must be guessed is missing, whatever comes with it.
    ambiguous = pd.DataFrame({"t": ["13/01/2020", "01/02/2020", "now", "2020"]})
    missing = fitted.transform(pd.DataFrame({"t": pd.to_datetime([None] * 4)}))
    with pytest.warns(UnreadableWarning, match="4 of 4 in 't', a column of dates"):
        np.testing.assert_array_equal(fitted.transform(ambiguous), missing)


def test_dates_at_any_type_agree():
    stamps = pd.date_range("2020-01-01", periods=50, freq="13h", tz="Asia/Tokyo")
    columns = {
        "zoned": pd.Series(stamps),
        "utc": pd.Series(stamps.tz_convert("UTC").tz_localize(None)),
        "text": pd.Series(stamps.strftime("%Y-%m-%dT%H:%M:%S%z")),
        "object": pd.Series([s.to_pydatetime() for s in stamps], dtype=object),
    }
    first, *others = (
        AutonomousPreprocessor().fit_transform(pd.DataFrame({"d": column}))
        for column in columns.values()
    )
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-9, atol=1e-9)


def test_a_missing_date_is_said_once():
    stamps = pd.Series(pd.date_range("2024-05-01", periods=60, freq="25h"))
    X = pd.DataFrame({"d": stamps.where(np.arange(60) % 2 == 0), "x": np.arange(60.0)})
    names = AutonomousPreprocessor().fit(X).get_feature_names_out().tolist()
    assert [name for name in names if "missing" in name] == ["d_missing"]
    assert "d_week_sin" in names


def test_a_second_is_not_lost():
    stamps = pd.Series(pd.date_range("2024-05-01", periods=100, freq="s"))
    Z = AutonomousPreprocessor().fit_transform(pd.DataFrame({"d": stamps}))
    assert len(np.unique(Z[:, 0])) == 100


def test_texts():
    X = pd.DataFrame({"t": [f"pump {i} of plant {i % 7} runs" for i in range(60)]})
    preprocessor = AutonomousPreprocessor(text_components=4).fit(X)
    assert preprocessor.get_feature_names_out().tolist() == [
        f"t_text{i}" for i in range(4)
    ]
    Z = preprocessor.transform(pd.DataFrame({"t": [None, "ERROR ÄÖ", 3, X["t"][0]]}))
    assert np.isfinite(Z).all()
    assert not np.allclose(Z[1], Z[3])


@pytest.mark.parametrize("frame", [False, True])
def test_large_integers_are_told_apart(frame):
    steps = np.random.RandomState(0).permutation(np.arange(100) % 50)
    small, large = np.c_[steps, -steps], np.c_[2**60 + steps, -steps]
    fitted = AutonomousPreprocessor()
    if frame:
        small, large = (pd.DataFrame(X, columns=["a", "b"]) for X in (small, large))
    Z = fitted.fit_transform(large)
    assert fitted.dropped_ == {}
    assert {str(role) for role in fitted.roles_.values()} == {"numeric"}
    np.testing.assert_allclose(Z, AutonomousPreprocessor().fit_transform(small))
    # each row by itself, and the same from a column of another type
    np.testing.assert_array_equal(fitted.transform(large[3:4]), Z[3:4])
    row = np.array([[2**60, 0]])
    row = pd.DataFrame(row, columns=["a", "b"]) if frame else row
    same = [fitted.transform(row.astype(kind)) for kind in (int, float, object)]
    np.testing.assert_array_equal(same[1], same[0])
    np.testing.assert_array_equal(same[2], same[0])


def test_identifiers_are_kept_on_request_or_need():
    X = pd.DataFrame({"id": range(50), "v": np.random.RandomState(0).randn(50)})
    assert AutonomousPreprocessor().fit_transform(X).shape == (50, 1)
    kept = AutonomousPreprocessor(drop_identifiers=False).fit(X)
    assert kept.transform(X).shape == (50, 2)
    assert kept.dropped_ == {}
    assert AutonomousPreprocessor().fit_transform(X[["id"]]).std() > 0
    codes = pd.DataFrame({"code": [f"c{i}" for i in range(50)]})
    assert AutonomousPreprocessor().fit_transform(codes).shape[1] > 1


def test_nothing_varies():
    for X in (np.ones((5, 3)), np.full((5, 2), np.nan), pd.DataFrame({"a": ["x"] * 5})):
        preprocessor = AutonomousPreprocessor().fit(X)
        np.testing.assert_array_equal(preprocessor.transform(X), np.zeros((5, 1)))
        assert len(preprocessor.get_feature_names_out()) == 1
        assert len(preprocessor.dropped_) == X.shape[1]


def test_mixed_objects():
    values = [1, "a", None, 2.5, [1], {"k": 1}, {1, 2}, datetime.date(2020, 1, 1)]
    values += [decimal.Decimal("1.5"), b"raw", np.nan, pd.NaT, object()]
    X = np.empty((len(values), 2), dtype=object)
    X[:, 0], X[:, 1] = values, range(len(values))
    assert np.isfinite(AutonomousPreprocessor().fit_transform(X)).all()


def test_the_place_in_a_week_is_that_of_a_day():
    when = pd.date_range("2026-01-05", periods=3000, freq="7h")
    preprocessor = AutonomousPreprocessor().fit(pd.DataFrame({"when": when}))
    names = preprocessor.get_feature_names_out().tolist()
    day = [pd.Timestamp("2026-05-04 00:00"), pd.Timestamp("2026-05-04 23:59")]
    Z = preprocessor.transform(pd.DataFrame({"when": day}))
    for j, name in enumerate(names):
        same = name.startswith(("when_week", "when_year"))
        assert (Z[0, j] == Z[1, j]) == same, name
    assert {"when_week_sin", "when_year_cos", "when_day_sin"} <= set(names)
