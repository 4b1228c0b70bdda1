"""What the criteria share: finite scores, high = abnormal, and checked tables."""

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.utils import check_array

from autonomaly._utils._floats import FLOAT_ERRORS
from autonomaly._utils._typing import FloatArray

__all__ = ["abnormality", "checked_table", "fitted_clone"]


def abnormality(estimator, X):
    """Score rows, high = abnormal.

    Raises
    ------
    ValueError
        If the scores are not one finite number per row.
    """
    if hasattr(estimator, "score_samples"):
        scores = estimator.score_samples(X)
    else:
        scores = estimator.decision_function(X)
    scores = np.asarray(scores, dtype=np.float64)
    name = type(estimator).__name__
    if scores.shape != (len(X),):
        raise ValueError(
            f"{name} returns scores of shape {scores.shape}, expected ({len(X)},)"
        )
    if not np.isfinite(scores).all():
        raise ValueError(f"{name} returns scores that are not finite")
    return -scores


def checked_table(X: npt.ArrayLike) -> FloatArray:
    """Return X as a matrix of finite numbers, at least four rows of them.

    Raises
    ------
    ValueError
        If it is none.
    """
    with np.errstate(**FLOAT_ERRORS):
        return check_array(
            X, dtype=np.float64, ensure_min_samples=4, input_name="X of a criterion"
        )


def fitted_clone(estimator, X):
    """Fit a clone of an estimator on other rows."""
    return clone(estimator).fit(X)
