"""Correlations that columns without any variation do not break."""

import numpy as np
from scipy.stats import rankdata

__all__ = ["correlation", "rank_correlation"]


def correlation(Z):
    """Correlate columns; 0 with a column that does not vary, itself included.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
        Finite numbers.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        Pearson's correlations.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly._utils._correlation import correlation
    >>> correlation(np.array([[0.0, 2.0, 5.0], [1.0, 0.0, 5.0]])).round(6).tolist()
    [[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    centred = Z - Z.mean(axis=0)
    norm = np.sqrt((centred**2).sum(axis=0))
    # columns that differ by rounding only do not vary
    flat = norm <= 1e-12 * np.sqrt(len(Z)) * np.abs(Z).max(axis=0)
    unit = centred / np.where(flat, np.inf, norm)
    return np.clip(unit.T @ unit, -1.0, 1.0)


def rank_correlation(Z):
    """Correlate the ranks of columns (Spearman), as `correlation` does.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
        Finite numbers.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        Rank correlations.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly._utils._correlation import rank_correlation
    >>> rank_correlation(np.array([[1.0, 1.0], [2.0, 9.0], [3.0, 99.0]])).round(6)
    array([[1., 1.],
           [1., 1.]])
    """
    return correlation(rankdata(Z, axis=0))
