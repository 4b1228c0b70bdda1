"""How far a sample is from having one mode."""

import numpy as np

__all__ = ["dip"]


def dip(values):
    """Measure how far values are from every distribution with a single mode.

    The smallest distance, over all positions of a mode, of the empirical distribution
    from one that is convex before the mode and concave behind it [1]_.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite numbers, at least one.

    Returns
    -------
    float
        In [0, 0.25]; times ``sqrt(n)`` below 0.6 in 99.9 % of uniform samples of 10 to
        250 values, and smaller for other distributions with one mode.

    References
    ----------
    .. [1] Hartigan, J. A. and Hartigan, P. M. "The dip test of unimodality." Annals of
           Statistics 13, 1985. :doi:`10.1214/aos/1176346577`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.profiling._dip import dip
    >>> one = np.random.default_rng(0).normal(size=200)
    >>> dip(one) * np.sqrt(200) < 0.6 < dip(np.r_[one, one + 6]) * np.sqrt(400)
    np.True_
    """
    span = np.ptp(values)
    if span == 0:
        return 0.0
    # rounded, since slopes between values that hardly differ exceed any float
    x, counts = np.unique(
        np.round((values - values.min()) / span, 9), return_counts=True
    )
    above = np.cumsum(counts) / counts.sum()  # the distribution jumps at every value
    below = np.r_[0.0, above[:-1]]

    def before(mode):
        convex = _convex_below(x[: mode + 1], below[: mode + 1])
        return (above[:mode] - convex[:mode]).max(initial=0.0)

    def behind(mode):
        concave = -_convex_below(-x[mode:][::-1], -above[mode:][::-1])[::-1]
        return (concave[1:] - below[mode + 1 :]).max(initial=0.0)

    # The further right the mode, the worse the part before it and the better the other.
    low, high = 0, len(x) - 1
    while low < high:
        middle = (low + high) // 2
        if before(middle) >= behind(middle):
            high = middle
        else:
            low = middle + 1
    modes = {low, max(low - 1, 0)}
    return float(min(max(before(mode), behind(mode)) for mode in modes) / 2)


def _convex_below(x, heights):
    """Return the greatest convex function below points, at these points."""
    from scipy.optimize import isotonic_regression

    if len(x) < 2:
        return heights
    steps = np.diff(x)
    slopes = isotonic_regression(np.diff(heights) / steps, weights=steps).x
    return heights[0] + np.r_[0.0, np.cumsum(slopes * steps)]
