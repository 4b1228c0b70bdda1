"""Local outlier factor on the shared neighbour graph."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from autonomaly._utils._typing import Contamination
from autonomaly.detectors._base import BaseDetector
from autonomaly.detectors._graph import NeighborGraph

__all__ = ["LOFDetector"]


class LOFDetector(BaseDetector):
    """Local outlier factor: the density of a row beside that of its neighbours.

    The figures are those of :class:`sklearn.neighbors.LocalOutlierFactor`, but a
    training row scores the same in ``fit`` and later, and the neighbour search is
    shared with the other detectors on a view.

    Parameters
    ----------
    n_neighbors : int, default=30
        Number of neighbours; at most the number of reference rows less one is used.
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
    .. [1] Breunig, M. M., Kriegel, H.-P., Ng, R. T. and Sander, J. "LOF: identifying
           density-based local outliers." SIGMOD 2000. :doi:`10.1145/342009.335388`

    Examples
    --------
    >>> from autonomaly.detectors import LOFDetector
    >>> X = [[0.0], [0.1], [0.2], [0.3], [9.0]]
    >>> LOFDetector(n_neighbors=2, contamination=0.2).fit(X).predict(X)
    array([ 1,  1,  1,  1, -1])
    """

    _parameter_constraints = {
        **BaseDetector._parameter_constraints,
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self, *, n_neighbors: int = 30, contamination: Contamination = "auto"
    ) -> None:
        self.n_neighbors = n_neighbors
        self.contamination = contamination

    def _shared(self):
        return NeighborGraph(self.n_neighbors)

    def _fit(self, answer, keep):
        self._k = k = min(self.n_neighbors, answer.distances.shape[1])
        # Trusted rows are neighbours of others: their own k-distance comes first,
        # their density (which needs the k-distances) second.
        self._k_distance = answer.distances[:, k - 1]
        self._density = self._reachability_density(answer)

    def _abnormality(self, answer):
        around = self._density[answer.indices[:, : self._k]].mean(axis=1)
        # Among exact duplicates a density can reach 1e10, and a lone row beside them
        # a ratio as large; the logarithm keeps the order and tames the scale.
        return np.log(around / self._reachability_density(answer))

    def _reachability_density(self, answer):
        k = self._k
        reach = np.maximum(
            answer.distances[:, :k], self._k_distance[answer.indices[:, :k]]
        )
        return 1.0 / (reach.mean(axis=1) + 1e-10)
