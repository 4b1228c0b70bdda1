"""Self-validation: whether a detector finds anomalies made from the data."""

from numbers import Integral
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from autonomaly._utils._typing import FloatArray, Seed, keeps_signature
from autonomaly._utils._words import unknown_name_message
from autonomaly.tuning._abnormality import abnormality, checked_table, fitted_clone

__all__ = ["inject_anomalies", "injection_score"]

Kind: TypeAlias = Literal["scattered", "dependency", "local", "marginal"]

# How far beyond the range of a column made anomalies may lie, in ranges.
_BEYOND = 0.1
# Differences of larger values are no numbers.
_LARGEST = 1e307


def _scattered(X, n, rng):
    """Anywhere in a box a little larger than the data's."""
    low, high = X.min(axis=0), X.max(axis=0)
    margin = _BEYOND * (high - low)
    return rng.uniform(low - margin, high + margin, size=(n, X.shape[1]))


def _dependency(X, n, rng):
    """Values that all occur, never together: every column from another row."""
    rows = rng.randint(len(X), size=(n, X.shape[1]))
    return X[rows, np.arange(X.shape[1])]


def _local(X, n, rng):
    """Rows moved by as much as two rows differ, which are neighbours in no way."""
    here, one, other = rng.randint(len(X), size=(3, n))
    return X[here] + X[one] - X[other]


def _marginal(X, n, rng):
    """Rows with a few values at the far ends of their columns."""
    made = X[rng.randint(len(X), size=n)].copy()
    low, high = X.min(axis=0), X.max(axis=0)
    n_changed = max(1, X.shape[1] // 5)
    for row in made:
        columns = rng.choice(X.shape[1], n_changed, replace=False)
        ends = np.where(rng.uniform(size=n_changed) < 0.5, low[columns], high[columns])
        away = rng.uniform(-_BEYOND, _BEYOND, size=n_changed)
        row[columns] = ends + away * (high - low)[columns]
    return made


KINDS = {
    "scattered": _scattered,
    "dependency": _dependency,
    "local": _local,
    "marginal": _marginal,
}


@keeps_signature(
    validate_params(
        {"n_anomalies": [Interval(Integral, 1, None, closed="left")]},
        prefer_skip_nested_validation=True,
    )
)
def inject_anomalies(
    X: npt.ArrayLike, n_anomalies: int, kind: Kind, *, random_state: Seed = 0
) -> FloatArray:
    """Make anomalies of one kind out of a table.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite numbers.
    n_anomalies : int
        How many rows to make.
    kind : {"scattered", "dependency", "local", "marginal"}
        Anywhere in the box; every column from another row; rows moved by the difference
        of two others; rows with a few extreme values.
    random_state : int, RandomState instance or None, default=0
        Seed.

    Returns
    -------
    ndarray of shape (n_anomalies, n_features)
        The made rows.

    Raises
    ------
    ValueError
        If the kind is unknown, the number is below 1, or X holds a value beyond 1e307.

    References
    ----------
    .. [1] Steinbuss, G. and Böhm, K. "Generating artificial outliers in the absence of
           genuine ones: a survey." ACM TKDD 15, 2021. :doi:`10.1145/3447822`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.tuning import inject_anomalies
    >>> X = np.arange(20.0).reshape(10, 2)
    >>> made = inject_anomalies(X, 3, "dependency")
    >>> bool(np.isin(made[:, 0], X[:, 0]).all())
    True
    """
    make = _maker(kind)
    return make(_checked(X), n_anomalies, check_random_state(random_state))


def _checked(X: npt.ArrayLike) -> FloatArray:
    X = checked_table(X)
    if np.abs(X).max() > _LARGEST:
        raise ValueError(
            f"No anomalies can be made of values beyond {_LARGEST:g}; scale the "
            "columns first, for example with autonomaly.preprocessing.RobustView."
        )
    return X


def _maker(kind):
    if kind not in KINDS:
        raise ValueError(unknown_name_message("kind of anomaly", kind, KINDS))
    return KINDS[kind]


def injection_score(
    estimator: Any,
    X: npt.ArrayLike,
    y: object = None,
    *,
    kinds: tuple[Kind, ...] = ("scattered", "dependency", "local", "marginal"),
    random_state: Seed = 0,
) -> float:
    """Measure how well a detector separates made anomalies from the rows.

    Half of the rows fit a clone; it scores the others, and as many made anomalies of
    each kind.

    Parameters
    ----------
    estimator : estimator
        An outlier detector; only its parameters are used.
    X : array-like of shape (n_samples, n_features)
        Finite numbers.
    y : Ignored
        Present so that this is a scorer of scikit-learn.
    kinds : tuple of {"scattered", "dependency", "local", "marginal"}, \
            default=("scattered", "dependency", "local", "marginal")
        Kinds of anomalies, see :func:`inject_anomalies`.
    random_state : int, RandomState instance or None, default=0
        Seed of the halves and the anomalies.

    Returns
    -------
    float
        Mean over the kinds of the area under the ROC curve, in [0, 1]; greater is
        better.

    Raises
    ------
    ValueError
        If the detector's scores, the kinds or X cannot be used.

    References
    ----------
    .. [1] Steinbuss, G. and Böhm, K. "Generating artificial outliers in the absence of
           genuine ones: a survey." ACM TKDD 15, 2021. :doi:`10.1145/3447822`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import KNNDetector
    >>> from autonomaly.tuning import injection_score
    >>> X = np.random.RandomState(0).randn(200, 2)
    >>> 0.5 < injection_score(KNNDetector(), X, kinds=("scattered",)) <= 1
    True
    """
    if isinstance(kinds, str) or not len(kinds):
        raise ValueError(
            f"kinds must be a tuple of at least one of {', '.join(KINDS)}, for "
            f"example ('local',), got {kinds!r}."
        )
    X = _checked(X)
    rng = check_random_state(random_state)
    rows = rng.permutation(len(X))
    half = len(X) // 2
    held_out = X[rows[half:]]
    fitted = fitted_clone(estimator, X[np.sort(rows[:half])])
    normal = abnormality(fitted, held_out)
    truth = np.repeat([0, 1], len(held_out))
    areas = []
    for kind in kinds:
        made = _maker(kind)(held_out, len(held_out), rng)
        scores = np.concatenate([normal, abnormality(fitted, made)])
        areas.append(roc_auc_score(truth, scores))
    return float(np.mean(areas))
