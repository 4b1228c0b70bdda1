"""Projection depth: how far out a row is in its oddest directions."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from autonomaly._utils._typing import Contamination, Seed
from autonomaly.detectors._base import BaseDetector

__all__ = ["ProjectionDetector"]


class ProjectionDetector(BaseDetector):
    """Mean robust deviation over random directions.

    In each direction the distance to the median counts in median absolute deviations,
    which contamination below one half cannot move far: the detector is fitted once and
    helps to decide which rows to trust.

    Parameters
    ----------
    n_projections : int, default=300
        Number of random directions.
    contamination : "auto" or float in (0, 0.5], default="auto"
        Share of training rows below the threshold; ``"auto"`` is 0.1.
    random_state : int, RandomState instance or None, default=0
        Seed of the directions.

    Attributes
    ----------
    directions_ : ndarray of shape (n_features, n_projections)
        The directions.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    References
    ----------
    .. [1] Zuo, Y. and Serfling, R. "General notions of statistical depth function."
           Annals of Statistics 28, 2000. :doi:`10.1214/aos/1016218226`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import ProjectionDetector
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> X[0] = [6.0, -6.0]
    >>> ProjectionDetector().fit(X).score_samples(X).argmin()
    np.int64(0)
    """

    _robust = True
    _parameter_constraints = {
        **BaseDetector._parameter_constraints,
        "n_projections": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        n_projections: int = 300,
        contamination: Contamination = "auto",
        random_state: Seed = 0,
    ) -> None:
        self.n_projections = n_projections
        self.contamination = contamination
        self.random_state = random_state

    def _fit(self, answer, keep):
        Z = answer[keep]
        rng = check_random_state(self.random_state)
        self.directions_ = rng.standard_normal((Z.shape[1], self.n_projections))
        P = Z @ self.directions_
        self._center = np.median(P, axis=0)
        P -= self._center
        np.abs(P, out=P)
        self._spread = 1.4826 * np.median(P, axis=0) + 1e-9

    def _abnormality(self, answer):
        P = answer @ self.directions_
        P -= self._center
        np.abs(P, out=P)
        return P @ (1 / self._spread) / len(self._spread)
