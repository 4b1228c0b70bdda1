"""Profiling: what a table is, before anything is fitted to it."""

from autonomaly.profiling._cache import clear_profile_cache, profile_cache_info
from autonomaly.profiling._profile import DataProfile
from autonomaly.profiling._profiler import DataProfiler
from autonomaly.profiling._records import (
    ComplexityInfo,
    Correlation,
    DistributionInfo,
    FeatureProfile,
    PatternInfo,
    QualityMetrics,
    SizeInfo,
    TypeInfo,
)
from autonomaly.profiling._registry import (
    register_profiler,
    registered_profilers,
    unregister_profiler,
)

__all__ = [
    "ComplexityInfo",
    "Correlation",
    "DataProfile",
    "DataProfiler",
    "DistributionInfo",
    "FeatureProfile",
    "PatternInfo",
    "QualityMetrics",
    "SizeInfo",
    "TypeInfo",
    "clear_profile_cache",
    "profile_cache_info",
    "register_profiler",
    "registered_profilers",
    "unregister_profiler",
]
