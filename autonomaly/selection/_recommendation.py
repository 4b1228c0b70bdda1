"""What is recommended, and why, in words."""

from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from autonomaly.detectors import detector_spec
from autonomaly.selection._costs import KnowledgeCosts
from autonomaly.selection._metafeatures import as_meta_features
from autonomaly.selection._pool import PoolMember
from autonomaly.selection._ranking import rank_members
from autonomaly.selection._reasons import explain_data, explain_similar, influences
from autonomaly.selection._rules import facts_of, recommended_by_rules
from autonomaly.selection._transfer import TransferLearner

__all__ = ["AlgorithmRecommendation", "Selection", "own_confidence", "recommend"]


@dataclass(frozen=True)
class AlgorithmRecommendation:
    """A detector recommended for the data, with the reason.

    Attributes
    ----------
    algorithm : str
        Name of the member in the ensemble.
    detector : str
        Name of the detector in the catalogue.
    view : str
        The picture of the data it works on.
    confidence : float or None
        In [0, 1]: the chance that it is better than the typical algorithm on data
        like this; for a detector of the user's, what it says of itself. None where
        the static pool serves, which asks for no measurements.
    reasoning : str
        Why it was chosen.
    expected_performance : float or None
        AUROC expected on data like this; None where the static pool serves.
    hyperparameters : dict
        What differs from the detector's defaults.
    computational_complexity : str
        Growth of the fit time in n rows and d columns.
    memory_requirements : str
        ``"low"``, ``"medium"`` or ``"high"``.
    expected_interval : tuple of (float, float) or None
        Holds for 90 % of the results on families of data that were left out.
    estimated_seconds : float or None
        Time of a first fit and of scoring its rows, on one core. The knowledge base was
        measured on one, busy machine: by default this tells which member is slower, and
        about by what factor, not the time that it takes here.
    estimated_bytes : float or None
        Working memory, where costs are given.
    """

    algorithm: str
    detector: str
    view: str
    confidence: float | None
    reasoning: str
    expected_performance: float | None = None
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    computational_complexity: str = "unknown"
    memory_requirements: str = "medium"
    expected_interval: tuple[float, float] | None = None
    estimated_seconds: float | None = None
    estimated_bytes: float | None = None


@dataclass(frozen=True)
class Selection:
    """What the selector chose.

    Attributes
    ----------
    recommendations : list of AlgorithmRecommendation
        The members, most telling first.
    members : list of PoolMember
        The same members, as they are built.
    refused : dict of str to str
        What was not chosen, with the reason.
    contradicted_rules : dict of str to str
        Rules of thumb that were not followed, with the measured figure.
    """

    recommendations: list[AlgorithmRecommendation]
    members: list[PoolMember]
    refused: dict[str, str]
    contradicted_rules: dict[str, str] = field(default_factory=dict)


def recommend(
    learner,
    profile,
    meta,
    candidates,
    refused,
    *,
    size,
    priorities,
    preferred,
    max_candidates,
    costs,
):
    """Rank candidates and say why.

    Parameters
    ----------
    learner : MetaLearner
        Predicts.
    profile : DataProfile
        What the data is, for rules and for detectors of users.
    meta : MetaFeatures or DataProfile
        What the data is, for the learner.
    candidates : list of (PoolMember, list of MeasuredAlgorithm)
        What may serve.
    refused : dict of str to str
        What may not; those ranked too low are added.
    size : tuple of (int, int)
        Rows and columns that members are fitted on.
    priorities : dict of str to float
        Weights with sum 1.
    preferred : set of str
        What comes first.
    max_candidates : int
        How many are recommended.
    costs : callable or None
        See :meth:`AlgorithmSelector.select`.

    Returns
    -------
    Selection
        The best and most different.
    """
    base, meta = learner.base_, as_meta_features(meta)
    favoured, contradicted = recommended_by_rules(facts_of(profile), base)
    own = {}
    for member, _ in candidates:
        spec = detector_spec(member.detector)
        if spec.origin == "user":
            own[spec.name] = own_confidence(spec, profile)
    ranked = rank_members(
        learner,
        meta,
        candidates,
        priorities=priorities,
        cost=_cost_of(KnowledgeCosts(base) if costs is None else costs, size),
        favoured=set(favoured),
        preferred=preferred,
        confidences={k: c for k, (c, _) in own.items() if c is not None},
    )
    variants = {member.name: own_variants for member, own_variants in candidates}
    similar = TransferLearner(base).find_similar_datasets(meta)
    recommendations = []
    best = ranked[:max_candidates]
    measured = {
        item.member.name: variants[item.member.name][0] for item in best if item.known
    }
    moved = dict(
        zip(measured, influences(learner, meta, list(measured.values())), strict=True)
    )
    for item in best:
        name = item.member.name
        parts = _reasons(
            learner, item, measured.get(name), moved.get(name), similar, own
        )
        detector = item.member.detector
        if detector in favoured:
            parts.append(f"rule of thumb: {favoured[detector]}")
        if item.member.name in preferred or detector in preferred:
            parts.append("preferred by the user")
        failed = own.get(detector, (None, ""))[1]
        recommendations.append(_recommendation(item, "; ".join(parts) + failed))
    for item in ranked[max_candidates:]:
        refused[item.member.name] = (
            f"max_candidates={max_candidates}: expected AUROC {item.expected:.2f}, "
            f"ranked below those kept by {_words(priorities)} and diversity"
        )
    members = [item.member for item in best]
    return Selection(recommendations, members, refused, contradicted)


