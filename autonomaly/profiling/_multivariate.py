"""Figures of rows and of columns together, from the sample of a table."""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform
from scipy.special import entr
from sklearn.metrics import silhouette_score

from autonomaly._utils._correlation import correlation, rank_correlation
from autonomaly.profiling._dip import dip

#: Bounds that keep a profile cheap.
PAIR_ROWS = 2000
PAIR_COLUMNS = 200
FOREST_TREES = 10
FOREST_ROWS = 500
FOREST_SCORE = 0.6
CLUSTER_ROWS = 250
CLUSTER_COLUMNS = 100
LEVEL_COLUMNS = 20

_MAX_CLUSTERS = 8
_MIN_CLUSTER_SHARE = 0.05
_MIN_SILHOUETTE = 0.5
# Of rows between neighbouring groups, times the root of their number: what one uniform
# sample in a thousand exceeds.
_MIN_DIP = 0.6
_RIDGE = 1e-3


def robust_view(cells, quartiles, spread):
    """Centre columns at the median, scale by the 5 %-95 % range, clip at 20.

    The wanted fences of the columns come along, because sorting is dear.

    Parameters
    ----------
    cells : ndarray of shape (n_columns, n)
        Cells; NaN is missing and becomes 0.
    quartiles : ndarray of shape (n_columns, 3)
        Quartiles.
    spread : ndarray of shape (n_columns,)
        Distance between the 5 % and 95 % points; where it is zero three standard
        deviations take its place.

    Returns
    -------
    view : ndarray of shape (n_columns, n)
        Finite, within [-20, 20].
    fences : ndarray of shape (n_columns, 2)
        Three interquartile ranges outside the quartiles, in units of the view; NaN
        where the middle half of the values is the same.
    """
    median = np.nan_to_num(quartiles[:, 1])[:, None]
    centred = cells - median
    if np.isnan(centred).any():
        centred = np.nan_to_num(centred, nan=0.0)
    scale = np.where(spread > 0, spread, 3.0 * centred.std(axis=1))
    scale = np.where(scale > 0, scale, 1.0)
    # A spread far below the largest value: ratios beyond any float are clipped too.
    with np.errstate(over="ignore", invalid="ignore"):
        low, _, high = ((quartiles - median) / scale[:, None]).T
        iqr = np.where(high > low, high - low, np.nan)
        fences = np.stack([low - 3 * iqr, high + 3 * iqr], axis=1)
        view = np.clip(centred / scale[:, None], -20.0, 20.0)
    return view, fences


def outlier_shares(view, fences, methods, seed):
    """Share of outlying rows by each method.

    Parameters
    ----------
    view : ndarray of shape (n_columns, n)
        Robustly scaled columns.
    fences : ndarray of shape (n_columns, 2)
        Their outer fences.
    methods : tuple of {"iqr", "isolation_forest"}
        What to look with.
    seed : int
        Seed of the forest and its subsample.

    Returns
    -------
    tuple of (str, float)
        One share per method, 0 without columns.
    """
    if not view.size:
        return tuple((method, 0.0) for method in methods)
    return tuple(
        (
            method,
            _beyond(view, fences) if method == "iqr" else _isolated(view, seed),
        )
        for method in methods
    )


def _beyond(view, fences):
    outside = (view < fences[:, :1]) | (view > fences[:, 1:])
    return float(outside.any(axis=0).mean())


def _isolated(view, seed):
    from sklearn.ensemble import IsolationForest

    rows = subset(view.shape[1], FOREST_ROWS, seed)
    X = np.ascontiguousarray(view[:, rows].T, dtype=np.float32)
    forest = IsolationForest(n_estimators=FOREST_TREES, random_state=seed).fit(X)
    return float((forest.score_samples(X) < -FOREST_SCORE).mean())


def subset(n, size, seed):
    """Draw positions without replacement, in ascending order; all if few."""
    if n <= size:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, size, replace=False))


