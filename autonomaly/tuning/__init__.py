"""Tuning without labels: criteria, search strategies, objectives."""

from autonomaly.tuning._agreement import (
    blended_agreement_score,
    consensus_agreement_score,
    consensus_scores,
    consensus_top_score,
    stability_score,
)
from autonomaly.tuning._criteria import CRITERIA, Criterion, get_criterion
from autonomaly.tuning._injection import inject_anomalies, injection_score
from autonomaly.tuning._members import TunedMember, tune_selection
from autonomaly.tuning._objectives import (
    LABEL_FREE_OBJECTIVES,
    LABEL_OBJECTIVES,
    Objective,
    choose,
    pareto_front,
)
from autonomaly.tuning._search import OutlierSearch
from autonomaly.tuning._spaces import default_search_space
from autonomaly.tuning._strategies import STRATEGIES
from autonomaly.tuning._trials import Trial
from autonomaly.tuning._volume import excess_mass_score, mass_volume_score

__all__ = [
    "CRITERIA",
    "LABEL_FREE_OBJECTIVES",
    "LABEL_OBJECTIVES",
    "STRATEGIES",
    "Criterion",
    "Objective",
    "OutlierSearch",
    "Trial",
    "TunedMember",
    "blended_agreement_score",
    "choose",
    "consensus_agreement_score",
    "consensus_scores",
    "consensus_top_score",
    "default_search_space",
    "excess_mass_score",
    "get_criterion",
    "inject_anomalies",
    "injection_score",
    "mass_volume_score",
    "pareto_front",
    "stability_score",
    "tune_selection",
]