def _cost_of(costs, size):
    def cost(member):
        figures = costs(member, *size)
        pair = figures if isinstance(figures, tuple) else (figures, None)
        if len(pair) != 2 or not all(_is_cost(figure) for figure in pair):
            raise ValueError(
                f"costs must return seconds or (seconds, bytes), numbers of at least 0 "
                f"or None if unknown, got {figures!r} for {member.name!r}."
            )
        return pair

    return cost


def _is_cost(figure):
    return figure is None or (isinstance(figure, Real) and 0 <= figure < np.inf)


def _reasons(learner, item, algorithm, moved, similar, own):
    spec = detector_spec(item.member.detector)
    parts = [f"finds {spec.description} ({spec.family})"]
    if item.known:
        parts.append(
            f"expected AUROC {item.expected:.2f}, {item.advantage:+.3f} against the "
            f"mean algorithm on such data"
        )
        if why := explain_data(moved):
            parts.append(f"for it: {why}")
        if why := explain_similar(learner.base_, similar, algorithm):
            parts.append(why)
    else:
        n_tasks = learner.n_tasks(spec.name)
        rarely = f"measured on only {n_tasks} tasks" if n_tasks else "never measured"
        like = "about what" if n_tasks else "what"
        parts.append(f"{rarely}: expected to reach {like} the mean algorithm reaches")
    sure, _ = own.get(spec.name, (None, ""))
    if sure is not None:
        parts.append(f"its own confidence: {100 * sure:.0f} %")
    if item.seconds is not None:
        parts.append(f"about {item.seconds:.2g} s on one core")
    return parts


def _words(priorities):
    named = sorted(priorities.items(), key=lambda item: -item[1])
    return ", ".join(
        f"{name} ({100 * weight:.0f} %)" for name, weight in named if weight > 0
    )


def _recommendation(item, reasoning):
    spec = detector_spec(item.member.detector)
    return AlgorithmRecommendation(
        algorithm=item.member.name,
        detector=spec.name,
        view=item.member.view,
        confidence=item.confidence,
        reasoning=reasoning,
        expected_performance=item.expected,
        hyperparameters=dict(item.member.parameters),
        computational_complexity=spec.complexity,
        memory_requirements=spec.memory_usage,
        expected_interval=(item.low, item.high),
        estimated_seconds=item.seconds,
        estimated_bytes=item.n_bytes,
    )


def own_confidence(spec, profile):
    """Ask a detector what it says of itself.

    Parameters
    ----------
    spec : DetectorSpec
        The entry of the catalogue.
    profile : DataProfile
        What the data is.

    Returns
    -------
    confidence : float or None
        In [0, 1]; None where it says nothing.
    failed : str
        What went wrong, to be written behind the reason.
    """
    if spec.confidence is None:
        return None, ""
    try:
        said = spec.confidence(profile)
        if said is not None and not 0 <= float(said) <= 1:
            raise ValueError(f"{said!r} is not in [0, 1]")
        return None if said is None else float(said), ""
    except Exception as error:  # the user's code; it is written down
        return None, f" (its confidence failed: {type(error).__name__}: {error})"
