"""Negative log-likelihood under independent histograms."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from autonomaly._utils._typing import Contamination
from autonomaly.detectors._base import BaseDetector

__all__ = ["HistogramDetector"]


class HistogramDetector(BaseDetector):
    """Sum over the columns of the negative log-density of a histogram.

    Parameters
    ----------
    n_bins : int, default=10
        Bins of equal width between the ends of each column.
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
    .. [1] Goldstein, M. and Dengel, A. "Histogram-based outlier score (HBOS): a fast
           unsupervised anomaly detection algorithm." KI 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import HistogramDetector
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> X[0] = [6.0, -6.0]
    >>> HistogramDetector().fit(X).score_samples(X).argmin()
    np.int64(0)
    """

    _parameter_constraints = {
        **BaseDetector._parameter_constraints,
        "n_bins": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(
        self, *, n_bins: int = 10, contamination: Contamination = "auto"
    ) -> None:
        self.n_bins = n_bins
        self.contamination = contamination

    def _fit(self, answer, keep):
        Z = answer[keep]
        n, d = Z.shape
        self._n_bins = self.n_bins
        self._low = Z.min(axis=0)
        extent = Z.max(axis=0) - self._low
        # The largest value is in the last bin, and other values than that of a
        # constant column are outside.
        hair = 1e-9 * np.where(extent > 0, extent, np.abs(self._low))
        self._width = (extent + np.where(hair > 0, hair, 1e-9)) / self._n_bins
        cells = self._cells(Z) + np.arange(d) * (self._n_bins + 2)
        counts = np.bincount(cells.ravel(), minlength=d * (self._n_bins + 2))
        density = (counts.reshape(d, -1) + 0.5) / (n + 0.5 * self._n_bins)
        # Outside of everything seen: rarer than one row in ten times as many.
        density[:, [0, -1]] = 0.1 / (n + 1)
        self._surprise = -np.log(density).ravel()

    def _abnormality(self, answer):
        cells = self._cells(answer) + np.arange(answer.shape[1]) * (self._n_bins + 2)
        return self._surprise[cells].sum(axis=1)

    def _cells(self, Z):
        """Bin of every value: 1 to n_bins, 0 and n_bins + 1 outside."""
        place = np.floor((Z - self._low) / self._width)
        return (np.clip(place, -1, self._n_bins) + 1).astype(np.intp)
