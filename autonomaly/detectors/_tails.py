"""Tail probabilities column by column."""

from dataclasses import dataclass

import numpy as np

from autonomaly._utils._floats import small_units
from autonomaly._utils._typing import Contamination
from autonomaly.detectors._base import BaseDetector

__all__ = ["SharedRanks", "TailDetector"]


class SharedRanks:
    """Places of values among the sorted reference columns, found once per view."""

    key = "ranks"

    def widen(self, other):
        """Return ranks that serve two detectors; all are alike."""
        return self

    def fit(self, Z):
        """Sort the columns of the reference."""
        self._order = np.argsort(Z, axis=0, kind="stable")
        self._sorted = np.asfortranarray(np.take_along_axis(Z, self._order, axis=0))
        return self

    def query(self, Z):
        """Count the reference values below, and not above, every value."""
        n = len(self._sorted)
        below = np.empty(Z.shape, dtype=np.intp)
        up_to = np.empty(Z.shape, dtype=np.intp)
        for j in range(Z.shape[1]):
            column = self._sorted[:, j]
            place = np.searchsorted(column, Z[:, j], side="left")
            # Ties are searched for only where there is one.
            tied = np.nonzero(column[np.minimum(place, n - 1)] == Z[:, j])[0]
            below[:, j] = up_to[:, j] = place
            up_to[tied, j] = np.searchsorted(column, Z[tied, j], side="right")
        return below, up_to

    def restrict(self, keep):
        """Return the ranks among the trusted rows only."""
        return _TrustedRanks(self, keep)


class _TrustedRanks:
    def __init__(self, ranks, keep):
        trusted = keep[ranks._order]
        n_columns = trusted.shape[1]
        self.n = int(keep.sum())
        self.counts = np.zeros((len(keep) + 1, n_columns), dtype=np.intp)
        np.cumsum(trusted, axis=0, out=self.counts[1:])
        values = ranks._sorted.T[trusted.T].reshape(n_columns, self.n)
        self.leans_left = _lean_left(values, small_units(ranks._sorted[[0, -1]]))

    def answer(self, query):
        """Return counts of trusted values up to, and from, every value."""
        below, up_to = query
        columns = np.arange(below.shape[1])
        return TailCounts(
            self.counts[up_to, columns],
            self.n - self.counts[below, columns],
            self.n,
            self.leans_left,
        )


@dataclass
class TailCounts:
    """How many trusted rows lie in either tail, value by value."""

    left: np.ndarray
    right: np.ndarray
    n: int
    leans_left: np.ndarray


def _lean_left(columns, units):
    """Tell which columns, given as rows, have their long tail on the left."""
    with np.errstate(all="ignore"):
        scales = columns.std(axis=1, keepdims=True)
        standard = (columns - columns.mean(axis=1, keepdims=True)) / scales
        # A column that is constant leans nowhere.
        return (scales[:, 0] > 1e-12 * units) & ((standard**3).sum(axis=1) < 0)


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

    def __init__(self, *, contamination: Contamination = "auto") -> None:
        self.contamination = contamination

    def _shared(self):
        return SharedRanks()

    def _fit(self, answer, keep):
        # Probabilities of counts, looked up: as many logarithms as rows, not values.
        self._log = np.log((np.arange(answer.n + 1) + 0.5) / (answer.n + 1))

    def _abnormality(self, answer):
        left, right = self._log[answer.left], self._log[answer.right]
        leaning = np.where(answer.leans_left, left, right).sum(axis=1)
        return -np.minimum(np.minimum(left.sum(axis=1), right.sum(axis=1)), leaning)
