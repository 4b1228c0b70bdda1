"""Rows that break the dependences between columns."""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.utils._param_validation import Interval

from autonomaly._utils._floats import small_units
from autonomaly._utils._one_hot import one_hot_variables
from autonomaly._utils._typing import Contamination
from autonomaly.detectors._base import BaseDetector

__all__ = ["DependencyDetector"]

# Splines up to this many columns, plain linear dependences beyond: the cost grows
# with the cube of columns times knots.
_MAX_SPLINE_COLUMNS = 60
_MAX_COLUMNS = 400
# The squared standardised residual of one variable counts at most this much.
_MAX_SQUARE = 50.0
# Standardised columns that vary less are constant but for rounding.
_CONSTANT = 1e-9


class Splines(NamedTuple):
    """The spline basis of a batch.

    Attributes
    ----------
    values : ndarray of shape (n_rows, n_columns * n_basis)
        Column by column, beginning with the standardised column itself.
    n_basis : int
        Basis functions per column.
    first : ndarray of shape (n_variables,)
        The first column of every variable: of a number, or of the categories of one
        column.
    """

    values: np.ndarray
    n_basis: int
    first: np.ndarray


class SplineBasis:
    """Additive linear-spline basis of the columns, shared by the trimming levels.

    Parameters
    ----------
    n_knots : int
        Number of inner knots per column.
    """

    def __init__(self, n_knots):
        self.n_knots = n_knots
        self.key = ("splines", n_knots)

    def widen(self, other):
        """Return a basis that serves two detectors; those of one key are alike."""
        return self

    def fit(self, Z):
        """Place the knots at quantiles of the reference rows."""
        self.columns_ = np.arange(Z.shape[1])
        variables = one_hot_variables(Z)
        if Z.shape[1] > _MAX_COLUMNS:
            self.columns_ = np.sort(np.argsort(-Z.var(axis=0))[:_MAX_COLUMNS])
            Z, variables = Z[:, self.columns_], variables[self.columns_]
        _, self.first_ = np.unique(variables, return_index=True)
        self.center_ = Z.mean(axis=0)
        scale = Z.std(axis=0)
        self.scale_ = np.where(scale > 1e-9 * small_units(Z), scale, 1.0)
        n_knots = self.n_knots if len(self.columns_) <= _MAX_SPLINE_COLUMNS else 0
        levels = np.linspace(0, 1, n_knots + 2)[1:-1]
        T = (Z - self.center_) / self.scale_
        self.knots_ = np.quantile(T, levels, axis=0) if n_knots else T[:0]
        return self

    def query(self, Z):
        """Evaluate the basis."""
        T = (Z[:, self.columns_] - self.center_) / self.scale_
        n_basis = 1 + len(self.knots_)
        out = np.empty((len(T), T.shape[1], n_basis))
        out[:, :, 0] = T
        for b, knot in enumerate(self.knots_, start=1):
            np.maximum(T - knot, 0, out=out[:, :, b])
        return Splines(out.reshape(len(T), -1), n_basis, self.first_)

    def restrict(self, keep):
        """Return the basis: trusting fewer rows does not change it."""
        return self

    def answer(self, query):
        """Return the evaluated basis."""
        return query


class DependencyDetector(BaseDetector):
    """Residuals of every column predicted from the others.

    Each column is predicted from additive linear splines of all the others by ridge
    regression; a row scores the sum of its squared standardised residuals, each
    weighted by how well its column can be predicted at all (R squared). It finds rows
    whose values are ordinary one by one and odd together.

    The columns of zeros and ones of a column of categories are one variable: they do
    not predict each other, which would always succeed, and count once together.

    Parameters
    ----------
    n_knots : int, default=4
        Inner knots per column, at equal quantiles. Beyond 60 columns the dependences
        are linear; beyond 400 columns only the 400 of largest variance are used.
    alpha : float, default=0.1
        Ridge penalty on the standardised basis.
    contamination : "auto" or float in (0, 0.5], default="auto"
        Share of training rows below the threshold; ``"auto"`` is 0.1.

    Attributes
    ----------
    r2_ : ndarray of shape (n_columns,)
        How well each column is predicted from the others, in [0, 1); the same for all
        categories of one column.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    References
    ----------
    .. [1] Paulheim, H. and Meusel, R. "A decomposition of the outlier detection
           problem into a set of supervised learning problems." Machine Learning 100,
           2015. :doi:`10.1007/s10994-015-5507-y`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import DependencyDetector
    >>> x = np.linspace(0, 1, 50)
    >>> X = np.column_stack([x, 2 * x])
    >>> X[25] = [0.1, 1.9]
    >>> DependencyDetector().fit(X).score_samples(X).argmin()
    np.int64(25)
    """

    _parameter_constraints = {
        **BaseDetector._parameter_constraints,
        "n_knots": [Interval(Integral, 0, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        *,
        n_knots: int = 4,
        alpha: float = 0.1,
        contamination: Contamination = "auto",
    ) -> None:
        self.n_knots = n_knots
        self.alpha = alpha
        self.contamination = contamination

    def _shared(self):
        return SplineBasis(self.n_knots)

    def _fit(self, answer, keep):
        basis, n_basis, first = answer
        P = basis if keep.all() else basis[keep]
        n_columns = P.shape[1] // n_basis
        center = P.mean(axis=0)
        scale = P.std(axis=0) + 1e-6
        # In the units of the standardised basis; constants drop out of residuals.
        gram = (P.T @ P / len(P) - np.outer(center, center)) / np.outer(scale, scale)
        gram[np.diag_indices_from(gram)] += self.alpha
        inverse = cho_solve(cho_factor(gram), np.eye(len(gram)))
        # The inverse holds every leave-one-variable-out regression at once: the
        # coefficients of block j on the others are -inverse[o, j] inverse[j, j]^-1.
        weights = np.zeros((len(gram), n_columns))
        sizes = np.diff(first, append=n_columns)
        for start, size in zip(first, sizes, strict=True):
            own = slice(start * n_basis, (start + size) * n_basis)
            block = np.zeros((size * n_basis, size))
            block[np.arange(size) * n_basis, np.arange(size)] = 1.0
            targets = slice(start, start + size)
            weights[:, targets] = inverse[:, own] @ np.linalg.solve(
                inverse[own, own], block
            )
            weights[own, targets] = block
        # From here on the residuals of raw basis values, as one matrix product.
        self._weights = weights / scale[:, None]
        self._shift = center @ self._weights
        residuals = P @ self._weights - self._shift
        variance = np.add.reduceat(residuals.var(axis=0), first)
        # What is constant in the trusted rows is not explained by other columns.
        constant = P[:, ::n_basis].std(axis=0) < _CONSTANT
        varying = sizes - np.add.reduceat(constant, first, dtype=np.intp)
        r2 = np.clip(1 - variance / np.maximum(varying, 1), 0, 0.999)
        r2[varying == 0] = 0.0
        self._importance = r2 + 0.01
        self.r2_ = np.repeat(r2, sizes)
        self._spread = np.repeat(np.sqrt(variance) + 1e-6, sizes)

    def _abnormality(self, answer):
        basis, _, first = answer
        residuals = (basis @ self._weights - self._shift) / self._spread
        np.square(residuals, out=residuals)
        if len(first) < residuals.shape[1]:
            residuals = np.add.reduceat(residuals, first, axis=1)
        np.minimum(residuals, _MAX_SQUARE, out=residuals)
        return residuals @ self._importance
