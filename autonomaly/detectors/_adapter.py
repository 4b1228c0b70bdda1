"""Any outlier detector, scikit-learn's or PyOD's, behind the house's contract."""

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from autonomaly._utils._quiet import quiet
from autonomaly._utils._typing import Contamination
from autonomaly.detectors._base import _FARTHEST, BaseDetector
from autonomaly.exceptions import DetectorRejected

__all__ = ["DetectorAdapter"]

# These PyOD detectors rank or compare rows within the batch they score, or draw new
# random numbers for it: the same row would get another score in other company.
_BATCH_DEPENDENT = {
    "CD": "it fits a regression to the batch",
    "COF": "it compares the rows of a batch with each other",
    "COPOD": "it ranks rows within the batch; the detector 'tails' does the same "
    "against the training rows",
    "DIF": "its scores are normalised within the batch",
    "ECOD": "it ranks rows within the batch; the detector 'tails' does the same "
    "against the training rows",
    "LMDD": "it compares the rows of a batch with each other",
    "ROD": "it scales its scores within the batch",
    "SOD": "it compares the rows of a batch with each other",
    "SOS": "it compares the rows of a batch with each other",
    "VAE": "it draws random numbers while scoring",
}
# So many rows are scored together and alone, whosever the detector is. Most scores may
# differ by rounding, that of single precision too, and by this share of their range.
_COMPARED_ROWS, _ROUNDING, _SHARE_OF_RANGE = 5, 1e-5, 1e-3
_BETWEEN = 0.382

# These compare a row with its neighbours, and take a training row that is scored later
# for a neighbour of its own; they hold the scores it gets without that as an attribute.
_LEAVE_ONE_OUT = {
    ("pyod", "KNN"): "decision_scores_",
    ("pyod", "LOF"): "decision_scores_",
    ("sklearn", "LocalOutlierFactor"): "negative_outlier_factor_",
}


