"""Numeric pictures of a matrix: each is made once and shared by many detectors."""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from sklearn.base import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from autonomaly._utils._restore import all_or_nothing
from autonomaly._utils._typing import FloatArray, keeps_signature
from autonomaly.preprocessing._bend import QUANTILES, bend, find_bend

__all__ = [
    "MinMaxView",
    "NormalView",
    "RobustView",
    "SquashedView",
]

# Rows beyond this many are not looked at for the order statistics of a view: the
# error of a quantile is then below 1 % of its rank.
_MAX_ROWS = 10_000
# A value beyond all that were seen is rarer than the farthest of them by this factor.
_BEYOND = 0.1
# But by more than this share of the range: the farthest itself may come back from a
# file, or from single precision, and so may the value of a constant column.
_ROUNDING = 1e-6
# What is smaller, in a column that reaches beyond 1e-90, is as good as zero.
_TRACE = 1e-290
_POSITIVE = Interval(Real, 0, None, closed="neither")


def _order_statistics_rows(X):
    """Return X, or as many of its rows as order statistics need."""
    if len(X) <= _MAX_ROWS:
        return X
    rows = np.random.RandomState(0).choice(len(X), _MAX_ROWS, replace=False)
    return X[np.sort(rows)]


def _positive(scale, X):
    """Return scales, and for constant columns what rounding makes of their value.

    Any other departure from a column that was constant is as far as can be.
    """
    constant = X.min(axis=0) == X.max(axis=0)
    scale = np.where(constant, _ROUNDING * np.abs(X[0]), scale)
    return np.maximum(scale, np.finfo(float).tiny)


