"""Mean distance to the nearest neighbours."""

from numbers import Integral

from sklearn.utils._param_validation import Interval

from autonomaly._utils._typing import Contamination
from autonomaly.detectors._base import BaseDetector
from autonomaly.detectors._graph import NeighborGraph

__all__ = ["KNNDetector"]


class KNNDetector(BaseDetector):
    """Mean distance to the nearest reference rows.

    A row is never its own neighbour: where it is exactly a reference row, one zero
    distance is left out, in training and later alike.

    Parameters
    ----------
    n_neighbors : int, default=20
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

    See Also
    --------
    LOFDetector : Compares the density of a row with that of its neighbours.

    References
    ----------
    .. [1] Angiulli, F. and Pizzuti, C. "Fast outlier detection in high dimensional
           spaces." PKDD 2002. :doi:`10.1007/3-540-45681-3_2`

    Examples
    --------
    >>> from autonomaly.detectors import KNNDetector
    >>> X = [[0.0], [0.1], [0.2], [0.3], [9.0]]
    >>> KNNDetector(n_neighbors=2, contamination=0.2).fit(X).predict(X)
    array([ 1,  1,  1,  1, -1])
    """

    _parameter_constraints = {
        **BaseDetector._parameter_constraints,
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self, *, n_neighbors: int = 20, contamination: Contamination = "auto"
    ) -> None:
        self.n_neighbors = n_neighbors
        self.contamination = contamination

    def _shared(self):
        return NeighborGraph(self.n_neighbors)

    def _fit(self, answer, keep):
        # The trusted reference rows, which the graph holds, are the rest of the model.
        self._k = self.n_neighbors

    def _abnormality(self, answer):
        return answer.distances[:, : self._k].mean(axis=1)
