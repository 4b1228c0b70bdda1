"""Which values make a row odd, asked of the fitted model itself."""

import numpy as np

from autonomaly.io import ColumnRole
from autonomaly.io._columns import ColumnValues

__all__ = ["MAX_COLUMNS", "ordinary_rows", "telling_columns"]

# Ordinary rows are the most normal of a table: this share, at most so many, and no more
# than these values as numbers (8 MB), which a saved model holds, too.
_ORDINARY_SHARE = 0.75
_MAX_ORDINARY = 2000
_MAX_ORDINARY_VALUES = 1_000_000
# So many ordinary rows near an odd one are compared with it for each column.
_N_NEAR = 2
# Beyond this many scale units a value is just far: one odd value does not decide alone
# which rows are near.
_FAR = 1.0
# What a column itself, and all those that do not depend on it together, weigh in what
# is near; one that is a function of it weighs 1.
_WEIGHT_OF_ITSELF = 0.1
_WEIGHT_OF_OTHERS = 0.1
# A value is named if it accounts for this share of how odd the row is, and for this
# share of what the most telling value of the row accounts for.
_MIN_SHARE = 0.05
_MIN_SHARE_OF_FIRST = 0.3
# At most so many values are named.
_MAX_NAMED = 3
# A category that this share of the ordinary rows has makes no row odd by itself.
_COMMON = 0.1
# Two values do not go together if the other one is so many times rarer than elsewhere
# among the rows that have the one, or lies far beyond theirs. So many rows are enough.
_RARER, _ENOUGH_ROWS = 5, 20
# Values scored at once (16 MB as numbers): memory stays flat for any width.
_MAX_VALUES_AT_ONCE = 2_000_000
# Every column costs a few scored rows of all columns; beyond this it takes minutes.
MAX_COLUMNS = 1000


