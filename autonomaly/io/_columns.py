"""One column of any table, read value by value into numbers, seconds or levels.

Everything here looks at one value at a time, so that the way a row is read never
depends on the rows that came with it.
"""

import datetime
import decimal
import fractions
import numbers
import re

import numpy as np

from autonomaly.exceptions import DataError
from autonomaly.io._amounts import (
    NULL_STRINGS,
    guess_spelling,
    guess_unit,
    parse_number,
)
from autonomaly.io._dates import (
    datetime_seconds,
    guess_clock,
    parse_dates,
    timedelta_seconds,
)
from autonomaly.io._integers import EXACT, beyond_float, lost_digits, middle, shifted
from autonomaly.io._raw import is_polars, raw_values, refuse_records, rows_array

__all__ = [
    "ColumnValues",
    "check_names",
    "complex_error",
    "is_polars",
    "table",
    "unique_names",
]

_EPOCH = datetime.datetime(1970, 1, 1)
_EPOCH_UTC = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_UNIT_TEXTS = 1000  # texts that are looked at to find a unit
_MAX_TEXT = 1000  # characters of a nested object that are told apart

# Digits that float64 may not be able to hold.
_LARGE_INTEGER = re.compile(r"[+-]?\d{16,20}")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")

_MISSING, _NUMBER, _SECONDS, _FLAG, _TEXT = range(5)


def table(X):
    """Split a table into names and columns.

    Parameters
    ----------
    X : pandas.DataFrame, polars.DataFrame or array-like of shape (n, d)
        The table; arrays get the names x0, x1, ...

    Returns
    -------
    names : list of str
        Column names, each once: repeated ones get _2, _3, ...
    columns : list
        One pandas Series, polars Series or 1-D array per column.
    n_rows : int
        Number of rows.
    """
    if is_polars(X):
        return list(X.columns), X.get_columns(), X.height
    if hasattr(X, "iloc"):
        columns = [X.iloc[:, j] for j in range(X.shape[1])]
        return unique_names([str(name) for name in X.columns]), columns, len(X)
    X = X if isinstance(X, np.ndarray) else rows_array(X)
    refuse_records(X)
    if X.ndim != 2:
        raise DataError(
            f"Expected 2D array, got {X.ndim}D array instead. A table has rows and "
            "columns; reshape your data, for example with X.reshape(-1, 1)."
        )
    return [f"x{j}" for j in range(X.shape[1])], list(X.T), X.shape[0]


def check_names(X):
    """Raise DataError if two columns of a data frame have the same name."""
    names = getattr(X, "columns", None)
    if names is None or getattr(names, "is_unique", True):
        return
    twice = dict.fromkeys(names[names.duplicated()])
    raise DataError(
        f"Column names must be unique, got more than one {', '.join(map(repr, twice))}."
        " Rename the columns, drop the duplicates, or use "
        "autonomaly.load_dataset(X).data, which numbers them (a, a_2)."
    )


def unique_names(names):
    """Give repeated names a number: a, a_2, a_3, ...

    Examples
    --------
    >>> from autonomaly.io._columns import unique_names
    >>> unique_names(["a", "b", "a"])
    ['a', 'b', 'a_2']
    """
    taken, out = set(names), []
    seen = set()
    for name in names:
        unique, k = name, 2
        while unique in seen or (k > 2 and unique in taken):
            unique, k = f"{name}_{k}", k + 1
        seen.add(unique)
        out.append(unique)
    return out


def complex_error():
    """Make the error for complex numbers."""
    return DataError(
        "Complex data not supported: a column contains complex numbers. "
        "Pass real and imaginary part, or modulus and phase, as two columns."
    )


