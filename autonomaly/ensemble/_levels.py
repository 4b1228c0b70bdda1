"""Members fitted once per trimming level, scored in one pass."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autonomaly._utils._floats import FLOAT_ERRORS
from autonomaly.detectors import BaseDetector
from autonomaly.ensemble._combination import standardize
from autonomaly.ensemble._members import is_foreign
from autonomaly.exceptions import MemberFailedError
from autonomaly.resources import OutOfTime, run_within

__all__ = [
    "FittedMember",
    "Level",
    "answers_of",
    "column_suffix",
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


def answers_of(parts, query, costs, level, n_rows):
    """Answer a query with every part of a level."""
    answers = {}
    for key, part in parts.items():
        with costs.measured((level, key), n_rows):
            answers[key] = part.answer(query[key])
    return answers


@np.errstate(**FLOAT_ERRORS)
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
    costs : Stopwatch
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
        answers = answers_of(level.parts, query, costs, level.name, n_rows)
        for member in level.members.values():
            # A member that needs no trimmed reference is one object on every level.
            if id(member) not in known:
                with costs.measured((level.name, member.name), n_rows):
                    known[id(member)] = _score_member(
                        member, answers[member.shared_key], deadline, late
                    )
            columns.append(known[id(member)])
    return np.column_stack(columns)


@np.errstate(**FLOAT_ERRORS)
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
    costs : Stopwatch
        Told what is spent.
    """
    answers = answers_of(level.parts, query, costs, level.name, n_rows)
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
