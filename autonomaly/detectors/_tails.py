"""Tail probabilities column by column."""

import numpy as np
from scipy.stats import skew

from autonomaly.detectors._base import BaseDetector

__all__ = ["TailDetector"]


class TailDetector(BaseDetector):
    """Sum over the columns of the negative log tail probabilities.

    Left tails, right tails and, per column, the tail on the side of its skew are
    summed apart; the largest of the three sums counts, as in ECOD, but tail
    probabilities come from the reference rows alone, never from the batch.

    Parameters
    ----------
    contamination : "auto" or float in (0, 0.5], default="auto"
        Share of training rows below the threshold; ``"auto"`` is 0.1.

    Attributes
    ----------
    offset_ : float
        ``decision_function = score_samples - offset_``.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    References
    ----------
    .. [1] Li, Z., Zhao, Y., Hu, X., Botta, N., Ionescu, C. and Chen, G. "ECOD:
           unsupervised outlier detection using empirical cumulative distribution
           functions." IEEE TKDE 2022. :doi:`10.1109/TKDE.2022.3159580`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import TailDetector
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> X[0] = [6.0, -6.0]
    >>> TailDetector().fit(X).score_samples(X).argmin()
    np.int64(0)
    """

    def __init__(self, *, contamination="auto"):
        self.contamination = contamination

    def _fit(self, answer, keep):
        Z = answer[keep]
        self._sorted = np.asfortranarray(np.sort(Z, axis=0))
        with np.errstate(divide="ignore", invalid="ignore"):
            varied = Z.std(axis=0) > 1e-12
            self._leans_left = np.zeros(Z.shape[1], dtype=bool)
            self._leans_left[varied] = skew(Z[:, varied], axis=0) < 0

    def _abnormality(self, answer):
        n = len(self._sorted)
        left = np.empty(answer.shape)
        right = np.empty(answer.shape)
        for j in range(answer.shape[1]):
            values, column = self._sorted[:, j], answer[:, j]
            left[:, j] = np.searchsorted(values, column, side="right")
            right[:, j] = n - np.searchsorted(values, column, side="left")
        for tail in (left, right):
            tail += 0.5
            tail /= n + 1
            np.log(tail, out=tail)
        leaning = np.where(self._leans_left, left, right).sum(axis=1)
        return -np.minimum(np.minimum(left.sum(axis=1), right.sum(axis=1)), leaning)
