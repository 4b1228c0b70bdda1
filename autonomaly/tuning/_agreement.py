"""Criteria that ask other detectors, or the same one a second time."""

from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from autonomaly._utils._correlation import rank_correlation
from autonomaly._utils._typing import FloatArray, Seed, keeps_signature
from autonomaly.detectors import detector_spec
from autonomaly.ensemble import VotingOutlierEnsemble
from autonomaly.selection import POOL, build_member
from autonomaly.tuning._abnormality import abnormality, checked_table, fitted_clone

__all__ = [
    "blended_agreement_score",
    "consensus_agreement_score",
    "consensus_scores",
    "consensus_top_score",
    "stability_score",
]

# Rows a consensus is fitted on at most: ranks hardly change beyond.
_MAX_REFERENCE = 2000


def consensus_scores(X: npt.ArrayLike, *, random_state: Seed = 0) -> FloatArray:
    """Score rows by the vote of the broad pool on a trimmed reference.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite numbers.
    random_state : int, RandomState instance or None, default=0
        Seed of the members.

    Returns
    -------
    ndarray of shape (n_samples,)
        Scores, low = abnormal.

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.tuning import consensus_scores
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> X[0] = [6.0, -6.0]
    >>> consensus_scores(X).argmin()
    np.int64(0)
    """
    X = checked_table(X)
    members = [
        build_member(member)
        for member in POOL
        if X.shape[1] >= detector_spec(member.detector).min_features
    ]
    ensemble = VotingOutlierEnsemble(
        members,
        contamination=0.1,
        calibrate=False,
        max_reference=_MAX_REFERENCE,
        random_state=random_state,
    )
    return ensemble.fit(X).score_samples(X)


def consensus_agreement_score(
    estimator: Any,
    X: npt.ArrayLike,
    y: object = None,
    *,
    consensus: npt.ArrayLike | None = None,
    random_state: Seed = 0,
) -> float:
    """Measure how well a detector's ranking agrees with that of a trimmed consensus.

    Parameters
    ----------
    estimator : estimator
        A fitted outlier detector.
    X : array-like of shape (n_samples, n_features)
        Finite numbers, the rows it was fitted on.
    y : Ignored
        Present so that this is a scorer of scikit-learn.
    consensus : array-like of shape (n_samples,), default=None
        Scores of the rows to agree with, low = abnormal; by default
        :func:`consensus_scores` of X, which takes as long as some twenty fits: compute
        it once when several detectors are compared.
    random_state : int, RandomState instance or None, default=0
        Seed of the consensus.

    Returns
    -------
    float
        Spearman's rank correlation, in [-1, 1]; greater is better.

    Raises
    ------
    ValueError
        If the detector's scores cannot be used.

    References
    ----------
    .. [1] Rayana, S. and Akoglu, L. "Less is more: building selective anomaly
           ensembles." ACM TKDD 10, 2016. :doi:`10.1145/2890508`
    .. [2] Ma, M. Q., Zhao, Y., Zhang, X. and Akoglu, L. "The need for unsupervised
           outlier model selection." SIGKDD Explorations 25, 2023.
           :doi:`10.1145/3606274.3606277`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import KNNDetector
    >>> from autonomaly.tuning import consensus_agreement_score
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> consensus_agreement_score(KNNDetector().fit(X), X) > 0.8
    True
    """
    X = checked_table(X)
    agreed = _consensus(consensus, X, random_state)
    pair = np.column_stack([abnormality(estimator, X), -agreed])
    return float(rank_correlation(pair)[0, 1])


@keeps_signature(
    validate_params(
        {"top_share": [Interval(Real, 0, 1, closed="neither")]},
        prefer_skip_nested_validation=True,
    )
)
def consensus_top_score(
    estimator: Any,
    X: npt.ArrayLike,
    y: object = None,
    *,
    consensus: npt.ArrayLike | None = None,
    top_share: float = 0.1,
    random_state: Seed = 0,
) -> float:
    """Measure how well a detector finds the rows that a consensus finds most abnormal.

    Parameters
    ----------
    estimator : estimator
        A fitted outlier detector.
    X : array-like of shape (n_samples, n_features)
        Finite numbers, the rows it was fitted on.
    y : Ignored
        Present so that this is a scorer of scikit-learn.
    consensus : array-like of shape (n_samples,), default=None
        Scores of the rows to agree with, low = abnormal; by default
        :func:`consensus_scores` of X.
    top_share : float in (0, 1), default=0.1
        Share of the rows that stand for the anomalies.
    random_state : int, RandomState instance or None, default=0
        Seed of the consensus.

    Returns
    -------
    float
        Area under the ROC curve with the consensus' most abnormal rows as anomalies, in
        [0, 1]; greater is better.

    Raises
    ------
    ValueError
        If the detector's scores or a parameter cannot be used.

    References
    ----------
    .. [1] Rayana, S. and Akoglu, L. "Less is more: building selective anomaly
           ensembles." ACM TKDD 10, 2016. :doi:`10.1145/2890508`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import KNNDetector
    >>> from autonomaly.tuning import consensus_top_score
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> consensus_top_score(KNNDetector().fit(X), X) > 0.9
    True
    """
    X = checked_table(X)
    consensus = _consensus(consensus, X, random_state)
    n_top = min(max(1, round(top_share * len(X))), len(X) - 1)
    top = np.zeros(len(X), dtype=int)
    top[np.argsort(consensus, kind="stable")[:n_top]] = 1
    return float(roc_auc_score(top, abnormality(estimator, X)))


