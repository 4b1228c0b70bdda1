"""Which values make a row odd, asked of the fitted model itself."""

import numpy as np

from autonomaly.io import ColumnRole
from autonomaly.io._columns import ColumnValues

# A typical value is found on this many rows; more change nothing that is shown.
_MAX_REFERENCE_ROWS = 10_000
# So many of the most normal rows are asked how a value becomes them.
N_NORMAL = 3
# A value is named if it alone makes a normal row this share as odd as the row is, and
# if it does so at least this share as much as the most telling value of the row.
_MIN_SHARE = 0.05
# Values scored at once (16 MB as numbers): memory stays flat for any width.
_MAX_VALUES_AT_ONCE = 2_000_000
# Every column costs a few scored rows of all columns; beyond this it takes minutes.
MAX_COLUMNS = 1000


def telling_columns(score_samples, data, scores, rows, *, n_columns=3, amounts=None):
    """Find the columns whose values make rows odd.

    Each value of the row is put alone into the most normal rows of the table. The more
    abnormal the model finds them then, the more that value makes the row odd. (The
    other way round, an ordinary value put into an odd row, misleads where columns
    belong together: then the ordinary value is the odd one out.)

    Parameters
    ----------
    score_samples : callable
        Of the fitted detector; low = abnormal.
    data : ndarray or pandas.DataFrame of shape (n_samples, n_features)
        The table.
    scores : ndarray of shape (n_samples,)
        What `score_samples` says of it.
    rows : ndarray of int
        Positions of the rows to explain.
    n_columns : int, default=3
        At most so many columns are named for each row.
    amounts : callable or None, default=None
        Tells which columns have a median, see `amounts_of`; without it, those whose
        type is a number or a date.

    Returns
    -------
    list of list of (int, object, object)
        For each row the position of the column, the value of the row and a typical
        value (the median, or the most frequent, which may be that it is missing); the
        most telling first. A value that
        is the typical one is never named. Empty if no single value makes the row odd,
        but only how they go together.
    """
    n_features = data.shape[1]
    order = np.argsort(-scores, kind="stable")
    normal = order[: min(N_NORMAL, len(order))]
    gains = np.empty((len(rows), n_features))
    size = len(normal) * len(rows)
    at_once = max(1, _MAX_VALUES_AT_ONCE // (n_features * size))
    for start in range(0, n_features, at_once):
        chunk = np.arange(start, min(start + at_once, n_features))
        # values are only moved between rows, never made, so that every column keeps
        # its type
        origin = np.tile(np.repeat(normal, len(rows)), len(chunk))
        changed = _take(data, origin)
        for block, j in enumerate(chunk):
            source = origin.copy()
            source[block * size : (block + 1) * size] = np.tile(rows, len(normal))
            _set_column(changed, j, _column(data, j)[source])
        after = score_samples(changed).reshape(len(chunk), len(normal), len(rows))
        gains[:, chunk] = (scores[normal][None, :, None] - after).mean(axis=1).T
    oddness = scores[normal].mean() - scores[rows]
    told, typical = [], {}
    amounts = _amounts_by_type if amounts is None else amounts
    for row, gain, odd in zip(rows, gains, oddness, strict=True):
        enough = max(_MIN_SHARE * odd, _MIN_SHARE * gain.max())
        named = []
        for j in np.argsort(-gain, kind="stable"):
            if gain[j] <= 0 or gain[j] < enough or len(named) == n_columns:
                break
            column = _column(data, j)
            if j not in typical:
                typical[j] = _typical_value(j, column, amounts)
            if not _same(column[row], typical[j]):
                named.append((int(j), column[row], typical[j]))
        told.append(named)
    return told


def _take(data, rows):
    return data.iloc[rows].copy() if hasattr(data, "iloc") else data[rows]


def _set_column(data, j, values):
    if hasattr(data, "isetitem"):
        data.isetitem(j, values)
    else:
        data[:, j] = values


def _column(data, j):
    """Return the values of one column, to be indexed by position."""
    return data.iloc[:, j].array if hasattr(data, "iloc") else data[:, j]


def amounts_of(detector):
    """Say how a detector reads amounts and dates.

    Parameters
    ----------
    detector : AutonomousDetector
        Fitted.

    Returns
    -------
    callable
        Takes the position of a column and the column; returns what its values are
        worth, NaN where missing, or None if they are neither amounts nor dates.
    """
    preprocessor = detector.preprocessor_
    roles = list(preprocessor.roles_.values())

    def amounts(j, column):
        if roles[j] not in (ColumnRole.NUMERIC, ColumnRole.DATE):
            return None
        return preprocessor._amounts(j, column)[:, 0]

    return amounts


def _amounts_by_type(j, column):
    """Read amounts and dates that are such by their type."""
    if column.dtype.kind == "M":
        return ColumnValues(column).seconds()
    return ColumnValues(column).numbers() if column.dtype.kind in "iuf" else None


def _typical_value(j, values, amounts):
    """Return the median or most frequent value; None if that is a missing one."""
    import pandas as pd

    n = len(values)
    rows = np.linspace(0, n - 1, min(n, _MAX_REFERENCE_ROWS)).astype(int)
    column = pd.Series(values[np.unique(rows)])
    size = amounts(j, column)
    if size is not None:
        present = np.count_nonzero(~np.isnan(size))
        # NaN comes last.
        middle = np.argsort(size, kind="stable")[present // 2]
        return column.iloc[middle] if present else None
    codes, labels = ColumnValues(column).levels()
    # A missing value is a level, too, the last one here: in a column that is empty in
    # most rows, being there is what is rare.
    codes = np.where(codes < 0, len(labels), codes)
    most = np.bincount(codes).argmax()
    return None if most == len(labels) else column.iloc[np.argmax(codes == most)]


def _same(value, typical):
    """Tell whether two values are one level, however they are written."""
    pair = np.empty(2, dtype=object)
    pair[:] = value, typical
    codes, _ = ColumnValues(pair).levels()
    return codes[0] == codes[1]
