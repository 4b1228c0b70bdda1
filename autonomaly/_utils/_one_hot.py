"""Columns of zeros and ones that are the categories of one column."""

import numpy as np

__all__ = ["one_hot_variables"]


def one_hot_variables(Z):
    """Tell which variable each column belongs to, by the first column of each.

    Neighbouring columns of two values belong together where exactly one of them is high
    in every row, as those are of which a column of categories consists.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
        Any picture of the rows that keeps the order of the values of a column.

    Returns
    -------
    ndarray of int of shape (n_columns,)
        For every column the first column of its variable, itself in most cases.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly._utils._one_hot import one_hot_variables
    >>> Z = np.column_stack([[0.3, 0.1, 0.2], np.eye(3)])
    >>> one_hot_variables(Z).tolist()
    [0, 1, 1, 1]
    """
    n, d = Z.shape
    high = Z == Z.max(axis=0)
    two_valued = (high | (Z == Z.min(axis=0))).all(axis=0)
    # No run of columns in which every row is high once can hold any of the others.
    counts = np.where(two_valued, high.sum(axis=0), n + 1)
    ends = np.cumsum(counts)
    begins = ends - counts
    stops = np.searchsorted(ends, begins + n) + 1
    variables = np.arange(d)
    done = 0
    for start in np.nonzero((stops <= d) & (stops > np.arange(d) + 1))[0]:
        stop = stops[start]
        if start >= done and (high[:, start:stop].sum(axis=1) == 1).all():
            variables[start:stop] = start
            done = stop
    return variables
