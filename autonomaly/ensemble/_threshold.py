"""A threshold that is found in the scores."""

import numpy as np

from autonomaly._utils._words import percent
from autonomaly.ensemble._common_values import beside_their_like

__all__ = [
    "SCORE_CAP",
    "TIE",
    "outlier_threshold",
    "separating_threshold",
    "tail_excess",
    "tail_surplus",
]

# Scores closer than this share of their size are ties: the last digits of a matrix
# product depend on the batch.
TIE = 1e-9
# A population as tight as its Gaussian surrogate shows no structure; at the lower value
# it is certainly something else (see joint_structure).
_NO_STRUCTURE, _STRUCTURE = 0.98, 0.92
# Share of the variance of the upper half that a cut in two explains: less than the
# lower value in one group of very many rows, at the upper one there are certainly two
# groups. Few rows are easily cut in two: of samples of n rows from one group, one in a
# hundred explains about _OF_FEW / sqrt(n) more.
_ONE_GROUP, _TWO_GROUPS, _OF_FEW = 0.80, 0.90, 0.7
_MAX_SHARE = 0.30
# Share of the rows beyond the tail that it may explain.
_EXPLAINED = 0.5
# In fewer rows the tail is a guess, and a row must lie farther out to be beyond it.
_FEW_ROWS = 20
# How much wider than those below a gap in the scores must be to end a tail, and with
# how many it is compared at least.
_GAP, _GAPS_BELOW = 30.0, 50
# The quantiles between which the scale of the tail is read off.
_BULK, _SHOULDER = (0.5, 0.85), (0.75, 0.88)
# Share of distinct scores below which the gaps between them are no tail.
_DISTINCT = 0.8
# Beyond this combined score the order no longer matters for a threshold, and the
# exponential of the score stays finite.
SCORE_CAP = 60.0


def separating_threshold(abnormality, n_flagged):
    """Find a threshold half-way between two rows.

    Parameters
    ----------
    abnormality : ndarray of shape (n_samples,)
        Scores, high = abnormal.
    n_flagged : int
        Number of rows to lie above; fewer where a tie would have to be split.

    Returns
    -------
    float
        The threshold; above every score where no row is to be flagged.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._threshold import separating_threshold
    >>> float(separating_threshold(np.array([1.0, 2.0, 5.0, 3.0]), 1))
    4.0
    """
    s = np.sort(abnormality)[::-1]
    tie = TIE * (1 + np.abs(s))
    for k in range(min(n_flagged, len(s) - 1), 0, -1):
        if s[k - 1] - s[k] > tie[k - 1]:
            return 0.5 * (s[k - 1] + s[k])
    return s[0] + 1e-6 * (1 + abs(s[0]))


def outlier_threshold(abnormality, structure, values=()):
    """Estimate which scores belong to outliers.

    Two rules are blended by how much structure the data has. Where it looks like one
    homogeneous population, only rows count that its exponential tail cannot explain,
    which may be none. Where it has structure, or where the scores fall into two groups,
    their upper half is split in two (Otsu's rule), at most 30 % of the rows.

    Parameters
    ----------
    abnormality : ndarray of shape (n_samples,)
        Combined scores, high = abnormal.
    structure : float
        See :func:`~autonomaly.ensemble._structure.joint_structure`: about 1 for a
        homogeneous population, less where there is structure.
    values : list of list of ndarray of int, default=()
        The rows that have a value in common, see
        :func:`~autonomaly.ensemble._common_values.common_values`: whether some lie
        beyond the tail, or form a group, is asked beside their like.

    Returns
    -------
    threshold : float
        Rows with larger scores are outliers.
    reason : str
        What decided, in words.

    References
    ----------
    .. [1] Otsu, N. "A threshold selection method from gray-level histograms." IEEE
           Transactions on Systems, Man, and Cybernetics 9, 1979.
           :doi:`10.1109/TSMC.1979.4310076`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._threshold import outlier_threshold
    >>> bulk = np.log1p(-np.log(1 - (np.arange(500) + 0.5) / 500))
    >>> scores = np.r_[bulk, 8.0, 9.0]
    >>> threshold, _ = outlier_threshold(scores, structure=1.0)
    >>> int((scores > threshold).sum())
    2
    """
    n = len(abnormality)
    # The combined score is logarithmic in its tails; half-way back to a linear scale
    # the gaps between outliers and the rest count neither for too little nor too much.
    stretched = np.exp(np.minimum(abnormality, SCORE_CAP) / 2)
    beside = beside_their_like(stretched, values)
    beyond_tail = tail_excess(beside) / n
    split, _ = _split_upper_half(stretched)
    group, clarity = _split_upper_half(beside - beside.min())
    weight, of_groups = np.clip(
        [
            (_NO_STRUCTURE - structure) / (_NO_STRUCTURE - _STRUCTURE),
            (clarity - _OF_FEW / n**0.5 - _ONE_GROUP) / (_TWO_GROUPS - _ONE_GROUP),
        ],
        0,
        1,
    )
    near = (
        f"nearest rows are {structure:.2f} times as far apart as in Gaussian data with "
        f"the same columns"
    )
    why = f"the rows form clusters or curves ({near})"
    if of_groups > weight:
        weight, split = of_groups, group
        why = (
            f"the scores fall into two groups, which explain {percent(clarity)} of the "
            f"variance of their upper half"
        )
    share = weight * split + (1 - weight) * beyond_tail
    if weight == 0:
        beyond = f"only the {percent(beyond_tail)} that lie beyond its tail are flagged"
        reason = (
            f"the rows look like one homogeneous population ({near}): "
            f"{beyond if beyond_tail else 'no row lies beyond its tail'}"
        )
    else:
        reason = (
            f"the best cut through the upper half of the scores sets {percent(split)} "
            f"of the rows apart"
        )
        if weight == 1:
            reason = f"{why}: {reason}"
        else:
            reason = (
                f"{percent(share)} = {weight:.2f} x {percent(split)} + "
                f"{1 - weight:.2f} x {percent(beyond_tail)}: {reason}, and "
                f"{percent(beyond_tail)} lie farther out than one homogeneous "
                f"population explains; the first weighs {weight:.2f} because {why}"
            )
    if share > _MAX_SHARE:
        share = _MAX_SHARE
        reason += f"; never more than {100 * share:g} % are flagged"
    # A row more would be more than the largest share; 0.3 * n may miss a whole number.
    n_flagged = min(round(share * n), int(_MAX_SHARE * n + 1e-9))
    return separating_threshold(abnormality, n_flagged), reason


