"""Rules of thumb as data, each with its reason, and what measurements say of them."""

import functools
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autonomaly.detectors import catalogue
from autonomaly.selection._knowledge import KnowledgeBase

__all__ = ["RULES", "Rule", "RuleEvidence", "check_rule", "recommended_by_rules"]

_OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, "is": operator.is_}
_N_DRAWS = 500
_FEWEST_FAMILIES = 5


@dataclass(frozen=True)
class Rule:
    """What the field recommends for data of a kind.

    Attributes
    ----------
    name : str
        What it is about.
    conditions : tuple of tuple of (str, str, object)
        Fact, comparison and value; all must hold. Facts are ``n_samples``,
        ``n_features``, ``noise_level`` and ``temporal``; one that is not known holds
        for no comparison.
    prefers : tuple of str
        Detectors by name; those that the catalogue does not have are passed over.
    combination : str
        How the field combines them. It belongs to the recommendation and is not
        followed: members here always vote.
    reason : str
        Why.
    """

    name: str
    conditions: tuple[tuple[str, str, object], ...]
    prefers: tuple[str, ...]
    combination: str
    reason: str


_FEW, _SOME, _MANY = (
    (("n_samples", "<", 1000),),
    (("n_samples", ">", 999), ("n_samples", "<=", 100_000)),
    (("n_samples", ">", 100_000),),
)
_NARROW = (("n_features", "<=", 100),)
_WIDE = (("n_features", ">", 100),)

#: The recommendation matrix of size by width, then the rules for single properties.
#: They say what the field says, so they also name detectors that the catalogue does not
#: have yet, or that you may register: autoencoder, deep_ensemble, lstm and
#: seasonal_decomposition. They are passed over as long as nobody has them.
RULES = (
    Rule(
        "few rows, few columns",
        _FEW + _NARROW,
        ("lof", "sklearn_ocsvm"),
        "voting",
        "all pairs of rows can be compared, and a boundary fits a small sample",
    ),
    Rule(
        "few rows, many columns",
        _FEW + _WIDE,
        ("pyod_pca", "lof", "forest"),
        "voting",
        "distances lose their contrast; components and random cuts do not use them",
    ),
    Rule(
        "more rows, few columns",
        _SOME + _NARROW,
        ("forest", "lof"),
        "bagging",
        "a forest costs the same whatever the rows; neighbours on parts of them do too",
    ),
    Rule(
        "more rows, many columns",
        _SOME + _WIDE,
        ("forest", "autoencoder"),
        "stacking",
        "there is enough to learn a compression, and cuts ignore idle columns",
    ),
    Rule(
        "very many rows, few columns",
        _MANY + _NARROW,
        ("forest", "knn"),
        "distributed",
        "both learn from a sample and score in parts",
    ),
    Rule(
        "very many rows, many columns",
        _MANY + _WIDE,
        ("autoencoder", "deep_ensemble"),
        "hierarchical",
        "mini-batches need no row twice in memory",
    ),
    Rule(
        "small",
        _FEW,
        ("lof", "sklearn_ocsvm"),
        "voting",
        "quadratic cost does not matter yet",
    ),
    Rule(
        "huge",
        _MANY,
        ("forest", "pyod_cblof"),
        "distributed",
        "the cost must not grow faster than the rows",
    ),
    Rule(
        "wide",
        _WIDE,
        ("autoencoder", "pyod_pca"),
        "stacking",
        "anomalies leave the few directions that the rows share",
    ),
    Rule(
        "time",
        (("temporal", "is", True),),
        ("lstm", "seasonal_decomposition"),
        "stacking",
        "what is odd depends on what came before",
    ),
    Rule(
        "noise",
        (("noise_level", ">", 0.3),),
        ("forest",),
        "voting",
        "robust scaling and random cuts are not moved by a few far values",
    ),
)

#: Where no rule speaks, and none was contradicted by measurements.
COLD_START = ("forest", "lof")


@dataclass(frozen=True)
class RuleEvidence:
    """What the knowledge base says of a rule.

    Attributes
    ----------
    n_tasks, n_families : int
        Real tasks that meet the conditions, and how many families they are of.
    advantage : float or None
        Mean over families of the AUROC of the preferred detectors, less that of the
        mean algorithm on the same data; None where nothing was measured.
    low, high : float or None
        90 % bootstrap interval over families; None for fewer than five.
    """

    n_tasks: int
    n_families: int
    advantage: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def contradicted(self) -> bool:
        """Whether the preferred detectors are worse than the mean algorithm."""
        return self.high is not None and self.high < 0

    def __str__(self) -> str:
        if self.advantage is None:
            return "not measured on such data"
        text = (
            f"measured {self.advantage:+.3f} AUROC against the mean algorithm on "
            f"{self.n_tasks} real sets"
        )
        return (
            text
            if self.low is None
            else f"{text} ({self.low:+.3f} to {self.high:+.3f})"
        )


