"""Many detectors, one score: trimming, combination, threshold."""

from autonomaly.ensemble._voting import VotingOutlierEnsemble

__all__ = ["VotingOutlierEnsemble"]
