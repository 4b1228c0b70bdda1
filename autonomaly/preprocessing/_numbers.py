"""Numbers of any magnitude, made safe for the arithmetic of detectors."""

import numpy as np

from autonomaly.preprocessing._gaps import GapFiller

__all__ = ["NumberEncoder"]

# Beyond this many scale units a value grows by its logarithm only: the order of
# extremes is kept, and squares, sums and covariances stay far from overflow.
_LINEAR_UP_TO = 1e30
_INFINITE = 1e33  # above 1e30 * (1 + log(1.8e308 / 1e30)) = 6.4e32
_NORMAL_RANGE = 3.2897072539029435  # 95th minus 5th percentile of a standard normal
_BLOCK_VALUES = 2**20
_BLOCK_ROWS = 8192
# Rows that correlations are found on.
_CORRELATED_ROWS = 5000


class NumberEncoder:
    """Impute, centre and scale a matrix of numbers.

    Every column becomes ``(x - median) / scale`` with ``scale = (p95 - p5) / 3.29``,
    the standard deviation if the columns were normal. Where the two percentiles
    coincide, the root mean square deviation from the median is taken, and the
    largest deviation where that underflows. Values are first divided by a
    power of two near the largest magnitude of the column, so that nothing overflows.
    Results beyond 1e30 continue as ``1e30 * (1 + log(|z| / 1e30))``.

    Missing values take the median, moved by what the others of their row say, see
    :class:`GapFiller`. An infinite value comes to lie one range (highest
    minus lowest finite value, at least one scale unit) beyond the finite extreme
    of the training column if the training column had infinite values, and at 1e33
    if not; finite values never come to lie beyond it.

    Parameters
    ----------
    missing_share : float
        Columns with at least this share of missing values get an indicator.

    Attributes
    ----------
    kept_ : ndarray of int
        Columns whose values vary.
    indicators_ : ndarray of int
        Columns with an indicator of missing values; they come after the others.
    """

    def __init__(self, missing_share):
        self.missing_share = missing_share

    def fit(self, X, indicate=None):
        """Learn medians, scales and where values are missing.

        Parameters
        ----------
        X : ndarray of shape (n, d)
            Numbers, possibly NaN or infinite.
        indicate : ndarray of shape (d,), bool, or None
            Columns that may get an indicator; None for all.
        """
        n, d = X.shape
        self.exponent_ = np.zeros(d, dtype=np.intc)
        self.center_, self.scale_ = np.zeros(d), np.ones(d)
        self.low_, self.high_ = np.full(d, -_INFINITE), np.full(d, _INFINITE)
        varies, missing = np.zeros(d, dtype=bool), np.zeros(d, dtype=np.intp)
        step = max(1, _BLOCK_VALUES // max(1, n))
        for start in range(0, d, step):
            block = slice(start, min(d, start + step))
            with np.errstate(over="ignore"):  # long doubles beyond float64
                B = np.array(X[:, block].T, dtype=np.float64, order="C")
            varies[block], missing[block] = self._fit_block(B, block)
        indicate = np.ones(d, dtype=bool) if indicate is None else indicate
        share = missing / n
        # A column that only says "there" or "missing" says it by its indicator.
        notable = (share >= self.missing_share) | ~varies
        self.kept_ = np.flatnonzero(varies)
        self.indicators_ = np.flatnonzero(
            indicate & notable & (missing > 0) & (missing < n)
        )
        self.all_missing_ = missing == n
        self._bounded = bool((self.high_[self.kept_] < _INFINITE).any())
        # Multiplying by a power of two is exact and faster than ldexp.
        ordinary = np.abs(self.exponent_[self.kept_]).max(initial=0) < 1000
        self._factor = np.ldexp(1.0, -self.exponent_[self.kept_]) if ordinary else None
        self._filler = None
        # A random order: of some of the rows, each is as good as any.
        X = X[np.random.RandomState(0).permutation(n)[:_CORRELATED_ROWS]]
        Z = self.transform(X)[:, : len(self.kept_)]
        gaps = np.isnan(np.asarray(X[:, self.kept_], dtype=np.float64))
        self._filler = GapFiller().fit(Z, gaps)
        return self

    def _fit_block(self, B, block):
        """Fit some columns, given as the rows of B; B is overwritten."""
        finite = np.isfinite(B)
        whole = finite.all(axis=1)
        magnitude = np.where(finite, np.abs(B), 0).max(axis=1)
        exponent = np.frexp(magnitude)[1]
        B = np.ldexp(B, -exponent[:, None])
        quantiles = np.zeros((5, len(B)))
        if whole.any():
            quantiles[:, whole] = _quantiles(B[whole])
        missing = np.zeros(len(B), dtype=np.intp)
        infinite = np.zeros((2, len(B)), dtype=bool)
        for j in np.flatnonzero(~whole):
            missing[j] = np.isnan(B[j]).sum()
            infinite[:, j] = (B[j] == -np.inf).any(), (B[j] == np.inf).any()
            if finite[j].any():
                quantiles[:, j] = _quantiles(B[j : j + 1, finite[j]])[:, 0]
        low, p5, center, p95, high = quantiles
        scale = (p95 - p5) / _NORMAL_RANGE
        for j in np.flatnonzero((scale == 0) & (high > low)):
            deviation = B[j][finite[j]] - center[j]
            rms = np.sqrt(np.mean(deviation**2))
            scale[j] = rms if rms > 0 else np.abs(deviation).max()
        # Where there is no scale, the values are equal (or infinite).
        scale = np.where(scale > 0, np.maximum(scale, np.ldexp(1.0, -1000)), 1.0)
        z_low, z_high = _compress((low - center) / scale, (high - center) / scale)
        reach = np.maximum(z_high - z_low, 1)
        had_infinite = infinite.any(axis=0)
        self.exponent_[block], self.center_[block] = exponent, center
        self.scale_[block] = scale
        self.low_[block] = np.where(had_infinite, z_low - reach, -_INFINITE)
        self.high_[block] = np.where(had_infinite, z_high + reach, _INFINITE)
        kinds = (finite.any(axis=1)).astype(int) + infinite.sum(axis=0)
        return (high > low) | (kinds > 1), missing

    def transform(self, X):
        """Encode rows, each by itself.

        Parameters
        ----------
        X : ndarray of shape (n, d)
            Numbers, possibly NaN or infinite.

        Returns
        -------
        ndarray of shape (n, len(kept_) + len(indicators_)), float64
            Always finite.
        """
        n, kept = len(X), self.kept_
        out = np.empty((n, len(kept) + len(self.indicators_)))
        every = len(kept) == X.shape[1]
        center, scale = self.center_[kept], self.scale_[kept]
        low, high = self.low_[kept], self.high_[kept]
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            for start in range(0, n, _BLOCK_ROWS):
                rows = slice(start, start + _BLOCK_ROWS)
                x = np.asarray(X[rows] if every else X[rows][:, kept], np.float64)
                if self._factor is not None:
                    z = x * self._factor
                else:
                    z = np.ldexp(x, -self.exponent_[kept])
                z -= center
                z /= scale
                if self._bounded or not np.abs(z).max(initial=0) <= _LINEAR_UP_TO:
                    z = _tame(z, x, low, high)  # a NaN leads here, too
                    gaps = np.isnan(x)
                    if self._filler is not None and gaps.any():
                        self._filler.fill(z, gaps)
                out[rows, : len(kept)] = z
        if len(self.indicators_):
            out[:, len(kept) :] = np.isnan(
                np.asarray(X[:, self.indicators_], dtype=np.float64)
            )
        return out


def _quantiles(B):
    """Lowest, 5 %, median, 95 % and highest value of every row of a finite B."""
    m = B.shape[1]
    at = np.array(
        [int(0.05 * (m - 1)), (m - 1) // 2, m // 2, int(np.ceil(0.95 * (m - 1)))]
    )
    part = np.partition(B, np.unique(at), axis=1)
    p5, lower, upper, p95 = part[:, at].T
    median = lower + (upper - lower) / 2  # |values| <= 1: no overflow
    return np.stack([part.min(axis=1), p5, median, p95, part.max(axis=1)])


def _compress(*arrays):
    """Let values beyond the linear range grow by their logarithm."""
    out = []
    for z in arrays:
        size = np.minimum(np.abs(z), np.finfo(np.float64).max)
        grown = _LINEAR_UP_TO * (1 + np.log(np.maximum(size / _LINEAR_UP_TO, 1)))
        out.append(np.where(size > _LINEAR_UP_TO, np.copysign(grown, z), z))
    return out


def _tame(z, x, low, high):
    """Impute the median, and bound what is extreme or infinite."""
    z = np.where(np.isnan(x), 0.0, z)
    (z,) = _compress(z)
    z = np.where(x == np.inf, high, np.where(x == -np.inf, low, z))
    return np.clip(z, low, high)
