"""Silence for warnings that mean nothing to the user."""

import contextlib
import warnings

import numpy as np


@contextlib.contextmanager
def quiet():
    """Run foreign code without letting its warnings out.

    The filters are as before afterwards. ``warnings.catch_warnings`` swaps the filters
    of the whole process: enter this in the thread that waits for the work, never in
    several workers at once.

    Examples
    --------
    >>> import warnings
    >>> from autonomaly._utils._quiet import quiet
    >>> with quiet():
    ...     warnings.warn("nobody sees this")
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
