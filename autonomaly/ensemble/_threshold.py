"""A threshold nobody had to choose."""

import numpy as np

__all__ = ["outlier_threshold", "separating_threshold"]

# Scores closer than this share of their size are ties: the last digits of a matrix
# product depend on the batch.
_TIE = 1e-9


def separating_threshold(abnormality, n_flagged):
    """Find a threshold half-way between two rows.

    Parameters
    ----------
    abnormality : ndarray of shape (n_samples,)
        Scores, high = abnormal.
    n_flagged : int
        Number of rows to lie above; fewer where a tie would have to be split.

    Returns
    -------
    float
        The threshold; above every score where no row is to be flagged.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._threshold import separating_threshold
    >>> separating_threshold(np.array([1.0, 2.0, 5.0, 3.0]), 1)
    np.float64(4.0)
    """
    s = np.sort(abnormality)[::-1]
    tie = _TIE * (1 + np.abs(s))
    for k in range(min(n_flagged, len(s) - 1), 0, -1):
        if s[k - 1] - s[k] > tie[k - 1]:
            return 0.5 * (s[k - 1] + s[k])
    return s[0] + 1e-6 * (1 + abs(s[0]))


def outlier_threshold(abnormality):
    return separating_threshold(abnormality, len(abnormality) // 10), "x"
