"""Numbers with a unit or a currency: what is one, and what only looks like it."""

import string

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autonomaly.io import _chunks as chunks_module
from autonomaly.io import infer_roles, load_dataset, read_chunks
from autonomaly.io._amounts import (
    Unit,
    guess_unit,
    parse_number,
    split_amount,
    with_plain_comma,
)
from autonomaly.io._columns import ColumnValues
from autonomaly.io._dates import Clock
from autonomaly.io._roles import read_columns

N = 200
VALUES = np.exp(np.random.RandomState(0).normal(5, 1, N)).round(2)


def german(value):
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("$1,234.56", "$", 1234.56),
        ("-$5.00", "$", -5),
        ("$-5", "$", -5),
        ("- $5", "$", -5),
        ("($1,234.00)", "$", -1234),
        ("$(1,234.00)", "$", -1234),
        ("(5%)", "%", -5),
        ("€ 12", "€", 12),
        ("−5 €", "€", -5),
        ("1.234.567,5 €", "€", 1234567.5),
        ("12,50 €", "€", 12.5),
        ("1\u202f234,56 €", "€", 1234.56),
        ("USD 12.50", "USD", 12.5),
        ("usd 12.50", "USD", 12.5),
        ("12.50 USD", "USD", 12.5),
        ("USD12", "USD", 12),
        ("US$ 5", "US$", 5),
        ("Rs. 500", "Rs.", 500),
        ("Rs500", "Rs", 500),
        ("kr 500", "kr", 500),
        ("₹1,23,456.00", "₹", 123456),
        ("CHF 1'234.50", "CHF", 1234.5),
        ("12.3 kg", "kg", 12.3),
        ("12kg", "kg", 12),
        ("15 min", "min", 15),
        ("1 year", "year", 1),
        ("7 years", "year", 7),
        ("7 Years", "year", 7),
        ("7 days ago", "day ago", 7),
        ("45%", "%", 45),
        ("99.00%", "%", 99),
        ("12 m2", "m2", 12),
        ("9.81 m/s²", "m/s²", 9.81),
        ("20°C", "°C", 20),
        ("$12/hr", "$ /hr", 12),
        ("1e3 V", "V", 1000),
    ],
)
def test_what_is_an_amount(text, unit, number):
    affixes, _, _ = split_amount(text)
    assert " ".join(affixes) == unit
    assert Unit(affixes, ".").read(text) == number


@pytest.mark.parametrize(
    "text",
    [
        *(
            "INV-00123",
            "user17",
            "A12",
            "id7",
            "ORD123",
            "v1.2",
            "12:30",
            "$",
            "kg",
            "",
        ),
        *(
            "2020-01-31",
            "12 Jan 2020",
            "12 (kg)",
            "5-10 kg",
            "007A",
            "CAD00123",
            "a" * 99,
        ),
    ],
)
def test_what_is_no_amount(text):
    assert split_amount(text) is None


def test_a_zero_stands_before_decimals_not_before_thousands():
    assert parse_number("0,412") is None
    assert parse_number("-0,125") is None
    assert Unit(("kg",), ".").read("0,405 kg") == 0.405
    assert parse_number("1,412") == 1412


def test_minus_may_be_the_sign_of_mathematics():
    assert parse_number("\N{MINUS SIGN}0.98") == -0.98
    assert infer_roles(pd.DataFrame({"x": ["1.87", "\N{MINUS SIGN}0.98"] * 20})) == {
        "x": "numeric"
    }


@pytest.mark.parametrize("text", ["10.0.0.1", "1.2.3", "+49 171 1234567", "1,23"])
def test_what_has_no_unit_gets_none(text):
    assert guess_unit([text] * 9) is None
    assert parse_number(text) is None