def _read_value(value):
    """Say what one object is and what it is worth as a number or a text."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return _MISSING, None
    if isinstance(value, bool | np.bool_):
        return _FLAG, bool(value)
    if isinstance(value, str):
        text = value.strip()
        return (_MISSING, None) if text.casefold() in NULL_STRINGS else (_TEXT, text)
    if isinstance(value, decimal.Decimal) and value.is_nan():
        return _MISSING, None
    if isinstance(value, np.datetime64 | np.timedelta64):  # integers, to Python
        if np.isnat(value):
            return _MISSING, None
        if isinstance(value, np.timedelta64):
            return _NUMBER, float(timedelta_seconds(np.array([value]))[0])
        return _SECONDS, float(datetime_seconds(np.array([value]))[0])
    if isinstance(value, numbers.Real | decimal.Decimal | fractions.Fraction):
        if isinstance(value, numbers.Integral) and (
            EXACT < value < 2**64 or -(2**63) <= value < -EXACT
        ):
            return _NUMBER, int(value)
        try:
            number = float(value)
        except OverflowError:
            number = np.inf if value > 0 else -np.inf
        return (_MISSING, None) if number != number else (_NUMBER, number)
    return _read_time_or_object(value)


def _read_time_or_object(value):
    if isinstance(value, datetime.datetime):
        epoch = _EPOCH if value.utcoffset() is None else _EPOCH_UTC
        return _SECONDS, float((value - epoch).total_seconds())
    if isinstance(value, datetime.date):
        return _SECONDS, 86400.0 * (value - _EPOCH.date()).days
    if isinstance(value, datetime.timedelta):
        return _NUMBER, float(value.total_seconds())
    if isinstance(value, datetime.time):
        seconds = 3600 * value.hour + 60 * value.minute + value.second
        return _NUMBER, float(seconds + 1e-6 * value.microsecond)
    return _TEXT, _object_text(value)


def _object_text(value):
    """Describe an object by its content; never by its address in memory."""
    if isinstance(value, bytes):
        return value.decode("latin-1")[:_MAX_TEXT]
    if isinstance(value, set | frozenset):  # their order changes between runs
        return "{" + ", ".join(sorted(_object_text(v) for v in value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_object_text(v) for v in value)[:_MAX_TEXT] + "]"
    if isinstance(value, dict):
        items = (f"{_object_text(k)}: {_object_text(v)}" for k, v in value.items())
        return "{" + ", ".join(items)[:_MAX_TEXT] + "}"
    if isinstance(value, np.ndarray):
        return _object_text(value.tolist())
    if type(value).__repr__ is object.__repr__ and type(value).__str__ is (
        object.__str__
    ):
        return type(value).__name__
    return str(value)[:_MAX_TEXT]


def _number_text(number):
    """One spelling per number, whether it came as 1, 1.0 or numpy.int64(1)."""
    whole = isinstance(number, int) or number.is_integer()
    return str(int(number)) if whole else repr(number)


def _one_spelling(label):
    """Spell numbers and flags as `ColumnValues.levels` does where they are such."""
    if label.casefold() in ("true", "false"):
        return label.capitalize()
    if _LARGE_INTEGER.fullmatch(label):
        return str(int(label))
    number = parse_number(label)
    if number is None and _DECIMAL_COMMA.fullmatch(label):
        number = float(label.replace(",", "."))
    return label if number is None or not np.isfinite(number) else _number_text(number)


def _factorize(values):
    """Integer codes and the distinct objects; containers by their text."""
    import pandas as pd

    try:
        codes, uniques = pd.factorize(values)
        plain = not any(isinstance(u, tuple | frozenset) for u in uniques)
    except TypeError:  # something cannot be hashed
        plain = False
    if not plain:
        # (True,) == (1,) in Python: containers are told apart by what they hold.
        values = np.array(
            [v if _is_plain(v) else _object_text(v) for v in values], dtype=object
        )
        codes, uniques = pd.factorize(values)
    uniques = list(uniques)
    if not any(isinstance(u, np.bool_ | numbers.Number) for u in uniques):
        return codes, uniques
    if any(isinstance(v, complex | np.complexfloating) for v in values):
        raise complex_error()  # 1 + 0j == 1 in Python
    flag = np.array([isinstance(v, bool | np.bool_) for v in values], dtype=bool)
    if flag.any() and not flag[codes >= 0].all():
        # True == 1 in Python: which of the two came first must not matter.
        rest, uniques = pd.factorize(np.where(flag, None, values))
        uniques = list(uniques)
        truth = np.array([f and bool(v) for v, f in zip(values, flag, strict=True)])
        codes = np.where(flag, len(uniques) + truth, rest)
        uniques += [False, True]
    return codes, uniques


def _is_plain(value):
    """Tell whether an object is hashable and holds no others."""
    try:
        hash(value)
    except TypeError:
        return False
    return not isinstance(value, tuple | frozenset)


class ColumnValues:
    """The values of one column, each read by itself.

    Parameters
    ----------
    column : pandas.Series, polars.Series or 1-D array
        The column.

    Attributes
    ----------
    categorical : bool
        Whether the column's own type says that these are categories.
    """

    def __init__(self, column):
        kind = getattr(column, "dtype", None)
        self.categorical = type(kind).__name__ in (
            "CategoricalDtype",
            "Categorical",
            "Enum",
        )
        self._number = None  # float64, when the whole column is numeric
        self._integers = None  # the same, where float64 cannot hold them
        self._flag = False
        self._short = None  # type of floats with fewer digits than float64
        self._seconds = None
        self._codes = None
        if self.categorical and not is_polars(column):
            categories = raw_values(column.cat.categories.to_series())
            self._codes = np.asarray(column.cat.codes, dtype=np.intp)
            self._read(list(categories.astype(object)))
            return
        values = raw_values(column)
        code = values.dtype.kind
        if code == "c":
            raise complex_error()
        if code in "biuf":
            self._flag = code == "b"
            self._integers = values if beyond_float(values) else None
            self._short = values.dtype if values.dtype in ("f2", "f4") else None
            with np.errstate(over="ignore"):  # long doubles beyond float64: infinite
                self._number = values.astype(np.float64)
        elif code == "m":
            self._number = timedelta_seconds(values)
        elif code == "M":
            self._seconds = datetime_seconds(values)
        else:
            self._codes, uniques = _factorize(values)
            self._read(uniques)

    def _read(self, uniques):
        # A category may be declared and never occur; it is not there then.
        used = np.bincount(self._codes + 1, minlength=len(uniques) + 1)[1:] > 0
        read = [
            _read_value(value) if there else (_MISSING, None)
            for value, there in zip(uniques, used, strict=True)
        ]
        self._kinds = np.array([kind for kind, _ in read] + [_MISSING], dtype=np.int8)
        self._payload = [value for _, value in read]

    def __len__(self):
        for values in (self._number, self._seconds, self._codes):
            if values is not None:
                return len(values)
        return 0

    def _spread(self, values):
        """Give every row the value of its distinct object."""
        return np.append(np.asarray(values, dtype=np.float64), np.nan)[self._codes]

    def numbers(self, offset=0, unit=None):
        """Read the column as numbers; what is no number is NaN.

        Parameters
        ----------
        offset : int, default=0
            Is subtracted before integers are rounded to float64.
        unit : Unit, Clock or None
            Of numbers given as strings; those in another one are NaN.

        Returns
        -------
        ndarray of shape (n,), float64
            Flags are 0 and 1; infinities stay.
        """
        if self._number is not None:
            if not offset:
                return self._number
            exact = self._number if self._integers is None else self._integers
            return shifted(exact, offset)
        if self._seconds is not None:
            return np.full(len(self), np.nan)
        out = np.full(len(self._payload), np.nan)
        read = parse_number if unit is None else unit.read
        for i, value in enumerate(self._payload):
            if self._kinds[i] in (_NUMBER, _FLAG):
                out[i] = value
            elif self._kinds[i] == _TEXT:
                number = read(value)
                out[i] = np.nan if number is None else number
        if offset:
            out = shifted(out, offset)
            for i, value in self._large():
                out[i] = value - offset
        return self._spread(out)

    def unit(self):
        """Find out how to read strings that are numbers, but not plain ones.

        Returns
        -------
        Unit, Clock or None
            The unit or currency they have in common, or how all of them are written;
            None if they are plain numbers, or none.
        """
        if self._codes is None or _TEXT not in self._kinds:
            return None
        codes, labels = self.levels()
        counts = np.bincount(codes[codes >= 0], minlength=len(labels))
        some = np.linspace(0, len(labels) - 1, min(len(labels), _UNIT_TEXTS))
        some = some.astype(int)
        texts, counts = [labels[i] for i in some], counts[some].tolist()
        return (
            guess_unit(texts, counts)
            or guess_spelling(texts, counts)
            or guess_clock(texts, counts)
        )

    def _large(self):
        """Position and value of the distinct integers that float64 cannot hold."""
        found = []
        for i, value in enumerate(self._payload):
            if self._kinds[i] == _NUMBER and isinstance(value, int):
                found.append((i, value))
            elif self._kinds[i] == _TEXT and _LARGE_INTEGER.fullmatch(value):
                kind, number = _read_value(int(value))
                if isinstance(number, int):
                    found.append((i, number))
        return found

    def offset(self):
        """Return an integer near which float64 can tell the values apart.

        Returns
        -------
        int
            0 unless most numbers of the column are integers beyond 2**53.
        """
        if self._integers is not None:
            return middle(self._integers)
        large = [] if self._codes is None else [value for _, value in self._large()]
        found = np.abs(self.numbers()) if large else np.zeros(1)
        if 2 * np.count_nonzero(found >= EXACT) <= np.count_nonzero(found >= 0):
            return 0
        return sorted(large)[len(large) // 2]

    def lost(self):
        """Return the digits that `numbers` loses, see `lost_digits`; None if none."""
        if self._integers is not None:
            return lost_digits(self._integers)
        large = [] if self._codes is None else self._large()
        if not large:
            return None
        words = np.zeros(len(self._payload) + 1, dtype=np.uint64)
        for i, value in large:
            kind = np.int64 if value < 0 else np.uint64
            words[i] = lost_digits(np.array([value], dtype=kind))[0]
        return words[self._codes]

    def unread(self, read):
        """Count the values that are there, but were read as NaN.

        Parameters
        ----------
        read : ndarray of shape (n,), float64
            What `numbers` or `seconds` gave.

        Returns
        -------
        count : int
            Rows with such a value.
        example : str
            The first of these values; empty if there is none.
        """
        gaps = np.isnan(read)
        if not gaps.any():
            return 0, ""
        if self._codes is None:
            values = self._seconds if self._number is None else self._number
            gaps &= ~np.isnan(values)
        else:
            gaps &= self._kinds[self._codes] != _MISSING
        rows = np.flatnonzero(gaps)
        if not len(rows):
            return 0, ""
        if self._codes is not None:
            return len(rows), str(self._payload[self._codes[rows[0]]])
        return len(rows), "a date" if self._number is None else f"{values[rows[0]]:g}"

    def run_together(self):
        """Tell whether different numbers of the column are one as float64."""
        if self._codes is None:
            return False
        numbers = np.flatnonzero(self._kinds[:-1] == _NUMBER)
        read = [self._payload[i] for i in numbers]
        # Equal objects are one here already, however they came: 1, 1.0, Decimal(1).
        return len(read) > len(set(read)) and abs(read[0]) > EXACT

    def seconds(self, date_format=None):
        """Read the column as seconds since 1970-01-01 UTC; NaN if no date.

        Parameters
        ----------
        date_format : str or None
            Format of dates given as strings.

        Returns
        -------
        ndarray of shape (n,), float64
            Dates without a zone are taken as UTC.
        """
        if self._seconds is not None:
            return self._seconds
        if self._number is not None:
            return np.full(len(self), np.nan)
        out = np.full(len(self._payload), np.nan)
        texts = []
        for i, value in enumerate(self._payload):
            if self._kinds[i] == _SECONDS:
                out[i] = value
            elif self._kinds[i] == _TEXT:
                texts.append(i)
        if date_format is not None and texts:
            strings = [self._payload[i] for i in texts]
            out[texts] = parse_dates(strings, date_format)
        return self._spread(out)

    def levels(self):
        """Read the column as texts.

        Returns
        -------
        codes : ndarray of shape (n,), int
            Position in ``labels``; -1 where missing.
        labels : list of str
            The distinct texts.
        """
        if self._codes is None:
            values = self._number if self._number is not None else self._seconds
            values = values if self._integers is None else self._integers
            uniques, codes = np.unique(values, return_inverse=True)
            payload = [self._plain(value) for value in uniques]
            kinds = np.where(np.isnan(uniques), _MISSING, _NUMBER)
        else:
            codes, payload, kinds = self._codes, self._payload, self._kinds
        labels, where = [], {}
        lookup = np.full(len(payload) + 1, -1, dtype=np.intp)
        for i, value in enumerate(payload):
            if kinds[i] == _MISSING:
                continue
            if isinstance(value, bool):
                text = str(value)
            else:
                text = value if isinstance(value, str) else _number_text(value)
            if text not in where:
                where[text] = len(labels)
                labels.append(text)
            lookup[i] = where[text]
        return lookup[codes], labels

    def _plain(self, value):
        """Turn a value of an array of numbers, dates or flags into Python's."""
        if self._flag:
            return bool(value)
        if self._integers is not None:
            return int(value)
        if self._short is not None:  # 0.1, and not 0.10000000149011612
            return float(str(self._short.type(value)))
        return float(value)

    def categories(self):
        """Read the column as texts, each category in one spelling.

        What reads a csv file makes the number 7 of 007, 1.1 of 1.10, 100000 of 1E5 and
        True of TRUE, if all the column holds is like it, which depends on the rows that
        happen to be in the file, or in a part of it.

        Returns
        -------
        codes : ndarray of shape (n,), int
            Position in ``labels``; -1 where missing.
        labels : list of str
            The distinct categories.
        """
        codes, labels = self.levels()
        place = {}
        where = [place.setdefault(_one_spelling(label), len(place)) for label in labels]
        return np.array([*where, -1], dtype=np.intp)[codes], list(place)

    def shares(self):
        """Count what the column is made of.

        Returns
        -------
        dict of str to float
            Shares of the values that are not missing: ``number`` (number strings
            count), ``date`` (without date strings), ``flag``, ``text``; and
            ``missing``, as a share of all rows.
        """
        n = len(self)
        if self._codes is None:
            values = self._number if self._number is not None else self._seconds
            missing = np.isnan(values).mean() if n else 1.0
            kind = "flag" if self._flag else "number"
            kind = "date" if self._seconds is not None else kind
            out = dict.fromkeys(("number", "date", "flag", "text"), 0.0)
            return out | {kind: float(missing < 1), "missing": float(missing)}
        kinds = self._kinds.copy()
        for i, value in enumerate(self._payload):
            if kinds[i] == _TEXT and parse_number(value) is not None:
                kinds[i] = _NUMBER
        count = np.bincount(kinds[self._codes], minlength=5)
        present = max(1, n - count[_MISSING])
        return {
            "number": count[_NUMBER] / present,
            "date": count[_SECONDS] / present,
            "flag": count[_FLAG] / present,
            "text": count[_TEXT] / present,
            "missing": float(count[_MISSING] / n) if n else 1.0,
        }