def tail_excess(scores):
    """Count the rows beyond what the tail of the bulk explains.

    The tail is exponential, its scale read off the scores between the median and the
    85 % quantile.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Scores on a scale where an ordinary tail is about exponential.

    Returns
    -------
    int
        Number of rows, from the top.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._threshold import tail_excess
    >>> scores = -np.log(1 - np.arange(500) / 501)
    >>> tail_excess(scores), tail_excess(np.r_[scores, 30.0, 31.0])
    (0, 2)
    """
    observed, _ = _beyond_the_tail(scores, _BULK)
    return int(observed[0]) if len(observed) else 0


def tail_surplus(scores):
    """Estimate how many rows there are beside those that the tail of the bulk explains.

    Fewer than :func:`tail_excess` counts, for some of those may be ordinary. Where the
    tail grows longer between the 75 and the 88 % quantile, it goes on as it does there.
    Rows beyond a gap that is far wider than any tail has are counted, too, however
    long the tail.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Scores on a scale where an ordinary tail is at most exponential.

    Returns
    -------
    int
        Number of rows; 0 where equal scores leave no tail to speak of.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._threshold import tail_surplus
    >>> scores = -np.log(1 - np.arange(500) / 501)
    >>> tail_surplus(scores), tail_surplus(np.r_[scores, 30.0, 31.0])
    (0, 2)
    """
    if len(np.unique(scores)) < _DISTINCT * len(scores):
        return 0
    observed, explained = _beyond_the_tail(scores, _BULK, _SHOULDER)
    surplus = round((observed - explained).max()) if len(observed) else 0
    return max(surplus, _beyond_a_gap(scores))


def _beyond_a_gap(scores):
    """Count the rows beyond the widest gap, at most one in twenty; 0 without one.

    Between the i-th and the next largest of a sample from an exponential tail the gap
    is exponential, with a mean of the scale divided by i: times i, gaps can be compared
    with those just below. A tail that grows longer and longer does not have one that is
    wider by _GAP.
    """
    n_most = len(scores) // 20
    below = 3 * n_most
    if n_most < 1:
        return 0
    largest = np.sort(scores)[::-1][: n_most + below + 1]
    gaps = np.arange(1, len(largest)) * -np.diff(largest)
    sums = np.concatenate([[0.0], np.cumsum(gaps)])
    rank = np.arange(1, n_most + 1)
    width = np.maximum(3 * rank, np.minimum(_GAPS_BELOW, below))
    ordinary = (sums[rank + width] - sums[rank]) / width
    wide = np.flatnonzero(gaps[:n_most] > _GAP * ordinary)
    return int(rank[wide[-1]]) if len(wide) else 0


def _beyond_the_tail(scores, *ranges):
    """Count the rows at least as odd as each row that lies beyond the tail.

    Returns the counts, largest first, and how many rows of each the tail explains: at
    most half of them, and less where there are few rows. Of the ranges between
    two quantiles the one decides in which the tail is longest.
    """
    s = np.sort(scores)
    n = len(s)
    upper = np.quantile(s, _BULK[1])
    scale = max(
        (np.quantile(s, b) - np.quantile(s, a)) / np.log((1 - a) / (1 - b))
        for a, b in ranges
    )
    if not scale > 0:
        scale = np.finfo(float).tiny
    with np.errstate(over="ignore"):
        steps = np.clip((s - upper) / scale, -700, 700)
    explained = (1 - _BULK[1]) * n * np.exp(-steps)
    observed = n - np.arange(n)
    rate = _EXPLAINED * min(1.0, n / _FEW_ROWS)
    too_many = (explained <= rate * observed) & (s > upper)
    return observed[too_many], explained[too_many]


def _split_upper_half(scores):
    """Find the best split of the upper half in two.

    Returns the share of all rows above it, and the share of the variance of the upper
    half that it explains.
    """
    s = np.sort(scores)
    upper = s[len(s) // 2 :]
    n = len(upper)
    if n < 2 or upper[0] == upper[-1]:
        return 0.0, 0.0
    upper = upper / upper[-1]  # squares of sums stay finite
    sums = np.cumsum(upper)
    size = np.arange(1, n)
    below = sums[:-1] / size
    above = (sums[-1] - sums[:-1]) / (n - size)
    between = size * (n - size) * (below - above) ** 2
    best = np.argmax(between)
    explained = between[best] / (n**2 * upper.var())
    return float(np.mean(s > s[len(s) // 2 + best])), float(explained)