CODES = ("categorical", None)
COLUMNS = {
    # name: (values, role, unit)
    "dollars": ([f"${v:,.2f}" for v in VALUES], "numeric", "$"),
    "euros": ([f"{german(v)} €" for v in VALUES], "numeric", "€"),
    "whole_euros": ([f"€ {german(v)[:-3]}" for v in VALUES], "numeric", "€"),
    "accounts": (
        [f"(${v:,.2f})" if i % 3 else f"${v:,.2f}" for i, v in enumerate(VALUES)],
        "numeric",
        "$",
    ),
    "code_of_currency": ([f"USD {v}" for v in VALUES], "numeric", "USD"),
    "mass": ([f"{v:.1f} kg" for v in VALUES], "numeric", "kg"),
    "share": ([f"{v % 100:.0f}%" for v in VALUES], "numeric", "%"),
    "age": (
        [f"{i % 9 + 1} year{'s' * (i % 9 > 0)}" for i in range(N)],
        "numeric",
        "year",
    ),
    "holes": (
        [None if i % 4 else f"{v} kg" for i, v in enumerate(VALUES)],
        "numeric",
        "kg",
    ),
    "some_without": (
        [f"{v}" if i % 3 == 0 else f"{v} kg" for i, v in enumerate(VALUES)],
        "numeric",
        "kg",
    ),
    "objects": (
        [v if i % 3 == 0 else f"${v}" for i, v in enumerate(VALUES)],
        "numeric",
        "$",
    ),
    "unknown": (
        ["unknown" if i % 15 == 0 else f"{i % 4} kg" for i in range(N)],
        "numeric",
        "kg",
    ),
    "two_units": (
        [f"{v} {'kg' if i % 3 else 'lb'}" for i, v in enumerate(VALUES)],
        "identifier",
        None,
    ),
    "few_levels_of_two_units": (
        [f"{i % 4} {'kg' if i % 3 else 'lb'}" for i in range(N)],
        "categorical",
        None,
    ),
    "millions": (
        [f"${v}{'KM'[i % 2]}" for i, v in enumerate(VALUES)],
        "identifier",
        None,
    ),
    "invoice": ([f"INV-{i * 37 % 10007:05d}" for i in range(N)], "identifier", None),
    "user": ([f"user{i * 37 % 10007}" for i in range(N)], "identifier", None),
    "short": ([f"A{i * 37 % 10007}" for i in range(N)], "identifier", None),
    "padded": ([f"{i * 37 % 10007:05d}A" for i in range(N)], "identifier", None),
    "order_id": ([f"{i * 37 % 10007} X" for i in range(N)], "identifier", "X"),
    "running": ([f"{i + 1000}A" for i in range(N)], "identifier", "A"),
    "house": (
        [f"{i % 60}{'ab'[i % 2] if i % 9 == 0 else ''}" for i in range(N)],
        "categorical",
        None,
    ),
    "flat": ([f"{i % 60}{'ab'[i % 2]}" for i in range(N)], "categorical", None),
    "hexadecimal": ([f"{i * 7919 + 2**20:x}" for i in range(N)], "identifier", None),
    "address": (
        [f"10.0.{i % 256}.{i * 7 % 256}" for i in range(N)],
        "identifier",
        None,
    ),
    "phone": ([f"+49 171 {10**6 + i * 7919}" for i in range(N)], "text", None),
    "clock": (
        [f"{i % 24}:{i * 7 % 60:02d}" for i in range(N)],
        "numeric",
        "seconds",
    ),
    "duration": (
        [f"{i * 7 % 50}:{i % 60:02d}:{i * 3 % 60:02d}" for i in range(N)],
        "numeric",
        "seconds",
    ),
    "timedelta": (
        [f"{i % 3} days 00:{i % 60:02d}:{i % 5}0.5" for i in range(N)],
        "numeric",
        "seconds",
    ),
    "score": ([f"{i % 5}:{i % 3}" for i in range(N)], "categorical", None),
    "german": ([german(v) for v in VALUES], "numeric", ""),
    "german_marks": (
        ["k.A." if i % 8 == 0 else german(v) for i, v in enumerate(VALUES)],
        "numeric",
        "",
    ),
    "mostly_three_digits": (
        [f"{v % 9:.3f}".rstrip("0").replace(".", ",") for v in VALUES],
        "numeric",
        "",
    ),
    "swiss": ([f"{v:,.2f}".replace(",", "'") for v in VALUES], "numeric", ""),
    "french": (
        [f"{v:,.2f}".replace(",", "\xa0").replace(".", ",") for v in VALUES],
        "numeric",
        "",
    ),
    "whole_french": (
        [f"{v * 9:,.0f}".replace(",", " ") for v in VALUES],
        "numeric",
        "",
    ),
    "phone_in_threes": ([f"{171 + i} 100 {456 + i}" for i in range(N)], "text", None),
    "long_address": (
        [f"192.168.{100 + i % 50}.{200 - i % 90}" for i in range(N)],
        "identifier",
        None,
    ),
    "choices": (
        ["1,2,3" if i % 5 == 0 else f"{i % 4},{i % 3}" for i in range(N)],
        "categorical",
        None,
    ),
    "money_marks": (
        ["k.A." if i % 8 == 0 else f"€ {v}" for i, v in enumerate(VALUES)],
        "numeric",
        "€",
    ),
    "marks": (
        ["#DIV/0!" if i % 3 == 0 else f"{v}" for i, v in enumerate(VALUES)],
        "numeric",
        None,
    ),
    "several_marks": (
        [
            (".", "missing", "unknown")[i % 3] if i % 8 == 0 else f"{v}"
            for i, v in enumerate(VALUES)
        ],
        "numeric",
        None,
    ),
    "few_numbers_and_marks": (
        ["k.A." if i % 8 == 0 else f"{i % 9}" for i in range(N)],
        "categorical",
        None,
    ),
    "codes": ([["1", "2", "3", "A", "B"][i % 5] for i in range(N)], *CODES),
    "lines": ([str(i % 90) if i % 4 else "NSX"[i % 3] for i in range(N)], *CODES),
    "release": ([f"1.{i % 9}.2" for i in range(N)], "categorical", None),
    "spelled_date": ([f"{i % 28 + 1} Jan 2020" for i in range(N)], "date", None),
    "one_amount": (
        [f"{'5 kg' if i % 2 else ''}" for i in range(N)],
        "categorical",
        None,
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_roles_and_units(name, kind):
    values, role, unit = COLUMNS[name]
    if kind is pl.DataFrame and name == "objects":
        values = [str(v) for v in values]
    reading = read_columns(kind({name: values}))[name]
    assert reading.role == role
    assert str(reading.unit) == str(unit)


@pytest.mark.parametrize(
    ("name", "digits"),
    [("german", 2), ("swiss", 2), ("french", 2), ("mostly_three_digits", 3)],
)
def test_spellings_of_a_column(name, digits):
    values = ColumnValues(pd.Series(COLUMNS[name][0]))
    expected = VALUES % 9 if digits == 3 else VALUES
    np.testing.assert_allclose(
        values.numbers(unit=values.unit()), expected.round(digits), atol=1e-9
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("26:10:00", 94200), ("08:33", 30780), ("-1:30:00", -5400)),
        *(("2 days 00:00:01.5", 172801.5), ("-1 days +23:59:59", -1)),
        *(("90", 90), ("8:5", None), ("8:61", None), ("12:00 noon", None)),
    ],
)
def test_durations_are_seconds(text, seconds):
    assert Clock().read(text) == seconds