class _View(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Shared frame of the views: validate, then work on a finite float matrix."""

    @keeps_signature(_fit_context(prefer_skip_nested_validation=True))
    @keeps_signature(all_or_nothing)
    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn the order statistics of the columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted view.
        """
        X = validate_data(self, X, dtype=np.float64)
        # Exact halving by powers of two: differences of the largest floats would
        # overflow otherwise, and the picture does not change.
        largest = np.abs(X).max(axis=0)
        _, exponent = np.frexp(largest)
        self.exponent_ = np.where(np.abs(exponent) > 300, exponent, 0)
        self._learn(self._safe(_order_statistics_rows(X)))
        return self

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Draw the picture of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The picture; always finite.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self._draw(self._safe(X))

    def _safe(self, X):
        if not self.exponent_.any():
            return X
        with np.errstate(over="ignore", under="ignore"):
            return np.clip(np.ldexp(X, -self.exponent_), -1e300, 1e300)


class RobustView(_View):
    """Columns centred on their median and scaled by their 5 %-95 % range.

    Parameters
    ----------
    clip : float, default=20.0
        Largest absolute value that comes out, in ranges; above 0.
    unskew : bool, default=True
        Whether columns with one long tail, more skewed than an exponential one, are
        looked at on a logarithmic scale, the more so the more skewed they are. In
        ranges a hundred ordinary amounts of money may be the farthest values of a
        table.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,)
        Medians.
    scale_ : ndarray of shape (n_features,)
        Ranges between the 5 % and the 95 % quantile; three standard deviations
        where that range vanishes.
    bend_ : ndarray of shape (n_features,)
        Factor k of the logarithm log(1 + k r) / k of values r in ranges, negative
        where the long tail is that of low values; 0 where a column is not bent.
    exponent_ : ndarray of shape (n_features,)
        Power of two by which extreme columns are divided first.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.preprocessing import RobustView
    >>> X = np.arange(101.0).reshape(-1, 1)
    >>> RobustView().fit(X).transform([[50.0], [95.0], [1e9]]).ravel()
    array([ 0. ,  0.5, 20. ])
    >>> amounts = np.random.RandomState(0).lognormal(3, 1.5, size=(1000, 1))
    >>> high = amounts.max(keepdims=True)
    >>> for view in (RobustView(unskew=False), RobustView()):
    ...     print(view.fit(amounts).transform(high).round(1))
    [[5.2]]
    [[1.1]]
    """

    _parameter_constraints: dict[str, Any] = {
        "clip": [_POSITIVE],
        "unskew": ["boolean"],
    }

    def __init__(self, *, clip: float = 20.0, unskew: bool = True) -> None:
        self.clip = clip
        self.unskew = unskew

    def _learn(self, X):
        self._clip = self.clip
        self.center_ = np.median(X, axis=0)
        quantiles = np.quantile(X, QUANTILES, axis=0)
        low, high = quantiles[[0, -1]]
        scale = high - low
        narrow = scale <= 1e-9 * np.maximum(np.abs(low), np.abs(high))
        if narrow.any():
            with np.errstate(over="ignore", invalid="ignore"):
                spread = np.nan_to_num(3 * X.std(axis=0), nan=1e300, posinf=1e300)
            scale = np.where(narrow, spread, scale)
        self.scale_ = _positive(scale, X)
        self.bend_ = np.zeros(X.shape[1])
        if self.unskew:
            R = np.where(narrow, 0, (quantiles - self.center_) / self.scale_)
            self.bend_ = find_bend(R, len(X))
            bent = np.flatnonzero(self.bend_)
            ends = bend(R[[0, -1]][:, bent], self.bend_[bent])
            self._bent_range = ends[1] - ends[0]

    def _draw(self, X):
        with np.errstate(over="ignore", under="ignore"):
            R = (X - self.center_) / self.scale_
        bent = np.flatnonzero(self.bend_)
        if len(bent):
            R[:, bent] = bend(R[:, bent], self.bend_[bent]) / self._bent_range
        return np.clip(R, -self._clip, self._clip, out=R)


class SquashedView(RobustView):
    """The robust picture, squashed smoothly so that no column dominates.

    A value r of the robust picture becomes ``2 r / sqrt(1 + (2 r / limit)**2)``.

    Parameters
    ----------
    clip : float, default=20.0
        Largest absolute value of the robust picture underneath; above 0.
    unskew : bool, default=True
        Whether columns with one long tail are looked at on a logarithmic scale, see
        :class:`RobustView`.
    limit : float, default=3.0
        Bound that the squashed values approach; above 0.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,)
        Medians.
    scale_ : ndarray of shape (n_features,)
        Ranges between the 5 % and the 95 % quantile.
    bend_ : ndarray of shape (n_features,)
        Factors of the logarithms; 0 where a column is not bent.
    exponent_ : ndarray of shape (n_features,)
        Power of two by which extreme columns are divided first.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.preprocessing import SquashedView
    >>> X = np.arange(101.0).reshape(-1, 1)
    >>> SquashedView().fit(X).transform([[50.0], [95.0], [1e9]]).ravel().round(2)
    array([0.  , 0.95, 2.99])
    """

    _parameter_constraints: dict[str, Any] = {
        **RobustView._parameter_constraints,
        "limit": [_POSITIVE],
    }

    def __init__(
        self, *, clip: float = 20.0, unskew: bool = True, limit: float = 3.0
    ) -> None:
        super().__init__(clip=clip, unskew=unskew)
        self.limit = limit

    def _learn(self, X):
        super()._learn(X)
        self._limit = self.limit

    def _draw(self, X):
        R = super()._draw(X)
        R *= 2
        return R / np.sqrt(1 + (R / self._limit) ** 2)


class MinMaxView(_View):
    """Columns scaled to [0, 1] by the smallest and largest value seen.

    Parameters
    ----------
    clip : float, default=100.0
        New values may leave [0, 1] by at most this much, at least 0.

    Attributes
    ----------
    min_ : ndarray of shape (n_features,)
        Smallest values.
    scale_ : ndarray of shape (n_features,)
        Ranges.
    exponent_ : ndarray of shape (n_features,)
        Power of two by which extreme columns are divided first.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.preprocessing import MinMaxView
    >>> MinMaxView().fit([[0.0], [4.0]]).transform([[1.0], [6.0]]).ravel()
    array([0.25, 1.5 ])
    """

    _parameter_constraints: dict[str, Any] = {
        "clip": [Interval(Real, 0, None, closed="left")]
    }

    def __init__(self, *, clip: float = 100.0) -> None:
        self.clip = clip

    def _learn(self, X):
        self._clip = self.clip
        self.min_ = X.min(axis=0)
        self.scale_ = _positive(X.max(axis=0) - self.min_, X)

    def _draw(self, X):
        with np.errstate(over="ignore", under="ignore"):
            M = (X - self.min_) / self.scale_
        return np.clip(M, -self._clip, 1 + self._clip, out=M)


def _quantiles(X, levels):
    """Give what ``np.quantile`` gives, in a hundredth of the time for many levels.

    ``scipy.stats.quantile`` is fast, too, but between equal values it is off by the
    last digits, and ties would no longer be found.
    """
    ordered = np.sort(X, axis=0)
    at = levels * (len(X) - 1)
    below = np.floor(at).astype(np.intp)
    a, b = ordered[below], ordered[np.minimum(below + 1, len(X) - 1)]
    share = (at - below)[:, None]
    return np.where(share >= 0.5, b - (b - a) * (1 - share), a + (b - a) * share)


def _without_traces(X):
    """Take numbers for zero of which the slopes between two would overflow."""
    return np.where(np.abs(X) < _TRACE, 0.0, X)


class NormalView(_View):
    """Columns mapped to standard normal quantiles through their ranks.

    Parameters
    ----------
    n_quantiles : int, default=1000
        Number of landmarks of the empirical distribution function, at least 2.

    Attributes
    ----------
    quantiles_ : ndarray of shape (n_landmarks, n_features)
        The landmarks.
    levels_ : ndarray of shape (n_landmarks,)
        Their probabilities, before the margin.
    margin_ : float
        Probability below the smallest and above the largest value seen.
    exponent_ : ndarray of shape (n_features,)
        Power of two by which extreme columns are divided first.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    Notes
    -----
    :class:`sklearn.preprocessing.QuantileTransformer` with
    ``output_distribution="normal"`` sends the smallest and the largest value of every
    column to -5.2 and 5.2, however few rows there are and however many share it. Here
    the largest of ``n`` values has the probability ``1 - 0.5 / n``, ties get the middle
    of their ranks there, too, and values beyond all that were seen are ten times as
    rare. Without the transformer's overhead: one row must be scored in milliseconds.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.preprocessing import NormalView
    >>> X = np.arange(101.0).reshape(-1, 1)
    >>> NormalView().fit(X).transform([[50.0], [97.5], [1e9]]).ravel().round(2)
    array([0.  , 1.89, 3.29])
    """

    _parameter_constraints: dict[str, Any] = {
        "n_quantiles": [Interval(Integral, 2, None, closed="left")]
    }

    def __init__(self, *, n_quantiles: int = 1000) -> None:
        self.n_quantiles = n_quantiles

    def _learn(self, X):
        n_landmarks = max(2, min(self.n_quantiles, len(X)))
        self.levels_ = np.linspace(0, 1, n_landmarks)
        self.margin_ = 0.5 / len(X)
        quantiles = _quantiles(_without_traces(X), self.levels_)
        # Interpolation between equal values may step back by one rounding.
        self.quantiles_ = np.maximum.accumulate(quantiles, axis=0)

    def _draw(self, X):
        out = np.empty_like(X)
        mirrored = -self.levels_[::-1]
        X = _without_traces(X)
        for j in range(X.shape[1]):
            q = self.quantiles_[:, j]
            x = X[:, j]
            # Interpolating from both sides puts ties at the middle of their ranks.
            up = np.interp(x, q, self.levels_)
            down = np.interp(-x, -q[::-1], mirrored)
            level = self.margin_ + (1 - 2 * self.margin_) * 0.5 * (up - down)
            rounding = _ROUNDING * (q[-1] - q[0])
            level[x < q[0] - rounding] = _BEYOND * self.margin_
            level[x > q[-1] + rounding] = 1 - _BEYOND * self.margin_
            out[:, j] = level
        return ndtri(out, out=out)
