"""Squared length after whitening by principal components."""

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from autonomaly._utils._floats import small_units
from autonomaly._utils._typing import Contamination
from autonomaly.detectors._base import BaseDetector

__all__ = ["MahalanobisDetector"]


class MahalanobisDetector(BaseDetector):
    """Mahalanobis distance through the principal components of the reference.

    Columns are standardised, rotated to their principal components and each component
    is divided by its standard deviation: small components count as much as large ones,
    which is where broken dependences show.

    Parameters
    ----------
    reg_covar : float, default=1e-4
        Added to the variance of every component.
    contamination : "auto" or float in (0, 0.5], default="auto"
        Share of training rows below the threshold; ``"auto"`` is 0.1.

    Attributes
    ----------
    explained_variance_ : ndarray of shape (n_components,)
        Variances of the components.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    References
    ----------
    .. [1] Shyu, M.-L., Chen, S.-C., Sarinnapakorn, K. and Chang, L. "A novel anomaly
           detection scheme based on principal component classifier." ICDM Foundation
           and New Direction of Data Mining Workshop, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import MahalanobisDetector
    >>> x = np.linspace(0, 1, 50)
    >>> X = np.column_stack([x, 2 * x])
    >>> X[25] = [0.1, 1.9]
    >>> MahalanobisDetector().fit(X).score_samples(X).argmin()
    np.int64(25)
    """

    _parameter_constraints = {
        **BaseDetector._parameter_constraints,
        "reg_covar": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self, *, reg_covar: float = 1e-4, contamination: Contamination = "auto"
    ) -> None:
        self.reg_covar = reg_covar
        self.contamination = contamination

    def _fit(self, answer, keep):
        Z = answer[keep]
        center = Z.mean(axis=0)
        scale = Z.std(axis=0)
        scale = np.where(scale > 1e-9 * small_units(answer), scale, 1.0)
        T = (Z - center) / scale
        _, singular, components = np.linalg.svd(T, full_matrices=False)
        self.explained_variance_ = singular**2 / max(1, len(T) - 1)
        spread = np.sqrt(self.explained_variance_ + self.reg_covar)
        self._whitening = (components / spread[:, None]).T / scale[:, None]
        self._shift = center @ self._whitening

    def _abnormality(self, answer):
        whitened = answer @ self._whitening - self._shift
        return np.einsum("nd,nd->n", whitened, whitened)
