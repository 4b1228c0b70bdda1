"""Which detectors, for this data, and why."""

from autonomaly.selection._costs import KnowledgeCosts
from autonomaly.selection._knowledge import KnowledgeBase, MeasuredAlgorithm
from autonomaly.selection._learner import (
    MetaLearner,
    PerformancePrediction,
    Predictions,
)
from autonomaly.selection._metafeature_table import META_FEATURES, MetaFeature
from autonomaly.selection._metafeatures import MetaFeatures, MetaFeaturesExtractor
from autonomaly.selection._pool import POOL, PoolMember, build_member
from autonomaly.selection._recommendation import AlgorithmRecommendation, Selection
from autonomaly.selection._rules import (
    RULES,
    Rule,
    RuleEvidence,
    check_rule,
    recommended_by_rules,
)
from autonomaly.selection._selector import AlgorithmSelector
from autonomaly.selection._transfer import SimilarDataset, TransferLearner

__all__ = [
    "META_FEATURES",
    "POOL",
    "RULES",
    "AlgorithmRecommendation",
    "AlgorithmSelector",
    "KnowledgeBase",
    "KnowledgeCosts",
    "MeasuredAlgorithm",
    "MetaFeature",
    "MetaFeatures",
    "MetaFeaturesExtractor",
    "MetaLearner",
    "PerformancePrediction",
    "PoolMember",
    "Predictions",
    "Rule",
    "RuleEvidence",
    "Selection",
    "SimilarDataset",
    "TransferLearner",
    "build_member",
    "check_rule",
    "recommended_by_rules",
]
