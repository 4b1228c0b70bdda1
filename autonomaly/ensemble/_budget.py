"""What an ensemble gives up where time is short or members fail."""

import numpy as np

from autonomaly._utils._quiet import quiet_if
from autonomaly._utils._threads import one_blas_thread
from autonomaly._utils._warn import warn_user
from autonomaly._utils._words import count, enumerated
from autonomaly.ensemble._held_out import FEWEST_HELD_OUT
from autonomaly.ensemble._score_in_time import score_in_time
from autonomaly.exceptions import (
    BudgetWarning,
    MemberFailedError,
    NoDetectorLeftError,
)
from autonomaly.resources import chunk_rows, parallel_threads, parse_memory

__all__ = ["BudgetMixin", "what_time_cost"]

# A budget of which less than this share is left is spent.
_NOTHING = 0.05


class BudgetMixin:
    """Scores in time, goes on without members that fail, and says what is undone."""

    def _score_in_time(self, X, Z, rest, every, deadline):
        """Score rows, and give up the members that there is no time for.

        Returns the standardised scores of the reference and the votes on the rows.
        """

        def give_up(names, reason):
            nonlocal Z
            columns = self._give_up(names, reason)
            Z = Z[:, columns]
            return columns

        foreign = self._has_foreign_members()
        parallel = parallel_threads(self.n_jobs, automatic=not foreign)
        with one_blas_thread(), quiet_if(foreign):
            scores = score_in_time(
                self._committee,
                X,
                rest,
                deadline,
                every=every,
                max_rows=self._chunk_rows(len(rest), X.shape[1]),
                parallel=parallel,
                give_up=give_up,
                on_step=self._watcher().step,
            )
            # A few rows more than there is time for, rather than no p-values.
            few = rest[len(scores) : FEWEST_HELD_OUT]
            if len(few):
                failed = {}
                more = self._committee.scores(X[few], late=failed)
                scores = np.concatenate([scores, more])
                for name, reason in failed.items():
                    scores = scores[:, give_up([name], reason)]
        if len(self._committee.names) < len(self.estimators_):
            self._take_members(Z)
        return Z, self._vote(scores)

    def _chunk_rows(self, n_rows, n_features):
        return chunk_rows(n_rows, n_features, parse_memory(self.memory_limit))

    def _give_up(self, names, reason):
        """Leave out members; return the mask of the columns that stay."""
        left = {*self._committee.members} - {*names}
        if not any(self._committee.weights[name] for name in left):
            raise NoDetectorLeftError(f"No detector is left: {reason}")
        self.rejected_.update(dict.fromkeys(names, reason))
        return self._committee.keep(left)

    def _survived(self, Z, score):
        """Score rows, without the members that fail at it.

        Parameters
        ----------
        Z : ndarray of shape (n_reference, n_columns)
            Standardised scores of the reference.
        score : callable
            Takes nothing.

        Returns
        -------
        Z : ndarray of shape (n_reference, n_columns_left)
            Those of the members that are left.
        scores : object
            What ``score`` returns.
        """
        while True:
            try:
                return Z, score()
            except MemberFailedError as failure:
                Z = Z[:, self._give_up([failure.name], failure.reason)]
                self._take_members(Z)

    def _warn_of_the_undone(self):
        # Whoever follows the steps knows the whole budget, and tells.
        if self.undone_ and not hasattr(self, "_progress"):
            what = what_time_cost(self.time_budget, self.undone_)
            warn_user(what, BudgetWarning)

    def _what_is_undone(self, deadline):
        """Say what there was no time for."""
        self._spent = deadline.remaining < _NOTHING * (deadline.seconds or 0)
        if deadline.seconds is None:
            return []
        # In words that nobody else has: errors of members may speak of budgets, too.
        ours = f"the time budget of {deadline.budget:g} s"
        late = [name for name, why in self.rejected_.items() if ours in why]
        wanted = len({0.0, *self._depths})
        skipped = len(self._depths) - len(self._committee.depths_in_time)
        judged, calibrated = self.n_scored_, self.reference_size_ - self._n_uncalibrated
        undone = [
            (
                late,
                f"left out {len(late)} of {count(len(self.estimators), 'member')} "
                f"({', '.join(late)})",
            ),
            (skipped, f"reached {wanted - skipped} of {wanted} trimming depths"),
            (
                self._n_unscored,
                f"set the threshold on {judged} instead of "
                f"{judged + self._n_unscored} rows",
            ),
            (
                self.calibrate and self.calibration_ is None,
                "did not calibrate p-values",
            ),
            (
                self._n_uncalibrated,
                f"calibrated p-values on {calibrated} instead of "
                f"{self.reference_size_} rows",
            ),
        ]
        return [text for true, text in undone if true]


def what_time_cost(budget, undone):
    """Say what a time budget left undone.

    Parameters
    ----------
    budget : float
        Seconds.
    undone : list of str
        What the fit did instead, see ``undone_``.

    Returns
    -------
    str
        For a warning.
    """
    return (
        f"time_budget={budget:g} s was too short for a full fit. This one "
        f"{enumerated(undone)}. Results are usable but less accurate; a larger "
        f"time_budget helps."
    )
