"""Meta-features of columns and of distances between rows."""

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from autonomaly._utils._correlation import correlation
from autonomaly.profiling._multivariate import dependence

# Spreads below this share of the 5 %-95 % range count as none; it bounds the logarithms
# of ratios whose denominator vanishes.
_NARROW = 1e-3
_NEIGHBORS = 10
_MLE_NEIGHBORS = 20
_SURROGATE_ROWS = 500
_FEW_ROWS = 100  # enough for a mean of all
#: With fewer rows neighbours and halves say nothing; what needs them is 0.
MIN_ROWS = 12


def describe_types(X):
    """Describe the values of columns that vary, shape (m, d)."""
    m, d = X.shape
    ordered = np.sort(X, axis=0)
    gaps = np.diff(ordered, axis=0)
    distinct = 1 + (gaps > 0).sum(axis=0)
    mode = np.array([_longest_run(gaps[:, j]) for j in range(d)]) / m
    smallest = np.where(gaps > 0, gaps, np.inf).min(axis=0)
    steps = gaps / smallest
    # Steps are as exact as the cells they are differences of.
    error = 4 * np.finfo(float).eps * np.abs(ordered).max(axis=0) / smallest
    whole = np.abs(steps - np.round(steps)) <= 1e-9 * steps + error
    lattice = whole.all(axis=0) & (error < 0.01) & (distinct > 2)
    return {
        "binary_share": (distinct == 2).mean(),
        "few_valued_share": (distinct <= max(10.0, np.sqrt(m))).mean(),
        "lattice_share": lattice.mean(),
        "zero_share": (X == 0).mean(),
        "mode_share": mode.mean(),
        "duplicate_share": 1 - len(np.unique(X, axis=0)) / m,
    }


def _longest_run(gaps):
    ends = np.flatnonzero(gaps > 0)
    return np.diff(np.concatenate([[-1], ends, [len(gaps)]])).max()


def describe_dependence(R, S):
    """Describe how columns go together, from the robust and the squashed picture."""
    d = R.shape[1]
    ranks, r2, rank = dependence(R.T)
    upper = np.abs(ranks[np.triu_indices(d, 1)])
    return {
        "spearman_mean": upper.mean() if d > 1 else 0.0,
        "r2_mean": r2.mean(),
        "pc1_share": np.linalg.eigvalsh(correlation(S))[-1] / d,
        "rank_share": rank / d,
    }


def describe_tails(R):
    """Describe how far out the cells of the robust picture lie."""
    q1, q10, q25, q50, q75, q90, q99 = np.percentile(
        R, [1, 10, 25, 50, 75, 90, 99], axis=0
    )
    iqr = q75 - q25
    tail = np.log2((q99 - q1 + _NARROW) / (iqr + _NARROW))
    skew = np.abs(q90 + q10 - 2 * q50) / (q90 - q10 + _NARROW)
    reach = np.log2(1 + np.abs(R).max(axis=0))
    # Where the middle half is one value there is no such fence.
    width = np.where(iqr > 0, 3 * iqr, np.inf)
    beyond = (R < q25 - width) | (R > q75 + width)
    rows = beyond.any(axis=1).mean()
    apart = 1 - np.prod(1 - beyond.mean(axis=0))
    return {
        "tail_median": np.median(tail),
        "tail_max": tail.max(),
        "skew_mean": skew.mean(),
        "reach_median": np.median(reach),
        "beyond_cells": beyond.mean(),
        "beyond_rows": rows,
        "beyond_together": np.log2(apart / rows) if rows > 0 else 0.0,
    }


def squared_distances(A, B):
    """Squared Euclidean distances; those that are rounding only are 0."""
    a, b = (A**2).sum(axis=1), (B**2).sum(axis=1)
    D = a[:, None] + b - 2 * (A @ B.T)
    D[D <= 1e-12 * (a[:, None] + b)] = 0.0
    return D


class Neighborhood:
    """The nearest neighbours of every row among the others.

    Parameters
    ----------
    S : ndarray of shape (m, d)
        Rows of the squashed picture.

    Attributes
    ----------
    squares : ndarray of shape (m, m)
        Squared distances, infinite from a row to itself.
    indices, distances : ndarray of shape (m, k)
        The nearest, nearest first.
    """

    def __init__(self, S):
        self.squares = squared_distances(S, S)
        np.fill_diagonal(self.squares, np.inf)
        k = min(_MLE_NEIGHBORS, len(S) - 1)
        indices = np.argpartition(self.squares, k - 1, axis=1)[:, :k]
        near = np.take_along_axis(self.squares, indices, axis=1)
        # Equal distances in the order of the rows.
        order = np.lexsort((indices, near))
        self.indices = np.take_along_axis(indices, order, axis=1)
        self.distances = np.sqrt(np.take_along_axis(near, order, axis=1))

    def mean_distance(self, rows, k):
        """Mean distance of every row to its k nearest among some rows."""
        if len(rows) == len(self.squares):
            return self.distances[:, :k].mean(axis=1)
        squares = self.squares[:, rows]
        near = np.partition(squares, k - 1, axis=1)[:, :k]
        return np.sqrt(near).mean(axis=1)


