"""Meta-features from the scores of a few fast detectors."""

from itertools import combinations

import numpy as np
from scipy.stats import rankdata

from autonomaly._utils._correlation import rank_correlation
from autonomaly.detectors import (
    DependencyDetector,
    ForestDetector,
    HistogramDetector,
    MahalanobisDetector,
)
from autonomaly.selection._metafeature_table import LANDMARKS, TRIMMED_LANDMARKS

_NEIGHBORS = 5
_TREES = 12  # in each half
_TREE_ROWS = 128
_TRIMMED = 0.3
_SUSPICIOUS = 0.05
_TOP = 0.02


class _Scorer:
    """Abnormality of every row by a landmark that learns from some of the rows.

    Parameters
    ----------
    R, S : ndarray of shape (m, d)
        The robust and the squashed picture.
    near : Neighborhood
        Nearest neighbours on the squashed picture.
    seed : int
        Seed of the forest.
    """

    def __init__(self, R, S, near, seed):
        self.near = near
        self.models = {
            "histogram": (HistogramDetector(), S),
            "mahalanobis": (MahalanobisDetector(), R),
            "dependency": (DependencyDetector(n_knots=2), S),
            "forest": (
                ForestDetector(
                    n_estimators=_TREES, max_samples=_TREE_ROWS, random_state=seed
                ),
                R,
            ),
        }

    def __call__(self, name, rows):
        if name == "knn":
            return self.near.mean_distance(rows, min(_NEIGHBORS, len(rows) - 1))
        detector, Z = self.models[name]
        return -detector.fit(Z[rows]).score_samples(Z)


def describe_landmarks(R, S, near, rng):
    """Describe agreement, stability and tails of the landmarks' scores.

    Parameters
    ----------
    R, S : ndarray of shape (m, d)
        The robust and the squashed picture.
    near : Neighborhood
        Nearest neighbours on the squashed picture.
    rng : Generator
        Draws the halves.

    Returns
    -------
    features : dict of str to float
        The meta-features of the group, and ``"spline_r2"``: how well columns are
        predicted from the others.
    """
    m = len(S)
    order = rng.permutation(m)
    halves = np.sort(order[: m // 2]), np.sort(order[m // 2 :])
    everything = np.arange(m)
    scorer = _Scorer(R, S, near, int(rng.integers(2**31 - 1)))
    out, scores = {}, {}
    for name in LANDMARKS:
        parts = [scorer(name, half) for half in halves]
        out[f"stable_{name}"] = _rho(*parts)
        # A forest draws rows anyway: both halves together are the whole.
        whole = sum(parts) if name == "forest" else scorer(name, everything)
        scores[name] = whole
        if name == "dependency":
            out["spline_r2"] = scorer.models[name][0].r2_.mean()
    ranks = {name: rankdata(values) for name, values in scores.items()}
    overlaps = []
    n_top = max(3, int(_TOP * m))
    for a, b in combinations(LANDMARKS, 2):
        out[f"agree_{a}_{b}"] = _rho(scores[a], scores[b])
        both = (ranks[a] > m - n_top) & (ranks[b] > m - n_top)
        overlaps.append(both.sum() / n_top)
    out["top_overlap"] = np.mean(overlaps)
    for name, values in scores.items():
        out[f"tail_{name}"] = _tail(values)
    out["kurtosis_mean"] = np.mean([_log_kurtosis(v) for v in scores.values()])

    # Far out for most: a crowd of anomalies is perfectly ordinary for some.
    suspicion = np.median(list(ranks.values()), axis=0)
    ordered = np.argsort(suspicion, kind="stable")
    kept = np.sort(ordered[: m - int(_TRIMMED * m)])
    for name in TRIMMED_LANDMARKS:
        out[f"trim_{name}"] = 1 - _rho(scores[name], scorer(name, kept))
    suspects = np.zeros(m, dtype=bool)
    suspects[ordered[m - max(3, int(_SUSPICIOUS * m)) :]] = True
    out["top_clustered"] = suspects[near.indices[suspects, :_NEIGHBORS]].mean()
    return out


def _rho(first, second):
    return float(rank_correlation(np.column_stack([first, second]))[0, 1])


def _tail(scores):
    p50, p90, p99 = np.percentile(scores, [50, 90, 99])
    if not p99 > p50:
        return 0.0
    return np.log2((p99 - p50) / max(p90 - p50, 1e-3 * (p99 - p50)))


def _log_kurtosis(scores):
    centred = scores - np.median(scores)
    largest = np.abs(centred).max()
    if not largest > 0:
        return 0.0
    centred = centred / largest  # fourth powers stay within range
    centred -= centred.mean()
    variance = (centred**2).mean()
    return np.log2((centred**4).mean() / variance**2) if variance > 0 else 0.0
