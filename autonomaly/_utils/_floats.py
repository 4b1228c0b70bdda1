"""What is done where floating-point numbers end."""

from typing import Any

import numpy as np

__all__ = ["FLOAT_ERRORS", "small_units"]

# For numpy.errstate, whatever the application wants elsewhere. Rows too large for
# squares give scores that are not finite, which are dealt with; what is too small for
# a number is as good as 0.
FLOAT_ERRORS: dict[str, Any] = {"all": "ignore"}


def small_units(Z):
    """Give the unit that what is as good as nothing is a share of, column by column.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
        Finite numbers: all there are, for a part of them may be rounding only.

    Returns
    -------
    ndarray of shape (n_columns,)
        1, or the largest absolute value where that is smaller: a column of amperes
        may vary by less than 1e-9.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly._utils._floats import small_units
    >>> small_units(np.array([[5.0, 2e-12], [-7.0, -3e-12]])).tolist()
    [1.0, 3e-12]
    """
    return np.minimum(np.abs(Z).max(axis=0), 1.0)
