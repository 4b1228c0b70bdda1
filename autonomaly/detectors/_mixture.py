"""Negative log-likelihood under a Gaussian mixture."""

from numbers import Integral, Real

import numpy as np
from scipy.special import logsumexp
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from autonomaly._utils._typing import Contamination, Seed
from autonomaly.detectors._base import BaseDetector

__all__ = ["MixtureDetector"]


class _Mixture(GaussianMixture):
    """One whose fit ends without a warning: some iterations rank rows well enough."""

    @property
    def converged_(self):
        return True

    @converged_.setter
    def converged_(self, value):
        pass


class MixtureDetector(BaseDetector):
    """Negative log-likelihood under a Gaussian mixture with full covariances.

    Parameters
    ----------
    n_components : int, default=4
        Number of components; at most one per ten reference rows is used.
    reg_covar : float, default=1e-2
        Added to the diagonal of the covariances.
    max_dimensions : int, default=60
        With more columns the rows are first projected on their principal components,
        50 at most.
    max_samples : int, default=2000
        The mixture is estimated on at most this many reference rows.
    contamination : "auto" or float in (0, 0.5], default="auto"
        Share of training rows below the threshold; ``"auto"`` is 0.1.
    random_state : int, RandomState instance or None, default=0
        Seed of the initialisation and of the drawn rows.

    Attributes
    ----------
    mixture_ : sklearn.mixture.GaussianMixture
        The mixture.
    projection_ : sklearn.decomposition.PCA or None
        The projection, where there is one.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    References
    ----------
    .. [1] Bishop, C. M. "Novelty detection and neural network validation." IEE
           Proceedings 141, 1994. :doi:`10.1049/ip-vis:19941330`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import MixtureDetector
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> X[0] = [6.0, -6.0]
    >>> MixtureDetector().fit(X).score_samples(X).argmin()
    np.int64(0)
    """

    _parameter_constraints = {
        **BaseDetector._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "reg_covar": [Interval(Real, 0, None, closed="neither")],
        "max_dimensions": [Interval(Integral, 1, None, closed="left")],
        "max_samples": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        n_components: int = 4,
        reg_covar: float = 1e-2,
        max_dimensions: int = 60,
        max_samples: int = 2000,
        contamination: Contamination = "auto",
        random_state: Seed = 0,
    ) -> None:
        self.n_components = n_components
        self.reg_covar = reg_covar
        self.max_dimensions = max_dimensions
        self.max_samples = max_samples
        self.contamination = contamination
        self.random_state = random_state

    def _fit(self, answer, keep):
        rows = np.nonzero(keep)[0]
        rng = check_random_state(self.random_state)
        if len(rows) > self.max_samples:
            rows = np.sort(rng.choice(rows, self.max_samples, replace=False))
        Z = answer[rows]
        self.projection_ = None
        if Z.shape[1] > self.max_dimensions:
            self.projection_ = PCA(
                n_components=min(50, *Z.shape), svd_solver="full", random_state=0
            ).fit(Z)
            Z = self.projection_.transform(Z)
        self.mixture_ = _Mixture(
            n_components=min(self.n_components, max(1, len(Z) // 10)),
            reg_covar=self.reg_covar,
            max_iter=30,
            init_params="k-means++",
            random_state=rng,
        )
        self.mixture_.fit(Z)
        # Scoring in one matrix product per component, without scikit-learn's checks.
        root = self.mixture_.precisions_cholesky_
        self._roots = np.hstack(list(root))
        self._shift = np.hstack(
            [m @ r for m, r in zip(self.mixture_.means_, root, strict=True)]
        )
        d = Z.shape[1]
        self._constant = (
            np.log(self.mixture_.weights_)
            + np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
            - 0.5 * d * np.log(2 * np.pi)
        )

    def _abnormality(self, answer):
        Z = answer if self.projection_ is None else self._project(answer)
        whitened = (Z @ self._roots - self._shift).reshape(len(Z), -1, Z.shape[1])
        square = np.einsum("ncd,ncd->nc", whitened, whitened)
        return -logsumexp(self._constant - 0.5 * square, axis=1)

    def _project(self, Z):
        return (Z - self.projection_.mean_) @ self.projection_.components_.T
