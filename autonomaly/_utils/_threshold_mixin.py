"""From scores and a threshold to labels, the same for every detector."""

import numpy as np
from sklearn.base import OutlierMixin

from autonomaly._utils._typing import FloatArray, IntArray, TableOrChunks

__all__ = ["ThresholdMixin"]


class ThresholdMixin(OutlierMixin):
    """Decision function and labels of a detector with ``offset_``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator
    >>> from autonomaly._utils._threshold_mixin import ThresholdMixin
    >>> class Nearness(ThresholdMixin, BaseEstimator):
    ...     offset_ = -1.5
    ...     def score_samples(self, X):
    ...         return -np.abs(X).max(axis=1)
    >>> Nearness().predict(np.array([[0.0, 1.0], [0.0, 2.0]]))
    array([ 1, -1])
    """

    def decision_function(self, X: TableOrChunks) -> FloatArray:
        """Score rows relative to the threshold; negative = outlier.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows, in any form that ``score_samples`` takes.

        Returns
        -------
        ndarray of shape (n_samples,)
            ``score_samples(X) - offset_``.
        """
        now = self._now()
        return now.score_samples(X) - now.offset_

    def predict(self, X: TableOrChunks) -> IntArray:
        """Label rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows, in any form that ``score_samples`` takes.

        Returns
        -------
        ndarray of shape (n_samples,)
            -1 for outliers, +1 for inliers.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _now(self):
        """Return what scores and threshold are of: a copy, if they may change."""
        return self
