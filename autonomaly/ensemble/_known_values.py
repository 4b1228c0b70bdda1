"""Values of the reference, recognised when they come back rounded."""

import numpy as np

__all__ = ["KnownValues"]

# A value may come back from a file, a service, single precision or another order of
# the same arithmetic: it is then off by less than this share of its size.
_ROUNDING = 1e-6


class KnownValues:
    """The values of the reference, column by column.

    Ranks, quantiles and histograms tell a value from its neighbours however near they
    are: beside a value that a tenth of the rows have, a rounding error is a tenth of
    all ranks. A row that comes back rounded is therefore given the values it had.

    Parameters
    ----------
    X : ndarray of shape (n_reference, n_features)
        The reference, finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._known_values import KnownValues
    >>> known = KnownValues(np.array([[0.1], [0.1], [0.3]]))
    >>> known.restore(np.float32([[0.1], [0.3], [0.2]])).ravel().tolist()
    [0.1, 0.3, 0.20000000298023224]
    """

    def __init__(self, X):
        self._values = [np.unique(column) for column in X.T]
        self._ends = [_ends(values) for values in self._values]

    def restore(self, X):
        """Return rows with known values in place of what is nearly one.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows; they are not changed.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In double precision.
        """
        X = X.astype(np.float64)
        for column, values, ends in zip(X.T, self._values, self._ends, strict=True):
            # Odd places lie between the two ends of one value.
            places = np.searchsorted(ends, column)
            rows = np.flatnonzero(places % 2)
            column[rows] = values[places[rows] // 2]
        return X


def _ends(values):
    """Return, for ascending values, between which two numbers each is meant."""
    with np.errstate(over="ignore", under="ignore"):
        size = np.maximum(np.abs(values), np.median(np.abs(values)))
        gaps = np.diff(values, prepend=-np.inf, append=np.inf)
        # What the reference tells apart stays apart.
        reach = np.minimum(_ROUNDING * size, np.minimum(gaps[:-1], gaps[1:]) / 4)
        return np.column_stack([values - reach, values + reach]).ravel()
