"""A table as the profile sees it: one float64 value and one hash per cell."""

import dataclasses
import hashlib

import numpy as np
from scipy.sparse import issparse

from autonomaly.exceptions import DataError
from autonomaly.io import ColumnRole
from autonomaly.io._columns import ColumnValues, complex_error, table
from autonomaly.io._integers import beyond_float, lost_digits
from autonomaly.io._raw import refuse_masked, refuse_records, rows_array
from autonomaly.io._roles import read_as, read_columns

_BLOCK_CELLS = 1 << 18  # 2 MB of float64: a block stays in the cache
_MIN_BLOCK_ROWS = 1 << 14  # fewer would cost more in calls than in work
_MISSING_BITS = np.uint64(0x7FF8000000000000)
_SHIFT = np.uint64(33)
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

#: Roles a column may have.
ROLES = tuple(map(str, ColumnRole))


def mix(bits):
    """Scramble 64-bit words in place (the finalizer of MurmurHash3).

    Parameters
    ----------
    bits : ndarray of uint64
        Words; overwritten.

    Returns
    -------
    ndarray of uint64
        The same array; equal words stay equal, others look random.
    """
    bits ^= bits >> _SHIFT
    bits *= _MIX_1
    bits ^= bits >> _SHIFT
    bits *= _MIX_2
    bits ^= bits >> _SHIFT
    return bits


def column_salts(n_columns):
    """Give every column its own word, so that swapped values hash differently."""
    return mix(np.arange(1, n_columns + 1, dtype=np.uint64) * _GOLDEN)


