"""Foreign code, run so that it leaves no trace in the process."""

import contextlib
import warnings

import numpy as np


@contextlib.contextmanager
def quiet():
    """Run foreign code without its warnings, and without its random numbers.

    Warning filters and NumPy's global random state are as before afterwards; in
    between the random state is seeded, so that code which draws from it gives the same
    result every time. Both belong to the whole process: enter this in the thread that
    waits for the work, never in several workers at once.

    Examples
    --------
    >>> import warnings
    >>> from autonomaly._utils._quiet import quiet
    >>> with quiet():
    ...     warnings.warn("nobody sees this")
    """
    state = np.random.get_state()  # noqa: NPY002
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        np.random.seed(0)  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002
