"""Many detectors, one score: trimming, combination, threshold."""

from autonomaly.ensemble._builder import (
    EnsemblePlan,
    IntelligentEnsembleBuilder,
    pairwise_agreement,
)
from autonomaly.ensemble._voting import VotingOutlierEnsemble

__all__ = [
    "EnsemblePlan",
    "IntelligentEnsembleBuilder",
    "VotingOutlierEnsemble",
    "pairwise_agreement",
]
