"""The rows of the benchmark: autonomaly and its peers behind one call."""

from __future__ import annotations

import functools
import time
import traceback
import warnings
from dataclasses import dataclass, field

import numpy as np
from _common import PeakMemory
from scipy.stats import rankdata

AUTONOMALY = "autonomaly"
RANK_AVERAGE = "rank average"
AD_ENGINE = "ADEngine"
FLAGGED_SHARE = 0.10  # of the rank average; PyOD's own default


@dataclass(frozen=True)
class Outcome:
    """What one detector said about one table.

    Attributes
    ----------
    scores : ndarray of shape (n_samples,) or None
        High = abnormal; None when the detector failed.
    flagged : ndarray of bool of shape (n_samples,) or None
        The labels it really outputs.
    seconds : float
        Wall time of the one fit that yields labels (and, for PyOD, scores).
    peak_bytes : int
        Peak resident memory beyond what was resident before the fit.
    error : str or None
        Why it failed.
    extra : dict
        Further figures, such as autonomaly's estimated share.
    """

    scores: np.ndarray | None
    flagged: np.ndarray | None
    seconds: float
    peak_bytes: int
    error: str | None = None
    extra: dict = field(default_factory=dict)


def _autonomaly(X, seed):
    from autonomaly import AutonomousDetector

    detector = AutonomousDetector(random_state=seed)
    labels = detector.fit_predict(X)

    def read():
        share = float(detector.contamination_)
        return -detector.score_samples(X), labels == -1, {"contamination": share}

    return read


def _isolation_forest(X, seed):
    from sklearn.ensemble import IsolationForest

    detector = IsolationForest(random_state=seed)
    labels = detector.fit_predict(X)
    return lambda: (-detector.score_samples(X), labels == -1, {})


def _local_outlier_factor(X, seed):
    from sklearn.neighbors import LocalOutlierFactor

    detector = LocalOutlierFactor()
    labels = detector.fit_predict(X)
    return lambda: (-detector.negative_outlier_factor_, labels == -1, {})


def _pyod(module, name, *, seeded):
    def run(X, seed):
        package = __import__(f"pyod.models.{module}", fromlist=[name])
        parameters = {"random_state": seed} if seeded else {}
        detector = getattr(package, name)(**parameters).fit(X)
        return lambda: (detector.decision_scores_, detector.labels_ == 1, {})

    return run


def _ad_engine(X, seed):
    from pyod.utils.ad_engine import ADEngine

    state = ADEngine(random_state=seed).investigate(X)

    def read():
        if state.consensus is None:
            raise RuntimeError(state.next_action["reason"])
        members = {r["detector_name"]: r["error"] or "ok" for r in state.results}
        consensus = state.consensus
        return consensus["scores"], consensus["labels"] == 1, {"members": members}

    return read


# name -> (function(X, seed) that fits and returns a reader, depends on the seed)
_FITS = {
    AUTONOMALY: (_autonomaly, True),
    "IsolationForest": (_isolation_forest, True),
    "LocalOutlierFactor": (_local_outlier_factor, False),
    "KNN": (_pyod("knn", "KNN", seeded=False), False),
    "ECOD": (_pyod("ecod", "ECOD", seeded=False), False),
    "COPOD": (_pyod("copod", "COPOD", seeded=False), False),
    "HBOS": (_pyod("hbos", "HBOS", seeded=False), False),
    "INNE": (_pyod("inne", "INNE", seeded=True), True),
    "MCD": (_pyod("mcd", "MCD", seeded=True), True),
    "CBLOF": (_pyod("cblof", "CBLOF", seeded=True), True),
    "OCSVM": (_pyod("ocsvm", "OCSVM", seeded=False), False),
    # Exact decomposition by default: the seed only matters to PCA's other solvers.
    "PCA": (_pyod("pca", "PCA", seeded=True), False),
    "LUNAR": (_pyod("lunar", "LUNAR", seeded=True), True),
    AD_ENGINE: (_ad_engine, True),
}

ON_REQUEST = ("LUNAR",)
# What the rank average averages: the single detectors among the peers.
SINGLE_PEERS = tuple(n for n in _FITS if n not in (AUTONOMALY, AD_ENGINE))
PEERS = (
    *(name for name in SINGLE_PEERS if name not in ON_REQUEST),
    RANK_AVERAGE,
    AD_ENGINE,
)
DETECTORS = (AUTONOMALY, *PEERS, *ON_REQUEST)


