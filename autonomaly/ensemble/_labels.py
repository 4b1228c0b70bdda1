"""Learning from a few labels, on top of a vote that needs none."""

import copy
import time

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import average_precision_score

from autonomaly._utils._words import percent
from autonomaly.ensemble._committee import Committee
from autonomaly.ensemble._label_kernel import EMPHASES, LabelProcess, RowPictures
from autonomaly.ensemble._threshold import separating_threshold
from autonomaly.exceptions import DataError
from autonomaly.preprocessing import SquashedView

__all__ = ["LabelledVote"]

# Rows whose scores are kept, so that labels may come later: 12 MB for 40 members and
# 20 columns. Of larger data a sample, and the rows that the vote finds most abnormal.
_MAX_KEPT = 20_000
_KEPT_TOP = 5_000
_FEWEST_KEPT = 500
# Learning from a label takes as long as scoring so many rows.
_LABEL_COSTS = 3
# The process takes time cubic in the labels; the trees are given all of them.
_MAX_PROCESS_LABELS = 400
_N_TREES = 100
# The trees count as much as the process from this many labels on, at most twice.
_TREE_LABELS = 30
_FEWEST_FOR_TREES = 2
# An emphasis must beat the first one by this much average precision, divided by the
# labels of the rarer kind, which must be at least three.
_HANDICAP = 0.2
_FEWEST_FOR_CHOICE = 3
# Half of the threshold comes from this many labels, half from the vote.
_THRESHOLD_LABELS = 10
# Standard deviations of the unknown that a question weighs against the score.
_CURIOSITY = 3.0