class Table:
    """Rows and columns of any source; see `open_table`.

    Attributes
    ----------
    names : tuple of str
        Distinct column names.
    roles : tuple of str
        The role of each column.
    kinds : tuple of {"number", "date", "level", "empty"}
        What the cells of each column are. Dates are seconds since 1970-01-01 UTC.
    readings : dict of str to ColumnReading
        How columns of strings and objects are read; empty for an array of numbers.
    n_rows : int
        Number of rows.
    n_inconsistent : ndarray of shape (n_columns,)
        Present cells that do not agree with their column, infinities not counted.
    """

    def blocks(self):
        """Yield ``(rows, columns)`` slices that cover the table, column by column."""
        step = max(_MIN_BLOCK_ROWS, _BLOCK_CELLS // len(self.names))
        width = max(1, _BLOCK_CELLS // min(step, self.n_rows))
        for left in range(0, len(self.names), width):
            columns = slice(left, min(left + width, len(self.names)))
            for start in range(0, self.n_rows, step):
                yield slice(start, min(start + step, self.n_rows)), columns

    def hashes(self, values, columns, lost=None):
        """Hash cells, column by column.

        Parameters
        ----------
        values : ndarray of shape (n_columns, n), float64
            Cells; NaN is missing.
        columns : slice
            Which columns these are.
        lost : ndarray of shape (n_columns, n), uint64, or None
            What the cells lost by rounding, see `lost`.

        Returns
        -------
        ndarray of shape (n_columns, n), uint64
            0.0 and -0.0 are equal, all NaN are equal.
        """
        bits = (values + 0.0).view(np.uint64)
        missing = np.isnan(values)
        if missing.any():
            bits[missing] = _MISSING_BITS
        if lost is not None:
            bits ^= mix(lost)  # 0 stays 0
        bits ^= column_salts(len(self.names))[columns, None]
        return mix(bits)

    def fingerprint(self):
        """Return a digest of names, roles and all cells."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr((self.names, self.roles, self.kinds)).encode())
        digest.update(repr((self.n_rows, self.n_inconsistent.tolist())).encode())
        digest.update(self._cell_type().encode())
        for rows, columns in self.blocks():
            digest.update(self._raw(rows, columns))
        return digest.hexdigest()


class ArrayTable(Table):
    """A two-dimensional array of numbers, read in blocks without a copy."""

    def __init__(self, X, roles):
        self._X = X
        self.n_rows, n_columns = X.shape
        self.names = tuple(f"x{j}" for j in range(n_columns))
        self.kinds = ("number",) * n_columns
        self.readings = {}
        self.n_inconsistent = np.zeros(n_columns, dtype=np.int64)
        # None: numeric or constant, which the values themselves will tell
        self.roles = None if roles is None else _given_roles(roles, self.names)

    def _cell_type(self):
        return self._X.dtype.str

    def _raw(self, rows, columns):
        return np.ascontiguousarray(self._X[rows, columns])

    def block(self, rows, columns):
        """Return some cells as float64 of shape (n_columns, n)."""
        with np.errstate(over="ignore"):  # long doubles beyond float64: infinite
            return np.array(self._X[rows, columns].T, dtype=np.float64, order="C")

    def lost(self, rows, columns):
        """Return the digits that `block` loses of integers, None if it loses none."""
        if self._X.dtype.kind not in "iu":
            return None
        cells = self._X[rows, columns]
        return lost_digits(cells.T) if beyond_float(cells) else None

    def rows(self, positions):
        """Return the rows at the given positions, shape (n_columns, n)."""
        with np.errstate(over="ignore"):
            return np.array(self._X[positions].T, dtype=np.float64, order="C")


class FrameTable(Table):
    """Columns of any type, each turned into float64 once."""

    def __init__(self, X, roles, earlier=None):
        names, columns, self.n_rows = table(X)
        self.names = tuple(names)
        _check_size(self.n_rows, len(names))
        values = [ColumnValues(column) for column in columns]
        if roles is None:
            readings = list(read_columns(X).values())
        else:
            readings = list(map(read_as, values, _given_roles(roles, self.names)))
        if earlier is not None:
            readings = list(map(_as_before, readings, map(earlier.get, self.names)))
        self.readings = dict(zip(self.names, readings, strict=True))
        self.roles = tuple(str(reading.role) for reading in readings)
        self.n_inconsistent = np.zeros(len(names), dtype=np.int64)
        self._columns, kinds = [], []
        self._lost = {}  # position of a column of large integers -> lost digits
        for j, (column, reading) in enumerate(zip(values, readings, strict=True)):
            cells, kind, n_inconsistent = _read_column(column, reading)
            lost = column.lost() if kind == "number" else None
            if lost is not None:
                self._lost[j] = lost
            self._columns.append(cells)
            kinds.append(kind)
            self.n_inconsistent[j] = n_inconsistent
        self.kinds = tuple(kinds)

    def _cell_type(self):
        return "frame"

    def _raw(self, rows, columns):
        cells, lost = self.block(rows, columns), self.lost(rows, columns)
        return cells if lost is None else np.append(cells.view(np.uint64), lost)

    def block(self, rows, columns):
        """Return some cells as float64 of shape (n_columns, n)."""
        return np.stack([column[rows] for column in self._columns[columns]])

    def lost(self, rows, columns):
        """Return the digits that `block` loses of integers, None if it loses none."""
        large = [j for j in self._lost if columns.start <= j < columns.stop]
        if not large:
            return None
        out = np.zeros(
            (columns.stop - columns.start, rows.stop - rows.start), np.uint64
        )
        for j in large:
            out[j - columns.start] = self._lost[j][rows]
        return out

    def rows(self, positions):
        """Return the rows at the given positions, shape (n_columns, n)."""
        return np.stack([column[positions] for column in self._columns])


def open_table(X, roles=None, earlier=None):
    """Open any two-dimensional data.

    Parameters
    ----------
    X : array-like, pandas.DataFrame or polars.DataFrame of shape (n, d)
        The data.
    roles : mapping of column name to role, or None
        Roles that are known; ``None`` finds them out.
    earlier : mapping of column name to ColumnReading, or None
        How strings that are dates or numbers are read, if chunks before told.

    Returns
    -------
    Table
        The table.

    Raises
    ------
    DataError
        If `X` is empty, not two-dimensional or complex, or the roles do not fit.
    TypeError
        If `X` is sparse or no table at all.
    """
    if issparse(X):
        raise TypeError(
            "Expected a dense table, got a sparse matrix. Convert it with X.toarray(), "
            "or reduce it first, for example with TruncatedSVD."
        )
    if X is None or isinstance(X, (str, bytes, dict, set)) or np.isscalar(X):
        raise TypeError(
            "X must be an array or a data frame of shape (n_samples, n_features), got "
            f"{type(X).__name__}. Read files with autonomaly.io.load_dataset."
        )
    refuse_masked(X)
    if hasattr(X, "to_frame") and hasattr(X, "name"):  # a pandas or polars Series
        raise DataError(
            f"Expected 2D array, got a Series of {len(X)} values. Pass "
            "series.to_frame()."
        )
    if not hasattr(X, "columns") and not isinstance(X, np.ndarray):
        X = rows_array(X)
    if isinstance(X, np.ndarray):
        refuse_records(X)
        if X.ndim != 2:
            raise DataError(
                f"Expected 2D array, got {X.ndim}D array instead. Rows are samples, "
                "columns are features; use X.reshape(-1, 1) if there is one feature."
            )
        _check_size(*X.shape)
        if X.dtype.kind == "c":
            raise complex_error()
        if X.dtype.kind in "biuf":
            return ArrayTable(X, roles)
    return FrameTable(X, roles, earlier)


def _check_size(n_rows, n_columns):
    shape = f"(shape=({n_rows}, {n_columns}))"
    if n_rows == 0:
        raise DataError(
            f"Found array with 0 sample(s) {shape} while a minimum of 1 is required. "
            "Check the filter or the file that the table comes from."
        )
    if n_columns == 0:
        raise DataError(
            f"Found array with 0 feature(s) {shape} while a minimum of 1 is required. "
            "Check which columns were selected."
        )


def _role_text(role):
    return str(getattr(role, "value", role))


def _given_roles(roles, names):
    known, there = {str(name) for name in roles}, set(names)
    unknown = [name for name in roles if str(name) not in there]
    missing = [name for name in names if name not in known]
    if unknown or missing:
        raise DataError(
            f"The roles do not match the columns: no column named {unknown[:5]}, no "
            f"role for {missing[:5]}. Pass one role for each of the {len(names)} "
            "columns."
        )
    given = {str(name): _role_text(role) for name, role in roles.items()}
    wrong = {name: role for name, role in given.items() if role not in ROLES}
    if wrong:
        raise DataError(f"Unknown roles {wrong}. Allowed roles: {', '.join(ROLES)}.")
    return tuple(given[name] for name in names)


def _as_before(reading, earlier):
    """Read dates and units as in the chunks before, where these had any."""
    if earlier is None:
        return reading
    return dataclasses.replace(
        reading,
        date_format=earlier.date_format or reading.date_format,
        unit=earlier.unit or reading.unit,
    )


def _read_column(column, reading):
    """Return the cells as float64, their kind, and how many disagree."""
    shares = column.shares()
    n_rows = len(column)
    n_present = round(n_rows * (1.0 - shares["missing"]))
    if n_present == 0:
        return np.full(n_rows, np.nan), "empty", 0
    if reading.role == "date" or shares["date"] == 1.0:
        values = column.seconds(reading.date_format)
        kind = "date"
    elif reading.role == "numeric" or max(shares["number"], shares["flag"]) == 1.0:
        values = column.numbers(unit=reading.unit)
        kind = "number"
    else:
        codes, labels = column.levels()
        # 53 bits of the hash fit a float64: cells of all kinds share one matrix
        words = (_hash_labels(labels) >> np.uint64(11)).astype(np.float64)
        values = np.append(words, np.nan)[codes]
        # a csv file that has no other text gives flags where others give texts
        texts = shares["text"] + shares["flag"]
        largest = max(shares["number"], shares["date"], texts)
        return values, "level", round(n_present * (1.0 - largest))
    n_read = n_rows - int(np.isnan(values).sum())
    return values, kind, max(0, n_present - n_read)


def _hash_labels(labels):
    """Hash texts to 64 bits, the same in every process."""
    from pandas.util import hash_array

    texts = np.array(labels, dtype=object)
    try:
        return hash_array(texts, categorize=False)
    except UnicodeEncodeError:  # lone surrogates
        digests = (
            hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
            for text in labels
        )
        return np.array(
            [int.from_bytes(d.digest(), "little") for d in digests], dtype=np.uint64
        )
