"""Which detectors, for this data, and why."""

from autonomaly.selection._pool import POOL, PoolMember, build_member
from autonomaly.selection._selector import (
    AlgorithmRecommendation,
    AlgorithmSelector,
    Selection,
)

__all__ = [
    "POOL",
    "AlgorithmRecommendation",
    "AlgorithmSelector",
    "PoolMember",
    "Selection",
    "build_member",
]
