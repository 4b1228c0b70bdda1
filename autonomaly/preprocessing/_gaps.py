"""What the other numbers of a row say about those it lacks."""

import numpy as np

from autonomaly._utils._threads import one_blas_thread

__all__ = ["GapFiller"]

# More columns take too long, row by row: what is missing there is left at its median.
_MAX_COLUMNS = 100
# Values further out than so many scale units say where, not how far: a few anomalies
# must not make the correlations, nor a wild value those that are filled in beside it.
_BULK, _REACH = 3.0, 10.0
# Rounds of expectation and maximisation, at most, and the change of a correlation that
# is not worth another.
_ROUNDS, _CHANGE = 20, 1e-3
# Rows times the cube of the gaps in each, at most, that a round may take, and rows that
# are looked at in any case.
_WORK, _FEWEST_ROWS = 1e8, 500
# Columns with no more values than this take one of them, and nothing in between.
_FEW_VALUES = 50
_BLOCK_NUMBERS = 2**20


class GapFiller:
    """Fill gaps by the conditional mean of a normal population.

    A value that is missing is taken to be what the row's other values say by their
    correlations with it. With its median, a row of columns that depend on each other
    would contradict itself. The less the others explain of the column, the nearer it is
    to the median nevertheless: of a skewed column, the mean is no common value.

    Correlations are found by expectation and maximisation [1]_ on values clipped at
    three scale units, shrunk towards none by the oracle approximating shrinkage [2]_.
    No value beyond those of the training column is filled in; a column of few values
    gets the nearest of them.

    Attributes
    ----------
    precision_ : ndarray of shape (d, d) or None
        Inverse of the regularised correlation matrix; None where medians are kept,
        since there is a single column or too many.

    References
    ----------
    .. [1] Little, R. J. A. and Rubin, D. B. "Statistical Analysis with Missing Data",
           3rd ed., Wiley, 2019, chapter 11. :doi:`10.1002/9781119482260`
    .. [2] Chen, Y., Wiesel, A., Eldar, Y. C. and Hero, A. O. "Shrinkage algorithms for
           MMSE covariance estimation." IEEE Transactions on Signal Processing 58, 2010.
           :doi:`10.1109/TSP.2010.2053029`
    """

    def fit(self, Z, missing):
        """Estimate means, correlations and bounds.

        Parameters
        ----------
        Z : ndarray of shape (n, d)
            Centred and scaled numbers, 0 where they are missing, in random order.
        missing : ndarray of bool of shape (n, d)
            Where they are.
        """
        n, d = Z.shape
        self.precision_ = None
        if not 1 < d <= _MAX_COLUMNS:
            return self
        n_gaps = max(1.0, missing.sum() / n)
        step = -(-n // max(_FEWEST_ROWS, int(_WORK / n_gaps**3)))
        Z, missing = Z[::step], missing[::step]  # the rows are in random order
        present = ~missing
        counts = present.sum(axis=0)
        reach = np.where(counts > 0, _REACH, 0.0)
        self.low_ = np.where(present, Z, np.inf).min(axis=0).clip(-reach, reach)
        self.high_ = np.where(present, Z, -np.inf).max(axis=0).clip(-reach, reach)
        counts = np.maximum(counts, 1)
        D = np.clip(Z, -_BULK, _BULK)
        self.mean_ = D.sum(axis=0) / counts
        D = np.where(present, D - self.mean_, 0.0)
        spread = np.sqrt((D**2).sum(axis=0) / counts)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        D /= self.spread_
        with one_blas_thread():  # the last digits depend on the number of threads
            self.precision_ = _precision(D, missing)
        self.values_, self.few_ = {}, np.zeros(d, dtype=bool)
        for j in range(d):
            found = np.unique(Z[present[:, j], j])
            if 0 < len(found) <= _FEW_VALUES:
                self.values_[j], self.few_[j] = found, True
        return self

    def fill(self, Z, missing):
        """Fill the gaps of some rows, each by itself, in place.

        Parameters
        ----------
        Z : ndarray of shape (n, d)
            Centred and scaled numbers, 0 where they are missing.
        missing : ndarray of bool of shape (n, d)
            Where they are.
        """
        if self.precision_ is None:
            return
        D = (np.clip(Z, self.low_, self.high_) - self.mean_) / self.spread_
        D[missing] = 0.0
        for rows, places in _gaps(missing):
            expected, covariances = _expect(D[rows], places, self.precision_)
            explained = 1 - np.diagonal(covariances, axis1=1, axis2=2)
            explained = np.where(self.few_[places], 1.0, explained)
            expected = expected * self.spread_[places] + explained * self.mean_[places]
            expected = np.clip(expected, self.low_[places], self.high_[places])
            for j, values in self.values_.items():
                here = places == j
                if here.any():
                    expected[here] = _nearest(values, expected[here])
            Z[rows[:, None], places] = expected


def _gaps(missing):
    """Yield rows with equally many gaps, and the places of these."""
    counts = missing.sum(axis=1)
    for m in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == m)
        step = max(1, _BLOCK_NUMBERS // int(m * m + 2 * missing.shape[1]))
        for a in range(0, len(rows), step):
            some = rows[a : a + step]
            yield some, np.nonzero(missing[some])[1].reshape(len(some), m)


def _expect(D, places, precision):
    """Return means and covariances of values, given the others of their rows.

    Parameters
    ----------
    D : ndarray of shape (n, d)
        Standardised rows, 0 at the places.
    places : ndarray of int of shape (n, m)
        Columns of the values.
    precision : ndarray of shape (d, d)
        Inverse of the correlation matrix.

    Returns
    -------
    means : ndarray of shape (n, m)
    covariances : ndarray of shape (n, m, m)
    """
    # Not a product of BLAS, whose last digits depend on the number of rows.
    pull = np.einsum("ij,jk->ik", D, precision)
    pull = np.take_along_axis(pull, places, axis=1)
    covariances = np.linalg.inv(precision[places[:, :, None], places[:, None, :]])
    return -np.einsum("ijk,ik->ij", covariances, pull), covariances


def _precision(D, missing):
    """Estimate the inverse correlation matrix of standardised rows with gaps."""
    n, d = D.shape
    D, correlation = D.copy(), np.eye(d)
    groups = list(_gaps(missing))
    for _ in range(_ROUNDS):
        precision = np.linalg.inv(correlation)
        unknown = np.zeros((d, d))
        D[missing] = 0.0
        for rows, places in groups:
            means, covariances = _expect(D[rows], places, precision)
            D[rows[:, None], places] = means
            where = places[:, :, None], places[:, None, :]
            np.add.at(unknown, where, covariances)
        before, correlation = correlation, (D.T @ D + unknown) / n
        scale = np.sqrt(np.diag(correlation))
        scale[scale == 0] = 1.0
        correlation /= np.outer(scale, scale)
        correlation *= 1 - _shrinkage(correlation, n)
        np.fill_diagonal(correlation, 1.0)
        if not groups or np.abs(correlation - before).max() < _CHANGE:
            break
    return np.linalg.inv(correlation)


def _shrinkage(correlation, n):
    """Tell how much of correlations found on n rows may be chance, in [0, 1]."""
    size = np.mean(correlation**2)
    excess = (n + 1) * (size - 1 / len(correlation))
    return 1.0 if excess <= 0 else min(1.0, (size + 1) / excess)


def _nearest(values, x):
    """Return the values nearest to x; the lower of two as near."""
    above = np.searchsorted(values, x).clip(0, len(values) - 1)
    below = np.maximum(above - 1, 0)
    return np.where(
        x - values[below] <= values[above] - x, values[below], values[above]
    )