def describe_structure(S, near, rng):
    """Describe local and global structure of the squashed picture."""
    m, d = S.shape
    k = min(_NEIGHBORS, near.distances.shape[1])
    nearest, tenth = near.distances[:, 0], near.distances[:, k - 1]
    squares = near.squares[:_FEW_ROWS]
    typical = np.sqrt(np.median(squares[squares < np.inf]))
    # Repeated rows are at no distance: that is bounded, not left out.
    floor = 1e-3 * (typical if typical > 0 else 1.0)
    log_tenth = np.log2(tenth + floor)
    around = tenth[near.indices[:, :k]].mean(axis=1)
    counts = np.bincount(near.indices[:, :k].ravel(), minlength=m)
    local = _local_dimension(near.distances, floor)
    dimension = np.clip(1 / local.mean(), 2.0**-4, 2.0**10)
    rows = rng.permutation(m)[:_SURROGATE_ROWS]
    own = _log_tenth(S[rows], floor)
    return {
        "id_twonn": _two_neighbours(near.distances),
        "id_mle": np.log2(dimension),
        "id_per_column": np.log2(dimension / d),
        "id_spread": np.log2(local).std(),
        "gain_permuted": _log_tenth(_permuted(S[rows], rng), floor) - own,
        "gain_copula": _log_tenth(_copula(S[rows], rng), floor) - own,
        "hubness": _skewness(counts),
        "antihubs": (counts == 0).mean(),
        "contrast": np.log2((typical + floor) / (np.median(nearest) + floor)),
        "density_spread": log_tenth.std(),
        "local_q99": np.percentile(log_tenth - np.log2(around + floor), 99),
        "hopkins": _hopkins(S, nearest, rng),
        "bimodality": _bimodality(S),
    }


def _local_dimension(distances, floor):
    """Mean of log(r_k / r_j), the inverse of the dimension, for every row."""
    logs = np.log(distances + floor)
    inverse = (logs[:, -1:] - logs[:, :-1]).mean(axis=1)
    return np.maximum(inverse, 1e-3)


def _two_neighbours(distances):
    first, second = distances[:, 0], distances[:, 1]
    apart = first > 0
    if not apart.any():
        return 0.0
    ratio = np.sort(second[apart] / first[apart])
    kept = ratio[: max(1, int(0.9 * len(ratio)))]  # as proposed: the tail is noise
    share = np.arange(1, len(kept) + 1) / (len(ratio) + 1)
    x, y = np.log(kept), -np.log1p(-share)
    square = (x * x).sum()
    slope = (x * y).sum() / square if square > 0 else np.inf
    return np.log2(np.clip(slope, 2.0**-4, 2.0**10))


def _log_tenth(S, floor):
    squares = squared_distances(S, S)
    np.fill_diagonal(squares, np.inf)
    k = min(_NEIGHBORS, len(S) - 1)
    tenth = np.partition(squares, k - 1, axis=1)[:, k - 1]
    return np.log2(np.sqrt(tenth) + floor).mean()


def _permuted(S, rng):
    return rng.permuted(S, axis=0)


def _copula(S, rng):
    """Draw as many rows with the same margins and the same normal correlations."""
    n, d = S.shape
    normal = ndtri((rankdata(S, axis=0) - 0.5) / n)
    values, vectors = np.linalg.eigh(correlation(normal))
    factor = vectors * np.sqrt(np.maximum(values, 0.0))
    order = np.argsort(rng.standard_normal((n, d)) @ factor.T, axis=0)
    drawn = np.empty_like(S)
    np.put_along_axis(drawn, order, np.sort(S, axis=0), axis=0)
    return drawn


def _skewness(values):
    centred = values - values.mean()
    variance = (centred**2).mean()
    return (centred**3).mean() / variance**1.5 if variance > 0 else 0.0


def _hopkins(S, nearest, rng):
    n_points = min(_FEW_ROWS, len(S))
    low, high = S.min(axis=0), S.max(axis=0)
    points = rng.uniform(low, high, size=(n_points, S.shape[1]))
    u = np.sqrt(squared_distances(points, S).min(axis=1)).mean()
    w = nearest[rng.permutation(len(S))[:n_points]].mean()
    return u / (u + w) if u + w > 0 else 0.5


def _bimodality(S):
    centred = S - S.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    scores = centred @ vectors[:, -3:]
    scores = scores - scores.mean(axis=0)
    variance = (scores**2).mean(axis=0)
    scores, variance = scores[:, variance > 0], variance[variance > 0]
    skewness = (scores**3).mean(axis=0) / variance**1.5
    kurtosis = (scores**4).mean(axis=0) / variance**2
    return ((skewness**2 + 1) / kurtosis).max() if variance.size else 0.0
