"""Making scores comparable, and one score out of many."""

import numpy as np

__all__ = ["combine", "location_and_scale", "standardize"]

# The scale of a score is at least this share of its standard deviation: where most rows
# score alike, the few others must not become infinitely far.
_MIN_SCALE = 1e-3


def location_and_scale(abnormality):
    """Measure where the bulk of a member's training scores lies.

    Median and interquartile range, which the anomalies themselves hardly move: a
    member that sets some rows far apart has its say, however many they are.

    Parameters
    ----------
    abnormality : ndarray of shape (n_samples,)
        Scores of one member on the reference rows.

    Returns
    -------
    tuple of (float, float)
        Median and scale; the scale is positive.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._combination import location_and_scale
    >>> location_and_scale(np.array([0.0, 1.0, 2.0, 3.0, 50.0]))
    (2.0, 2.0)
    """
    low, center, high = np.percentile(abnormality, [25, 50, 75])
    # A member that is constant on the reference says nothing about those rows, and
    # that any departure is far out, but for the last digits: they depend on the batch.
    floor = 1e-7 * (1.0 + abs(center))
    scale = max(high - low, _MIN_SCALE * abnormality.std(), floor)
    return float(center), float(scale)


def standardize(abnormality, center, scale):
    """Express scores in robust units, far ones logarithmically.

    Parameters
    ----------
    abnormality : ndarray of shape (n_samples,)
        Scores of one member, high = abnormal.
    center, scale : float
        See :func:`location_and_scale`.

    Returns
    -------
    ndarray of shape (n_samples,)
        ``arcsinh((abnormality - center) / scale)``: linear in the bulk, logarithmic in
        the tails, so that no member outvotes all others and new extremes keep their
        order.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._combination import standardize
    >>> standardize(np.array([1.0, 3.0, 1e6]), center=1.0, scale=2.0).round(1)
    array([ 0. ,  0.9, 13.8])
    """
    return np.arcsinh((abnormality - center) / scale)


def combine(Z, how, weights=None):
    """Combine standardised scores row by row.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_members)
        Standardised scores, high = abnormal.
    how : {"upper_half", "mean", "median", "max"}
        ``"upper_half"`` is the mean of the members that find the row most abnormal,
        those that hold half of the weight: an anomaly need not look odd to every kind
        of detector, but it should to more than a few.
    weights : ndarray of shape (n_members,), default=None
        Non-negative weights; equal where not given. ``"max"`` ignores all but zeros.

    Returns
    -------
    ndarray of shape (n_samples,)
        Combined scores, high = abnormal.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._combination import combine
    >>> Z = np.array([[0.0, 1.0, 2.0, 3.0]])
    >>> combine(Z, "mean"), combine(Z, "upper_half")
    (array([1.5]), array([2.5]))
    """
    if weights is not None:
        Z, weights = Z[:, weights > 0], weights[weights > 0]
        if (weights != weights[0]).any():
            return _combine_weighted(Z, how, weights)
    if how == "mean":
        return Z.mean(axis=1)
    if how == "median":
        return np.median(Z, axis=1)
    if how == "max":
        return Z.max(axis=1)
    n_upper = (Z.shape[1] + 1) // 2
    return np.partition(Z, -n_upper, axis=1)[:, -n_upper:].mean(axis=1)


def _combine_weighted(Z, how, weights):
    if how == "mean":
        return Z @ (weights / weights.sum())
    if how == "max":
        return Z.max(axis=1)
    order = np.argsort(-Z, axis=1, kind="stable")
    ordered, sorted_z = weights[order], np.take_along_axis(Z, order, axis=1)
    half = weights.sum() / 2
    before = np.cumsum(ordered, axis=1) - ordered
    if how == "median":
        last = (before < half).sum(axis=1) - 1
        return np.take_along_axis(sorted_z, last[:, None], axis=1)[:, 0]
    # The member that crosses the half counts with the part of its weight within it.
    share = np.clip(half - before, 0, ordered)
    return (share * sorted_z).sum(axis=1) / half
