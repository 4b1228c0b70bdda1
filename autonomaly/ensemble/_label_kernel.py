"""What a few labels say about a row: a Gaussian process around the vote."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

__all__ = [
    "EMPHASES",
    "MAX_DIVERSE",
    "Emphasis",
    "LabelProcess",
    "Pictures",
    "RowPictures",
]

# Rows that typical distances are measured on.
_DISTANCE_ROWS = 500
# Rows chosen one after the other: each takes memory and time for all rows kept.
MAX_DIVERSE = 400
# Noise of a label, as a variance: labels are +1 and -1, and some are wrong.
_NOISE = 0.3
# Standardised scores count within these limits: one member far out is enough.
_SCORE_RANGE = (-3.0, 8.0)
_COLUMN_RANGE = (-5.0, 5.0)


@dataclass(frozen=True)
class Emphasis:
    """What the process looks at, as prior variances on the scale of labels (+1, -1).

    Attributes
    ----------
    vote : float
        Slope of the prior mean, the vote without labels.
    members : float
        That some members are right and others wrong, everywhere.
    scores : float
        That rows are alike which the members score alike.
    columns : float
        That rows are alike which have like values.
    directions : float
        That anomalies lie in one direction of the columns.
    reach : float
        How far rows count as alike, relative to the default.
    """

    vote: float = 0.5
    members: float = 0.2
    scores: float = 0.5
    columns: float = 1.0
    directions: float = 0.2
    reach: float = 1.0


# All figures were chosen on the one-versus-rest tasks; benchmarks/labels.py reports on
# other sets. The first serves as long as labels are few.
EMPHASES = {
    "scores and columns": Emphasis(),
    "scores": Emphasis(columns=0.0, directions=0.0),
    "columns": Emphasis(members=0.0, scores=0.0),
    "close neighbours": Emphasis(reach=0.5),
    "labels more than the vote": Emphasis(vote=0.1),
    "labels more than the prior": Emphasis(
        members=1.0, scores=1.5, columns=2.0, directions=1.0
    ),
}
# Whether most of the labelled rows are anomalies says nothing about any one row.
_BIAS = 1.0


@dataclass
class Pictures:
    """Rows as the process sees them.

    Attributes
    ----------
    vote : ndarray of shape (n_samples,)
        The vote without labels: 0 at its 90 % quantile, about -1 at its median.
    members : ndarray of shape (n_samples, n_members)
        What each member says beyond the mean of all.
    scores, columns : ndarray of shape (n_samples, ...)
        Member scores and column values in units of their typical distance.
    directions : ndarray of shape (n_samples, n_columns)
        Column values, centred and scaled.
    """

    vote: np.ndarray
    members: np.ndarray
    scores: np.ndarray
    columns: np.ndarray
    directions: np.ndarray

    def take(self, rows):
        """Take some of the rows."""
        return replace(self, **{name: part[rows] for name, part in vars(self).items()})


class RowPictures:
    """Turn member scores, vote and columns into pictures, by training statistics.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_members)
        Standardised scores of the members, high = abnormal.
    votes : ndarray of shape (n_samples,)
        The combined scores.
    columns : ndarray of shape (n_samples, n_columns)
        The rows themselves, all columns on one scale.
    """

    def __init__(self, Z, votes, columns):
        middle, upper = np.quantile(votes, [0.5, 0.9])
        self._upper = upper
        self._spread = max(upper - middle, 1e-3 * votes.std(), 1e-12)
        Z = np.clip(Z, *_SCORE_RANGE)
        beyond = Z - Z.mean(axis=1, keepdims=True)
        self._members_unit = max(beyond.std(), 1e-9) * np.sqrt(Z.shape[1])
        self._scores_unit = 0.7 * _typical_distance(Z)
        self._columns_unit = _typical_distance(columns)
        self._center = columns.mean(axis=0)
        self._directions_unit = np.maximum(columns.std(axis=0), 1e-9)

    def __call__(self, Z, votes, columns):
        """Return the pictures of rows."""
        Z = np.clip(Z, *_SCORE_RANGE)
        columns = np.asarray(columns, dtype=np.float64)
        directions = (columns - self._center) / self._directions_unit
        return Pictures(
            vote=np.arcsinh((votes - self._upper) / self._spread),
            members=(Z - Z.mean(axis=1, keepdims=True)) / self._members_unit,
            scores=Z / self._scores_unit,
            columns=columns / self._columns_unit,
            directions=np.clip(directions, *_COLUMN_RANGE)
            / np.sqrt(max(columns.shape[1], 1)),
        )


class LabelProcess:
    """Gaussian process regression on labels, with the vote as the prior mean.

    Far from every label the score is the vote. Near labels, in the scores of the
    members or in the columns, it moves towards them, and members that contradict the
    labels lose their say everywhere.

    Parameters
    ----------
    pictures : Pictures
        The labelled rows.
    target : ndarray of shape (n_labels,)
        +1 for anomalies, -1 for normal rows.
    emphasis : Emphasis
        What the process looks at.

    References
    ----------
    .. [1] Rasmussen, C. E. and Williams, C. K. I. "Gaussian Processes for Machine
           Learning." MIT Press, 2006. :doi:`10.7551/mitpress/3206.001.0001`
    """

    def __init__(self, pictures, target, emphasis):
        self.emphasis = emphasis
        self._known = pictures
        self._target = target
        if len(target):
            K = _kernel(pictures, pictures, emphasis) + _NOISE * np.eye(len(target))
            self._factor = cho_factor(K, lower=True)
            self._surprise = cho_solve(self._factor, target - self._prior(pictures))

    def _prior(self, pictures):
        return self.emphasis.vote * pictures.vote

    def mean(self, pictures):
        """Expect the label of rows.

        Parameters
        ----------
        pictures : Pictures
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            About +1 for anomalies and -1 for normal rows.
        """
        if not len(self._target):
            return self._prior(pictures)
        K = _kernel(pictures, self._known, self.emphasis)
        return self._prior(pictures) + K @ self._surprise

    def left_out(self):
        """Expect the label of every labelled row from the others.

        Returns
        -------
        ndarray of shape (n_labels,)
            Leave-one-out means.
        """
        inverse = cho_solve(self._factor, np.eye(len(self._target)))
        return self._target - self._surprise / np.diag(inverse)

    def ask(self, pictures, free, n, curiosity):
        """Choose rows whose labels would teach most.

        Parameters
        ----------
        pictures : Pictures
            Candidates.
        free : ndarray of bool of shape (n_samples,)
            Those that may be chosen.
        n : int
            How many.
        curiosity : float
            Standard deviations of what is unknown that count as much as the score.

        Returns
        -------
        list of int
            Positions among the candidates. Each choice makes rows like it known, so
            that the next one is another kind of row; those after the first
            ``MAX_DIVERSE`` are in the order of what each is worth by then.
        """
        k, n_diverse = len(self._target), min(n, MAX_DIVERSE)
        V = np.empty((k + n_diverse, len(free)))
        if k:
            K = _kernel(self._known, pictures, self.emphasis)
            V[:k] = solve_triangular(self._factor[0], K, lower=True)
        unknown = _variance(pictures, self.emphasis) - np.sum(V[:k] ** 2, axis=0)
        mean = self.mean(pictures)
        free, chosen = free.copy(), []

        def worth():
            worth = mean + curiosity * np.sqrt(np.maximum(unknown, 0.0))
            return np.where(free, worth, -np.inf)

        for i in range(k, k + n_diverse):
            best = int(np.argmax(worth()))
            chosen.append(best)
            free[best] = False
            K = _kernel(pictures, pictures.take([best]), self.emphasis)[:, 0]
            V[i] = (K - V[:i, best] @ V[:i]) / np.sqrt(max(unknown[best], 0) + _NOISE)
            unknown = unknown - V[i] ** 2
        rest = np.argsort(-worth(), kind="stable")[: n - n_diverse]
        return chosen + rest.tolist()


def _kernel(a, b, emphasis):
    K = np.full((len(a.vote), len(b.vote)), _BIAS)
    if emphasis.members:
        K += emphasis.members * (a.members @ b.members.T)
    if emphasis.directions:
        K += emphasis.directions * (a.directions @ b.directions.T)
    reach = emphasis.reach**2
    if emphasis.scores:
        K += emphasis.scores * np.exp(-_squared(a.scores, b.scores) / reach)
    if emphasis.columns:
        K += emphasis.columns * np.exp(-_squared(a.columns, b.columns) / reach)
    return K


def _variance(a, emphasis):
    """Take the diagonal of the kernel."""
    return (
        _BIAS
        + emphasis.members * np.sum(a.members**2, axis=1)
        + emphasis.directions * np.sum(a.directions**2, axis=1)
        + emphasis.scores
        + emphasis.columns
    )


def _squared(a, b):
    """Squared distances between the rows of two arrays."""
    squares = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1)
    return np.maximum(squares - 2 * (a @ b.T), 0.0)


def _typical_distance(F):
    """Measure the root of the median squared distance of distinct rows."""
    F = np.asarray(F, dtype=np.float64)[:: -(-len(F) // _DISTANCE_ROWS)]
    squared = _squared(F, F)
    distinct = squared[squared > 1e-9 * max(squared.max(initial=0.0), 1e-300)]
    return float(np.sqrt(np.median(distinct))) if len(distinct) else 1.0
