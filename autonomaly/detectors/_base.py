"""The frame of our detectors, and what lets an ensemble share their work.

Inside this room *abnormality* is high for odd rows; the public methods turn it round
once: low ``score_samples`` = abnormal.

A detector does its work on the *answer* of a shared computation to a batch of rows
(the rows themselves, their nearest neighbours, their spline basis):

``shared.fit(Z)``
    learns from the reference rows, once for all detectors on a view;
``shared.query(Z)``
    what does not depend on which reference rows are trusted, once per batch;
``shared.restrict(keep)``
    a part that trusts only ``Z[keep]``, once per trimming level;
``part.answer(query)``
    what the detectors of that level see.
"""

from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from autonomaly._utils._constraints import CONTAMINATION
from autonomaly._utils._floats import FLOAT_ERRORS
from autonomaly._utils._restore import all_or_nothing
from autonomaly._utils._threshold_mixin import ThresholdMixin
from autonomaly._utils._typing import FloatArray, keeps_signature
from autonomaly.exceptions import DetectorRejected

__all__ = ["BaseDetector", "SharedRows"]

# Larger scores are no larger than this: sums and differences of scores stay finite.
_FARTHEST = 1e200
_LARGEST = 1e150


class SharedRows:
    """The trivial shared computation: the answer to a batch is the batch."""

    key = "rows"

    def widen(self, other):
        """Return a computation that serves two detectors."""
        return self

    def fit(self, Z):
        """Learn nothing."""
        return self

    def query(self, Z):
        """Return the batch."""
        return Z

    def restrict(self, keep):
        """Return the part that trusts the rows of a mask."""
        return self

    def answer(self, query):
        """Return the batch."""
        return query


class BaseDetector(ThresholdMixin, BaseEstimator):
    """Abstract base class of the detectors of this package: derive from it.

    Subclasses implement ``_fit(answer, keep)``, which learns from the rows of the
    answer that the mask ``keep`` marks, and ``_abnormality(answer)``, high for odd
    rows. Those whose work can be shared also override ``_shared()``.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import BaseDetector
    >>> class FarFromMedian(BaseDetector):
    ...     def __init__(self, *, contamination="auto"):
    ...         self.contamination = contamination
    ...
    ...     def _fit(self, answer, keep):
    ...         self.center_ = np.median(answer[keep], axis=0)
    ...
    ...     def _abnormality(self, answer):
    ...         return np.abs(answer - self.center_).max(axis=1)
    >>> FarFromMedian().fit([[0.0], [1.0], [9.0]]).predict([[1.0], [50.0]])
    array([ 1, -1])
    """

    # Robust detectors gain nothing from a trimmed reference and are fitted once.
    _robust = False

    _parameter_constraints = {"contamination": CONTAMINATION}

    @keeps_signature(all_or_nothing)
    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn what is normal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted detector.

        Raises
        ------
        DetectorRejected
            If the detector cannot serve data of this shape.
        """
        self._validate_params()
        Z = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        if np.abs(Z).max() > _LARGEST:
            raise DetectorRejected(
                f"{self._title()} cannot square values beyond {_LARGEST:g}; scale the "
                f"columns first, for example with autonomaly.preprocessing.RobustView"
            )
        shared = self._shared()
        keep = np.ones(len(Z), dtype=bool)
        # Scores that are not finite all the same are a rejection.
        with self._guard():
            part = shared.fit(Z).restrict(keep)
            answer = part.answer(shared.query(Z))
            self._fit(answer, keep)
            self._attach(shared, part)
            self._set_offset(self._abnormality(answer))
        return self

    def score_samples(self, X: npt.ArrayLike) -> FloatArray:
        """Score rows; the lower, the more abnormal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores, low = abnormal.
        """
        check_is_fitted(self)
        Z = validate_data(self, X, dtype=np.float64, reset=False)
        with self._guard():
            return -self._bounded(self._part.answer(self._source.query(Z)))

    def _guard(self):
        """Return the context of fitting and scoring."""
        return np.errstate(**FLOAT_ERRORS)

    def _shared(self):
        return SharedRows()

    def _bounded(self, answer):
        """Give abnormalities that are finite whatever the rows hold."""
        abnormality = self._abnormality(answer)
        # What is too far out for the arithmetic is as abnormal as can be.
        abnormality = np.where(np.isnan(abnormality), _FARTHEST, abnormality)
        return np.clip(abnormality, -_FARTHEST, _FARTHEST)

    def _attach(self, shared, part):
        """Keep what scoring needs; an ensemble hands one object to many members."""
        self._source = shared
        self._part = part

    def _title(self):
        return type(self).__name__

    def _set_offset(self, abnormality):
        if not np.isfinite(abnormality).all():
            raise DetectorRejected(
                f"{self._title()} returns scores that are not finite on this data"
            )
        share = 0.1 if self.contamination == "auto" else self.contamination
        self.offset_ = np.percentile(-abnormality, 100.0 * share)
