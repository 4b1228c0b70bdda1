"""Scores of rows that an ensemble has not seen, where it has seen them all."""

import numpy as np
from joblib import delayed
from sklearn.base import clone

from autonomaly._utils._quiet import quiet_if
from autonomaly.exceptions import NoDetectorLeftError
from autonomaly.resources import Deadline, parallel_threads, run_here

__all__ = ["FEWEST_HELD_OUT", "MAX_HELD_OUT", "cross_fitted"]

# Fewer held-out rows would give p-values too coarse to be of use, more no better ones.
FEWEST_HELD_OUT, MAX_HELD_OUT = 100, 10_000


def cross_fitted(ensemble, X, rng, deadline, on_step):
    """Score rows, each with an ensemble like this one fitted on the other folds.

    Parameters
    ----------
    ensemble : VotingOutlierEnsemble
        Its members are fitted.
    X : ndarray of shape (n_samples, n_features)
        The rows it was fitted on.
    rng : RandomState
        Makes the folds.
    deadline : Deadline
        When to stop; one fold is scored in any case.
    on_step : callable
        Told name, number and total of the folds as they begin.

    Returns
    -------
    rows : ndarray of int of shape (n_scored,) or None
        The rows of the folds there was time for.
    scores : ndarray of shape (n_scored,) or None
        Their scores, high = abnormal; None where no ensemble like this one could be
        fitted again in time.
    """
    n_folds = _count_folds(*X.shape)
    if len(X) < 2 * n_folds:
        # Too few rows to leave any out: the smallest p-value is large anyway.
        return np.arange(len(X)), ensemble._abnormality(X)
    fold = rng.permutation(np.arange(len(X)) % n_folds)

    def folds():
        for k in range(n_folds):
            if k > 0 and deadline.expired:
                return
            seconds = deadline.remaining
            if k == 0 and deadline.seconds is not None:
                # What served within half of this will serve again.
                seconds = max(deadline.seconds, 1.0)
            on_step("calibrating", k + 1, n_folds)
            part = _like(ensemble, seconds, int(rng.randint(2**31 - 1)))
            yield delayed(_fold_scores)(part, X, fold == k, ensemble.structure_)

    # Folds are drawn as workers become free: each sees the time left by then. Foreign
    # code may draw from the global random numbers, which threads would share. Folds of
    # small tables hold Python's lock: two threads take longer than one, so nobody gets
    # them unasked.
    parallel = parallel_threads(
        1 if ensemble._has_foreign_members() else ensemble.n_jobs,
        n_tasks=n_folds,
        automatic=False,
        pre_dispatch="n_jobs",
        batch_size=1,
    )
    scores = []
    for outcome, of_fold in parallel(folds()):
        if outcome == "too few rows":  # in a fold, as with few at all
            return np.arange(len(X)), ensemble._abnormality(X)
        if outcome == "late":
            break
        scores.append(of_fold)
    if not scores:
        return None, None
    rows = [np.flatnonzero(fold == k) for k in range(len(scores))]
    return np.concatenate(rows), np.concatenate(scores)


def _count_folds(n_samples, n_features):
    """Tell how many folds it takes until a part of the rows is as good as all of them.

    The fewer rows there are for every column, the odder a row is to detectors that have
    not seen it, and the more so the fewer they have seen.
    """
    if n_features < n_samples < min(400, 10 * n_features):
        return 10
    return 5 if n_samples < max(400, 30 * n_features) else 3


def _fold_scores(part, X, held_out, structure):
    """Score a fold with an ensemble fitted on the others, or say why not."""
    deadline = Deadline(part.time_budget)
    with run_here():
        try:
            part._fit(part._validate_fit(X[~held_out]), False, structure)
        except NoDetectorLeftError:
            return "late" if deadline.expired else "too few rows", None
        if part.undone_:
            return "late", None  # another ensemble: its scores say nothing of ours
        return "scored", part._abnormality(X[held_out])


def _like(ensemble, seconds, seed):
    """Return an unfitted ensemble of the members that serve in this one."""
    names = [name for name, _ in ensemble.estimators]
    served = [i for i, name in enumerate(names) if name not in ensemble.rejected_]
    depths = ensemble._committee.depths_in_time
    weights = ensemble._weights[served][:, np.isin(ensemble._depths, depths)]
    if not weights.any():  # the depths that count were not reached
        weights = ensemble._weights[served].sum(axis=1)
    with quiet_if(ensemble._has_foreign_members()):  # see split_members
        return clone(ensemble).set_params(
            estimators=[ensemble.estimators[i] for i in served],
            weights=weights,
            trimming=depths or (0.0,),
            calibrate=False,
            contamination=0.1,
            max_false_discovery_rate=None,
            time_budget=None if np.isinf(seconds) else max(seconds, 1e-9),
            random_state=seed,
        )
