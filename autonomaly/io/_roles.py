"""What part a column plays in a table."""

import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from autonomaly._utils._typing import Table
from autonomaly.io._amounts import Unit, are_marks, parse_number
from autonomaly.io._columns import ColumnValues, table
from autonomaly.io._dates import Clock, guess_date_format
from autonomaly.io._raw import take

__all__ = ["ColumnReading", "ColumnRole", "infer_roles", "read_as", "read_columns"]

_SAMPLE_ROWS = 10_000
_MIN_IDENTIFIER_ROWS = 10
_ID_NAME = re.compile(
    r"(^|[\W_])(id|ids|uuid|guid|key|index|idx|rowid|row|no|nr|number|serial)$"
    r"|^(id|uuid|guid)([\W_]|$)|[a-z](Id|ID|Uuid|UUID|Key)$",
)
_TIME_NAME = re.compile(
    r"(?<!candi)(?<!man)(?i:date|time|year|month|day|epoch)(?i:s|stamp|time)?(?![a-z])"
)


class ColumnRole(StrEnum):
    """The part a column plays; a string, so that ``role == "date"`` works.

    ``numeric``: amounts, among them timedeltas and times of the day in seconds.
    ``categorical``: few or many names without order; flags; a single value that
    some rows have and others lack.
    ``date``: points in time, also as strings.
    ``text``: free text of several words that is rarely repeated.
    ``identifier``: names the row and says nothing else.
    ``constant``: one value in every row, or none at all.
    """

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    DATE = "date"
    TEXT = "text"
    IDENTIFIER = "identifier"
    CONSTANT = "constant"


@dataclass(frozen=True, kw_only=True)
class ColumnReading:
    """How to read a column, with the reason."""

    role: ColumnRole
    reason: str
    date_format: str | None = None
    unit: Unit | Clock | None = None


def infer_roles(X: Table) -> dict[str, ColumnRole]:
    """Find the part that each column plays.

    Looks at no more than 10,000 rows, drawn with a fixed seed; what is claimed of
    every row (that a column is constant) is checked on every row.

    Parameters
    ----------
    X : pandas.DataFrame, polars.DataFrame or array-like of shape (n, d)
        The table. Columns of an array are called x0, x1, ...; a plain number array
        has numeric and constant columns only, since without names nothing tells a
        running number from a measurement.

    Returns
    -------
    dict of str to ColumnRole
        One role per column, in order.

    Notes
    -----
    Strings such as ``"?"``, ``"NA"``, ``"null"`` or ``""`` are missing values.
    A column of objects is numeric or a date if nine in ten of its values are, or
    numeric if half of them are and what else there is looks like marks of missing
    values (``"k.A."``, ``"#DIV/0!"``): no more than five different ones, no codes such
    as A or 2B, and twenty different numbers to each.

    Strings are numbers also with thousands separators (``"1,234.5"``), and with a
    currency or unit if it is common to the column: ``"$1,234.50"``, ``"USD 12"``,
    ``"1.234,50 €"``, ``"12 kg"``, ``"45%"`` (the number 45), ``"($5.00)"`` (-5). At
    least half of the values have it, and numbers without one are taken as they are. At
    most one in twenty may have another unit, and counts as missing; where there are
    more, the column is one of strings. Letters stuck to a number are a unit only behind
    it, or if they are the code of a currency: ``"A12"`` and ``"INV-00123"`` are names.
    Where a number can be read in two ways, as in ``"1,234 €"``, the other values of the
    column tell whether its comma is a decimal one. Without a unit, too, decimal commas
    and other marks of thousands (``"1.234,56"``, ``"2'857.29"``, ``"2 857,29"``) are
    read where all values of the column are numbers in that reading. Durations and times
    of the day (``"26:10:00"``, ``"08:33"``) are numbers of seconds, like timedeltas.

    An identifier is a string of fewer than three words that is different in (almost)
    every row, or an integer that is different in every row and either runs (its range
    is about the number of rows, or it rises from row to row) or is called an id. A
    measurement that happens to be unique is none, nor is anything in fewer than 10
    rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from autonomaly.io import infer_roles
    >>> X = pd.DataFrame({"size": [1.5, 2.5, 2.5], "kind": ["a", "b", "a"]})
    >>> {name: str(role) for name, role in infer_roles(X).items()}
    {'size': 'numeric', 'kind': 'categorical'}
    >>> str(infer_roles(pd.DataFrame({"price": ["$5.00", "($12.50)"]}))["price"])
    'numeric'
    """
    return {name: reading.role for name, reading in read_columns(X).items()}


def read_columns(X):
    """Find role, reason, date format and unit of every column.

    Parameters
    ----------
    X : pandas.DataFrame, polars.DataFrame or array-like of shape (n, d)
        The table.

    Returns
    -------
    dict of str to ColumnReading
        One per column, in order.
    """
    names, columns, n_rows = table(X)
    rows = None
    if n_rows > _SAMPLE_ROWS:
        rng = np.random.RandomState(0)
        rows = np.sort(rng.choice(n_rows, _SAMPLE_ROWS, replace=False))
    plain = isinstance(X, np.ndarray) and X.dtype.kind in "biuf"
    readings = {}
    for name, column in zip(names, columns, strict=True):
        sample = column if rows is None else take(column, rows)
        read = _read_plain if plain else _read_column
        reading = read(ColumnValues(sample), name, n_rows)
        if reading.role == ColumnRole.CONSTANT and rows is not None:
            values = ColumnValues(column)
            if not _is_constant(values):
                reading = read(values, name, n_rows)
        readings[name] = reading
    return readings


