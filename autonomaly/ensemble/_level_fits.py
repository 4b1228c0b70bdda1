"""The fits of the members at one depth of trimming after the other."""

import time

import numpy as np
from sklearn.base import clone

from autonomaly._utils._floats import FLOAT_ERRORS
from autonomaly._utils._quiet import quiet, quiet_if
from autonomaly.ensemble._combination import location_and_scale
from autonomaly.ensemble._levels import (
    FittedMember,
    Level,
    answers_of,
    column_suffix,
)
from autonomaly.ensemble._members import is_foreign
from autonomaly.exceptions import DetectorRejected
from autonomaly.resources import OutOfTime
from autonomaly.resources._deadline import Work

__all__ = ["LevelFits"]


class LevelFits:
    """Fit members on the trusted rows of the reference.

    Parameters
    ----------
    members : list of Member
        What to fit.
    views : SharedViews
        Fitted views.
    query : dict
        The query of all reference rows.
    deadline : Deadline
        When to stop: members that come later are rejected.
    costs : Stopwatch
        Told what scoring costs.
    on_step : callable
        Told name, number and total of the fits as they begin.
    n_depths : int
        How often members will be fitted, for the total.
    """

    def __init__(self, members, views, query, deadline, costs, on_step, n_depths):
        self.members = members
        self.views = views
        self.query = query
        self.deadline = deadline
        self.costs = costs
        self._on_step = on_step
        self._n_done, self._total = 0, len(members) * n_depths

    @np.errstate(**FLOAT_ERRORS)
    def fit(self, depth, keep, rejected, known=None):
        """Fit at one depth.

        Parameters
        ----------
        depth : float
            Share of the reference that is left out.
        keep : ndarray of bool of shape (n_reference,)
            The trusted rows.
        rejected : dict of str to str
            Reasons, by name; added to.
        known : mapping of str to FittedMember, default=None
            Members fitted already on these rows, or that need no trimmed reference.

        Returns
        -------
        Level
            With the members that could be fitted.
        """
        for m in self.members:
            if m.shared_key not in self.query and m.name not in rejected:
                why = self.views.failed.get(m.view_key)
                rejected[m.name] = why or str(self.deadline.out_of_time())
        # Our own detectors have known costs and are planned for; foreign code may hang,
        # and comes last, so that it cannot take the time of the others.
        wanted = [m for m in self.members if m.name not in rejected]
        wanted.sort(key=is_foreign)
        level = _LevelFit(self, column_suffix(depth), wanted, keep, rejected)
        n_foreign = sum(map(is_foreign, wanted))
        for member in wanted:
            n_foreign -= is_foreign(member)
            self._n_done += 1
            self._on_step(member.name + level.name, self._n_done, self._total)
            if known and member.name in known:
                level.fitted[member.name] = known[member.name]
            else:
                level.attempt(member, n_foreign)
        # What was not done in its turn went on meanwhile. It is waited for once more:
        # one that hangs has not taken the time that the others need.
        again = [m for m in wanted if m.name in level.unfinished]
        for n_after, member in zip(reversed(range(len(again))), again, strict=True):
            if not self.deadline.expired:
                level.attempt(member, n_after)
        in_order = [m.name for m in self.members if m.name in level.fitted]
        return Level(
            depth,
            level.parts,
            {name: level.fitted[name] for name in in_order},
            level.wasted(),
        )


class _LevelFit:
    """What is shared by the fits at one depth, and what has become of them."""

    def __init__(self, fits, name, wanted, keep, rejected):
        self._fits, self.name, self._keep, self._rejected = fits, name, keep, rejected
        self.parts = fits.views.restrict(keep, {m.shared_key for m in wanted})
        self._answers = answers_of(self.parts, fits.query, fits.costs, name, len(keep))
        self.fitted, self.unfinished, self._spent = {}, {}, {}

    def attempt(self, member, n_after):
        """Fit a member, or note why not; so many foreign ones come after it."""
        name, started = member.name, time.monotonic()
        try:
            # One member of ours is fitted however late it is: a result, if a poor one.
            if self.fitted or is_foreign(member):
                self._fits.deadline.check()
            self.fitted[name] = self._fit(member, n_after)
            self._rejected.pop(name, None)
        except DetectorRejected as error:
            self._rejected[name] = error.reason
        except OutOfTime as error:
            self._rejected[name] = str(error)
        except Exception as error:  # foreign code may raise anything; it is recorded
            self._rejected[name] = f"{type(error).__name__}: {error}"
        seconds = time.monotonic() - started
        self._spent[name] = self._spent.get(name, 0.0) + seconds

    def wasted(self):
        """Give the seconds that went to members that could not be fitted."""
        return sum(s for name, s in self._spent.items() if name not in self.fitted)

    def _fit(self, member, n_after):
        key, fits = member.shared_key, self._fits
        work = self.unfinished.pop(member.name, None)
        if work is None:
            work = _MemberFit(
                member,
                self.parts[key],
                self._answers[key],
                self._keep,
                fits.costs,
                self.name,
            )
        try:
            # As much is left for those that come after, and for the rest.
            scores = work.scores(fits.deadline, share=1 / (2 + n_after))
        except OutOfTime:
            self.unfinished[member.name] = work
            raise
        return work.fitted(scores, fits.views)


class _MemberFit:
    """The fit of a member to the trusted rows."""

    def __init__(self, member, part, answer, keep, costs, level):
        self.member, self.part, self.keep = member, part, keep
        self.foreign = is_foreign(member)
        with quiet_if(self.foreign):  # see split_members
            self.detector = clone(member.detector)

        def fit_and_score():
            self.detector._fit(answer, keep)
            with costs.measured((level, member.name), len(keep)):
                return self.detector._abnormality(answer)

        self._work = fit_and_score
        self._watched = Work(None, fit_and_score)

    def scores(self, deadline, share):
        """Give the abnormality of all rows, or raise OutOfTime; call it again then."""
        if not self.foreign:
            return self._work()
        with quiet():
            if deadline.seconds is None:
                return self._work()
            return self._watched.result(deadline, share)

    def fitted(self, scores, views):
        """Return the fitted member, or raise DetectorRejected."""
        if not np.isfinite(scores).all():
            n_bad = int((~np.isfinite(scores)).sum())
            raise DetectorRejected(f"{n_bad} of {len(scores)} scores are not finite")
        center, scale = location_and_scale(scores)
        if not np.isfinite([center, scale]).all():
            raise DetectorRejected(
                "its scores are too large to be compared with others"
            )
        member, detector = self.member, self.detector
        detector._attach(views.shared[member.shared_key], self.part)
        detector.n_features_in_ = views.widths[member.view_key]
        detector._set_offset(scores[self.keep])
        return FittedMember(
            member.name, member.shared_key, detector, center, scale, scores
        )
