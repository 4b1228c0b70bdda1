"""Which rows members are fitted on, and which stay outside."""

import numpy as np
from sklearn.utils import check_random_state

__all__ = ["MIN_HELD_OUT", "draw_reference", "draw_rest", "rows_beyond"]

# Rows outside the reference that make a calibration sample of their own.
MIN_HELD_OUT = 1000
# The threshold of large data is found on this many rows.
_MAX_THRESHOLD_ROWS = 20_000


def draw_reference(n_samples, max_reference, calibrate, in_turn, random_state):
    """Choose the rows members are fitted on.

    Parameters
    ----------
    n_samples, max_reference : int
        Rows there are, and rows to choose at most.
    calibrate : bool
        Whether held-out rows are wanted.
    in_turn : bool
        Whether all rows are to be held out in turn rather than some for good, where
        the reference may hold all.
    random_state : int or RandomState
        Seed of the sample.

    Returns
    -------
    ndarray of int or None
        Positions, ascending; None for all rows, where there are too few to hold 1,000
        of them out.

    Examples
    --------
    >>> from autonomaly.ensemble._reference import draw_reference
    >>> draw_reference(1999, 4000, True, False, 0) is None
    True
    >>> [len(draw_reference(n, 4000, True, False, 0)) for n in (2000, 4100, 9000)]
    [1000, 3100, 4000]
    """
    enough = calibrate and not in_turn and n_samples >= 2 * MIN_HELD_OUT
    if n_samples <= max_reference and not enough:
        return None
    size = min(n_samples, max_reference)
    if in_turn:  # as few as can be discovered is a matter of the rows held out
        size = min(size, n_samples // 2)
    if calibrate and n_samples - size < MIN_HELD_OUT:
        # A few rows less here save fits on parts of the rows for the calibration, whose
        # scores are not quite those of this fit.
        size = max(n_samples - MIN_HELD_OUT, n_samples // 2)
    rng = check_random_state(random_state)
    return np.sort(rng.choice(n_samples, size, replace=False))


def draw_rest(n_samples, rows, every, random_state):
    """Choose rows outside of the reference, for threshold and calibration.

    Parameters
    ----------
    n_samples : int
        Rows there are.
    rows : ndarray of int
        The reference.
    every : bool
        Whether to choose all, however many they are.
    random_state : int or RandomState
        Seed of the sample.

    Returns
    -------
    ndarray of int
        Positions, ascending.

    Examples
    --------
    >>> from autonomaly.ensemble._reference import draw_rest
    >>> draw_rest(5, [0, 2], True, 0)
    array([1, 3, 4])
    """
    rest = rows_beyond(n_samples, rows)
    if every or len(rest) <= _MAX_THRESHOLD_ROWS:
        return rest
    rng = check_random_state(random_state)
    return np.sort(rng.choice(rest, _MAX_THRESHOLD_ROWS, replace=False))


def rows_beyond(n_samples, *drawn):
    """Return the rows that are not among those drawn.

    Parameters
    ----------
    n_samples : int
        Rows there are.
    *drawn : ndarray of int
        Positions.

    Returns
    -------
    ndarray of int
        Positions, ascending.

    Examples
    --------
    >>> from autonomaly.ensemble._reference import rows_beyond
    >>> rows_beyond(6, [0, 2], [5])
    array([1, 3, 4])
    """
    left = np.ones(n_samples, dtype=bool)
    for rows in drawn:
        left[rows] = False
    return np.nonzero(left)[0]