def blended_agreement_score(
    estimator: Any,
    X: npt.ArrayLike,
    y: object = None,
    *,
    consensus: npt.ArrayLike | None = None,
    random_state: Seed = 0,
) -> float:
    """Measure agreement with a consensus over all rows and on its most abnormal ones.

    Parameters
    ----------
    estimator : estimator
        A fitted outlier detector.
    X : array-like of shape (n_samples, n_features)
        Finite numbers, the rows it was fitted on.
    y : Ignored
        Present so that this is a scorer of scikit-learn.
    consensus : array-like of shape (n_samples,), default=None
        Scores of the rows to agree with, low = abnormal; by default
        :func:`consensus_scores` of X.
    random_state : int, RandomState instance or None, default=0
        Seed of the consensus.

    Returns
    -------
    float
        Mean of the rank correlation and of the area under the ROC curve, stretched from
        [0, 1] to [-1, 1]; greater is better.

    Raises
    ------
    ValueError
        If the detector's scores cannot be used.

    See Also
    --------
    consensus_agreement_score : The rank correlation.
    consensus_top_score : The area under the ROC curve.

    References
    ----------
    .. [1] Rayana, S. and Akoglu, L. "Less is more: building selective anomaly
           ensembles." ACM TKDD 10, 2016. :doi:`10.1145/2890508`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import KNNDetector
    >>> from autonomaly.tuning import blended_agreement_score
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> blended_agreement_score(KNNDetector().fit(X), X) > 0.8
    True
    """
    X = checked_table(X)
    consensus = _consensus(consensus, X, random_state)
    everywhere = consensus_agreement_score(estimator, X, consensus=consensus)
    on_top = 2 * consensus_top_score(estimator, X, consensus=consensus) - 1
    return (everywhere + on_top) / 2


@keeps_signature(
    validate_params(
        {
            "n_repeats": [Interval(Integral, 2, None, closed="left")],
            "sample_share": [Interval(Real, 0, 1, closed="neither")],
        },
        prefer_skip_nested_validation=True,
    )
)
def stability_score(
    estimator: Any,
    X: npt.ArrayLike,
    y: object = None,
    *,
    n_repeats: int = 3,
    sample_share: float = 0.5,
    random_state: Seed = 0,
) -> float:
    """Measure how little a detector's ranking changes when rows are left out.

    Clones are fitted on random parts of the rows, and all of them score every row.

    Parameters
    ----------
    estimator : estimator
        An outlier detector; only its parameters are used.
    X : array-like of shape (n_samples, n_features)
        Finite numbers.
    y : Ignored
        Present so that this is a scorer of scikit-learn.
    n_repeats : int, default=3
        Number of parts, at least 2.
    sample_share : float in (0, 1), default=0.5
        Share of the rows in a part.
    random_state : int, RandomState instance or None, default=0
        Seed of the parts.

    Returns
    -------
    float
        Mean rank correlation between the parts' scores, in [-1, 1]; greater is better.

    Raises
    ------
    ValueError
        If the detector's scores or a parameter cannot be used.

    References
    ----------
    .. [1] Perini, L., Galvin, C. and Vercruyssen, V. "A ranking stability measure for
           quantifying the robustness of anomaly detection methods." ECML PKDD
           Workshops, 2020. :doi:`10.1007/978-3-030-65965-3_27`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.detectors import KNNDetector
    >>> from autonomaly.tuning import stability_score
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> few, many = KNNDetector(n_neighbors=1), KNNDetector(n_neighbors=20)
    >>> stability_score(few, X) < stability_score(many, X)
    True
    """
    X = checked_table(X)
    rng = check_random_state(random_state)
    size = max(2, round(sample_share * len(X)))
    scores = []
    for _ in range(n_repeats):
        rows = np.sort(rng.choice(len(X), size, replace=False))
        scores.append(abnormality(fitted_clone(estimator, X[rows]), X))
    pairs = np.triu_indices(n_repeats, 1)
    return float(rank_correlation(np.column_stack(scores))[pairs].mean())


def _consensus(given, X, random_state):
    if given is None:
        return consensus_scores(X, random_state=random_state)
    given = np.asarray(given, dtype=np.float64)
    if given.shape != (len(X),) or not np.isfinite(given).all():
        raise ValueError(
            "consensus must hold one finite score for every row of X, such as "
            f"consensus_scores(X), got shape {given.shape} for {len(X)} rows."
        )
    return given
