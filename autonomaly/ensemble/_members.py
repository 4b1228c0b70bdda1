"""Unfitted members, and the views that they share."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import delayed
from joblib import hash as joblib_hash
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from autonomaly._utils._floats import FLOAT_ERRORS
from autonomaly._utils._quiet import quiet_if
from autonomaly._utils._seeds import set_missing_seeds
from autonomaly.detectors import BaseDetector, DetectorAdapter
from autonomaly.ensemble._known_values import KnownValues

__all__ = ["Member", "SharedViews", "is_foreign", "is_ours", "split_members"]

# Our detectors have a seed to begin with: nobody has chosen it.
_NO_SEED = (None, 0)


@dataclass
class Member:
    """An unfitted member: a detector on a view.

    Attributes
    ----------
    name : str
        Its name in the ensemble.
    view : tuple of transformers
        The steps before the detector.
    view_key : str
        Equal for members that see the same picture of the rows.
    detector : BaseDetector
        The detector.
    """

    name: str
    view: tuple[Any, ...]
    view_key: str
    detector: BaseDetector

    @property
    def shared_key(self):
        """Equal for members that share a computation on their view."""
        return self.view_key, self.detector._shared().key


def split_members(estimators, seed, rejected):
    """Split named estimators into the steps of their views and their detectors.

    Parameters
    ----------
    estimators : list of (str, estimator) tuples
        Outlier detectors, or Pipelines that end in one.
    seed : int
        For every ``random_state`` of a detector that is None or 0. The next detector
        of its class gets the next one, lest they be copies of each other.
    rejected : dict of str to str
        Reasons, by name; those are added that cannot be cloned.

    Returns
    -------
    list of Member
        With cloned, unfitted parts.
    """
    members, of_a_class = [], Counter()
    for name, estimator in estimators:
        *view, detector = _steps(estimator)
        number = of_a_class[type(detector)]
        of_a_class[type(detector)] += 1
        try:
            # PyOD's get_params changes the filters.
            with quiet_if(not is_ours(estimator)):
                members.append(_member(name, view, detector, seed + number))
        except TypeError as error:
            rejected[name] = f"{type(error).__name__}: {error}"
    return members


def _steps(estimator):
    if isinstance(estimator, Pipeline):
        return [s for _, s in estimator.steps if s is not None and s != "passthrough"]
    return [estimator]


def is_foreign(member):
    """Tell whether a member's detector comes from elsewhere, and may hang or fail."""
    return isinstance(member.detector, DetectorAdapter)


def is_ours(estimator):
    """Tell whether a member, unfitted, is code of this package only.

    Parameters
    ----------
    estimator : estimator or Pipeline
        The member.

    Returns
    -------
    bool
        False if a step of it, or the detector in an adapter, comes from elsewhere.
    """
    steps = _steps(estimator)
    return _is_ours(steps) and not any(isinstance(s, DetectorAdapter) for s in steps)


def _member(name, view, detector, seed):
    detector = clone(detector, safe=False)
    if not isinstance(detector, BaseDetector):
        detector = DetectorAdapter(estimator=detector)
    set_missing_seeds(detector, seed, _NO_SEED)
    view = tuple(clone(step, safe=False) for step in view)
    try:
        key = joblib_hash([(type(step), step.get_params()) for step in view])
    except Exception:  # what cannot be pickled is shared with nobody
        key = f"view of {name}"
    return Member(name, view, key, detector)


class SharedViews:
    """The views of the members and what is computed on them once for all.

    Parameters
    ----------
    members : list of Member
        The members.
    """

    def __init__(self, members):
        self.steps = {}
        self.shared = {}
        # Foreign code is not waited for; should time run out, ours has had its turn.
        for member in sorted(members, key=is_foreign):
            self.steps.setdefault(member.view_key, member.view)
            shared = member.detector._shared()
            known = self.shared.get(member.shared_key)
            self.shared[member.shared_key] = (
                shared if known is None else (known.widen(shared))
            )

    @np.errstate(**FLOAT_ERRORS)
    def fit(self, X, deadline, parallel):
        """Fit views and shared computations; return the query of the reference.

        What the deadline leaves no time for is left out, all but the first.
        ``parallel`` runs the computations, in threads.
        """
        looks, self.widths, self.failed = {}, {}, {}
        self._known = KnownValues(X)
        for view_key, steps in list(self.steps.items()):
            if looks and deadline.expired:
                break
            try:
                Z = _look(X, steps, "fit_transform")
                if (
                    Z.ndim != 2
                    or len(Z) != len(X)
                    or not (Z.size and np.isfinite(Z).all())
                ):
                    raise ValueError("its view gives no finite numbers for every row")
            except Exception as error:  # foreign steps may raise anything
                if _is_ours(steps):
                    raise
                self.failed[view_key] = f"{type(error).__name__}: {error}"
                continue
            self.widths[view_key], looks[view_key] = Z.shape[1], Z

        def calls():  # drawn as threads become free
            keys = [key for key in self.shared if key[0] in looks]
            for number, key in enumerate(keys):
                if number and deadline.expired:
                    return
                yield delayed(_fit_shared)(key, self.shared[key], looks[key[0]])

        query = dict(parallel(calls()))
        self.forget(query)
        return query

    @np.errstate(**FLOAT_ERRORS)
    def query(self, X, costs):
        """Evaluate views and shared computations on a batch of rows."""
        query, X = {}, self._known.restore(X)
        for view_key, steps in self.steps.items():
            with costs.measured(view_key, len(X)):
                Z = _look(X, steps, "transform")
            for key, shared in self.shared.items():
                if key[0] == view_key:
                    with costs.measured(key, len(X)):
                        query[key] = shared.query(Z)
        return query

    def forget(self, keys):
        """Leave out all shared computations but those named, and their views."""
        self.shared = {k: v for k, v in self.shared.items() if k in keys}
        used = {view_key for view_key, _ in self.shared}
        self.steps = {k: v for k, v in self.steps.items() if k in used}

    def restrict(self, keep, keys):
        """Return the trusted part of the shared computations named."""
        return {key: self.shared[key].restrict(keep) for key in keys}


@np.errstate(**FLOAT_ERRORS)  # which threads do not inherit
def _fit_shared(key, shared, Z):
    shared.fit(Z)
    return key, shared.query(Z)


def _is_ours(steps):
    return all(type(s).__module__.startswith("autonomaly.") for s in steps)


def _look(X, steps, method):
    """Take rows through the steps of a view."""
    if not _is_ours(steps):
        X = X.copy()  # foreign steps may work in place
    # What the user wants to be put out is not what goes from step to step.
    with config_context(transform_output="default"):
        for step in steps:
            X = getattr(step, method)(X)
    return np.ascontiguousarray(X, dtype=np.float64)