def read_as(values, role):
    """Find out how to read a column whose role is known.

    Parameters
    ----------
    values : ColumnValues
        The column.
    role : str
        One of :class:`ColumnRole`.

    Returns
    -------
    ColumnReading
        With the date format, or the unit, that the strings of the column have.
    """
    role, date_format = ColumnRole(role), None
    if role == ColumnRole.DATE and values.shares()["text"] > 0:
        date_format = _date_format(values.levels()[1])
    unit = values.unit() if role == ColumnRole.NUMERIC else None
    return ColumnReading(
        role=role, reason="role given by the user", date_format=date_format, unit=unit
    )


def _is_constant(values):
    """Tell whether every row holds the same, a missing value being a value too."""
    codes, labels = values.levels()
    return len(labels) == 0 or (len(labels) == 1 and not (codes < 0).any())


def _read_plain(values, name, n_rows):
    numbers = values.numbers(values.offset())
    same = (numbers == numbers[:1]) | np.isnan(numbers) & np.isnan(numbers[:1])
    if same.all():
        return ColumnReading(role=ColumnRole.CONSTANT, reason=_constant_reason(values))
    return ColumnReading(role=ColumnRole.NUMERIC, reason="numbers")


def _constant_reason(values):
    if np.isnan(values.numbers()).all() and not values.levels()[1]:
        return "every value is missing"
    if values.run_together():
        return "numbers too large for float64 to distinguish"
    return "the same value in every row"


def _read_column(values, name, n_rows):
    def reading(role, reason, date_format=None, unit=None):
        return ColumnReading(
            role=ColumnRole(role), reason=reason, date_format=date_format, unit=unit
        )

    codes, labels = values.levels()
    if _is_constant(values):
        return reading("constant", _constant_reason(values))
    if len(labels) == 1:
        return reading("categorical", "a single value, otherwise missing")
    if values.categorical:
        return reading("categorical", "the column's type says so")
    shares = values.shares()
    if shares["date"] >= 0.9:
        return reading("date", "points in time")
    unit = values.unit()
    if unit is None and _are_numbers(shares, labels):
        numbers = values.numbers(values.offset())
        reason = _number_identifier(numbers, name, n_rows)
        if reason:
            return reading("identifier", reason)
        return reading("numeric", "numbers")
    if shares["flag"] == 1:
        return reading("categorical", "flags")
    date_format = _date_format(labels)
    if date_format is not None or shares["date"] > 0:
        dated = np.isfinite(values.seconds(date_format)).sum() / (codes >= 0).sum()
        if dated >= 0.9:
            return reading("date", f"dates written as {date_format}", date_format)
    if isinstance(unit, Unit):
        reason = _number_identifier(values.numbers(unit=unit), name, n_rows)
        if reason:
            return reading("identifier", reason, unit=unit)
    if unit is not None:
        return reading("numeric", f"numbers in {unit}".removesuffix(" in "), unit=unit)
    return reading(*_read_strings(codes, labels, name))


def _date_format(labels):
    return guess_date_format(_some(labels, 1000))


def _are_numbers(shares, labels):
    """Tell whether a column holds numbers, but for a few values."""
    if shares["number"] > 0 and shares["number"] + shares["flag"] >= 0.9:
        return True
    if shares["date"] + shares["flag"] > 0:
        return False
    others = [label for label in labels if parse_number(label) is None]
    return are_marks(others, len(labels) - len(others), shares["number"])


def _some(labels, count):
    """Pick labels evenly, the first and the last among them."""
    if len(labels) <= count:
        return labels
    return [labels[i] for i in np.linspace(0, len(labels) - 1, count).astype(int)]


def _number_identifier(numbers, name, n_rows):
    """Say why the numbers are an identifier, or return None."""
    n = len(numbers)
    with np.errstate(invalid="ignore"):
        integers = np.isfinite(numbers).all() and (numbers % 1 == 0).all()
    if n < _MIN_IDENTIFIER_ROWS or not integers or len(np.unique(numbers)) < n:
        return None
    if _ID_NAME.search(name):
        return "an integer called an id, different in every row"
    if _TIME_NAME.search(name):
        return None
    # The range is about the number of rows: 1..n in any order, gaps allowed.
    if np.ptp(numbers) <= 1.2 * n_rows and n >= 2 * _MIN_IDENTIFIER_ROWS:
        return "a running number"
    steps = np.diff(numbers)
    if n >= 5 * _MIN_IDENTIFIER_ROWS and ((steps > 0).all() or (steps < 0).all()):
        return "an integer that rises or falls from row to row"
    return None


def _read_strings(codes, labels, name):
    """Tell categories, text and identifiers apart."""
    present = int((codes >= 0).sum())
    distinct = len(labels) / present
    some = _some(labels, 1000)
    words = float(np.mean([len(label.split()) for label in some]))
    if present >= _MIN_IDENTIFIER_ROWS and words < 3:
        if distinct >= 0.95:
            return "identifier", "a different string in (almost) every row"
        if distinct >= 0.8 and _ID_NAME.search(name):
            return "identifier", "called an id, and different in most rows"
    if words >= 3 and distinct > 0.3 and len(labels) > 20:
        return "text", f"free text: {len(labels)} different strings"
    return "categorical", f"{len(labels)} different strings"
