"""Members fitted once per trimming level, and scored in one pass."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone

from autonomaly._utils._quiet import quiet, quiet_if
from autonomaly.detectors import BaseDetector
from autonomaly.ensemble._combination import location_and_scale, standardize
from autonomaly.ensemble._members import OVERFLOW, is_foreign
from autonomaly.exceptions import DetectorRejected, MemberFailedError
from autonomaly.resources import OutOfTime, run_within
from autonomaly.resources._deadline import Work

__all__ = [
    "FittedMember",
    "Level",
    "column_suffix",
    "fit_level",
    "score_levels",
    "time_level",
]


@dataclass
class FittedMember:
    """A member fitted on the rows that its level trusts."""

    name: str
    shared_key: tuple[str, Any]
    detector: BaseDetector
    center: float
    scale: float
    # The reference rows' scores, needed while fitting only.
    abnormality: np.ndarray | None = field(repr=False, default=None)


@dataclass
class Level:
    """The members fitted on one trusted part of the reference.

    Attributes
    ----------
    depth : float
        Share of the reference that was to be left out.
    parts : dict
        The trusted part of every shared computation.
    members : dict of str to FittedMember
        By name.
    wasted : float
        Seconds that went to members that could not be fitted.
    """

    depth: float
    parts: dict[tuple[str, Any], Any]
    members: dict[str, FittedMember]
    wasted: float = 0.0

    @property
    def name(self):
        """What the names of members fitted here end in."""
        return column_suffix(self.depth)


def column_suffix(depth):
    """Return what tells a member fitted at this depth of trimming from the others."""
    return f"@{depth:g}" if depth else ""


def fit_level(
    depth,
    members,
    views,
    query,
    keep,
    deadline,
    costs,
    rejected,
    known=(),
    on_step=None,
):
    """Fit members on the trusted rows of the reference.

    Parameters
    ----------
    depth : float
        Share of the reference that is left out.
    members : list of Member
        What to fit.
    views : SharedViews
        Fitted views.
    query : dict
        The query of all reference rows.
    keep : ndarray of bool of shape (n_reference,)
        The trusted rows.
    deadline : Deadline
        When to stop: members that come later are rejected.
    costs : Costs
        Told what scoring costs.
    rejected : dict of str to str
        Reasons, by name; added to.
    known : mapping of str to FittedMember, default=()
        Members fitted already on these rows, or that need no trimmed reference.
    on_step : callable, default=None
        Told the name of every member whose turn it is.

    Returns
    -------
    Level
        With the members that could be fitted.
    """
    known = dict(known)
    for m in members:
        if m.shared_key not in query and m.name not in rejected:
            why = views.failed.get(m.view_key)
            rejected[m.name] = why or str(deadline.out_of_time())
    level = column_suffix(depth)
    wanted = [m for m in members if m.name not in rejected]
    parts = views.restrict(keep, {m.shared_key for m in wanted})
    answers = _answers(parts, query, costs, level, len(keep))
    # Our own detectors have known costs and are planned for; foreign code may hang, and
    # comes last, so that it cannot take the time of the others.
    wanted.sort(key=is_foreign)
    n_foreign = sum(map(is_foreign, wanted))
    fitted, unfinished, spent = {}, {}, {}

    def fit(member):
        key = member.shared_key
        share = 1 / (2 + n_foreign)  # as much is left for those later, and for the rest
        work = unfinished.pop(member.name, None)
        if work is None:
            work = _Fitting(member, parts[key], answers[key], keep, costs, level)
        try:
            scores = work.scores(deadline, share)
        except OutOfTime:
            unfinished[member.name] = work
            raise
        return work.fitted(scores, views)

    def attempt(member):
        started = time.monotonic()
        try:
            # One member of ours is fitted however late it is: a result, if a poor one.
            if fitted or is_foreign(member):
                deadline.check()
            fitted[member.name] = fit(member)
            rejected.pop(member.name, None)
        except DetectorRejected as error:
            rejected[member.name] = error.reason
        except OutOfTime as error:
            rejected[member.name] = str(error)
        except Exception as error:  # foreign code may raise anything; it is recorded
            rejected[member.name] = f"{type(error).__name__}: {error}"
        seconds = time.monotonic() - started
        spent[member.name] = spent.get(member.name, 0.0) + seconds

    for member in wanted:
        n_foreign -= is_foreign(member)
        if on_step is not None:
            on_step(member.name)
        if member.name in known:
            fitted[member.name] = known[member.name]
        else:
            attempt(member)
    # What was not done in its turn went on meanwhile. It is waited for once more: one
    # that hangs has not taken the time that the others need.
    again = [m for m in wanted if m.name in unfinished]
    n_foreign = len(again)
    for member in again:
        n_foreign -= 1
        if not deadline.expired:
            attempt(member)
    in_order = {m.name: fitted[m.name] for m in members if m.name in fitted}
    wasted = sum(seconds for name, seconds in spent.items() if name not in fitted)
    return Level(depth, parts, in_order, wasted)


def _answers(parts, query, costs, level, n_rows):
    """Answer a query with every part of a level."""
    answers = {}
    for key, part in parts.items():
        with costs.measured((level, key), n_rows):
            answers[key] = part.answer(query[key])
    return answers


class _Fitting:
    """The fit of a member to the trusted rows."""

    def __init__(self, member, part, answer, keep, costs, level):
        self.member, self.part, self.keep = member, part, keep
        self.foreign = is_foreign(member)
        with quiet_if(self.foreign):  # see split_member
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
            with np.errstate(**OVERFLOW):
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
        with np.errstate(**OVERFLOW):
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


@np.errstate(**OVERFLOW)
def score_levels(levels, query, n_rows, costs, deadline, late):
    """Score a batch with every member of every level.

    Parameters
    ----------
    levels : list of Level
        Fitted levels.
    query : dict
        The query of the batch, see :meth:`SharedViews.query`.
    n_rows : int
        Rows of the batch.
    costs : Costs
        Told what is spent.
    deadline : Deadline
        Foreign detectors may take half of the time left, once.
    late : dict of str to str
        Members that took longer or failed, with the reason; added to. Their columns
        are NaN. None if a failure is to be raised.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
        Standardised scores, high = abnormal; one column per member and level, in the
        order of the levels and their members.
    """
    columns, known = [], {}
    for level in levels:
        answers = _answers(level.parts, query, costs, level.name, n_rows)
        for member in level.members.values():
            # A member that needs no trimmed reference is one object on every level.
            if id(member) not in known:
                with costs.measured((level.name, member.name), n_rows):
                    known[id(member)] = _score_member(
                        member, answers[member.shared_key], deadline, late
                    )
            columns.append(known[id(member)])
    return np.column_stack(columns)


@np.errstate(**OVERFLOW)
def time_level(level, query, n_rows, costs):
    """Measure what scoring a batch with our own members of a level costs.

    Parameters
    ----------
    level : Level
        Fitted level.
    query : dict
        The query of the batch, see :meth:`SharedViews.query`.
    n_rows : int
        Rows of the batch.
    costs : Costs
        Told what is spent.
    """
    answers = _answers(level.parts, query, costs, level.name, n_rows)
    for member in level.members.values():
        if not is_foreign(member):
            with costs.measured((level.name, member.name), n_rows):
                member.detector._bounded(answers[member.shared_key])


def _score_member(member, answer, deadline, late):
    def score():
        return member.detector._bounded(answer)

    foreign = is_foreign(member)
    nothing = np.full(len(answer), np.nan) if foreign else None
    if late and member.name in late:
        return nothing
    try:
        scores = run_within(deadline, None, score, watch=foreign, share=0.5)
    except OutOfTime as error:
        late[member.name] = str(error)
        return nothing
    except Exception as error:  # foreign code may raise anything
        if not foreign:
            raise
        reason = f"{type(error).__name__}: {error}"
        if late is None:
            raise MemberFailedError(member.name, reason) from error
        late[member.name] = reason
        return nothing
    return standardize(scores, member.center, member.scale)
