"""Which values make a row odd, asked of the fitted model itself."""

import numpy as np

# A typical value is found on this many rows; more change nothing that is shown.
_MAX_REFERENCE_ROWS = 10_000
# Rows scored at once, so that wide tables do not need their width times the memory.
_MAX_ROWS_AT_ONCE = 20_000


def telling_columns(score_samples, data, rows, *, n_columns=3):
    """Find the columns whose values make rows odd.

    One value of the row at a time is replaced by a typical value of its column
    (the median, or the most frequent value). The more normal the model finds the
    row then, the more that value made it odd.

    Parameters
    ----------
    score_samples : callable
        Of the fitted detector; low = abnormal.
    data : ndarray or pandas.DataFrame of shape (n_samples, n_features)
        The table.
    rows : list of int
        Positions of the rows to explain.
    n_columns : int, default=3
        At most so many columns are named for each row.

    Returns
    -------
    list of list of (int, object, object)
        For each row the position of the column, the value of the row and the
        typical value; the most telling first. Empty if no single value makes the
        row odd, but only how they go together.
    """
    n_samples, n_features = data.shape
    picked = np.unique(
        np.linspace(0, n_samples - 1, min(n_samples, _MAX_REFERENCE_ROWS)).astype(int)
    )
    reference = _take(data, picked)
    typical = [_typical_value(_column(reference, j)) for j in range(n_features)]
    odd = _take(data, rows)
    before = score_samples(odd)
    gains = np.full((len(rows), n_features), -np.inf)
    at_once = max(1, _MAX_ROWS_AT_ONCE // len(rows))
    columns = [j for j in range(n_features) if typical[j] is not None]
    for start in range(0, len(columns), at_once):
        chunk = columns[start : start + at_once]
        changed = _take(odd, np.tile(np.arange(len(rows)), len(chunk)))
        for block, j in enumerate(chunk):
            where = slice(block * len(rows), (block + 1) * len(rows))
            _set(changed, where, j, typical[j])
        after = score_samples(changed).reshape(len(chunk), len(rows))
        gains[:, chunk] = after.T - before[:, None]
    return [
        [
            (int(j), _column(odd, j)[i], typical[j])
            for j in np.argsort(-gains[i], kind="stable")[:n_columns]
            # less than a hundredth of the best gain tells nobody anything
            if gains[i, j] > 0 and gains[i, j] >= 0.01 * gains[i].max()
        ]
        for i in range(len(rows))
    ]


def _take(data, rows):
    return data.iloc[rows].copy() if hasattr(data, "iloc") else data[rows]


def _set(data, rows, column, value):
    if hasattr(data, "iloc"):
        data.iloc[rows, column] = value
    else:
        data[rows, column] = value


def _column(data, j):
    """Return the values of one column as a sequence."""
    return data.iloc[:, j].array if hasattr(data, "iloc") else data[:, j]


def _typical_value(values):
    """Return a value that occurs in the column, or None if it is all missing."""
    import pandas as pd

    present = pd.Series(values).dropna()
    if present.empty:
        return None
    ordered = pd.api.types.is_numeric_dtype(present.dtype) or (
        pd.api.types.is_datetime64_any_dtype(present.dtype)
    )
    if ordered and not pd.api.types.is_bool_dtype(present.dtype):
        return present.sort_values().iloc[len(present) // 2]
    # lists and dictionaries cannot be counted
    counts = present.map(str).value_counts()
    return present[present.map(str) == counts.index[0]].iloc[0]