def facts_of(profile):
    """Return the facts that rules ask for.

    Parameters
    ----------
    profile : DataProfile
        What the data is.

    Returns
    -------
    dict
        Fact to value.
    """
    return {
        "n_samples": profile.n_samples,
        "n_features": profile.n_features,
        "noise_level": profile.quality.noise_level,
        "temporal": profile.patterns.has_temporal,
    }


def applies(rule, facts):
    """Tell whether the conditions of a rule hold."""
    return all(
        facts.get(fact) is not None and _OPERATORS[comparison](facts[fact], value)
        for fact, comparison, value in rule.conditions
    )


def check_rule(rule: Rule, base: KnowledgeBase) -> RuleEvidence:
    """Compare a rule with what was measured on real sets.

    Parameters
    ----------
    rule : Rule
        The rule.
    base : KnowledgeBase
        What was measured.

    Returns
    -------
    RuleEvidence
        How the preferred detectors did where the conditions hold.

    Examples
    --------
    >>> from autonomaly.selection import RULES, KnowledgeBase, check_rule
    >>> from autonomaly.selection import MetaFeaturesExtractor
    >>> base = KnowledgeBase([{"schema": 1, "algorithms": [], "tasks": [],
    ...                        "meta_features": MetaFeaturesExtractor.feature_names()}])
    >>> str(check_rule(RULES[0], base))
    'not measured on such data'
    """
    return _evidence(rule, _ByFingerprint(base))


class _ByFingerprint:
    """A base that is looked up in a cache by what it holds."""

    def __init__(self, base):
        self.base = base

    def __hash__(self):
        return hash(self.base.fingerprint)

    def __eq__(self, other):
        return self.base.fingerprint == other.base.fingerprint


@functools.lru_cache(maxsize=64)
def _evidence(rule, key):
    base = key.base
    # Distances do not ask how the rows were trimmed; untrimmed is what rules speak of.
    plain = np.array([a.trimmed == 0 for a in base.algorithms], dtype=bool)
    preferred = np.array([a.detector in rule.prefers for a in base.algorithms], bool)
    by_family = {}
    n_tasks = 0
    for i, (n, d) in enumerate(base.sizes):
        facts = {"n_samples": n, "n_features": d}
        values = base.auroc[i]
        own, others = values[plain & preferred], values[plain]
        if base.kinds[i] != "real" or not applies(rule, facts):
            continue
        if np.isnan(own).all() or not own.size:
            continue
        n_tasks += 1
        gain = np.nanmean(own) - np.nanmean(others)
        by_family.setdefault(base.families[i], []).append(gain)
    if not by_family:
        return RuleEvidence(0, 0)
    gains = np.array([np.mean(values) for values in by_family.values()])
    if len(gains) < _FEWEST_FAMILIES:
        return RuleEvidence(n_tasks, len(gains), float(gains.mean()))
    draws = np.random.default_rng(0).choice(gains, (_N_DRAWS, len(gains)))
    low, high = np.percentile(draws.mean(axis=1), [5, 95])
    return RuleEvidence(
        n_tasks, len(gains), float(gains.mean()), float(low), float(high)
    )


def recommended_by_rules(
    facts: Mapping[str, Any], base: KnowledgeBase | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the rules recommend, and what was said about each.

    Parameters
    ----------
    facts : mapping of str to object
        What is known, see `Rule`.
    base : KnowledgeBase, default=None
        Rules that it contradicts are not followed.

    Returns
    -------
    preferred : dict of str to str
        Detector of the catalogue to the reason; those that most rules ask for come
        first. ``forest`` and ``lof`` if no rule applies and none is contradicted.
    contradicted : dict of str to str
        Name of a rule to the measured figure that speaks against it.

    Examples
    --------
    >>> from autonomaly.selection import recommended_by_rules
    >>> preferred, _ = recommended_by_rules({"n_samples": 500, "n_features": 5})
    >>> list(preferred)
    ['lof', 'sklearn_ocsvm']
    """
    known = catalogue()
    reasons: dict[str, list[str]] = {}
    contradicted: dict[str, str] = {}
    for rule in RULES:
        if not applies(rule, facts):
            continue
        said = ""
        if base is not None:
            evidence = check_rule(rule, base)
            if evidence.contradicted:
                contradicted[rule.name] = str(evidence)
                continue
            if evidence.advantage is not None:
                said = f"; {evidence}"
        for detector in rule.prefers:
            if detector in known:
                reasons.setdefault(detector, []).append(f"{rule.reason}{said}")
    order = sorted(reasons, key=lambda name: -len(reasons[name]))
    preferred = {name: reasons[name][0] for name in order}
    # What was measured to be no better must not come back as a safe start.
    if not preferred and not contradicted:
        preferred = dict.fromkeys(COLD_START, "a safe start where no rule speaks")
    return preferred, contradicted
