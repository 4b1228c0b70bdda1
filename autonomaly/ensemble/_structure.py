"""Whether the data is one homogeneous population."""

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata, trim_mean
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state

from autonomaly._utils._one_hot import one_hot_variables
from autonomaly.preprocessing import SquashedView

__all__ = ["joint_structure"]

_MAX_ROWS = 1000
_N_NEIGHBORS = 10
_N_SURROGATES, _N_WITH_TIES = 3, 12
# Share of the smallest, and of the largest, distances that typical ones are not.
_TRIMMED = 0.1


def joint_structure(X, random_state=0, sources=None):
    """Compare the rows with a Gaussian population that has the same columns.

    The surrogate has exactly the values of every column and the rank correlations of
    X, joined by a Gaussian copula: Gaussian, uniform or heavy-tailed noise, correlated
    or not, looks like its surrogate (but for columns that follow from others to less
    than a tenth of their spread: those look somewhat closer together). Clusters, curves
    and conditional dependences put rows closer together than that. Rows that are copies
    of others count once. Columns that come from one column of the table stay
    together: every row of a surrogate has one category of each, and a value is missing
    where its indicator says so.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Finite numbers; at most 1,000 rows are used.
    random_state : int, RandomState instance or None, default=0
        Seed of the rows and of the surrogates.
    sources : sequence of length n_features, default=None
        What each column comes from; equal for columns that come from one column of the
        table. If None, only categories are recognised, by their zeros and ones.

    Returns
    -------
    float
        Typical distance to the nearest neighbours in X over that in the surrogates:
        about 1 for a homogeneous population, less where there is structure.

    References
    ----------
    .. [1] Theiler, J., Eubank, S., Longtin, A., Galdrikian, B. and Farmer, J. D.
           "Testing for nonlinearity in time series: the method of surrogate data."
           Physica D 58, 1992. :doi:`10.1016/0167-2789(92)90102-S`

    Examples
    --------
    >>> import numpy as np
    >>> from autonomaly.ensemble._structure import joint_structure
    >>> rng = np.random.RandomState(0)
    >>> noise = rng.randn(500, 3)
    >>> clusters = rng.randn(500, 3) + 9 * rng.randint(0, 2, size=(500, 1))
    >>> bool(joint_structure(noise) > 0.95), bool(joint_structure(clusters) < 0.9)
    (True, True)
    """
    rng = check_random_state(random_state)
    if len(X) > _MAX_ROWS:
        X = X[np.sort(rng.choice(len(X), _MAX_ROWS, replace=False))]
    X = _without_copies(X)
    varies = X.min(axis=0) < X.max(axis=0)
    X = X[:, varies]
    n, d = X.shape
    if d == 0 or n <= _N_NEIGHBORS:
        return 1.0
    Z = SquashedView().set_output(transform="default").fit_transform(X)
    ordered = np.sort(Z, axis=0)
    normal = ndtri((rankdata(Z, axis=0) - 0.5) / n)
    normal -= normal.mean(axis=0)
    normal /= np.sqrt((normal**2).mean(axis=0))
    root = _root(normal)
    if sources is None:
        blocks = _blocks(one_hot_variables(Z))
    else:
        blocks = _blocks(np.unique(sources, return_inverse=True)[1][varies])
    distances = _distances(Z)
    # Where many rows are equal, few of them decide, and chance with them.
    ties = np.mean(distances == 0) > _TRIMMED
    surrogates = []
    for _ in range(_N_WITH_TIES if ties else _N_SURROGATES):
        drawn = rng.standard_normal((n, len(root))) @ root
        ranks = np.argsort(np.argsort(drawn, axis=0), 0)
        surrogate = np.take_along_axis(ordered, ranks, axis=0)
        for block in blocks:
            surrogate[:, block] = _draw_block(Z[:, block], drawn[:, block])
        surrogates.append(_typical(_distances(surrogate)))
    typical = np.mean(surrogates)
    if not typical > 0:
        return 1.0
    doubt = 2 * np.std(surrogates, ddof=1) if ties else 0.0
    return float((_typical(distances) + doubt) / typical)


def _without_copies(X):
    """Leave each row once where equal rows are copies, not of the same categories."""
    distinct = np.unique(X, axis=0)
    if len(distinct) == len(X):
        return X
    values = max(len(np.unique(column)) for column in X.T)
    return distinct if values >= len(distinct) / 2 else X


def _typical(distances):
    """Give a mean that a few far rows do not move; half as noisy as the median."""
    return trim_mean(distances, _TRIMMED)


def _blocks(labels):
    """Return the columns of every label that several columns have."""
    several = np.nonzero(np.bincount(labels) > 1)[0]
    return [np.nonzero(labels == label)[0] for label in several]


def _draw_block(Z, drawn):
    """Put the rows of some columns into the order of what was drawn for them.

    Each category, the rarest first, goes to the rows that drew the most for it. Other
    columns follow the first of them.
    """
    high = Z == Z.max(axis=0)
    if (high.sum(axis=1) == 1).all():
        place = np.empty(len(Z), dtype=np.intp)
        free = np.arange(len(Z))
        for j in np.argsort(high.sum(axis=0), kind="stable"):
            rows = np.nonzero(high[:, j])[0]
            order = np.argsort(-drawn[free, j], kind="stable")
            place[free[order[: len(rows)]]] = rows
            free = np.sort(free[order[len(rows) :]])
        return Z[place]
    place = np.empty(len(Z), dtype=np.intp)
    place[np.argsort(drawn[:, 0])] = np.argsort(Z[:, 0], kind="stable")
    return Z[place]


def _root(Z):
    """Return a matrix R with R.T @ R the covariance of centred rows."""
    n, d = Z.shape
    if d > n:  # the rows themselves, at no cost that is cubic in the columns
        return Z / np.sqrt(n)
    values, vectors = np.linalg.eigh(Z.T @ Z / n)
    return (vectors * np.sqrt(np.maximum(values, 0))).T


def _distances(Z):
    search = NearestNeighbors(algorithm="brute").fit(Z)
    return search.kneighbors(n_neighbors=_N_NEIGHBORS)[0].mean(axis=1)
