"""Which reference rows to trust."""

import math

import numpy as np
from scipy.stats import rankdata

__all__ = ["trusted_rows"]

# Fewer rows than this are never trimmed: what is left would describe nothing.
_MIN_ROWS = 20
# Share of the rows with a common value that stays in any case: what has never seen a
# category finds all of its rows odd, and none that only pretends to be of another.
_REPRESENTED = 0.1


def trusted_rows(suspicion, share, n_features, values=()):
    """Mark the rows that stay in the reference.

    Parameters
    ----------
    suspicion : ndarray of shape (n_samples,)
        High = abnormal.
    share : float in [0, 1)
        Share of rows to leave out; at most 0.3 is used with fewer than three rows per
        column, where less would be left than dependences need.
    n_features : int
        Number of columns.
    values : list of list of ndarray of int, default=()
        The rows that have a value in common, see
        :func:`~autonomaly.ensemble._common_values.common_values`; a tenth of them, the
        least suspicious, stays.

    Returns
    -------
    ndarray of bool of shape (n_samples,)
        The mask of trusted rows.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._trimming import trusted_rows
    >>> trusted_rows(np.arange(40.0), 0.25, n_features=2).sum()
    np.int64(30)
    """
    n = len(suspicion)
    if n < _MIN_ROWS:
        return np.ones(n, dtype=bool)
    if n < 3 * n_features:
        share = min(share, 0.3)
    keep = rankdata(suspicion) / (n + 1) <= 1 - share
    # Ties at the top of the ranks may take almost every row with them.
    if keep.sum() < n // 4:
        return np.ones(n, dtype=bool)
    for rows in (rows for column in values for rows in column):
        fewest = math.ceil(_REPRESENTED * len(rows))
        if keep[rows].sum() < fewest:
            keep[rows[np.argsort(suspicion[rows], kind="stable")[:fewest]]] = True
    return keep
