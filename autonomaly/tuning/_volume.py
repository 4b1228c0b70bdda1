"""Excess mass and mass volume: whether little space holds most of the mass."""

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from autonomaly._utils._typing import Seed, keeps_signature
from autonomaly.tuning._abnormality import abnormality, checked_table, fitted_clone

__all__ = ["excess_mass_score", "mass_volume_score"]

# The share of the mass where normal ends and abnormal begins, as in the reference.
_MASSES = np.linspace(0.9, 0.999, 100)
_EXCESS = 0.9


_AT_LEAST_ONE = [Interval(Integral, 1, None, closed="left")]
_checked = keeps_signature(
    validate_params(
        dict.fromkeys(("n_uniform", "max_features", "n_draws"), _AT_LEAST_ONE),
        prefer_skip_nested_validation=True,
    )
)


@_checked
def excess_mass_score(
    estimator: Any,
    X: npt.ArrayLike,
    y: object = None,
    *,
    n_uniform: int = 2000,
    max_features: int = 5,
    n_draws: int = 3,
    random_state: Seed = 0,
) -> float:
    """Measure the mass that a detector's level sets hold beyond a uniform one.

    Half of the rows fit a clone; the others, and points spread evenly over their box,
    are scored. With many columns all points but a few of the box are far from
    everything: clones are then fitted on a few columns at a time.

    Parameters
    ----------
    estimator : estimator
        An outlier detector; only its parameters are used.
    X : array-like of shape (n_samples, n_features)
        Finite numbers.
    y : Ignored
        Present so that this is a scorer of scikit-learn.
    n_uniform : int, default=2000
        Number of points spread over the box.
    max_features : int, default=5
        Columns of a draw, at most.
    n_draws : int, default=3
        Draws of columns, where there are more.
    random_state : int, RandomState instance or None, default=0
        Seed of the points, the halves and the draws.

    Returns
    -------
    float
        Area under the excess mass curve as long as it is above 0.9, over the logarithm
        of the level and as a share of the whole; in [0, 1], greater is better.

    Raises
    ------
    ValueError
        If the detector's scores or a parameter cannot be used.

    References
    ----------
    .. [1] Goix, N. "How to evaluate the quality of unsupervised anomaly detection
           algorithms?" ICML Anomaly Detection Workshop, 2016.
           :doi:`10.48550/arXiv.1607.01152`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import HistogramDetector, KNNDetector
    >>> from autonomaly.tuning import excess_mass_score
    >>> rng = np.random.RandomState(0)
    >>> x = rng.randn(300, 1)
    >>> X = np.hstack([x, x + 0.1 * rng.randn(300, 1)])  # a thin cloud, not in the axes
    >>> good, bad = KNNDetector(), HistogramDetector()
    >>> excess_mass_score(good, X) > excess_mass_score(bad, X)
    True
    """
    options = (n_uniform, max_features, n_draws, random_state)
    return _mean_over_draws(_excess_mass, estimator, X, *options)


@_checked
def mass_volume_score(
    estimator: Any,
    X: npt.ArrayLike,
    y: object = None,
    *,
    n_uniform: int = 2000,
    max_features: int = 5,
    n_draws: int = 3,
    random_state: Seed = 0,
) -> float:
    """Measure how little space a detector's level sets need for most of the mass.

    Parameters
    ----------
    estimator : estimator
        An outlier detector; only its parameters are used.
    X : array-like of shape (n_samples, n_features)
        Finite numbers.
    y : Ignored
        Present so that this is a scorer of scikit-learn.
    n_uniform : int, default=2000
        Number of points spread over the box.
    max_features : int, default=5
        Columns of a draw, at most.
    n_draws : int, default=3
        Draws of columns, where there are more.
    random_state : int, RandomState instance or None, default=0
        Seed of the points, the halves and the draws.

    Returns
    -------
    float
        Minus the mean share of the box's volume that holds 90 to 99.9 % of the mass, in
        [-1, 0]; greater is better.

    Raises
    ------
    ValueError
        If the detector's scores or a parameter cannot be used.

    See Also
    --------
    excess_mass_score : The other one of the same reference.

    References
    ----------
    .. [1] Goix, N. "How to evaluate the quality of unsupervised anomaly detection
           algorithms?" ICML Anomaly Detection Workshop, 2016.
           :doi:`10.48550/arXiv.1607.01152`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import HistogramDetector, KNNDetector
    >>> from autonomaly.tuning import mass_volume_score
    >>> rng = np.random.RandomState(0)
    >>> x = rng.randn(300, 1)
    >>> X = np.hstack([x, x + 0.1 * rng.randn(300, 1)])  # a thin cloud, not in the axes
    >>> good, bad = KNNDetector(), HistogramDetector()
    >>> mass_volume_score(good, X) > mass_volume_score(bad, X)
    True
    """
    options = (n_uniform, max_features, n_draws, random_state)
    return _mean_over_draws(_mass_volume, estimator, X, *options)


def _mean_over_draws(curve, estimator, X, n_uniform, max_features, n_draws, seed):
    X = checked_table(X)
    rng = check_random_state(seed)
    n_columns = X.shape[1]
    few = n_columns <= max_features
    values = []
    for _ in range(1 if few else n_draws):
        rows = rng.permutation(len(X))
        columns = slice(None)
        if not few:
            columns = np.sort(rng.choice(n_columns, max_features, replace=False))
        fitting = X[np.sort(rows[: len(X) // 2])][:, columns]
        held_out = X[rows[len(X) // 2 :]][:, columns]
        low, high = X[:, columns].min(axis=0), X[:, columns].max(axis=0)
        uniform = rng.uniform(size=(n_uniform, held_out.shape[1]))
        fitted = fitted_clone(estimator, fitting)
        values.append(
            curve(
                np.sort(abnormality(fitted, held_out)),
                np.sort(abnormality(fitted, low + uniform * (high - low))),
            )
        )
    return float(np.mean(values))


def _volumes(held_out, uniform):
    """Return the share of the box below the score of every held-out row."""
    return np.searchsorted(uniform, held_out, side="right") / len(uniform)


def _excess_mass(held_out, uniform):
    mass = np.arange(1, len(held_out) + 1) / len(held_out)
    volume = _volumes(held_out, uniform)
    # At level t the whole box costs t: the higher, the fewer places are worth their
    # volume. A logarithmic scale keeps one draw of columns from outweighing the others.
    levels = np.concatenate([[0.0], np.geomspace(0.01, 100.0, 400)])
    excess = np.maximum((mass - levels[:, None] * volume).max(axis=1), 0.0)
    used = excess > _EXCESS
    return float(excess[used].sum() / len(levels))


def _mass_volume(held_out, uniform):
    positions = np.ceil(_MASSES * len(held_out)).astype(int) - 1
    return -float(_volumes(held_out, uniform)[positions].mean())
