"""The members of an ensemble, fitted at every depth of trimming."""

import numpy as np
from scipy.stats import rankdata
from sklearn.pipeline import Pipeline

from autonomaly.ensemble._combination import combine, standardize
from autonomaly.ensemble._levels import (
    SharedViews,
    fit_level,
    score_levels,
    split_member,
)
from autonomaly.ensemble._trimming import trusted_rows
from autonomaly.exceptions import NoDetectorLeftError

__all__ = ["Committee"]

# Rank correlations with the vote are taken on this many rows, enough for two digits.
_AGREEMENT_ROWS = 1000


class Committee:
    """Fit members on ever cleaner parts of the reference, and let them all score.

    Parameters
    ----------
    estimators : list of (str, estimator) tuples
        Outlier detectors, or Pipelines that end in one.
    weights : ndarray of shape (n_estimators,)
        Their weights in the vote.
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
    level_names : list of str
        The depths that were reached.
    """

    def __init__(self, estimators, weights, depths, combination):
        self.estimators = estimators
        self.weights = {n: w for (n, _), w in zip(estimators, weights, strict=True)}
        self.depths = depths
        self.combination = combination

    def fit(self, X, seed, deadline, rejected, on_step):
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

        Returns
        -------
        ndarray of shape (n_reference, n_columns)
            Standardised scores of the reference, high = abnormal.

        Raises
        ------
        NoDetectorLeftError
            If no member with a vote could serve.
        """
        members = []
        for name, estimator in self.estimators:
            try:
                members.append(split_member(name, estimator, seed))
            except TypeError as error:  # it cannot be cloned
                rejected[name] = f"{type(error).__name__}: {error}"
        self._views = SharedViews(members)
        query = self._views.fit(X)
        total = len(members) * len({0.0, *self.depths})
        done = iter(range(1, total + 1))

        def fit(name, keep, reasons, known=()):
            return fit_level(
                name,
                members,
                self._views,
                query,
                keep,
                deadline,
                reasons,
                known,
                lambda member: on_step(f"{member}{name}", next(done), total),
            )

        level = fit("", np.ones(len(X), dtype=bool), rejected)
        if not any(self.weights[name] for name in level.members):
            raise NoDetectorLeftError(
                "No detector can serve this data. "
                + "; ".join(f"{name}: {why}" for name, why in rejected.items())
            )
        self._levels = [level]
        robust = {n: m for n, m in level.members.items() if m.detector._robust}
        for share in self.depths:
            if share == 0 or deadline.expired:
                continue
            # The vote so far says which rows to trust: better than any few members do.
            Z = self._take_columns()
            suspicion = combine(Z, self.combination, self.weights_of_columns)
            keep = trusted_rows(suspicion, share, X.shape[1])
            if not keep.all():
                # What fails on a trimmed reference only is no loss: it is fitted.
                level = fit(f"@{share:g}", keep, dict(rejected), robust)
                self._levels += [level] if level.members else []
        if self.depths[0] > 0 and len(self._levels) > 1:
            del self._levels[0]  # fitted to find whom to trust, not asked for
        Z = self._take_columns()
        self._publish({m.name: m.view_key for m in members})
        return Z

    def scores(self, X):
        """Score rows with every member.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Standardised scores, high = abnormal.
        """
        return score_levels(self._levels, self._views.query(X))

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
        mean : float
            Mean rank correlation of the columns that vote.
        by_member : dict of str to float
            That of every member, over its depths.
        """
        step = -(-len(Z) // _AGREEMENT_ROWS)
        ranks = rankdata(np.column_stack([votes, Z])[::step], axis=0)
        ranks -= ranks.mean(axis=0)
        norms = np.sqrt((ranks**2).sum(axis=0))
        norms[norms == 0] = 1.0  # constant scores agree with nothing
        correlation = ranks[:, 0] @ ranks[:, 1:] / (norms[0] * norms[1:])
        by_member = {}
        for name, value in zip(self.names, correlation, strict=True):
            by_member.setdefault(name.split("@")[0], []).append(value)
        mean = float(correlation[self.weights_of_columns > 0].mean())
        return mean, {name: float(np.mean(v)) for name, v in by_member.items()}

    def _take_columns(self):
        """Name and weigh the columns; return those of the reference."""
        columns, weights, self.names = [], [], []
        for level in self._levels:
            for name, member in level.members.items():
                columns.append(
                    standardize(member.abnormality, member.center, member.scale)
                )
                weights.append(self.weights[name])
                self.names.append(f"{name}{level.name}")
        self.weights_of_columns = np.asarray(weights)
        return np.column_stack(columns)

    def _publish(self, view_of):
        """Show every fitted member as what it is: views, then a detector."""
        self.level_names = [level.name or "all rows" for level in self._levels]
        self.pipelines = []
        for level in self._levels:
            for name, member in level.members.items():
                member.abnormality = None  # needed while fitting only
                steps = self._views.steps[view_of[name]]
                views = [(f"view{i}" if i else "view", s) for i, s in enumerate(steps)]
                self.pipelines.append(Pipeline([*views, ("detector", member.detector)]))
