"""Which detectors, for this data, and why."""

from autonomaly.selection._knowledge import KnowledgeBase, MeasuredAlgorithm
from autonomaly.selection._metafeature_table import META_FEATURES, MetaFeature
from autonomaly.selection._metafeatures import MetaFeatures, MetaFeaturesExtractor
from autonomaly.selection._pool import POOL, PoolMember, build_member
from autonomaly.selection._selector import (
    AlgorithmRecommendation,
    AlgorithmSelector,
    Selection,
)

__all__ = [
    "META_FEATURES",
    "POOL",
    "AlgorithmRecommendation",
    "AlgorithmSelector",
    "KnowledgeBase",
    "MeasuredAlgorithm",
    "MetaFeature",
    "MetaFeatures",
    "MetaFeaturesExtractor",
    "PoolMember",
    "Selection",
    "build_member",
]