def test_categories_stay_what_their_type_says():
    frame = pd.DataFrame({"size": pd.Categorical(["1 l", "2 l", "1 l"])})
    assert infer_roles(frame) == {"size": "categorical"}


@pytest.mark.parametrize("name", ["dollars", "accounts", "mass", "some_without"])
def test_numbers_are_read_as_they_are_written(name):
    values = ColumnValues(pd.Series(COLUMNS[name][0]))
    numbers = values.numbers(unit=values.unit())
    np.testing.assert_allclose(np.abs(numbers), VALUES, atol=0.051)
    assert (numbers < 0).any() == (name == "accounts")


def test_decimal_commas_of_a_column():
    for name in ("euros", "whole_euros"):
        values = ColumnValues(pd.Series(COLUMNS[name][0]))
        np.testing.assert_allclose(
            values.numbers(unit=values.unit()),
            VALUES if name == "euros" else np.floor(VALUES),
        )
    assert guess_unit(["1.234 kg", "0.567 kg"]).decimal == "."
    assert guess_unit(["1.234 kg", "999 kg"], decimal=",").decimal == ","


@given(
    st.floats(-1e12, 1e12).map(lambda v: round(v, 2)),
    st.sampled_from(["$", "€ ", "USD ", "Rs. ", ""]),
    st.sampled_from([" kg", "kg", "%", " €", " m/s²", ""]),
    st.booleans(),
)
def test_every_amount_is_read_back(value, before, behind, comma):
    text = f"{abs(value):,.2f}"
    text = text.translate(str.maketrans(",.", ".,")) if comma else text
    text = f"{before}{text}{behind}"
    text = f"-{text}" if value < 0 else text
    affixes, _, _ = split_amount(text)
    unit = Unit(affixes, "," if comma else ".")
    assert unit.read(text) == value
    assert unit.read(f"{value}") == value
    if affixes:
        assert Unit(("lb",), unit.decimal).read(text) is None


