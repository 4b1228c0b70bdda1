"""Members ranked by what is expected of them, what they cost and how they differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

import numpy as np

from autonomaly._utils._words import unknown_name_message
from autonomaly.detectors import catalogue, detector_spec
from autonomaly.selection._knowledge import measured
from autonomaly.selection._pool import PoolMember

__all__ = [
    "RankedMember",
    "check_families",
    "members_of",
    "parse_priorities",
    "rank_members",
]

PRIORITIES = ("accuracy", "speed", "interpretability", "memory")
_LEVELS = {"low": 0.25, "medium": 0.5, "high": 1.0}
# How directly a score can be traced to columns and values, by family: single values;
# one column against the others; distances to rows that can be shown; directions that
# mix columns; boundaries and cuts that cannot be shown.
_TRACEABLE = {
    "marginal": 1.0,
    "dependency": 0.8,
    "distance": 0.6,
    "density": 0.6,
    "covariance": 0.4,
    "depth": 0.4,
    "reconstruction": 0.4,
    "isolation": 0.2,
    "boundary": 0.0,
}
_MEMORY = {"low": 0.0, "medium": 0.5, "high": 1.0}
_PERFORMANCE_WEIGHT, _DIVERSITY_WEIGHT = 0.7, 0.3
# Rules break ties: what they prefer gains less than measurements can tell apart.
_TIE = 0.02


@dataclass(frozen=True)
class RankedMember:
    """A member with all that is known about it.

    Attributes
    ----------
    member : PoolMember
        The member.
    expected, low, high : float
        AUROC, and the bounds of its 90 % interval.
    advantage : float
        Expected AUROC less that of the mean algorithm.
    confidence : float
        In [0, 1].
    seconds : float or None
        Estimated.
    n_bytes : float or None
        Estimated.
    score : float
        What it was ranked by, in units of the range among candidates.
    known : bool
        Whether the detector was measured on enough tasks to be learnt by name.
    """

    member: PoolMember
    expected: float
    low: float
    high: float
    advantage: float
    confidence: float
    seconds: float | None
    n_bytes: float | None
    score: float
    known: bool


def parse_priorities(priorities):
    """Read what matters to the user.

    Parameters
    ----------
    priorities : mapping of str to float or {"low", "medium", "high"}, or None
        Weights of ``"accuracy"``, ``"speed"``, ``"interpretability"`` and
        ``"memory"``; what is not named does not matter.

    Returns
    -------
    dict of str to float
        Weights with sum 1; accuracy alone for None.

    Raises
    ------
    ValueError
        If a name or a weight cannot be used.
    """
    if priorities is None:
        return {"accuracy": 1.0}
    if not isinstance(priorities, Mapping):
        raise ValueError(
            "priorities must be a dict such as {'accuracy': 0.6, 'speed': 0.4}, got "
            f"{priorities!r}."
        )
    weights = {}
    for name, weight in priorities.items():
        if name not in PRIORITIES:
            raise ValueError(unknown_name_message("priority", name, PRIORITIES))
        if isinstance(weight, str):
            if weight not in _LEVELS:
                raise ValueError(unknown_name_message("weight", weight, _LEVELS))
            weight = _LEVELS[weight]
        if not isinstance(weight, Real) or not 0 <= weight < np.inf:
            raise ValueError(
                f"The priority {name!r} must be a number of at least 0, or 'low', "
                f"'medium' or 'high', got {weight!r}."
            )
        weights[name] = float(weight)
    total = sum(weights.values())
    if not total > 0:
        raise ValueError(
            "At least one priority must be greater than 0, got "
            f"priorities={dict(priorities)!r}."
        )
    return {name: weight / total for name, weight in weights.items()}


def check_families(families):
    """Check the names of families.

    Parameters
    ----------
    families : list of str or None
        What the user named.

    Raises
    ------
    ValueError
        If there is no such family.
    """
    known = {spec.family for spec in catalogue().values()}
    for family in families or ():
        if family not in known:
            raise ValueError(unknown_name_message("family", family, known))


def members_of(base):
    """Return the members that a knowledge base knows, and how they were trimmed.

    Parameters
    ----------
    base : KnowledgeBase
        What was measured.

    Returns
    -------
    dict of PoolMember name to (PoolMember, list of MeasuredAlgorithm)
        Member, and its variants by trimming.
    """
    grouped = {}
    for algorithm in base.algorithms:
        grouped.setdefault(algorithm.identity[:3], []).append(algorithm)
    out = {}
    for variants in grouped.values():
        variants.sort(key=lambda a: a.trimmed)
        first = variants[0]
        name = first.name.split("@")[0]
        member = PoolMember(name, first.detector, first.view, dict(first.parameters))
        out[name] = member, variants
    return out


def rank_members(
    learner, meta, members, *, priorities, cost, favoured, preferred, confidences
):
    """Rank members, the best and most different first.

    Parameters
    ----------
    learner : MetaLearner
        Predicts.
    meta : MetaFeatures
        What the data is.
    members : list of (PoolMember, list of MeasuredAlgorithm)
        Candidates; the list is empty for those that were never measured.
    priorities : dict of str to float
        Weights with sum 1.
    cost : callable
        Called with a member, returns seconds and bytes, each of which may be None.
    favoured : set of str
        Detectors that rules prefer.
    preferred : set of str
        Members or detectors that the user wants to come first.
    confidences : dict of str to float
        What detectors of users say of themselves.

    Returns
    -------
    list of RankedMember
        In the order of choice.
    """
    if not members:
        return []
    figures = _predict(learner, meta, members, confidences)
    costs = [cost(member) for member, _ in members]
    score = sum(
        weight * _SCORES[name](members, figures, costs)
        for name, weight in priorities.items()
    )
    score = score + _TIE * np.array([m.detector in favoured for m, _ in members])
    first = [m.name in preferred or m.detector in preferred for m, _ in members]
    order = _diverse_order(score, first, _alikeness(learner.base_, members))
    return [
        RankedMember(
            member=members[i][0],
            expected=float(figures["expected"][i]),
            low=float(figures["low"][i]),
            high=float(figures["high"][i]),
            advantage=float(figures["advantage"][i]),
            confidence=float(figures["confidence"][i]),
            seconds=costs[i][0],
            n_bytes=costs[i][1],
            score=float(score[i]),
            known=bool(figures["known"][i]),
        )
        for i in order
    ]


def _predict(learner, meta, members, confidences):
    """Predict for every member: the mean over the ways it was trimmed."""
    variants = [own or [measured(member)] for member, own in members]
    flat = [algorithm for own in variants for algorithm in own]
    predicted = learner.predict(meta, flat)
    starts = np.cumsum([0] + [len(own) for own in variants[:-1]])
    counts = np.array([len(own) for own in variants])

    def mean(values):
        return np.add.reduceat(np.asarray(values, dtype=float), starts) / counts

    figures = {
        "expected": mean(predicted.expected["auroc"]),
        "low": mean(predicted.low["auroc"]),
        "high": mean(predicted.high["auroc"]),
        "advantage": mean(predicted.advantage),
        "confidence": mean(predicted.confidence),
        "known": mean(predicted.known) > 0.5,
    }
    others = figures["advantage"][figures["known"]]
    for i, (member, _) in enumerate(members):
        if member.detector in confidences:
            figures["confidence"][i] = confidences[member.detector]
            if not figures["known"][i] and others.size:
                # Its own word is all there is: as good as that share of the others.
                figures["advantage"][i] = np.quantile(
                    others, np.clip(confidences[member.detector], 0, 1)
                )
    return figures


def _range_share(values):
    """Scale to [0, 1]; what is not known is in the middle."""
    values = np.array([np.nan if v is None else v for v in values], dtype=float)
    known = ~np.isnan(values)
    if not known.any() or np.ptp(values[known]) == 0:
        return np.full(len(values), 0.5)
    share = (values - values[known].min()) / np.ptp(values[known])
    return np.where(known, share, 0.5)


def _logs(values):
    return [None if v is None else np.log(max(v, 1e-6)) for v in values]


def _memory(members, figures, costs):
    if any(n_bytes is not None for _, n_bytes in costs):
        return 1 - _range_share(_logs([n_bytes for _, n_bytes in costs]))
    usage = [detector_spec(m.detector).memory_usage for m, _ in members]
    return 1 - np.array([_MEMORY.get(level, 0.5) for level in usage])


_SCORES = {
    "accuracy": lambda members, figures, costs: _range_share(figures["advantage"]),
    "speed": lambda members, figures, costs: (
        1 - _range_share(_logs([seconds for seconds, _ in costs]))
    ),
    "interpretability": lambda members, figures, costs: np.array(
        [_TRACEABLE.get(detector_spec(m.detector).family, 0.0) for m, _ in members]
    ),
    "memory": _memory,
}


def _alikeness(base, members):
    """How alike members are: the correlation of what they add, over tasks."""
    place = {a.identity: j for j, a in enumerate(base.algorithms)}
    added = base.auroc - _row_means(base.auroc)
    columns = []
    for _, own in members:
        js = [place[a.identity] for a in own if a.identity in place]
        values = _row_means(added[:, js].reshape(len(added), -1))[:, 0]
        columns.append(np.nan_to_num(values) if js else np.zeros(len(added)))
    values = np.array(columns)
    values = values - values.mean(axis=1, keepdims=True) if values.size else values
    norm = np.sqrt((values**2).sum(axis=1))
    values = values / np.where(norm > 0, norm, 1.0)[:, None]
    alike = np.clip(values @ values.T, 0.0, 1.0)
    # Those that were not measured: alike if their idea of an anomaly is the same.
    families = [detector_spec(m.detector).family for m, _ in members]
    for i in np.flatnonzero(norm == 0):
        same = np.array([0.5 * (families[i] == family) for family in families])
        alike[i], alike[:, i] = same, same
    return alike


def _row_means(values):
    """Mean of the entries of each row that are there, as a column."""
    there = ~np.isnan(values)
    total = np.where(there, values, 0.0).sum(axis=1, keepdims=True)
    return total / np.maximum(there.sum(axis=1, keepdims=True), 1)


def _diverse_order(score, first, alike):
    """Take the best next one each time: by its score, and by what is new about it."""
    order, left = [], list(range(len(score)))
    nearest = np.zeros(len(score))
    while left:
        value = _PERFORMANCE_WEIGHT * score + _DIVERSITY_WEIGHT * (1 - nearest)
        best = max(left, key=lambda i: (first[i], round(value[i], 9), -i))
        left.remove(best)
        order.append(best)
        nearest = np.maximum(nearest, alike[best])
    return order