def dependence(view, cells=None):
    """Rank correlation, linear dependence and effective rank of columns.

    Parameters
    ----------
    view : ndarray of shape (n_columns, n)
        Robustly scaled columns.
    cells : ndarray of shape (n_columns, n), default=None
        What is ranked, the view by default: there, values that are far out, or small
        beside the spread, are equal.

    Returns
    -------
    ranks : ndarray of shape (n_columns, n_columns)
        Spearman correlations; 0 with a column that does not vary.
    r2 : ndarray of shape (n_columns,)
        Adjusted R² of each column from the others.
    effective_rank : float
        Of the correlation matrix of the squashed columns.
    """
    n_columns, n = view.shape
    if n_columns == 0:
        return np.zeros((0, 0)), np.zeros(0), 0.0
    ranks = rank_correlation((view if cells is None else cells).T)
    # squashed, so that a few far cells do not decide about the whole column
    linear = correlation((2 * view / np.sqrt(1 + (2 * view / 3) ** 2)).T)
    varies = np.diag(linear) > 0
    if n < 3 or not varies.any():
        return ranks, np.zeros(n_columns), float(varies.any())
    kept = linear[np.ix_(varies, varies)]
    values, vectors = np.linalg.eigh(kept)
    values = np.clip(values, 0.0, None)
    share = values / values.sum()
    effective_rank = np.exp(-(share * np.log(np.where(share > 0, share, 1.0))).sum())
    penalty = _RIDGE + kept.shape[0] / n
    # The diagonal of the inverse holds the residual variance of each regression.
    inverse = ((vectors**2) / (values + penalty)).sum(axis=1)
    residual = np.maximum(1.0 / inverse - penalty, 0.0)
    freedom = (values / (values + penalty)).sum() * (1 - 1 / kept.shape[0])
    adjusted = 1.0 - residual * (n / max(n - freedom, 1.0))
    r2 = np.zeros(n_columns)
    r2[varies] = np.clip(adjusted, 0.0, 1.0)
    return ranks, r2, float(effective_rank)


def count_clusters(view, seed):
    """Count the groups of rows; see `PatternInfo.clusters`.

    Parameters
    ----------
    view : ndarray of shape (n_columns, n)
        Robustly scaled columns.
    seed : int
        Seed of the subsample.

    Returns
    -------
    int or None
        None for fewer than 10 rows.
    """
    if view.shape[1] < 10:
        return None
    if not view.size:
        return 1
    columns = subset(view.shape[0], CLUSTER_COLUMNS, seed)
    rows = subset(view.shape[1], CLUSTER_ROWS, seed)
    points = view[np.ix_(columns, rows)].T
    points = 2 * points / np.sqrt(1 + (2 * points / 3) ** 2)
    condensed = pdist(points)
    if condensed.max() == 0.0:
        return 1
    tree = linkage(condensed, method="ward")
    distances = squareform(condensed)
    best, n_best = _MIN_SILHOUETTE, 1
    for n_clusters in range(2, _MAX_CLUSTERS + 1):
        labels = fcluster(tree, n_clusters, criterion="maxclust") - 1
        sizes = np.bincount(labels)
        large = np.flatnonzero(sizes >= max(2, _MIN_CLUSTER_SHARE * labels.size))
        if large.size < 2:
            continue  # what was split off are outliers
        silhouette = silhouette_score(distances, labels, metric="precomputed")
        if silhouette > best and _apart(points, labels, large):
            best, n_best = silhouette, large.size
    return n_best


def _apart(points, labels, groups):
    """Tell whether there are fewer rows between neighbouring groups than in them.

    On a line any cut gives a high silhouette; a sample of one group has none of these
    valleys, whatever its shape.
    """
    centres = np.array([points[labels == group].mean(axis=0) for group in groups])
    distances = squareform(pdist(centres))
    np.fill_diagonal(distances, np.inf)
    pairs = {tuple(sorted(pair)) for pair in enumerate(distances.argmin(axis=1))}
    for a, b in sorted(pairs):
        rows = points[(labels == groups[a]) | (labels == groups[b])]
        along = rows @ (centres[a] - centres[b])
        if dip(along) * np.sqrt(along.size) <= _MIN_DIP:
            return False
    return True


def level_redundancy(columns):
    """Largest symmetric uncertainty of each column of levels with another one.

    Twice the mutual information over the sum of the entropies, the information
    less its first-order bias (Miller and Madow) and not below zero.

    Parameters
    ----------
    columns : list of ndarray of shape (n,)
        Values; NaN counts as a value of its own.

    Returns
    -------
    list of float
        In [0, 1], one per column.

    References
    ----------
    .. [1] Miller, "Note on the bias of information estimates", 1955.
    """
    codes = [np.unique(column, return_inverse=True)[1] for column in columns]
    widths = [int(code.max()) + 1 for code in codes]
    entropies = [_entropy(code) for code in codes]
    best = [0.0] * len(codes)
    for i in range(len(codes)):
        for j in range(i):
            joint = _entropy(codes[i] * widths[j] + codes[j])
            bias = (widths[i] - 1) * (widths[j] - 1) / (2 * codes[i].size)
            shared = entropies[i] + entropies[j] - joint - bias
            total = entropies[i] + entropies[j]
            value = min(1.0, max(0.0, 2 * shared / total)) if total > 0 else 0.0
            best[i], best[j] = max(best[i], value), max(best[j], value)
    return best


def _entropy(codes):
    _, counts = np.unique(codes, return_counts=True)
    return float(entr(counts / codes.size).sum())
