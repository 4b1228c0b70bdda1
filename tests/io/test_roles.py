"""Column roles: found on a sample, the same for every kind of table."""

import datetime
import decimal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autonomaly.exceptions import DataError
from autonomaly.io import ColumnRole, infer_roles, load_dataset
from autonomaly.io._amounts import parse_number
from autonomaly.io._columns import ColumnValues, table
from autonomaly.io._dates import datetime_seconds, guess_date_format, parse_dates
from autonomaly.io._integers import lost_digits, shifted
from autonomaly.io._roles import read_columns

N = 60
RNG = np.random.RandomState(0)
WORDS = ["ash", "birch", "cedar"]
DAYS = pd.date_range("2020-02-27", periods=N, freq="31h")

COLUMNS = {
    # name: (values, role)
    "amount": (RNG.randn(N), "numeric"),
    "count": (RNG.randint(0, 9, N), "numeric"),
    "levels": (RNG.randint(0, 2, N), "numeric"),
    "sparse": (np.where(RNG.rand(N) < 0.3, np.nan, RNG.randn(N)), "numeric"),
    "unique_float": (np.arange(N) + 0.5, "numeric"),
    "unique_integers": (RNG.permutation(N) ** 2 * 7, "numeric"),
    "unix_time": (1_600_000_000 + np.arange(N) * 61, "numeric"),
    "digits": ([str(v) for v in RNG.randint(0, 9, N)], "numeric"),
    "grouped": ([f"{v},{v % 10:03d}.5" for v in range(N)], "numeric"),
    "holes": (["?" if i % 7 == 0 else f"{i % 5}.5" for i in range(N)], "numeric"),
    "kind": ([WORDS[i % 3] for i in range(N)], "categorical"),
    "kind_holes": (
        [None if i % 5 == 0 else WORDS[i % 3] for i in range(N)],
        "categorical",
    ),
    "flag": (RNG.rand(N) < 0.5, "categorical"),
    "only_or_missing": ([None if i % 2 else "yes" for i in range(N)], "categorical"),
    "running": (np.arange(N), "identifier"),
    "shuffled": (RNG.permutation(N) + 1000, "identifier"),
    "rising": (np.cumsum(RNG.randint(1, 99, N)), "identifier"),
    "order_id": (RNG.permutation(N) ** 2 * 7, "identifier"),
    "customerId": (RNG.permutation(N) ** 2 * 7, "identifier"),
    "code": ([f"A-{i * 37 % 97:03d}" for i in range(N)], "identifier"),
    "remark": ([f"the part number {i} was late" for i in range(N)], "text"),
    "day": (DAYS, "date"),
    "iso": (DAYS.strftime("%Y-%m-%d").tolist(), "date"),
    "iso_time": (DAYS.strftime("%Y-%m-%dT%H:%M:%SZ").tolist(), "date"),
    "german": (DAYS.strftime("%d.%m.%Y").tolist(), "date"),
    "american": (DAYS.strftime("%m/%d/%Y %I:%M %p").tolist(), "date"),
    "web_log": (DAYS.strftime("%d/%b/%Y:%H:%M:%S +0000").tolist(), "date"),
    "short": (DAYS.strftime("%d-%b-%y").tolist(), "date"),
    "spelled": (DAYS.strftime("%d %b %Y").tolist(), "date"),
    "version": ([f"1.{i % 3}.2" for i in range(N)], "categorical"),
    "same": (["x"] * N, "constant"),
    "same_number": (np.full(N, 3.5), "constant"),
    "nothing": ([None] * N, "constant"),
    "null_strings": (["?", "NA", ""] * (N // 3), "constant"),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_roles(name, kind):
    values, role = COLUMNS[name]
    assert infer_roles(kind({name: values})) == {name: role}


def test_whole_table_at_once_and_object_arrays():
    frame = pd.DataFrame({name: values for name, (values, _) in COLUMNS.items()})
    expected = [role for _, role in COLUMNS.values()]
    assert list(infer_roles(frame).values()) == expected
    array = frame[["amount", "kind", "remark", "same"]].to_numpy(dtype=object)
    assert list(infer_roles(array).values()) == [
        *("numeric", "categorical", "text", "constant")
    ]


PANDAS_TYPES = {
    "Int64": (pd.array([1, None, 3, 4] * 5, dtype="Int64"), "numeric"),
    "Float32": (pd.array([1.5, None, 3, 4] * 5, dtype="Float32"), "numeric"),
    "boolean": (
        pd.array([True, None, False, True] * 5, dtype="boolean"),
        "categorical",
    ),
    "string": (pd.array(["a", None, "b", "a"] * 5, dtype="string"), "categorical"),
    "category": (pd.Categorical(["a", "b"] * 10), "categorical"),
    "category_of_numbers": (pd.Categorical([3, 7] * 10), "categorical"),
    "zones": (pd.date_range("2020", periods=20, tz="Asia/Tokyo"), "date"),
    "period": (pd.period_range("2020", periods=20, freq="M"), "date"),
    "interval": (pd.interval_range(0, 2).repeat(10), "categorical"),
    "duration": (pd.to_timedelta(np.arange(20) ** 2, unit="s"), "numeric"),
    "sparse": (pd.arrays.SparseArray([0.0, 1.0] * 10), "numeric"),
    "arrow": (pd.array([1, 2] * 10, dtype="int64[pyarrow]"), "numeric"),
    "arrow_text": (pd.array(["a", "b"] * 10, dtype="string[pyarrow]"), "categorical"),
    "arrow_day": (
        pd.array(DAYS[:20], dtype="timestamp[us][pyarrow]"),
        "date",
    ),
}


@pytest.mark.parametrize("name", PANDAS_TYPES)
def test_pandas_types(name):
    values, role = PANDAS_TYPES[name]
    assert infer_roles(pd.DataFrame({"v": values})) == {"v": role}


POLARS_TYPES = {
    "Categorical": (pl.Series(["a", "b"] * 10, dtype=pl.Categorical), "categorical"),
    "Enum": (pl.Series(["a", "b"] * 10, dtype=pl.Enum(["a", "b"])), "categorical"),
    "Date": (pl.Series(DAYS.date.tolist()), "date"),
    "Datetime": (pl.Series(DAYS).dt.replace_time_zone("Asia/Tokyo"), "date"),
    "Duration": (pl.Series(DAYS).diff(), "constant"),
    "Time": (pl.Series([datetime.time(i) for i in range(20)] * 2), "numeric"),
    "Decimal": (pl.Series([decimal.Decimal("1.5"), None] * 10), "categorical"),
    "UInt8": (pl.Series([1, 2, None] * 10, dtype=pl.UInt8), "numeric"),
    "List": (pl.Series([[1], [1, 2]] * 10), "categorical"),
    "Struct": (pl.Series([{"a": 1}, {"a": 2}] * 10), "categorical"),
    "Null": (pl.Series([None] * 20), "constant"),
}


@pytest.mark.parametrize("name", POLARS_TYPES)
def test_polars_types(name):
    values, role = POLARS_TYPES[name]
    if name == "Duration":
        values = values.fill_null(values[1])
    assert infer_roles(pl.DataFrame({"v": values})) == {"v": role}


def test_plain_arrays_have_no_identifiers():
    X = np.column_stack([np.arange(50.0), np.ones(50), np.full(50, np.nan)])
    assert list(infer_roles(X).values()) == ["numeric", "constant", "constant"]
    assert list(infer_roles(X)) == ["x0", "x1", "x2"]


def test_nine_in_ten_decide_mixed_columns():
    values = [1.5, 2.5, "3.5", np.float32(4.5), decimal.Decimal("5.5")] * 4
    assert infer_roles(pd.DataFrame({"v": [*values, "oops"]}))["v"] == "numeric"
    assert infer_roles(pd.DataFrame({"v": [*values, *WORDS]}))["v"] == "categorical"
    days = [datetime.date(2020, 1, 1 + i) for i in range(20)]
    days[0] = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    days[1] = pd.Timestamp("2020-03-01", tz="Asia/Tokyo")
    days[2] = np.datetime64("2020-04-01")
    days[3] = pd.NaT
    assert (
        infer_roles(pd.DataFrame({"v": pd.Series(days, dtype=object)}))["v"] == "date"
    )


@pytest.mark.parametrize("kind", ["list", "csv", "polars"])
def test_numbers_that_run_together_are_not_called_the_same(kind, tmp_path):
    frame = pd.DataFrame({"n": [10**30 + i for i in range(N)], "x": RNG.randn(N)})
    if kind == "csv":
        frame.to_csv(tmp_path / "t.csv", index=False)
        frame = load_dataset(tmp_path / "t.csv").data
    elif kind == "polars":
        numbers = pl.Series(frame["n"].tolist(), dtype=pl.Int128)
        frame = pl.DataFrame({"n": numbers, "x": frame["x"].to_list()})
    reading = read_columns(frame)["n"]
    assert reading.role == "constant"
    assert reading.reason == "numbers too large for float64 to distinguish"
    same = pd.DataFrame(
        {"n": [2**100, 2.0**100] * N, "one": [1, 1.0] * N}, dtype=object
    )
    reasons = {reading.reason for reading in read_columns(same).values()}
    assert reasons == {"the same value in every row"}


def test_few_rows_have_no_identifier():
    assert infer_roles(pd.DataFrame({"id": [1, 2, 3], "s": ["a", "b", "c"]})) == {
        "id": "numeric",
        "s": "categorical",
    }


def test_constant_is_checked_on_every_row():
    X = np.zeros((30_000, 2))
    X[12_345, 0] = 1
    assert list(infer_roles(X).values()) == ["numeric", "constant"]
    frame = pd.DataFrame("same", index=range(30_000), columns=["0", "1"])
    frame.loc[12_345, "0"] = "odd"
    assert list(infer_roles(frame).values()) == ["categorical", "constant"]
    X[7, 1] = np.nan
    assert list(infer_roles(X).values()) == ["numeric", "numeric"]


@pytest.mark.flaky(reruns=2)  # by the clock
def test_many_rows_are_fast():
    n = 1_000_000
    rng = np.random.RandomState(0)
    frame = pd.DataFrame({"a": rng.randn(n), "b": rng.choice(WORDS, n), "i": range(n)})
    start = time.perf_counter()
    roles = infer_roles(frame)
    assert time.perf_counter() - start < 3
    assert list(roles.values()) == ["numeric", "categorical", "identifier"]


def test_repeated_names():
    assert list(infer_roles(pd.DataFrame(np.eye(3), columns=["a", "b", "a"]))) == [
        *("a", "b", "a_2")
    ]


def test_role_is_a_string():
    assert ColumnRole.DATE == "date"
    assert f"{ColumnRole.DATE}" == "date"


def test_what_is_no_table():
    records = np.array([(1, 2.0)], dtype=[("a", int), ("b", float)])
    with pytest.raises(DataError, match=r"fields a, b.*pandas\.DataFrame\(X\)"):
        infer_roles(records)
    with pytest.raises(DataError, match="reshape"):
        infer_roles(np.zeros(3))
    with pytest.raises(DataError, match="equal length"):
        infer_roles([[1, 2], [3]])
    with pytest.raises(DataError, match="[Cc]omplex"):
        infer_roles(np.array([[1j, 2]]))


def test_sets_read_alike_in_every_process():
    program = (
        "import pandas as pd; from autonomaly.io._columns import ColumnValues as C;"
        "print(C(pd.Series([{'a', 'b', 'c'}, frozenset('xyz'), object()])).levels()[1])"
    )
    outs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert outs == {"['{a, b, c}', '{x, y, z}', 'object']\n"}


# Values ------------------------------------------------------------------------


def test_numbers_of_mixed_objects():
    values = [1, 2.5, "3", " 4.5 ", "1,234", True, None, "?", pd.NA, "x", 10**400]
    values += [-(10**400), datetime.timedelta(minutes=1), "inf", "1_000", [1]]
    numbers = ColumnValues(pd.Series(values, dtype=object)).numbers()
    nan, inf = np.nan, np.inf
    expected = [
        1,
        2.5,
        3,
        4.5,
        1234,
        1,
        nan,
        nan,
        nan,
        nan,
        inf,
        -inf,
        60,
        inf,
        nan,
        nan,
    ]
    np.testing.assert_array_equal(numbers, expected)


def test_true_is_not_one():  # but CategoryEncoder reads 1 as True among flags
    assert ColumnValues(pd.Series([(True,), (1,)])).levels()[1] == ["[True]", "[1]"]
    one_first = ColumnValues(np.array([1, True, 0, False, 1.0], dtype=object))
    true_first = ColumnValues(np.array([True, 1, False, 0], dtype=object))
    for values, expected in (
        (one_first, ["1", "True", "0", "False", "1"]),
        (true_first, ["True", "1", "False", "0"]),
    ):
        codes, labels = values.levels()
        assert [labels[code] for code in codes] == expected


def test_one_number_has_one_spelling():
    for values in ([1, 2], [1.0, 2.0], np.array([1, 2], dtype=np.int8)):
        assert ColumnValues(pd.Series(values)).levels()[1] == ["1", "2"]


@pytest.mark.parametrize(
    "values",
    [
        np.array(["2020-01-02"], dtype="datetime64[D]"),
        np.array(["2020-01"], dtype="datetime64[M]") + np.timedelta64(0, "M"),
        pd.Series(pd.to_datetime(["2020-01-02 09:00"]).tz_localize("Asia/Tokyo")),
        pl.Series([datetime.date(2020, 1, 2)]),
        pd.Series([datetime.date(2020, 1, 2)]),
        pd.Series([datetime.datetime(2020, 1, 2)], dtype=object),
    ],
)
def test_seconds(values):
    seconds = ColumnValues(values).seconds()[0]
    midnight = 1577923200.0 if "M" not in str(getattr(values, "dtype", "")) else None
    assert seconds == (midnight or seconds)
    assert 1577836800.0 <= seconds <= 1577923200.0


def test_years_far_away():
    values = pd.Series(np.array(["0001-01-01", "9999-12-31"], dtype="datetime64[s]"))
    np.testing.assert_array_equal(
        ColumnValues(values).seconds(), [-62135596800.0, 253402214400.0]
    )


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_date_is_the_same_in_every_unit(unit):
    days = np.arange(-30_000, 50_000)
    values = days.astype("datetime64[D]").astype(f"datetime64[{unit}]")
    np.testing.assert_array_equal(datetime_seconds(values), 86400.0 * days)


def test_iso_dates_are_read_among_others():
    german = [f"{day:02d}.06.2020" for day in range(1, 29)]
    iso = [f"2021-03-{day:02d}" for day in range(1, 29)]
    for strings in (german + iso, iso + german, [iso[0], *german], german):
        assert guess_date_format(strings) == "%d.%m.%Y"
        assert np.isfinite(parse_dates(strings, "%d.%m.%Y")).all()
    np.testing.assert_array_equal(
        parse_dates(iso + german[:3], "%d.%m.%Y")[:28], parse_dates(iso, "ISO8601")
    )
    assert guess_date_format([german[20], *iso]) == "ISO8601"


def test_dates_that_need_nanoseconds_take_no_others_away():
    strings = ["9999-12-31", "2020-01-01 00:00:00.000000001", "2020-01-01"]
    alone = [parse_dates([string], "ISO8601")[0] for string in strings]
    np.testing.assert_array_equal(parse_dates(strings, "ISO8601"), alone)


@pytest.mark.parametrize("text", ["now", "today", "2020", "20200102", "01/02/2020"])
def test_only_what_begins_with_a_date_is_an_iso_date(text):
    assert np.isnan(parse_dates([text, "2020-01-02"], "ISO8601")[0])


def test_day_comes_first_when_it_must():
    assert guess_date_format(["01/02/2020", "13/02/2020"]) == "%d/%m/%Y"
    assert guess_date_format(["01/02/2020", "02/13/2020"]) == "%m/%d/%Y"
    assert guess_date_format(["01/02/2020"]) == "%m/%d/%Y"
    assert guess_date_format(["192.168.1.1"]) is None
    assert guess_date_format([]) is None


LARGE = 2**60 + 3 * np.arange(40)
LARGE_COLUMNS = [
    pd.Series(LARGE),
    pd.Series(LARGE.astype(np.uint64)),
    pd.Series(LARGE, dtype="Int64"),
    pd.Series([None, *LARGE], dtype="Int64"),
    pd.Series(LARGE, dtype="int64[pyarrow]"),
    pd.Series([int(value) for value in LARGE], dtype=object),
    pd.Series(pd.Categorical(LARGE)),
    pl.Series(LARGE),
    pl.Series([None, *LARGE.tolist()]),
]


@pytest.mark.parametrize("column", LARGE_COLUMNS, ids=lambda c: str(c.dtype))
def test_large_integers_are_told_apart(column):
    values = ColumnValues(column)
    codes, labels = values.levels()
    assert sorted(labels) == sorted(str(value) for value in LARGE)
    assert len(np.unique(codes[codes >= 0])) == 40
    numbers = values.numbers(values.offset())
    np.testing.assert_array_equal(np.diff(numbers[np.isfinite(numbers)]), 3)
    alone = ColumnValues(column[39:40]).numbers(values.offset())
    np.testing.assert_array_equal(alone, numbers[39])


def test_large_integers_have_a_role():
    shuffled = np.random.RandomState(0).permutation(2**60 + np.arange(100))
    X = pd.DataFrame({"run": shuffled, "same": 2**60 + 1, "x": np.arange(100) % 7})
    assert list(infer_roles(X).values()) == ["identifier", "constant", "numeric"]
    assert list(infer_roles(X.to_numpy()).values()) == [
        *("numeric", "constant", "numeric")
    ]
    repeated = pd.DataFrame({"size": 2**60 + np.arange(100) % 9})
    assert list(infer_roles(repeated).values()) == ["numeric"]


integers = st.integers(-(2**63), 2**64 - 1) | st.integers(-(2**53), 2**53)


@given(integers, integers)
def test_differences_are_rounded_once(value, offset):
    kind = np.int64 if value < 2**63 else np.uint64
    assert shifted(np.array([value], dtype=kind), offset)[0] == float(value - offset)
    number = float(value)
    assert shifted(np.array([number]), offset)[0] == float(int(number) - offset)


@given(st.integers(-(2**63), 2**64 - 1), st.integers(0, 4000))
def test_lost_digits_tell_apart_what_floats_cannot(value, step):
    pair = [value, min(value + step, 2**64 - 1 if value >= 0 else 2**63 - 1)]
    kind = np.int64 if value < 0 else np.uint64
    array = np.array(pair, dtype=kind)
    told = set(zip(array.astype(float).tolist(), lost_digits(array), strict=True))
    assert len(told) == len(set(pair))
    exact = lost_digits(array)[[float(v) == v for v in pair]]
    assert not exact.any()


@pytest.mark.parametrize("least", [2**63 + 10, -(2**63)])
def test_integers_at_the_ends_of_64_bits_are_told_apart_as_objects(least):
    column = ColumnValues(np.array([least, least + 1, None], dtype=object))
    np.testing.assert_array_equal(column.numbers(least), [0, 1, np.nan])
    assert abs(column.offset() - least) <= 1


def test_shifted_keeps_what_is_no_integer():
    values = np.array([np.inf, -np.inf, np.nan, 0.5])
    np.testing.assert_array_equal(shifted(values, 2), [np.inf, -np.inf, np.nan, -1.5])


@given(st.floats(allow_nan=False))
def test_every_float_is_read_back(number):
    assert parse_number(repr(number)) == number


@given(st.text(max_size=12))
def test_no_text_breaks_the_number_reader(text):
    number = parse_number(text)
    assert number is None or isinstance(number, float)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=3)
    | st.datetimes()
    | st.dates()
    | st.timedeltas()
    | st.times()
    | st.decimals()
    | st.fractions(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=2), inner, max_size=2)
        | st.frozensets(st.integers(), max_size=2)
        | st.tuples(inner)
    ),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(anything, min_size=1, max_size=15))
