"""The members of an ensemble, fitted at every depth of trimming."""

import time

import numpy as np
from sklearn.pipeline import Pipeline

from autonomaly._utils._correlation import rank_correlation
from autonomaly.ensemble._combination import combine, standardize
from autonomaly.ensemble._common_values import common_values
from autonomaly.ensemble._level_fits import LevelFits
from autonomaly.ensemble._levels import score_levels, time_level
from autonomaly.ensemble._members import SharedViews, split_members
from autonomaly.ensemble._trimming import trusted_rows
from autonomaly.exceptions import NoDetectorLeftError
from autonomaly.resources import Deadline, Stopwatch, run_here

__all__ = ["Committee"]

# Rank correlations with the vote are taken on this many rows, enough for two digits.
_AGREEMENT_ROWS = 1000
# Rows that tell what scoring one more row costs.
_TIMED_ROWS = 1000


class Committee:
    """Fit members on ever cleaner parts of the reference, and let them all score.

    Parameters
    ----------
    estimators : list of (str, estimator) tuples
        Outlier detectors, or Pipelines that end in one.
    weights : ndarray of shape (n_estimators, n_depths)
        Their weights in the vote, one for every depth.
    depths : tuple of float
        Shares of the reference to leave out, ascending.
    combination : str
        How votes are combined to find the rows to trust, see
        :func:`~autonomaly.ensemble._combination.combine`.

    Attributes
    ----------
    names : list of str
        Names of the columns of scores: the member's, and ``"@share"`` where it was
        fitted on a trimmed reference.
    weights_of_columns : ndarray of shape (n_columns,)
        Their weights.
    pipelines : list of Pipeline
        The fitted members, column by column.
    depths_fitted : tuple of float
        The depths that members were fitted at.
    depths_in_time : tuple of float
        The depths that there was time for.
    costs : Stopwatch
        What scoring costs, until :meth:`finish`.
    """

    def __init__(self, estimators, weights, depths, combination):
        self.estimators = estimators
        names = [name for name, _ in estimators]
        self.weights = dict(zip(names, weights.sum(axis=1), strict=True))
        self.weights_at = {
            depth: dict(zip(names, column, strict=True))
            for depth, column in zip(depths, weights.T, strict=True)
        }
        self.depths = depths
        self.combination = combination

    def fit(
        self,
        X,
        seed,
        deadline,
        rejected,
        on_step,
        parallel,
        rows_later=0,
        max_rows=_TIMED_ROWS,
    ):
        """Fit the members.

        Parameters
        ----------
        X : ndarray of shape (n_reference, n_features)
            The reference.
        seed : int
            Seed of the members.
        deadline : Deadline
            When to stop.
        rejected : dict of str to str
            Reasons, by name; added to.
        on_step : callable
            Told name, number and total of the fits as they begin.
        parallel : Parallel
            Runs what members share, in threads.
        rows_later : int, default=0
            Rows that every thread must score before the deadline, too.
        max_rows : int, default=1000
            Rows to score at a time.

        Returns
        -------
        ndarray of shape (n_reference, n_columns)
            Standardised scores of the reference, high = abnormal.

        Raises
        ------
        NoDetectorLeftError
            If no member with a vote could serve.
        """
        members = split_members(self.estimators, seed, rejected)
        self._views = SharedViews(members)
        self.costs = Stopwatch()
        query = self._views.fit(X, deadline, parallel)
        timed = None
        if rows_later and deadline.seconds is not None and not deadline.expired:
            # The rows that fitted the members took another way, and a batch of a few
            # rows makes each of them look dear.
            timed = np.resize(X, (min(_TIMED_ROWS, rows_later, max_rows), X.shape[1]))
        n_depths = len({0.0, *self.depths})
        fits = LevelFits(
            members, self._views, query, deadline, self.costs, on_step, n_depths
        )
        self._fit_levels(X, fits, rejected, timed, rows_later)
        Z = self._take_columns(self.weights_at)
        for level in self._levels:
            for member in level.members.values():
                member.abnormality = None  # needed while fitting only
        self._publish()
        return Z

    def _fit_levels(self, X, fits, rejected, timed, rows_later):
        """Fit on all rows, then on ever fewer, while there is time."""
        deadline, values = fits.deadline, common_values(X)
        query = None if timed is None else self._views.query(timed, self.costs)
        started = time.monotonic()
        level = fits.fit(0.0, np.ones(len(X), dtype=bool), rejected)
        deadline.give_back(level.wasted)
        if not any(self.weights[name] for name in level.members):
            raise NoDetectorLeftError(
                "No detector can be used on this data. "
                + "; ".join(f"{name}: {why}" for name, why in rejected.items())
            )
        self._levels = [level]
        robust = {n: m for n, m in level.members.items() if m.detector._robust}
        self.depths_in_time = self.depths
        for share in filter(None, self.depths):
            # Whoever was waited for in vain is not fitted again.
            seconds = time.monotonic() - started - level.wasted
            if query is not None:
                time_level(self._levels[-1], query, len(timed), self.costs)
            if not self._time_for_level(deadline, seconds, rows_later):
                self.depths_in_time = tuple(d for d in self.depths_in_time if d < share)
                continue
            started = time.monotonic()
            # The vote so far says which rows to trust: better than any few members do.
            Z = self._take_columns()
            suspicion = combine(Z, self.combination, self.weights_of_columns)
            keep = trusted_rows(suspicion, share, X.shape[1], values)
            if not keep.all():
                # What fails on a trimmed reference only is no loss: it is fitted.
                level = fits.fit(share, keep, dict(rejected), robust)
                deadline.give_back(level.wasted)
                self._levels += [level] if level.members else []
        if self.depths[0] > 0 and len(self._levels) > 1:
            del self._levels[0]  # fitted to find whom to trust, not asked for

    def _time_for_level(self, deadline, seconds, rows_later):
        """Tell whether one more level can be fitted, and score rows in time."""
        if deadline.seconds is None:
            return True
        level = self._levels[-1]
        names = [*level.parts, *level.members]
        again = self.costs.per_row(*((level.name, name) for name in names))
        later = rows_later * (self.seconds_per_row() + again)
        return deadline.remaining > seconds + later

    @property
    def members(self):
        """The member of every column, by its name in the ensemble."""
        return [name for level in self._levels for name in level.members]

    def finish(self):
        """Forget what was needed while fitting only."""
        del self.costs

    def seconds_per_row(self, names=None):
        """Give the time that scoring a row takes.

        Parameters
        ----------
        names : collection of str, default=None
            The members that score; all if None.

        Returns
        -------
        float
            Seconds of one core, as measured last.
        """
        keys = set()
        for level in self._levels:
            for name, member in level.members.items():
                if names is None or name in names:
                    view_key, _ = shared = member.shared_key
                    keys |= {view_key, shared, (level.name, shared), (level.name, name)}
        return self.costs.per_row(*keys)

    def keep(self, names):
        """Leave out all members but some.

        Parameters
        ----------
        names : collection of str
            The members that stay; at least one.

        Returns
        -------
        ndarray of bool of shape (n_columns,)
            The columns that stay.
        """
        kept = np.array([name in names for name in self.members])
        used = set()
        for level in self._levels:
            level.members = {n: m for n, m in level.members.items() if n in names}
            shared = {m.shared_key for m in level.members.values()}
            level.parts = {k: part for k, part in level.parts.items() if k in shared}
            used |= shared
        self._levels = [level for level in self._levels if level.members]
        self._views.forget(used)
        self.weights_of_columns = self.weights_of_columns[kept]
        self._publish()
        return kept

    def scores(self, X, deadline=None, late=None, costs=None):
        """Score rows with every member.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows.
        deadline : Deadline, default=None
            Foreign members that take more than half of the time left are given up.
        late : dict of str to str, default=None
            Those, and those that fail, with the reason; added to. Their columns are
            NaN. If None, a failure is raised.
        costs : Stopwatch, default=None
            Told what it costs.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Standardised scores, high = abnormal.

        Raises
        ------
        MemberFailedError
            If a foreign member fails.
        """
        deadline = Deadline() if deadline is None else deadline
        costs = Stopwatch() if costs is None else costs
        with run_here():
            query = self._views.query(X, costs)
            return score_levels(self._levels, query, len(X), costs, deadline, late)

    def agreement(self, Z, votes):
        """Compare the ranks of members and vote.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_columns)
            Standardised scores.
        votes : ndarray of shape (n_samples,)
            The combined scores.

        Returns
        -------
        mean : float or None
            Mean rank correlation of the columns that vote; None if they are those of
            one member, which agrees with itself.
        by_member : dict of str to float
            That of every member, over its depths.
        """
        step = -(-len(Z) // _AGREEMENT_ROWS)
        correlation = rank_correlation(np.column_stack([votes, Z])[::step])[0, 1:]
        members = np.array(self.members)
        by_member = {m: float(correlation[members == m].mean()) for m in self.members}
        votes = self.weights_of_columns > 0
        several = len({*members[votes]}) > 1
        return float(correlation[votes].mean()) if several else None, by_member

    def _take_columns(self, weights_at=None):
        """Weigh the columns; return those of the reference.

        While rows to trust are looked for, a member weighs the same at every depth.
        """
        columns, weights = [], []
        for level in self._levels:
            at = (weights_at or {}).get(level.depth, self.weights)
            for name, m in level.members.items():
                columns.append(standardize(m.abnormality, m.center, m.scale))
                weights.append(at[name])
        self.weights_of_columns = np.asarray(weights)
        if weights_at and not self.weights_of_columns.any():
            return self._take_columns()  # the depths that count were not reached
        return np.column_stack(columns)

    def _publish(self):
        """Show every fitted member as what it is: views, then a detector."""
        self.depths_fitted = tuple(level.depth for level in self._levels)
        self.names, self.pipelines = [], []
        for level in self._levels:
            for name, member in level.members.items():
                steps = self._views.steps[member.shared_key[0]]
                views = [(f"view{i}" if i else "view", s) for i, s in enumerate(steps)]
                self.names.append(f"{name}{level.name}")
                self.pipelines.append(Pipeline([*views, ("detector", member.detector)]))
