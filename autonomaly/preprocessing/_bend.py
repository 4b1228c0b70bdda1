"""Columns with one long tail on a logarithmic scale."""

import numpy as np

__all__ = ["QUANTILES", "bend", "find_bend"]

#: Quantiles around the median that tell how skewed a column is, from low to high.
QUANTILES = (0.05, 0.25, 0.75, 0.95)
# A column is bent by how much more skewed it is than an exponential one: there the
# quantiles of log(1 + 3 r) are about equally far out.
_EXPONENTIAL, _MAX_BEND = 3.0, 100.0
# In fewer rows, two far ones are a long tail.
_FEWEST_ROWS = 40
# Quantiles whose distances from the median have a smaller product are the median.
_TIED = 1e-9
# The logarithm goes on as a straight line from where its argument is as small as this.
_STRAIGHT = 0.1
# Farther out a logarithm changes nothing any more.
_FARTHEST = 1e12


def find_bend(quantiles, n_rows):
    """Find how much columns are to be bent.

    Parameters
    ----------
    quantiles : sequence of four ndarrays of shape (n_features,)
        The `QUANTILES` of values whose median is 0 and whose range between the 5 %
        and the 95 % quantile is 1.
    n_rows : int
        Number of rows they are from.

    Returns
    -------
    ndarray of shape (n_features,)
        Factors k of log(1 + k r) / k, negative where the long tail is that of low
        values; 0 where a column stays as it is. A group of far values makes a tail
        long, not the middle of a column: the smaller of the two counts.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.preprocessing._bend import QUANTILES, find_bend
    >>> amounts = np.random.RandomState(0).lognormal(0, 1.5, size=1000)
    >>> low, high = np.quantile(amounts, [0.05, 0.95])
    >>> r = (amounts - np.median(amounts)) / (high - low)
    >>> find_bend(np.quantile(r, QUANTILES)[:, None], 1000).round(1)
    array([10.4])
    """
    low, q25, q75, high = quantiles
    if n_rows < _FEWEST_ROWS:
        return np.zeros(len(low))
    tails, middle = _skew(low, high), _skew(q25, q75)
    least = np.minimum(np.abs(tails), np.abs(middle))
    skew = np.where(tails * middle > 0, least, 0)
    return np.copysign(np.clip(skew - _EXPONENTIAL, 0, _MAX_BEND), tails)


def _skew(low, high):
    """Find k for which two quantiles of log(1 + k r) are equally far from 0.

    The quantiles of r lie below and above its median; where one of them is the median,
    they tell nothing, and k is 0.
    """
    product = -low * high
    return np.divide(low + high, product, out=np.zeros(len(low)), where=product > _TIED)


def bend(r, k):
    """Give values a logarithmic scale.

    Parameters
    ----------
    r : ndarray of shape (n_rows, n_features) or (n_features,)
        Values whose median is 0.
    k : ndarray of shape (n_features,)
        Factors, none of them 0.

    Returns
    -------
    ndarray
        log(1 + k r) / k, as steep as r is at the median; a straight line where the
        argument would be too small.
    """
    argument = 1 + k * np.clip(r, -_FARTHEST, _FARTHEST)
    beyond = np.minimum(argument - _STRAIGHT, 0)
    return (np.log(np.maximum(argument, _STRAIGHT)) + beyond / _STRAIGHT) / k
