"""Scores of rows that an ensemble has not seen, where it has seen them all."""

import numpy as np
from sklearn.base import clone

from autonomaly._utils._quiet import quiet
from autonomaly.exceptions import NoDetectorLeftError

__all__ = ["FEWEST_HELD_OUT", "MAX_HELD_OUT", "cross_fitted"]

# Fewer held-out rows would give p-values too coarse to be of use, more no better ones.
FEWEST_HELD_OUT, MAX_HELD_OUT = 100, 10_000
# The fewer the rows, the less a part of them tells of the whole: (rows, folds).
_FOLDS = ((400, 5), (1000, 3), (np.inf, 2))


def cross_fitted(ensemble, X, rng, deadline):
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

    Returns
    -------
    ndarray of shape (n_scored,) or None
        Scores, high = abnormal, of the folds there was time for; None where no
        ensemble like this one could be fitted again in time.
    """
    n_folds = next(number for rows, number in _FOLDS if len(X) < rows)
    if len(X) < 2 * n_folds:
        # Too few rows to leave any out: the smallest p-value is large anyway.
        return ensemble._abnormality(X)
    fold = rng.permutation(np.arange(len(X)) % n_folds)
    scores = []
    for k in range(n_folds):
        if k > 0 and deadline.expired:
            break
        seconds = deadline.remaining
        if k == 0 and deadline.seconds is not None:
            # What served within half of this will serve again.
            seconds = max(deadline.seconds, 1.0)
        part = _like(ensemble, seconds, int(rng.randint(2**31 - 1)))
        try:
            rows = part._validate_fit(X[fold != k])
            part._fit(rows, score_all=False, structure=ensemble.structure_)
        except NoDetectorLeftError:
            if deadline.expired:
                break
            return ensemble._abnormality(
                X
            )  # too few rows in a fold, as with few at all
        if part.undone_:
            break  # another ensemble: its scores would say nothing of ours
        scores.append(part._abnormality(X[fold == k]))
    return np.concatenate(scores) if scores else None


def _like(ensemble, seconds, seed):
    """Return an unfitted ensemble of the members that serve in this one."""
    names = [name for name, _ in ensemble.estimators]
    served = [i for i, name in enumerate(names) if name not in ensemble.rejected_]
    depths = ensemble._committee.depths_in_time
    weights = ensemble._weights[served][:, np.isin(ensemble._depths, depths)]
    if not weights.any():  # the depths that count were not reached
        weights = ensemble._weights[served].sum(axis=1)
    with quiet():  # see split_member
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
