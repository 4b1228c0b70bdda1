"""From single results to the figures of the tables."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

METRICS = ("auroc", "ap", "f1")

# What autonomaly has to show: metric, peer (None: every peer), smallest difference;
# and smallest means of its own.
MARGINS = {
    "adbench": [("auroc", None, 0.025), ("ap", None, 0.0), ("f1", None, 0.0)],
    "ovr": [("auroc", None, 0.015), ("ap", None, 0.02), ("f1", None, 0.0)],
    "mvtec": [("auroc", "IsolationForest", 0.0)],
}
LEVELS = {"adbench": [("auroc", 0.785)]}


def judge(y, outcome):
    """Compare scores and labels with the truth.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or None
        1 = anomaly; without truth only the flagged share is known.
    outcome : Outcome
        A failed detector counts as knowing nothing: AUROC 0.5, average precision
        = share of anomalies, F1 0.

    Returns
    -------
    figures : dict
        ``true_share``, ``flagged_share``, ``auroc``, ``ap``, ``f1``.
    """
    failed = outcome.error is not None
    figures = {
        "true_share": None if y is None else float(np.mean(y)),
        "flagged_share": None if failed else float(np.mean(outcome.flagged)),
        "auroc": None,
        "ap": None,
        "f1": None,
    }
    if y is None:
        return figures
    if failed:
        figures.update(auroc=0.5, ap=figures["true_share"], f1=0.0)
        return figures
    # Only the order counts; ranks keep it for infinite scores too.
    scores = rankdata(outcome.scores)
    figures.update(
        auroc=float(roc_auc_score(y, scores)),
        ap=float(average_precision_score(y, scores)),
        f1=float(f1_score(y, outcome.flagged, zero_division=0)),
    )
    return figures


def summarise(records, detectors, *, by_group):
    """Average results per detector: over seeds, then sets, then groups if wanted.

    Parameters
    ----------
    records : list of dict
        Results with truth.
    detectors : list of str
        Rows of the table, in this order.
    by_group : bool
        Whether one figure per group (source) is averaged, as for "ovr", instead of
        one per set.

    Returns
    -------
    summary : dict
        ``rows``: one dict per detector; ``units``: what was averaged; ``groups``:
        the bootstrap group of each unit; ``values``: metric -> detector -> list of
        figures in the order of ``units``.
    """
    unit_of = {r["set"]: r["group"] if by_group else r["set"] for r in records}
    group_of = {unit_of[r["set"]]: r["group"] for r in records}
    units = sorted(group_of)
    fields = (*METRICS, "total_seconds", "peak_bytes")
    values = {f: {} for f in fields}
    for detector in detectors:
        per_set = {}
        for r in records:
            if r["detector"] == detector:
                row = {**r, "total_seconds": r["seconds"] + r["prepare_seconds"]}
                per_set.setdefault(r["set"], []).append([row[f] for f in fields])
        per_unit = {unit: [] for unit in units}
        for name, rows in per_set.items():
            per_unit[unit_of[name]].append(np.mean(rows, axis=0))
        averaged = np.array([np.mean(per_unit[u], axis=0) for u in units])
        for i, name in enumerate(fields):
            values[name][detector] = averaged[:, i].tolist()
    rows = []
    if units:
        auroc = np.array([values["auroc"][d] for d in detectors])
        # Differences beyond the sixth decimal are rounding, not victories.
        ranks = rankdata(-auroc.round(6), axis=0)
        best = auroc.round(6) == auroc.round(6).max(axis=0)
        for i, detector in enumerate(detectors):
            rows.append(
                {
                    "detector": detector,
                    **{m: float(np.mean(values[m][detector])) for m in METRICS},
                    "rank": float(ranks[i].mean()),
                    "wins": int(best[i].sum()),
                    "seconds": float(np.mean(values["total_seconds"][detector])),
                    "peak_bytes": float(np.mean(values["peak_bytes"][detector])),
                    "n_failed": sum(
                        r["detector"] == detector and r["error"] is not None
                        for r in records
                    ),
                }
            )
    return {
        "rows": rows,
        "units": units,
        "groups": [group_of[u] for u in units],
        "values": {m: values[m] for m in METRICS},
    }


def bootstrap_differences(summary, own, peers, *, n_resamples=10_000, seed=0):
    """Interval for the mean difference between one detector and each peer.

    Whole groups (families, sources) are drawn with replacement, each bringing all
    its units; the statistic is the mean over the units drawn.

    Parameters
    ----------
    summary : dict
        As `summarise` returns it.
    own : str
    peers : list of str
    n_resamples : int, default=10_000
    seed : int, default=0

    Returns
    -------
    differences : list of dict
        Per peer, metric -> ``mean``, ``low``, ``high`` (2.5 and 97.5 percentiles).

    References
    ----------
    B. Efron, R. Tibshirani, "Bootstrap Methods for Standard Errors, Confidence
    Intervals, and Other Measures of Statistical Accuracy", Statistical Science 1(1),
    1986. https://doi.org/10.1214/ss/1177013815
    """
    names, index = np.unique(summary["groups"], return_inverse=True)
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(names), size=(n_resamples, len(names)))
    counts = np.apply_along_axis(np.bincount, 1, draws, minlength=len(names))
    weights = counts[:, index].astype(float)
    weights /= weights.sum(axis=1, keepdims=True)
    differences = []
    for peer in peers:
        entry = {"peer": peer}
        for metric, values in summary["values"].items():
            d = np.subtract(values[own], values[peer])
            low, high = np.percentile(weights @ d, [2.5, 97.5])
            entry[metric] = {
                "mean": float(d.mean()),
                "low": float(low),
                "high": float(high),
            }
        differences.append(entry)
    return differences


def share_errors(records, detectors):
    """Mean error of the share of anomalies each detector believes in.

    For autonomaly that is ``contamination_``, for the peers the share they flag;
    a constant 10 % stands beside them.

    Parameters
    ----------
    records : list of dict
    detectors : list of str

    Returns
    -------
    errors : list of dict
        ``detector``, ``error``, ``mean_flagged``, ``mean_true``.
    """
    errors = []
    for detector in detectors:
        pairs = [
            (r["extra"].get("contamination", r["flagged_share"]), r["true_share"])
            for r in records
            if r["detector"] == detector and r["error"] is None
        ]
        if pairs:
            errors.append(_share_error(detector, pairs))
    truth = {(r["set"]): r["true_share"] for r in records}
    if truth:
        pairs = [(0.10, share) for share in truth.values()]
        errors.append(_share_error("constant 10 %", pairs))
    return errors


def _share_error(name, pairs):
    estimated, true = np.array(pairs).T
    return {
        "detector": name,
        "error": float(np.abs(estimated - true).mean()),
        "mean_flagged": float(estimated.mean()),
        "mean_true": float(true.mean()),
    }


def check_claims(task, summary, own):
    """Compare means with what is claimed in `MARGINS` and `LEVELS`.

    Parameters
    ----------
    task : str
    summary : dict
        As `summarise` returns it.
    own : str

    Returns
    -------
    claims : list of dict
        ``claim``, ``measured``, ``needed``, ``holds``; margins are taken to the
        strongest peer, and must be exceeded where the needed margin is 0 over
        every peer.
    """
    means = {row["detector"]: row for row in summary["rows"]}
    mine = means.pop(own, None)
    claims = []
    if mine is None or not means:
        return claims
    for metric, level in LEVELS.get(task, []):
        measured = mine[metric]
        claims.append(_claim(f"{metric} of {own}", measured, level, measured >= level))
    for metric, peer, margin in MARGINS.get(task, []):
        peers = list(means) if peer is None else [p for p in means if p == peer]
        if not peers:
            continue
        strongest = max(peers, key=lambda p: means[p][metric])
        measured = mine[metric] - means[strongest][metric]
        holds = measured > 0 if margin == 0 and peer is None else measured >= margin
        name = f"{metric} above {strongest}"
        claims.append(_claim(name, measured, margin, holds))
    return claims


def _claim(name, measured, needed, holds):
    return {"claim": name, "measured": measured, "needed": needed, "holds": bool(holds)}