class LabelledVote:
    """Turn the vote of an ensemble towards the labels of some training rows.

    Parameters
    ----------
    ensemble : VotingOutlierEnsemble
        Fitted.
    contamination : "auto" or float
        Share of the training rows to flag; ``"auto"`` finds the threshold.
    seed : int
        Seed of the trees.

    Attributes
    ----------
    n_rows : int
        Number of training rows.
    n_counted : int
        Number of those that shares are counted on.
    rows : ndarray of shape (n_kept,)
        Positions of the training rows that are kept, ascending.
    labels : dict of int to bool
        Labels by position, True for anomalies.
    threshold : float
        Rows with larger scores are anomalies; None without labels.
    share : float
        Share of the rows counted above it.
    emphasis : str
        What the process looks at, see ``EMPHASES``.
    threshold_reason : str
        What set the threshold.
    trees_weight : float
        Weight of the trees, 0 as long as they are left out.
    left_out_precision : float or None
        Average precision of the labelled rows, each scored without its own label;
        None without labels of both kinds.
    """

    def __init__(self, ensemble, contamination, seed):
        self._ensemble = ensemble
        self._contamination = contamination
        self._seed = seed
        self.labels = {}

    # ---------------------------------------------------------------- training rows

    def keep(self, X, labels, seconds=None):
        """Score the training rows once, for labels that come now or later.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            The rows the ensemble was fitted on.
        labels : dict of int to bool
            Labels by position: these rows must be kept.
        seconds : float, default=None
            Time for it, and to learn from the labels; fewer rows are kept if it is not
            enough, and fewer labels.

        Returns
        -------
        dict of int to bool
            The labels that there is time to learn from.
        """
        X = self._ensemble._validate_scoring(X)
        self.n_rows = n = len(X)
        size, top = min(n, _MAX_KEPT), _KEPT_TOP
        if seconds is not None and n > _FEWEST_KEPT:
            started = time.monotonic()
            self._member_scores(X[:_FEWEST_KEPT])
            per_row = (time.monotonic() - started) / _FEWEST_KEPT
            size = min(size, max(int(seconds / per_row), _FEWEST_KEPT))
            top = 0
            n_labels = max(int(seconds / (_LABEL_COSTS * per_row)), _FEWEST_KEPT)
            labels = _some_labels(labels, n_labels)
            size = max(size - _LABEL_COSTS * len(labels), _FEWEST_KEPT)
        # Every part of the data, whatever its order; shares are counted on these.
        even = np.linspace(0, n - 1, size).astype(int)
        wanted = [even, np.asarray(sorted(labels), dtype=int)]
        if size < n and top:
            votes = -self._ensemble.score_samples(X)
            wanted.append(np.argsort(-votes, kind="stable")[:top])
        self.rows = np.unique(np.concatenate(wanted))
        self._even = np.searchsorted(self.rows, even)
        self.n_counted = len(even)
        self._view = SquashedView().set_output(transform="default").fit(X[even])
        self._Z = self._member_scores(X[self.rows]).astype(np.float32)
        self._columns = self._view.transform(X[self.rows]).astype(np.float32)
        self._votes = self._ensemble._vote(self._Z.astype(np.float64))
        self._pictures_of = RowPictures(
            *(part[self._even] for part in (self._Z, self._votes, self._columns))
        )
        return labels

    def _member_scores(self, X):
        return np.vstack(self._ensemble._map_chunks(X, Committee.scores))

    def positions(self, rows):
        """Find training rows among those kept.

        Parameters
        ----------
        rows : list of int
            Positions in the training data.

        Returns
        -------
        ndarray of int
            Positions among the kept rows.

        Raises
        ------
        DataError
            If a row is not kept.
        """
        rows = np.asarray(rows, dtype=int)
        at = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        if (missing := rows[self.rows[at] != rows]).size:
            raise DataError(
                f"The scores of row {missing[0]} are not kept: for large data, only "
                f"those of the {len(self.rows)} rows that ask() may return are. Pass "
                f"its label to fit, as y."
            )
        return at

    # --------------------------------------------------------------------- learning

    def learn(self, labels):
        """Learn from labels, all that there are.

        Parameters
        ----------
        labels : dict of int to bool
            Positions in the training data, True for anomalies.
        """
        at = self.positions(sorted(labels))
        self.labels = dict(labels)
        pictures = self._kept_pictures()
        anomalous = np.array([labels[row] for row in sorted(labels)], dtype=bool)
        self._fit_process(pictures, at, anomalous)
        self._fit_trees(pictures.vote, at, anomalous)
        if not labels:
            self.threshold = None
            return
        scores = self._combine(self._Z, pictures, self._columns)
        self._fit_threshold(scores, at, anomalous)

    def _kept_pictures(self):
        return self._pictures_of(self._Z.astype(np.float64), self._votes, self._columns)

    def _fit_process(self, pictures, at, anomalous):
        """Choose what to look at by leave-one-out average precision."""
        some = slice(None)
        if len(at) > _MAX_PROCESS_LABELS:
            some = _some_of_both(anomalous, _MAX_PROCESS_LABELS)
        self._in_process = some
        known, target = pictures.take(at[some]), np.where(anomalous[some], 1.0, -1.0)
        rarer = min((target > 0).sum(), (target < 0).sum())
        names = list(EMPHASES) if rarer >= _FEWEST_FOR_CHOICE else list(EMPHASES)[:1]
        best = -np.inf
        self.left_out_precision = None
        for i, name in enumerate(names):
            process = LabelProcess(known, target, EMPHASES[name])
            if rarer == 0:
                self.emphasis, self._process, self._left_out = name, process, None
                return
            left_out = process.left_out()
            precision = average_precision_score(target > 0, left_out)
            merit = precision - (_HANDICAP / rarer if i else 0.0)
            if merit > best:
                best, self.emphasis, self._process = merit, name, process
                self._left_out = left_out, target
                self.left_out_precision = float(precision)

    def _fit_trees(self, votes, at, anomalous):
        self._trees, self.trees_weight = None, 0.0
        if min(anomalous.sum(), (~anomalous).sum()) < _FEWEST_FOR_TREES:
            return
        self._trees = ExtraTreesClassifier(_N_TREES, random_state=self._seed).fit(
            _features(self._Z[at], votes[at], self._columns[at]), anomalous
        )
        self.trees_weight = 2 * len(at) / (len(at) + _TREE_LABELS)

    def _fit_threshold(self, scores, at, anomalous):
        """Set the threshold, and the share of training rows beyond it."""
        even = scores[self._even]
        if self._contamination == "auto" and not anomalous.any():
            threshold = self._clear_of_normals(scores, at)
        else:
            share = self._learn_share(scores, at, anomalous)
            threshold = separating_threshold(even, round(share * len(even)))
        self.threshold = float(threshold)
        self.share = float(np.mean(even > self.threshold))

    def _clear_of_normals(self, scores, at):
        """Find a threshold above all labelled rows, which are normal.

        They say what the vote was wrong about, not where it was right: false alarms
        are taken from the number it flags, and no other row takes their place.
        """
        free_share = self._ensemble.contamination_
        doubted = self._count_doubted(scores, at, free_share)
        share = max(free_share - doubted / self.n_rows, 0.0)
        self.threshold_reason = (
            f"all labels are of normal rows: {doubted} of them would be flagged "
            f"without their own label, and are subtracted from the "
            f"{percent(free_share)} of the rows that the vote without labels flags; "
            f"the threshold lies above the labelled rows"
        )
        rest = scores[np.setdiff1d(self._even, at)]
        ceiling = scores[at].max()
        n_flagged = min(round(share * len(self._even)), np.sum(rest > ceiling))
        return separating_threshold(np.append(rest, ceiling), n_flagged)

    def _count_doubted(self, scores, at, free_share):
        """Count labelled rows that the vote, or the other labels, would flag."""
        left_out = scores.copy()
        left_out[at[self._in_process]] = self._process.left_out()
        even = left_out[self._even]
        level = separating_threshold(even, round(free_share * len(even)))
        by_vote = self._votes[at] > -self._ensemble.offset_
        return int(np.sum(by_vote | (left_out[at] > level)))

    def _learn_share(self, scores, at, anomalous):
        """Find the share of training rows to flag, and say what set it."""
        free_share = self._ensemble.contamination_
        if self._contamination != "auto":
            self.threshold_reason = "contamination was given"
            return self._contamination
        if self.left_out_precision is None:
            self.threshold_reason = (
                "all labels are of anomalies: the share is that of the vote without "
                "labels, but not less than the share of known anomalies"
            )
            return max(free_share, anomalous.sum() / self.n_rows)
        slope, intercept = _calibrate(*self._left_out)
        p = expit(slope * scores + intercept)
        p[at] = anomalous
        p = p[self._even]
        learned = _share_for_f1(p)
        n = len(at)
        weight = n**2 / (n**2 + _THRESHOLD_LABELS**2)
        share = expit(
            weight * _log_odds(learned, len(p))
            + (1 - weight) * _log_odds(free_share, len(p))
        )
        self.threshold_reason = (
            f"according to the {n} labels, F1 is best if {percent(learned)} of the "
            f"rows are flagged; the vote without labels flags {percent(free_share)}; "
            f"the labels weigh {100 * weight:.0f} %"
        )
        return share

    def describe(self):
        """Say in words what the left-out precision is worth."""
        n_anomalies = sum(self.labels.values())
        return (
            f"{len(self.labels)} labels were used, {n_anomalies} of them anomalies; "
            f"average_precision is that of the labelled rows, each scored without its "
            f"own label; it holds for all rows only if they were drawn at random"
        )

    # ---------------------------------------------------------------------- scoring

    def with_ensemble(self, ensemble):
        """Return this vote with the ensemble in another setting of its ``n_jobs``."""
        vote = copy.copy(self)
        vote._ensemble = ensemble
        return vote

    def score(self, X):
        """Score rows; high = abnormal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows as the ensemble takes them.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores: what the process expects of the label (+1 anomaly, -1 normal), and
            what the trees do.
        """
        X = self._ensemble._validate_scoring(X)
        return np.concatenate(self._ensemble._map_chunks(X, self._score_chunk))

    def _score_chunk(self, committee, X):
        Z = committee.scores(X).astype(np.float32)
        columns = self._view.transform(X).astype(np.float32)
        votes = self._ensemble._vote(Z.astype(np.float64))
        pictures = self._pictures_of(Z.astype(np.float64), votes, columns)
        return self._combine(Z, pictures, columns)

    def _combine(self, Z, pictures, columns):
        scores = self._process.mean(pictures)
        if self._trees is not None:
            features = _features(Z, pictures.vote, columns)
            p = self._trees.predict_proba(features)[:, 1]
            scores += self.trees_weight * (2 * p - 1)
        return scores

    def ask(self, n):
        """Choose training rows to label.

        Parameters
        ----------
        n : int
            How many.

        Returns
        -------
        ndarray of shape (n,)
            Their positions in the training data, the most worthwhile first.

        References
        ----------
        .. [1] Desautels, T., Krause, A. and Burdick, J. "Parallelizing
               exploration-exploitation tradeoffs in Gaussian process bandit
               optimization." JMLR 15, 2014.
        """
        free = np.ones(len(self.rows), dtype=bool)
        free[self.positions(sorted(self.labels))] = False
        if n > free.sum():
            raise DataError(
                f"ask({n}) asks for more rows than the {free.sum()} without a label. "
                f"Pass a smaller number."
            )
        chosen = self._process.ask(self._kept_pictures(), free, n, _CURIOSITY)
        return self.rows[chosen]