def resolve_detectors(names):
    """Turn the names of the command line into rows, in the order of `DETECTORS`.

    Parameters
    ----------
    names : list of str or None
        Names, case-insensitive; "peers" stands for all peers but those on request,
        "all" (as None) for autonomaly and them.

    Returns
    -------
    detectors : list of str

    Raises
    ------
    ValueError
        For a name nobody has.
    """
    known = {name.lower(): name for name in DETECTORS}
    wanted = set()
    for name in names or ["all"]:
        if name.lower() == "all":
            wanted.update((AUTONOMALY, *PEERS))
        elif name.lower() == "peers":
            wanted.update(PEERS)
        elif name.lower() in known:
            wanted.add(known[name.lower()])
        else:
            raise ValueError(
                f"Unknown detector {name!r}. Known are: all, peers, "
                f"{', '.join(DETECTORS)}."
            )
    return [name for name in DETECTORS if name in wanted]


def depends_on_seed(name, detectors):
    """Whether a detector must be run once per seed.

    Parameters
    ----------
    name : str
    detectors : list of str
        All rows of the run: the rank average varies as its members do.
    """
    if name == RANK_AVERAGE:
        return any(_FITS[m][1] for m in detectors if m in SINGLE_PEERS)
    return _FITS[name][1]


def run_detector(name, X, seed):
    """Fit one detector, measure it, and read its scores and labels.

    Whatever it raises, any NaN in its scores, or no finite score at all, is a
    failure that is recorded, not raised: this is foreign code on hostile data.

    Parameters
    ----------
    name : str
        A name of `DETECTORS` but the rank average.
    X : array or DataFrame
    seed : int

    Returns
    -------
    outcome : Outcome
    """
    fit = _FITS[name][0]
    memory, error, scores, flagged, extra = PeakMemory(), None, None, None, {}
    # Seeds the global generator some of PyOD's models fall back to.
    np.random.seed(seed)  # noqa: NPY002
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        with memory:
            start = time.perf_counter()
            try:
                read = fit(X, seed)
            except Exception as exception:
                error = _reason(exception)
            seconds = time.perf_counter() - start
        if error is None:
            try:
                scores, flagged, extra = read()
                scores = np.asarray(scores, dtype=float).ravel()
                flagged = np.asarray(flagged, dtype=bool).ravel()
            except Exception as exception:
                error = _reason(exception)
    if error is None and np.isnan(scores).any():
        error = f"{int(np.isnan(scores).sum())} of {len(scores)} scores are NaN"
    elif error is None and not np.isfinite(scores).any():
        error = "no score is finite"
    if error is not None:
        scores = flagged = None
    return Outcome(scores, flagged, seconds, memory.bytes_, error, extra)


def rank_average(outcomes):
    """Average the ranks of several detectors; the top 10 % are flagged.

    Parameters
    ----------
    outcomes : dict of str to Outcome
        Failed ones are left out and named in ``extra["left_out"]``.

    Returns
    -------
    outcome : Outcome
        Its seconds are the sum, its memory the largest of the members'.
    """
    used = {name: o for name, o in outcomes.items() if o.error is None}
    seconds = sum(o.seconds for o in outcomes.values())
    peak = max((o.peak_bytes for o in outcomes.values()), default=0)
    extra = {"left_out": sorted(set(outcomes) - set(used))}
    if not used:
        return Outcome(None, None, seconds, peak, "no member is left", extra)
    scores = np.mean([rankdata(o.scores) for o in used.values()], axis=0)
    flagged = scores > np.percentile(scores, 100 * (1 - FLAGGED_SHARE))
    return Outcome(scores, flagged, seconds, peak, None, extra)


@functools.cache
def warm_up(detectors):
    """Run each detector once on a small table, once per process.

    PyOD compiles some models with numba at their first fit (seconds), and imports
    take time and memory: neither belongs to a fit.

    Parameters
    ----------
    detectors : tuple of str

    Raises
    ------
    ImportError
        If a detector that was asked for is not installed.
    """
    import pandas as pd

    X = np.random.RandomState(0).standard_normal((120, 4))
    frame = pd.DataFrame(X, columns=list("abcd")).assign(e=["x", "y", "z"] * 40)
    for name in detectors:
        if name == RANK_AVERAGE:
            continue
        tables = [X, frame] if name == AUTONOMALY else [X]
        for table in tables:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    _FITS[name][0](table, 0)()
            except ImportError as exception:
                raise ImportError(
                    f"{name} cannot be imported ({exception}). Install it, or leave "
                    "it out with --detectors."
                ) from exception
            except Exception:
                # Nothing is measured here; a detector that fails on real data is
                # recorded there.
                continue


def _reason(exception):
    last = traceback.extract_tb(exception.__traceback__)[-1]
    return f"{type(exception).__name__}: {exception} ({last.name})"[:300]