@given(
    st.text(string.printable + "€°µ−’\xa0", max_size=20),
    st.sampled_from([Unit(("kg",), "."), Unit(("$",), ",")]),
)
def test_no_text_breaks_the_reader(text, unit):
    text = text.strip()
    number = unit.read(text)
    assert number is None or isinstance(number, float)
    if number is not None and split_amount(text) is None:
        assert text.lower().lstrip("+-") in {"inf", "infinity"}
    read = unit.read(with_plain_comma(text))
    assert (read is None) == (number is None)
    assert guess_unit([text]) is None or split_amount(text)[0]


def test_other_units_are_never_the_same_number():
    mass = guess_unit(["12 kg", "1,200.5 kg"])
    assert mass == Unit(("kg",), ".")
    assert mass.read("12") == mass.read("12kg") == mass.read("12 kg") == 12
    for text in ("12 lb", "12 g", "$12", "12 kg/h", "12 KG!", "kg", "5-10 kg"):
        assert mass.read(text) is None


def test_units_in_files(tmp_path, monkeypatch):
    frame = pd.DataFrame(
        {"price": COLUMNS["dollars"][0], "mass": COLUMNS["mass"][0], "x": VALUES}
    )
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    data = load_dataset(path).data
    pd.testing.assert_frame_equal(data, frame, check_dtype=False)
    monkeypatch.setattr(chunks_module, "_WHOLE_FILE_BYTES", 0)
    chunks = pd.concat(read_chunks(path, chunk_rows=33))
    assert chunks["price"].tolist() == frame["price"].tolist()


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("mark", ["?", "0.5"])
def test_a_missing_value_does_not_move_the_point(tmp_path, mark, large, monkeypatch):
    if large:
        monkeypatch.setattr(chunks_module, "_WHOLE_FILE_BYTES", 0)
    cells = [f"{i % 10}.{i * 7 % 1000:03d}" for i in range(40)]
    cells[30] = mark
    path = tmp_path / "t.csv"
    path.write_text("v;w\n" + "".join(f"{c};1\n" for c in cells))
    data = pd.concat(read_chunks(path, chunk_rows=8), ignore_index=True)
    expected = [np.nan if c == "?" else float(c) for c in cells]
    np.testing.assert_array_equal(data["v"], expected)


@pytest.mark.parametrize("large", [False, True])
def test_dots_part_thousands_where_commas_are_decimal(tmp_path, large, monkeypatch):
    if large:
        monkeypatch.setattr(chunks_module, "_WHOLE_FILE_BYTES", 0)
    rows = [
        f"{n};{i},5;48.{i:03d};{2**60 + i};{i % 2 > 0}"
        for i, n in enumerate(
            [*range(950, 1000), *(f"1.{i:03d}" for i in range(50, 200))]
        )
    ]
    path = tmp_path / "t.csv"
    path.write_text("n;price;lat;id;new\n" + "\n".join(rows) + "\n")
    data = pd.concat(read_chunks(path, chunk_rows=50), ignore_index=True)
    assert data["n"].tolist() == [i + 950 + (i >= 50) * 50 for i in range(200)]
    assert data["price"].tolist() == [i + 0.5 for i in range(200)]
    assert data["id"].tolist() == [2**60 + i for i in range(200)]
    assert data["new"].tolist() == [i % 2 > 0 for i in range(200)]


