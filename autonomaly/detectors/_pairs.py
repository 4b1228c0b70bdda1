"""Rare combinations of values of two columns."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from autonomaly.detectors._base import BaseDetector

__all__ = ["PairsDetector", "SharedBins"]


class SharedBins:
    """Columns cut into bins at quantiles of the reference, once per view.

    Parameters
    ----------
    n_bins : int
        Bins per column, fewer where values repeat.
    """

    def __init__(self, n_bins):
        self.n_bins = n_bins
        self.key = ("bins", n_bins)

    def widen(self, other):
        """Return bins that serve two detectors; those of one key are alike."""
        return self

    def fit(self, Z):
        """Place the edges."""
        levels = np.linspace(0, 1, self.n_bins + 1)[1:-1]
        self._edges = [np.unique(np.quantile(column, levels)) for column in Z.T]
        self._low, self._high = Z.min(axis=0), Z.max(axis=0)
        return self

    def query(self, Z):
        """Return the bin of every value."""
        bins = np.empty(Z.shape, dtype=np.intp)
        for j, edges in enumerate(self._edges):
            bins[:, j] = np.searchsorted(edges, Z[:, j], side="right")
        # Beyond everything seen lies a bin that no reference row is in.
        bins[(Z < self._low) | (Z > self._high)] = self.n_bins
        return bins

    def restrict(self, keep):
        """Return the bins: trusting fewer rows does not move them."""
        return self

    def answer(self, query):
        """Return the bins of the batch."""
        return query


class PairsDetector(BaseDetector):
    """Mean over pairs of columns of the negative log frequency of their bins.

    Finds combinations that do not occur, among categories as among numbers, where each
    value alone is common. It does not see how far out a value is, only that it lies
    beyond all others: it is one voice beside detectors that do.

    Parameters
    ----------
    n_bins : int, default=5
        Bins per column, at quantiles.
    max_pairs : int, default=400
        More pairs than these are sampled.
    contamination : "auto" or float in (0, 0.5], default="auto"
        Share of training rows below the threshold; ``"auto"`` is 0.1.
    random_state : int, RandomState instance or None, default=0
        Seed of the sampled pairs.

    Attributes
    ----------
    pairs_ : ndarray of shape (n_pairs, 2)
        The pairs of columns; a single column is paired with itself.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    References
    ----------
    .. [1] Das, K. and Schneider, J. "Detecting anomalous records in categorical
           datasets." KDD 2007. :doi:`10.1145/1281192.1281219`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import PairsDetector
    >>> X = np.repeat([[0.0, 0.0], [1.0, 1.0]], 30, axis=0)
    >>> X[0] = [0.0, 1.0]
    >>> PairsDetector().fit(X).score_samples(X).argmin()
    np.int64(0)
    """

    _parameter_constraints = {
        **BaseDetector._parameter_constraints,
        "n_bins": [Interval(Integral, 2, None, closed="left")],
        "max_pairs": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self, *, n_bins=5, max_pairs=400, contamination="auto", random_state=0
    ):
        self.n_bins = n_bins
        self.max_pairs = max_pairs
        self.contamination = contamination
        self.random_state = random_state

    def _shared(self):
        return SharedBins(self.n_bins)

    def _fit(self, answer, keep):
        bins = answer[keep]
        n, d = bins.shape
        first, second = np.triu_indices(d, 1) if d > 1 else np.zeros((2, 1), dtype=int)
        if len(first) > self.max_pairs:
            rng = check_random_state(self.random_state)
            chosen = rng.choice(len(first), self.max_pairs, replace=False)
            first, second = first[chosen], second[chosen]
        self.pairs_ = np.column_stack([first, second])
        n_codes = self.n_bins + 1
        self._surprise = np.empty((len(first), n_codes**2))
        for p, (i, j) in enumerate(self.pairs_):
            cells = bins[:, i] * n_codes + bins[:, j]
            counts = np.bincount(cells, minlength=n_codes**2)
            self._surprise[p] = -np.log((counts + 0.3) / (n + 0.3 * self.n_bins**2))

    def _abnormality(self, answer):
        total = np.zeros(len(answer))
        scaled = answer * (self.n_bins + 1)
        for (i, j), surprise in zip(self.pairs_, self._surprise, strict=True):
            total += surprise[scaled[:, i] + answer[:, j]]
        return total / len(self.pairs_)
