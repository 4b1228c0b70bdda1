"""Which values make a row odd, asked of the fitted model itself."""

import numpy as np

# A typical value is found on this many rows; more change nothing that is shown.
_MAX_REFERENCE_ROWS = 10_000
# Values scored at once (16 MB as numbers): memory stays flat for any width.
_MAX_VALUES_AT_ONCE = 2_000_000
# Every column costs one scored row of all columns; beyond this it takes minutes.
MAX_COLUMNS = 1000


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
    # For each column the row that holds its typical value: values are only moved
    # between rows, never made, so that every column keeps its type.
    typical = [_typical_row(_column(data, j), picked) for j in range(n_features)]
    before = score_samples(_take(data, rows))
    gains = np.full((len(rows), n_features), -np.inf)
    columns = [j for j in range(n_features) if typical[j] is not None]
    at_once = max(1, _MAX_VALUES_AT_ONCE // (n_features * len(rows)))
    for start in range(0, len(columns), at_once):
        chunk = columns[start : start + at_once]
        origin = np.tile(rows, len(chunk))
        changed = _take(data, origin)
        for block, j in enumerate(chunk):
            source = origin.copy()
            source[block * len(rows) : (block + 1) * len(rows)] = typical[j]
            _set_column(changed, j, _column(data, j)[source])
        after = score_samples(changed).reshape(len(chunk), len(rows))
        gains[:, chunk] = after.T - before[:, None]
    return [
        [
            (int(j), _column(data, j)[row], _column(data, j)[typical[j]])
            for j in np.argsort(-gains[i], kind="stable")[:n_columns]
            # less than a hundredth of the best gain tells nobody anything
            if gains[i, j] > 0 and gains[i, j] >= 0.01 * gains[i].max()
        ]
        for i, row in enumerate(rows)
    ]


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


def _typical_row(values, rows):
    """Return the row of the median or most frequent value; None if all miss."""
    import pandas as pd

    present = pd.Series(values[rows], index=rows).dropna()
    if present.empty:
        return None
    ordered = pd.api.types.is_numeric_dtype(present.dtype) or (
        pd.api.types.is_datetime64_any_dtype(present.dtype)
    )
    if ordered and not pd.api.types.is_bool_dtype(present.dtype):
        return present.sort_values(kind="stable").index[len(present) // 2]
    texts = present.map(str)  # lists and dictionaries cannot be counted
    return texts.index[texts == texts.value_counts().index[0]][0]