def ordinary_rows(detector, data, scores):
    """Keep what odd rows are compared with.

    Parameters
    ----------
    detector : AutonomousDetector
        Fitted.
    data : ndarray or pandas.DataFrame of shape (n_samples, n_features)
        Rows, best those of the training.
    scores : ndarray of shape (n_samples,)
        What the detector says of them.

    Returns
    -------
    tuple of (ndarray, list) or None
        Ordinary rows as numbers; and for each column a typical value (the median, or
        the most frequent, None where that is missing, "" of texts that do not repeat).
        None if there are too many columns. Plain types, as a saved model holds them.
    """
    n, n_columns = data.shape
    if n_columns > MAX_COLUMNS:
        return None
    width = max(1, len(detector.preprocessor_.feature_sources_))
    n_best = max(1, int(_ORDINARY_SHARE * n))
    size = min(n_best, _MAX_ORDINARY, max(1, _MAX_ORDINARY_VALUES // width))
    best = np.sort(np.argsort(-scores, kind="stable")[:n_best])
    rows = _take(data, best[np.linspace(0, n_best - 1, size).astype(int)])
    everything = _take(data, np.linspace(0, n - 1, min(n, _MAX_ORDINARY)).astype(int))
    typical = [
        _typical_value(detector.preprocessor_, j, _column(everything, j))
        for j in range(n_columns)
    ]
    return detector._numbers(rows), typical


def telling_columns(detector, rows, ordinary):
    """Find the columns whose values make rows odd.

    Each value is exchanged with that of an ordinary row near the odd one, and counts as
    much as the ordinary row becomes odder by it and the odd one more ordinary, on the
    average of both. Near are rows that are like the odd one in the columns that go with
    the one in question: an ordinary value then stays beside what it goes with.

    Parameters
    ----------
    detector : AutonomousDetector
        Fitted.
    rows : ndarray or pandas.DataFrame of shape (n_rows, n_features)
        The rows to explain.
    ordinary : tuple
        See `ordinary_rows`.

    Returns
    -------
    list of list of (int, object, object)
        For each row at most three columns, the most telling first: the position of the
        column, the value of the row and a typical value as in `ordinary_rows`. A value
        that is the typical one is never named, nor are common categories alone. Empty
        if no single value makes the row odd, but only how they go together.
    """
    preprocessor = detector.preprocessor_
    positions = {name: j for j, name in enumerate(preprocessor.roles_)}
    sources = [positions[name] for name in preprocessor.feature_sources_.values()]
    reference, typical = ordinary
    columns, parts = np.unique(sources, return_inverse=True)
    X = detector._numbers(rows)
    gains, oddness = _gains(detector._scores, X, reference, parts)
    roles = list(preprocessor.roles_.values())
    told = []
    for i, (gain, odd) in enumerate(zip(gains, oddness, strict=True)):
        enough = max(_MIN_SHARE * odd, _MIN_SHARE_OF_FIRST * gain.max())
        named, common = [], True
        order = np.argsort(-gain, kind="stable")
        for k in order:
            if gain[k] <= 0 or gain[k] < enough or len(named) == _MAX_NAMED:
                break
            j = int(columns[k])
            value = _column(rows, j)[i]
            if not _same(value, typical[j]):
                named.append((j, value, typical[j]))
                alike = (reference[:, parts == k] == X[i, parts == k]).all(axis=1)
                common &= roles[j] == ColumnRole.CATEGORICAL and alike.mean() >= _COMMON
        if common:
            kinds = [roles[j] for j in columns]
            named = []
            for k in _conflict(X[i], reference, parts, order, kinds):
                j = int(columns[k])
                value = _column(rows, j)[i]
                beside = "" if _same(value, typical[j]) else typical[j]
                named.append((j, value, beside))
        told.append(named)
    return told


def _conflict(row, reference, parts, order, kinds):
    """Find a common category and another value that do not go together.

    Parameters
    ----------
    row : ndarray of shape (width,)
        The odd row as numbers.
    reference : ndarray of shape (n_ordinary, width)
        Ordinary rows.
    parts : ndarray of shape (width,)
        The column that each number is a part of, counted from 0.
    order : ndarray of int
        These columns, the most telling first.
    kinds : list of ColumnRole
        The role of each of them.

    Returns
    -------
    list of int
        Two of these columns, or none.
    """
    same = reference == row
    categories = [k for k in order if kinds[k] == ColumnRole.CATEGORICAL]
    alike = {k: same[:, parts == k].all(axis=1) for k in categories}
    for k in categories:
        n = np.count_nonzero(alike[k])
        if n < max(_ENOUGH_ROWS, _COMMON * len(reference)):
            continue
        for other in order:
            if other == k:
                continue
            if other in alike:
                expected = n * alike[other].mean()
                found = np.count_nonzero(alike[k] & alike[other])
                apart = expected >= _RARER and found * _RARER <= expected
            else:
                apart = _beyond(
                    row[parts == other], reference[alike[k]][:, parts == other]
                )
            if apart:
                return [k, other]
    return []


def _beyond(value, others):
    """Tell whether a number lies beyond all others, by a good part of their range."""
    if len(value) != 1:
        return False
    low, high = others.min(), others.max()
    return abs(value[0] / 2 - low / 4 - high / 4) > (high / 2 - low / 2)


def _gains(score, X, reference, parts):
    """Measure what every column accounts for in every row of X.

    Parameters
    ----------
    score : callable
        Of rows as numbers; low = abnormal.
    X, reference : ndarray of shape (n_rows, width), (n_ordinary, width)
        The odd rows and ordinary ones.
    parts : ndarray of shape (width,)
        The column that each number is a part of, counted from 0.

    Returns
    -------
    tuple of ndarray of shape (n_rows, n_columns), (n_rows,)
        The gains, and how much odder than ordinary rows the rows are.
    """
    n, width = X.shape
    near = _near(X, reference, parts)
    _, n_columns, k = near.shape
    before, ordinary = score(X), score(reference)
    gains = np.empty((n, n_columns))
    at_once = max(1, _MAX_VALUES_AT_ONCE // (2 * n * k * width))
    for start in range(0, n_columns, at_once):
        chunk = np.arange(start, min(start + at_once, n_columns))
        theirs = reference[near[:, chunk]]  # rows, columns, near ones, numbers
        ours = np.broadcast_to(X[:, None, None], theirs.shape)
        own = (parts == chunk[:, None])[None, :, None]
        changed = np.stack([np.where(own, ours, theirs), np.where(own, theirs, ours)])
        after = score(changed.reshape(-1, width)).reshape(changed.shape[:-1])
        odder = ordinary[near[:, chunk]] - after[0]
        saner = after[1] - before[:, None, None]
        gains[:, chunk] = (odder + saner).mean(axis=2) / 2
    return gains, ordinary.mean() - before


def _near(X, reference, parts):
    """Find the reference rows near each row, for every column anew.

    Returns an array of shape (n_rows, n_columns, n_near) of positions.
    """
    # Numbers that are part of one column come to stand side by side.
    order = np.argsort(parts, kind="stable")
    starts = np.searchsorted(parts[order], np.arange(parts.max() + 1))
    reference, X = reference[:, order], X[:, order]
    weights = _dependence(reference, starts)
    weights += _WEIGHT_OF_OTHERS / len(weights)
    np.fill_diagonal(weights, _WEIGHT_OF_ITSELF)
    near = []
    for row in X:
        apart = np.minimum(np.abs(reference - row), _FAR)
        apart = np.maximum.reduceat(apart, starts, axis=1)
        # A row says nothing about itself, nor does its twin.
        apart[~apart.any(axis=1)] = len(weights)
        far = apart @ weights
        near.append(np.argsort(far, axis=0, kind="stable")[:_N_NEAR].T)
    return np.stack(near)


def _dependence(Z, starts):
    """Return the largest squared correlation between the parts of two columns."""
    Z = Z - Z.mean(axis=0)
    # Squares of the largest numbers would overflow.
    Z /= np.maximum(np.abs(Z).max(axis=0), np.finfo(float).tiny)
    Z /= np.maximum(np.linalg.norm(Z, axis=0), np.finfo(float).tiny)
    squared = (Z.T @ Z) ** 2
    for axis in (0, 1):
        squared = np.maximum.reduceat(squared, starts, axis=axis)
    return squared


def _take(data, rows):
    return data.iloc[rows] if hasattr(data, "iloc") else data[rows]


def _column(data, j):
    """Return the values of one column, to be indexed by position."""
    return data.iloc[:, j].array if hasattr(data, "iloc") else data[:, j]


def _typical_value(preprocessor, j, values):
    """Return the median or most frequent value, see `ordinary_rows`."""
    import pandas as pd

    column = pd.Series(values)
    role = list(preprocessor.roles_.values())[j]
    if role in (ColumnRole.NUMERIC, ColumnRole.DATE):
        size = preprocessor._amounts(j, column)[:, 0]
        present = np.count_nonzero(~np.isnan(size))
        # NaN comes last.
        middle = np.argsort(size, kind="stable")[present // 2]
        return column.iloc[middle] if present else None
    codes, labels = ColumnValues(column).categories()
    # A missing value is a level, too, the last one here: in a column that is empty in
    # most rows, being there is what is rare.
    codes = np.where(codes < 0, len(labels), codes)
    counts = np.bincount(codes)
    most = counts.argmax()
    if role == ColumnRole.TEXT and counts[most] == 1:
        return ""
    return None if most == len(labels) else column.iloc[np.argmax(codes == most)]


def _same(value, typical):
    """Tell whether two values are one level, however they are written."""
    pair = np.empty(2, dtype=object)
    pair[:] = value, typical
    codes, _ = ColumnValues(pair).categories()
    return codes[0] == codes[1]
