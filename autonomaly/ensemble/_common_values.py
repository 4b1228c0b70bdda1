"""Values that many rows have are not odd by themselves."""

import numpy as np

from autonomaly._utils._one_hot import one_hot_variables

__all__ = ["beside_their_like", "common_values"]

# A value that at least this share of the rows has, and at least so many of them, is
# ordinary, however far from the others it lies.
_COMMON, _FEWEST_ROWS = 0.02, 5
# The same of whole rows, where most rows are like many others: in a table of few
# categories it is their combinations that are common. Elsewhere, equal rows are odd.
_COMMON_ROW, _MOST = 0.01, 0.5
_SWEEPS = 3


def common_values(X, share=_COMMON, *, others=False):
    """Find the rows that have a category, or one of two values, in common.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Finite numbers.
    share : float, default=0.02
        Share of the rows that have a common value; at least five of them do.
    others : bool, default=False
        Whether rows without a value that at least half of the rows have are alike in
        that, however many values they have: the amounts of a column of zeros.

    Returns
    -------
    list of list of ndarray of int
        For every column of categories, and every other column of two values, the rows
        of each value that is common. Where more than half of the rows are each equal
        to 1 % of them, the last list holds the rows of each of these combinations.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._common_values import common_values
    >>> X = np.column_stack([np.arange(100.0), np.arange(100) < 98])
    >>> [[len(rows) for rows in column] for column in common_values(X)]
    [[98]]
    """
    variables = one_hot_variables(X)
    fewest = max(share * len(X), _FEWEST_ROWS)
    found = []
    for first in np.unique(variables):
        columns = np.flatnonzero(variables == first)
        if len(columns) > 1:
            codes = X[:, columns].argmax(axis=1)
        else:
            column = X[:, first]
            codes = (column == column.max()).astype(np.intp)
            two = (column[codes == 0] == column.min()).all()
            if others and not two:
                # A value of half of the rows lies in their middle.
                codes = (column == np.sort(column)[len(column) // 2]).astype(np.intp)
                two = 2 * codes.sum() >= len(column)
            if codes.all() or not two:
                continue  # constant, or an amount
        counts = np.bincount(codes)
        common = np.flatnonzero(counts >= fewest)
        found.append([np.flatnonzero(codes == code) for code in common])
    if len(np.unique(variables)) > 1:
        combinations = _common_rows(X, _COMMON_ROW)
    else:
        combinations = [] if found else _common_rows(X, _COMMON)
    return [*found, combinations] if combinations else found


def _common_rows(X, share):
    """Find the rows that many others are equal to, if most rows are among them."""
    n = len(X)
    fewest = max(share * n, _FEWEST_ROWS)
    some = X[:: max(1, n // 1000)]
    if len(np.unique(some, axis=0)) > (1 - _MOST) * len(some) + n / fewest:
        return []  # at no cost, as of most tables
    _, codes, counts = np.unique(X, axis=0, return_inverse=True, return_counts=True)
    common = np.flatnonzero(counts >= fewest)
    if counts[common].sum() <= _MOST * n:
        return []
    codes = codes.ravel()
    return [np.flatnonzero(codes == code) for code in common]


def beside_their_like(scores, values):
    """Compare every row with the rows that have its common values.

    The more common values a row has that make rows odd, the more is subtracted: the
    median by which rows with the value differ from all, one column after the other.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Any scores.
    values : list of list of ndarray of int
        See `common_values`.

    Returns
    -------
    ndarray of shape (n_samples,)
        The scores without what common values add to them.

    References
    ----------
    .. [1] Tukey, J. W. "Exploratory Data Analysis", Addison-Wesley, 1977: median
           polish.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._common_values import beside_their_like
    >>> scores = np.array([1.0, 2.0, 3.0, 11.0, 12.0, 13.0, 40.0])
    >>> beside_their_like(scores, [[np.arange(3), np.arange(3, 7)]])
    array([10. , 11. , 12. ,  9.5, 10.5, 11.5, 38.5])
    """
    scores = scores.copy()
    for _ in range(_SWEEPS):
        for column in values:
            middle = np.median(scores)
            for rows in column:
                scores[rows] -= np.median(scores[rows]) - middle
    return scores