def _features(Z, votes, columns):
    return np.column_stack([Z, votes, columns]).astype(np.float32)


def _some_of_both(anomalous, size):
    """Choose labels evenly, of the rarer kind as many as half of them."""
    kinds = sorted((np.flatnonzero(anomalous), np.flatnonzero(~anomalous)), key=len)
    n_rare = min(len(kinds[0]), size // 2)
    chosen = [
        kind[np.linspace(0, len(kind) - 1, n).astype(int)]
        for kind, n in zip(kinds, (n_rare, size - n_rare), strict=True)
    ]
    return np.sort(np.concatenate(chosen))


def _some_labels(labels, size):
    """Keep at most so many labels, of both kinds."""
    if len(labels) <= size:
        return labels
    rows = np.array(sorted(labels))
    some = _some_of_both(np.array([labels[row] for row in rows.tolist()]), size)
    return {row: labels[row] for row in rows[some].tolist()}


def _calibrate(scores, target):
    """Fit the probability of an anomaly given its score (Platt), by few labels."""

    def loss(w):
        fit = np.logaddexp(0, -target * (w[0] * scores + w[1])).sum()
        # A slope of 3 makes a score of 1 nearly certain, as labels of +1 and -1 are.
        return fit + (w[0] - 3) ** 2 / 4 + w[1] ** 2 / 8

    return minimize(loss, [3.0, 0.0], bounds=[(0.1, None), (None, None)]).x


def _share_for_f1(p):
    """Find the share of rows to flag that promises the best F1."""
    found = np.cumsum(np.sort(p)[::-1])
    flagged = np.arange(1, len(p) + 1)
    return float((np.argmax(found / (flagged + found[-1])) + 1) / len(p))


def _log_odds(share, n):
    """Take log odds, of half a row where there is none."""
    k = share * n
    return np.log((k + 0.5) / (n - k + 0.5))