@pytest.mark.parametrize(
    ("cells", "separator", "first"),
    [
        (["2.681", "997", "250.000", "12"] * 9, ";", 2681),
        (["2.681", "997", "250.000", "12"] * 9, ",", 2.681),
        (["2.681", "997", "2.5", "12"] * 9, ";", 2.681),  # some with one decimal
        (["2.681", "3.127", "2.500", "1.125"] * 9, ";", 2.681),  # all with three
        (["2.681", "997", "0.512", "12"] * 9, ";", 2.681),  # one below a thousand
        (["2.681", "9971", "250.000", "12"] * 9, ";", 2.681),  # one without its dot
    ],
)
def test_dots_part_thousands_where_nothing_speaks_against_it(
    tmp_path, cells, separator, first
):
    path = tmp_path / "t.csv"
    rows = [f"{cell}{separator}x{i}" for i, cell in enumerate(cells)]
    path.write_text("\n".join([f"amount{separator}name", *rows]))
    assert load_dataset(path).data["amount"][0] == first
    assert next(iter(read_chunks(path)))["amount"][0] == first


@pytest.mark.parametrize(
    "negative", ["({})", "{}-", "{} -"], ids=["brackets", "behind", "blank"]
)
@pytest.mark.parametrize("comma", [False, True])
def test_negative_numbers_of_accountants(tmp_path, negative, comma):
    values = np.round(np.random.RandomState(0).randn(60) * 300, 2)
    texts = [negative.format(-v) if v < 0 else f"{v}" for v in values]
    texts = [t.replace(".", ",") for t in texts] if comma else texts
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a;b", *(f"{t};{i}" for i, t in enumerate(texts))]))
    frame = load_dataset(path).data
    assert infer_roles(frame)["a"] == "numeric"
    column = ColumnValues(frame["a"])
    np.testing.assert_allclose(column.numbers(unit=column.unit()), values)
    codes = pd.DataFrame({"a": [f"{i}-" for i in range(60)]})  # all alike: names
    assert infer_roles(codes)["a"] != "numeric"


@pytest.mark.parametrize("large", [False, True])
def test_a_file_with_decimal_commas_says_so_of_amounts(tmp_path, large, monkeypatch):
    # "1.234 kg" is 1,234 kg here; the column by itself does not tell.
    if large:
        monkeypatch.setattr(chunks_module, "_WHOLE_FILE_BYTES", 0)
    path = tmp_path / "t.csv"
    rows = [
        f"{i % 9 + 1}.{i * 7 % 1000:03d} kg;{i % 9},{i % 7 + 100} l;{i},5"
        for i in range(60)
    ]
    path.write_text("mass;volume;x\n" + "\n".join(rows) + "\n")
    data = pd.concat(read_chunks(path, chunk_rows=7), ignore_index=True)
    for name, expected in (
        ("mass", [(i % 9 + 1) * 1000 + i * 7 % 1000 for i in range(60)]),
        ("volume", [i % 9 + (i % 7 + 100) / 1000 for i in range(60)]),
    ):
        values = ColumnValues(data[name])
        np.testing.assert_allclose(values.numbers(unit=values.unit()), expected)


@pytest.mark.parametrize("large", [False, True])
def test_marks_do_not_move_the_point_of_a_file(tmp_path, large, monkeypatch):
    if large:
        monkeypatch.setattr(chunks_module, "_WHOLE_FILE_BYTES", 0)
    cells = ["k.A." if i % 8 == 0 else f"{i % 9 + 1},{i * 7:03d}" for i in range(140)]
    path = tmp_path / "t.csv"
    path.write_text("v;w\n" + "".join(f"{cell};1\n" for cell in cells))
    data = pd.concat(read_chunks(path, chunk_rows=50), ignore_index=True)
    reading = read_columns(data)["v"]
    assert reading.role == "numeric"
    expected = [
        np.nan if cell == "k.A." else float(cell.replace(",", ".")) for cell in cells
    ]
    numbers = ColumnValues(data["v"]).numbers(unit=reading.unit)
    np.testing.assert_array_equal(numbers, expected)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        *(("1.234 €", "1234 €"), ("1,234 kg", "1,2340 kg"), ("12,5 kg", "12,5 kg")),
        *(("1.234,5 €", "1.234,5 €"), ("(€ 1.234)", "(€ 1234)"), ("A12", "A12")),
    ],
)
def test_commas_that_can_be_read_in_one_way(text, spelled):
    assert with_plain_comma(text) == spelled
    if (amount := split_amount(text)) is not None:
        number = Unit(amount[0], ",").read(text)
        assert Unit(amount[0], ",").read(spelled) == number
        assert Unit(amount[0], ".").read(spelled) == number