class DetectorAdapter(BaseDetector):
    """An outlier detector of scikit-learn's or PyOD's kind as a detector of ours.

    Scores are turned the right way round (PyOD's are high for outliers), warnings of
    the detector do not reach the user, and a detector that cannot give one finite
    score per row is rejected with its reason, as is one whose score of a row depends
    on the rows beside it. Training rows keep the scores of ``fit``
    with scikit-learn's LocalOutlierFactor and PyOD's KNN and LOF: these would later
    count a row among its own neighbours.

    Parameters
    ----------
    estimator : object
        Has ``fit(X)`` and ``score_samples(X)`` or ``decision_function(X)``. Low scores
        are abnormal, but for PyOD's detectors.
    contamination : "auto" or float in (0, 0.5], default="auto"
        Share of training rows below the threshold; ``"auto"`` is 0.1.

    Attributes
    ----------
    estimator_ : object
        The fitted detector.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has names that are strings.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.svm import OneClassSVM
    >>> from autonomaly.detectors import DetectorAdapter
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> X[0] = [6.0, -6.0]
    >>> DetectorAdapter(estimator=OneClassSVM()).fit(X).score_samples(X).argmin()
    np.int64(0)
    """

    _parameter_constraints = {
        **BaseDetector._parameter_constraints,
        "estimator": [object],
    }

    def __init__(
        self, *, estimator: Any, contamination: Contamination = "auto"
    ) -> None:
        self.estimator = estimator
        self.contamination = contamination

    def _guard(self):
        return quiet()

    def _fit(self, answer, keep):
        ancestors = _ancestors(self.estimator)
        self._is_pyod = is_pyod(self.estimator)
        for package, kind in ancestors:
            if package == "pyod" and kind in _BATCH_DEPENDENT:
                raise DetectorRejected(
                    f"the score of a row from PyOD's {kind} depends on the other rows "
                    f"of the batch: {_BATCH_DEPENDENT[kind]}"
                )
        if not has_scores(self.estimator):
            raise DetectorRejected(
                f"{self._title()} has neither score_samples nor decision_function for "
                f"new rows"
            )
        self.estimator_ = clone(self.estimator, safe=False)
        self.estimator_.fit(answer[keep])
        self._training_scores = {}
        # Whoever passes once is not asked again on trimmed rows.
        self._is_checked = not keep.all()
        for name in filter(None, map(_LEAVE_ONE_OUT.get, ancestors)):
            scores = getattr(_last_step(self.estimator_), name)
            scores = np.asarray(scores, dtype=np.float64)
            # Of equal rows the first one speaks for all.
            pairs = zip(_row_keys(answer[keep])[::-1], scores[::-1], strict=True)
            self._training_scores = dict(pairs)

    def _check_batch_independence(self, rows):
        """Reject a detector whose score of a row depends on the rows beside it."""
        few = np.linspace(0, len(rows) - 1, _COMPARED_ROWS).astype(int)
        # Between training rows: at their very values scores may jump, for histograms
        # end there, and rounding depends on the batch.
        few = rows[few] + _BETWEEN * (rows[np.roll(few, 1)] - rows[few])
        together = self._raw_scores(few)
        alone = np.concatenate([self._raw_scores(row[np.newaxis]) for row in few])
        # Twice minus infinity, where a density ends, is no difference.
        apart = np.where(together == alone, 0, np.abs(together - alone))
        typical = np.median(np.nan_to_num(apart, nan=np.inf))
        finite = together[np.isfinite(together)]
        finite = finite if len(finite) else np.zeros(1)
        slack = _ROUNDING * np.abs(finite).max() + _SHARE_OF_RANGE * np.ptp(finite)
        if not typical <= slack:
            raise DetectorRejected(
                f"the score of a row from {self._title()} depends on the other rows of "
                f"the batch: {len(few)} rows scored together and one at a time differ "
                f"by {typical:.2g}, while scores span {np.ptp(finite):.2g}"
            )

    def _title(self):
        return type(self.estimator).__name__

    def _set_offset(self, abnormality):
        super()._set_offset(abnormality)
        self._typical = float(np.median(abnormality))

    def _bounded(self, answer):
        # Whatever made a foreign detector give up on a row, it holds no opinion.
        abnormality = self._abnormality(answer)
        abnormality = np.where(np.isnan(abnormality), self._typical, abnormality)
        return np.clip(abnormality, -_FARTHEST, _FARTHEST)

    def _abnormality(self, answer):
        scores = self._raw_scores(answer)
        if not self._is_checked:  # the first call, which belongs to the fit
            self._is_checked = True
            if np.isfinite(scores).all():  # else it is rejected for that
                self._check_batch_independence(answer)
        if self._training_scores:
            known = map(self._training_scores.get, _row_keys(answer), scores)
            scores = np.fromiter(known, np.float64, len(scores))
        return scores if self._is_pyod else -scores

    def _raw_scores(self, answer):
        rows = answer.copy()  # whatever is done to them, other members see the same
        if hasattr(self.estimator_, "score_samples"):
            scores = self.estimator_.score_samples(rows)
        else:
            scores = self.estimator_.decision_function(rows)
        scores = np.asarray(scores, dtype=np.float64)
        if scores.shape != (len(answer),):
            raise DetectorRejected(
                f"{self._title()} returns scores of shape "
                f"{scores.shape} for {len(answer)} rows; expected one per row"
            )
        return scores


def _last_step(estimator):
    """Return the detector that scores, at the end of however many pipelines."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def is_pyod(estimator):
    """Tell whether a detector is one of PyOD's, so that high scores are abnormal.

    Parameters
    ----------
    estimator : object
        A detector, or a Pipeline that ends in one.

    Returns
    -------
    bool
        True for what inherits from PyOD's detectors, too.

    Examples
    --------
    >>> from pyod.models.hbos import HBOS
    >>> from autonomaly.detectors._adapter import is_pyod
    >>> is_pyod(HBOS())
    True
    """
    return any(package == "pyod" for package, _ in _ancestors(estimator))


def _ancestors(estimator):
    """List package and name of the last step's class and of those it inherits from."""
    return [
        (kind.__module__.partition(".")[0], kind.__name__)
        for kind in type(_last_step(estimator)).__mro__
    ]


def _row_keys(rows):
    """Return a key per row, the same for rows of the same numbers."""
    return [row.tobytes() for row in np.ascontiguousarray(rows) + 0.0]  # -0.0 is 0.0


def has_scores(estimator):
    """Tell whether an estimator can score rows it was not fitted on."""
    return hasattr(estimator, "score_samples") or hasattr(
        estimator, "decision_function"
    )