def test_any_objects_have_a_role(values):
    column = np.empty(len(values), dtype=object)
    column[:] = values
    role = infer_roles(column.reshape(-1, 1))["x0"]
    assert role in set(ColumnRole)
    assert infer_roles(column.reshape(-1, 1))["x0"] == role
    # each value is read by itself
    whole = ColumnValues(column)
    codes, labels = whole.levels()
    for i in range(len(values)):
        alone = ColumnValues(column[i : i + 1])
        code, label = alone.levels()
        assert (labels[codes[i]] if codes[i] >= 0 else None) == (
            label[code[0]] if code[0] >= 0 else None
        )
        np.testing.assert_array_equal(alone.numbers()[0], whole.numbers()[i])
        np.testing.assert_array_equal(alone.seconds()[0], whole.seconds()[i])


@given(
    st.lists(anything, max_size=4),
    st.complex_numbers(allow_nan=False),  # NaN is a missing value whatever its type
    st.integers(0, 4),
)
def test_a_complex_number_among_any_objects_is_refused(values, number, place):
    values.insert(place, number)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    with pytest.raises(DataError, match="contains complex numbers"):
        infer_roles(column.reshape(-1, 1))


def test_table_names_and_columns():
    names, columns, n_rows = table([[1, "a"], [2, "b"]])
    assert names == ["x0", "x1"]
    assert n_rows == 2
    assert columns[0].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *[(name, "identifier") for name in ("candidate", "mandate", "sentiment")],
        *[(name, "numeric") for name in ("orderdate", "startTime", "epoch_ms")],
        *[(name, "numeric") for name in ("timestamp", "date", "day of year")],
    ],
)
def test_times_that_run_are_no_identifiers(name, role):
    assert infer_roles(pd.DataFrame({name: np.arange(100)}))[name] == role


def test_strings_that_hardly_repeat_are_identifiers():
    for n_distinct, role in (
        (100, "identifier"),
        (97, "identifier"),
        (90, "categorical"),
    ):
        codes = [f"q{i * 37 % 97}w{i}" for i in range(n_distinct)]
        codes += codes[: 100 - n_distinct]
        assert infer_roles(pd.DataFrame({"v": codes}))["v"] == role
