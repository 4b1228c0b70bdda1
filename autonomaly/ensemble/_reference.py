"""Which rows members are fitted on, and which stay outside."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_random_state

__all__ = [
    "MIN_HELD_OUT",
    "Split",
    "draw_reference",
    "draw_rest",
    "rows_beyond",
    "split_rows",
]

# Rows outside the reference that make a calibration sample of their own.
MIN_HELD_OUT = 1000
# The threshold of large data is found on this many rows.
_MAX_THRESHOLD_ROWS = 20_000


@dataclass
class Split:
    """Which rows members are fitted on, and which are scored beside them.

    Attributes
    ----------
    n_samples : int
        Rows there are.
    reference : ndarray of int or None
        Positions of the rows that members are fitted on, ascending; None for all.
    rest : ndarray of int or None
        Positions of the others that are scored; None if members are fitted on all.
    n_judges : int
        The first of them set the threshold, and are held out for the p-values.
    """

    n_samples: int
    reference: np.ndarray | None = None
    rest: np.ndarray | None = None
    n_judges: int = 0

    def reference_of(self, X):
        """Return the rows that members are fitted on."""
        return X if self.reference is None else X[self.reference]

    def judges(self, held_out):
        """Return the rows held out and their scores, or None twice."""
        if held_out is None:
            return None, None
        return self.rest[: self.n_judges], held_out[: self.n_judges]

    def rows_and_scores(self, scores, held_out):
        """Return the rows that set the threshold, and their scores."""
        if held_out is None:
            return slice(None), scores
        rows, judged = self.judges(held_out)
        return np.concatenate([self.reference, rows]), np.concatenate([scores, judged])

    def in_order(self, scores, held_out):
        """Return the scores of all rows, or None if some were not scored."""
        if held_out is None:
            return scores
        if len(scores) + len(held_out) < self.n_samples:
            return None
        ordered = np.empty(self.n_samples)
        ordered[self.reference], ordered[self.rest] = scores, held_out
        return ordered


def split_rows(
    n_samples, max_reference, *, calibrate, in_turn, judge_all, score_all, seeds
):
    """Choose the rows members are fitted on, and those to score beside them.

    Parameters
    ----------
    n_samples, max_reference : int
        Rows there are, and rows to fit members on at most.
    calibrate, in_turn : bool
        See :func:`draw_reference`.
    judge_all : bool
        Whether all rows are to set the threshold, however many they are.
    score_all : bool
        Whether all rows are scored; which ones set the threshold does not depend on it.
    seeds : tuple of (int, int)
        Of the reference, and of the others.

    Returns
    -------
    Split
        The rows.

    Examples
    --------
    >>> from autonomaly.ensemble._reference import split_rows
    >>> split = split_rows(9000, 4000, calibrate=True, in_turn=False, judge_all=False,
    ...                    score_all=True, seeds=(0, 1))
    >>> len(split.reference), len(split.rest), split.n_judges
    (4000, 5000, 5000)
    """
    rows = draw_reference(n_samples, max_reference, calibrate, in_turn, seeds[0])
    if rows is None:
        return Split(n_samples)
    rest = draw_rest(n_samples, rows, judge_all, seeds[1])
    n_judges = len(rest)
    if score_all:
        rest = np.concatenate([rest, rows_beyond(n_samples, rows, rest)])
    return Split(n_samples, rows, rest, n_judges)


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
        size = min(size, max(n_samples - MIN_HELD_OUT, n_samples // 2))
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
