"""Which reference rows to trust: iterated trimming by a robust consensus."""

import numpy as np
from scipy.stats import rankdata

__all__ = ["consensus", "trusted_rows"]

# Fewer rows than this are never trimmed: what is left would describe nothing.
MIN_ROWS = 20


def consensus(abnormalities):
    """Rank rows by the mean tail surprise of several detectors.

    Every score becomes ``-log(1 - rank / (n + 1))``, which stretches the suspicious
    end: a row must be far up for a few detectors, or rather high for many.

    Parameters
    ----------
    abnormalities : list of ndarray of shape (n_samples,)
        Scores of the detectors that screen, high = abnormal.

    Returns
    -------
    ndarray of shape (n_samples,)
        The consensus, high = abnormal.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._trimming import consensus
    >>> consensus([np.array([1.0, 2.0, 9.0])]).round(2)
    array([0.29, 0.69, 1.39])
    """
    n = len(abnormalities[0])
    return np.mean(
        [-np.log(1 - rankdata(scores) / (n + 1)) for scores in abnormalities], axis=0
    )


def trusted_rows(suspicion, share, n_features):
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
    if n < MIN_ROWS:
        return np.ones(n, dtype=bool)
    if n < 3 * n_features:
        share = min(share, 0.3)
    keep = rankdata(suspicion) / (n + 1) <= 1 - share
    # Ties at the top of the ranks may take almost every row with them.
    return keep if keep.sum() >= n // 4 else np.ones(n, dtype=bool)
